"""One small network, trained by nobody, exported once; every test works on a copy of its bundle."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import pytest

from sightline.bundle import Predictor, load_bundle, write_bundle
from sightline.pipeline import Pipeline, Step

LABELS = tuple(f"digit {number}" for number in range(10))
PIPELINE = Pipeline((Step("to_gray"), Step("to_depth8"), Step("letterbox", {"width": 28, "height": 28}), Step("match_polarity")))


def build_model(classes: int = 10) -> keras.Model:
    """Three layers of convolution; biases that are not zero, since an exporter may leave out those that are."""
    keras.utils.set_random_seed(7)
    layers = keras.layers
    model = keras.Sequential([keras.Input((28, 28, 1))], name="cnn")
    for number, filters in enumerate((64, 64, 32), 1):
        model.add(layers.Conv2D(filters, 3, activation="relu", bias_initializer="random_normal", name=f"conv{number}"))
        model.add(layers.MaxPooling2D(name=f"pool{number}"))
    model.add(layers.Flatten(name="flatten"))
    model.add(layers.Dense(32, activation="relu", bias_initializer="random_normal", name="dense"))
    model.add(layers.Dense(classes, activation="softmax", bias_initializer="random_normal", name="classes"))
    # Weights as they come are so small that every picture gets nearly the same answer.
    model.set_weights([2 * weight for weight in model.get_weights()])
    return model


@pytest.fixture(scope="session")
def model() -> keras.Model:
    return build_model()


@pytest.fixture(scope="session")
def sample() -> bytes:
    picture = np.random.default_rng(3).integers(0, 256, (60, 40, 3), np.uint8)
    return bytes(cv2.imencode(".png", cv2.GaussianBlur(picture, (0, 0), 3))[1].tobytes())


@pytest.fixture(scope="session")
def arguments(model: keras.Model, sample: bytes) -> dict[str, Any]:
    """What `write_bundle` is called with."""
    return {
        "model": model,
        "architecture": "cnn3",
        "arguments": {"filters": (64, 64, 32)},
        "pipeline": PIPELINE,
        "labels": LABELS,
        "input_shape": (28, 28, 1),
        "sample": sample,
        "metrics": {"test_accuracy": 0.5},
        "dataset": {"name": "digits", "fingerprint": "0" * 64},
        "name": "small digits",
    }


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory, arguments: dict[str, Any]) -> Path:
    """The bundle as exported; tests only read it."""
    return write_bundle(tmp_path_factory.mktemp("exported") / "bundle", **arguments)


@pytest.fixture(scope="session")
def predictor(bundle: Path) -> Predictor:
    return load_bundle(bundle)


@pytest.fixture
def copy(bundle: Path, tmp_path: Path) -> Path:
    """A copy of the bundle to damage."""
    return Path(shutil.copytree(bundle, tmp_path / "bundle"))


@pytest.fixture
def edit_manifest(copy: Path) -> Callable[..., None]:
    """Change values of the copy's manifest."""

    def edit(**changes: Any) -> None:
        path = copy / "manifest.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return edit


@pytest.fixture
def replace_file(copy: Path, edit_manifest: Callable[..., None]) -> Callable[[str, bytes], None]:
    """Put other bytes in the place of one file, with a manifest that fits them: what a forger would do."""

    def replace(name: str, data: bytes) -> None:
        (copy / name).write_bytes(data)
        files = json.loads((copy / "manifest.json").read_text())["files"]
        files[name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        edit_manifest(files=files)

    return replace


@pytest.fixture
def snapshot(tmp_path: Path) -> Callable[[], dict[str, tuple[int, int]]]:
    """Every path below the test's folder, with size and time of change."""

    def take() -> dict[str, tuple[int, int]]:
        found = {}
        for path in sorted(tmp_path.rglob("*")):
            status = path.lstat()
            found[str(path)] = (status.st_size, status.st_mtime_ns)
        return found

    return take
