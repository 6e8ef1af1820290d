"""Test accuracy of networks and recipes, each row by itself, over seeds.

    python benchmarks/accuracy.py                            # the table as far as it is measured
    python benchmarks/accuracy.py cnn3 mnist-cnn3 --seeds 5  # measure these rows anew, then the table
    python benchmarks/accuracy.py --list                     # the rows

All 60,000 training pictures but 600, which calibrate the finished model; the 10,000 test pictures once, after the last epoch, one
view. Recipes were chosen on 10,000 held-out training pictures. The plain script trains on 54,000. Results are kept in
accuracy.json, from which the tables here and in docs/reference/models.md are made.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from common import ROOT, machine, mean_sd, publish, run_json, table

from sightline.files import write_text

KEPT = ROOT / "benchmarks" / "accuracy.json"
OURS = """
import json, sys, resource
from pathlib import Path
import sightline as sl
options = json.loads(sys.argv[4])
folder = Path(sys.argv[3]) / options["name"]
run = sl.resume(folder) if folder.exists() else sl.train(
    sys.argv[1], seed=int(sys.argv[2]), out=folder.parent, validation=0.01, **options)
found, facts = run.metrics["evaluation"], run.metrics["run"]
print(json.dumps({"accuracy": found["accuracy"], "loss": found["loss"], "ece": found["ece"], "seconds": facts["seconds"],
                  "parameters": facts["cost"]["parameters"], "flops": facts["cost"]["flops"],
                  "gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}))
"""

NOTE = """

Sightline trains on 59,400 pictures, the plain script on 54,000. Seconds are those of all epochs with their validation, of the
script without it, and some were taken beside other work on the machine. All networks that another taught had the same teacher,
that of seed 0, whose own training is not in their seconds."""


class Row(NamedTuple):
    """What is trained: the data, the options of `sightline.train` (None: the plain script), and the row of its teacher."""

    data: str
    options: dict[str, Any] | None
    teacher: str | None = None

    @property
    def epochs(self) -> int:
        """The script's are 25."""
        return int((self.options or {}).get("epochs", 25))


ROWS = {
    "plain": Row("fashion-mnist", None),
    "cnn3": Row("fashion-mnist", {"epochs": 25}),
    "cnn3-distilled": Row("fashion-mnist", {"epochs": 25}, teacher="base"),
    "tiny": Row("fashion-mnist", {"model": "tiny", "epochs": 25}),
    "small": Row("fashion-mnist", {"model": "small", "epochs": 25}),
    "base": Row("fashion-mnist", {"model": "base", "epochs": 16}),
    "base-distilled": Row("fashion-mnist", {"model": "base", "epochs": 16}, teacher="large"),
    "large": Row("fashion-mnist", {"model": "large", "epochs": 10}),
    "large-16": Row("fashion-mnist", {"model": "large", "epochs": 16}),
    "large-distilled": Row("fashion-mnist", {"model": "large", "epochs": 12}, teacher="large"),
    "wide": Row("fashion-mnist", {"model": "wide", "epochs": 25}),
    "mnist-plain": Row("mnist", None),
    "mnist-cnn3": Row("mnist", {"epochs": 25}),
    "mnist-tiny": Row("mnist", {"model": "tiny", "epochs": 25}),
    "mnist-small": Row("mnist", {"model": "small", "epochs": 25}),
}


def measure(name: str, seed: int, runs: Path, *, resume: bool = False) -> dict[str, Any]:
    """Train the row's network with one seed, or go on with what is there of it; its figures on the test set."""
    row = ROWS[name]
    if row.options is None:
        result: dict[str, Any] = run_json("benchmarks/plain_keras.py", row.data, "--epochs", str(row.epochs), "--seed", str(seed))
        return {**result, "seconds": sum(result["seconds"])}
    if not resume:
        shutil.rmtree(runs / f"{name}-{seed}", ignore_errors=True)
    options = {**row.options, "name": f"{name}-{seed}"}
    if row.teacher:
        folder = runs / f"{row.teacher}-0"
        if not (folder / "bundle" / "manifest.json").exists():
            measure(row.teacher, 0, runs, resume=resume)
        options["teacher"] = str(folder)
    found: dict[str, Any] = run_json("-c", OURS, row.data, str(seed), str(runs), json.dumps(options))
    return found


def line(name: str, kept: dict[str, Any]) -> list[str]:
    """A row of the table."""
    row, seeds = ROWS[name], kept["seeds"]
    options = row.options or {}
    who = "plain Keras script" if row.options is None else options.get("model", "cnn3")
    how = f", taught by {row.teacher}" if row.teacher else ""
    every = {key: [seed[key] for seed in seeds] for key in seeds[0]}
    return [
        row.data,
        f"{who}{how}",
        f"{every['parameters'][0]:,}" if "parameters" in every else "57,418",
        f"{every['flops'][0] / 1e6:.1f}" if "flops" in every else "10.0",
        str(kept["epochs"]),
        str(len(seeds)),
        mean_sd(every["accuracy"]),
        mean_sd(every["loss"], 3),
        f"{statistics.median(every['seconds']):.0f}",
        f"{max(every['gib']):.2f}" if "gib" in every else "",
        kept["day"],
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW", choices=[[], *ROWS])
    parser.add_argument("--list", action="store_true", help="name the rows and end")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "sightline-accuracy", help="where the runs stay")
    parser.add_argument("--resume", action="store_true", help="go on with runs there that were interrupted, of the same recipe")
    options = parser.parse_args()
    if options.list:
        print("\n".join(ROWS))
        return
    kept: dict[str, Any] = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    for name in options.rows:
        found = []
        for seed in range(options.seeds):
            found.append(measure(name, seed, options.out, resume=options.resume))
            print(json.dumps({"row": name, "seed": seed, **found[-1]}), file=sys.stderr)
        for result in found:
            result.pop("curve", None)
        kept[name] = {
            "machine": machine(),
            "day": datetime.now(UTC).date().isoformat(),
            "epochs": ROWS[name].epochs,
            "seeds": found,
        }
        write_text(KEPT, json.dumps(kept, indent=1) + "\n")
    if not kept:
        parser.error("nothing is measured yet: name rows")
    header = [
        "data",
        "network",
        "parameters",
        "MFLOP",
        "epochs",
        "seeds",
        "test accuracy",
        "test loss",
        "seconds",
        "GiB",
        "measured",
    ]
    rows = [line(name, kept[name]) for name in ROWS if name in kept]
    machines = " and ".join(sorted({row["machine"] for row in kept.values()}))
    command = f"python benchmarks/accuracy.py {' '.join(name for name in ROWS if name in kept)}"
    publish("accuracy", "Accuracy", table(header, rows) + NOTE, command, where=machines)


if __name__ == "__main__":
    main()
