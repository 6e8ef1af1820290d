"""Steps on JAX with an epoch's pictures resident on the device. Importing this module loads JAX.

A GPU does a step of so small a network in less time than Python takes to ask for it, or the bus to bring its pictures. So the
pictures of an epoch go to the device once, as bytes, batches are cut there, and many steps run in one compiled program. It
leaves the weights on the device: coming back to Python brings two numbers, and whoever reads the weights fetches them.

On the processor every step is a program of its own: XLA's convolutions take some twenty times as long there within a loop.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import keras
import numpy as np
from jax import numpy as jnp
from numpy.typing import NDArray

from sightline.training.feed import Inputs8
from sightline.training.parts import measured
from sightline.training.steps import After, Steps, Weights

__all__ = ["ResidentSteps"]

State = tuple[list[jax.Array], list[jax.Array], list[jax.Array]]
"""The values of what is learnt, of the network's other variables, and of the optimizer."""


@dataclass
class ResidentSteps(Steps):
    """Programs of `steps_per_execution` steps each, and one for what the batches leave over.

    They take a batch as a whole, whatever the recipe's `parts`: a device has its own ways to share out the work.
    """

    looped: bool = field(default_factory=lambda: jax.default_backend() != "cpu")
    """Whether a program loops over its steps; else each of them is one."""

    def __post_init__(self) -> None:
        self._loop = jax.jit(self._batches, static_argnames="count", donate_argnums=0, **self._program_options())
        self._last = jax.jit(self._step, donate_argnums=0, **self._program_options())

    def _program_options(self) -> dict[str, Any]:
        """What the compiler is told beside."""
        return {}

    def _count(self, given: Sequence[NDArray[Any]]) -> int:
        """How many pictures an epoch has."""
        return len(given[0])

    def _placed(self, given: Sequence[NDArray[Any]]) -> tuple[list[jax.Array], list[jax.Array]]:
        """An epoch's arrays on the device: its whole batches `(batches, batch, ...)`, and what they leave over."""
        batch = self.recipe.batch_size
        whole = len(given[0]) // batch * batch
        parted = [(array[:whole].reshape(-1, batch, *array.shape[1:]), array[whole:]) for array in given]
        return jax.device_put([first for first, _ in parted]), jax.device_put([last for _, last in parted])

    def epoch(self, pictures: Inputs8, targets: NDArray[Any], weights: Weights, after: After) -> tuple[float, float]:
        """As `Steps.epoch` says."""
        batch, together = self.recipe.batch_size, self.recipe.batch_size * self.recipe.steps_per_execution
        given = (pictures, targets) if weights is None else (pictures, targets, weights)
        count = self._count(given)
        data, rest = self._placed(given)
        groups = self.model.trainable_variables, self.model.non_trainable_variables, self.model.optimizer.variables
        learnt, fixed, optimizer = ([variable.value for variable in group] for group in groups)
        state: State = learnt, fixed, optimizer
        sums, seen = np.zeros(2), 0
        try:
            for start in range(0, count, together):
                seen = min(start + together, count)
                parts = []
                for first, batches in self._programs(start // batch, seen // batch):
                    state, some = self._loop(state, data, first, count=batches)
                    parts.append(some)
                if seen % batch:
                    state, some = self._last(state, *rest)
                    parts.append(some)
                # the network's values are those `after` may ask for; the optimizer's, two or three times as many, can wait
                _put_back(groups[:2], state[:2])
                sums += np.sum(jax.device_get(parts), axis=0)
                after(math.ceil(seen / batch), *(sums / seen).tolist())
        finally:
            _put_back(groups, state)
        loss, accuracy = (sums / seen).tolist()
        return loss, accuracy

    def _programs(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """What to run for the batches from `start` to `end`: where each program begins, and how many batches it takes."""
        if self.looped and end > start:
            yield start, end - start
        elif not self.looped:
            yield from ((first, 1) for first in range(start, end))

    def _batches(self, state: State, data: Sequence[jax.Array], start: jax.Array, count: int) -> tuple[State, jax.Array]:
        """A step for each of `count` batches from `start` on; the sums as `_step` gives them."""

        def one(carried: tuple[State, jax.Array], number: jax.Array) -> tuple[tuple[State, jax.Array], None]:
            state, sums = carried
            state, more = self._step(state, *(jax.lax.dynamic_index_in_dim(array, number, keepdims=False) for array in data))
            return (state, sums + more), None

        if count == 1:
            return one((state, jnp.zeros(2)), start)[0]
        # in a loop of known length the device need not ask whether to go on
        carried, _ = jax.lax.scan(one, (state, jnp.zeros(2)), start + jnp.arange(count))
        done: tuple[State, jax.Array] = carried
        return done

    def _step(
        self, state: State, pictures: jax.Array, targets: jax.Array, weights: jax.Array | None = None
    ) -> tuple[State, jax.Array]:
        """One step on a batch: the new state, and the sums of cross-entropy and hits before it, float32 `(2,)`."""
        learnt, fixed, optimizer = state
        metrics = [variable.value for variable in self.model.metrics_variables]  # Keras wants them, and nothing here reads them
        slopes, (_, said, fixed, _) = jax.grad(self.model.compute_loss_and_updates, has_aux=True)(
            learnt, fixed, metrics, pictures, targets, weights, training=True, optimizer_variables=optimizer
        )
        learnt, optimizer = self.model.optimizer.stateless_apply(optimizer, slopes, learnt)
        return (learnt, fixed, optimizer), jnp.stack([jnp.sum(values) for values in measured(targets, said)])


def _put_back(groups: Sequence[list[keras.Variable]], values: Sequence[list[jax.Array]]) -> None:
    for group, some in zip(groups, values, strict=True):
        for variable, value in zip(group, some, strict=True):
            variable.assign(value)
