"""Lines, shapes, markers and grids, drawn in exact coverage on pictures of every kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import ceil, cos, floor, hypot, radians, sin, sqrt
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from annotated_types import Interval, Unit
from typing_extensions import Doc

from sightline.errors import ParameterError
from sightline.image import Image
from sightline.ops._op import op
from sightline.ops._pixels import color_of, own_opacity
from sightline.ops._types import Color, Opacity, Pixels, Point, Points, Side
from sightline.ops.overlays import lay

__all__ = ["arrow", "circle", "ellipse", "grid", "line", "marker", "polygon", "rectangle"]

VERMILLION = "#d55e00"  # of the Okabe-Ito palette, which colour-blind people tell apart
SUB = 4  # sub-pixels to a side of a pixel: a smooth edge has 16 steps
BITS = 6  # bits behind the point of a coordinate that OpenCV draws
RIM = 31 / 64  # what OpenCV fills beyond an outline; a little less than half a pixel, so that both sides round alike
BAND = 1 << 18  # pixels drawn at a time, so that their sub-pixels take little memory
SLOPE = 96  # rows of a line drawn at a time: the box around all of it would be mostly empty

Ink = Annotated[Color, Doc("Colour; one with alpha, such as #ff000080, is as transparent as that")]
Thickness = Annotated[int, Interval(ge=1, le=1000), Unit("px"), Doc("Width of the line")]
Antialiased = Annotated[bool, Doc("Smooth edges: a pixel is coloured by the part of it that is covered")]
Fill = Annotated[bool, Doc("Colour the inside instead of the border")]
Turn = Annotated[float, Interval(ge=-720, le=720), Unit("deg")]
MARKERS: dict[str, tuple[tuple[Point, ...], ...]] = {  # strokes in a square from -1 to 1; one that ends where it began is closed
    "plus": (((-1, 0), (1, 0)), ((0, -1), (0, 1))),
    "cross": (((-1, -1), (1, 1)), ((-1, 1), (1, -1))),
    "star": (((-1, 0), (1, 0)), ((0, -1), (0, 1)), ((-0.7, -0.7), (0.7, 0.7)), ((-0.7, 0.7), (0.7, -0.7))),
    "diamond": (((0, -1), (1, 0), (0, 1), (-1, 0), (0, -1)),),
    "square": (((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)),),
    "triangle": (((0, -1), (1, 1), (-1, 1), (0, -1)),),
}


@op(group="draw", example={"x1": 40, "y1": 40, "x2": 220, "y2": 180, "thickness": 5})
def line(
    image: Image,
    *,
    x1: Annotated[Pixels, Doc("Where it begins, from the left")],
    y1: Annotated[Pixels, Doc("Where it begins, from the top")],
    x2: Annotated[Pixels, Doc("Where it ends, from the left")],
    y2: Annotated[Pixels, Doc("Where it ends, from the top")],
    color: Ink = VERMILLION,
    thickness: Thickness = 3,
    opacity: Opacity = 1.0,
    antialiased: Antialiased = True,
) -> Image:
    """Draw a straight line with round ends.

    It goes from the middle of one pixel to that of another; what lies outside of the picture is cut off.

    >>> import numpy as np
    >>> line(np.zeros((3, 5), np.uint8), x1=-9, y1=1, x2=9, y2=1, color="#ffffff80", thickness=1).tolist()
    [[0, 0, 0, 0, 0], [128, 128, 128, 128, 128], [0, 0, 0, 0, 0]]
    """
    ends = ((x1, y1), (x2, y2))

    def reach(first: int, last: int) -> tuple[float, float]:
        if y1 == y2:
            return min(x1, x2), max(x1, x2)
        places = [min(max((y - y1) / (y2 - y1), 0), 1) * (x2 - x1) + x1 for y in (first - thickness, last + thickness)]
        return min(places), max(places)

    return _painted(image, ends, thickness / 2, lambda sheet: sheet.stroke(ends, thickness), color, opacity, antialiased, reach)


@op(group="draw", example={"x1": 190, "y1": 190, "x2": 50, "y2": 50, "thickness": 5, "head": 40})
def arrow(
    image: Image,
    *,
    x1: Annotated[Pixels, Doc("Where it begins, from the left")],
    y1: Annotated[Pixels, Doc("Where it begins, from the top")],
    x2: Annotated[Pixels, Doc("Its tip, from the left")],
    y2: Annotated[Pixels, Doc("Its tip, from the top")],
    head: Annotated[Side, Doc("Length of the two barbs")] = 16,
    color: Ink = VERMILLION,
    thickness: Thickness = 3,
    opacity: Opacity = 1.0,
    antialiased: Antialiased = True,
) -> Image:
    """Draw an arrow: a line with two barbs at its end, each 30° from it.

    >>> import numpy as np
    >>> drawn = arrow(np.zeros((9, 12), np.uint8), x1=0, y1=4, x2=10, y2=4, head=4, color="white", thickness=1, antialiased=False)
    >>> (drawn[:, 7] > 0).tolist()
    [False, False, True, False, True, False, True, False, False]
    """
    length = hypot(x2 - x1, y2 - y1) or 1.0
    back_x, back_y = (x1 - x2) / length * head, (y1 - y2) / length * head
    barbs = [
        (x2 + back_x * cos(turn) - back_y * sin(turn), y2 + back_x * sin(turn) + back_y * cos(turn))
        for turn in (radians(30), radians(-30))
    ]
    tip = (x2, y2)

    def draw(sheet: _Sheet) -> None:
        sheet.stroke(((x1, y1), tip), thickness)
        sheet.stroke((barbs[0], tip, barbs[1]), thickness)

    return _painted(image, ((x1, y1), tip, *barbs), thickness / 2, draw, color, opacity, antialiased)


@op(group="draw", example={"x": 30, "y": 40, "width": 190, "height": 140, "radius": 24, "thickness": 6})
def rectangle(
    image: Image,
    *,
    x: Annotated[Pixels, Doc("Left edge")],
    y: Annotated[Pixels, Doc("Top edge")],
    width: Annotated[Side, Doc("Width, the border included")],
    height: Annotated[Side, Doc("Height, the border included")],
    radius: Annotated[int, Interval(ge=0, le=16384), Unit("px"), Doc("Radius of the corners, at most half of a side")] = 0,
    fill: Fill = False,
    color: Ink = VERMILLION,
    thickness: Thickness = 3,
    opacity: Opacity = 1.0,
    antialiased: Antialiased = True,
) -> Image:
    """Draw a rectangle of exactly `width` x `height` pixels; its border lies within.

    >>> import numpy as np
    >>> rectangle(np.zeros((4, 6), np.uint8), x=1, y=0, width=4, height=4, thickness=1, color="white").tolist()
    [[0, 255, 255, 255, 255, 0], [0, 255, 0, 0, 255, 0], [0, 255, 0, 0, 255, 0], [0, 255, 255, 255, 255, 0]]
    """
    rounding = min(radius, width / 2, height / 2)
    hollow = not fill and 2 * thickness < min(width, height)

    def draw(sheet: _Sheet) -> None:
        rim = 0.5 / sheet.scale
        contours = [_rounded(x - 0.5 + rim, y - 0.5 + rim, width - 2 * rim, height - 2 * rim, rounding - rim)]
        if hollow:
            inset = thickness - 0.5 - rim
            sides = width - 2 * (thickness - rim), height - 2 * (thickness - rim)
            contours.append(_rounded(x + inset, y + inset, *sides, rounding - thickness + rim))
        sheet.fill(*contours)

    corners = ((x, y), (x + width - 1, y + height - 1))
    return _painted(image, corners, 0.5, draw, color, opacity, antialiased and radius > 0)


@op(group="draw", example={"x": 120, "y": 110, "radius": 90, "thickness": 6})
def circle(
    image: Image,
    *,
    x: Annotated[Pixels, Doc("Centre, from the left")],
    y: Annotated[Pixels, Doc("Centre, from the top")],
    radius: Annotated[Side, Doc("Radius; to the middle of the border")],
    fill: Fill = False,
    color: Ink = VERMILLION,
    thickness: Thickness = 3,
    opacity: Opacity = 1.0,
    antialiased: Antialiased = True,
) -> Image:
    """Draw a circle around the middle of a pixel.

    >>> import numpy as np
    >>> disk = circle(np.zeros((41, 41), np.float32), x=20, y=20, radius=15, fill=True, color="white")
    >>> round(float(disk.sum()) / 15**2, 1)
    3.1
    """
    return _arc(image, (x, y), (radius, radius), (0, 0, 360), fill, color, thickness, opacity, antialiased)


@op(group="draw", example={"x": 90, "y": 90, "axis_x": 80, "axis_y": 50, "angle": 45.0, "end": 300.0, "thickness": 6})
def ellipse(
    image: Image,
    *,
    x: Annotated[Pixels, Doc("Centre, from the left")],
    y: Annotated[Pixels, Doc("Centre, from the top")],
    axis_x: Annotated[Side, Doc("Half of its width before it is turned")],
    axis_y: Annotated[Side, Doc("Half of its height before it is turned")],
    angle: Annotated[Turn, Doc("How far it is turned, counter-clockwise")] = 0.0,
    start: Annotated[Turn, Doc("Where the arc begins, counter-clockwise from its right end")] = 0.0,
    end: Annotated[Turn, Doc("Where the arc ends, likewise; 360 more than start is the whole ellipse")] = 360.0,
    fill: Annotated[bool, Doc("Colour the inside instead of the border; of an arc the sector")] = False,
    color: Ink = VERMILLION,
    thickness: Thickness = 3,
    opacity: Opacity = 1.0,
    antialiased: Antialiased = True,
) -> Image:
    """Draw an ellipse or an arc of one, around the middle of a pixel.

    `start` and `end` are the angles of the ellipse's usual equation, (a cos t, b sin t): those seen on the circle from which it
    is stretched.

    >>> import numpy as np
    >>> sector = ellipse(np.zeros((41, 41), np.float32), x=20, y=20, axis_x=18, axis_y=9, end=90, fill=True, color="white")
    >>> bool(sector[15, 25] == 1), bool(sector[25, 25] == 0), bool(sector[15, 15] == 0)
    (True, True, True)
    """
    turns = angle, min(start, end), min(max(start, end), min(start, end) + 360)
    return _arc(image, (x, y), (axis_x, axis_y), turns, fill, color, thickness, opacity, antialiased)


@op(group="draw", example={"points": [[60, 30], [220, 60], [180, 210], [70, 200], [20, 100]], "fill": True, "opacity": 0.6})
def polygon(
    image: Image,
    *,
    points: Annotated[Points, Doc("Its corners, in order")],
    closed: Annotated[bool, Doc("Draw the side from the last corner to the first too")] = True,
    fill: Annotated[bool, Doc("Colour the inside instead of the border; what is surrounded twice is outside")] = False,
    color: Ink = VERMILLION,
    thickness: Thickness = 3,
    opacity: Opacity = 1.0,
    antialiased: Antialiased = True,
) -> Image:
    """Draw a polygon, or a line through many points.

    Whole numbers are the middles of pixels; parts of pixels count.

    >>> import numpy as np
    >>> area = polygon(np.zeros((24, 24), np.float32), points="2,2 22,2 2,22", fill=True, color="white").sum()
    >>> round(float(area) / 100)
    2
    """
    assert isinstance(points, tuple)
    if len(points) < (least := 3 if fill else 1):
        raise ParameterError("too few points for polygon", expected=f"at least {least} points", received=f"{len(points)} points")

    def draw(sheet: _Sheet) -> None:
        if fill:
            sheet.fill(np.array(points))
        else:
            sheet.stroke((*points, points[0]) if closed and len(points) > 2 else points, thickness)

    return _painted(image, points, 1 if fill else thickness / 2, draw, color, opacity, antialiased)


@op(group="draw", example={"x": 80, "y": 80, "kind": "star", "size": 100, "thickness": 6})
def marker(
    image: Image,
    *,
    x: Annotated[Pixels, Doc("Its middle, from the left")],
    y: Annotated[Pixels, Doc("Its middle, from the top")],
    kind: Annotated[Literal["cross", "plus", "star", "diamond", "square", "triangle"], Doc("Its shape")] = "cross",
    size: Annotated[Side, Doc("Its width and height, between the middles of the lines")] = 20,
    color: Ink = VERMILLION,
    thickness: Thickness = 3,
    opacity: Opacity = 1.0,
    antialiased: Antialiased = True,
) -> Image:
    """Mark a place with a small sign.

    >>> import numpy as np
    >>> marker(np.zeros((3, 3), np.uint8), x=1, y=1, kind="plus", size=2, thickness=1, color="white", antialiased=False).tolist()
    [[0, 255, 0], [255, 255, 255], [0, 255, 0]]
    """
    half = size / 2
    strokes = [[(x + dx * half, y + dy * half) for dx, dy in stroke] for stroke in MARKERS[kind]]

    def draw(sheet: _Sheet) -> None:
        for stroke in strokes:
            sheet.stroke(stroke, thickness)

    corners = ((x - half, y - half), (x + half, y + half))
    return _painted(image, corners, thickness / 2, draw, color, opacity, antialiased)


@op(group="draw", example={"spacing": 32})
def grid(
    image: Image,
    *,
    spacing: Annotated[Side, Doc("From one line to the next; the first ones are at 0")] = 32,
    color: Ink = VERMILLION,
    thickness: Thickness = 1,
    opacity: Opacity = 1.0,
) -> Image:
    """Draw a grid of level and upright lines over the whole picture.

    >>> import numpy as np
    >>> grid(np.zeros((4, 5), np.uint8), spacing=3, color="white").tolist()
    [[255, 255, 255, 255, 255], [255, 0, 0, 255, 0], [255, 0, 0, 255, 0], [255, 255, 255, 255, 255]]
    """
    rows, columns = image.shape[:2]
    before = (thickness - 1) // 2
    on_row, on_column = ((np.arange(length) + before) % spacing < thickness for length in (rows, columns))
    result = image.copy()
    cover = np.zeros((rows, columns), np.uint8)
    cover[on_row] = 255
    cover[:, on_column] = 255
    lay(result, cover, color_of(color, image), opacity * own_opacity(color))
    return result


@dataclass(frozen=True)
class _Sheet:
    """What shapes are drawn on: pixels `(H, W)` or more channels, and what is written there.

    Its first pixel is `left`, `top` of the picture; each pixel of the picture is `scale` x `scale` of its own.
    """

    pixels: Image
    value: Sequence[float]
    left: int = 0
    top: int = 0
    scale: int = 1

    def fixed(self, points: Any) -> Image:
        """Places in the picture as OpenCV's places on the sheet, with `BITS` behind the point."""
        places = np.asarray(points, np.float64) - (self.left - 0.5, self.top - 0.5)
        return np.rint((places * self.scale - 0.5) * (1 << BITS)).astype(np.int32)

    def fill(self, *contours: Image) -> None:
        """Fill what an odd number of contours surrounds."""
        cv2.fillPoly(self.pixels, [self.fixed(contour) for contour in contours], self.value, cv2.LINE_8, BITS)

    def stroke(self, points: Sequence[Point], thickness: int) -> None:
        """A line through the points, round at every one."""
        unit = self.scale << BITS
        places = [
            (((x - self.left + 0.5) * self.scale - 0.5) * (1 << BITS), ((y - self.top + 0.5) * self.scale - 0.5) * (1 << BITS))
            for x, y in points
        ]
        for (x1, y1), (x2, y2) in pairwise(places):
            length = hypot(x2 - x1, y2 - y1) or 1.0
            across, down = (y1 - y2) / length, (x2 - x1) / length
            rim = max(abs(across), abs(down)) if self.scale > 1 else 1.0  # twice what OpenCV fills more on both sides
            half = thickness / 2 * unit - rim * (1 << BITS) / 2
            dx, dy = across * half, down * half
            band = [(x1 + dx, y1 + dy), (x2 + dx, y2 + dy), (x2 - dx, y2 - dy), (x1 - dx, y1 - dy)]
            cv2.fillConvexPoly(
                self.pixels, np.array([(round(x), round(y)) for x, y in band], np.int32), self.value, cv2.LINE_8, BITS
            )
        radius = round(thickness / 2 * unit - (1 << BITS) / 2)
        if radius > 0 or len(points) == 1:
            for x, y in places:
                cv2.circle(self.pixels, (round(x), round(y)), radius, self.value, cv2.FILLED, cv2.LINE_8, BITS)

    def ribbon(self, inner: Image, outer: Image) -> None:
        """Fill what lies between two curves that run side by side."""
        quads = np.stack([inner[:-1], inner[1:], outer[1:], outer[:-1]], axis=1)
        for quad in self.fixed(quads):  # where the curve is tighter than the line is thick, two sides of it cross
            cv2.fillConvexPoly(self.pixels, cv2.convexHull(quad), self.value, cv2.LINE_8, BITS)


