"""Seconds of training to an accuracy: the plain Keras script against the preset `fast`, in turn.

    python benchmarks/time_to_accuracy.py [--rounds 3] [--epochs 25]

The script trains `--epochs` epochs and measures the test set after each; its time is that of the epochs to its best one, or on
MNIST to the first with 0.99. `fast` trains the few epochs of its preset, to the end, and its accuracy is that of the last: it
counts where that is no less than the script's best of its round. Both train on 54,000 pictures. Training counts, without imports,
reading, measuring and compilation: on both sides the first epoch is taken to last as long as the median of the others. The time
with all of that, a whole process with bundle and report, stands beside it as the cold time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from typing import Any

from common import mean_sd, publish, run_json, spread, table

OURS = """
import json, sys
import sightline as sl
run = sl.train(sys.argv[1], preset="fast", seed=int(sys.argv[2]), out=sys.argv[3])
print(json.dumps({"accuracy": run.metrics["evaluation"]["accuracy"], "seconds": [row["seconds"] for row in run.history]}))
"""
FIGURES = ("goal", "script", "epochs", "epoch", "accuracy", "fast", "cold", "ratio")
GOALS = {"fashion-mnist": None, "mnist": 0.99}  # None: the script's own best


def warm(seconds: list[float]) -> list[float]:
    """The seconds of each epoch, without the compilation in the first."""
    return [statistics.median(seconds[1:]), *seconds[1:]]


def plain(data: str, seed: int, epochs: int) -> dict[str, Any]:
    """The script's accuracy after every epoch and the seconds of each."""
    result: dict[str, Any] = run_json("benchmarks/plain_keras.py", data, "--epochs", str(epochs), "--seed", str(seed), "--curve")
    return {"curve": result["curve"], "seconds": warm(result["seconds"])}


def reached(found: dict[str, Any], goal: float | None) -> tuple[float, float, int]:
    """Accuracy, seconds and epochs of the script at its goal; at its best where it has none or never comes to it."""
    curve: list[float] = found["curve"]
    at = next((number for number, value in enumerate(curve) if goal is not None and value >= goal), curve.index(max(curve)))
    return curve[at], sum(found["seconds"][: at + 1]), at + 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=25)
    options = parser.parse_args()
    rows = []
    for data, goal in GOALS.items():
        found: dict[str, list[Any]] = {name: [] for name in FIGURES}
        for seed in range(options.rounds):
            script = plain(data, seed, options.epochs)
            accuracy, seconds, epochs = reached(script, goal)
            started = time.perf_counter()
            with tempfile.TemporaryDirectory() as folder:
                ours = run_json("-c", OURS, data, str(seed), folder)
            cold, fast = time.perf_counter() - started, sum(warm(ours["seconds"]))
            epoch = statistics.median(script["seconds"])
            figures = (accuracy, seconds, epochs, epoch, ours["accuracy"], fast, cold, seconds / fast)
            for name, value in zip(found, figures, strict=True):
                found[name].append(value)
            print(json.dumps({"data": data, "seed": seed, **{name: values[-1] for name, values in found.items()}}), file=sys.stderr)
        hits = sum(one >= other for one, other in zip(found["accuracy"], found["goal"], strict=True))
        rows.append(
            [
                data,
                f"{mean_sd(found['goal'])} in {spread(found['script'], 0)} s, epoch {spread(found['epochs'], 0)}",
                f"{mean_sd(found['accuracy'])} in {spread(found['fast'], 1)} s",
                f"{hits} of {options.rounds}",
                spread(found["ratio"], 1),
                spread([fast / epoch for fast, epoch in zip(found["fast"], found["epoch"], strict=True)]),
                f"{spread(found['cold'], 0)} s",
            ]
        )
    header = ["data", "plain script", "preset fast", "as good", "script ÷ fast", "fast in epochs of the script", "fast, cold"]
    publish(
        "time-to-accuracy",
        "Time to an accuracy",
        table(header, rows),
        f"python benchmarks/time_to_accuracy.py --rounds {options.rounds} --epochs {options.epochs}",
    )


if __name__ == "__main__":
    main()
