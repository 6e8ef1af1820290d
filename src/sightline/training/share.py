"""What one of several processes that train a network together has to do of every batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.errors import ParameterError

__all__ = ["Share"]


@dataclass(frozen=True)
class Share:
    """The share of process number `process`, counted from 0, of `processes`, in epochs of `pictures` in batches of `batch`.

    Every process has an equal part of every whole batch, and all have the pictures that are left over at the end of an epoch.
    ParameterError if a batch cannot be shared out evenly.
    """

    process: int
    processes: int
    batch: int
    pictures: int

    def __post_init__(self) -> None:
        if self.batch % self.processes:
            raise ParameterError(
                "a batch cannot be shared out evenly",
                expected=f"a batch_size that {self.processes} workers divide",
                received=str(self.batch),
                fix="Choose another --batch-size or number of --processes.",
            )

    @property
    def part(self) -> int:
        """The pictures of a whole batch that are this process's."""
        return self.batch // self.processes

    @property
    def batches(self) -> int:
        """The whole batches of an epoch."""
        return self.pictures // self.batch

    def rows(self, order: NDArray[np.intp]) -> NDArray[np.intp]:
        """Of an epoch's pictures in their order `(N,)` those that this process needs, in the same order.

        >>> Share(1, 2, batch=4, pictures=10).rows(np.arange(10)).tolist()
        [2, 3, 6, 7, 8, 9]
        """
        whole = self.batches * self.batch
        mine = order[:whole].reshape(self.batches, self.processes, self.part)[:, self.process]
        return np.concatenate([mine.ravel(), order[whole:]])
