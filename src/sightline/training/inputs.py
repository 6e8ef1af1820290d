"""From a dataset's pictures to the arrays a network reads: the pipeline, and the pictures sent through it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Manifest
from sightline.bundle import prepare as prepare_one
from sightline.data import Dataset, Split
from sightline.errors import DatasetError, ParameterError, PipelineError, SightlineError
from sightline.events import Listener, Note, Progress
from sightline.image import Image
from sightline.models import MODELS
from sightline.pipeline import Pipeline, run_many
from sightline.training.config import TrainConfig
from sightline.training.defaults import augmentation, default_pipeline
from sightline.training.feed import Inputs8, Source, stacked, threads

__all__ = ["make_pipeline", "prepare", "source_of"]

SMALLEST, USUAL = 28, 64
EXAMPLES = 50
FILES, ARRAYS = 16, 1000  # pictures that one worker takes at a time


def make_pipeline(
    config: TrainConfig, dataset: Dataset, learnt: tuple[int, int, int] | None = None, teacher: Manifest | None = None
) -> tuple[Pipeline, tuple[int, int, int]]:
    """The pipeline that `config` names, or the dataset's default, and the shape (H, W, C) of what it makes.

    `learnt`: the shape of the pictures from which the first weights were learnt; the default takes their height and width.
    `teacher`: who teaches; the default is that model's own steps, and smaller pictures after it where the network takes such.
    Without augmentation the steps marked `when: train` are left out. PipelineError if it makes pictures of different sizes.
    """
    some = _examples(dataset.train)
    if config.pipeline is None and teacher is not None:
        return _taught_pipeline(config, dataset, learnt, teacher)
    if config.pipeline is None:
        shape = _usual_shape(config, some, learnt)
        return default_pipeline(dataset, shape, augment=config.recipe.augment), shape
    pipeline = Pipeline.from_dict(config.pipeline)
    for name, usual in (("size", None), ("channels", "auto")):
        if getattr(config, name) != usual:
            raise ParameterError(f"{name} has no effect", expected="no pipeline, which decides it", fix=f"Leave out --{name}.")
    if not config.recipe.augment:
        pipeline = pipeline.always
    return pipeline, _shape_made(pipeline, some)


def _taught_pipeline(
    config: TrainConfig, dataset: Dataset, learnt: tuple[int, int, int] | None, teacher: Manifest
) -> tuple[Pipeline, tuple[int, int, int]]:
    """The steps of a teacher, the augmentation, and what makes pictures of another size of those that the teacher looks at."""
    height, width, channels = teacher.input_shape
    if config.channels not in {"auto", "gray" if channels == 1 else "color"}:
        received = f"{config.channels}, and a teacher that reads {channels}"
        raise ParameterError("channels other than the teacher's", expected="auto", received=received, fix="Leave out --channels.")
    if config.size is not None:
        height = width = config.size
    elif learnt is not None:
        height, width = learnt[:2]
    elif config.recipe.fit_input:
        height, width, _ = _seen_shape(config, teacher.input_shape)
    steps = (
        *Pipeline.from_dict(teacher.pipeline).steps,
        *(augmentation(dataset, teacher.input_shape) if config.recipe.augment else ()),
        *([] if (height, width) == teacher.input_shape[:2] else [{"resize": {"width": width, "height": height}}]),
    )
    return Pipeline(steps), (height, width, channels)


def _usual_shape(config: TrainConfig, some: list[Image], learnt: tuple[int, int, int] | None) -> tuple[int, int, int]:
    """Height, width and channels of the network's input: what `config` says, else what its weights know, else the data's own.

    The data's own size counts when all pictures share one of at most 64 px, each side at least 28; else 64 x 64. Channels
    are colour when any picture is. Of pictures on disk 50, spread over all classes, stand for the rest. A recipe that fits its
    input makes it as small as what the network looks at.
    """
    shapes = {image.shape[:2] for image in some}
    height, width = shapes.pop() if len(shapes) == 1 else (USUAL, USUAL)
    if config.size is not None:
        height = width = config.size
    elif learnt is not None:
        height, width = learnt[:2]
    else:
        height, width = (USUAL, USUAL) if max(height, width) > USUAL else (max(side, SMALLEST) for side in (height, width))
    color = any(_is_colored(image) for image in some) if config.channels == "auto" else config.channels == "color"
    shape = height, width, 3 if color else 1
    fits = config.recipe.fit_input and config.size is None and config.weights == "none"
    return _seen_shape(config, shape) if fits else shape


def _seen_shape(config: TrainConfig, shape: tuple[int, int, int]) -> tuple[int, int, int]:
    """What the network looks at of pictures of `shape` (H, W, C), where that leaves out a tenth of a side or more; else `shape`.

    A picture made that small is seen whole, by a network of as many weights.
    """
    architecture = MODELS.get(config.model)
    if architecture.sees is None:
        return shape
    height, width = architecture.sees(architecture.arguments({**config.arguments, "input_shape": shape}))
    return shape if 10 * height > 9 * shape[0] and 10 * width > 9 * shape[1] else (height, width, shape[2])


def _shape_made(pipeline: Pipeline, some: list[Image]) -> tuple[int, int, int]:
    """What a pipeline of the user's makes of some pictures, always and when it trains."""
    results: list[Image] = []
    failures: list[SightlineError] = []
    for image in some[:EXAMPLES]:
        try:
            results += [pipeline.run(image, train=train) for train in (False, True)]
        except SightlineError as error:  # `prepare` names and leaves out what does not go through
            failures.append(error)
    if not results:
        raise failures[0] if failures else DatasetError("none of the training pictures that were looked at can be read")
    shapes = {(*image.shape, 1)[:3] for image in results}
    types = {image.dtype.name for image in results}
    if len(shapes) > 1:
        raise PipelineError(
            "the pipeline makes pictures of different sizes",
            expected="one size, which the network takes",
            received=" and ".join(f"{width} x {height} x {channels}" for height, width, channels in sorted(shapes)[:3]),
            fix="End it with letterbox or resize, and to_gray or to_rgb.",
        )
    if types != {"uint8"}:
        received = " and ".join(sorted(types))
        raise PipelineError("the pipeline makes no input of a network", expected="uint8", received=received, fix="Add to_depth8.")
    height, width, channels = shapes.pop()
    return height, width, channels


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


