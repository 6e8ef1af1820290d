"""What int8 costs and saves: accuracy on the whole test set, size, and time in the same runtime.

    python benchmarks/export_int8.py [--models mnist fashion-mnist] [--rounds 15] [--batch 256]

Each shipped model (or run, with its own test pictures) is exported to ONNX in float32 and in int8, calibrated on 500 validation
pictures. Accuracies are through the exported files as `sightline.load` opens them. Times are of ONNX Runtime's session alone on a
batch of prepared pictures; the two take turns within every round, and a ratio is that of one round.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
from common import command, publish, spread, table

import sightline as sl
from sightline.data import Split
from sightline.formats.writing import Export
from sightline.jobs.models import model_folder
from sightline.training.again import open_trial

PASSES = 5


def test_pictures(name: str) -> Split:
    named = name if name in sl.DATASETS else None
    return open_trial(Path(name), model_folder(name), named, lambda event: None).split


def times(exports: list[Export], inputs: np.ndarray, threads: int, rounds: int) -> list[list[float]]:
    """Microseconds a picture of every export, in each round."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    sessions = [onnxruntime.InferenceSession(export.path, options, providers=["CPUExecutionProvider"]) for export in exports]
    found: list[list[float]] = [[] for _ in sessions]
    for number in range(rounds + 1):
        for session, values in zip(sessions, found, strict=True):
            started = time.perf_counter()
            for _ in range(PASSES):
                session.run(None, {session.get_inputs()[0].name: inputs})
            if number:  # the first round warms up
                values.append((time.perf_counter() - started) / PASSES / len(inputs) * 1e6)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=["mnist", "fashion-mnist"])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--batch", type=int, default=256)
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.models:
            stem = Path(name).name
            exports = [sl.export(name, Path(folder) / f"{stem}-{int8}.onnx", int8=int8, overwrite=True) for int8 in (False, True)]
            split = test_pictures(name)
            models = [sl.load(export.path) for export in exports]
            pictures = np.stack([models[0].prepare(split.read(index)) for index in range(len(split))])
            accuracies = [float((model.probabilities(pictures).argmax(1) == split.labels).mean()) for model in models]
            repeated = np.resize(pictures, (arguments.batch, *models[0].input_shape))
            inputs = np.divide(repeated, np.float32(255), dtype=np.float32)
            for threads in (1, 2):
                before, after = times(exports, inputs, threads, arguments.rounds)
                ratios = [old / new for old, new in zip(before, after, strict=True)]
                rows.append(
                    [
                        stem,
                        str(threads),
                        f"{accuracies[0]:.4f} → {accuracies[1]:.4f} ({(accuracies[1] - accuracies[0]) * 100:+.2f} points)",
                        f"{exports[0].bytes / 1000:.0f} → {exports[1].bytes / 1000:.0f} kB",
                        f"{statistics.median(before):.1f} → {statistics.median(after):.1f}",
                        spread(ratios),
                    ]
                )
    header = ["model", "threads", "test accuracy, float32 → int8", "file", f"µs a picture at batch {arguments.batch}", "faster by"]
    publish("int8", "Exports in int8", table(header, rows), command(), ("onnxruntime", "onnx", "numpy"))


if __name__ == "__main__":
    main()
