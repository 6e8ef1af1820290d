"""The training feed: what the network sees in each epoch, drawn from (seed, epoch, item)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.cores import usable_cores
from sightline.data import Split
from sightline.errors import PipelineError, SightlineError
from sightline.image import Image
from sightline.pipeline import Pictures, Pipeline, run_many
from sightline.training.share import Share

__all__ = ["Feed", "Inputs8", "Source", "stacked", "threads"]

Inputs8 = NDArray[np.uint8]
"""Pictures as the network reads them: uint8 `(N, H, W, C)`."""

SHUFFLE = 0  # the stream of random numbers that orders the pictures
TOGETHER = 1024  # pictures that one worker takes at a time: their arrays stay in the cache


@dataclass(frozen=True)
class Source:
    """What an epoch is made from: `pictures` that have the pipeline's `first` steps behind them, on disk none.

    `pictures` in memory: `(N, h, w)` or `(N, h, w, c)`. `items` `(N,)`: the index in the training split that names each.
    """

    pictures: NDArray[Any] | Split
    items: NDArray[np.intp]
    first: int

    def take(self, rows: NDArray[np.intp]) -> Source:
        """The pictures at `rows` only."""
        pictures = self.pictures[rows] if isinstance(self.pictures, np.ndarray) else self.pictures
        return replace(self, pictures=pictures, items=self.items[rows])


@dataclass(frozen=True)
class Feed:
    """Training pictures and labels int64 `(N,)`, shuffled and augmented anew each epoch by `pipeline`.

    An epoch is a function of (seed, epoch) alone, and what is drawn for a picture of (seed, epoch, its index): neither the
    number of workers nor what ran before matters, and a resumed training sees what an uninterrupted one would have seen.
    """

    source: Source
    labels: NDArray[np.int64]
    pipeline: Pipeline
    shape: tuple[int, int, int]
    seed: int
    workers: int | None = None
    share: Share | None = None
    """What this process has to do of it; None: all."""

    def epoch(self, number: int) -> tuple[Inputs8, NDArray[np.int64]]:
        """The pictures and labels of epoch `number`, counted from 0, in the order in which they are seen.

        PipelineError names the step that fails, and the picture where it is read from the disk.
        """
        order = np.random.default_rng([self.seed, SHUFFLE, number]).permutation(len(self.labels))
        if self.share is not None:
            order = self.share.rows(order)
        pictures = np.empty((len(order), *self.shape), np.uint8)
        parts = [slice(start, start + TOGETHER) for start in range(0, len(order), TOGETHER)]
        with ThreadPoolExecutor(threads(self.workers), "feed") as pool:
            for part, drawn in zip(parts, pool.map(lambda part: self._drawn(order[part], number), parts), strict=True):
                pictures[part] = drawn
        return pictures, self.labels[order]

    def _drawn(self, rows: NDArray[np.intp], epoch: int) -> Inputs8:
        """The pictures `rows` of the source as `epoch` shows them."""
        items = self.source.items[rows]
        if isinstance(self.source.pictures, np.ndarray):
            some = self.source.pictures[rows]
            if self.source.first == len(self.pipeline.steps):
                return some.reshape(len(some), *self.shape)
            drawn = run_many(self.pipeline, some, items=items, seed=self.seed, epoch=epoch, train=True, first=self.source.first)
        else:
            drawn = list(self._read(self.source.pictures, items, epoch))
        return stacked(drawn, self.shape)

    def _read(self, split: Split, items: NDArray[np.intp], epoch: int) -> Iterator[Image]:
        for item in items.tolist():
            try:
                yield self.pipeline.run(split.read(item), seed=self.seed, item=item, epoch=epoch, train=True)
            except SightlineError as error:
                raise PipelineError(f"{split.names[item]}: {error.problem}", fix=error.fix) from error


def stacked(images: Pictures, shape: tuple[int, int, int]) -> Inputs8:
    """Pictures as one array uint8 `(N, H, W, C)`; PipelineError where one is not of `shape`."""
    wanted = {shape, shape[:2]} if shape[2] == 1 else {shape}
    for image in images[:1] if isinstance(images, np.ndarray) else images:
        if image.shape not in wanted or image.dtype != np.uint8:
            raise PipelineError(
                "the pipeline does not make inputs of the network",
                expected=f"uint8 {shape}",
                received=f"{image.dtype} {image.shape}",
                fix="End it with a step such as letterbox or to_depth8.",
            )
    return np.asarray(images, np.uint8).reshape(len(images), *shape)


def threads(workers: int | None) -> int:
    """How many threads prepare pictures: `workers`, or by itself one for each core, at most 8."""
    return workers or min(8, usable_cores())
