"""Writing bundles: whole or not at all, the same bytes for the same weights, and weights that come back."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import pytest

import sightline as sl
from sightline.bundle import Measured, load_bundle, load_manifest, load_weights, write_bundle
from sightline.bundle import export as exporting
from sightline.bundle.onnx_export import export_onnx, packed, unpacked
from sightline.errors import BundleError, ImageError, JobError, ParameterError, StorageError
from sightline.models import MODELS, fit_gaussians, measure_features, with_distance
from sightline.pipeline import Pipeline

FILES = ["manifest.json", "model.onnx", "sample.json", "sample.png", "weights.safetensors"]


def encoded(suffix: str) -> bytes:
    return bytes(cv2.imencode(suffix, np.zeros((28, 28), np.uint8))[1].tobytes())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_written(bundle: Path, sample: bytes) -> None:
    assert names(bundle) == FILES
    assert names(bundle.parent) == ["bundle"]
    manifest = load_manifest(bundle)
    assert manifest.architecture.name == "cnn3"
    assert manifest.architecture.arguments == {"filters": [64, 64, 32]}
    assert manifest.input_shape == (28, 28, 1)
    assert manifest.versions["keras"] == keras.__version__
    assert (bundle / "sample.png").read_bytes() == sample


def test_weights_come_back(bundle: Path, model: keras.Model) -> None:
    weights = load_weights(bundle)
    assert list(weights)[:3] == ["0:conv1/kernel", "1:conv1/bias", "2:conv2/kernel"]
    for found, expected in zip(weights.values(), model.get_weights(), strict=True):
        assert found.dtype == np.float32
        assert np.array_equal(found, expected)
    model.set_weights(list(weights.values()))


def test_same_weights_same_bytes(bundle: Path, arguments: dict[str, Any], tmp_path: Path) -> None:
    """Also for a second model of the same layers, which Keras gives other names inside."""
    twin = keras.models.clone_model(arguments["model"])
    twin.set_weights(arguments["model"].get_weights())
    again = write_bundle(tmp_path / "again", **{**arguments, "model": twin})
    for name in FILES[1:]:
        assert (again / name).read_bytes() == (bundle / name).read_bytes(), name


@pytest.mark.parametrize("name", ["cnn3", "tiny"])
def test_a_model_packed_for_another_process_is_the_same_there(name: str, tmp_path: Path) -> None:
    """With our own layers and the distances: as it goes to TensorFlow where Keras runs on JAX."""
    small: dict[str, Any] = {"filters": (4, 4, 4)} if name == "cnn3" else {"widths": (4, 4, 4)}
    model = MODELS.get(name).build({**small, "classes": 3})
    random = np.random.default_rng(0)
    model.set_weights([random.uniform(0.1, 0.5, weight.shape) for weight in model.weights])
    pictures, labels = random.integers(0, 256, (30, 28, 28, 1), np.uint8), np.arange(30) % 3
    whole = with_distance(model, fit_gaussians(measure_features(model, pictures)[0], labels))
    (tmp_path / "packed").write_bytes(packed(whole))
    again = unpacked(tmp_path / "packed")
    for one, other in zip(whole.predict_on_batch(pictures / 255), again.predict_on_batch(pictures / 255), strict=True):
        assert np.array_equal(one, other)
    assert export_onnx(again) == export_onnx(whole)


def test_colour_network(arguments: dict[str, Any], tmp_path: Path) -> None:
    """Three channels, normalisation and dropout: the layouts differ between Keras and ONNX."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((16, 12, 3)),
            layers.Conv2D(8, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dropout(0.5),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    steps = Pipeline.from_dict({"format": 1, "steps": ["to_rgb", "to_depth8", {"resize": {"width": 12, "height": 16}}]})
    changes = {"model": model, "input_shape": (16, 12, 3), "labels": ["cat", "dog"], "pipeline": steps}
    folder = write_bundle(tmp_path / "colour", **{**arguments, **changes})
    assert load_bundle(folder).predict(np.zeros((5, 5), np.uint8)).label in {"cat", "dog"}
    assert len(load_weights(folder)) == len(model.weights)


def test_nothing_is_said(arguments: dict[str, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_bundle(tmp_path / "bundle", **arguments)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"sample": encoded(".jpg")}, ParameterError, "received JPEG"),
        ({"sample": b"no picture"}, ImageError, "cannot read"),
        ({"labels": ["a", "b"]}, BundleError, "expected 10 labels"),
        ({"labels": ["a"] * 10}, ParameterError, "differ"),
        ({"labels": ["caf\udce9", *"bcdefghij"]}, ParameterError, r"text without half characters, received 'caf\\udce9'"),
        ({"name": "\ud800"}, ParameterError, r"text without half characters, received '\\ud800'"),
        ({"temperature": 0.0}, ParameterError, "temperature"),
        ({"temperature": float("nan")}, ParameterError, "JSON"),
        ({"metrics": {"accuracy": float("inf")}}, ParameterError, "JSON"),
        ({"metrics": {"model": object()}}, ParameterError, "JSON"),
        ({"name": ""}, ParameterError, "name"),
        ({"dataset": {"name": "x"}}, ParameterError, "dataset"),
    ],
)
def test_arguments_that_do_not_fit(
    arguments: dict[str, Any], tmp_path: Path, changes: dict[str, Any], error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        write_bundle(tmp_path / "bundle", **{**arguments, **changes})
    assert names(tmp_path) == []


def test_other_precision(arguments: dict[str, Any], tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10, dtype="mixed_bfloat16")])
    with pytest.raises(ParameterError, match="bfloat16"):
        write_bundle(tmp_path / "bundle", **{**arguments, "model": model})


