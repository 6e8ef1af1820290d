"""Steps on JAX over several processes that each have their share of every batch. Importing this module loads JAX.

Each process runs the same programs; a batch is one array that lies on all of their devices, and the variables lie on each as
Keras's `DataParallel` puts them. So gradients, sums and batch normalization are those of the whole batch, whoever holds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import keras
import numpy as np
from numpy.typing import NDArray

from sightline.training.feed import Inputs8
from sightline.training.parts import measured
from sightline.training.resident import ResidentSteps
from sightline.training.share import Share
from sightline.training.steps import VALIDATION_BATCH

__all__ = ["SharedSteps"]


@dataclass
class SharedSteps(ResidentSteps):
    """`ResidentSteps` whose pictures are this process's `share`. All processes must call the same methods in the same order."""

    share: Share = field(default_factory=lambda: Share(0, 1, 1, 0))

    def __post_init__(self) -> None:
        layout = keras.distribution.distribution().device_mesh
        self._axis = layout.axis_names[0]
        self._mesh = layout.backend_mesh
        super().__post_init__()
        self._judge = jax.jit(self._judged, out_shardings=self._spread())

    def _program_options(self) -> dict[str, Any]:
        return {"out_shardings": self._spread()}

    def _spread(self, *axes: str | None) -> jax.sharding.NamedSharding:
        """Over the mesh by these axes of an array; without any the whole on every device."""
        return jax.sharding.NamedSharding(self._mesh, jax.sharding.PartitionSpec(*axes))

    def _count(self, given: Sequence[NDArray[Any]]) -> int:
        return self.share.pictures

    def _placed(self, given: Sequence[NDArray[Any]]) -> tuple[list[jax.Array], list[jax.Array]]:
        batches, part = self.share.batches, self.share.part
        whole, rest = [], []
        for array in given:
            mine, others = np.split(array, [batches * part])
            shape = (batches, self.share.batch, *array.shape[1:])
            mine = mine.reshape(batches, part, *array.shape[1:])
            whole.append(jax.make_array_from_process_local_data(self._spread(None, self._axis), mine, shape))
            rest.append(jax.make_array_from_process_local_data(self._spread(), others, others.shape))
        return whole, rest

    def evaluate(self, pictures: Inputs8, labels: NDArray[np.int64]) -> tuple[float, float]:
        """As `Steps.evaluate` says; `pictures` and `labels` are all, of which each process takes its part."""
        size = max(1, VALIDATION_BATCH // self.share.processes)
        together = size * self.share.processes
        sums = np.zeros(2)
        for start in range(0, len(pictures), together):
            some = pictures[start : start + together], labels[start : start + together]
            if len(some[0]) == together:
                mine = slice(self.share.process * size, (self.share.process + 1) * size)
                placed = [
                    jax.make_array_from_process_local_data(self._spread(self._axis), array[mine], array.shape) for array in some
                ]
            else:
                placed = [jax.make_array_from_process_local_data(self._spread(), array, array.shape) for array in some]
            groups = self.model.trainable_variables, self.model.non_trainable_variables
            sums += np.asarray(self._judge(*([variable.value for variable in group] for group in groups), *placed))
        loss, accuracy = (sums / len(pictures)).tolist()
        return loss, accuracy

    def _judged(self, learnt: list[jax.Array], fixed: list[jax.Array], pictures: jax.Array, labels: jax.Array) -> jax.Array:
        """The sums of cross-entropy and hits of a batch, float32 `(2,)`."""
        said, _ = self.model.stateless_call(learnt, fixed, pictures, training=False)
        return jax.numpy.stack([jax.numpy.sum(values) for values in measured(labels, said)])
