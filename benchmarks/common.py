"""What every benchmark shares: the machine in words, spread in numbers, and its section of RESULTS.md."""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
import statistics
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sightline.files import write_text
from sightline.training.processor import processor_features, processor_name

ROOT = Path(__file__).parents[1]
RESULTS = Path(os.environ.get("BENCH_RESULTS", ROOT / "benchmarks" / "RESULTS.md"))
PACKAGES = ("keras", "tensorflow-cpu", "numpy", "opencv-python-headless", "onnxruntime")


def machine(packages: Sequence[str] = PACKAGES) -> str:
    """Hardware and the versions of `packages` in one line."""
    every = processor_features()
    features = " ".join(name for name in every if "bf16" in name or "512" in name) or " ".join(every) or "no vector features"
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    cores = os.cpu_count()
    return f"{processor_name()} ({features}), {cores} cores, {platform.system()}, Python {platform.python_version()}, {versions}"


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median and range: `4.81 (4.70 to 5.02)`."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def mean_sd(values: Sequence[float], digits: int = 4) -> str:
    """Mean and standard deviation: `0.9101 ± 0.0008`; of one value only that."""
    mean = f"{statistics.fmean(values):.{digits}f}"
    return f"{mean} ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else mean


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def publish(
    name: str, title: str, text: str, command: str, packages: Sequence[str] = PACKAGES, *, where: str | None = None
) -> None:
    """Print a section and put it in RESULTS.md in the place of its last edition; `where`: the machine, if it was not this one."""
    where = where or machine(packages)
    section = f"<!-- {name} -->\n## {title}\n\n{text}\n\nCommand: `{command}`. Machine: {where}.\n<!-- end {name} -->"
    print(section)
    before = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else HEAD
    pattern = re.compile(rf"<!-- {name} -->.*?<!-- end {name} -->", re.DOTALL)
    after = pattern.sub(lambda _: section, before) if pattern.search(before) else f"{before.rstrip()}\n\n{section}\n"
    write_text(RESULTS, after)


HEAD = """# Measured

Written by the scripts in this folder, each of which replaces its own section. Times are medians with their range, accuracies
means with their standard deviation over seeds, on the test set after the last epoch, one view, no choice made by it.
"""


def run_json(*arguments: str, **environment: str) -> Any:
    """Run a Python script or module of this environment in a process of its own; its last line of output is JSON."""
    settings = {**os.environ, **environment}
    ran = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, cwd=ROOT, check=False, env=settings)
    if ran.returncode:
        sys.exit(f"{' '.join(arguments)[-200:]} failed:\n{ran.stderr[-2000:]}")
    return json.loads(ran.stdout.strip().splitlines()[-1])


def command() -> str:
    """The command that this script was started by."""
    return shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])
