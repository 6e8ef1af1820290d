"""Predicting: every kind of source, bad pictures, calibration, and what a prediction says."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import pytest
import scipy.special

from sightline import image as images
from sightline.bundle import Failure, Prediction, Predictor, load_bundle, write_bundle
from sightline.bundle.network import BATCH, calibrate
from sightline.errors import ImageError, ParameterError

PICTURE = cv2.GaussianBlur(np.random.default_rng(5).integers(0, 256, (90, 120, 3), np.uint8), (0, 0), 5)


def encode(suffix: str, picture: Any) -> bytes:
    return bytes(cv2.imencode(suffix, picture)[1].tobytes())


def same(one: Prediction, other: Prediction) -> bool:
    return one.label == other.label and bool(abs(one.probabilities - other.probabilities).max() < 1e-6)


def test_path_bytes_and_array_agree(predictor: Predictor, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(encode(".png", PICTURE))
    results = [predictor.predict(source) for source in (path, str(path), path.read_bytes(), images.read(path, "unchanged"))]
    assert [result.source for result in results] == [str(path), str(path), "picture", "array"]
    assert all(same(results[0], result) for result in results)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(encode(".png", PICTURE), id="RGB"),
        pytest.param(encode(".png", cv2.cvtColor(PICTURE, cv2.COLOR_RGB2RGBA)), id="RGBA"),
        pytest.param(encode(".png", PICTURE[..., 0]), id="gray"),
        pytest.param(encode(".png", PICTURE.astype(np.uint16) * 257), id="16 bit"),
        pytest.param(encode(".jpg", PICTURE), id="JPEG"),
        pytest.param(encode(".png", cv2.resize(PICTURE, (3000, 2000))), id="large"),
        pytest.param(encode(".png", PICTURE[:1, :1]), id="one pixel"),
    ],
)
def test_kinds_of_pictures(predictor: Predictor, data: bytes) -> None:
    result = predictor.predict(data)
    assert result.probabilities.shape == (10,)
    assert result.probabilities.dtype == np.float32
    assert result.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert result.confidence == result.probabilities[result.index] == result.probabilities.max()
    assert result.label == predictor.labels[result.index]


def test_same_pixels_in_16_bit_and_rgba_give_the_same_answer(predictor: Predictor) -> None:
    plain = predictor.predict(encode(".png", PICTURE))
    assert same(plain, predictor.predict(encode(".png", cv2.cvtColor(PICTURE, cv2.COLOR_RGB2RGBA))))
    assert np.allclose(
        plain.probabilities, predictor.predict(encode(".png", PICTURE.astype(np.uint16) * 257)).probabilities, atol=0.02
    )


def test_parity_with_keras(predictor: Predictor, model: keras.Model) -> None:
    inputs = np.random.default_rng(1).integers(0, 256, (BATCH + 5, 28, 28), np.uint8)
    expected = np.asarray(model(inputs[..., None].astype(np.float32) / 255))
    assert abs(predictor.probabilities(inputs) - expected).max() < 1e-5
    assert abs(predictor.probabilities(inputs[..., None]) - expected).max() < 1e-5
    assert expected.std(axis=0).max() > 0.01  # else every picture gets the same answer and nothing is shown
    assert predictor.probabilities(inputs[:0]).shape == (0, 10)


@pytest.mark.parametrize("shape", [(2, 28, 27), (28, 28, 1), (2, 28, 28, 3), (2,)])
def test_inputs_that_do_not_fit(predictor: Predictor, shape: tuple[int, ...]) -> None:
    with pytest.raises(ImageError, match="expected uint8"):
        predictor.probabilities(np.zeros(shape, np.uint8))
    with pytest.raises(ImageError, match="received float32"):
        predictor.probabilities(np.zeros((1, 28, 28), np.float32))


def test_prepare_gives_what_the_network_sees(predictor: Predictor) -> None:
    prepared = predictor.prepare(PICTURE)
    assert prepared.shape == (28, 28, 1)
    assert prepared.dtype == np.uint8
    assert same(predictor.predict(PICTURE), predictor.predict(prepared[..., 0]))


def test_many_goes_on_after_failures(predictor: Predictor, tmp_path: Path) -> None:
    sources: list[Any] = []
    for number in range(7):
        path = tmp_path / f"{number}.png"
        path.write_bytes(b"no picture" if number % 3 == 1 else encode(".png", np.roll(PICTURE, 9 * number, 1)))
        sources.append(path)
    sources.append(tmp_path / "missing.png")
    for size in (1, 2, 100):
        results = list(predictor.predict_many(iter(sources), batch_size=size))
        assert [result.source for result in results] == [str(source) for source in sources]
        failed = [number for number, result in enumerate(results) if isinstance(result, Failure)]
        assert failed == [1, 4, 7]
        assert all(isinstance(results[number].error, ImageError) for number in failed)  # type: ignore[union-attr]
        for source, result in zip(sources, results, strict=True):
            if isinstance(result, Prediction):
                assert same(result, predictor.predict(source))
    assert list(predictor.predict_many([])) == []


def test_many_is_lazy(predictor: Predictor) -> None:
    taken = []

    def endless() -> Any:
        while True:
            taken.append(1)
            yield PICTURE

    assert isinstance(next(predictor.predict_many(endless(), batch_size=3)), Prediction)
    assert len(taken) == 3
    with pytest.raises(ParameterError, match="batch_size"):
        predictor.predict_many([], batch_size=0)


def huge_header(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body)) + b"\0\0\0\0IEND\xaeB`\x82"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x89", id="one byte"),
        pytest.param(b"This is text.\n" * 9, id="text"),
        pytest.param(encode(".png", PICTURE)[: len(encode(".png", PICTURE)) // 2], id="half a PNG"),
        pytest.param(huge_header(65536, 65536), id="65536 squared"),
        pytest.param(huge_header(2**31 - 1, 1), id="2^31-1 wide"),
        pytest.param(huge_header(2**21, 1), id="2^21 wide"),
        pytest.param(huge_header(0, 5), id="zero wide"),
    ],
)
def test_bad_pictures(predictor: Predictor, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(data)
    with pytest.raises(ImageError, match=r"picture\.png"):
        predictor.predict(path)
    with pytest.raises(ImageError):
        predictor.predict(data)


def test_half_a_jpeg_whatever_came_before(predictor: Predictor) -> None:
    whole = encode(".jpg", PICTURE)
    messages = []
    for before in (255, 0):
        predictor.predict(encode(".jpg", np.full((90, 120, 3), before, np.uint8)))
        with pytest.raises(ImageError) as refusal:
            predictor.predict(whole[: len(whole) // 2])
        messages.append(str(refusal.value))
    assert messages[0] == messages[1]


def test_what_a_prediction_says(predictor: Predictor) -> None:
    result = predictor.predict(PICTURE)
    top = result.top(3)
    assert top[0][0] == result.label
    assert [probability for _, probability in top] == sorted(map(float, result.probabilities), reverse=True)[:3]
    assert len(result.top(99)) == 10
    with pytest.raises(ParameterError, match="invalid k"):
        result.top(0)
    data = json.loads(json.dumps(result.to_dict(top=2)))
    assert set(data) == {"source", "label", "index", "confidence", "known", "distance", "top"}
    assert data["top"] == [{"label": label, "probability": probability} for label, probability in top[:2]]


def test_calibration_and_threshold_travel(tmp_path: Path, arguments: dict[str, Any], predictor: Predictor) -> None:
    plain = predictor.predict(PICTURE)
    other = load_bundle(write_bundle(tmp_path / "b", **{**arguments, "temperature": 2.5, "unknown_threshold": 0.9999}))
    result = other.predict(PICTURE)
    assert plain.known
    assert not result.known
    assert result.index == plain.index
    assert result.confidence < plain.confidence
    powers = plain.probabilities.astype(np.float64) ** (1 / 2.5)
    assert np.allclose(result.probabilities, powers / powers.sum(), atol=1e-6)


def test_calibrating_certainty() -> None:
    certain = np.array([[1, 0, 0]], np.float32)
    assert np.allclose(calibrate(certain, 0.01), certain)
    assert calibrate(certain, 100.0).sum() == pytest.approx(1, abs=1e-6)
    many = np.full((1, 2000), 1 / 2000, np.float32)
    assert np.allclose(calibrate(many, 0.01), many)
    random = np.random.default_rng(0).dirichlet([0.1] * 10, 50).astype(np.float32)
    for temperature in (0.05, 0.7, 3.0):
        expected = scipy.special.softmax(np.log(np.maximum(random.astype(np.float64), 1e-300)) / temperature, axis=1)
        assert np.allclose(calibrate(random, temperature), expected, atol=1e-6)


def test_more_threads_same_answer(bundle: Path, predictor: Predictor) -> None:
    assert same(load_bundle(bundle, threads=2).predict(PICTURE), predictor.predict(PICTURE))


def test_only_light_packages_are_loaded(bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(encode(".png", PICTURE))
    script = f"""
import sys
import sightline.bundle
assert not {{"onnxruntime", "safetensors"}} & set(sys.modules), "too much on import"
predictor = sightline.bundle.load_bundle({str(bundle)!r})
print(predictor.predict({str(path)!r}).label)
heavy = {{"keras", "tensorflow", "sklearn", "onnx", "tf2onnx", "matplotlib", "scipy", "safetensors", "jax", "torch"}}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("digit ")


def test_nothing_is_written_by_predicting(copy: Path, snapshot: Callable[[], dict[str, tuple[int, int]]]) -> None:
    before = snapshot()
    load_bundle(copy).predict(PICTURE)
    assert snapshot() == before


def test_one_picture_where_many_are_asked_for_is_a_clear_error(predictor: Predictor, tmp_path: Path) -> None:
    for one in ("b.png", tmp_path / "b.png", b"bytes"):
        with pytest.raises(ParameterError, match=r"expected a list of pictures, received \w+. Use predict for one"):
            predictor.predict_many(one)  # type: ignore[arg-type]
    with pytest.raises(ImageError, match="the pictures are no array.*received list"):
        predictor.probabilities([1, 2])  # type: ignore[arg-type]
