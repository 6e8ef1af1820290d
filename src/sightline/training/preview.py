"""What the model sees, on one sheet: each step of the pipeline, and several draws of what is left to chance in training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from sightline.data import Split
from sightline.image import Image
from sightline.ops import text
from sightline.pipeline import AnyStep, Pipeline, Step
from sightline.sheet import PAPER, contact_sheet

__all__ = ["preview_sheet"]

TILE = 140  # px of a picture: five times 28
TITLE, HEADING = 20, 15  # px of the letters
INK, MUTED = "#1b1f24", "#6b7280"
MARGIN = 24
UNCHANGED = "unchanged"


class Line(NamedTuple):
    """Words between the rows, in letters of `size` pixels."""

    words: str
    size: int
    color: str

    def drawn(self, width: int) -> Image:
        """The line on a strip of paper, cut to its width."""
        strip: Image = np.full((self.size + 18, width, 3), PAPER, np.uint8)
        return text(strip, text=self.words[:200], x=MARGIN, y=14, size=self.size, color=self.color)


def preview_sheet(
    title: str, split: Split, indices: Sequence[int], labels: Sequence[str], pipeline: Pipeline, *, draws: int = 6, seed: int = 0
) -> Image:
    """The pictures `indices` of a split on their way through `pipeline`: uint8 RGB.

    For each: the result of every step that is always taken; then for each step for training by itself what the first `draws`
    epochs draw; then the network's input in these epochs, with all steps.
    """
    bands: list[Line | Image] = [Line(title, TITLE, INK)]
    training = [(number, step) for number, step in enumerate(pipeline.steps, 1) if step.when == "train"]
    for index in indices:
        image = split.read(index)
        bands.append(Line(f"{labels[int(split.labels[index])]} · {split.names[index]}", HEADING, INK))
        steps = [("as stored\n" + _size(image), image)]
        steps += [(f"{step.op}\n{_size(result)}", result) for step, result in pipeline.always.trace(image)]
        bands.append(_row(steps))
        for number, step in training:
            bands.append(Line(f"{_called(step)}, alone, in the first {draws} epochs", HEADING, MUTED))
            bands.append(_row(list(_alone(pipeline, number, step, image, index, draws, seed))))
        if training:
            bands.append(Line(f"the network's input in the first {draws} epochs, all steps together", HEADING, MUTED))
            together = [pipeline.run(image, train=True, seed=seed, item=index, epoch=epoch) for epoch in range(draws)]
            bands.append(_row([(f"epoch {epoch}", result) for epoch, result in enumerate(together, 1)]))
    if not training:
        bands.append(Line("No augmentation: training sees these pictures in every epoch.", HEADING, MUTED))
    return _stacked(bands)


def _called(step: AnyStep) -> str:
    return step.op if isinstance(step, Step) else "one of " + ", ".join(dict.fromkeys(option.op for option in step.options))


def _alone(
    pipeline: Pipeline, number: int, step: AnyStep, image: Image, item: int, draws: int, seed: int
) -> Iterator[tuple[str, Image]]:
    """What one step for training draws, given the picture as the steps before it leave it outside of training."""
    before = Pipeline(pipeline.steps[: number - 1]).always.run(image)
    for epoch in range(draws):
        drawn = pipeline.draw(number, seed=seed, item=item, epoch=epoch)
        yield (UNCHANGED, before) if drawn is None else (_told(step, drawn), drawn.apply(before))


def _told(step: AnyStep, drawn: Step) -> str:
    """The drawn values, but for seeds, which tell nobody anything."""
    options = (step,) if isinstance(step, Step) else step.options
    random = next((option.choices for option in options if _may_draw(option, drawn)), {})
    values = [f"{name} {_short(drawn.parameters[name])}" for name in random if name != "seed"]
    if step.op != drawn.op or not values:
        values.insert(0, drawn.op)
    return "\n".join([values[0], ", ".join(values[1:])] if values[1:] else values)


def _may_draw(option: Step, drawn: Step) -> bool:
    """Whether a plain step is a draw of `option`: the same operation, alike in all that is not left to chance."""
    fixed = [name for name in option.parameters if name not in option.choices]
    return option.op == drawn.op and all(_short(option.parameters[name]) == _short(drawn.parameters[name]) for name in fixed)


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _size(image: Image) -> str:
    height, width = image.shape[:2]
    return f"{width} x {height}, {'gray' if image.ndim == 2 else {3: 'RGB', 4: 'RGBA'}[image.shape[2]]}"


def _row(cells: list[tuple[str, Image]]) -> Image:
    return contact_sheet([image for _, image in cells], [name for name, _ in cells], columns=len(cells), tile=TILE)


def _stacked(bands: Sequence[Line | Image]) -> Image:
    """Bands one below the other, the narrower rows continued with paper; a line is cut to the sheet."""
    width = max(band.shape[1] for band in bands if isinstance(band, np.ndarray))
    full = [band.drawn(width) if isinstance(band, Line) else _widened(band, width) for band in bands]
    return np.concatenate(full)


def _widened(row: Image, width: int) -> Image:
    return cv2.copyMakeBorder(row, 0, 0, 0, width - row.shape[1], cv2.BORDER_CONSTANT, value=PAPER)
