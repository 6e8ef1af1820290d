"""The three-layer network on a GPU: Keras on JAX, an epoch's pictures resident on the device.

    python benchmarks/gpu.py [--seeds 5] [--epochs 25]

Each seed is a process that trains the preset `tuned` on Fashion-MNIST, without choosing anything by the test set, and measures it
once, after the last epoch. Training counts, with the waits for an epoch's pictures and the validation; compilation does not: the
first epoch is taken to last as long as the median of the others. The cold time is that of the whole process, with imports,
reading, compilation, bundle and report. Where JAX sees no GPU the row says so.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from common import PACKAGES, mean_sd, publish, run_json, spread, table

from sightline.training.processor import processor_name

OURS = """
import json, sys, time
import sightline as sl
from sightline.events import EpochDone
times = []
listen = lambda event: times.append(time.perf_counter()) if isinstance(event, EpochDone) else None
run = sl.train("fashion-mnist", seed=int(sys.argv[1]), epochs=int(sys.argv[2]), validation=0.01, out=sys.argv[3], on_event=listen)
print(json.dumps({"accuracy": run.metrics["evaluation"]["accuracy"], "precision": run.metrics["run"]["environment"]["precision"],
                  "steps": [row["seconds"] for row in run.history], "epochs": [b - a for a, b in zip(times, times[1:])]}))
"""
DEVICE = "import jax; print(jax.devices()[0].device_kind if jax.default_backend() == 'gpu' else '')"
STEPS = "its steps, with the wait for pictures"
HEADER = ["device", "arithmetic", "seeds", "test accuracy", "seconds of training", "an epoch", STEPS, "cold, s"]


def gpu() -> str:
    """What JAX calls the GPU; empty where it sees none, or is not installed."""
    ran = subprocess.run([sys.executable, "-c", DEVICE], capture_output=True, text=True, check=False)
    return ran.stdout.strip()


def measured(seeds: int, epochs: int) -> list[str]:
    """The figures of a row, after the device."""
    found: list[dict[str, Any]] = []
    for seed in range(seeds):
        started = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            found.append(run_json("-c", OURS, str(seed), str(epochs), folder))
        found[-1]["cold"] = time.perf_counter() - started
        print(json.dumps({"seed": seed, **found[-1]}), file=sys.stderr)
    seconds = [sum(one["epochs"]) + statistics.median(one["epochs"]) for one in found]
    return [
        found[0]["precision"],
        str(seeds),
        mean_sd([one["accuracy"] for one in found]),
        spread(seconds),
        f"{spread([statistics.median(one['epochs']) for one in found], 3)} s",
        f"{spread([statistics.median(one['steps'][1:]) for one in found], 3)} s",
        spread([one["cold"] for one in found], 1),
    ]


def packages() -> list[str]:
    """Those of every benchmark, and JAX where it is installed."""
    try:
        version("jax")
    except PackageNotFoundError:
        return list(PACKAGES)
    return [*PACKAGES, "jax"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=25)
    options = parser.parse_args()
    if options.epochs < 2:
        parser.error("--epochs: expected at least 2, for the first is mostly compilation")
    os.environ["KERAS_BACKEND"] = "jax"
    device = gpu()
    figures = measured(options.seeds, options.epochs) if device else ["not measured", *[""] * (len(HEADER) - 2)]
    publish(
        "gpu",
        "On a GPU",
        f"`cnn3`, Fashion-MNIST, {options.epochs} epochs of `tuned`, Keras on JAX.\n\n"
        + table(HEADER, [[device or f"no GPU at hand ({processor_name()})", *figures]]),
        f"python benchmarks/gpu.py --seeds {options.seeds} --epochs {options.epochs}",
        packages(),
    )


if __name__ == "__main__":
    main()
