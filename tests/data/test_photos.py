"""A person's own pictures through the steps for digits and for clothing: every way of drawing is read by the model that ships."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import sightline as sl
from sightline.data.photos import digits
from sightline.image import Image
from sightline.pipeline import Pipeline

COUNT = 60


def drawn(digit: Image, size: int, seed: int) -> Image:
    """A digit of MNIST as a pen of one darkness would draw it, somewhere on a page: float32, 1 where there is ink."""
    rng = np.random.default_rng(seed)
    large = cv2.GaussianBlur(cv2.resize(digit, None, fx=12, fy=12, interpolation=cv2.INTER_CUBIC).astype(np.float32), (0, 0), 4)
    crisp = np.clip((large / 255 - 0.5) * 4 + 0.5, 0, 1)
    x, y, w, h = cv2.boundingRect((crisp > 0.3).view(np.uint8))
    factor = float(rng.uniform(0.35, 0.8)) * size / max(w, h)
    cut = cv2.resize(crisp[y : y + h, x : x + w], None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    page = np.zeros((size, size), np.float32)
    top, left = (int(rng.integers(0, size - side + 1)) for side in cut.shape)
    page[top : top + cut.shape[0], left : left + cut.shape[1]] = cut
    return page


def photo(ink: Image, seed: int, paper: float = 225, tone: float = 50) -> Image:
    """Under a lamp at one side, with noise, as a JPEG."""
    rng = np.random.default_rng(seed)
    light = np.linspace(1, 0.4, ink.shape[1], dtype=np.float32)[:: rng.choice([-1, 1])]
    values = (paper + (tone - paper) * ink) * light + rng.normal(0, 4, ink.shape)
    packed = cv2.imencode(".jpg", np.clip(values, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 75])[1]
    image = cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)
    assert image is not None
    return image


def pipeline_of(steps: Any) -> Pipeline:
    return Pipeline(tuple(steps))


def mouse(ink: Image, seed: int) -> Image:
    negative: Image = 255 - np.rint(255 * ink).astype(np.uint8)
    return negative


def clear(level: int) -> Callable[[Image, int], Image]:
    """Ink of one lightness on a transparent ground."""
    return lambda ink, seed: np.dstack([*3 * [np.full(ink.shape, level, np.uint8)], np.rint(255 * ink).astype(np.uint8)])


@pytest.mark.parametrize(
    ("size", "render", "least"),
    [
        pytest.param(280, mouse, 0.95, id="black on white"),
        pytest.param(1000, lambda ink, seed: 255 - mouse(ink, seed), 0.95, id="white on black"),
        pytest.param(280, clear(0), 0.95, id="black on clear"),
        pytest.param(280, clear(255), 0.95, id="white on clear"),
        pytest.param(400, photo, 0.95, id="pen"),
        pytest.param(400, lambda ink, seed: photo(ink, seed, 225, 150), 0.93, id="pencil"),
        pytest.param(400, lambda ink, seed: photo(ink, seed, 60, 215), 0.93, id="chalk"),
    ],
)
def test_digits_of_any_making_are_read(size: int, render: Callable[[Image, int], Image], least: float) -> None:
    test = sl.load_dataset("mnist").test
    assert test is not None
    pictures, labels = np.asarray(test.pictures)[:COUNT].reshape(-1, 28, 28), np.asarray(test.labels)[:COUNT]
    model = sl.load("mnist")
    seen = np.stack([model.prepare(render(drawn(digit, size, seed), seed)) for seed, digit in enumerate(pictures)])
    assert (model.probabilities(seen).argmax(axis=1) == labels).mean() >= least


@pytest.mark.parametrize("size", [28, 40, 64])
@pytest.mark.parametrize("paper", [0, 255])
def test_small_pictures_with_noise_are_read(size: int, paper: int) -> None:
    """Datasets of digits are passed around as JPEG files of their own size."""
    test = sl.load_dataset("mnist").splits()["test"].take(range(COUNT))
    model = sl.load("mnist")
    seen = []
    for index in range(COUNT):
        large = cv2.resize(test.read(index), (size, size), interpolation=cv2.INTER_CUBIC)
        packed = cv2.imencode(".jpg", large if paper == 0 else 255 - large, [cv2.IMWRITE_JPEG_QUALITY, 80])[1]
        seen.append(model.prepare(packed.tobytes()))
    assert (model.probabilities(np.stack(seen)).argmax(axis=1) == test.labels).mean() >= 0.95


def test_the_pictures_of_mnist_stay_as_they_are() -> None:
    test = sl.load_dataset("mnist").test
    assert test is not None
    steps = pipeline_of(digits())
    for picture in np.asarray(test.pictures)[:500].reshape(-1, 28, 28):
        assert np.array_equal(steps.run(picture), picture)


def test_photos_of_garments_are_told_apart_far_better_than_shrunk_as_they_are(shared: Path) -> None:
    kinds = {"t-shirt": 0, "pants": 1, "dress": 3}
    files = [
        (path, label) for kind, label in kinds.items() for path in sorted((shared / "clothing" / "train" / kind).iterdir())[:15]
    ]
    model = sl.load("fashion-mnist")
    height, width, _ = model.input_shape
    seen = np.stack([model.prepare(path) for path, _ in files])
    gray = (sl.match_polarity(sl.to_gray(sl.read(path))) for path, _ in files)
    plain = np.stack([sl.letterbox(each, width=width, height=height)[..., None] for each in gray])
    labels = np.array([label for _, label in files])
    before, after = ((model.probabilities(each).argmax(axis=1) == labels).mean() for each in (plain, seen))
    assert after >= 0.5
    assert after >= before + 0.25
