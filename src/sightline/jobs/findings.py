"""Finding and reading everything that is written in a picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sightline.bundle import Failure, Picture, Prediction, Predictor, name_of
from sightline.errors import SightlineError
from sightline.image import MAX_PIXELS, Image, check_image, read
from sightline.jobs.models import Model, load
from sightline.marks import Mark, find_marks, reading_order
from sightline.ops import rectangle, text, to_depth8, to_rgb

__all__ = ["Findings", "Reading", "annotate", "find", "find_many"]

ENOUGH = 10  # marks that can tell that a page lies on its side
LYING = 0.6  # the share of them that must be wider than tall
SURER = 0.1  # by which the readings must be surer, in the mean, when it is turned
DOUBT = 0.5  # a confidence below it is shown as doubt

BLUE, VERMILLION = "#0072B2", "#D55E00"


@dataclass(frozen=True, eq=False)
class Reading:
    """One mark that was found: `box` (x, y, width, height in pixels of the picture) and what the model says of it."""

    box: tuple[int, int, int, int]
    prediction: Prediction

    @property
    def doubtful(self) -> bool:
        """Whether the model does not know it, or holds its label for less likely than all others together."""
        return not self.prediction.known or self.prediction.confidence < DOUBT

    def to_dict(self, top: int = 3) -> dict[str, Any]:
        """The reading as plain data for JSON, with the `top` likeliest labels."""
        said = self.prediction.to_dict(top)
        return {"box": list(self.box), **{key: said[key] for key in ("label", "confidence", "known", "top")}}


@dataclass(frozen=True, eq=False)
class Findings:
    """Everything found in one picture of `width` by `height` pixels, in reading order.

    `turned`: 90 or 270 if the page lies on its side, by so many degrees clockwise; else 0.
    """

    source: str
    width: int
    height: int
    turned: int
    found: tuple[Reading, ...]

    def __len__(self) -> int:
        return len(self.found)

    def __iter__(self) -> Iterator[Reading]:
        return iter(self.found)

    def to_dict(self, top: int = 3) -> dict[str, Any]:
        """The findings as plain data for JSON."""
        found = [reading.to_dict(top) for reading in self.found]
        return {"source": self.source, "width": self.width, "height": self.height, "turned": self.turned, "found": found}


def find(picture: Picture, model: Model | Predictor, *, max_pixels: int = MAX_PIXELS) -> Findings:
    """Find the digits, letters or signs in a picture and read each with `model`.

    `picture`: a path, the bytes of a file, or an array; `model`: a predictor, or what `load` takes. Marks are of about one
    size, dark on light or light on dark; see `find_marks`. ImageError, and what `load` raises.

    >>> import sightline as sl
    >>> page = sl.text(sl.blank(width=200, height=80), text="2 7 5", x=100, y=40, anchor="center", size=40, color="black")
    >>> for reading in sl.find(page, "mnist"):
    ...     print(reading.box, reading.prediction.label)
    (52, 24, 22, 32) 2
    (89, 24, 22, 32) 7
    (126, 24, 22, 32) 5
    """
    predictor = model if isinstance(model, Predictor) else load(model)
    image = check_image(picture) if isinstance(picture, np.ndarray) else read(picture, "unchanged", max_pixels=max_pixels)
    height, width = image.shape[:2]
    source = name_of(picture)
    marks = find_marks(image)
    turns, predictions = _read_upright(marks, predictor)
    readings = [Reading(mark.box, replace(said, source=source)) for mark, said in zip(marks, predictions, strict=True)]
    order = reading_order([_turned(mark.box, turns, width, height) for mark in marks])
    return Findings(source, width, height, 90 * turns, tuple(readings[index] for index in order))


def find_many(sources: Iterable[Picture], predictor: Predictor, *, max_pixels: int = MAX_PIXELS) -> Iterator[Findings | Failure]:
    """The findings of each picture in turn, or a Failure for one that cannot be read."""
    for source in sources:
        try:
            yield find(source, predictor, max_pixels=max_pixels)
        except SightlineError as error:
            yield Failure(name_of(source), error)


def _read_upright(marks: list[Mark], predictor: Predictor) -> tuple[int, list[Prediction]]:
    """What is read, and the quarter turns counter-clockwise after which it is read: most often none."""
    upright = _predicted(marks, predictor, 0)
    if len(marks) < ENOUGH or np.mean([mark.box[2] > mark.box[3] for mark in marks]) < LYING:
        return 0, upright
    tried = {0: upright, 1: _predicted(marks, predictor, 1), 3: _predicted(marks, predictor, 3)}
    sure = {turns: float(np.mean([each.confidence for each in said])) for turns, said in tried.items()}
    best = max(tried, key=lambda turns: sure[turns] - (SURER if turns else 0))
    return best, tried[best]


def _predicted(marks: list[Mark], predictor: Predictor, turns: int) -> list[Prediction]:
    said = []
    for result in predictor.predict_many(np.ascontiguousarray(np.rot90(mark.patch, turns)) for mark in marks):
        if isinstance(result, Failure):
            raise result.error
        said.append(result)
    return said


def _turned(box: tuple[int, int, int, int], turns: int, width: int, height: int) -> tuple[int, int, int, int]:
    """A box where it is after quarter turns of its picture, counter-clockwise."""
    x, y, w, h = box
    return {0: box, 1: (y, width - x - w, h, w), 3: (height - y - h, x, h, w)}[turns]


def annotate(picture: Image, findings: Findings) -> Image:
    """The picture with a frame about everything found and its label above: uint8 RGB of the same size.

    Blue where the model is sure; vermillion, dashed and with a question mark where it does not know or is in doubt.
    """
    canvas = to_rgb(to_depth8(check_image(picture)))
    thick = max(1, round(max(canvas.shape) / 700))
    usual = float(np.median([reading.box[3] for reading in findings])) if findings.found else 0.0
    size = min(256, max(10, 7 * thick, round(usual / 3)))
    for reading in findings:
        _frame(canvas, reading, thick)
    for reading in findings:  # above all frames
        _label(canvas, reading, size, thick)
    return canvas


def _frame(canvas: Image, reading: Reading, thick: int) -> None:
    x, y, width, height = reading.box
    gap = 2 * thick
    left, top = max(0, x - gap), max(0, y - gap)
    part = canvas[top : y + height + gap, left : x + width + gap]
    high, wide = part.shape[:2]
    color = VERMILLION if reading.doubtful else BLUE
    framed = rectangle(part.copy(), x=0, y=0, width=wide, height=high, color=color, thickness=thick)
    if reading.doubtful:
        rows, columns = np.indices((high, wide))
        framed = np.where(((rows + columns) // (4 * thick) % 2 == 0)[..., None], framed, part)
    part[:] = framed


def _label(canvas: Image, reading: Reading, size: int, thick: int) -> None:
    """The label on a ground of the frame's colour, above the frame or, at the upper edge, in it."""
    x, y = reading.box[:2]
    room = max(2, thick)
    color = VERMILLION if reading.doubtful else BLUE
    label = reading.prediction.label + ("?" if reading.doubtful else "")
    deep = 2 * size + 2 * room
    left, foot = max(0, x - 2 * thick), max(0, y - 2 * thick)
    top = max(0, foot - deep)
    part = canvas[top : top + deep, left : left + (len(label) + 1) * size + 2 * room]
    above = foot >= size + 2 * room
    part[:] = text(
        part.copy(),
        text=label,
        x=0,
        y=foot - top if above else 0,
        anchor="bottom-left" if above else "top-left",
        size=size,
        weight=700,
        color="white",
        background=color,
        padding=room,
    )
