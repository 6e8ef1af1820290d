"""Shapes and pictures drawn on a picture."""

from __future__ import annotations

from math import hypot
from typing import Annotated, Literal

import cv2
import numpy as np
from annotated_types import Interval, Unit
from typing_extensions import Doc

from sightline.errors import ParameterError
from sightline.image import Image, white
from sightline.ops._brush import (
    contour_of,
    fill_contours,
    paint,
    plain,
    rounded_rectangle,
    segment,
    stroke,
)
from sightline.ops._op import op
from sightline.ops._oval import Oval, draw_oval
from sightline.ops._pixels import checked_size, color_of, composite, like, to_unit
from sightline.ops._types import Color, Fraction, Opacity, Picture, Pixels, Point, Points, Side

__all__ = ["add_border", "arrow", "circle", "ellipse", "grid", "line", "marker", "overlay", "polygon", "rectangle"]

Paint = Annotated[Color, Doc("Colour; its own transparency counts")]
Thickness = Annotated[int, Interval(ge=1, le=1000), Unit("px"), Doc("Thickness of the lines")]
Fill = Annotated[bool, Doc("Fill it, instead of drawing its outline")]
Left = Annotated[Pixels, Doc("Left edge")]
Top = Annotated[Pixels, Doc("Upper edge")]
CenterX = Annotated[Pixels, Doc("Column of its centre")]
CenterY = Annotated[Pixels, Doc("Row of its centre")]
Length = Annotated[int, Interval(ge=1, le=16384), Unit("px")]
Degrees = Annotated[float, Interval(ge=-360, le=360), Unit("degrees")]


@op(group="draw", example={"x1": 20, "y1": 30, "x2": 230, "y2": 200, "color": "crimson", "thickness": 5})
def line(
    image: Image,
    *,
    x1: Annotated[Pixels, Doc("Column where it starts")],
    y1: Annotated[Pixels, Doc("Row where it starts")],
    x2: Annotated[Pixels, Doc("Column where it ends")],
    y2: Annotated[Pixels, Doc("Row where it ends")],
    color: Paint = "red",
    thickness: Thickness = 1,
    opacity: Opacity = 1.0,
) -> Image:
    """Draw a straight line; upright and level ones have sharp edges, others smooth ones.

    >>> import numpy as np
    >>> line(np.zeros((2, 4), np.uint8), x1=1, y1=0, x2=2, y2=0, color="white").tolist()
    [[0, 255, 255, 0], [0, 0, 0, 0]]
    """
    return paint(image, color, opacity, lambda canvas, value: segment(canvas, x1, y1, x2, y2, thickness, value))


@op(group="draw", example={"x1": 20, "y1": 30, "x2": 190, "y2": 160, "color": "crimson", "thickness": 5})
def arrow(
    image: Image,
    *,
    x1: Annotated[Pixels, Doc("Column where it starts")],
    y1: Annotated[Pixels, Doc("Row where it starts")],
    x2: Annotated[Pixels, Doc("Column of its tip")],
    y2: Annotated[Pixels, Doc("Row of its tip")],
    tip: Annotated[Fraction, Doc("Length of the head, as a part of the arrow")] = 0.15,
    color: Paint = "red",
    thickness: Thickness = 1,
    opacity: Opacity = 1.0,
) -> Image:
    """Draw an arrow from one point to another, with a filled head.

    The head is as wide as it is long, but at least twice as wide as the shaft.

    >>> import numpy as np
    >>> int(arrow(np.zeros((9, 9), np.uint8), x1=0, y1=4, x2=8, y2=4, tip=0.5, color="white")[3, 5])
    255
    """
    length = hypot(x2 - x1, y2 - y1)
    along, across = ((x2 - x1) / length, (y2 - y1) / length) if length else (1.0, 0.0)
    neck_x, neck_y = x2 - tip * length * along, y2 - tip * length * across
    half = max(tip * length / 2, thickness)
    corners = [(x2, y2), (neck_x - half * across, neck_y + half * along), (neck_x + half * across, neck_y - half * along)]

    def brush(canvas: Image, value: tuple[float, ...]) -> None:
        segment(canvas, x1, y1, neck_x, neck_y, thickness, value)
        if tip * length:
            fill_contours(canvas, contour_of(corners, canvas), value)

    return paint(image, color, opacity, brush)


