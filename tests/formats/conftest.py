"""A run trained once, the shipped model with MNIST's own test pictures, and their exports."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sightline as sl
from sightline.bundle import Predictor
from sightline.data import Split
from sightline.jobs import pretrained


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> sl.Run:
    """Two epochs on the 8x8 digits."""
    return sl.train("digits", epochs=2, out=tmp_path_factory.mktemp("runs"), name="eights")


@pytest.fixture(scope="session")
def mnist() -> Path:
    """The bundle of the shipped model; tests only read it."""
    return pretrained()["mnist"]


@pytest.fixture(scope="session")
def model() -> Predictor:
    return sl.load("mnist")


@pytest.fixture(scope="session")
def pictures() -> Split:
    """Two thousand of MNIST's test pictures."""
    test = sl.load_dataset("mnist").test
    assert test is not None
    return test.take(range(2000))


@pytest.fixture(scope="session")
def one_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped model as one ONNX file."""
    return sl.export("mnist", tmp_path_factory.mktemp("onnx") / "digits.onnx", replay=50).path


@pytest.fixture(scope="session")
def int8_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same in int8."""
    return sl.export("mnist", tmp_path_factory.mktemp("int8") / "digits.onnx", int8=True, replay=50).path


@pytest.fixture(scope="session")
def note_hash() -> Callable[..., None]:
    """Put the size and hash of a bundle's file, and other changes, in its manifest."""

    def note(bundle: Path, described: dict[str, Any], name: str, **changes: Any) -> None:
        data = (bundle / name).read_bytes()
        described["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        (bundle / "manifest.json").write_text(json.dumps({**described, **changes}))

    return note