def prepare(
    split: Split,
    pipeline: Pipeline,
    shape: tuple[int, int, int],
    on_event: Listener,
    *,
    what: str,
    workers: int | None = None,
) -> tuple[Inputs8, NDArray[np.intp]]:
    """Send a split through the pipeline: uint8 `(M, H, W, C)`, and which M of its pictures these are.

    A picture that cannot be read, or does not go through, is named in a warning and left out; DatasetError when none is left.
    """
    result = np.empty((len(split), *shape), np.uint8)
    count = 0
    kept: list[int] = []
    failed: list[str] = []
    size = ARRAYS if split.in_memory else FILES
    parts = [range(start, min(start + size, len(split))) for start in range(0, len(split), size)]
    with ThreadPoolExecutor(threads(workers), "read") as pool:
        for part, found in zip(parts, pool.map(lambda part: _prepared(split, part, pipeline, shape), parts), strict=True):
            for index, each in zip(part, found, strict=True):
                if isinstance(each, str):
                    failed.append(each)
                else:
                    result[count] = each
                    kept.append(index)
                    count += 1
            on_event(Progress(f"Reading {what}", part.stop, len(split)))
    if not kept:
        raise DatasetError(f"none of the {len(split)} {what} pictures can be used", received=failed[0] if failed else "none")
    for failure in failed[:10]:
        on_event(Note(f"Left out: {failure}", warning=True))
    if len(failed) > 10:
        on_event(Note(f"Left out: {len(failed) - 10} more {what} pictures", warning=True))
    return result[:count], np.array(kept, dtype=np.intp)


def _prepared(split: Split, part: range, pipeline: Pipeline, shape: tuple[int, int, int]) -> Inputs8 | list[Inputs8 | str]:
    """Some pictures of a split as the network reads them, together if that goes well, else each, or its name and what is wrong."""
    if isinstance(split.pictures, np.ndarray):
        with suppress(SightlineError):
            return stacked(run_many(pipeline, split.pictures[part.start : part.stop]), shape)
    return list(_one_by_one(split, part, pipeline, shape))


def _one_by_one(split: Split, part: range, pipeline: Pipeline, shape: tuple[int, int, int]) -> Iterator[Inputs8 | str]:
    for index in part:
        try:
            yield prepare_one(split.pictures[index], pipeline, shape)
        except SightlineError as error:
            yield f"{split.names[index]}: {error.problem}"


def source_of(split: Split, kept: NDArray[np.intp], prepared: Inputs8, pipeline: Pipeline) -> Source:
    """What the epochs are made from: as far as the pictures are the same in all of them, they are made once.

    `prepared` are the pictures `kept` of `split` as `pipeline` makes them without augmentation.
    """
    steps = pipeline.steps
    first = next((number for number, step in enumerate(steps) if step.when == "train" or step.is_random), len(steps))
    if all(step.when == "train" for step in steps[first:]):
        return Source(prepared[..., 0] if prepared.shape[-1] == 1 else prepared, kept, first)
    if isinstance(split.pictures, np.ndarray):
        begun = run_many(Pipeline(steps[:first]), split.pictures[kept])
        if isinstance(begun, np.ndarray) or len({image.shape for image in begun}) == 1:
            return Source(np.asarray(begun), kept, first)
    return Source(split, kept, 0)
