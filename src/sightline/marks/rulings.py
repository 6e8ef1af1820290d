"""Ruled lines, grids and frames: taken out of the ink, without what crosses them."""

from __future__ import annotations

from math import ceil, cos, radians, sin
from typing import Any

import cv2
import numpy as np

from sightline.image import Image
from sightline.marks.ink import components

__all__ = ["without_rulings"]

ANGLES = range(-12, 13, 3)  # degrees that a line may lie off the level or the upright
LARGE = 1.5  # parts longer than that many lengths may hold lines: single marks are left in peace
ROUGH = 4  # px that a line's edge may waver


def without_rulings(mask: Image, length: float) -> Image:
    """The mask without straight lines longer than `length` pixels that are about level or upright.

    Strokes that cross a line stay whole: only pixels are taken where the ink is no thicker, across the line, than the line is.
    """
    labels, boxes = components(mask)
    large = (boxes[:, 2:4].max(axis=1) > LARGE * length).astype(np.uint8)
    large[0] = 0
    ruled: Image = large[labels]
    if not ruled.any():
        return mask
    level, upright = _straight(ruled, length, 0), _straight(ruled, length, 90)
    lines = level & upright
    lines |= _without_crossings(level, ruled & ~upright, across=True)
    lines |= _without_crossings(upright, ruled & ~level, across=False)
    return mask & ~lines


def _straight(mask: Image, length: float, direction: int) -> Image:
    """Pixels on straight lines of about `direction`; looked for at half the size, which is four times as fast."""
    size = (mask.shape[1] + 1) // 2, (mask.shape[0] + 1) // 2
    half = (cv2.resize(mask * 255, size, interpolation=cv2.INTER_AREA) > 60).astype(np.uint8)  # a quarter of a pixel counts
    found: Any = np.zeros_like(half)
    for angle in ANGLES:
        found = cv2.bitwise_or(found, cv2.morphologyEx(half, cv2.MORPH_OPEN, _segment(length / 2, direction + angle)))
    whole = cv2.resize(found, mask.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return cv2.bitwise_and(cv2.dilate(whole, np.ones((3, 3), np.uint8)), mask)


def _segment(length: float, angle: float) -> Image:
    """A line one pixel thick as a structuring element."""
    x, y = round(cos(radians(angle)) * length / 2), round(sin(radians(angle)) * length / 2)
    kernel: Image = np.zeros((2 * abs(y) + 1, 2 * abs(x) + 1), np.uint8)
    return cv2.line(kernel, (abs(x) - x, abs(y) - y), (abs(x) + x, abs(y) + y), 1)


def _without_crossings(lines: Image, ink: Image, *, across: bool) -> Image:
    """The lines without the pixels through which a stroke runs crosswise, further than the line is thick."""
    labels, boxes = components(lines)
    thickness = np.ceil(boxes[:, 4] / np.maximum(1, boxes[:, 2 if across else 3])).astype(int)
    bare = np.zeros_like(lines)
    for thick in np.unique(thickness[1:]):
        run = ceil(thick) + ROUGH + 1
        strokes: Image = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((run, 1) if across else (1, run), np.uint8))
        own = thickness == thick
        own[0] = False
        bare |= own.astype(np.uint8)[labels] & ~strokes
    return bare & lines
