"""Thresholds: a picture parted by light or colour.

Thresholds, offsets and tolerances are fractions of white, so that they mean the same for pictures of any depth.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from annotated_types import Interval, Unit
from typing_extensions import Doc

from sightline.errors import ParameterError
from sightline.image import KINDS, Image, Kind, white
from sightline.ops._op import op
from sightline.ops._pixels import color_of, level_of, near, to_unit
from sightline.ops._types import Color, Fraction

__all__ = ["adaptive_threshold", "in_range", "mask_from_color", "otsu", "threshold", "triangle"]

CODES = {
    "binary": cv2.THRESH_BINARY,
    "inverse": cv2.THRESH_BINARY_INV,
    "truncate": cv2.THRESH_TRUNC,
    "to_zero": cv2.THRESH_TOZERO,
    "to_zero_inverse": cv2.THRESH_TOZERO_INV,
}
Result = Annotated[
    Literal["binary", "inverse", "truncate", "to_zero", "to_zero_inverse"],
    Doc(
        "Values above the threshold: white and the rest black, black and the rest white, cut down to it, "
        "kept and the rest black, black and the rest kept"
    ),
]
TwoWays = Annotated[Literal["binary", "inverse"], Doc("Values above the threshold: white, or black; the rest the other")]
FULL_TURN = 360  # beyond every hue, which is 0 to 255 in 8 bit and 0 to 360 in float


def mask_kind(kind: Kind, parameters: Mapping[str, Any]) -> Kind:
    """Masks are uint8 gray, whatever they are made from."""
    return KINDS["uint8", 1]


@op(group="threshold", keeps_alpha=True)
def threshold(
    image: Image,
    *,
    value: Annotated[Fraction, Doc("The threshold, as a fraction of white")] = 0.5,
    kind: Result = "binary",
) -> Image:
    """Part the values at a fixed threshold; in colour, each channel for itself.

    >>> import numpy as np
    >>> image = np.array([[100, 127, 128, 200]], np.uint8)
    >>> threshold(image).tolist(), threshold(image, kind="truncate").tolist()
    ([[0, 0, 255, 255]], [[100, 127, 127, 127]])
    """
    return cv2.threshold(image, level_of(value, image), float(white(image)), CODES[kind])[1]


@op(group="threshold", dtypes=("uint8", "uint16"), channels=(1,))
def otsu(image: Image, *, kind: Result = "binary") -> Image:
    """Part the values at the threshold that leaves the least variance within its two parts (Otsu 1979).

    >>> import numpy as np
    >>> otsu(np.array([[10, 12, 14, 90, 95, 99]], np.uint8)).tolist()
    [[0, 0, 0, 255, 255, 255]]
    """
    return cv2.threshold(image, 0, float(white(image)), CODES[kind] | cv2.THRESH_OTSU)[1]


@op(group="threshold", dtypes=("uint8",), channels=(1,))
def triangle(image: Image, *, kind: Result = "binary") -> Image:
    """Part the values at the foot of the histogram's one peak, for few objects on much ground (Zack, Rogers and Latt 1977).

    The threshold is where the histogram lies farthest below the line from its peak to its far end.

    >>> import numpy as np
    >>> image = np.repeat(np.array([20, 21, 22, 23, 200], np.uint8), [40, 90, 30, 8, 3])[None]
    >>> np.unique(image[triangle(image) == 255]).tolist()
    [200]
    """
    return cv2.threshold(image, 0, 255, CODES[kind] | cv2.THRESH_TRIANGLE)[1]


@op(group="threshold", channels=(1,))
def adaptive_threshold(
    image: Image,
    *,
    method: Annotated[
        Literal["mean", "gaussian"], Doc("The plain mean around each pixel, or one that weighs near ones more")
    ] = "mean",
    radius: Annotated[int, Interval(ge=1, le=500), Unit("px"), Doc("How far around reaches; the square is 2 radius + 1 wide")] = 12,
    offset: Annotated[
        float, Interval(ge=-1, le=1), Doc("How far below the mean the threshold lies, as a fraction of white")
    ] = 0.02,
    kind: TwoWays = "binary",
) -> Image:
    """Compare every pixel with the mean around it, so that uneven light does no harm: for pages and drawings.

    White is what lies above mean - offset; past the edge the outermost pixels go on. The Gaussian's standard deviation is
    0.3 radius + 0.5 px, as OpenCV derives it from the size.

    >>> import numpy as np
    >>> image = np.tile(np.arange(0, 240, 24, np.uint8), (3, 1))
    >>> image[1, 7] = 100
    >>> adaptive_threshold(image, radius=1, offset=0.2)[1].tolist()
    [255, 255, 255, 255, 255, 255, 255, 0, 255, 255]
    """
    size = 2 * radius + 1
    if image.dtype == np.uint8:
        code = cv2.ADAPTIVE_THRESH_MEAN_C if method == "mean" else cv2.ADAPTIVE_THRESH_GAUSSIAN_C
        return cv2.adaptiveThreshold(image, 255, code, CODES[kind], size, math.ceil(offset * 255))
    unit = to_unit(image)
    if method == "mean":
        mean = cv2.blur(unit, (size, size), borderType=cv2.BORDER_REPLICATE)
    else:
        mean = cv2.GaussianBlur(unit, (size, size), 0, borderType=cv2.BORDER_REPLICATE)
    above = unit > mean - np.float32(offset)
    return np.where(above == (kind == "binary"), white(image), 0).astype(image.dtype)


@op(group="threshold", gives=mask_kind, example={"low": "#406000", "high": "#ffffc0"})
def in_range(
    image: Image,
    *,
    low: Annotated[Color, Doc("The least of each channel")],
    high: Annotated[Color, Doc("The greatest of each channel")],
    space: Annotated[
        Literal["rgb", "hsv"],
        Doc("Compare red, green and blue, or hue, saturation and value; hues run from low up to high, past red where low is above"),
    ] = "rgb",
) -> Image:
    """Make a mask, uint8 gray: white where every channel lies from `low` to `high`, both included.

    Gray pictures are compared with the lightness of the colours; transparency is not looked at.

    >>> import numpy as np
    >>> image = np.array([[[200, 30, 10], [250, 30, 10], [200, 90, 10]]], np.uint8)
    >>> in_range(image, low="#c80000", high="#fa4040").tolist()
    [[255, 255, 0]]
    """
    colors = _opaque(image)
    if space == "rgb" or image.ndim == 2:
        least, most = color_of(low, colors), color_of(high, colors)
        _check_order(least, most, low, high, ("lightness",) if image.ndim == 2 else ("red", "green", "blue"))
        return cv2.inRange(colors, least, most)
    assert isinstance(low, str)
    assert isinstance(high, str)
    hsv = _hsv(colors)
    least, most = _hsv_of(low, image.dtype.char)[0], _hsv_of(high, image.dtype.char)[1]
    _check_order(least[1:], most[1:], low, high, ("saturation", "value"))
    if least[0] <= most[0]:
        return cv2.inRange(hsv, least, most)
    return cv2.bitwise_or(cv2.inRange(hsv, least, (FULL_TURN, *most[1:])), cv2.inRange(hsv, (0, *least[1:]), most))


@op(group="threshold", gives=mask_kind, example={"color": "#a08060", "tolerance": 0.25})
def mask_from_color(
    image: Image,
    *,
    color: Annotated[Color, Doc("The colour to look for")],
    tolerance: Annotated[Fraction, Doc("How far each channel may be from it, as a fraction of white")] = 0.1,
) -> Image:
    """Make a mask, uint8 gray: white where the picture has a colour, such as the red of a scribble over what shall go.

    Gray pictures are compared with the lightness of the colour; transparency is not looked at.

    >>> import numpy as np
    >>> image = np.array([[[255, 0, 0], [240, 20, 0], [200, 0, 0]]], np.uint8)
    >>> mask_from_color(image, color="red").tolist()
    [[255, 255, 0]]
    """
    colors = _opaque(image)
    return near(colors, color_of(color, colors), tolerance)


def _opaque(image: Image) -> Image:
    return cv2.cvtColor(image, cv2.COLOR_RGBA2RGB) if image.ndim == 3 and image.shape[2] == 4 else image


def _hsv(colors: Image) -> Image:
    """Hue, saturation and value of an RGB picture: uint8, 0 to 255 each, or float32, hue in degrees."""
    return cv2.cvtColor(colors if colors.dtype == np.uint8 else to_unit(colors), cv2.COLOR_RGB2HSV_FULL)


@lru_cache(maxsize=256)
def _hsv_of(color: str, dtype: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The least and the greatest that a checked colour becomes in a picture, so that a pixel of exactly this colour is in range.

    OpenCV rounds float pixels one by one at the end of a row otherwise than those before, which it takes many at a time.
    """
    row = np.empty((1, 67, 3), dtype)
    row[:] = color_of(color, row)
    pixels = _hsv(row)[0]
    return tuple(pixels.min(axis=0).tolist()), tuple(pixels.max(axis=0).tolist())


def _check_order(least: tuple[float, ...], most: tuple[float, ...], low: Color, high: Color, names: tuple[str, ...]) -> None:
    for name, start, end in zip(names, least, most, strict=True):
        if start > end:
            received = f"{name} {start:g} in low {low}, {end:g} in high {high}"
            raise ParameterError("nothing is in_range", expected=f"low at most high in {' and '.join(names)}", received=received)
