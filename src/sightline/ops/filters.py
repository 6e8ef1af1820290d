"""Neighbourhoods: blurring, sharpening, any kernel.

In RGBA pictures a colour counts as much as it is opaque, and alpha is treated as the colours are; `median_blur` and `custom_kernel`
take each channel by itself. Where an operation has a `border`, this is how the picture goes on past its edge, constant transparent
in RGBA pictures; the others go on mirrored.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated

import cv2
import numpy as np
from annotated_types import Interval, Unit
from numpy.lib.stride_tricks import sliding_window_view
from typing_extensions import Doc

from sightline.errors import ParameterError
from sightline.image import Image, white
from sightline.ops._op import op
from sightline.ops._pixels import BORDERS, DEPTHS, clip01, like, premultiplied, to_unit
from sightline.ops._types import Border, Fraction, Matrix

__all__ = [
    "bilateral",
    "box_blur",
    "custom_kernel",
    "gaussian_blur",
    "high_pass",
    "median_blur",
    "motion_blur",
    "nl_means",
    "sharpen",
    "unsharp_mask",
]

Reach = Annotated[int, Interval(ge=1, le=501), Unit("px")]
Run = Callable[[Image, int], Image]
Sigma = Annotated[float, Interval(ge=0.1, le=50), Unit("px"), Doc("Standard deviation of the Gaussian")]
Way = Annotated[int, Interval(ge=1, le=255), Unit("px"), Doc("How far things move while the picture is taken")]
Direction = Annotated[
    float, Interval(ge=-360, le=360), Unit("degrees"), Doc("Which way they move, counter-clockwise from the right")
]
LARGEST_KERNEL = 65  # a side; larger ones are better made of several steps
WINDOW_VALUES = 2**23  # how many values the median of 16-bit and float pictures spreads out at once


@op(group="filters", example={"width": 9, "height": 9})
def box_blur(
    image: Image,
    *,
    width: Annotated[Reach, Doc("Width of the box; an even one reaches one pixel further to the left")] = 3,
    height: Annotated[Reach, Doc("Height of the box; an even one reaches one pixel further up")] = 3,
    border: Border = "reflect",
) -> Image:
    """Replace each pixel by the mean of the box around it.

    >>> import numpy as np
    >>> box_blur(np.array([[0, 0, 90, 0, 0]], np.uint8), height=1).tolist()
    [[0, 30, 30, 30, 0]]
    """
    if image.dtype == np.uint8 and width * height in (2, 4, 8, 16, 32, 64, 128, 256):  # OpenCV 5.0 rounds these up, 255 even to 0
        row, column = _mean_kernel(width), _mean_kernel(height)
        return _mixed(image, border, width, height, lambda source, code: cv2.sepFilter2D(source, -1, row, column, borderType=code))
    return _mixed(image, border, width, height, lambda source, code: cv2.blur(source, (width, height), borderType=code))


@op(group="filters", example={"sigma": 3.0})
def gaussian_blur(image: Image, *, sigma: Sigma = 1.0, border: Border = "reflect") -> Image:
    """Smooth with a Gaussian kernel.

    The kernel ends at 3 `sigma` to each side, rounded up, in 8 bit, where what lies beyond makes less than one level; at
    4 `sigma` in 16 bit and float.

    >>> import numpy as np
    >>> gaussian_blur(np.array([[0, 0, 100, 0, 0]], np.uint8), border="constant")[0].tolist()
    [2, 10, 16, 10, 2]
    """
    return _gaussian(image, sigma, border)


@op(group="filters", example={"radius": 2})
def median_blur(
    image: Image,
    *,
    radius: Annotated[
        int,
        Interval(ge=1, le=50),
        Unit("px"),
        Doc("Reach to each side: the square is 2 x radius + 1 wide; slow above 2 in 16 bit and float"),
    ] = 1,
) -> Image:
    """Replace each pixel by the median of the square around it: specks go, edges stay.

    Past its edge the picture goes on with its last pixel.

    >>> import numpy as np
    >>> median_blur(np.array([[5, 5, 5], [5, 255, 5], [5, 5, 5]], np.uint8)).tolist()
    [[5, 5, 5], [5, 5, 5], [5, 5, 5]]
    """
    if radius > 2 and image.dtype != np.uint8:
        return _median_of_windows(image, radius)
    return cv2.medianBlur(image, 2 * radius + 1)


@op(group="filters", keeps_alpha=True, example={"sigma_color": 0.3, "sigma_space": 3.0})
def bilateral(
    image: Image,
    *,
    sigma_color: Annotated[
        float, Interval(ge=0.001, le=1), Doc("How different values may be that still mix, as a part of the range")
    ] = 0.1,
    sigma_space: Annotated[float, Interval(ge=0.5, le=20), Unit("px"), Doc("How far away pixels may be that still mix")] = 3.0,
) -> Image:
    """Smooth, but not across edges: near pixels count as much as they are alike.

    Both weights are Gaussian; the likeness of colours is the sum of the differences of their channels; the neighbourhood is a
    disk that ends at 1.5 `sigma_space` (Tomasi and Manduchi 1998). Alpha stays.

    >>> import numpy as np
    >>> bilateral(np.array([[10, 12, 10, 200, 202, 200]], np.uint8)).tolist()
    [[11, 11, 11, 201, 201, 201]]
    """
    if image.dtype == np.uint8 and (image.ndim == 3 or sigma_space > 1.7):  # OpenCV 5.0 rounds down in gray disks of 3 and 5 px
        return cv2.bilateralFilter(image, -1, sigma_color * 255, sigma_space)
    return like(cv2.bilateralFilter(to_unit(image), -1, sigma_color, sigma_space), image)


@op(group="filters", dtypes=("uint8",), keeps_alpha=True, example={"strength": 0.2, "window_radius": 7})
def nl_means(
    image: Image,
    *,
    strength: Annotated[
        float, Interval(ge=0.001, le=0.5), Doc("How different patches may be that still count as alike, as a part of the range")
    ] = 0.04,
    patch_radius: Annotated[int, Interval(ge=1, le=10), Unit("px"), Doc("Reach of the patches that are compared")] = 3,
    window_radius: Annotated[
        int, Interval(ge=1, le=20), Unit("px"), Doc("How far away patches are looked for; time grows with its square")
    ] = 10,
) -> Image:
    """Remove noise: each pixel becomes the mean of those whose surroundings look alike.

    Non-local means (Buades, Coll and Morel 2005), on all colour channels together. Alpha stays.

    >>> import numpy as np
    >>> nl_means(np.array([[50, 52, 50, 52, 50]], np.uint8), window_radius=2).tolist()
    [[51, 51, 51, 51, 51]]
    """
    return cv2.fastNlMeansDenoising(image, None, strength * 255, 2 * patch_radius + 1, 2 * window_radius + 1)


@op(group="filters", example={"length": 25, "angle": 30.0})
def motion_blur(
    image: Image,
    *,
    length: Way = 9,
    angle: Direction = 0.0,
    border: Border = "reflect",
) -> Image:
    """Blur along a line, as if the camera had moved; `deblur` takes it back.

    >>> import numpy as np
    >>> motion_blur(np.array([[0, 0, 90, 0, 0]], np.uint8), length=3).tolist()
    [[0, 30, 30, 30, 0]]
    """
    return _correlate(image, line_kernel(length, angle), border)


@op(group="filters", example={"amount": 2.0})
def sharpen(
    image: Image,
    *,
    amount: Annotated[float, Interval(ge=0, le=10), Doc("How much of the difference to the four neighbours is added")] = 1.0,
    border: Border = "reflect",
) -> Image:
    """Bring out the smallest details: add `amount` times the difference to each of the four neighbours.

    `unsharp_mask` does it at any scale.

    >>> import numpy as np
    >>> sharpen(np.array([[50, 50, 60, 60]], np.uint8)).tolist()
    [[50, 40, 70, 60]]
    """
    return _correlate(image, _sharpening_kernel(amount), border)


@op(group="filters", example={"sigma": 3.0, "amount": 2.0})
def unsharp_mask(
    image: Image,
    *,
    sigma: Sigma = 2.0,
    amount: Annotated[float, Interval(ge=0, le=10), Doc("How much of the difference to the blurred picture is added")] = 1.0,
    threshold: Annotated[Fraction, Doc("Differences up to this part of the range stay as they are, so that noise does")] = 0.0,
) -> Image:
    """Sharpen: add `amount` times what a Gaussian blur of `sigma` takes away.

    >>> import numpy as np
    >>> unsharp_mask(np.array([[50, 50, 50, 80, 80, 80]], np.uint8), sigma=0.5).tolist()
    [[50, 50, 47, 83, 80, 80]]
    """
    kernel = _gaussian_kernel(sigma, _reach(sigma, image))
    blurred = premultiplied(image, lambda source, _: cv2.sepFilter2D(source, cv2.CV_32F, kernel, kernel), depth=cv2.CV_32F)
    sharp = clip01(cv2.addWeighted(image, 1 + amount, blurred, -amount, 0, dtype=DEPTHS[image.dtype]))
    if not threshold:
        return sharp
    chosen: Image = np.where(np.abs(image - blurred) > threshold * white(image), sharp, image)
    return chosen


@op(group="filters", keeps_alpha=True, example={"sigma": 5.0})
def high_pass(image: Image, *, sigma: Sigma = 3.0) -> Image:
    """Keep what a Gaussian blur of `sigma` takes away, on middle gray (128, 32768 or 0.5); alpha stays.

    >>> import numpy as np
    >>> high_pass(np.array([[50, 50, 50, 80, 80, 80]], np.uint8), sigma=0.5).tolist()
    [[128, 128, 125, 131, 128, 128]]
    """
    return clip01(cv2.addWeighted(image, 1, _gaussian(image, sigma, "reflect"), -1, _middle(image)))


@op(group="filters", example={"kernel": [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]})
def custom_kernel(
    image: Image,
    *,
    kernel: Annotated[Matrix, Doc("Weights: rows of equal length, at most 65 x 65; not mirrored")],
    normalize: Annotated[bool, Doc("Divide the weights by their sum")] = False,
    offset: Annotated[float, Interval(ge=-1, le=1), Doc("What is added afterwards, as a part of the range")] = 0.0,
    border: Border = "reflect",
) -> Image:
    """Weigh each pixel's neighbourhood with a kernel of your own.

    This is correlation, as in OpenCV's `filter2D` and Pillow: the kernel lies on the picture as it is written (a convolution
    mirrors it both ways first). Its centre is the middle, or the one after it where a side is even.

    >>> import numpy as np
    >>> custom_kernel(np.array([[0, 10, 20, 30]], np.uint8), kernel=[[-1, 0, 1]]).tolist()
    [[0, 20, 20, 0]]
    """
    assert isinstance(kernel, tuple)
    weights, delta = _checked_kernel(kernel, normalize), offset * float(white(image))
    down, across = weights.shape
    return clip01(
        _bordered(image, border, across, down, lambda source, code: cv2.filter2D(source, -1, weights, delta=delta, borderType=code))
    )


def _mixed(image: Image, border: str, width: int, height: int, run: Run) -> Image:
    """`_bordered` by `premultiplied`: what OpenCV's constant border lets in is transparent."""
    outside = "#00000000" if border == "constant" else "#000000"
    return clip01(premultiplied(image, lambda source, _: _bordered(source, border, width, height, run), outside))


