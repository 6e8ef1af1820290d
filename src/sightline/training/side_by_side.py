"""Steps on TensorFlow that work on the parts of a batch side by side. Importing this module loads TensorFlow.

TensorFlow shares out one operation at a time among the cores, and waits for the slowest after each; with pictures as small as
these it waits for a third of the time. Here every part of a batch goes forward and back on a core of its own, in one graph, and
the parts' gradients are put together: the gradient of the whole batch. Only batch normalization sees a part by itself, which is
why a batch is only cut into parts of `FEWEST` or more.

The pictures come as tensors, not from a `tf.data` iterator: one of those keeps a thread, and then the parts often ran one after
the other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from sightline.training.config import FEWEST
from sightline.training.feed import Inputs8
from sightline.training.parts import measured
from sightline.training.steps import After, Steps, Weights

__all__ = ["PartedSteps"]


@dataclass
class PartedSteps(Steps):
    """A loop over batches within one function of TensorFlow, which is left after every `steps_per_execution` of them."""

    def __post_init__(self) -> None:
        self._compiled: dict[int, Any] = {}

    def epoch(self, pictures: Inputs8, targets: NDArray[Any], weights: Weights, after: After) -> tuple[float, float]:
        """As `Steps.epoch` says."""
        batch, together = self.recipe.batch_size, self.recipe.batch_size * self.recipe.steps_per_execution
        given = (pictures, targets) if weights is None else (pictures, targets, weights)
        parts, rest = self._parts_of(batch), len(pictures) % batch
        whole = len(pictures) - (rest if rest < parts * FEWEST else 0)  # what is left over goes in fewer parts
        ends = sorted({*range(together, whole, together), whole, len(pictures)} - {0})
        sums, seen = np.zeros(2), 0
        for end in ends:
            some = [array[seen:end] for array in given]
            sums += self._program(parts if end <= whole else self._parts_of(rest), some)(*map(tf.convert_to_tensor, some)).numpy()
            seen = end
            after(math.ceil(seen / batch), *(sums / seen).tolist())
        loss, accuracy = (sums / seen).tolist()
        return loss, accuracy

    def _parts_of(self, batch: int) -> int:
        """In how many parts a batch of so many pictures is worked on."""
        return max(1, min(self.recipe.parts, batch // FEWEST))

    def _program(self, parts: int, like: list[NDArray[Any]]) -> Any:
        """The compiled loop over batches in so many parts, of pictures and targets `like` these."""
        if parts not in self._compiled:
            specs = [tf.TensorSpec((None, *array.shape[1:]), array.dtype) for array in like]
            self._compiled[parts] = tf.function(partial(self._batches, parts), input_signature=specs, autograph=False)
        return self._compiled[parts]

    def _batches(self, parts: int, pictures: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor | None = None) -> tf.Tensor:
        """A step for each batch; the sums over all pictures of cross-entropy and hits, float32 `(2,)`."""
        batch, count = self.recipe.batch_size, tf.shape(pictures)[0]

        def one(start: tf.Tensor, sums: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            rows = slice(start, start + batch)
            means = self._step(parts, pictures[rows], targets[rows], None if weights is None else weights[rows])
            return start + batch, sums + means * tf.cast(tf.minimum(batch, count - start), tf.float32)

        return tf.while_loop(lambda start, _: start < count, one, (0, tf.zeros(2)))[1]

    def _step(self, parts: int, pictures: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor | None) -> tf.Tensor:
        """One step on a batch: the means of cross-entropy and hits before it, float32 `(2,)`."""
        done = [
            self._part(pictures[rows], targets[rows], None if weights is None else weights[rows])
            for rows in _rows(tf.shape(pictures)[0], parts)
        ]
        sizes = tf.stack([size for size, _, _ in done])
        shares = tf.unstack(sizes / tf.reduce_sum(sizes))
        gradients = [
            None if same[0] is None else sum(share * one for share, one in zip(shares, same, strict=True))  # None: of no influence
            for same in zip(*(gradients for _, gradients, _ in done), strict=True)
        ]
        self.model.optimizer.apply(gradients, self.model.trainable_variables)
        return sum(share * means for share, (_, _, means) in zip(shares, done, strict=True))

    def _part(
        self, pictures: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor | None
    ) -> tuple[tf.Tensor, list[tf.Tensor], tf.Tensor]:
        """How many pictures a part has, the gradients of its mean loss, and its means of cross-entropy and hits."""
        with tf.GradientTape() as tape:
            said = self.model(pictures, training=True)
            loss = self.model.compute_loss(pictures, targets, said, sample_weight=weights, training=True)
        gradients = tape.gradient(loss, self.model.trainable_variables)
        means = tf.stack([tf.reduce_mean(values) for values in measured(targets, said)])
        return tf.cast(tf.shape(pictures)[0], tf.float32), gradients, means


def _rows(count: tf.Tensor, parts: int) -> list[slice]:
    """The rows of each part of a batch of `count`, as equal as can be."""
    return [slice(count * part // parts, count * (part + 1) // parts) for part in range(parts)]
