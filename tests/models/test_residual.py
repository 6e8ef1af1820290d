"""The family of residual networks: sizes, shapes, and a fused normalization that is Keras's own."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from sightline.errors import ParameterError
from sightline.models import MODELS, total_flops
from sightline.models.layers import FusedNorm

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("name", "most"), [("tiny", 20_000), ("small", 100_000), ("base", 300_000), ("large", 3_000_000)])
def test_each_has_the_size_it_is_named_for_and_learns_gray_and_colour(name: str, most: int) -> None:
    network = MODELS.get(name).build({})
    assert most / 2 < network.count_params() < most
    for shape in ((28, 28, 1), (32, 40, 3)):
        colored = MODELS.get(name).build({"input_shape": shape, "classes": 7})
        pictures = RNG.random((4, *shape), np.float32)
        assert np.allclose(colored(pictures).numpy().sum(axis=1), 1, atol=1e-5)
        with_gradient = colored.trainable_variables
        assert len(with_gradient) == len({variable.path for variable in with_gradient})
        assert not any("whitening/" in variable.path for variable in with_gradient)


def test_the_arithmetic_of_small_worked_out_by_hand() -> None:
    network = MODELS.get("small").build({"widths": (16, 32, 48)})
    first, scale1, branch1 = 28**2 * 9 * 16, 28**2 * 9 * 16 * 32, 2 * 14**2 * 9 * 32 * 32
    scale2, branch2, last = 14**2 * 9 * 32 * 48, 2 * 7**2 * 9 * 48 * 48, 48 * 10
    assert total_flops(network) == 2 * (first + scale1 + branch1 + scale2 + branch2 + last)


def test_of_an_odd_number_of_rows_and_columns_none_is_left_out() -> None:
    network = MODELS.get("small").build({"input_shape": (22, 30, 1)})
    assert [network.get_layer(name).output.shape[1:3] for name in ("sum1", "sum2")] == [(11, 15), (6, 8)]


def test_pictures_too_small_are_refused() -> None:
    with pytest.raises(ParameterError, match="at least 4 x 4 px, received 3 x 30 px"):
        MODELS.get("small").build({"input_shape": (3, 30, 1)})
    with pytest.raises(ParameterError, match="widths"):
        MODELS.get("small").build({"widths": (16,)})


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_the_fused_normalization_is_that_of_keras(dtype: str) -> None:
    options: dict[str, Any] = {"momentum": 0.9, "dtype": dtype}
    ours, theirs = FusedNorm(**options), keras.layers.BatchNormalization(**options)
    pictures = (RNG.normal(size=(64, 9, 7, 16)) * np.linspace(0.5, 3, 16) + np.arange(16)).astype(np.float32)
    found, expected = (np.asarray(layer(pictures, training=True), np.float32) for layer in (ours, theirs))
    assert np.allclose(found, expected, atol=1e-4 if dtype == "float32" else 0.05)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert np.allclose(one, other, rtol=1e-3)  # the moving variance is the unbiased one: N / (N - 1)
    theirs.set_weights(ours.get_weights())
    assert np.array_equal(np.asarray(ours(pictures), np.float32), np.asarray(theirs(pictures), np.float32))


def test_frozen_it_keeps_its_statistics() -> None:
    layer = FusedNorm(momentum=0.5)
    layer(RNG.normal(size=(8, 5, 5, 3)).astype(np.float32), training=True)
    before = layer.get_weights()
    layer.trainable = False
    layer(RNG.normal(3, 2, (8, 5, 5, 3)).astype(np.float32), training=True)
    assert all(np.array_equal(one, other) for one, other in zip(before, layer.get_weights(), strict=True))