def _bordered(image: Image, border: str, width: int, height: int, run: Run) -> Image:
    """`run(source, code)` with OpenCV's code of a border; its filters refuse to wrap, so that is padded before and cut after.

    `width` and `height` are those of the neighbourhood.
    """
    if border != "wrap":
        return run(image, BORDERS[border])
    down, across = height // 2, width // 2
    padded = cv2.copyMakeBorder(image, down, down, across, across, cv2.BORDER_WRAP)
    rows, columns = image.shape[:2]
    return np.ascontiguousarray(run(padded, cv2.BORDER_REPLICATE)[down : down + rows, across : across + columns])


def _reach(sigma: float, image: Image) -> int:
    """How far the kernel of a Gaussian goes to each side, as `gaussian_blur` says."""
    return math.ceil(sigma * (3 if image.dtype == np.uint8 else 4))


def _gaussian(image: Image, sigma: float, border: str) -> Image:
    kernel = _gaussian_kernel(sigma, _reach(sigma, image))
    size = len(kernel)  # sepFilter2D: rounds better than GaussianBlur in 8 bit, and takes half its time from a sigma of 5 on
    return _mixed(image, border, size, size, lambda source, code: cv2.sepFilter2D(source, -1, kernel, kernel, borderType=code))


def _correlate(image: Image, kernel: Image, border: str) -> Image:
    height, width = kernel.shape
    return _mixed(image, border, width, height, lambda source, code: cv2.filter2D(source, -1, kernel, borderType=code))


