"""The whitening layer: what leaves it on real pictures, and that training leaves it alone."""

from __future__ import annotations

import numpy as np
import pytest

import sightline as sl
from sightline.events import ignore
from sightline.training import make_config
from sightline.training.session import build, load_inputs, make_trainer
from sightline.training.whitening import whiten, whitening_of


@pytest.mark.parametrize("channels", [1, 3])
def test_patches_of_real_pictures_come_out_uncorrelated_and_of_variance_one(channels: int) -> None:
    train = sl.load_dataset("mnist").train
    rows = np.stack([train.read(index) for index in range(600)]).astype(np.float32) / np.float32(255)
    pictures = rows.reshape(-1, 28, 28, 3)[..., :channels] if channels == 3 else rows[..., None]
    pictures = pictures + np.random.default_rng(0).normal(0, 0.2, pictures.shape).astype(np.float32)  # no direction stands still
    kernel, bias = whitening_of(pictures, 4)
    size = 16 * channels
    assert kernel.shape == (4, 4, channels, 2 * size)
    patches = [pictures[:, row : row + 4, column : column + 4] for row in range(0, 25, 2) for column in range(0, 25, 2)]
    out = np.concatenate([patch.reshape(-1, size) for patch in patches]) @ kernel.reshape(size, -1) + bias
    assert np.allclose(out[:, :size], -out[:, size:], atol=1e-3)
    covariance = np.cov(out[:, :size].T)  # of every fourth patch, and of all of them whitened: near, not equal
    assert np.abs(covariance - np.eye(size)).max() < 0.1
    assert np.abs(out.mean(axis=0)).max() < 0.1


def test_training_sets_it_once_and_then_leaves_it_alone() -> None:
    config = make_config("digits", model="large", epochs=2, arguments={"widths": [16, 16]})
    inputs = load_inputs(config, ignore)
    network = build(config, inputs)
    layer, behind = network.get_layer("whitening"), network.get_layer("whitening_relu")
    kernel, bias = whitening_of(inputs.train[0][:1000].astype(np.float32) / np.float32(255), 4)
    before = layer.get_weights()[0]
    assert before.shape == kernel.shape
    make_trainer(config, inputs, network, ignore).run(None)
    assert np.array_equal(layer.get_weights()[0], before)
    assert not np.array_equal(behind.get_weights()[0], bias)


def test_a_network_without_it_stays_as_it_is() -> None:
    config = make_config("digits", model="small")
    network = build(config, load_inputs(config, ignore))
    before = network.get_weights()
    whiten(network, np.zeros((3, 8, 8, 1), np.uint8), 0)
    assert all(np.array_equal(one, other) for one, other in zip(before, network.get_weights(), strict=True))
