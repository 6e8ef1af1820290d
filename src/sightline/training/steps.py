"""The steps of an epoch: on TensorFlow our own loop, which works on the parts of a batch side by side; elsewhere Keras's `fit`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sightline.training.config import Recipe
from sightline.training.feed import Inputs8

if TYPE_CHECKING:
    import keras

__all__ = ["CROSS_ENTROPY", "After", "Steps", "make_steps"]

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


def make_steps(model: keras.Model, recipe: Recipe) -> Steps:
    """The steps of `model` as they run fastest on the backend in use."""
    import keras

    if keras.backend.backend() == "tensorflow":
        from sightline.training.side_by_side import PartedSteps

        return PartedSteps(model, recipe)
    return FitSteps(model, recipe)


@dataclass
class FitSteps(Steps):
    """Keras's own `fit`, which takes a batch as a whole."""

    def epoch(self, pictures: Inputs8, targets: NDArray[Any], weights: Weights, after: After) -> tuple[float, float]:
        """As `Steps.epoch` says."""
        from sightline.training.parts import Watch

        fitted = self.model.fit(
            pictures,
            targets,
            sample_weight=weights,
            batch_size=self.recipe.batch_size,
            shuffle=False,  # the feed has done it
            verbose=0,
            callbacks=[Watch(lambda step, logs: after(step, *_figures(logs)))],
        ).history
        return _figures({name: values[-1] for name, values in fitted.items()})


def _figures(logs: dict[str, float]) -> tuple[float, float]:
    """The plain cross-entropy, also where something else is minimised, and the accuracy."""
    return logs.get(CROSS_ENTROPY, logs["loss"]), logs["accuracy"]