@op(group="draw", example={"x": 40, "y": 60, "width": 170, "height": 120, "color": "gold", "thickness": 6, "corner": 20})
def rectangle(
    image: Image,
    *,
    x: Left,
    y: Top,
    width: Annotated[Side, Doc("Width")],
    height: Annotated[Side, Doc("Height")],
    corner: Annotated[
        int, Interval(ge=0, le=16384), Unit("px"), Doc("Radius of rounded corners, cut to half the smaller side")
    ] = 0,
    fill: Fill = False,
    color: Paint = "red",
    thickness: Thickness = 1,
    opacity: Opacity = 1.0,
) -> Image:
    """Draw a rectangle that covers exactly `width` x `height` pixels; its outline lies within them.

    >>> import numpy as np
    >>> rectangle(np.zeros((3, 5), np.uint8), x=1, y=0, width=3, height=3, color="white").tolist()
    [[0, 255, 255, 255, 0], [0, 255, 0, 255, 0], [0, 255, 255, 255, 0]]
    """
    fill = fill or 2 * thickness >= min(width, height)
    if corner:
        box, line_of = (x, y, width, height), 0 if fill else thickness
        return paint(image, color, opacity, lambda canvas, value: rounded_rectangle(canvas, box, corner, line_of, value))

    def brush(canvas: Image, value: tuple[float, ...]) -> None:
        if fill or thickness == 1:
            cv2.rectangle(canvas, (x, y, width, height), value, cv2.FILLED if fill else 1)
        else:
            cv2.rectangle(canvas, (x, y, width, thickness), value, cv2.FILLED)
            cv2.rectangle(canvas, (x, y + height - thickness, width, thickness), value, cv2.FILLED)
            cv2.rectangle(canvas, (x, y, thickness, height), value, cv2.FILLED)
            cv2.rectangle(canvas, (x + width - thickness, y, thickness, height), value, cv2.FILLED)

    return paint(image, color, opacity, brush)


@op(group="draw", example={"x": 100, "y": 100, "radius": 80, "color": "deepskyblue", "thickness": 8})
def circle(
    image: Image,
    *,
    x: CenterX,
    y: CenterY,
    radius: Annotated[Length, Doc("Radius, from the middle of the centre's pixel to the middle of the line")],
    fill: Fill = False,
    color: Paint = "red",
    thickness: Thickness = 1,
    opacity: Opacity = 1.0,
) -> Image:
    """Draw a circle, or a disc, which reaches half a pixel beyond the radius.

    >>> import numpy as np
    >>> int(circle(np.zeros((9, 9), np.uint8), x=4, y=4, radius=3, fill=True, color="white")[4, 2])
    255
    """
    oval = Oval(radius, radius, thickness=0 if fill else thickness)
    return paint(image, color, opacity, lambda canvas, value: draw_oval(canvas, x, y, oval, value))


@op(group="draw", example={"x": 115, "y": 90, "width": 100, "height": 55, "angle": -30, "color": "orchid", "thickness": 6})
def ellipse(
    image: Image,
    *,
    x: CenterX,
    y: CenterY,
    width: Annotated[Length, Doc("Half axis along the direction of `angle`")],
    height: Annotated[Length, Doc("Half axis across it")],
    angle: Annotated[Degrees, Doc("Turned by this, counter-clockwise")] = 0,
    start: Annotated[Degrees, Doc("Where the arc starts, counter-clockwise from the first half axis")] = 0,
    end: Annotated[Degrees, Doc("Where the arc ends; it is drawn counter-clockwise from its start")] = 360,
    fill: Fill = False,
    color: Paint = "red",
    thickness: Thickness = 1,
    opacity: Opacity = 1.0,
) -> Image:
    """Draw an ellipse or an arc of one; filled, an arc is a piece of pie.

    >>> import numpy as np
    >>> drawn = ellipse(np.zeros((9, 9), np.uint8), x=4, y=4, width=4, height=2, end=90, fill=True, color="white")
    >>> int(drawn[3, 6]), int(drawn[6, 3])
    (255, 0)
    """
    span = end - start
    span = span if 0 <= span <= 360 else span % 360 or 360
    oval = Oval(width, height, angle, start, span, 0 if fill else thickness)
    return paint(image, color, opacity, lambda canvas, value: draw_oval(canvas, x, y, oval, value))


