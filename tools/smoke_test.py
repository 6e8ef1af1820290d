"""Whether an installed Sightline does its main things: `PYTHON tools/smoke_test.py` with the Python it is installed in.

Run by `make wheel-check` in an environment that holds the wheel and what it asks for, nothing else.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import metadata
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

SHELL = Path(sys.executable).with_name("sightline")


def said(*arguments: str, status: int = 0) -> str:
    """What the command says on standard output; on standard error where it is to fail."""
    ran = subprocess.run([SHELL, *arguments], capture_output=True, text=True, timeout=300)
    if ran.returncode != status:
        raise SystemExit(f"sightline {' '.join(arguments)} ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}")
    return ran.stderr if status else ran.stdout


def check(what: str, holds: bool) -> None:
    """Say what was looked at; end where it does not hold."""
    print(f"{'ok  ' if holds else 'FAIL'} {what}", flush=True)
    if not holds:
        raise SystemExit(1)


def label(model: str) -> str:
    """What the model says that the drawn picture is."""
    return str(json.loads(said("predict", "seven.png", "--model", model, "--json"))[0]["label"])


def main() -> None:
    """Look at everything in a new folder."""
    import sightline as sl

    home = Path(sl.__file__).parent
    check("it is the installed one, with its types", "site-packages" in home.parts and (home / "py.typed").is_file())
    about = metadata("sightline")
    check("its metadata say what it is", all(about.get(key) for key in ("Name", "Version", "Summary", "License-Expression")))
    check(f"it is version {sl.__version__}", said("version").strip() == sl.__version__ == about["Version"])
    check("operations are listed", len(json.loads(said("ops", "--json"))) == len(list(sl.OPS)) >= 150)
    sl.write(
        "seven.png", sl.polygon(sl.blank(width=60, height=60, color="white"), points="15,15 42,15 26,47", closed=False, thickness=5)
    )
    check("a drawn seven is read", json.loads(said("predict", "seven.png", "--model", "mnist", "--json"))[0]["label"] == "7")
    said("edit", "seven.png", "gaussian-blur", "--sigma", "2", "resize", "--width", "30", "--height", "20", "-o", "small.png")
    check("a chain gives its picture", sl.read("small.png").shape == (20, 30, 3))
    said("train", "digits", "--preset", "fast", "--epochs", "3", "--quiet")
    check("a training leaves a report", Path("runs/digits/report.html").stat().st_size > 100_000)
    check(
        "its bundle predicts",
        json.loads(said("predict", "seven.png", "--model", "runs/digits", "--json"))[0]["label"] in set("0123456789"),
    )
    said("export", "runs/digits", "-o", "digits.onnx", "--replay", "20", "--quiet")
    check("it is exported", Path("digits.onnx").stat().st_size > 10_000)
    said("inspect", "mnist", "seven.png", "-o", "inside.png", "--quiet")
    check("a look inside is drawn", sl.read("inside.png").ndim == 3)
    said("tour", "-o", "tour")
    check(
        "the tour is written",
        len(list(Path("tour").glob("*.ipynb"))) == len(list(files("sightline.tour").joinpath("text").iterdir())),
    )
    check("what an extra is missing for is said", "sightline[serve]" in said("serve", status=2))


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        main()
