"""Pictures as numbers: nested lists and tensors of requests, as the inference protocols send them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sightline.errors import ImageError, TooLargeError, brief
from sightline.image import Image, check_image
from sightline.serve.failures import RequestError

__all__ = ["picture_of_numbers", "pictures_of_tensor"]

CHANNELS = (1, 3, 4)


def picture_of_numbers(value: object, what: str, max_pixels: int) -> Image:
    """A picture uint8 `(H, W)`, `(H, W, 3)` or `(H, W, 4)` from nested lists of numbers from 0 to 255; InputError."""
    try:
        found = np.asarray(value)
    except ValueError:
        raise RequestError(422, f"{what} is no picture", expected="rows of equal length", received=brief(value)) from None
    if found.dtype.kind not in "iuf" or found.ndim not in (2, 3):
        expected = "numbers as (H, W) or (H, W, channels), or the bytes of a picture file in base64"
        raise RequestError(422, f"{what} is no picture", expected=expected, received=brief(value))
    return _picture(found, what, max_pixels)


def pictures_of_tensor(data: Sequence[Any], shape: Sequence[int], datatype: str, max_pixels: int) -> list[Image]:
    """The pictures of a tensor of `shape` (N, H, W) or (N, H, W, channels), its numbers in one list or nested; InputError."""
    if len(shape) not in (3, 4) or not all(isinstance(side, int) and 0 < side < 1 << 24 for side in shape):
        raise RequestError(422, "invalid shape", expected="[N, H, W] or [N, H, W, channels]", received=brief(list(shape)))
    try:
        found = np.asarray(data)
    except ValueError:
        raise RequestError(422, "invalid data", expected="numbers, in one list or nested as the shape is") from None
    if found.dtype.kind not in "iuf" or found.size != np.prod(shape, dtype=object):
        expected = f"{np.prod(shape, dtype=object):,} numbers of {datatype}"
        raise RequestError(422, "data do not fit the shape", expected=expected, received=f"{found.size:,} of {found.dtype}")
    return [_picture(one, f"picture {number}", max_pixels) for number, one in enumerate(found.reshape(shape))]


def _picture(numbers: np.ndarray[Any, Any], what: str, max_pixels: int) -> Image:
    """Numbers from 0 to 255 as a picture; one channel may stand in a dimension of its own."""
    if numbers.ndim == 3 and numbers.shape[2] == 1:
        numbers = numbers[..., 0]
    if numbers.shape[0] * numbers.shape[1] > max_pixels:
        raise TooLargeError(f"{what} is too large", expected=f"at most {max_pixels:,} pixels", received=str(numbers.shape))
    if not numbers.size or not np.isfinite(numbers).all() or numbers.min() < 0 or numbers.max() > 255:
        raise ImageError(f"{what} is no picture", expected="numbers from 0 to 255", received=brief(numbers.tolist()))
    if numbers.dtype.kind == "f" and numbers.max() <= 1 and numbers.any():
        raise ImageError(
            f"{what} would be black",
            expected="numbers from 0 to 255, as in a picture file",
            received=f"at most {numbers.max():.3g}",
            fix="Multiply them by 255: the model scales them itself.",
        )
    return check_image(np.rint(numbers).astype(np.uint8), what=what)
