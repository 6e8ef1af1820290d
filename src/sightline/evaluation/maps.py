"""Explanations drawn: the map in viridis over the picture, with its scale."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import matplotlib
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sightline.evaluation.explanation import Explanation, Method
from sightline.evaluation.pictures import enlarged, place
from sightline.evaluation.style import MUTED, Sheet, heading_height, rendering, shortened
from sightline.evaluation.words import dimensions, percent, points
from sightline.image import Image

__all__ = ["MOST_ROWS", "explanation_sheet", "most_lost", "tinted", "top_of"]

FLOOR = 0.05
SHARE = 0.78  # of the map's colour; the rest is the picture's lightness, so that both are seen
LEAST, MOST = 168, 320
GAP, BAR = 30, 8
MOST_ROWS = 100  # of a sheet: a longer one is more than programs show

NOTES: dict[Method, str] = {
    "grad-cam": "yellow: where the last convolution speaks most for the label (Grad-CAM), as a part of the largest value",
    "occlusion": "yellow: where covering costs the label most of its probability (occlusion), in points",
}


def top_of(found: NDArray[np.float32]) -> float:
    """The value that the last of the colours stands for; the first stands for 0 and what is less.

    At least 5 points: where covering makes next to no difference nothing shall shine.
    """
    return max(FLOOR, float(found.max()))


def tinted(picture: Image, found: NDArray[np.float32]) -> Image:
    """A map `(H, W)` in viridis, from 0 to `top_of`, over a picture of its size: uint8 `(H, W, 3)`."""
    colors = matplotlib.colormaps["viridis"](np.clip(found / top_of(found), 0, 1))[..., :3]
    light = (picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))[..., None] / 255
    return np.asarray(np.rint(255 * (SHARE * colors + (1 - SHARE) * light)), np.uint8)


def most_lost(found: NDArray[np.float32]) -> str:
    """What covering the worst place costs, as a tile says it."""
    return f"covered: {points(-max(0.0, float(found.max())))} points"


@rendering()
def explanation_sheet(rows: Sequence[Sequence[Explanation]]) -> Figure:
    """A row for each picture: as the model saw it, then a map for each label that is explained."""
    notes = "; ".join(NOTES[method] for method in NOTES if any(one.method == method for row in rows for one in row))
    cells = [[enlarged(row[0].picture, LEAST, MOST), *(_large_map(one) for one in row)] for row in rows]
    columns = max(map(len, cells))
    wide = max(cell.shape[1] for row in cells for cell in row)
    width = columns * (wide + GAP) - GAP
    heights = [row[0].shape[0] + 66 for row in cells]
    title = "What the answer rests on"
    top = heading_height(title, notes, width) + 12
    sheet = Sheet(width, top + sum(heights) - 10)
    sheet.heading(title, notes)
    for row, found, height in zip(cells, rows, heights, strict=True):
        tall = row[0].shape[0]
        for column, picture in enumerate(row):
            x = column * (wide + GAP)
            place(sheet, x, top, picture)
            if column:
                _describe_map(sheet, x, top + tall, wide, found[column - 1])
            else:
                name = found[0].source or "picture"
                sheet.text(x, top + tall + 17, shortened(name, wide, size=12), size=12)
                sheet.text(x, top + tall + 33, f"the network's input, {dimensions(found[0].picture)}", size=11, color=MUTED)
        top += height
    return sheet.figure


def _large_map(one: Explanation) -> Image:
    return enlarged(tinted(one.picture, one.map), LEAST, MOST)


def _describe_map(sheet: Sheet, x: float, y: float, wide: float, one: Explanation) -> None:
    """Label and probability below a map, and its colours with the values they stand for."""
    sure = percent(one.probability, 0 if 0.1 <= one.probability < 0.99 else 1)
    text = f"{one.answer}, {sure}" + ("" if one.label == one.predicted else " (asked for)")
    sheet.text(x, y + 17, shortened(text, wide, size=12), size=12)
    axes = sheet.axes(x, y + 24, wide, BAR)
    axes.imshow(np.linspace(0, 1, 256)[None], aspect="auto", cmap="viridis", interpolation="none")
    axes.set(xticks=[], yticks=[])
    less = "0 or gained" if one.map.min() < -0.005 else "0"
    left, right = ("0", "1") if one.method == "grad-cam" else (less, f"{points(top_of(one.map))} points lost")
    sheet.text(x, y + 24 + BAR + 13, left, size=10.5, color=MUTED)
    sheet.text(x + wide, y + 24 + BAR + 13, right, size=10.5, color=MUTED, ha="right")
