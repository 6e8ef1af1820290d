"""All code in the README and in docs is run, page by page, in a folder such as a reader would have."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

import sightline as sl

from .blocks import CODE, ROOT, blocks, pages

CHANGES_THE_SOURCE = {"docs/howto/add-operation.md", "docs/howto/add-model.md", "docs/howto/add-dataset.md"}
LONG = re.compile(r"sightline (train|tune) (?!.*--dry-run)|sl\.(train|tune)\(|--engine ray")
PAGES = [
    pytest.param(
        page,
        id=page.relative_to(ROOT).as_posix(),
        marks=[pytest.mark.slow] if page.name != "README.md" and any(LONG.search(block.text) for block in blocks(page)) else [],
    )
    for page in pages()
    if any(block.kind in CODE for block in blocks(page))
]
"""Those that train are left to `make slow`, but for the README."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the pages take for granted: photos, a folder of classes, drawn digits, a pipeline, two finished runs."""
    home = tmp_path_factory.mktemp("reader")
    pictures = Path(str(files("sklearn.datasets.images")))
    sl.write(home / "photo.jpg", sl.read(pictures / "china.jpg"))
    sl.write(home / "other.jpg", sl.read(pictures / "flower.jpg"))
    test = sl.load_dataset("mnist").test
    assert test is not None
    for name, index in (("photo.png", 0), ("digit.png", 0), ("a.png", 1), ("b.jpg", 2)):
        sl.write(home / name, test.read(index))
    page = np.full((120, 400), 255, np.uint8)
    for number in range(4):
        page[46:74, 40 + 90 * number : 68 + 90 * number] = 255 - test.read(number)
    sl.write(home / "page.jpg", sl.scale(page, factor=2.0))
    sl.write(home / "coins.jpg", sl.circle(sl.blank(width=200, height=150), x=100, y=75, radius=40, color="white", fill=True))
    digits = sl.load_dataset("digits").train
    for index in range(60):
        folder = home / "photos" / ("even" if digits.labels[index] % 2 == 0 else "odd")
        folder.mkdir(parents=True, exist_ok=True)
        sl.write(folder / f"{index:02}.jpg", sl.scale(digits.read(index) * np.uint8(15), factor=4.0))
    steps = (sl.Step("to_gray"), sl.Step("resize", {"width": 28, "height": 28}), sl.Step("flip", p=0.5, when="train"))
    sl.Pipeline(steps).save(home / "p.yaml")
    train = ["-m", "sightline", "train", "digits", "--preset", "fast", "--epochs", "1", "--name", "fashion-mnist", "--quiet"]
    subprocess.run([sys.executable, *train], cwd=home, check=True, capture_output=True, timeout=600)
    shutil.copytree(home / "runs/fashion-mnist", home / "runs/clothing")
    return home


@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", PAGES)
def test_its_code_runs(page: Path, home: Path, tmp_path: Path) -> None:
    name = page.relative_to(ROOT).as_posix()
    folder = tmp_path / "reader"
    shutil.copytree(home, folder)
    paths = [str(ROOT / "tests")]
    if name in CHANGES_THE_SOURCE:
        shutil.copytree(ROOT / "src", folder / "src")
        shutil.copytree(ROOT / "tests", folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
        paths.insert(0, str(folder / "src"))
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(paths),
        "MPLBACKEND": "agg",
        "COLUMNS": "200",
        "PYTEST_ADDOPTS": "",
    }
    command = [sys.executable, "-m", "docs.run_page", str(page)]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=800)
    assert ran.returncode == 0, ran.stderr[-4000:]
    if name in CHANGES_THE_SOURCE:  # what the page adds to the tests passes too
        made = [str(path) for path in folder.glob("tests/**/*.py") if path.read_bytes() != _original(path, folder)]
        check = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", *made]
        if made:
            tested = subprocess.run(check, cwd=folder, env=environment, capture_output=True, text=True, timeout=800)
            assert tested.returncode == 0, tested.stdout[-4000:]


def _original(path: Path, folder: Path) -> bytes:
    there = ROOT / path.relative_to(folder)
    return there.read_bytes() if there.exists() else b""