def test_parity_is_demanded(arguments: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        exporting, "_keras_measured", lambda model, inputs: Measured(np.full((len(inputs), 10), 0.1, np.float32), None)
    )
    with pytest.raises(JobError, match="something else than Keras"):
        write_bundle(tmp_path / "bundle", **arguments)
    assert names(tmp_path) == []


def test_replaces_a_bundle_but_nothing_else(copy: Path, arguments: dict[str, Any]) -> None:
    write_bundle(copy, **{**arguments, "name": "second"})
    assert load_manifest(copy).name == "second"
    assert names(copy.parent) == ["bundle"]
    (copy / "photo.jpg").write_bytes(b"dear to somebody")
    with pytest.raises(BundleError, match="Choose another folder"):
        write_bundle(copy, **arguments)
    assert (copy / "photo.jpg").exists()
    link = copy.parent / "link"
    link.symlink_to(copy)
    with pytest.raises(BundleError, match="a link"):
        write_bundle(link, **arguments)
    with pytest.raises(BundleError, match="Choose another folder"):
        write_bundle("/", **arguments)
    with pytest.raises(StorageError, match="cannot write"):
        write_bundle(copy.parent / ("x" * 300), **arguments)


@pytest.mark.parametrize("fails", [1, 2])
def test_rename_that_fails(copy: Path, arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch, fails: int) -> None:
    rename, calls = Path.rename, []

    def failing(self: Path, target: Path) -> Path:
        if self.parent == copy.parent:
            calls.append(target)
            if len(calls) == fails:
                raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(StorageError, match="No space left"):
        write_bundle(copy, **{**arguments, "name": "second"})
    assert names(copy.parent) == ["bundle"]
    assert load_bundle(copy).manifest.name == "small digits"


KILLED = """
import os, signal, sys
from pathlib import Path
from sightline.bundle.store import replacing_folder
folder, calls, left = Path(sys.argv[1]), 0, int(sys.argv[2])
def kill_at(event, args):
    global left
    if event in {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "open", "shutil.rmtree"} and str(folder.parent) in str(args[0]):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(kill_at)
with replacing_folder(folder) as new:
    for path in folder.iterdir():
        data = path.read_bytes()
        (new / path.name).write_bytes(data.replace(b"small digits", b"other digits") if path.suffix == ".json" else data)
print("done")
"""


def test_killed_at_every_step(copy: Path) -> None:
    """SIGKILL before each change of the disk in turn: the old bundle loads or the new one, and the next writer cleans up."""
    seen = set()
    (copy.parent / "config.yaml").touch()  # the folder above is a run's
    for step in range(1, 60):
        done = subprocess.run([sys.executable, "-c", KILLED, str(copy), str(step)], capture_output=True, text=True, check=False)
        seen |= {load(place).manifest.name for load, place in ((load_bundle, copy), (sl.load, copy), (sl.load, copy.parent))}
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
    assert step > 15
    assert seen == {"small digits", "other digits"}
    assert names(copy.parent) == ["bundle", "config.yaml"]


def test_manifest_is_readable(bundle: Path) -> None:
    data = json.loads((bundle / "manifest.json").read_text())
    assert list(data)[:3] == ["format", "name", "architecture"]
    assert data["created"].endswith(("Z", "+00:00"))
