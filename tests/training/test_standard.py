from __future__ import annotations

import numpy as np
import pytest

from sightline.models import MODELS
from sightline.training.standard import RAW, Standard, foldable, folded, standard_of

RNG = np.random.default_rng(0)


def test_mean_and_deviation_are_numpys() -> None:
    pictures = RNG.integers(0, 200, (20, 9, 7, 3), dtype=np.uint8)
    mean, deviation = standard_of(pictures)
    assert mean == pytest.approx((pictures / 255).mean())
    assert deviation == pytest.approx((pictures / 255).std())
    assert standard_of(np.zeros((1, 2, 2, 1), np.uint8)).deviation > 0


@pytest.mark.parametrize("pool_first", [False, True])
def test_a_folded_network_does_on_raw_pictures_what_it_did_on_standardized_ones(pool_first: bool) -> None:
    network = MODELS.get("cnn3").build({"input_shape": (28, 28, 3), "pool_first": pool_first})
    network.set_weights([RNG.normal(0, 0.1, w.shape).astype(np.float32) for w in network.get_weights()])
    raw = RNG.random((8, 28, 28, 3), np.float32)
    standard = Standard(0.286, 0.353)
    expected = network((raw - np.float32(0.286)) / np.float32(0.353)).numpy()
    network.set_weights(folded(network.get_weights(), standard))
    assert np.ptp(expected) > 0.1
    assert np.allclose(network(raw).numpy(), expected, atol=1e-5)


def test_only_a_first_layer_without_padding_can_take_it_over() -> None:
    assert foldable(MODELS.get("cnn3").build({}))
    assert not foldable(MODELS.get("cnn3").build({"padding": "same"}))
    weights = [RNG.random((3, 3)), RNG.random(3)]
    assert folded(weights, RAW) is weights
