"""From a dataset's pictures to the arrays a network reads: the default pipeline, and the pictures sent through it."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from sightline.data import Dataset, Split
from sightline.errors import DatasetError, SightlineError
from sightline.events import Listener, Note, Progress
from sightline.image import Image
from sightline.pipeline import Pipeline, Step
from sightline.training.config import TrainConfig
from sightline.training.feed import Pictures

__all__ = ["default_pipeline", "input_shape", "prepare"]

SMALLEST, USUAL = 28, 64
EXAMPLES = 50
REPORT_EVERY = 500


def input_shape(config: TrainConfig, dataset: Dataset) -> tuple[int, int, int]:
    """Height, width and channels of the network's input: what `config` says, else the data's own.

    The data's own size counts when all pictures share one of at most 64 px, each side at least 28; else 64 x 64. Channels
    are colour when any picture is. Of pictures on disk 50, spread over all classes, stand for the rest.
    """
    some = _examples(dataset.train)
    shapes = {image.shape[:2] for image in some}
    height, width = shapes.pop() if len(shapes) == 1 else (USUAL, USUAL)
    if config.size is not None:
        height = width = config.size
    elif max(height, width) > USUAL:
        height = width = USUAL
    height, width = (side if config.size else max(side, SMALLEST) for side in (height, width))
    color = any(_is_colored(image) for image in some) if config.channels == "auto" else config.channels == "color"
    return height, width, 3 if color else 1


def _examples(split: Split) -> list[Image]:
    """All pictures of an array, or some from the disk: the split is in order of classes, so they are spread over it."""
    if isinstance(split.pictures, np.ndarray):
        return [*split.pictures]
    found = []
    for index in np.unique(np.linspace(0, len(split) - 1, EXAMPLES).astype(int)):
        with suppress(SightlineError):  # `prepare` names and leaves out what cannot be read
            found.append(split.read(int(index)))
    return found


def _is_colored(image: Image) -> bool:
    if image.ndim == 2:
        return False
    return bool((image[..., 0] != image[..., 1]).any() or (image[..., 1] != image[..., 2]).any())


def default_pipeline(dataset: Dataset, shape: tuple[int, int, int]) -> Pipeline:
    """The steps that bring any picture to the input of a network trained on `dataset`."""
    height, width, channels = shape
    steps = [Step("to_depth8"), Step("to_gray" if channels == 1 else "to_rgb")]
    background = dataset.facts.get("background")
    if background and channels == 1:
        steps.append(Step("match_polarity", {"background": background}))
    steps.append(Step("letterbox", {"width": width, "height": height}))
    return Pipeline(tuple(steps))


def prepare(
    split: Split, pipeline: Pipeline, shape: tuple[int, int, int], on_event: Listener, *, what: str
) -> tuple[Pictures, NDArray[np.intp]]:
    """Send a split through the pipeline: uint8 `(M, H, W, C)`, and which M of its pictures these are.

    A picture that cannot be read is named in a warning and left out; DatasetError when none is left.
    """
    result = np.empty((len(split), *shape), np.uint8)
    kept: list[int] = []
    failed: list[SightlineError] = []
    for index in range(len(split)):
        try:
            result[len(kept)] = pipeline.run(split.read(index)).reshape(shape)
            kept.append(index)
        except SightlineError as error:
            failed.append(error)
        if (index + 1) % REPORT_EVERY == 0 or index + 1 == len(split):
            on_event(Progress(f"Reading {what}", index + 1, len(split)))
    if not kept:
        raise DatasetError(
            f"none of the {len(split)} {what} pictures can be used", received=failed[0].problem if failed else "none"
        )
    for failure in failed[:10]:
        on_event(Note(f"Left out: {failure.problem}", warning=True))
    if len(failed) > 10:
        on_event(Note(f"Left out: {len(failed) - 10} more {what} pictures", warning=True))
    return result[: len(kept)], np.array(kept, dtype=np.intp)
