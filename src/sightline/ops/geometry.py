"""Size, place and direction: whole pixels are cut, added, turned and scaled; `warp` moves them to places in between."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from annotated_types import Interval, Unit
from numpy.typing import NDArray
from typing_extensions import Doc

from sightline.errors import ParameterError
from sightline.image import Image
from sightline.ops._op import op
from sightline.ops._pixels import BORDERS, checked_size, clip01, color_of, level_of, looked_up, near, outermost, premultiplied
from sightline.ops._types import Border, Color, Fraction, Side

__all__ = [
    "center_crop",
    "crop",
    "flip",
    "letterbox",
    "pad",
    "pad_to",
    "resize",
    "resize_longest",
    "resize_shortest",
    "resized_crop",
    "rot90",
    "scale",
    "tile",
    "transpose",
    "trim",
]

CODES = {
    "linear": cv2.INTER_LINEAR,
    "cubic": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
}
AVERAGING = {"auto": cv2.INTER_LINEAR, "area": cv2.INTER_AREA}
"""How those that average areas enlarge a side that grows."""
FLIPS = {"vertical": 0, "horizontal": 1, "both": -1}
TURNS = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}

Interpolation = Annotated[
    Literal["auto", "nearest", "linear", "cubic", "area", "lanczos"],
    Doc("How pixels are made from their neighbours; auto: area for a side that shrinks, linear for one that grows"),
]
Place = Annotated[int, Interval(ge=0, le=65535), Unit("px")]  # no JPEG has a longer side
Margin = Annotated[int, Interval(ge=0, le=16384), Unit("px")]
Outside = Annotated[
    Border, Doc("What lies outside: its mirror image, its last pixel repeated, its other side again, or one colour (constant)")
]
OutsideColor = Annotated[Color, Doc("The colour outside, where border is constant; by itself black, in RGBA pictures transparent")]


@op(group="geometry", example={"width": 96, "height": 64})
def resize(
    image: Image,
    *,
    width: Annotated[Side, Doc("New width")],
    height: Annotated[Side | None, Doc("New height; none: in proportion")] = None,
    interpolation: Interpolation = "auto",
) -> Image:
    """Change the size to `width`, in proportion, or to exactly `width` x `height`, whatever that does to the proportions.

    `(H, W[, C])` becomes `(height, width[, C])` of the same dtype. `resize_longest`, `resize_shortest` and `scale` keep the
    proportions by another measure, `letterbox` and `resized_crop` by bars or by a cut.

    In RGBA pictures a colour counts as much as it is opaque, so that no hidden one shines through; only nearest copies pixels as
    they are.

    >>> import numpy as np
    >>> resize(np.array([[0, 200], [100, 100]], np.uint8), width=1, height=1).tolist()
    [[100]]
    """
    return _resized(image, width, height or _in_proportion(image.shape, width), interpolation)


@op(group="geometry", example={"size": 96})
def resize_longest(
    image: Image, *, size: Annotated[Side, Doc("New length of the longer side")], interpolation: Interpolation = "auto"
) -> Image:
    """Change the size so that the longer side is `size`, keeping the proportions.

    >>> import numpy as np
    >>> resize_longest(np.zeros((10, 20), np.uint8), size=8).shape
    (4, 8)
    """
    return _scaled(image, _longest(image.shape, size), interpolation)


@op(group="geometry", example={"size": 96})
def resize_shortest(
    image: Image, *, size: Annotated[Side, Doc("New length of the shorter side")], interpolation: Interpolation = "auto"
) -> Image:
    """Change the size so that the shorter side is `size`, keeping the proportions.

    >>> import numpy as np
    >>> resize_shortest(np.zeros((10, 20), np.uint8), size=5).shape
    (5, 10)
    """
    return _scaled(image, _shortest(image.shape, size), interpolation)


@op(group="geometry", example={"factor": 0.25})
def scale(
    image: Image,
    *,
    factor: Annotated[float, Interval(ge=0.01, le=100), Doc("New width and height as a multiple of the old ones")],
    interpolation: Interpolation = "auto",
) -> Image:
    """Make the picture larger or smaller by a factor; sides are rounded to whole pixels, at least one.

    >>> import numpy as np
    >>> scale(np.array([[5, 9]], np.uint8), factor=2, interpolation="nearest").tolist()
    [[5, 5, 9, 9], [5, 5, 9, 9]]
    """
    return _scaled(image, factor, interpolation)


@op(group="geometry", example={"width": 160, "height": 96})
def letterbox(
    image: Image,
    *,
    width: Annotated[Side, Doc("Width of the box")],
    height: Annotated[Side, Doc("Height of the box")],
    fill: Annotated[
        Literal["edge", "black", "white"], Doc("What fills the bars: the median of the picture's outermost pixels, black or white")
    ] = "edge",
    interpolation: Interpolation = "auto",
) -> Image:
    """Fit the whole picture into `width` x `height`, keeping its proportions, and fill the rest.

    Nothing is cropped. A picture that already has the size stays as it is; the picture is centred, the larger
    half of an odd remainder to the right and below.

    >>> import numpy as np
    >>> letterbox(np.full((10, 20), 9, np.uint8), width=20, height=20, fill="black")[:, 0].tolist().count(9)
    10
    """
    if image.shape[:2] == (height, width):
        return image.copy()
    checked_size(width, height)
    rows, columns = image.shape[:2]
    ratio = min(width / columns, height / rows)
    inner_width = min(width, max(1, round(columns * ratio)))
    inner_height = min(height, max(1, round(rows * ratio)))
    inner = _resized(image, inner_width, inner_height, interpolation)
    left, top = (width - inner_width) // 2, (height - inner_height) // 2
    right, bottom = width - inner_width - left, height - inner_height - top
    return cv2.copyMakeBorder(inner, top, bottom, left, right, cv2.BORDER_CONSTANT, value=_fill_value(image, fill))


@op(group="geometry", example={"x": 5, "y": 2, "width": 12, "height": 10})
def crop(
    image: Image,
    *,
    width: Annotated[Side, Doc("Width of what is kept")],
    height: Annotated[Side, Doc("Height of what is kept")],
    x: Annotated[Place, Doc("Left column of what is kept, counted from 0")] = 0,
    y: Annotated[Place, Doc("Top row of what is kept, counted from 0")] = 0,
) -> Image:
    """Cut out a rectangle, which must lie wholly within the picture.

    >>> import numpy as np
    >>> crop(np.arange(12, dtype=np.uint8).reshape(3, 4), x=1, y=0, width=2, height=2).tolist()
    [[1, 2], [5, 6]]
    """
    rows, columns = image.shape[:2]
    if x + width > columns or y + height > rows:
        raise ParameterError(
            "the crop does not lie within the picture",
            expected=f"x + width at most {columns} px and y + height at most {rows} px, the picture's size",
            received=f"{x} + {width} and {y} + {height} px",
            fix="Make the crop smaller, or pad the picture first.",
        )
    return image[y : y + height, x : x + width].copy()


@op(group="geometry", example={"width": 12, "height": 10})
def center_crop(
    image: Image,
    *,
    width: Annotated[Side, Doc("Width of what is kept")],
    height: Annotated[Side, Doc("Height of what is kept")],
) -> Image:
    """Cut out the middle; of an odd remainder the larger half is cut off to the right and below.

    >>> import numpy as np
    >>> center_crop(np.arange(5, dtype=np.uint8).reshape(1, 5), width=3, height=1).tolist()
    [[1, 2, 3]]
    """
    rows, columns = image.shape[:2]
    if width > columns or height > rows:
        raise ParameterError(
            "the crop is larger than the picture",
            expected=f"at most {columns} x {rows} px, the picture's size",
            received=f"{width} x {height} px",
            fix="Make the crop smaller, or use pad_to first.",
        )
    left, top = _middle(image.shape, width, height)
    return image[top : top + height, left : left + width].copy()


@op(group="geometry", example={"x": 0.7, "y": 0.3, "scale": 0.25, "width": 128, "height": 128})
def resized_crop(
    image: Image,
    *,
    x: Annotated[Fraction, Doc("Where the crop lies: 0 at the left edge, 0.5 in the middle, 1 at the right edge")] = 0.5,
    y: Annotated[Fraction, Doc("Where the crop lies: 0 at the upper edge, 0.5 in the middle, 1 at the lower edge")] = 0.5,
    scale: Annotated[float, Interval(ge=0.01, le=1), Doc("The crop's area as a part of the picture's")] = 0.5,
    ratio: Annotated[float, Interval(ge=0.1, le=10), Doc("The crop's width divided by its height")] = 1.0,
    width: Annotated[Side, Doc("New width")],
    height: Annotated[Side, Doc("New height")],
    interpolation: Interpolation = "auto",
) -> Image:
    """Cut out a part of the picture and bring it to `width` x `height`.

    A crop too wide or too high for the picture is made smaller, keeping its `ratio`. Drawn at random in a pipeline, this is
    the "random resized crop" that networks are trained with (Szegedy et al. 2015).

    >>> import numpy as np
    >>> resized_crop(np.arange(16, dtype=np.uint8).reshape(4, 4), x=1, y=0, scale=0.25, width=2, height=2).tolist()
    [[2, 3], [6, 7]]
    """
    rows, columns = image.shape[:2]
    wanted_width = math.sqrt(scale * rows * columns * ratio)
    wanted_height = wanted_width / ratio
    fit = min(1.0, columns / wanted_width, rows / wanted_height)
    inner_width = min(columns, max(1, round(wanted_width * fit)))
    inner_height = min(rows, max(1, round(wanted_height * fit)))
    left, top = round(x * (columns - inner_width)), round(y * (rows - inner_height))
    return _resized(image[top : top + inner_height, left : left + inner_width], width, height, interpolation)


@op(group="geometry", example={"left": 24, "top": 24, "right": 24, "bottom": 24})
def pad(
    image: Image,
    *,
    left: Annotated[Margin, Doc("Columns to add on the left")] = 0,
    top: Annotated[Margin, Doc("Rows to add above")] = 0,
    right: Annotated[Margin, Doc("Columns to add on the right")] = 0,
    bottom: Annotated[Margin, Doc("Rows to add below")] = 0,
    border: Outside = "constant",
    color: OutsideColor = "#00000000",
) -> Image:
    """Add rows and columns around the picture.

    >>> import numpy as np
    >>> pad(np.array([[1, 2, 3]], np.uint8), left=2, right=1, border="reflect").tolist()
    [[3, 2, 1, 2, 3, 2]]
    """
    return _padded(image, left, top, right, bottom, border, color)


@op(group="geometry", example={"width": 320, "height": 288})
def pad_to(
    image: Image,
    *,
    width: Annotated[Side, Doc("Width to reach")],
    height: Annotated[Side, Doc("Height to reach")],
    border: Outside = "constant",
    color: OutsideColor = "#00000000",
) -> Image:
    """Add rows and columns around the picture until it is at least `width` x `height`.

    It stays in the middle, the larger half of an odd remainder to the right and below; a side that is long enough stays.

    >>> import numpy as np
    >>> pad_to(np.array([[5, 5]], np.uint8), width=5, height=1).tolist()
    [[0, 5, 5, 0, 0]]
    """
    rows, columns = image.shape[:2]
    across, down = max(0, width - columns), max(0, height - rows)
    return _padded(image, across // 2, down // 2, across - across // 2, down - down // 2, border, color)


@op(group="geometry")
def tile(
    image: Image,
    *,
    columns: Annotated[int, Interval(ge=1, le=64), Doc("How often it is set side by side")] = 2,
    rows: Annotated[int, Interval(ge=1, le=64), Doc("How often it is set below each other")] = 2,
) -> Image:
    """Repeat the picture side by side and below each other.

    >>> import numpy as np
    >>> tile(np.array([[1, 2]], np.uint8), columns=2, rows=1).tolist()
    [[1, 2, 1, 2]]
    """
    checked_size(image.shape[1] * columns, image.shape[0] * rows)
    return cv2.repeat(image, rows, columns)


@op(group="geometry", example={"tolerance": 0.5})
def trim(
    image: Image,
    *,
    tolerance: Annotated[Fraction, Doc("How far a channel may be from the border's colour, as a part of the full range")] = 0.05,
) -> Image:
    """Cut off the border of one colour, that of the top left pixel; a picture that has only this colour stays as it is.

    >>> import numpy as np
    >>> trim(np.array([[7, 7, 7, 7], [7, 90, 7, 80], [7, 7, 7, 7]], np.uint8)).tolist()
    [[90, 7, 80]]
    """
    corner = tuple(np.ravel(image[0, 0]).tolist())
    if image.ndim == 2 and image.dtype == np.uint8:  # as near, three times faster
        other = looked_up(image, (np.abs(np.arange(256) - corner[0]) > level_of(tolerance, image)).view(np.uint8))
    else:
        other = cv2.bitwise_not(near(image, corner, tolerance))
    left, top, width, height = cv2.boundingRect(other)
    return image[top : top + height, left : left + width].copy() if width else image.copy()


def _flips(images: NDArray[Any], direction: str | list[str]) -> NDArray[Any] | None:
    if isinstance(direction, list):
        return None
    axes = {"horizontal": (2,), "vertical": (1,), "both": (1, 2)}[direction]
    return np.ascontiguousarray(np.flip(images, axes))


@op(group="geometry", batch=_flips)
def flip(
    image: Image,
    *,
    direction: Annotated[Literal["horizontal", "vertical", "both"], Doc("Which way the picture is mirrored")] = "horizontal",
) -> Image:
    """Mirror the picture left to right, top to bottom, or both.

    >>> import numpy as np
    >>> flip(np.array([[1, 2, 3]], np.uint8)).tolist()
    [[3, 2, 1]]
    """
    return cv2.flip(image, FLIPS[direction])


@op(group="geometry")
def rot90(image: Image, *, turns: Annotated[int, Interval(ge=1, le=3), Doc("Quarter turns counter-clockwise")] = 1) -> Image:
    """Turn the picture counter-clockwise by quarter turns, exactly: `(H, W[, C])` becomes `(W, H[, C])` for one or three.

    >>> import numpy as np
    >>> rot90(np.array([[1, 2], [3, 4]], np.uint8)).tolist()
    [[2, 4], [1, 3]]
    """
    return cv2.rotate(image, TURNS[turns])


@op(group="geometry")
def transpose(image: Image) -> Image:
    """Mirror the picture at its main diagonal: rows become columns.

    >>> import numpy as np
    >>> transpose(np.array([[1, 2, 3]], np.uint8)).tolist()
    [[1], [2], [3]]
    """
    return cv2.transpose(image)


def _resized(image: Image, width: int, height: int, interpolation: str) -> Image:
    rows, columns = image.shape[:2]
    if (rows, columns) == (height, width):
        return image.copy()
    checked_size(width, height)
    if interpolation == "nearest":
        return cv2.resize(image, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    if interpolation in AVERAGING:
        return premultiplied(image, lambda source, _: _averaged(source, width, height, AVERAGING[interpolation]))
    result = premultiplied(image, lambda source, _: cv2.resize(source, (width, height), interpolation=CODES[interpolation]))
    return clip01(result) if interpolation in {"cubic", "lanczos"} else result  # both overshoot


def _averaged(image: Image, width: int, height: int, enlarging: int) -> Image:
    """Shrink by area what gets shorter, then enlarge the rest: OpenCV averages areas only where neither side grows."""
    rows, columns = image.shape[:2]
    least = min(width, columns), min(height, rows)
    if least != (columns, rows):
        image = cv2.resize(image, least, interpolation=cv2.INTER_AREA)
    return image if least == (width, height) else cv2.resize(image, (width, height), interpolation=enlarging)


def _scaled(image: Image, factor: float, interpolation: str) -> Image:
    return _resized(image, *_scaled_size(image.shape, factor), interpolation)


def _in_proportion(shape: tuple[int, ...], width: int) -> int:
    return max(1, round(shape[0] * width / shape[1]))


def _scaled_size(shape: tuple[int, ...], factor: float) -> tuple[int, int]:
    return max(1, round(shape[1] * factor)), max(1, round(shape[0] * factor))


def _longest(shape: tuple[int, ...], size: int) -> float:
    return size / max(shape[:2])


def _shortest(shape: tuple[int, ...], size: int) -> float:
    return size / min(shape[:2])


def _middle(shape: tuple[int, ...], width: int, height: int) -> tuple[int, int]:
    return (shape[1] - width) // 2, (shape[0] - height) // 2


def crop_box(name: str, given: Mapping[str, Any], width: int, height: int) -> tuple[int, int, int, int] | None:
    """What the operation `name` would cut out of a picture of this size: x, y, width, height; None if it does not cut."""
    if name == "crop":
        return given["x"], given["y"], given["width"], given["height"]
    if name == "center_crop":
        return *_middle((height, width), given["width"], given["height"]), given["width"], given["height"]
    return None


def averaged_size(name: str, given: Mapping[str, Any], width: int, height: int) -> tuple[int, int] | None:
    """The size to which the operation `name` would shrink such a picture by averaging areas; None if it does anything else."""
    factors = {"resize_longest": _longest, "resize_shortest": _shortest}
    if name == "resize":
        size = given["width"], given["height"] or _in_proportion((height, width), given["width"])
    elif name in factors:
        size = _scaled_size((height, width), factors[name]((height, width), given["size"]))
    elif name == "scale":
        size = _scaled_size((height, width), given["factor"])
    else:
        return None
    shrinks = size[0] <= width and size[1] <= height and size != (width, height)
    return size if shrinks and given["interpolation"] in {"auto", "area"} else None


def _padded(image: Image, left: int, top: int, right: int, bottom: int, border: str, color: Color) -> Image:
    checked_size(image.shape[1] + left + right, image.shape[0] + top + bottom)
    return cv2.copyMakeBorder(image, top, bottom, left, right, BORDERS[border], value=color_of(color, image))


def _fill_value(image: Image, fill: str) -> tuple[float, ...]:
    """What letterbox fills with, a number for each channel; a median of whole numbers is rounded down."""
    if fill != "edge":
        return color_of("#ffffff" if fill == "white" else "#000000", image)  # of full alpha: the bars are opaque
    border = outermost(image).T.copy()
    border.sort(kind="stable")  # by far the fastest for whole numbers in a row
    count = border.shape[-1]
    middles = border.reshape(-1, count)[:, (count - 1) // 2 : count // 2 + 1].tolist()  # two of an even number, else one
    sums = [values[0] + values[-1] for values in middles]
    return tuple(value / 2 if image.dtype == np.float32 else value // 2 for value in sums)
