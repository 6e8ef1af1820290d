"""Shrink on load: a JPEG is decoded at a half, quarter or eighth when the pipeline begins by cropping and shrinking.

The decoder leaves out the high frequencies of each block, which shrinking by area would average away: it is several times
faster and needs a fraction of the memory. On photos the result differs by one to two levels of 255 on average, as it is
averaged twice; by a quarter of one where the factors divide (held by a test).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from sightline.image import Header, Image
from sightline.image.header import SIDEWAYS
from sightline.image.reading import decode_reduced
from sightline.ops.geometry import averaged_size, crop_box
from sightline.pipeline import Pipeline, Step

__all__ = ["Plan", "decode_shrunk", "plan_shrink"]

FACTORS = (8, 4, 2)
AMPLE = 1.4  # how much larger than the result the reduced crop must be: below, averaging twice blurs visibly


@dataclass(frozen=True)
class Plan:
    """Decode at 1/`factor`, take `box` (x, y, width, height in full pixels), make it `size`, go on with step `rest`."""

    factor: int
    box: tuple[int, int, int, int]
    size: tuple[int, int]
    rest: int


def plan_shrink(pipeline: Pipeline, width: int, height: int) -> Plan | None:
    """How to read an upright picture of this size for a plain pipeline; None where it must be decoded whole.

    The largest factor is taken at which the reduced crop is still amply larger than what the pipeline makes of it, or just that.
    """
    steps = [step for step in pipeline.steps if isinstance(step, Step)]
    box, rest = (0, 0, width, height), 0
    if steps and (cropped := crop_box(steps[0].op, steps[0].parameters, width, height)) is not None:
        box, rest = cropped, 1
    if rest == len(steps) or not (box[0] >= 0 and box[1] >= 0 and box[0] + box[2] <= width and box[1] + box[3] <= height):
        return None  # nothing to gain, or an error that the step itself says best
    size = averaged_size(steps[rest].op, steps[rest].parameters, box[2], box[3])
    if size is None:
        return None
    factor = next((factor for factor in FACTORS if _suits(factor, box, size)), None)
    return None if factor is None else Plan(factor, box, size, rest + 1)


def _suits(factor: int, box: tuple[int, int, int, int], size: tuple[int, int]) -> bool:
    if (box[2], box[3]) == (factor * size[0], factor * size[1]) and box[0] % factor == box[1] % factor == 0:
        return True
    return box[2] >= AMPLE * factor * size[0] and box[3] >= AMPLE * factor * size[1]


def decode_shrunk(data: bytes, name: str, header: Header, pipeline: Pipeline, max_pixels: int) -> tuple[Image | None, int]:
    """The picture as it is after the first steps of a plain pipeline, and their number; None and 0 where nothing is gained."""
    if header.format != "JPEG" or header.mode not in {"L", "RGB"}:
        return None, 0
    sideways = header.orientation in SIDEWAYS
    sides = (header.height, header.width) if sideways else (header.width, header.height)
    plan = plan_shrink(pipeline, *sides)
    if plan is None:
        return None, 0
    reduced = decode_reduced(data, name, plan.factor, gray=header.mode == "L", max_pixels=max_pixels)
    return _take(reduced, plan), plan.rest


def _take(reduced: Image, plan: Plan) -> Image:
    """Cut the box out of the reduced picture and bring it to its size.

    Where the box does not fall on whole reduced pixels it is moved by the missing fraction, so that nothing is displaced.
    """
    x, y, width, height = (side / plan.factor for side in plan.box)
    columns, rows = max(1, round(width)), max(1, round(height))
    if (x, y, width, height) == (int(x), int(y), columns, rows):
        part = reduced[int(y) : int(y) + rows, int(x) : int(x) + columns]
    else:
        scale_x, scale_y = width / columns, height / rows
        # centres of pixels lie at halves: pixel i of the part is at x + (i + 0.5) * scale - 0.5 of the reduced picture
        matrix = np.array([[scale_x, 0, x + scale_x / 2 - 0.5], [0, scale_y, y + scale_y / 2 - 0.5]])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        part = cv2.warpAffine(reduced, matrix, (columns, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(part) if plan.size == (columns, rows) else cv2.resize(part, plan.size, interpolation=cv2.INTER_AREA)
