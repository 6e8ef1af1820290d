"""What an image is: the array contract, and the check of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.errors import ImageError

__all__ = ["CHANNELS", "CHANNEL_WORDS", "DTYPES", "KINDS", "Image", "Kind", "check_image", "check_values", "kind_of", "white"]

Image = NDArray[Any]
"""A picture: an array `(H, W)` gray, `(H, W, 3)` RGB or `(H, W, 4)` RGBA; uint8, uint16, or float32 in [0, 1]."""

DTYPES = ("uint8", "uint16", "float32")
CHANNELS = (1, 3, 4)
NAMES = {np.dtype(name): name for name in DTYPES}  # looking a dtype up here is 30 times faster than asking for its name
WHITE = {np.dtype("uint8"): 255, np.dtype("uint16"): 65535, np.dtype("float32"): np.float32(1)}
SHAPES = {1: "(H, W) gray", 3: "(H, W, 3) RGB", 4: "(H, W, 4) RGBA"}
CHANNEL_WORDS = {1: "gray", 3: "RGB", 4: "RGBA"}
ROUNDING = 1e-5  # how far beyond [0, 1] float arithmetic may have carried a value


@dataclass(frozen=True)
class Kind:
    """The dtype and the number of channels of an image: what an operation takes and gives."""

    dtype: str
    channels: int

    def __str__(self) -> str:
        return f"{self.dtype} {CHANNEL_WORDS[self.channels]}"


KINDS = {(dtype, channels): Kind(dtype, channels) for dtype in DTYPES for channels in CHANNELS}
"""Every kind that there is, by dtype and channels."""


def check_image(
    image: object,
    *,
    what: str = "image",
    dtypes: Collection[str] = DTYPES,
    channels: Collection[int] = CHANNELS,
) -> Image:
    """Give back `image` if it keeps the array contract and has one of `dtypes` and `channels`; else ImageError.

    A view with gaps or strides of its own comes back as a copy without, which everything behind can be handed. The values of
    float pictures are not looked at: see `check_values`.
    """
    if not isinstance(image, np.ndarray):
        raise ImageError(f"{what} is not an image", expected="a NumPy array", received=type(image).__name__)
    shape = image.shape
    count = 1 if len(shape) == 2 else shape[2] if len(shape) == 3 and shape[2] > 1 else 0
    if count not in channels or not image.size:
        rule = " or ".join(SHAPES[c] for c in sorted(channels))
        raise ImageError(f"{what} has the wrong shape", expected=rule, received=f"shape {shape}", fix=_shape_fix(shape, channels))
    name = NAMES.get(image.dtype)
    if name not in dtypes:
        received = str(image.dtype)
        raise ImageError(
            f"{what} has the wrong dtype", expected=" or ".join(dtypes), received=received, fix=_dtype_fix(received, dtypes)
        )
    return image if image.flags.c_contiguous else np.ascontiguousarray(image)


def check_values(image: Image, *, what: str = "image") -> Image:
    """Give back `image` if it is no float picture or its values lie in [0, 1]; else ImageError.

    Of values that lie outside by no more than float arithmetic may have carried them, a copy in [0, 1] comes back.
    """
    if image.dtype == np.float32:
        low, high = float(image.min()), float(image.max())
        if not (low >= -ROUNDING and high <= 1 + ROUNDING):  # not a number compares false
            nan = bool(np.isnan(low) or np.isnan(high))
            raise ImageError(
                f"{what} has values outside its range",
                expected="float32 in [0, 1]",
                received="values that are not numbers" if nan else f"{low:g} to {high:g}",
                fix=None if nan else "Divide it by 255 if it was 0 to 255, or turn it into uint8.",
            )
        if low < 0 or high > 1:
            return np.clip(image, 0, 1)
    return image


def kind_of(image: Image) -> Kind:
    """The kind of a checked image."""
    return KINDS[NAMES[image.dtype], 1 if image.ndim == 2 else image.shape[2]]


def white(image: Image) -> Any:
    """The value of white in the picture's dtype: 255, 65535 or 1.0."""
    return WHITE[image.dtype]


def _shape_fix(shape: tuple[int, ...], channels: Collection[int]) -> str | None:
    if 0 in shape:
        return None
    if len(shape) == 3 and shape[2] == 1:
        return "Use image[..., 0]."
    if len(shape) != 2 and (len(shape) != 3 or shape[2] not in CHANNELS):
        return None
    names = {1: "to_gray", 3: "to_rgb", 4: "to_rgba"}
    return f"Use {names[min(channels)]} first."


def _dtype_fix(received: str, dtypes: Collection[str]) -> str | None:
    if received in DTYPES:
        return "Use to_depth8 first." if "uint8" in dtypes else "Use to_float first."
    fixes = {
        "float64": 'Use image.astype("float32"), with values in [0, 1].',
        "bool": 'Use image.astype("uint8") * 255.',
        "int64": 'Use image.astype("uint8") if its values are 0 to 255.',
        "int32": 'Use image.astype("uint8") if its values are 0 to 255.',
    }
    return fixes.get(received)