@op(group="draw", example={"points": ((30, 30), (225, 60), (120, 220)), "color": "limegreen", "thickness": 6})
def polygon(
    image: Image,
    *,
    points: Annotated[Points, Doc("Corners, two or more; three or more to fill")],
    closed: Annotated[bool, Doc("Draw the line from the last corner to the first too")] = True,
    fill: Fill = False,
    color: Paint = "red",
    thickness: Thickness = 1,
    opacity: Opacity = 1.0,
) -> Image:
    """Draw a line through points, or the polygon between them; corners are round.

    Where a filled one crosses itself, what lies inside twice is outside.

    >>> import numpy as np
    >>> int(polygon(np.zeros((9, 9), np.uint8), points=((0, 0), (8, 0), (8, 8)), fill=True, color="white")[2, 6])
    255
    """
    assert isinstance(points, tuple)
    if len(points) < (least := 3 if fill else 2):
        raise ParameterError("invalid points of polygon", expected=f"{least} points or more", received=f"{len(points)}")
    if fill:
        return paint(image, color, opacity, lambda canvas, value: fill_contours(canvas, contour_of(points, canvas), value))
    return paint(image, color, opacity, lambda canvas, value: stroke(canvas, points, closed, thickness, value))


SIGNS: dict[str, list[list[Point]]] = {  # strokes through points, the half size being 1; the first three are open
    "plus": [[(-1, 0), (1, 0)], [(0, -1), (0, 1)]],
    "cross": [[(-1, -1), (1, 1)], [(-1, 1), (1, -1)]],
    "star": [[(-1, 0), (1, 0)], [(0, -1), (0, 1)], [(-0.7, -0.7), (0.7, 0.7)], [(-0.7, 0.7), (0.7, -0.7)]],
    "diamond": [[(0, -1), (1, 0), (0, 1), (-1, 0)]],
    "square": [[(-1, -1), (1, -1), (1, 1), (-1, 1)]],
    "triangle": [[(0, -1), (1, 1), (-1, 1)]],
}


@op(group="draw", example={"x": 60, "y": 60, "kind": "star", "size": 60, "color": "yellow", "thickness": 5})
def marker(
    image: Image,
    *,
    x: CenterX,
    y: CenterY,
    kind: Annotated[Literal["plus", "cross", "star", "diamond", "square", "triangle"], Doc("Its form")] = "plus",
    size: Annotated[int, Interval(ge=1, le=4096), Unit("px"), Doc("Width and height at a thickness of 1")] = 15,
    color: Paint = "red",
    thickness: Thickness = 1,
    opacity: Opacity = 1.0,
) -> Image:
    """Mark a point.

    >>> import numpy as np
    >>> marker(np.zeros((3, 3), np.uint8), x=1, y=1, size=3, color="white").tolist()
    [[0, 255, 0], [255, 255, 255], [0, 255, 0]]
    """
    half = (size - 1) / 2

    def brush(canvas: Image, value: tuple[float, ...]) -> None:
        for points in SIGNS[kind]:
            stroke(canvas, [(x + half * a, y + half * b) for a, b in points], len(points) > 2, thickness, value)

    return paint(image, color, opacity, brush)


