"""What many operations need on pixels: colours as numbers, borders, tables of values, a second picture, blending."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import stringzilla

from sightline.errors import ImageError, ParameterError
from sightline.image import MAX_PIXELS, Image, white
from sightline.ops._types import Color

__all__ = [
    "BORDERS",
    "DEPTHS",
    "checked_size",
    "clip01",
    "color_of",
    "composite",
    "curved",
    "length",
    "level_of",
    "like",
    "looked_up",
    "near",
    "outermost",
    "own_opacity",
    "plain",
    "premultiplied",
    "same_size",
    "to_unit",
]

BORDERS = {
    "reflect": cv2.BORDER_REFLECT_101,
    "replicate": cv2.BORDER_REPLICATE,
    "wrap": cv2.BORDER_WRAP,
    "constant": cv2.BORDER_CONSTANT,
}
"""OpenCV's code for each way to go on past the edge. Its filters do not take `wrap`: pad first where it is offered."""

DEPTHS = {np.dtype(np.uint8): cv2.CV_8U, np.dtype(np.uint16): cv2.CV_16U, np.dtype(np.float32): cv2.CV_32F}
"""OpenCV's code for each dtype."""

LEAST_ALPHA = {np.dtype(np.uint8): 0.5, np.dtype(np.uint16): 0.5, np.dtype(np.float32): 1e-6}
"""Up to it nothing of a colour is left: it is rounded to 0, or is no more than the errors of float32."""

LUMA = (0.299, 0.587, 0.114)  # Rec. ITU-R BT.601


def color_of(color: Color, image: Image) -> tuple[float, ...]:
    """A checked colour as numbers for the picture: one, three or four, in the picture's own range.

    Gray pictures get the colour's lightness; the alpha of a colour without one is full.
    """
    assert isinstance(color, str)
    return _color_of(color, image.dtype.char, 1 if image.ndim == 2 else image.shape[2])


@lru_cache(maxsize=512)
def _color_of(color: str, dtype: str, channels: int) -> tuple[float, ...]:
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    alpha = int(color[7:9], 16) if len(color) == 9 else 255
    if channels == 1:
        values: tuple[float, ...] = (LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue,)
    else:
        values = (red, green, blue, alpha)[:channels]
    if dtype == "f":
        return tuple(value / 255 for value in values)
    return tuple(float(round(value * (257 if dtype == "H" else 1))) for value in values)


def own_opacity(color: str) -> float:
    """The opacity that a checked colour itself has: 1 for `#rrggbb`."""
    return int(color[7:9], 16) / 255 if len(color) == 9 else 1.0


def level_of(fraction: float, image: Image) -> float:
    """A fraction of white in the picture's own range; for integers the greatest that is not above it."""
    return fraction if image.dtype == np.float32 else math.floor(fraction * white(image))


def near(image: Image, values: tuple[float, ...], tolerance: float) -> Image:
    """Make a mask, uint8 gray: white where every channel differs from its value by at most `tolerance`, a fraction of white.

    Exactly in 8 and 16 bit, where values are whole numbers; to a millionth in float, which has no more digits.

    >>> near(np.array([[7, 19, 20]], np.uint8), (7,), 0.05).tolist()
    [[255, 255, 0]]
    """
    reach = level_of(tolerance, image) + (1e-6 if image.dtype == np.float32 else 0)
    return cv2.inRange(image, tuple(value - reach for value in values), tuple(value + reach for value in values))


def outermost(image: Image) -> Image:
    """The pixels on the edge, `(N[, C])`, each once.

    >>> outermost(np.arange(9, dtype=np.uint8).reshape(3, 3)).tolist(), outermost(np.array([[1], [2]], np.uint8)).tolist()
    ([0, 1, 2, 6, 7, 8, 3, 5], [1, 2])
    """
    if min(image.shape[:2]) == 1:
        return image.reshape(-1, *image.shape[2:])
    return np.concatenate([image[0], image[-1], image[1:-1, 0], image[1:-1, -1]])


def clip01(image: Image) -> Image:
    """Cut a float picture to [0, 1], in place, after arithmetic that may have left it; others stay as they are."""
    if image.dtype == np.float32:
        np.clip(image, 0, 1, out=image)
    return image


def to_unit(image: Image) -> Image:
    """The picture as float32 in [0, 1]; a float picture is given back itself."""
    if image.dtype == np.float32:
        return image
    scaled: Image = np.multiply(image, np.float32(1 / white(image)), dtype=np.float32)
    return scaled


def checked_size(width: int, height: int) -> None:
    """Refuse a picture larger than any that may be read, before its memory is taken."""
    if width * height > MAX_PIXELS:
        raise ParameterError(
            "the picture would be too large", expected=f"at most {MAX_PIXELS:,} pixels", received=f"{width} x {height}"
        )


def like(values: Image, image: Image) -> Image:
    """Float values in [0, 1] as a picture of the dtype of `image`: clipped, scaled and rounded to the nearest."""
    clipped: Image = np.clip(values, 0, 1, dtype=np.float32)
    if image.dtype == np.float32:
        return clipped
    scaled: Image = np.rint(clipped * np.float32(white(image))).astype(image.dtype)
    return scaled


def curved(image: Image, curve: Callable[..., Any], *numbers: float) -> Image:
    """Send every value through `curve`, a function on [0, 1] with some numbers: by a table for 8 bit, directly for the others."""
    if image.dtype == np.uint8:
        return looked_up(image, _table(curve, *numbers))
    return like(curve(np.clip(to_unit(image), 0, 1), *numbers), image)  # a power wants no -0.000001


