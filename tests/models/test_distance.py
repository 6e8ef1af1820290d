"""Distances against SciPy's Mahalanobis distance, and what the shipped models call unknown."""

from __future__ import annotations

from pathlib import Path

import keras
import matplotlib as mpl
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.spatial.distance import mahalanobis
from sklearn.covariance import LedoitWolf

from sightline.data import load_dataset
from sightline.jobs import load, pretrained
from sightline.models import MODELS, fit_gaussians, measure_features, with_distance


def test_the_distance_is_scipys_mahalanobis_distance_to_the_nearest_class() -> None:
    random = np.random.default_rng(2)
    labels = random.integers(0, 3, 600)
    mixing = random.normal(size=(5, 5))
    features = random.normal(size=(600, 5)) @ mixing + 4 * labels[:, None]
    centers = np.stack([features[labels == label].mean(axis=0) for label in range(3)])
    precision = np.linalg.inv(LedoitWolf(assume_centered=True).fit(features - centers[labels]).covariance_)
    strange = random.normal(size=(20, 5)) * 8
    expected = [min(mahalanobis(row, center, precision) for center in centers) / np.sqrt(5) for row in strange]
    assert np.allclose(fit_gaussians(features, labels).distances(strange), expected, rtol=1e-3)


def test_few_pictures_and_equal_ones_give_distances_all_the_same() -> None:
    labels = np.array([0, 0, 4])  # and classes without any picture
    for features in (np.ones((3, 40)), np.random.default_rng(0).normal(size=(3, 40))):
        assert np.isfinite(fit_gaussians(features, labels).distances(features)).all()


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_the_network_gives_the_same_distances(padding: str) -> None:
    keras.utils.set_random_seed(3)
    network = MODELS.get("cnn3").build({"padding": padding})
    random = np.random.default_rng(0)
    pictures, labels = random.integers(0, 256, (60, 28, 28, 1), np.uint8), np.arange(60) % 10
    before = network.get_weights()
    features, chosen = measure_features(network, pictures, most=50)
    assert len(features) == len(chosen) == 50
    assert np.array_equal(chosen, np.unique(chosen))
    gaussians = fit_gaussians(features, labels[chosen])
    probabilities, distances = with_distance(network, gaussians)(pictures[chosen] / np.float32(255))
    assert np.allclose(np.asarray(distances), gaussians.distances(features), rtol=1e-3, atol=1e-3)
    assert np.allclose(np.asarray(probabilities), np.asarray(network(pictures[chosen] / np.float32(255))), atol=1e-6)
    assert all(np.array_equal(a, b) for a, b in zip(before, network.get_weights(), strict=True))


def letters(count: int) -> list[NDArray[np.uint8]]:
    """Letters in white on black as MNIST has its digits: 20 px high or wide, in the middle of 28."""
    random = np.random.default_rng(4)
    fonts = sorted((Path(mpl.get_data_path()) / "fonts" / "ttf").glob("DejaVuSans*.ttf"))
    found = []
    for _ in range(count):
        font = ImageFont.truetype(fonts[random.integers(len(fonts))], 60)
        drawn = Image.new("L", (120, 120))
        ImageDraw.Draw(drawn).text((60, 60), "ABCEFHKMNRWXacemnx"[random.integers(18)], fill=255, font=font, anchor="mm")
        box = drawn.getbbox()
        small = drawn.crop(box)
        small.thumbnail((20, 20))
        page = Image.new("L", (28, 28))
        page.paste(small, ((28 - small.width) // 2, (28 - small.height) // 2))
        found.append(np.asarray(page))
    return found


def share_unknown(pictures: list[NDArray[np.uint8]]) -> float:
    model = load("mnist")
    return float(np.mean([not model.predict(picture).known for picture in pictures]))


def test_the_mnist_model_says_unknown_to_what_is_no_digit() -> None:
    random = np.random.default_rng(9)
    blank = [np.full(size, value, np.uint8) for size in ((28, 28), (300, 200, 3)) for value in (0, 1, 10, 128, 250, 255)]
    assert share_unknown(blank) == 1
    assert share_unknown([random.integers(0, 256, (28, 28), np.uint8) for _ in range(50)]) == 1
    assert share_unknown([(random.random((28, 28)) < 0.1).astype(np.uint8) * 255 for _ in range(50)]) >= 0.9
    assert share_unknown(letters(100)) >= 0.3


@pytest.mark.parametrize("name", sorted(pretrained()))
def test_shipped_models_are_as_right_and_turn_away_as_much_as_they_say(name: str) -> None:
    model = load(name)
    test = load_dataset(model.manifest.dataset.name).test
    assert test is not None
    measured = model.measure(np.stack([model.prepare(picture) for picture in np.asarray(test.pictures)]))
    accuracy = (measured.probabilities.argmax(axis=1) == test.labels).mean()
    assert accuracy == pytest.approx(model.manifest.metrics["accuracy"], abs=0.0003)  # other processors round otherwise
    assert model.manifest.unknown_rejection == pytest.approx(1 - model.known(measured).mean(), abs=0.01)