def _painted(
    image: Image,
    points: Sequence[Point],
    margin: float,
    draw: Callable[[_Sheet], None],
    color: str,
    opacity: float,
    antialiased: bool,
    reach: Callable[[int, int], tuple[float, float]] | None = None,
) -> Image:
    """A copy of the picture with what `draw` draws no further than `margin` from the box around the points.

    `reach` may tell from where to where its middle goes between two rows.
    """
    result, values, strength = image.copy(), color_of(color, image), opacity * own_opacity(color)
    if strength == 1 and not antialiased:
        draw(_Sheet(result, values))
        return result
    (rows, columns), ys = image.shape[:2], [point[1] for point in points]
    leftmost, rightmost = min(point[0] for point in points), max(point[0] for point in points)
    top, bottom = max(floor(min(ys) - margin) - 1, 0), min(ceil(max(ys) + margin) + 2, rows)
    scale, step = SUB if antialiased else 1, SLOPE if reach else max(1, BAND // columns)
    for first in range(top, bottom, step) if strength else ():
        last = min(first + step, bottom)
        begin, end = reach(first, last) if reach else (leftmost, rightmost)
        left, right = max(floor(begin - margin) - 1, 0), min(ceil(end + margin) + 2, columns)
        if left < right:
            shape = np.zeros(((last - first) * scale, (right - left) * scale), np.uint8)
            draw(_Sheet(shape, (255,), left, first, scale))
            lay(result[first:last, left:right], _halved(_halved(shape)) if antialiased else shape, values, strength)
    return result


def _halved(shape: Image) -> Image:
    """The means of 2 x 2 pixels, for which OpenCV has a faster way than for 4 x 4."""
    return cv2.resize(shape, (shape.shape[1] // 2, shape.shape[0] // 2), interpolation=cv2.INTER_AREA)


def _arc(
    image: Image,
    center: Point,
    axes: tuple[float, float],
    turns: tuple[float, float, float],
    fill: bool,
    color: str,
    thickness: int,
    opacity: float,
    antialiased: bool,
) -> Image:
    """An ellipse: turned, from one angle to another, in degrees."""
    angle, start, end = turns
    (width, height), turn = axes, radians(angle)
    whole = end - start >= 360
    cosines, sines = _circle(start, end, 8 + int(10 * sqrt(max(axes))))
    rotation = np.array([[cos(turn), -sin(turn)], [sin(turn), cos(turn)]])
    normals = np.stack([cosines * height, -sines * width], axis=1)
    normals /= np.hypot(normals[:, 0], normals[:, 1])[:, None]
    curve = np.stack([cosines * width, -sines * height], axis=1)

    def draw(sheet: _Sheet) -> None:
        if fill:
            outline = curve - normals * (RIM / sheet.scale)
            sheet.fill((outline if whole else np.vstack([outline, [(0, 0)]])) @ rotation + center)
        else:
            more = np.abs(normals @ rotation).max(axis=1, keepdims=True) * 0.5 / sheet.scale  # than the outline OpenCV fills
            aside = normals * (thickness / 2 - more)
            sides = (curve - aside) @ rotation + center, (curve + aside) @ rotation + center
            if whole and thickness / 2 < min(axes) ** 2 / max(axes):  # no curve is tighter than the line is thick
                sheet.fill(*sides)
            else:
                sheet.ribbon(*sides)

    reach = max(axes)
    corners = ((center[0] - reach, center[1] - reach), (center[0] + reach, center[1] + reach))
    return _painted(image, corners, 0 if fill else thickness / 2, draw, color, opacity, antialiased)


@lru_cache(maxsize=128)
def _circle(start: float, end: float, steps: int) -> tuple[Image, Image]:
    """Cosines and sines of the angles from `start` to `end`, in `steps` to a full turn."""
    angles = np.radians(np.linspace(start, end, max(2, ceil(steps * (end - start) / 360) + 1)))
    return np.cos(angles), np.sin(angles)


def _rounded(x: float, y: float, width: float, height: float, radius: float) -> Image:
    """The outline of a rectangle with round corners."""
    right, bottom = x + width, y + height
    if radius <= 0:
        return np.array([(x, y), (right, y), (right, bottom), (x, bottom)])
    cosines, sines = (values * radius for values in _circle(0, 90, 8 + int(10 * sqrt(radius))))
    across, down = radius - cosines, radius - sines
    corners = [
        (right - across, y + down),
        (x + across[::-1], y + down[::-1]),
        (x + across, bottom - down),
        (right - across[::-1], bottom - down[::-1]),
    ]
    return np.hstack([np.array(corner) for corner in corners]).T
