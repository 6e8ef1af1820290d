"""Minutes of `make demo` in a fresh clone: environment, data, 25 epochs, test, report.

    python benchmarks/demo_time.py

The package client's cache is as it is, warm after a first run. The data's cache is an empty folder, so that they are fetched.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

from common import ROOT, publish, table


def seconds(folder: Path, target: str, environment: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(["make", target], cwd=folder, check=True, env=environment)
    return time.perf_counter() - started


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "sightline"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
        environment = os.environ | {"SIGHTLINE_CACHE": str(Path(temporary) / "cache")}
        install = seconds(folder, "install", environment)
        demo = seconds(folder, "demo", environment)
    rows = [
        ["`make install`", f"{install / 60:.1f}"],
        ["`make demo` after it", f"{demo / 60:.1f}"],
        ["**`make demo` from nothing**", f"{(install + demo) / 60:.1f}"],
    ]
    publish("demo-time", "From a fresh clone to a report", table(["n = 1", "minutes"], rows), "python benchmarks/demo_time.py")


if __name__ == "__main__":
    main()
