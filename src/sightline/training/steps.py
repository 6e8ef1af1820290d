"""The steps of an epoch: on TensorFlow on the parts of a batch side by side, on JAX without leaving the device."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sightline.training.config import Recipe
from sightline.training.feed import Inputs8
from sightline.training.share import Share

if TYPE_CHECKING:
    import keras

__all__ = ["CROSS_ENTROPY", "VALIDATION_BATCH", "After", "Steps", "make_steps"]

VALIDATION_BATCH = 500
CROSS_ENTROPY = "sparse_categorical_crossentropy"
Weights = NDArray[np.float32] | None

After = Callable[[int, float, float], None]
"""Told of the steps that are done, counted from 1, with the mean cross-entropy and accuracy of the epoch so far."""


@dataclass
class Steps(ABC):
    """A compiled model that takes uint8 pictures, and how it is to be trained."""

    model: keras.Model
    recipe: Recipe

    @abstractmethod
    def epoch(self, pictures: Inputs8, targets: NDArray[Any], weights: Weights, after: After) -> tuple[float, float]:
        """Go once through the pictures in their order; the mean cross-entropy with the labels, and the accuracy, on the way.

        `targets`: labels `(N,)`, or rows of a label and the distribution to learn. `weights`: of each picture's loss.
        """

    def evaluate(self, pictures: Inputs8, labels: NDArray[np.int64]) -> tuple[float, float]:
        """The mean cross-entropy and the accuracy of pictures and labels that are not trained on."""
        found = self.model.evaluate(pictures, labels, batch_size=VALIDATION_BATCH, verbose=0, return_dict=True)
        return found[CROSS_ENTROPY if CROSS_ENTROPY in found else "loss"], found["accuracy"]


def make_steps(model: keras.Model, recipe: Recipe, share: Share | None = None) -> Steps:
    """The steps of `model` on the backend in use, one of `BACKENDS`; with a `share` on JAX, together with other processes."""
    import keras

    if share is not None:
        from sightline.training.shared import SharedSteps

        return SharedSteps(model, recipe, share=share)
    if keras.backend.backend() == "jax":
        from sightline.training.resident import ResidentSteps

        return ResidentSteps(model, recipe)
    from sightline.training.side_by_side import PartedSteps

    return PartedSteps(model, recipe)
