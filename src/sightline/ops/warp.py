"""Warps: each pixel of the result is fetched from a place of the picture that may lie between its pixels.

A pixel's own place is its centre, so that a picture `W` wide has its middle at `(W - 1) / 2`. In RGBA pictures a colour counts as
much as it is opaque, that outside too: no hidden one shines through, and edges fade without a dark rim.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from annotated_types import Interval, Unit
from numpy.typing import NDArray
from typing_extensions import Doc

from sightline.errors import ParameterError
from sightline.image import Image
from sightline.ops._op import op
from sightline.ops._pixels import BORDERS, checked_size, clip01, color_of, premultiplied
from sightline.ops._types import Color, Matrix, Points, Side
from sightline.ops.geometry import Outside, OutsideColor

__all__ = ["affine", "perspective", "rotate", "shear", "translate"]

LONGEST = 32766  # px; OpenCV's warps count places in 16 bits
FARTHEST = 1e6  # px; further from the picture all is the same, and soon beyond OpenCV's whole numbers
MOST_MOVES = 100  # different ones; more are not worth the search for those that move alike
FOLDING = {"reflect", "wrap"}
CODES = {"nearest": cv2.INTER_NEAREST, "linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC, "lanczos": cv2.INTER_LANCZOS4}

Interpolation = Annotated[
    Literal["nearest", "linear", "cubic", "lanczos"], Doc("How pixels are made from their neighbours; see resize for shrinking")
]
Horizon = Annotated[Literal["replicate", "constant"], Doc("What lies outside: the picture's last pixel repeated, or one colour")]
Shift = Annotated[float, Interval(ge=-16384, le=16384), Unit("px")]
Row = tuple[float, float, float]
Corners = tuple[tuple[float, float], ...]


@op(group="geometry")
def rotate(
    image: Image,
    *,
    angle: Annotated[float, Interval(ge=-360, le=360), Unit("degrees"), Doc("How far, counter-clockwise")] = 15.0,
    scale: Annotated[float, Interval(ge=0.01, le=100), Doc("How many times as large everything becomes")] = 1.0,
    expand: Annotated[bool, Doc("Whether the result grows to hold the whole picture")] = False,
    interpolation: Interpolation = "linear",
    border: Outside = "constant",
    color: OutsideColor = "#00000000",
) -> Image:
    """Turn the picture about its middle, and make it larger or smaller in the same go.

    >>> import numpy as np
    >>> rotate(np.array([[1, 2, 3]], np.uint8), angle=90, expand=True).tolist()
    [[3], [2], [1]]
    """
    height, width = image.shape[:2]
    # rounded, so that quarter turns are exact
    cos, sin = round(math.cos(math.radians(angle)), 15), round(math.sin(math.radians(angle)), 15)
    size = (width, height)
    if expand:
        across, down = width * abs(cos) + height * abs(sin), width * abs(sin) + height * abs(cos)
        size = math.ceil(round(scale * across, 6)), math.ceil(round(scale * down, 6))
    return _about_the_middle(image, (cos / scale, -sin / scale, sin / scale, cos / scale), size, interpolation, border, color)


def _translations(
    images: NDArray[Any], x: float | list[float], y: float | list[float], interpolation: Any, border: Any, color: Any
) -> NDArray[Any] | None:
    """Whole pixels, one colour outside: those that move alike are moved together."""
    height, width = images.shape[1:3]
    moves = np.empty((len(images), 2))
    moves[:, 0], moves[:, 1] = x, y
    kinds, members = np.unique(moves, axis=0, return_inverse=True)
    whole = (kinds == kinds.round()).all() and (abs(kinds) < (width, height)).all()
    if not whole or len(kinds) > MOST_MOVES or border != "constant" or not isinstance(color, str):
        return None
    result = np.full(images.shape, color_of(color, images[0]), images.dtype)
    for number, (right, down) in enumerate(kinds.astype(int).tolist()):
        rows = np.flatnonzero(members.reshape(-1) == number)
        there = result[:, max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)]
        there[rows] = images[rows, max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)]
    return result


@op(group="geometry", example={"x": 40, "y": -20}, batch=_translations)
def translate(
    image: Image,
    *,
    x: Annotated[Shift, Doc("How far to the right")] = 0.0,
    y: Annotated[Shift, Doc("How far down")] = 0.0,
    interpolation: Interpolation = "linear",
    border: Outside = "constant",
    color: OutsideColor = "#00000000",
) -> Image:
    """Move the picture; what leaves it on one side is lost, or comes back on the other with border wrap.

    >>> import numpy as np
    >>> translate(np.array([[1, 2, 3]], np.uint8), x=1, border="wrap").tolist()
    [[3, 1, 2]]
    """
    height, width = image.shape[:2]
    if x.is_integer() and y.is_integer() and abs(x) < width and abs(y) < height and border != "reflect":
        return _shifted(image, int(x), int(y), border, color)
    return _affine(image, (1.0, 0.0, -x), (0.0, 1.0, -y), (width, height), interpolation, border, color)


@op(group="geometry", example={"x": 20})
def shear(
    image: Image,
    *,
    x: Annotated[float, Interval(ge=-75, le=75), Unit("degrees"), Doc("How far upright lines lean, their feet to the right")] = 0,
    y: Annotated[float, Interval(ge=-75, le=75), Unit("degrees"), Doc("How far level lines lean, their right ends down")] = 0,
    interpolation: Interpolation = "linear",
    border: Outside = "constant",
    color: OutsideColor = "#00000000",
) -> Image:
    """Slant the picture about its middle, as skewX and skewY of CSS: (x, y) goes to (x + y tan `x`, y + x tan `y`).

    >>> import numpy as np
    >>> shear(np.array([[0, 9, 0], [0, 9, 0], [0, 9, 0]], np.uint8), x=45).tolist()
    [[9, 0, 0], [0, 9, 0], [0, 0, 9]]
    """
    height, width = image.shape[:2]
    across, down = round(math.tan(math.radians(x)), 14), round(math.tan(math.radians(y)), 14)
    area = 1 - across * down
    if abs(area) < 0.01:
        raise ParameterError(
            "shear would flatten the picture to a line",
            expected="tan x times tan y other than 1",
            received=f"x = {x:g} degrees, y = {y:g} degrees",
            fix="Change one of the angles.",
        )
    inverse = (1 / area, -across / area, -down / area, 1 / area)
    return _about_the_middle(image, inverse, (width, height), interpolation, border, color)


@op(group="geometry", example={"matrix": ((0.8, 0.3, -10), (-0.2, 0.9, 30))})
def affine(
    image: Image,
    *,
    matrix: Annotated[Matrix, Doc("Two rows of three numbers: where a place (x, y, 1) of the picture goes")],
    width: Annotated[Side | None, Doc("Width of the result; by itself the picture's")] = None,
    height: Annotated[Side | None, Doc("Height of the result; by itself the picture's")] = None,
    interpolation: Interpolation = "linear",
    border: Outside = "constant",
    color: OutsideColor = "#00000000",
) -> Image:
    """Map the picture by a matrix of two rows, as `cv2.warpAffine`: parallel lines stay parallel.

    >>> import numpy as np
    >>> affine(np.array([[1, 2, 3]], np.uint8), matrix=[[-1, 0, 2], [0, 1, 0]]).tolist()
    [[3, 2, 1]]
    """
    if [len(row) for row in matrix] != [3, 3]:
        raise ParameterError(
            "invalid matrix of affine", expected="2 rows of 3 numbers", received=f"rows of {[len(row) for row in matrix]} numbers"
        )
    (a, b, c), (d, e, f) = matrix
    area = a * e - b * d
    if abs(area) < 1e-8 * max(abs(a), abs(b), abs(d), abs(e), 1e-8) ** 2:
        raise ParameterError(
            "the matrix of affine would flatten the picture to a line",
            expected="rows whose first two numbers are no multiples of each other",
            received=str([list(row) for row in matrix]),
        )
    first = (e / area, -b / area, (b * f - c * e) / area)
    second = (-d / area, a / area, (c * d - a * f) / area)
    return _affine(image, first, second, _size(image, width, height), interpolation, border, color)


@op(
    group="geometry",
    example={"source": ((0, 0), (255, 0), (255, 255), (0, 255)), "target": ((40, 30), (230, 0), (255, 255), (0, 200))},
)
def perspective(
    image: Image,
    *,
    source: Annotated[Points, Doc("Four corners in the picture, in their order around")],
    target: Annotated[Points, Doc("Where they go")],
    width: Annotated[Side | None, Doc("Width of the result; by itself the picture's")] = None,
    height: Annotated[Side | None, Doc("Height of the result; by itself the picture's")] = None,
    interpolation: Interpolation = "linear",
    border: Horizon = "constant",
    color: OutsideColor = "#00000000",
) -> Image:
    """Move four corners to four others, as a flat thing looks from elsewhere: straight lines stay straight.

    >>> import numpy as np
    >>> corners = [(0, 0), (1, 0), (1, 1), (0, 1)]
    >>> perspective(np.array([[1, 2], [3, 4]], np.uint8), source=corners, target=corners[::-1]).tolist()
    [[3, 4], [1, 2]]
    """
    assert isinstance(source, tuple)
    assert isinstance(target, tuple)
    size = _size(image, width, height)
    check_sides(image, *size)
    matrix, flags = _homography(source, target), CODES[interpolation] | cv2.WARP_INVERSE_MAP
    return interpolated(
        image,
        lambda source, outside: cv2.warpPerspective(
            source, matrix, size, flags=flags, borderMode=BORDERS[border], borderValue=outside
        ),
        interpolation,
        border,
        color,
    )


def _shifted(image: Image, x: int, y: int, border: str, color: Color) -> Image:
    """`translate` by whole pixels, fewer than the sides: nothing needs to be interpolated."""
    if border == "wrap":
        return np.roll(image, (y, x), (0, 1))
    height, width = image.shape[:2]
    left, top, right, bottom = max(x, 0), max(y, 0), max(-x, 0), max(-y, 0)
    kept = image[bottom : height - top, right : width - left]
    return cv2.copyMakeBorder(kept, top, bottom, left, right, BORDERS[border], value=color_of(color, image))


def _affine(image: Image, first: Row, second: Row, size: tuple[int, int], interpolation: str, border: str, color: Color) -> Image:
    """Fetch the pixel (x, y) of a picture of `size` from where the two rows send (x, y, 1)."""
    check_sides(image, *size)
    (a, b, c), (d, e, f) = first, second
    width, height = size
    if border in FOLDING:
        far = _far(*_span(first, size), image.shape[1]) or _far(*_span(second, size), image.shape[0])
    else:
        far = (abs(a) + abs(d)) * width + (abs(b) + abs(e)) * height + abs(c) + abs(f) > FARTHEST
    if far:
        right, down = np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64)[:, None]
        return fetched(image, a * right + b * down + c, d * right + e * down + f, interpolation, border, color)
    matrix, flags = np.array((first, second)), CODES[interpolation] | cv2.WARP_INVERSE_MAP
    return interpolated(
        image,
        lambda source, outside: cv2.warpAffine(source, matrix, size, flags=flags, borderMode=BORDERS[border], borderValue=outside),
        interpolation,
        border,
        color,
    )


def _about_the_middle(
    image: Image,
    inverse: tuple[float, float, float, float],
    size: tuple[int, int],
    interpolation: str,
    border: str,
    color: Color,
) -> Image:
    """`_affine` by a matrix of two by two, which sends the middle of the result to the middle of the picture."""
    a, b, c, d = inverse
    height, width = image.shape[:2]
    x, y = (size[0] - 1) / 2, (size[1] - 1) / 2
    first = (a, b, (width - 1) / 2 - a * x - b * y)
    second = (c, d, (height - 1) / 2 - c * x - d * y)
    return _affine(image, first, second, size, interpolation, border, color)


def fetched(image: Image, x: Image, y: Image, interpolation: str, border: str, color: Color) -> Image:
    """Fetch each pixel from the place (x, y), maps of float32 or float64."""
    check_sides(image, *x.shape[::-1])
    rows, columns = image.shape[:2]
    if border in FOLDING and (_far(*cv2.minMaxLoc(x)[:2], columns) or _far(*cv2.minMaxLoc(y)[:2], rows)):
        x, y = _folded(x, columns, border), _folded(y, rows, border)
        image = image.repeat(1 + (rows == 1), axis=0).repeat(1 + (columns == 1), axis=1)
    elif x.dtype == np.float64:
        x, y = (np.clip(places, -FARTHEST, FARTHEST) for places in (x, y))
    x, y = x.astype(np.float32, copy=False), y.astype(np.float32, copy=False)
    return interpolated(
        image,
        lambda source, outside: cv2.remap(source, x, y, CODES[interpolation], borderMode=BORDERS[border], borderValue=outside),
        interpolation,
        border,
        color,
    )


def _span(row: Row, size: tuple[int, int]) -> tuple[float, float]:
    """The lowest and the highest place to which `row` sends a pixel of a picture of `size`."""
    across, down = row[0] * (size[0] - 1), row[1] * (size[1] - 1)
    return row[2] + min(0, across) + min(0, down), row[2] + max(0, across) + max(0, down)


def _far(low: float, high: float, length: int) -> bool:
    """Whether places reach further than OpenCV should be left to fold them back.

    It does so step by step, which may take for ever; its cubic takes a wrong pixel beyond two lengths, and never comes back
    from a mirror one pixel long.
    """
    return low < 5 - length or high > 2 * length - 6


def _folded(places: Image, length: int, border: str) -> Image:
    """The place within the picture that stands for each: what `border` shows there."""
    period = length if border == "wrap" else max(1, 2 * (length - 1))
    once: Image = np.mod(places, period)
    return once if border == "wrap" else np.minimum(once, period - once)


def interpolated(
    image: Image, run: Callable[[Image, tuple[float, ...]], Image], interpolation: str, border: str, color: Color
) -> Image:
    """`run(image, outside)` with `color` in numbers, by `premultiplied` where pixels are mixed.

    What cubic and lanczos have carried beyond black and white is cut.
    """
    if interpolation == "nearest":
        return run(image, color_of(color, image))
    result = premultiplied(image, run, color if border == "constant" else "#000000")
    return clip01(result) if interpolation in {"cubic", "lanczos"} else result


def check_sides(image: Image, width: int, height: int) -> None:
    """Refuse what OpenCV's warps do not take: more than 16 bits of pixels in a row."""
    checked_size(width, height)
    longest = max(width, height, *image.shape[:2])
    if longest > LONGEST:
        raise ParameterError(
            "the picture is too long to be warped", expected=f"sides of at most {LONGEST:,} px", received=f"{longest:,} px"
        )


