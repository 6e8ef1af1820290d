from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from sightline.errors import ParameterError
from sightline.events import EpochDone, ignore
from sightline.models import MODELS, without_normalization
from sightline.training import make_config
from sightline.training.session import build, load_inputs, make_trainer, shipped_form
from sightline.training.standard import RAW, Standard, foldable, folded, standard_of

RNG = np.random.default_rng(0)


def test_mean_and_deviation_are_numpys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sightline.training.standard.PART", 50_000)  # counted in several parts
    pictures = RNG.integers(0, 200, (1203, 9, 7, 3), dtype=np.uint8)
    pictures[1100:] //= 2
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
    assert foldable(MODELS.get("cnn3").build({"pool_first": True, "normalize": True}), normalized=True)
    assert not foldable(MODELS.get("cnn3").build({"pool_first": True, "normalize": True}))
    weights = [RNG.random((3, 3)), RNG.random(3)]
    assert folded(weights, RAW) is weights


FIRST_LAYERS: dict[str, tuple[bool, Callable[[Any], Any]]] = {
    "with a bias": (True, lambda x: layers.Conv2D(8, 3, 2)(x)),
    "with a bias, in two groups": (True, lambda x: layers.Conv2D(8, 3, groups=2, activation="tanh")(x)),
    "without a bias, normalized": (False, lambda x: layers.BatchNormalization()(layers.Conv2D(8, 3, use_bias=False)(x))),
    "without any bias": (False, lambda x: layers.Conv2D(8, 3)(layers.ReLU()(layers.Conv2D(8, 3, use_bias=False)(x)))),
    "a channel at a time": (False, lambda x: layers.DepthwiseConv2D(3)(x)),
    "separable": (False, lambda x: layers.SeparableConv2D(8, 3)(x)),
    "after a pooling": (False, lambda x: layers.Conv2D(8, 3)(layers.MaxPooling2D(2)(x))),
    "beside another": (False, lambda x: layers.Concatenate()([layers.Conv2D(8, 3)(x), layers.MaxPooling2D(3, 1)(x)])),
    "dense": (False, lambda x: layers.Dense(5)(x)),
}


@pytest.mark.parametrize("sequential", [False, True])
@pytest.mark.parametrize("name", FIRST_LAYERS)
def test_what_is_folded_is_the_same_function_whatever_the_first_layer(name: str, sequential: bool) -> None:
    expected, first = FIRST_LAYERS[name]
    picture = keras.Input((12, 12, 2))
    end = layers.Dense(3, activation="softmax")(layers.GlobalMaxPooling2D()(first(picture)))
    network = keras.Model(picture, end)
    if sequential:
        if name == "beside another":
            pytest.skip("no sequence")
        network = keras.Sequential(network.layers)
    assert foldable(network) == expected
    network.set_weights([np.abs(RNG.normal(0, 0.3, w.shape)).astype(np.float32) for w in network.get_weights()])
    raw, standard = RNG.random((4, 12, 12, 2), np.float32), Standard(0.3, 0.4)
    before = network((raw - np.float32(0.3)) / np.float32(0.4)).numpy()
    if expected:
        network.set_weights(folded(network.get_weights(), standard))
        assert np.allclose(network(raw).numpy(), before, atol=1e-5)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_kernels_take_normalization_over(padding: str) -> None:
    form = {"input_shape": (28, 28, 3), "padding": padding}
    trained = MODELS.get("cnn3").build({**form, "pool_first": True, "normalize": True})
    weights = [RNG.normal(0, 0.2, w.shape).astype(np.float32) for w in trained.get_weights()]
    named = [weight.path for weight in trained.weights]
    assert sum("moving_variance" in name for name in named) == 3
    trained.set_weights(
        [
            np.abs(array) + np.float32(0.1) if "moving_variance" in name else array
            for array, name in zip(weights, named, strict=True)
        ]
    )
    plain = MODELS.get("cnn3").build(form)
    plain.set_weights(without_normalization(trained))
    pictures = RNG.random((8, 28, 28, 3), np.float32)
    expected = trained(pictures).numpy()
    assert np.ptp(expected) > 0.1
    assert np.allclose(plain(pictures).numpy(), expected, atol=1e-4)


def test_a_run_ships_the_network_that_it_validated() -> None:
    """With normalization, standardized pictures and an averaged network: the shipped plain form has the same accuracy."""
    rows: list[Mapping[str, float]] = []
    events = lambda event: rows.append(event.row) if isinstance(event, EpochDone) else None  # noqa: E731
    config = make_config("digits", size=24, epochs=3, recipe={"precision": "float32"})
    assert config.recipe.normalize
    inputs = load_inputs(config, ignore)
    network = build(config, inputs)
    make_trainer(config, inputs, network, events).run(None)
    shipped, arguments = shipped_form(config, inputs, network)
    assert not arguments["normalize"]
    assert foldable(network, normalized=True)
    assert all("norm" not in layer.name for layer in shipped.layers)
    pictures, labels = inputs.validation
    said = shipped(pictures.astype(np.float32) / np.float32(255)).numpy()
    assert (said.argmax(axis=1) == labels).mean() == pytest.approx(rows[-1]["val_accuracy"], abs=1e-6)
    assert -np.log(said[np.arange(len(labels)), labels]).mean() == pytest.approx(rows[-1]["val_loss"], abs=1e-4)


def test_weights_that_have_learnt_are_trained_without_it() -> None:
    config = make_config("digits", weights="runs/other", preset="tuned", arguments={"padding": "same"})
    network = build(config, load_inputs(config, ignore))
    assert not any("norm" in layer.name for layer in network.layers)
    with pytest.raises(ParameterError, match="normalize needs pool_first"):
        MODELS.get("cnn3").build({"normalize": True})
