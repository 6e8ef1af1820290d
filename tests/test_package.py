"""The public face as a whole: its names, and what using it loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import sightline

HEAVY = {
    "tensorflow",
    "keras",
    "sklearn",
    "matplotlib",
    "ray",
    "fastapi",
    "gradio",
    "onnx",
    "tf2onnx",
    "jinja2",
    "pooch",
    "requests",
    "pyarrow",
    "fsspec",
    "optuna",
}

RUN = """
import sys
from sightline.cli import main
sys.argv = ["sightline", *sys.argv[1:]]
try:
    main()
finally:
    print("LOADED", *sorted({name.split(".")[0] for name in sys.modules}), file=sys.stderr)
"""


def loaded(code: str, *arguments: str) -> set[str]:
    ran = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60)
    assert "Traceback" not in ran.stderr, ran.stderr
    (line,) = [line for line in ran.stderr.splitlines() if line.startswith("LOADED")]
    return set(line.split()[1:])


def test_the_public_names_are_exactly_these() -> None:
    from sightline.ops import OPS

    assert set(sightline.__all__) == {*sightline._HOME, *OPS.names(), "from_function"}
    assert len(sightline.__all__) == len(set(sightline.__all__))
    for name in sightline.__all__:
        assert getattr(sightline, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        sightline.trian  # noqa: B018


def test_public_names_stay_themselves_whatever_is_imported() -> None:
    """A package of the same name as a function would take its place once it is imported."""
    import importlib
    import pkgutil

    for module in pkgutil.walk_packages(sightline.__path__, "sightline."):
        importlib.import_module(module.name)
    for name in sightline.__all__:
        assert not isinstance(getattr(sightline, name), type(sys)), name


def test_importing_is_light() -> None:
    code = "import sys, sightline; print('LOADED', *{n.split('.')[0] for n in sys.modules}, file=sys.stderr)"
    assert not loaded(code) & (HEAVY | {"numpy", "cv2", "pydantic"})


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["version"],
        ["checks"],
        ["models"],
        ["train", "--help"],
        ["export", "--help"],
        ["serve", "--help"],
        ["data", "list"],
    ],
)
def test_help_and_lists_are_light(arguments: list[str]) -> None:
    found = loaded(RUN, *arguments)
    assert not found & HEAVY
    if arguments != ["models"] and arguments[0] != "data":
        assert not found & {"numpy", "cv2"}


def test_predicting_is_light(tmp_path: Path) -> None:
    import cv2
    import numpy as np

    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((28, 28), np.uint8))
    found = loaded(RUN, "predict", str(tmp_path / "a.png"), "--model", "mnist")
    assert not found & HEAVY
    assert "onnxruntime" in found


def test_layers_are_held() -> None:
    root = Path(__file__).parents[1]
    ran = subprocess.run([Path(sys.executable).parent / "lint-imports"], cwd=root, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout
