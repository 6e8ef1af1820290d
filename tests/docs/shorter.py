"""Commands and lines of Python as the pages show them, made small enough for a test: the same jobs on less data.

Named data becomes scikit-learn's small digits, any number of epochs one, of trials one; a network that begins with downloaded
weights becomes a small one; a cluster elsewhere becomes one of this machine. Nothing is left out but what would install or
rebuild the environment: of `make` it is asked whether it knows the target, of `pip` whether there is such an extra.
"""

from __future__ import annotations

import re

from .blocks import ROOT

__all__ = ["shorter_command", "shorter_python"]

RULES = [
    (r"^\.venv/bin/", ""),
    (r"^make\b", f"make -n -C {ROOT}"),
    (r"\b(train|tune|preview) (?:fashion-)?mnist\b(.*)", r"\1 digits\2"),
    (r"runs/tune-(?:fashion-)?mnist", "runs/tune-digits"),
    (r"--epochs \d+", "--epochs 1"),
    (r"--extend \d+", "--extend 1"),
    (r"(--resume .*)--trials \d+", r"\1--trials 2"),
    (r"^(?!.*--resume)(.*)--trials \d+", r"\1--trials 1"),
    (r"--model (?:mobilenet|wide)\b", "--model tiny"),
    (r"\b(apply .*)--address \S+", r"\1--overwrite"),
    (r"--address \S+", ""),
    (r"--processes \d+", "--processes 1"),
    (r"--size \d+", "--size 28"),
    (r"--port \d+", ""),
]


def shorter_command(line: str) -> str:
    """The command as it is run."""
    for pattern, replacement in RULES:
        line = re.sub(pattern, replacement, line)
    if re.search(r"\bsightline (train|tune) ", line) and not re.search(r"--(resume|show-space|dry-run)\b", line):
        line += "" if "--epochs" in line else " --epochs 1"
        line += " --trials 1" if " tune " in line and "--trials" not in line else ""
    return line


def shorter_python(text: str) -> str:
    """The lines as they are run."""
    text = re.sub(r'sl\.(train|tune)\("fashion-mnist"', r'sl.\1("digits"', text)
    text = re.sub(r"\bepochs=\d+", "epochs=1", text)
    text = re.sub(r"(resume_tuning\(.*)\btrials=\d+", r"\1trials=2", text)
    text = re.sub(r"(sl\.tune\(.*)\btrials=\d+", r"\1trials=1", text)
    text = re.sub(r'connected\("auto"\)', "connected()", text)
    text = re.sub(r"processes=\d+", "processes=1", text)
    return re.sub(r'(sl\.(?:train|tune)\("[^"]+")(?![^\n]*epochs)', r"\1, epochs=1", text)