def _middle(image: Image) -> float:
    """The value of middle gray: 128, 32768 or 0.5."""
    return 0.5 if image.dtype == np.float32 else (int(white(image)) + 1) / 2


def _median_of_windows(image: Image, radius: int) -> Image:
    """The median of every window, a tile of the picture at a time: OpenCV has it up to a radius of 2 only for these dtypes."""
    size = 2 * radius + 1
    padded = cv2.copyMakeBorder(image, radius, radius, radius, radius, cv2.BORDER_REPLICATE)
    windows = sliding_window_view(padded, (size, size), axis=(0, 1))
    side = max(1, math.isqrt(WINDOW_VALUES // (size * size * math.prod(image.shape[2:]))))
    result = np.empty_like(image, order="C")
    for top in range(0, image.shape[0], side):
        for left in range(0, image.shape[1], side):
            tile = windows[top : top + side, left : left + side]
            values = np.partition(tile.reshape(*tile.shape[:-2], size * size), size * size // 2, axis=-1)
            result[top : top + side, left : left + side] = values[..., size * size // 2]
    return result


@lru_cache(maxsize=64)
def _mean_kernel(length: int) -> Image:
    return np.full((1, length), 1 / length, np.float32)


@lru_cache(maxsize=64)
def _gaussian_kernel(sigma: float, reach: int) -> Image:
    return cv2.getGaussianKernel(2 * reach + 1, sigma, cv2.CV_32F)


@lru_cache(maxsize=64)
def line_kernel(length: int, angle: float) -> Image:
    """A line of `length` through the centre, one pixel thick; its ends count as far as the line reaches into them.

    float32, of sum 1 and odd sides; turned by half a turn it is the same.
    """
    right, up = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    reach = length / 2 * max(abs(right), abs(up))
    half = max(0, math.ceil(reach - 0.5 - 1e-9))
    steps = np.arange(-half, half + 1)
    flat = abs(right) >= abs(up)
    sideways = np.rint(-steps * (up / right if flat else right / up)).astype(int)
    edge = int(np.abs(sideways).max())
    kernel = np.zeros((2 * half + 1, 2 * edge + 1), np.float32)
    kernel[steps + half, sideways + edge] = np.minimum(1, reach + 0.5 - np.abs(steps))
    kernel /= kernel.sum()
    return np.ascontiguousarray(kernel.T) if flat else kernel


@lru_cache(maxsize=64)
def _sharpening_kernel(amount: float) -> Image:
    return np.array([[0, -amount, 0], [-amount, 1 + 4 * amount, -amount], [0, -amount, 0]], np.float32)


@lru_cache(maxsize=64)
def _checked_kernel(rows: tuple[tuple[float, ...], ...], normalize: bool) -> Image:
    lengths = {len(row) for row in rows}
    if len(lengths) != 1 or not 1 <= min(lengths) <= LARGEST_KERNEL or len(rows) > LARGEST_KERNEL:
        received = f"{len(rows)} rows of {' and '.join(str(length) for length in sorted(lengths)) or 'no'} weights"
        raise ParameterError(
            "invalid kernel of custom_kernel",
            expected=f"1 to {LARGEST_KERNEL} rows, all of the same length, 1 to {LARGEST_KERNEL}",
            received=received,
        )
    weights = np.array(rows, np.float64)
    total = weights.sum()
    if normalize and abs(total) < 1e-12 * np.abs(weights).sum() + 1e-300:
        raise ParameterError(
            "the kernel of custom_kernel cannot be normalized",
            expected="weights whose sum is not 0",
            received=f"a sum of {total:g}",
            fix="Leave normalize off.",
        )
    return (weights / total if normalize else weights).astype(np.float32)
