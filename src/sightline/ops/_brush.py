"""How shapes come onto pictures of every kind, and strokes of the thickness that was asked for.

OpenCV draws antialiased lines that are one to two pixels thicker than asked for (5.4 px for 3). So every stroke here is the
filled outline of itself, half a pixel inside, because its antialiased fill grows by half a pixel; thin ones it draws itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import ceil, hypot

import cv2
import numpy as np

from sightline.image import Image
from sightline.ops._pixels import color_of, composite, own_opacity
from sightline.ops._types import Color, Point

__all__ = [
    "Brush",
    "contour_of",
    "cut_polygon",
    "fill_contours",
    "paint",
    "plain",
    "rounded_rectangle",
    "segment",
    "stroke",
]

Brush = Callable[[Image, tuple[float, ...]], object]
"""Draws a shape on the picture that it is given, in the values that it is given."""


def paint(image: Image, color: Color, opacity: float, brush: Brush) -> Image:
    """A copy of `image` on which `brush` has laid a checked colour.

    OpenCV antialiases on uint8 gray and RGB only: for the others the shape is drawn as a mask, which `composite` lays on.
    """
    assert isinstance(color, str)
    opacity *= own_opacity(color)
    result = image.copy()
    if opacity == 1 and plain(image):
        brush(result, color_of(color, image))
        return result
    mask = np.zeros(image.shape[:2], np.uint8)
    brush(mask, (255,))
    x, y, width, height = cv2.boundingRect(mask)
    if not width:
        return result
    box = np.s_[y : y + height, x : x + width]
    if plain(image):
        brush(result, color_of(color, image))
        cv2.addWeighted(result[box], opacity, image[box], 1 - opacity, 0, dst=result[box])
    else:
        result[box] = composite(image[box], np.array(color_of(color[:7], image)), mask[box] * np.float32(opacity / 255))
    return result


def plain(image: Image) -> bool:
    return image.dtype == np.uint8 and (image.ndim == 2 or image.shape[2] == 3)


SUBPIXEL = 10  # bits after the point in the places that OpenCV is given: the largest place, a million, still fits
UNIT = 2**SUBPIXEL
FAR = 2**15 - 1  # from here on OpenCV's edges stray by pixels, and it counts all rows that no picture has


def segment(canvas: Image, x1: float, y1: float, x2: float, y2: float, thickness: int, value: tuple[float, ...]) -> None:
    """A straight stroke with blunt ends; upright and level ones cover whole pixels."""
    kind = cv2.LINE_8 if x1 == x2 or y1 == y2 else cv2.LINE_AA
    if thickness == 1:
        ends = (round(x1 * UNIT), round(y1 * UNIT)), (round(x2 * UNIT), round(y2 * UNIT))
        cv2.line(canvas, *ends, value, 1, kind, SUBPIXEL)
    elif length := hypot(x2 - x1, y2 - y1):
        half = (thickness - 1) / 2 / length
        dx, dy = (y1 - y2) * half, (x2 - x1) * half
        corners = [(x1 + dx, y1 + dy), (x2 + dx, y2 + dy), (x2 - dx, y2 - dy), (x1 - dx, y1 - dy)]
        places = np.array([(round(x * UNIT), round(y * UNIT)) for x, y in corners], np.int32)
        cv2.fillConvexPoly(canvas, places, value, kind, SUBPIXEL)
    else:
        _dot(canvas, x1, y1, thickness, value)


def _dot(canvas: Image, x: float, y: float, thickness: int, value: tuple[float, ...]) -> None:
    radius = (thickness - 1) * UNIT // 2
    cv2.circle(canvas, (round(x * UNIT), round(y * UNIT)), radius, value, cv2.FILLED, cv2.LINE_AA, SUBPIXEL)


def stroke(canvas: Image, points: Sequence[Point], closed: bool, thickness: int, value: tuple[float, ...]) -> None:
    """A line through points, with round joints."""
    following = [*points[1:], points[0]] if closed else points[1:]
    for (x1, y1), (x2, y2) in zip(points, following, strict=False):
        segment(canvas, x1, y1, x2, y2, thickness, value)
    if thickness > 2:
        for x, y in points if closed and len(points) > 2 else points[1:-1]:
            _dot(canvas, x, y, thickness, value)


Contours = tuple[list[Image], int]
"""Closed lines as OpenCV takes them: int32 `(N, 2)`, and how many bits of them stand after the point."""


def thin(canvas: Image, contours: Contours, closed: bool, value: tuple[float, ...]) -> None:
    """The contours as lines of one pixel."""
    cv2.polylines(canvas, contours[0], closed, value, 1, cv2.LINE_AA, contours[1])


def fill_contours(canvas: Image, contours: Contours, value: tuple[float, ...]) -> None:
    """What lies between the contours."""
    cv2.fillPoly(canvas, contours[0], value, cv2.LINE_AA, contours[1])


def contour_of(points: Sequence[Point] | Image, canvas: Image) -> Contours:
    """One contour through points, to be filled on `canvas`."""
    corners = np.array(points)
    reach = float(np.abs(corners).max())
    if reach >= FAR:
        corners = cut_polygon(corners, (-2, -2), (canvas.shape[1] + 1, canvas.shape[0] + 1))
        reach = float(np.abs(corners).max(initial=0))
    bits = _bits(reach)
    return [_fixed(corners, bits)] if len(corners) else [], bits


def cut_polygon(corners: Image, least: tuple[float, float], greatest: tuple[float, float]) -> Image:
    """What of a polygon, float `(N, 2)`, lies within a box; there may be nothing (Sutherland and Hodgman 1974).

    Where it leaves the box and comes back, it runs along the edge there and back, which leaves what is inside as it was.
    """
    for axis, limit, side in ((0, least[0], 1), (1, least[1], 1), (0, greatest[0], -1), (1, greatest[1], -1)):
        before = np.roll(corners, 1, axis=0)
        depth, depth_before = ((each[:, axis] - limit) * side for each in (corners, before))
        inside, crossed = depth >= 0, (depth >= 0) != (depth_before >= 0)
        share = np.divide(depth_before, depth_before - depth, out=np.zeros_like(depth), where=crossed)[:, None]
        both = np.stack([before + share * (corners - before), corners], axis=1)  # (N, 2, 2)
        corners = both[np.stack([crossed, inside], axis=1)]
    return corners


def _bits(reach: float) -> int:
    """As many bits as fit: the more, the smoother is the edge."""
    return 16 if reach < FAR else SUBPIXEL


def _fixed(points: Image, bits: int) -> Image:
    fixed: Image = np.rint(points * 2**bits).astype(np.int32)
    return fixed


def _arc(count: int, start: float, span: float) -> Image:
    """Points of the unit circle, `(count, 2)`, y up."""
    turns = np.radians(np.linspace(start, start + span, count))
    return np.stack([np.cos(turns), np.sin(turns)], axis=1)


def rounded_rectangle(canvas: Image, box: tuple[int, int, int, int], corner: int, thickness: int, value: tuple[float, ...]) -> None:
    """A rectangle with round corners, filled for thickness 0; nothing is drawn beyond its edges."""
    x, y, width, height = box
    left, top = max(x, 0), max(y, 0)
    view = canvas[top : max(y + height, 0), left : max(x + width, 0)]
    if not view.size:
        return
    place = np.array((x - left << 16, y - top << 16), np.int32)
    contours = [_round_box(width - 1, height - 1, corner) + place], 16
    if thickness == 1:
        thin(view, contours, True, value)
        return
    if thickness:
        inset = thickness - 1
        contours[0].append(
            _round_box(width - 1 - 2 * inset, height - 1 - 2 * inset, corner - inset) + place + np.int32(inset << 16)
        )
    fill_contours(view, contours, value)


@lru_cache(maxsize=128)
def _round_box(width: int, height: int, corner: int) -> Image:
    """The contour of a rectangle with round corners and its upper left at 0, 0."""
    radius = max(0.0, min(corner, width / 2, height / 2))
    quarter = _arc(max(8, ceil(3 * radius**0.5)), 0, 90) * (radius, -radius)
    corners = [quarter * (across, -down) for across, down in ((1, -1), (-1, -1), (-1, 1), (1, 1))]
    middle = [(width - radius, radius), (radius, radius), (radius, height - radius), (width - radius, height - radius)]
    return _fixed(np.vstack([c[::step] + m for c, m, step in zip(corners, middle, (1, -1, 1, -1), strict=True)]), 16)
