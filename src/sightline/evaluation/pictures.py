"""Small pictures shown large: tiles with captions, and what each step of a pipeline makes of them."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

import cv2
import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from sightline.data.dataset import Dataset, Split
from sightline.errors import ImageError
from sightline.evaluation.metrics import Evaluation
from sightline.evaluation.record import Trace
from sightline.evaluation.style import (
    GREEN_TEXT,
    GRID,
    INK,
    MUTED,
    VERMILLION_TEXT,
    Sheet,
    heading_height,
    rendering,
    shortened,
    text_width,
    wrapped,
)
from sightline.evaluation.words import dimensions, percent
from sightline.image import Image
from sightline.ops import to_depth8, to_rgb

__all__ = ["Caption", "caption_of", "class_sheet", "enlarged", "fitted", "place", "png", "steps", "tiles"]

LEAST, MOST = 112, 320  # the longest side of a shown picture, in pixels
ROWS = 100  # classes on a sheet


class Caption(NamedTuple):
    """What stands under a tile; `right` None where there is nothing to be right about."""

    head: str
    detail: str
    right: bool | None = None

    @property
    def sign(self) -> str:
        """The mark that says in words of one letter what the colour says."""
        return {True: "✓", False: "✗", None: ""}[self.right]


def caption_of(evaluation: Evaluation, index: int) -> Caption:
    """The caption of an evaluated picture: "Shirt → T-shirt/top, 97 %" for a mistake, "Shirt, 97 %" when right."""
    true, predicted = (evaluation.classes[int(labels[index])] for labels in (evaluation.labels, evaluation.predictions))
    right = bool(evaluation.correct[index])
    what = predicted if right else f"{true} → {predicted}"
    sure = float(evaluation.confidence[index])
    return Caption(f"{what}, {percent(sure, 0 if sure < 0.99 else 1)}", evaluation.names[index], right)


def enlarged(image: Image, least: int = LEAST, most: int = MOST) -> Image:
    """The picture as uint8 with its longest side about `least` pixels or more, each pixel a square of whole pixels.

    One larger than `most` is made smaller instead; transparency is laid on white.
    """
    flat = to_depth8(image if image.ndim == 2 else to_rgb(image))
    side = max(flat.shape[:2])
    if side > most:
        width, height = (max(1, round(n * most / side)) for n in (flat.shape[1], flat.shape[0]))
        return cv2.resize(flat, (width, height), interpolation=cv2.INTER_AREA)
    factor = -(-least // side)
    if factor == 2 and 3 * side * factor > 4 * least:
        factor = 1  # better a little too small than twice as large as its neighbours
    return flat.repeat(factor, axis=0).repeat(factor, axis=1)


def fitted(image: Image, side: int) -> Image:
    """The picture as uint8, no larger than `side`: enlarged by a whole factor, or made smaller where none fits."""
    flat = enlarged(image, least=1, most=side)
    factor = max(1, side // max(flat.shape[:2]))
    return flat.repeat(factor, axis=0).repeat(factor, axis=1)


def png(image: Image) -> bytes:
    """A uint8 picture, `(H, W)` or `(H, W, 3)`, as the bytes of a PNG file."""
    from PIL import Image as Pillow

    buffer = io.BytesIO()
    Pillow.fromarray(image).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


@rendering()
def tiles(pictures: Sequence[Image], captions: Sequence[Caption], title: str, *, columns: int = 6) -> Figure:
    """Pictures in rows, each enlarged and with its caption; right ones marked ✓, wrong ones ✗."""
    large = [enlarged(picture, most=LEAST + 32) for picture in pictures]
    width = max([picture.shape[1] for picture in large] + [136])
    height = max([picture.shape[0] for picture in large], default=0)
    heads = [wrapped(f"{caption.sign} {caption.head}".strip(), width, size=11.5) for caption in captions]
    row = height + 15 * max([len(head) for head in heads], default=0) + 34
    sheet = Sheet(columns * (width + 16) - 16, 44 + row * -(-len(large) // columns))
    sheet.heading(title)
    for number, (picture, caption, head) in enumerate(zip(large, captions, heads, strict=True)):
        x, y = number % columns * (width + 16), 40 + number // columns * row
        place(sheet, x, y, picture)
        color = {True: GREEN_TEXT, False: VERMILLION_TEXT, None: INK}[caption.right]
        for line_number, line in enumerate(head):
            sheet.text(x, y + height + 17 + 15 * line_number, shortened(line, width, size=11.5), size=11.5, color=color)
        sheet.text(x, y + height + 17 + 15 * len(head), shortened(caption.detail, width, size=10.5), size=10.5, color=MUTED)
    return sheet.figure


@rendering()
def steps(traces: Sequence[Trace]) -> Figure:
    """What the model sees: a row for each picture, from left to right what each step of the pipeline gave."""
    cell, gap = 160, 34
    large = [[enlarged(image, most=cell) for _, image in results] for _, results in traces]
    columns = max(map(len, large), default=0)
    widths = [max([row[i].shape[1] for row in large if i < len(row)] + [LEAST]) for i in range(columns)]
    sheet = Sheet(max(sum(widths) + gap * (columns - 1), 300), 44 + len(traces) * (cell + 56))
    sheet.heading("What the model sees")
    for row, (name, results) in enumerate(traces):
        y = 40 + row * (cell + 56)
        for column, (step, image) in enumerate(results):
            x = sum(widths[:column]) + gap * column
            picture = large[row][column]
            place(sheet, x, y + 14, picture)
            note = dimensions(image) if column else f"{name}, {dimensions(image)}"
            sheet.text(x, y + 6, shortened(step, widths[column] + gap, size=11.5), size=11.5)
            sheet.text(x, y + picture.shape[0] + 30, shortened(note, widths[column] + gap, size=10.5), size=10.5, color=MUTED)
            if column:
                sheet.text(x - gap / 2, y + 14 + cell / 2, "→", size=14, color=MUTED, ha="center", va="center_baseline")
    return sheet.figure


@rendering()
def class_sheet(dataset: Dataset, *, each: int = 8, seed: int = 0) -> Figure:
    """A row of up to `each` training pictures for every class, drawn by `seed`; of more than 100 classes the first 100."""
    split, classes = dataset.train, dataset.classes[:ROWS]
    least = LEAST if len(classes) <= 20 else LEAST // 2
    gap, random = 8, np.random.default_rng(seed)
    left = max(text_width(name, 12) for name in classes) + 14
    title = f"{dataset.facts.get('title') or dataset.name}: {len(split):,} training pictures of {len(dataset.classes):,} classes"
    first = f"; the first {ROWS} classes" if len(dataset.classes) > ROWS else ""
    width = left + each * (least + gap) - gap
    note = f"up to {each} of each class, drawn with seed {seed}{first}"
    top = heading_height(title, note, width) + 14
    sheet = Sheet(width, top + len(classes) * (least + gap) - gap)
    sheet.heading(title, note)
    for row, name in enumerate(classes):
        y, of_class = top + row * (least + gap), np.flatnonzero(split.labels == row)
        sheet.text(left - 14, y + least / 2, name, ha="right", va="center_baseline")
        shown = list(islice(_readable(split, random.permutation(of_class)), each))
        for column, picture in enumerate(shown):
            place(sheet, left + column * (least + gap), y, fitted(picture, least))
        if not shown:
            sheet.text(left, y + least / 2, "no pictures", size=11, color=MUTED, va="center_baseline")
    return sheet.figure


def _readable(split: Split, indices: NDArray[np.intp]) -> Iterator[Image]:
    """The pictures of a split that can be read; the others are what `data check` names."""
    for index in indices:
        with suppress(ImageError):
            yield split.read(int(index))


def place(sheet: Sheet, x: float, y: float, picture: Image) -> None:
    """Put a picture on the sheet, one of its pixels on one of the sheet's, with a hairline about it."""
    height, width = picture.shape[:2]
    shown = AxesImage(sheet.canvas, interpolation="none", extent=(x, x + width, y + height, y))
    shown.set_data(picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2))
    sheet.canvas.add_image(shown)
    sheet.canvas.add_artist(Rectangle((x, y), width, height, fill=False, edgecolor=GRID, linewidth=1))