@lru_cache(maxsize=256)
def _table(curve: Callable[..., Any], *numbers: float) -> Image:
    return like(curve(np.linspace(0, 1, 256, dtype=np.float32), *numbers), np.empty(0, np.uint8))


def looked_up(image: Image, table: Image) -> Image:
    """Every value of a uint8 picture replaced by what stands at its place in `table`, uint8 `(256,)`.

    StringZilla's table of bytes is the same thing as OpenCV's, several times faster.
    """
    result = np.empty_like(image)
    stringzilla.translate(image.data, table.data, out=result.data)
    return result


def plain(color: Color, image: Image, width: int, height: int) -> Image:
    """A picture of one colour and of the kind of `image`: a border around one pixel, which is much faster than assigning rows."""
    value = color_of(color, image)
    pixel = np.array(value, image.dtype).reshape(1, 1, *image.shape[2:])
    return cv2.copyMakeBorder(pixel, 0, height - 1, 0, width - 1, cv2.BORDER_CONSTANT, value=value)


def length(x: Image, y: Image) -> Image:
    """sqrt(x² + y²) of two float arrays, which are used up: of the same shape, or a row and a column.

    Not `cv2.magnitude`, whose last bit depends on where the memory lies.
    """
    np.multiply(x, x, out=x)
    np.multiply(y, y, out=y)
    squares = np.add(x, y, out=x if x.shape == y.shape else None)
    return np.sqrt(squares, out=squares)


def same_size(image: Image, other: Image, what: str) -> None:
    """Refuse `other` if it has not the width and height of `image`."""
    if image.shape[:2] != other.shape[:2]:
        (rows, columns), (height, width) = image.shape[:2], other.shape[:2]
        raise ImageError(
            f"{what} has the wrong size",
            expected=f"{columns} x {rows} px, as the picture",
            received=f"{width} x {height} px",
            fix=f"Resize it to {columns} x {rows} first.",
        )


def premultiplied(
    image: Image, run: Callable[[Image, tuple[float, ...]], Image], color: Color = "#000000", depth: int | None = None
) -> Image:
    """`run(image, outside)`, which mixes pixels linearly, so that each colour counts as much as it is opaque.

    `outside` is `color` in numbers: give it where `run` lets it shine in from beyond the edge. Where anything is transparent, `run`
    gets float32 in the same range, colours multiplied by their opacity (Porter and Duff 1984), and what it gives is divided by
    its own: hidden colours leave no trace. Where nothing of a pixel is left, its colour is 0. `depth` is OpenCV's code for what
    `run` makes of an opaque picture, if that has another depth.

    >>> image = np.array([[[255, 0, 0, 0], [0, 0, 255, 255]]], np.uint8)
    >>> premultiplied(image, lambda source, outside: cv2.resize(source, (1, 1), interpolation=cv2.INTER_AREA)).tolist()
    [[[0, 0, 255, 128]]]
    """
    outside = color_of(color, image)
    if image.ndim == 2 or image.shape[2] == 3 or (outside[3] == white(image) and _opaque(image)):
        return run(image, outside)
    full = np.float32(white(image))
    light = cv2.multiply(image, _in_colors(cv2.extractChannel(image, 3)), scale=1 / float(full), dtype=cv2.CV_32F)
    *colors, cover = outside
    mixed = run(light, (*(value * cover / float(full) for value in colors), cover))
    alpha = cv2.extractChannel(mixed, 3)
    opacity = np.where(alpha > LEAST_ALPHA[image.dtype], alpha / full, np.float32(np.inf))
    result = cv2.divide(mixed, _in_colors(opacity), dtype=DEPTHS[image.dtype] if depth is None else depth)
    return clip01(result) if image.dtype == np.float32 else result


def _opaque(image: Image) -> bool:
    if image.dtype == np.uint8:  # four bytes as one number, the last the highest: several times faster than every fourth alone
        return int(image.view("<u4").min()) >= 0xFF000000
    return bool(image[..., 3].min() == white(image))


def _in_colors(alpha: Image) -> Image:
    """What to multiply or divide colours by: alpha in each of them, and white in place of alpha."""
    return cv2.cvtColor(alpha, cv2.COLOR_GRAY2RGBA)


def composite(image: Image, paint: Image, cover: Image) -> Image:
    """Lay `paint` over `image` where `cover` says, a new picture: Porter and Duff's "over" with straight alpha.

    `paint` is a picture of the kind of `image` or its colour as a sequence of numbers; `cover` is float32 `(H, W)` in [0, 1],
    to which an alpha channel of `paint` adds.
    """
    values = np.asarray(paint, np.float32)
    full = np.float32(white(image))
    if image.ndim == 2:
        mixed = image + (values - image) * cover
    elif image.shape[2] == 3:
        mixed = image + (values - image) * cover[..., None]
    else:
        above = cover * (values[..., 3] / full)
        below = image[..., 3] / full * (1 - above)
        alpha = above + below
        share = np.divide(above, alpha, out=np.zeros_like(above), where=alpha > 0)[..., None]
        mixed = np.concatenate([image[..., :3] + (values[..., :3] - image[..., :3]) * share, (alpha * full)[..., None]], axis=2)
    if image.dtype != np.float32:
        np.rint(mixed, out=mixed)
    result: Image = np.clip(mixed, 0, full).astype(image.dtype)
    return result
