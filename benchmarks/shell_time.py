"""What a person waits for in the shell, and a program for one picture.

    python benchmarks/shell_time.py [--rounds 15]

Whole processes, in turn, after one that warms the disk cache; the in-process time is from a file on disk to its label.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
from common import ROOT, publish, spread, table

import sightline as sl

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}  # as people have it
COMMAND = str(Path(sys.executable).parent / "sightline")


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=ENVIRONMENT)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    test = sl.load_dataset("mnist").test
    assert test is not None
    with tempfile.TemporaryDirectory() as folder:
        paths = [f"{folder}/{index}.png" for index in range(1000)]
        for index, path in enumerate(paths):
            cv2.imwrite(path, test.read(index))
        small = f"{folder}/small.png"
        sl.write(small, sl.sample(width=64, height=48))
        commands = {
            "`python -c pass`": [sys.executable, "-c", "pass"],
            "`python -c 'import numpy, cv2, pydantic, typer, rich'`": [
                sys.executable, "-c", "import numpy, cv2, pydantic, typer, rich.console",
            ],
            "`sightline --help`": [COMMAND, "--help"],
            "`sightline version`": [COMMAND, "version"],
            "`sightline edit small.png gaussian-blur --sigma 2 -o out.png`": [
                COMMAND, "edit", small, "gaussian-blur", "--sigma", "2", "-o", f"{folder}/out.png",
            ],
            "`sightline info small.png`": [COMMAND, "info", small],
            "`sightline predict one.png --model mnist`": [COMMAND, "predict", paths[0], "--model", "mnist"],
        }  # fmt: skip
        times: dict[str, list[float]] = {name: [] for name in commands}
        for command in commands.values():
            seconds(command)
        for _ in range(rounds):
            for name, command in commands.items():
                times[name].append(seconds(command))
        model = sl.load("mnist")
        single = []
        for path in paths * 3:
            started = time.perf_counter()
            model.predict(path)
            single.append((time.perf_counter() - started) * 1e6)
        started = time.perf_counter()
        list(model.predict_many(paths))
        many = (time.perf_counter() - started) / len(paths) * 1e6
    rows = [[name, f"{spread(values)} s"] for name, values in times.items()]
    quartiles = statistics.quantiles(single, n=20)
    rows.append(
        ["in process, from a file to its label", f"{statistics.median(single):.0f} µs (p95 {quartiles[18]:.0f}), n = {len(single)}"]
    )
    rows.append(["the same for 1,000 files at once, a picture", f"{many:.0f} µs"])
    text = table([f"n = {rounds}", "median (range)"], rows)
    publish("shell-time", "Waiting in the shell", text, f"python benchmarks/shell_time.py --rounds {rounds}")


if __name__ == "__main__":
    main()
