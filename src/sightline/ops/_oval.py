"""Circles, ellipses and parts of them, smooth all around: every pixel is covered by how far its middle lies within the edge.

OpenCV's own are polygons of antialiased lines, with flat sides, notches where two lines meet, and no symmetry.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from math import ceil, cos, floor, hypot, radians, sin
from typing import NamedTuple

import cv2
import numpy as np

from sightline.image import Image
from sightline.ops._brush import contour_of, fill_contours

__all__ = ["Oval", "draw_oval"]

TILE = 256  # px; so that no picture is too large, and what lies in a tile can be kept for the next shape of the same form


class Oval(NamedTuple):
    """An ellipse by its half axes in px, or from the angle `start` a part of it, `span` degrees counter-clockwise.

    With a `thickness` it is the line around it, half on either side; with 0 all that lies within, and half a pixel beyond, as
    the middle of a pixel is what the half axes reach.
    """

    width: float
    height: float
    angle: float = 0
    start: float = 0
    span: float = 360
    thickness: int = 0

    @property
    def outer(self) -> tuple[float, float]:
        """Half axes of the outer edge."""
        half = (self.thickness or 1) / 2
        return self.width + half, self.height + half

    @property
    def inner(self) -> tuple[float, float] | None:
        """Half axes of the hole, if there is one."""
        half = self.thickness / 2
        return (self.width - half, self.height - half) if 0 < half < min(self.width, self.height) else None

    @property
    def reach(self) -> tuple[int, int]:
        """How far from its middle there may be something of it: across and down."""
        (wide, high), along, across = self.outer, cos(radians(self.angle)), sin(radians(self.angle))
        return ceil(hypot(wide * along, high * across)) + 1, ceil(hypot(wide * across, high * along)) + 1


def draw_oval(canvas: Image, x: float, y: float, oval: Oval, value: tuple[float, ...]) -> None:
    """Lay an oval around `x`, `y` on a contiguous uint8 picture, gray or RGB."""
    rows, columns = canvas.shape[:2]
    across, down = oval.reach
    lefts = range(max(floor(x) - across, 0), min(ceil(x) + across + 1, columns), TILE)
    tops = range(max(floor(y) - down, 0), min(ceil(y) + down + 1, rows), TILE)
    for top, left in product(tops, lefts):
        width, height = min(TILE, lefts.stop - left), min(TILE, tops.stop - top)
        if _beyond(oval, left - x, top - y, width, height):
            continue
        whole, places, cover, rest = _tile(oval, left - x, top - y, width, height, columns)
        if whole is not None:
            cv2.copyTo(_plain(width, height, value), whole, canvas[top : top + height, left : left + width])
        if len(places):
            pixels = canvas.reshape(-1) if canvas.ndim == 2 else canvas.reshape(-1, 3).view("V3")[:, 0]  # three bytes as one
            places = places + (top * columns + left)
            below = pixels.take(places).view(np.uint8).reshape(1, len(places), *canvas.shape[2:])
            mixed = cv2.blendLinear(_plain(len(places), 1, value), below, cover, rest)
            pixels[places] = mixed.reshape(-1).view(pixels.dtype)


def _plain(width: int, height: int, value: tuple[float, ...]) -> Image:
    """A picture of one colour, by far the fastest way."""
    pixel = np.array(value, np.uint8).reshape((1, 1, 3) if len(value) == 3 else (1, 1))
    return cv2.copyMakeBorder(pixel, 0, height - 1, 0, width - 1, cv2.BORDER_CONSTANT, value=value)


def _beyond(oval: Oval, left: float, top: float, width: int, height: int) -> bool:
    """Whether nothing of it can be in a tile: the tile lies outside, or in the hole.

    The level of a place, 1 on the edge, is a norm: at no place of the tile it differs from that in the middle by more than the
    level of half a diagonal.
    """
    if max(oval.reach) <= TILE // 2:
        return False
    middle, half = (left + width / 2, top + height / 2), (width / 2 + 2, height / 2 + 2)  # 2 px: what is smooth at the edges

    def levels(axes: tuple[float, float]) -> tuple[float, float]:
        here, one, other = (_level(oval, axes, x, y) for x, y in (middle, half, (half[0], -half[1])))
        return here, max(one, other)

    here, around = levels(oval.outer)
    if here - around > 1 or oval.inner is None:
        return here - around > 1
    here, around = levels(oval.inner)
    return here + around < 1


def _level(oval: Oval, axes: tuple[float, float], x: float, y: float) -> float:
    along, across = cos(radians(oval.angle)), sin(radians(oval.angle))
    return hypot((x * along - y * across) / axes[0], (x * across + y * along) / axes[1])


@lru_cache(maxsize=128)
def _tile(oval: Oval, left: float, top: float, width: int, height: int, columns: int) -> tuple[Image | None, Image, Image, Image]:
    """The tile whose first pixel is `left`, `top` from the middle of an oval, in a picture of so many `columns`.

    A mask of the pixels that it covers wholly if they are many, else None; the places of the others that it covers, counted row
    by row from the first one of the tile; and how much of each it covers and leaves, float32 `(1, N)`.
    """
    x, y = left + np.arange(width, dtype=np.float32), (top + np.arange(height, dtype=np.float32))[:, None]
    within = _within(oval, oval.outer, x, y)
    if oval.inner is not None:
        within = np.minimum(within, -_within(oval, oval.inner, x, y))
    cover = np.clip(within + np.float32(0.5), 0, 1)
    if oval.span != 360:
        cover *= _sector(oval, left, top, width, height) / np.float32(255)
    whole = cv2.inRange(cover, 1, 1)
    many = 8 * cv2.countNonZero(whole) > whole.size
    places = np.flatnonzero((cover > 0) & (cover < 1) if many else cover > 0)
    share = cover.reshape(-1)[places][None]
    rows, across = np.divmod(places, width)
    return whole if many else None, rows * columns + across, share, 1 - share


def _within(oval: Oval, axes: tuple[float, float], x: Image, y: Image) -> Image:
    """How far places lie within an ellipse, in px.

    The distance is (1 - f) f / |f'|, where f grows from 0 in the middle to 1 on the edge: exact for a circle.
    """
    wide, high = ((half**2 - 1 / 12) ** 0.5 for half in axes)  # the slope of the edge adds pi/12 px²
    if wide == high:
        distance: Image = np.float32(wide) - np.sqrt(x * x + y * y)
        return distance
    turn = radians(oval.angle)
    along, across = x * np.float32(cos(turn)) - y * np.float32(sin(turn)), x * np.float32(sin(turn)) + y * np.float32(cos(turn))
    along, across = along / np.float32(wide), across / np.float32(high)
    level = cv2.magnitude(along, across)
    slope = cv2.magnitude(along / np.float32(wide), across / np.float32(high))
    within: Image = np.divide((1 - level) * level, slope, out=np.full_like(level, min(wide, high)), where=slope > 0)
    return within


def _sector(oval: Oval, left: float, top: float, width: int, height: int) -> Image:
    """What of a tile belongs to a part of an oval, uint8: cut off straight where the part starts and ends."""
    turns = np.radians(np.linspace(oval.start, oval.start + oval.span, max(4, ceil(7 * max(oval.outer) ** 0.5))))
    arc = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    axes, spare = np.array((oval.width, oval.height)), oval.thickness / 2 + 2  # beyond its edges: those are drawn already
    if oval.thickness:
        corners = np.vstack([arc * (axes + spare), arc[::-1] * np.maximum(axes - spare, 0)])
    else:
        corners = np.vstack([arc * axes * (1 + spare / min(axes)), (0, 0)])
    along, across = cos(radians(oval.angle)), sin(radians(oval.angle))
    turned = corners @ np.array([(along, -across), (-across, -along)]) - (left, top)
    sector = np.zeros((height, width), np.uint8)
    fill_contours(sector, contour_of(turned, sector), (255,))
    return sector
