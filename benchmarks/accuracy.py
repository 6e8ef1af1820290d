"""Test accuracy of the plain Keras script and of the `tuned` preset after 25 epochs.

    python benchmarks/accuracy.py [--seeds 3] [--plain-seeds 3] [--epochs 25]

54,000 pictures to train on, 6,000 to choose by, the 10,000 test pictures once, after the last epoch.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from common import mean_sd, publish, run_json, table

OURS = """
import json, sys, resource
import sightline as sl
run = sl.train(sys.argv[1], seed=int(sys.argv[2]), epochs=int(sys.argv[3]), out=sys.argv[4])
found = run.metrics["evaluation"]
print(json.dumps({"accuracy": found["accuracy"], "loss": found["loss"], "ece": found["ece"],
                  "seconds": run.metrics["run"]["seconds"],
                  "gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--plain-seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "sightline-accuracy", help="where the runs stay")
    options = parser.parse_args()
    rows = []
    for data in ("fashion-mnist", "mnist"):
        for who, seeds in (("Sightline, tuned", options.seeds), ("plain Keras script", options.plain_seeds)):
            found = []
            for seed in range(seeds):
                if who.startswith("plain"):
                    script = ("benchmarks/plain_keras.py", data, "--epochs", str(options.epochs), "--seed", str(seed))
                    result = run_json(*script)
                    result["seconds"] = sum(result["seconds"])
                else:
                    result = run_json("-c", OURS, data, str(seed), str(options.epochs), str(options.out))
                print(json.dumps({"data": data, "who": who, "seed": seed, **result}), file=sys.stderr)
                found.append(result)
            if found:
                memory = f"{max(row['gib'] for row in found):.2f}" if "gib" in found[0] else ""
                rows.append(
                    [
                        data,
                        who,
                        str(len(found)),
                        mean_sd([row["accuracy"] for row in found]),
                        mean_sd([row["loss"] for row in found], 3),
                        mean_sd([row["seconds"] for row in found], 0),
                        memory,
                    ]
                )
    header = ["data", "who", "seeds", "test accuracy", "test loss", "seconds of training", "peak memory, GiB"]
    arguments = f"--seeds {options.seeds} --plain-seeds {options.plain_seeds} --epochs {options.epochs}"
    title = f"Accuracy after {options.epochs} epochs"
    publish("accuracy", title, table(header, rows), f"python benchmarks/accuracy.py {arguments}")


if __name__ == "__main__":
    main()
