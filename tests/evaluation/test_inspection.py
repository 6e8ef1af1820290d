"""A look inside a network shows what NumPy finds for the same layers, and the bundle's own answer."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

import sightline as sl
from sightline.errors import ImageError, InputError, ParameterError
from sightline.evaluation.inspection import Inspection, look_inside
from sightline.models import MODELS
from sightline.training.backend import load_keras

X = "\N{MULTIPLICATION SIGN}"


@pytest.fixture(scope="module")
def digit() -> sl.Image:
    test = sl.load_dataset("mnist").test
    assert test is not None
    return test.read(0)  # a seven


@pytest.fixture(scope="module")
def found(digit: sl.Image) -> Inspection:
    return sl.inspect("mnist", digit)


def test_every_layer_shows_what_numpy_finds() -> None:
    keras = load_keras()
    inputs = keras.Input((5, 5, 1))
    x = keras.layers.Conv2D(2, 3, activation="relu", name="conv")(inputs)
    x = keras.layers.MaxPooling2D(2, name="pool")(x)
    x = keras.layers.Flatten(name="row")(x)
    network = keras.Model(inputs, keras.layers.Dense(3, activation="softmax", name="out")(x))
    kernel, bias = np.zeros((3, 3, 1, 2), np.float32), np.array([0.0, 0.25], np.float32)
    kernel[1, 1, 0, 0], kernel[0, 0, 0, 1] = 1, -1  # the pixel itself; the one above to the left, taken away
    weights = np.array([[1, 0, 0], [0, 2, 0]], np.float32)
    network.set_weights([kernel, bias, weights, np.zeros(3, np.float32)])
    picture = np.arange(0, 250, 10, dtype=np.uint8).reshape(5, 5)
    layers, filters = look_inside(network, picture)
    scaled = picture.astype(np.float32) / 255
    conv = np.maximum(np.stack([scaled[1:4, 1:4], 0.25 - scaled[:3, :3]], axis=-1), 0)
    pool = conv[:2, :2].max(axis=(0, 1))
    logits = pool @ weights
    odds = np.exp(logits) / np.exp(logits).sum()
    assert [layer.name for layer in layers] == ["conv", "pool", "row", "out"]
    for layer, expected in zip(layers, (conv, pool[None, None], pool, odds), strict=True):
        np.testing.assert_allclose(layer.values, expected, atol=1e-6)
        assert layer.shape == expected.shape
    assert filters is not None
    np.testing.assert_array_equal(filters, kernel)
    assert [layer.parameters for layer in layers] == [20, 0, 0, 9]
    conv_note, pool_note, row_note, out_note = (layer.note for layer in layers)
    assert f"2 kernels of 3 {X} 3 {X} 1" in conv_note
    assert f"5 {X} 5 becomes 3 {X} 3" in conv_note
    assert "What is negative becomes 0." in conv_note
    assert f"the largest is kept: 3 {X} 3 becomes 1 {X} 1. The last row and column are left out." in pool_note
    assert row_note == f"All 1 {X} 1 {X} 2 values in one row of 2."
    assert out_note.startswith("3 sums of all 2 values")
    assert "probabilities" in out_note
    assert layers[0].strongest(1) == [int(conv.mean(axis=(0, 1)).argmax())]


def test_the_last_layer_is_the_networks_answer_and_the_steps_are_the_pipelines(found: Inspection, digit: sl.Image) -> None:
    model = sl.load("mnist")
    inputs = model.prepare(digit)
    raw = model.network.probabilities(inputs[None])[0]
    np.testing.assert_allclose(found.layers[-1].values, raw, atol=1e-4)
    prediction = model.predict(digit)
    assert (found.label, found.known) == (prediction.label, prediction.known)
    np.testing.assert_allclose(found.probabilities, prediction.probabilities, atol=1e-6)
    assert [name for name, _ in found.steps] == ["as it came", *(step.op for step in model.pipeline.always.steps)]
    np.testing.assert_array_equal(found.steps[0][1], digit)
    np.testing.assert_array_equal(np.squeeze(inputs), np.squeeze(found.steps[-1][1]))
    assert found.parameters == 57_418
    assert found.filters is not None
    assert found.filters.shape == (3, 3, 1, 64)
    assert found.finding().startswith(f"22 {X} 22 pixels become 20 {X} 20 {X} 64")
    assert found.finding().endswith("and at last 10 probabilities")


@pytest.mark.parametrize("model", ["cnn3", "tiny", "large", "wide", pytest.param("mobilenet", marks=pytest.mark.slow)])
def test_every_kind_of_network_can_be_looked_into_and_drawn(model: str, tmp_path: Path) -> None:
    load_keras()
    side = 96 if model == "mobilenet" else 28
    network = MODELS.get(model).build({"input_shape": (side, side, 3), "classes": 4})
    picture = sl.sample(width=side, height=side)
    layers, filters = look_inside(network, picture)
    assert [layer.name for layer in layers] == [layer.name for layer in network.layers[1:]]
    assert all(layer.note for layer in layers)
    labels = ("a", "b", "c", "$d")
    inside = Inspection("x.png", model, [("as it came", picture)], filters, layers, labels, layers[-1].values, known=False)
    assert len(inside.main_layers(12)) <= max(12, len([layer for layer in layers if not layer.has_maps]) + 6)
    for name in ("a.png", "a.svg", "a.html"):
        assert inside.save(tmp_path / name).stat().st_size > 10_000
    drawn = cv2.imread(str(tmp_path / "a.png"))
    assert drawn is not None
    assert drawn.shape[1] == 2 * (760 + 32)
    with pytest.raises(ParameterError, match=r"\.html"):
        inside.save(tmp_path / "a.pdf")
    with pytest.raises(ImageError, match="does not fit the network"):
        look_inside(network, picture[:-1])


def test_the_widest_label_is_written_whole(found: Inspection, tmp_path: Path) -> None:
    odds = np.array([0.4, 0.3, 0.1, 0.1, 0.1, 0, 0, 0, 0, 0], np.float32)
    said = replace(found, labels=tuple("bdaceghijk"), probabilities=odds).save(tmp_path / "a.svg").read_text(encoding="utf-8")
    assert all(f">{label}</text>" in said for label in "bdace")


def test_the_page_names_every_layer_and_says_unknown_where_it_is(found: Inspection, tmp_path: Path) -> None:
    text = found.save(tmp_path / "inside.html").read_text(encoding="utf-8")
    for layer in found.layers:
        assert layer.name in text
        assert layer.note.split(".")[0] in text
    assert "From pixels to “7”" in text
    noise = np.random.default_rng(0).integers(0, 256, (40, 40), dtype=np.uint8)
    strange = sl.inspect("mnist", noise)
    assert not strange.known
    assert "unknown (" in strange.save(tmp_path / "noise.svg").read_text(encoding="utf-8")


def test_the_shell_looks_inside_one_picture(digit: sl.Image, tmp_path: Path) -> None:
    sl.write(tmp_path / "seven.png", digit)
    command = [sys.executable, "-m", "sightline", "inspect", "mnist"]
    ran = subprocess.run([*command, "seven.png"], capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert f"20 {X} 20 {X} 64" in ran.stdout
    assert "Answer: 7" in ran.stdout
    assert (tmp_path / "inside.png").exists()
    told = subprocess.run([*command, "seven.png", "--json"], capture_output=True, text=True, timeout=120, cwd=tmp_path)
    layers = json.loads(told.stdout)["layers"]
    assert layers[0]["shape"] == [20, 20, 64]
    assert sum(layer["parameters"] for layer in layers) == 57_418
    (tmp_path / "more").mkdir()
    sl.write(tmp_path / "more" / "a.png", digit)
    sl.write(tmp_path / "more" / "b.png", digit)
    for arguments, text in (
        (["more"], "one picture at a time"),
        (["seven.png", "-o", "seven.png"], "seven.png"),
        (["none.png"], "none.png"),
    ):
        bad = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=60, cwd=tmp_path)
        assert bad.returncode == 2
        assert text in bad.stderr
        assert "Traceback" not in bad.stderr


def test_an_export_holds_nothing_to_look_into(digit: sl.Image, tmp_path: Path) -> None:
    sl.export("mnist", tmp_path / "mnist.onnx")
    with pytest.raises(InputError, match="looked into by its weights"):
        sl.inspect(tmp_path / "mnist.onnx", digit)
