"""Sums, differences, mixtures and logic of pictures.

All that take a second picture treat it alike. It has the size and the dtype of the first. A gray one counts for every channel
of a coloured first; a coloured one needs a coloured first. An alpha channel takes no part: that of the first picture stays as
it is, that of the second is not looked at. A number stands for a picture that has this value everywhere, in the first one's
own range; for `multiply` and `divide` it is a plain factor, and a second picture a factor from 0 (black) to 1 (white).
Integer results are rounded to the nearest. Where a `mask` is not lighter than middle gray, the first picture stays.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from typing_extensions import Doc

from sightline.errors import ImageError, ParameterError
from sightline.image import Image, white
from sightline.ops._op import op
from sightline.ops._pixels import clip01, like, looked_up, plain, same_size, to_unit
from sightline.ops._types import Alike, Color, Mask, Opacity, Operand, Picture

__all__ = [
    "absdiff",
    "add",
    "apply_mask",
    "bitwise_and",
    "bitwise_not",
    "bitwise_or",
    "bitwise_xor",
    "blend",
    "divide",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]

Other = Annotated[Operand, Alike(), Doc("A second picture of the same size and dtype, or a number in the picture's own range")]
Factor = Annotated[Operand, Alike(), Doc("A second picture of the same size and dtype, white being 1, or a number")]
Bits = Annotated[Operand, Alike(), Doc("A second picture of the same size and dtype, or a whole number from 0 to white")]
Where = Annotated[Mask | None, Doc("Only where this is lighter than middle gray; elsewhere the picture stays")]
Overflow = Annotated[
    Literal["saturate", "wrap"],
    Doc("Values below black or above white: become black or white, or count on from the other end, as in modulo 256, 65536 or 1"),
]
Mode = Literal["normal", "multiply", "screen", "overlay", "darken", "lighten", "difference"]

Formula = Callable[[Any, Any, float], Any]
"""From a value, the second value and what counts as 1 among the second ones; on wide floats."""


@op(group="arithmetic", keeps_alpha=True)
def add(image: Image, *, other: Other, overflow: Overflow = "saturate", mask: Where = None) -> Image:
    """Add a picture or a number to every value.

    >>> import numpy as np
    >>> add(np.array([[0, 200]], np.uint8), other=100).tolist()
    [[100, 255]]
    >>> add(np.array([[0, 200]], np.uint8), other=100, overflow="wrap").tolist()
    [[100, 44]]
    """
    return _where(_compute(image, other, overflow, _sum, cv2.add if overflow == "saturate" else np.add), mask, image)


@op(group="arithmetic", keeps_alpha=True)
def subtract(image: Image, *, other: Other, overflow: Overflow = "saturate", mask: Where = None) -> Image:
    """Subtract a picture or a number from every value.

    >>> import numpy as np
    >>> subtract(np.array([[90, 200]], np.uint8), other=100).tolist()
    [[0, 100]]
    """
    fast = cv2.subtract if overflow == "saturate" else np.subtract
    return _where(_compute(image, other, overflow, _difference, fast), mask, image)


@op(group="arithmetic", keeps_alpha=True)
def multiply(image: Image, *, other: Factor, overflow: Overflow = "saturate", mask: Where = None) -> Image:
    """Multiply every value by a number, or by a second picture as fractions of white: times white leaves it as it is.

    >>> import numpy as np
    >>> image = np.array([[100, 200]], np.uint8)
    >>> multiply(image, other=1.5).tolist(), multiply(image, other=np.array([[255, 51]], np.uint8)).tolist()
    ([[150, 255]], [[100, 40]])
    """
    return _where(_compute(image, other, overflow, _scaled, _product), mask, image)


@op(group="arithmetic", keeps_alpha=True)
def divide(image: Image, *, other: Factor, overflow: Overflow = "saturate", mask: Where = None) -> Image:
    """Divide every value by a number, or by a second picture as fractions of white: through white leaves it as it is.

    Through a picture of an evenly lit white sheet it takes away uneven light. As in OpenCV, a value through black gives 0.

    >>> import numpy as np
    >>> image = np.array([[100, 100, 100]], np.uint8)
    >>> divide(image, other=2).tolist(), divide(image, other=np.array([[255, 127, 0]], np.uint8)).tolist()
    ([[50, 50, 50]], [[100, 201, 0]])
    """
    if isinstance(other, float) and abs(other) < 1e-6:
        raise ParameterError("divide cannot divide by 0", expected="a number at least 0.000001 away from 0", received=f"{other:g}")
    fast = _quotient if overflow == "saturate" and image.dtype == np.uint8 else None
    return _where(_compute(image, other, overflow, _ratio, fast), mask, image)


@op(group="arithmetic", keeps_alpha=True)
def absdiff(image: Image, *, other: Other, mask: Where = None) -> Image:
    """Show by how much every value differs from a picture or a number, whichever is greater.

    >>> import numpy as np
    >>> absdiff(np.array([[90, 200]], np.uint8), other=100).tolist()
    [[10, 100]]
    """
    return _where(_compute(image, other, "saturate", _distance, cv2.absdiff), mask, image)


@op(group="arithmetic", keeps_alpha=True)
def minimum(image: Image, *, other: Other, mask: Where = None) -> Image:
    """Keep the darker of each value and a picture's or a number.

    >>> import numpy as np
    >>> minimum(np.array([[90, 200]], np.uint8), other=100).tolist()
    [[90, 100]]
    """
    return _where(_compute(image, other, "saturate", _least, cv2.min), mask, image)


@op(group="arithmetic", keeps_alpha=True)
def maximum(image: Image, *, other: Other, mask: Where = None) -> Image:
    """Keep the lighter of each value and a picture's or a number.

    >>> import numpy as np
    >>> maximum(np.array([[90, 200]], np.uint8), other=100).tolist()
    [[100, 200]]
    """
    return _where(_compute(image, other, "saturate", _greatest, cv2.max), mask, image)


@op(group="arithmetic", keeps_alpha=True)
def blend(
    image: Image,
    *,
    other: Annotated[
        Picture, Alike(), Doc("A second picture of the same size and dtype, laid over the first; its transparency is ignored")
    ],
    alpha: Annotated[Opacity, Doc("How much of the second picture shows: 0 nothing, 1 all")] = 0.5,
    mode: Annotated[Mode, Doc("How a value and the one over it become one before they are mixed")] = "normal",
    mask: Where = None,
) -> Image:
    """Lay a second picture over this one: (1 - alpha) image + alpha mode(image, other).

    With values a below and b above in [0, 1], `multiply` is a b, `screen` a + b - a b, `overlay` 2 a b in the dark half of a and
    1 - 2 (1 - a)(1 - b) in the light one, `darken` and `lighten` the smaller and the greater, `difference` |a - b|
    (W3C, Compositing and Blending Level 1).

    >>> import numpy as np
    >>> low, high = np.full((1, 1), 100, np.uint8), np.full((1, 1), 200, np.uint8)
    >>> blend(low, other=high, alpha=0.25).tolist(), blend(low, other=high, alpha=1, mode="screen").tolist()
    ([[125]], [[222]])
    """
    assert isinstance(other, np.ndarray)
    second = _second(image, other)
    above = second if mode == "normal" else MODES[mode](image, second)
    if alpha < 1 or above is second:  # never give back the second picture itself
        above = cv2.addWeighted(image, 1 - alpha, above, alpha, 0)
    return _where(clip01(above), mask, image)


@op(group="arithmetic", dtypes=("uint8", "uint16"), keeps_alpha=True, example={"other": 192})
def bitwise_and(image: Image, *, other: Bits, mask: Where = None) -> Image:
    """Keep the bits that are set in both: with 192, for one, the two highest bits of 8.

    >>> import numpy as np
    >>> bitwise_and(np.array([[0b1100, 255]], np.uint8), other=0b1010).tolist()
    [[8, 10]]
    """
    return _bitwise(np.bitwise_and, image, other, mask)


@op(group="arithmetic", dtypes=("uint8", "uint16"), keeps_alpha=True, example={"other": 63})
def bitwise_or(image: Image, *, other: Bits, mask: Where = None) -> Image:
    """Set the bits that are set in either.

    >>> import numpy as np
    >>> bitwise_or(np.array([[0b1100, 255]], np.uint8), other=0b1010).tolist()
    [[14, 255]]
    """
    return _bitwise(np.bitwise_or, image, other, mask)


@op(group="arithmetic", dtypes=("uint8", "uint16"), keeps_alpha=True, example={"other": 128})
def bitwise_xor(image: Image, *, other: Bits, mask: Where = None) -> Image:
    """Set the bits that are set in one of the two only; doing it twice gives the picture back.

    >>> import numpy as np
    >>> bitwise_xor(np.array([[0b1100, 255]], np.uint8), other=0b1010).tolist()
    [[6, 245]]
    """
    return _bitwise(np.bitwise_xor, image, other, mask)


@op(group="arithmetic", dtypes=("uint8", "uint16"), keeps_alpha=True)
def bitwise_not(image: Image, *, mask: Where = None) -> Image:
    """Turn every bit over: white - value; alpha stays.

    >>> import numpy as np
    >>> bitwise_not(np.array([[0, 200]], np.uint8)).tolist()
    [[255, 55]]
    """
    return _where(cv2.bitwise_not(image), mask, image)


@op(group="arithmetic")
def apply_mask(
    image: Image,
    *,
    mask: Annotated[Mask, Doc("The picture stays where this is lighter than middle gray")],
    color: Annotated[Color, Doc("What stands elsewhere; its transparency counts for RGBA pictures")] = "black",
) -> Image:
    """Keep the picture where a mask says so, and paint the rest in one colour.

    >>> import numpy as np
    >>> apply_mask(np.array([[7, 8, 9]], np.uint8), mask=np.array([[0, 99, 255]], np.uint8), color="white").tolist()
    [[255, 255, 9]]
    """
    assert isinstance(mask, np.ndarray)
    same_size(image, mask, "the mask")
    rows, columns = image.shape[:2]
    return cv2.copyTo(image, mask, plain(color, image, columns, rows))


# Formulas on wide floats. `one` is what counts as 1 among the second values: 1 for a number, white for a picture.


def _sum(first: Any, second: Any, one: float) -> Any:
    return first + second


def _difference(first: Any, second: Any, one: float) -> Any:
    return first - second


def _scaled(first: Any, second: Any, one: float) -> Any:
    return first * second / one


def _ratio(first: Any, second: Any, one: float) -> Any:
    return first * one / np.where(second == 0, np.inf, second)


def _distance(first: Any, second: Any, one: float) -> Any:
    return abs(first - second)


def _least(first: Any, second: Any, one: float) -> Any:
    return np.minimum(first, second)


def _greatest(first: Any, second: Any, one: float) -> Any:
    return np.maximum(first, second)


def _compute(image: Image, other: Operand, overflow: str, formula: Formula, fast: Callable[..., Image] | None) -> Image:
    """Every value with its partner: by a table for numbers and 8 bit, by `fast` for pictures where there is one, else exactly."""
    if isinstance(other, float):
        if image.dtype == np.uint8:
            return looked_up(image, _table(formula, other, overflow))
        return _fitted(formula(np.asarray(image, np.float64, order="C"), other, 1.0), image.dtype, overflow)
    assert isinstance(other, np.ndarray)
    second = _second(image, other)
    if fast is None:
        wide = formula(np.asarray(image, np.float64, order="C"), second.astype(np.float64), float(white(image)))
        return _fitted(wide, image.dtype, overflow)
    result = np.ascontiguousarray(fast(image, second))
    return result if image.dtype != np.float32 else _fitted(result, image.dtype, overflow)


@lru_cache(maxsize=256)
def _table(formula: Formula, number: float, overflow: str) -> Image:
    return _fitted(formula(np.arange(256, dtype=np.float64), number, 1.0), np.dtype(np.uint8), overflow)


def _fitted(values: Any, dtype: np.dtype[Any], overflow: str) -> Image:
    """Float values in the range of `dtype`, as this dtype: rounded for integers, then cut or wrapped."""
    if dtype == np.float32:
        wrapped = np.where((values < 0) | (values > 1), values % 1, values) if overflow == "wrap" else np.clip(values, 0, 1)
        return np.asarray(wrapped, np.float32)
    rounded = np.rint(values)
    if overflow == "wrap":  # a cast from one integer to a smaller one keeps the lowest bits; one from a float may do anything
        return np.asarray(rounded.astype(np.int64), dtype)
    return np.asarray(np.clip(rounded, 0, np.iinfo(dtype).max), dtype)


def _second(image: Image, other: Image) -> Image:
    """The second picture with the channels of the first, or an error that says what keeps it from being that."""
    if image.shape == other.shape and image.dtype == other.dtype:
        return other
    same_size(image, other, "the second picture")
    if image.dtype != other.dtype:
        raise ImageError(
            "the second picture has the wrong dtype",
            expected=f"{image.dtype}, as the first",
            received=str(other.dtype),
            fix="Use to_depth8 or to_float on both first.",
        )
    if image.ndim == 2 and other.ndim == 3:
        raise ImageError(
            "the second picture has colours and the first has none",
            expected="a gray picture, as the first",
            received=f"{other.shape[2]} channels",
            fix="Use to_rgb on the first, or to_gray on the second.",
        )
    return cv2.cvtColor(other, cv2.COLOR_GRAY2RGB if other.ndim == 2 else cv2.COLOR_RGBA2RGB)


def _where(result: Image, mask: Mask | None, image: Image) -> Image:
    """`result` where the mask marks, `image` elsewhere."""
    if mask is None:
        return result
    assert isinstance(mask, np.ndarray)
    same_size(image, mask, "the mask")
    return cv2.copyTo(result, mask, image.copy())


def _bitwise(operation: Callable[..., Image], image: Image, other: Operand, mask: Mask | None) -> Image:
    if isinstance(other, float):
        if not (other.is_integer() and 0 <= other <= white(image)):
            expected = f"a whole number from 0 to {white(image)}, for a picture of {image.dtype}"
            raise ParameterError(f"the number for {operation.__name__} has no such bits", expected=expected, received=f"{other:g}")
        return _where(operation(image, image.dtype.type(other), order="C"), mask, image)
    assert isinstance(other, np.ndarray)
    return _where(operation(image, _second(image, other), order="C"), mask, image)


def _product(image: Image, second: Image) -> Image:
    """Both as fractions of white."""
    if image.dtype == np.uint16:  # OpenCV multiplies these in single precision: some results are off by one
        return np.asarray(np.rint(image * (second / 65535.0)), np.uint16, order="C")
    return cv2.multiply(image, second, scale=1.0 / float(white(image)))


def _quotient(image: Image, second: Image) -> Image:
    return cv2.divide(image, second, scale=255)


def _screen(image: Image, second: Image) -> Image:
    return cv2.add(image, cv2.subtract(second, _product(image, second)))


def _overlay(image: Image, second: Image) -> Image:
    if image.dtype != np.uint8:
        low, high = to_unit(image), to_unit(second)
        return like(np.where(low <= 0.5, 2 * low * high, 1 - 2 * (1 - low) * (1 - high)), image)
    dark = cv2.multiply(image, second, scale=2 / 255)
    light = cv2.multiply(cv2.bitwise_not(image), cv2.bitwise_not(second), scale=2 / 255)
    return cv2.copyTo(cv2.bitwise_not(light), cv2.threshold(image, 127, 255, cv2.THRESH_BINARY)[1], dark)


MODES: dict[str, Callable[[Image, Image], Image]] = {
    "multiply": _product,
    "screen": _screen,
    "overlay": _overlay,
    "darken": cv2.min,
    "lighten": cv2.max,
    "difference": cv2.absdiff,
}
