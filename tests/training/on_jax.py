"""Tests that need Keras on JAX: `test_on_jax.py` runs them in a process of their own, since a process has one backend."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sightline.models import MODELS
from sightline.training.checkpoint import arrays_of
from sightline.training.config import Recipe
from sightline.training.parts import KernelMuon, WarmupLinear, slow_down
from sightline.training.steps import CROSS_ENTROPY, Steps, make_steps

from .stepping import (
    CASES,
    LABELS,
    PICTURES,
    RNG,
    FitSteps,
    assert_same_epochs,
    compiled,
    keras,
    plain,
    small,
    variables,
    with_fixed_weights,
)

LOOPED = pytest.mark.parametrize("looped", [True, False], ids=["looped, as on a GPU", "step by step, as on the processor"])


def resident(model: Any, recipe: Recipe, *, looped: bool) -> Steps:
    from sightline.training.resident import ResidentSteps  # not above: doctests read this file in processes of TensorFlow

    return ResidentSteps(model, recipe, looped)


@pytest.mark.parametrize(("case", "looped"), [("labels", True), ("weights", False), ("soft", True), ("smoothed", False)])
def test_an_epoch_on_the_device_is_the_epoch_of_keras(case: str, looped: bool) -> None:
    """75 pictures in batches of 16 leave 11 for the last step. Batch normalization's statistics move, as in `fit`."""
    ours, theirs = (small(CASES[case][0], norm=True) for _ in range(2))
    told = assert_same_epochs(resident(ours, plain(), looped=looped), FitSteps(theirs, plain()), case)
    assert [step for step, _, _ in told] == [2, 4, 5, 2, 4, 5]


@pytest.mark.parametrize(("name", "side"), [("cnn3", 22), ("tiny", 8)])
def test_our_networks_and_optimizers_do_as_in_keras(name: str, side: int) -> None:
    pictures = RNG.integers(0, 256, (64, side, side, 1), np.uint8)
    arguments: dict[str, Any] = {"input_shape": (side, side, 1), "classes": 3}
    arguments |= {"filters": (4, 4, 4), "pool_first": True} if name == "cnn3" else {"widths": (4, 4, 4)}

    def made() -> Any:
        network = with_fixed_weights(MODELS.get(name).build(arguments))
        rate = WarmupLinear(0.01, 10, 0.2)
        muon = KernelMuon(rate, 0.05, output=network.layers[-1].kernel)
        model = compiled(network, CROSS_ENTROPY, muon if name == "cnn3" else keras.optimizers.AdamW(rate))
        slow_down(model.optimizer, network.layers[1].weights, 0.5)
        return model

    assert_same_epochs(resident(made(), plain(32), looped=False), FitSteps(made(), plain(32)), "labels", pictures)


def test_dropout_draws_anew_in_every_step_of_a_loop() -> None:
    """As in `fit`, whose generator of random numbers is a variable like any other."""
    ours, theirs = (small(CROSS_ENTROPY, dropout=0.5) for _ in range(2))
    assert_same_epochs(resident(ours, plain(), looped=True), FitSteps(theirs, plain()), "labels", PICTURES[:64])


@LOOPED
def test_weights_are_those_of_the_step_that_is_told_and_stay_whole_when_stopped(looped: bool) -> None:
    model = small(CROSS_ENTROPY)
    seen: list[Any] = []

    def stop_at_four(step: int, loss: float, accuracy: float) -> None:
        seen.append(arrays_of(model.variables))
        if step == 4:
            raise InterruptedError

    pictures, labels = PICTURES[:64], LABELS[:64]
    with pytest.raises(InterruptedError):
        resident(model, plain(), looped=looped).epoch(pictures, labels, None, stop_at_four)
    twin = small(CROSS_ENTROPY)
    for weights, rows in zip(seen, (slice(32), slice(32, 64)), strict=True):
        FitSteps(twin, plain()).epoch(pictures[rows], labels[rows], None, lambda *_: None)
        for one, other in zip(weights, arrays_of(twin.variables), strict=True):
            assert np.allclose(one, other, atol=2e-5)
    for one, other in zip(variables(model), variables(twin), strict=True):
        assert np.allclose(one, other, atol=2e-5)


def test_jax_is_stepped_on_the_device() -> None:
    assert type(make_steps(small(CROSS_ENTROPY), plain())).__name__ == "ResidentSteps"
