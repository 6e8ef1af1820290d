"""A pipeline over many small pictures: the same pixels as `Pipeline.run` for each, without its cost for each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sightline.errors import PipelineError, SightlineError
from sightline.image import Image, check_image, check_values, kind_of
from sightline.pipeline.pipeline import Pipeline
from sightline.pipeline.random import Chances
from sightline.pipeline.step import AnyStep, Draws, applied

__all__ = ["Pictures", "run_many"]

Pictures = NDArray[np.generic] | Sequence[Image]
"""Pictures of one size as an array `(N, H, W)` or `(N, H, W, C)`, or pictures of any sizes."""


def run_many(
    pipeline: Pipeline,
    pictures: Pictures,
    *,
    items: NDArray[np.integer] | None = None,
    seed: int = 0,
    epoch: int = 0,
    train: bool = False,
    first: int = 0,
) -> Pictures:
    """Apply the steps to every picture; what is random is drawn from (seed, epoch, item, step), as `Pipeline.run` does.

    `items` `(N,)`: the index that names each picture; without it each is item 0, as a picture alone is. `first`: how many steps
    the pictures have behind them. An array comes back where the pictures went through operations that take many at once.
    PipelineError names the step, before the first pixel if the steps do not fit the pictures.

    >>> import numpy as np
    >>> pipeline = Pipeline(("invert", {"resize": {"width": 2, "height": 1}}))
    >>> [image.tolist() for image in run_many(pipeline, np.zeros((2, 4, 4), np.uint8))]
    [[[255, 255]], [[255, 255]]]
    """
    names = np.zeros(len(pictures), np.uint64) if items is None else np.asarray(items).astype(np.uint64)
    rows = np.arange(len(pictures))
    if first == 0:
        pictures = _checked(pipeline, pictures, train)
    for number, step in enumerate(pipeline.steps[first:], first + 1):
        if step.when == "train" and not train:
            continue
        for draws in step.draws(Chances(seed, names, number, epoch), rows):
            pictures = _applied(draws, pictures, number, step)
    return pictures


def _checked(pipeline: Pipeline, pictures: Pictures, train: bool) -> Pictures:
    if pipeline.makes_picture:
        raise PipelineError(f"the pipeline makes its own picture with {pipeline.steps[0].op}", received="other pictures")
    if isinstance(pictures, np.ndarray) and pictures.dtype != np.float32:
        some: Sequence[Image] = [check_image(each) for each in pictures[:1]]  # the others are of the same kind
    else:
        pictures = some = [check_values(check_image(each)) for each in pictures]
    for kind in {kind_of(each) for each in some}:
        pipeline.check(kind, train=train)
    return pictures


def _applied(draws: Draws, pictures: Pictures, number: int, step: AnyStep) -> Pictures:
    """The pictures after what was drawn for some of them. An array that was given is not changed."""
    if not len(draws.rows):
        return pictures
    if isinstance(pictures, np.ndarray) and draws.operation.batch is not None:
        whole = len(draws.rows) == len(pictures)
        found = draws.operation.batch(pictures if whole else pictures[draws.rows], **draws.fixed, **draws.drawn)
        if found is not None and whole:
            return found
        if found is not None and found.shape[1:] == pictures.shape[1:]:
            changed = pictures.copy()
            changed[draws.rows] = found
            return changed
    images = list(pictures)
    operation = draws.operation
    for place, row in enumerate(draws.rows.tolist()):
        try:
            images[row] = applied(operation, images[row], draws.parameters(place))
        except SightlineError as error:
            raise PipelineError(f"step {number} ({step.op}): {error.problem}", fix=error.fix) from error
    return images