@op(group="draw", example={"spacing": 32, "color": "white", "opacity": 0.6})
def grid(
    image: Image,
    *,
    spacing: Annotated[int, Interval(ge=2, le=16384), Unit("px"), Doc("From one line to the next")] = 32,
    x: Annotated[Pixels, Doc("Column of one of the lines")] = 0,
    y: Annotated[Pixels, Doc("Row of one of the lines")] = 0,
    color: Paint = "red",
    thickness: Thickness = 1,
    opacity: Opacity = 1.0,
) -> Image:
    """Draw a grid of upright and level lines over the whole picture.

    >>> import numpy as np
    >>> grid(np.zeros((2, 5), np.uint8), spacing=4, color="white").tolist()
    [[255, 255, 255, 255, 255], [255, 0, 0, 0, 255]]
    """

    def brush(canvas: Image, value: tuple[float, ...]) -> None:
        for i in range(min(thickness, spacing)):
            canvas[(y + i - thickness // 2) % spacing :: spacing] = value
            canvas[:, (x + i - thickness // 2) % spacing :: spacing] = value

    return paint(image, color, opacity, brush)


@op(group="draw", example={"width": 16, "color": "saddlebrown"})
def add_border(
    image: Image,
    *,
    width: Annotated[int, Interval(ge=1, le=4096), Unit("px"), Doc("Width of the frame")] = 10,
    color: Annotated[Color, Doc("Colour; how transparent it is counts where the picture has transparency")] = "black",
) -> Image:
    """Add a frame around the picture, which grows by twice its width; nothing of the picture is covered.

    >>> import numpy as np
    >>> add_border(np.full((1, 1), 9, np.uint8), width=1).tolist()
    [[0, 0, 0], [0, 9, 0], [0, 0, 0]]
    """
    checked_size(image.shape[1] + 2 * width, image.shape[0] + 2 * width)
    return cv2.copyMakeBorder(image, width, width, width, width, cv2.BORDER_CONSTANT, value=color_of(color, image))


@op(group="draw", example={"x": 40, "y": 40, "opacity": 0.7})
def overlay(
    image: Image,
    *,
    picture: Annotated[Picture, Doc("What is laid on; it is brought to the type and the channels of the picture below")],
    x: Left = 0,
    y: Top = 0,
    opacity: Opacity = 1.0,
) -> Image:
    """Lay a second picture on this one; what hangs over the edge is cut off, and its transparency counts.

    The result keeps dtype and channels. On RGBA it is "over" with straight alpha (Porter and Duff 1984).

    >>> import numpy as np
    >>> overlay(np.zeros((1, 3), np.uint8), picture=np.full((2, 2), 200, np.uint8), x=2, opacity=0.5).tolist()
    [[0, 0, 100]]
    """
    assert isinstance(picture, np.ndarray)
    result = image.copy()
    rows, columns = slice(max(y, 0), max(y + picture.shape[0], 0)), slice(max(x, 0), max(x + picture.shape[1], 0))
    below = image[rows, columns]
    if not below.size:
        return result
    top, left = rows.start - y, columns.start - x
    above, cover = _brought_to(picture[top : top + below.shape[0], left : left + below.shape[1]], image)
    place = result[rows, columns]
    if cover is None and opacity == 1:
        place[:] = above
    elif plain(image) and cover is None:
        cv2.addWeighted(above, opacity, below, 1 - opacity, 0, dst=place)
    elif plain(image) and cover is not None:
        _blend(above, below, cover, opacity, place)
    else:
        weight = np.full(below.shape[:2], opacity, np.float32) if cover is None else to_unit(cover) * np.float32(opacity)
        place[:] = composite(below, above, weight)
    return result


def _blend(above: Image, below: Image, cover: Image, opacity: float, place: Image) -> None:
    """below + (above - below) * cover * opacity in whole numbers, rounded once; uint8 gray or RGB.

    It goes in bands of rows, so that what lies between stays in the processor's cache: three times as fast.
    """
    rows = max(1, 2**15 // below[0].size)
    for top in range(0, below.shape[0], rows):
        band = slice(top, top + rows)
        share = cover[band] if below.ndim == 2 else cv2.merge([cover[band]] * 3)
        ground = below[band].astype(np.int16)
        step = cv2.subtract(above[band].astype(np.int16), ground)
        place[band] = cv2.add(ground, cv2.multiply(step, share.astype(np.int16), scale=opacity / 255))


CONVERSIONS = {
    (1, 3): cv2.COLOR_GRAY2RGB,
    (1, 4): cv2.COLOR_GRAY2RGBA,
    (3, 1): cv2.COLOR_RGB2GRAY,
    (3, 4): cv2.COLOR_RGB2RGBA,
    (4, 1): cv2.COLOR_RGBA2GRAY,
    (4, 3): cv2.COLOR_RGBA2RGB,
}


def _brought_to(picture: Image, image: Image) -> tuple[Image, Image | None]:
    """The picture in the dtype and the channels of `image`, and how much it covers, `(H, W)`; None is wholly."""
    have, want = (1 if array.ndim == 2 else array.shape[2] for array in (picture, image))
    if picture.dtype != image.dtype:
        picture = like(to_unit(picture), image)
    cover = cv2.extractChannel(picture, 3) if have == 4 else None
    if have == want == 4:
        picture = picture.copy()
        picture[..., 3] = white(image)  # its transparency is in the cover
    return cv2.cvtColor(picture, CONVERSIONS[have, want]) if have != want else picture, cover
