"""A folder of real colour photos: the plain Keras script and the presets `plain` and `tuned`, in turn, whole processes.

    python benchmarks/clothing_time.py [--rounds 3] [--epochs 15] [--data ../shared/data/clothing]

3,068 photos of 10 kinds of clothing to train on and 341 to validate with, of 400 x 533 px and about, brought to 96 x 96. The data
has no test pictures: the accuracy is on the validation pictures, after the last epoch. A round takes a seed of its own. Time is
from the start of a process to its end: for Sightline that is with the bundle, its check and the report.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import ROOT, mean_sd, publish, run_json, spread, table

OURS = """
import json, sys
import sightline as sl
data, seed, epochs, preset, out = sys.argv[1:]
run = sl.train(data, size=96, preset=preset, seed=int(seed), epochs=int(epochs), out=out)
found = run.metrics["evaluation"]
print(json.dumps({"accuracy": found["accuracy"], "loss": found["loss"], "seconds": run.metrics["run"]["seconds"]}))
"""
SCRIPT, PRESETS = "plain Keras script", ("plain", "tuned")


def timed(*arguments: str) -> dict[str, Any]:
    """What a process prints, and how long all of it took."""
    started = time.perf_counter()
    result: dict[str, Any] = run_json(*arguments)
    return {**result, "wall": time.perf_counter() - started}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "clothing")
    options = parser.parse_args()
    data, epochs = str(options.data.resolve()), str(options.epochs)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in (SCRIPT, *PRESETS)}
    with tempfile.TemporaryDirectory() as folder:
        for seed in map(str, range(options.rounds)):
            found[SCRIPT].append(timed("benchmarks/plain_folder.py", data, "--epochs", epochs, "--seed", seed))
            for preset in PRESETS:
                found[preset].append(timed("-c", OURS, data, seed, epochs, preset, folder))
            print(json.dumps({"seed": seed, **{name: rows[-1] for name, rows in found.items()}}), file=sys.stderr)
    rows = []
    for name, results in found.items():
        column = {key: [result[key] for result in results] for key in ("accuracy", "loss", "wall", "seconds")}
        ratio = statistics.median(one["wall"] / other["wall"] for one, other in zip(found[SCRIPT], results, strict=True))
        rows.append(
            [
                name if name == SCRIPT else f"Sightline, preset {name}",
                mean_sd(column["accuracy"]),
                mean_sd(column["loss"], 3),
                spread(column["wall"], 0),
                spread(column["seconds"], 0),
                f"{ratio:.2f}",
            ]
        )
    header = [
        f"{epochs} epochs, n = {options.rounds}",
        "validation accuracy",
        "loss",
        "seconds in all",
        "of training",
        "script ÷ it",
    ]
    command = f"python benchmarks/clothing_time.py --rounds {options.rounds} --epochs {epochs}"
    publish("clothing", "A folder of colour photos, 96 x 96", table(header, rows), command)


if __name__ == "__main__":
    main()