def _size(image: Image, width: int | None, height: int | None) -> tuple[int, int]:
    return width or image.shape[1], height or image.shape[0]


@lru_cache(maxsize=64)
def _homography(source: Corners, target: Corners) -> Image:
    """The matrix that finds for a place in the result its place in the picture."""
    for name, points in (("source", source), ("target", target)):
        _check_corners(points, name)
    return cv2.getPerspectiveTransform(np.array(target, np.float32), np.array(source, np.float32))


def _check_corners(points: Corners, name: str) -> None:
    """Refuse all but four points that go around one way, without a corner that points inwards."""
    if len(points) != 4:
        raise ParameterError(f"invalid {name} of perspective", expected="4 points", received=f"{len(points)} points")
    turns = []
    for (ax, ay), (bx, by), (cx, cy) in zip(points, points[1:] + points[:1], points[2:] + points[:2], strict=True):
        turns.append((bx - ax) * (cy - by) - (by - ay) * (cx - bx))
    if min(turns) * max(turns) <= 0 or min(map(abs, turns)) < 1e-3:
        raise ParameterError(
            f"invalid {name} of perspective",
            expected="4 points in their order around, no three of them on a line and no corner pointing inwards",
            received=" ".join(f"{x:g},{y:g}" for x, y in points),
        )
