"""Slopes and edges."""

from __future__ import annotations

from functools import lru_cache
from math import isqrt
from typing import Annotated, Literal

import cv2
import numpy as np
from annotated_types import Interval, Unit
from typing_extensions import Doc

from sightline.errors import ParameterError
from sightline.image import KINDS, Image, white
from sightline.ops._op import op
from sightline.ops._pixels import length
from sightline.ops.color import to_depth8, to_rgb

__all__ = ["canny", "difference_of_gaussians", "laplacian", "prewitt", "scharr", "sobel"]

Direction = Annotated[
    Literal["magnitude", "x", "y"],
    Doc("Which slope: from left to right, from top to bottom, or the length of both together divided by the root of 2"),
]
Scale = Annotated[float, Interval(ge=0.01, le=100), Doc("Factor of the result; what goes past white becomes white")]
CANNY_GAIN = 4 * 255  # what OpenCV's 3 x 3 Sobel kernel gives for a step from black to white in 8 bit
LOW_OF_HIGH = 0.4  # the share that MATLAB's edge takes too
FAINTEST = 0.01  # slope of an edge that is looked for unasked: two and a half of 255 levels
SAMPLE = 2**18  # pixels, in even steps, whose slopes say where edges begin


@op(group="edges", keeps_alpha=True, example={"scale": 3.0})
def sobel(
    image: Image,
    *,
    direction: Direction = "magnitude",
    size: Annotated[Literal[3, 5, 7], Doc("Width of the kernel in pixels")] = 3,
    scale: Scale = 1.0,
) -> Image:
    """Show how steeply the values change, by Sobel's kernel.

    Absolute values, divided by the sum of the kernel's positive weights (4, 48, 640) so that with `scale` 1 a straight step
    from black to white gives white for `x` and `y`, and 0.71 of it for `magnitude`: sqrt((x² + y²) / 2), as scikit-image has it.
    OpenCV's own numbers for size 3 come with `scale=4`. Every channel by itself.

    >>> import numpy as np
    >>> sobel(np.array([[0, 0, 100, 100]] * 3, np.uint8), direction="x")[1].tolist()
    [0, 100, 100, 0]
    """
    return _slope(image, "sobel", size, direction, scale)


@op(group="edges", keeps_alpha=True, example={"scale": 3.0})
def scharr(image: Image, *, direction: Direction = "magnitude", scale: Scale = 1.0) -> Image:
    """Show how steeply the values change, by Scharr's kernel, which treats all directions more alike than Sobel's.

    Scaled as in `sobel`: absolute values divided by 16, the sum of the kernel's positive weights.

    >>> import numpy as np
    >>> scharr(np.array([[0, 0, 100, 100]] * 3, np.uint8), direction="x")[1].tolist()
    [0, 100, 100, 0]
    """
    return _slope(image, "scharr", 3, direction, scale)


@op(group="edges", keeps_alpha=True, example={"scale": 3.0})
def prewitt(image: Image, *, direction: Direction = "magnitude", scale: Scale = 1.0) -> Image:
    """Show how steeply the values change, by Prewitt's kernel, which weighs three neighbours alike.

    Scaled as in `sobel`: absolute values divided by 3, the sum of the kernel's positive weights.

    >>> import numpy as np
    >>> prewitt(np.array([[0, 0, 100, 100]] * 3, np.uint8), direction="x")[1].tolist()
    [0, 100, 100, 0]
    """
    return _slope(image, "prewitt", 3, direction, scale)


@op(group="edges", keeps_alpha=True, example={"scale": 4.0})
def laplacian(
    image: Image,
    *,
    size: Annotated[Literal[1, 3, 5, 7], Doc("Width of the kernel in pixels; 1: the pixel and its four nearest neighbours")] = 1,
    scale: Scale = 1.0,
) -> Image:
    """Show where the slope itself changes: the sum of both second derivatives, which answers to lines, dots and noise.

    Absolute values, divided by the sum of the kernel's positive weights (4 for size 1), so that a white dot on black stays
    white. OpenCV's kernels; its own numbers for size 1 come with `scale=4`.

    >>> import numpy as np
    >>> laplacian(np.array([[0, 0, 0], [0, 80, 0], [0, 0, 0]], np.uint8)).tolist()
    [[0, 40, 0], [40, 80, 40], [0, 40, 0]]
    """
    gain = _laplacian_gain(size)
    exact = image.dtype == np.uint8 and gain * 255 <= 32767
    return _absolute(cv2.Laplacian(image, cv2.CV_16S if exact else cv2.CV_32F, ksize=size), image, scale / gain)


@op(group="edges", keeps_alpha=True, example={"sigma": 1.5, "scale": 6.0})
def difference_of_gaussians(
    image: Image,
    *,
    sigma: Annotated[float, Interval(ge=0.3, le=20), Unit("px"), Doc("Standard deviation of the narrower Gaussian")] = 1.0,
    ratio: Annotated[float, Interval(ge=1.1, le=5), Doc("How many times wider the other one is")] = 1.6,
    scale: Scale = 1.0,
) -> Image:
    """Show the details of one size: the absolute difference of two Gaussian blurs.

    With the ratio 1.6 it comes close to the Laplacian of a Gaussian (Marr and Hildreth 1980). A `scale` of 4 to 8 suits photos.

    >>> import numpy as np
    >>> difference_of_gaussians(np.array([[0] * 9 + [200] * 9], np.uint8))[0, 4:14].tolist()
    [0, 3, 10, 22, 15, 15, 22, 10, 3, 0]
    """
    values = image if image.dtype == np.float32 else image.astype(np.float32)
    narrow, wide = (cv2.GaussianBlur(values, (0, 0), deviation) for deviation in (sigma, sigma * ratio))
    return _absolute(cv2.subtract(narrow, wide, dst=narrow), image, scale)


@op(group="edges", gives=lambda kind, parameters: KINDS["uint8", 1])
def canny(
    image: Image,
    *,
    low: Annotated[
        Annotated[float, Interval(ge=0, le=1)] | None,
        Doc("Slope above which an edge goes on; 1: a step from black to white; none: 0.4 times `high`"),
    ] = None,
    high: Annotated[
        Annotated[float, Interval(ge=0, le=1)] | None,
        Doc("Slope above which an edge begins, in the same unit, at least `low`; none: low / 0.4, or without `low` Otsu's choice"),
    ] = None,
    sigma: Annotated[float, Interval(ge=0, le=20), Unit("px"), Doc("Standard deviation of the blur before; 0: none")] = 1.0,
) -> Image:
    """Find edges: lines one pixel wide, white on black, a `(H, W)` uint8 picture.

    Canny 1986, with the Euclidean length of the 3 x 3 Sobel slope; OpenCV's own thresholds are 1020 times those here. Of a
    colour picture the channel with the steepest slope counts at each pixel; transparency is laid on white first, and more than
    8 bit are rounded to 8.

    Without thresholds `high` is where Otsu's rule (1979) parts the lengths of the picture's own slopes, but at least 0.01, so
    that faint photos show their edges and plain ones no noise; `low` is then 0.4 times that, as in MATLAB.

    >>> import numpy as np
    >>> canny(np.array([[0, 0, 0, 255, 255, 255]] * 3, np.uint8), sigma=0)[1].tolist()
    [0, 0, 255, 0, 0, 0]
    """
    if low is not None and high is not None and low > high:
        raise ParameterError(
            "the thresholds of canny do not fit",
            expected="low at most high",
            received=f"low {low:g}, high {high:g}",
            fix="Swap them.",
        )
    if image.ndim == 3 and image.shape[2] == 4:
        image = to_rgb(image)
    if image.dtype != np.uint8:
        image = to_depth8(image)
    if sigma:
        image = cv2.GaussianBlur(image, (0, 0), sigma)
    if high is None:
        high = _parting_slope(image) if low is None else min(low / LOW_OF_HIGH, 1)
    low = high * LOW_OF_HIGH if low is None else low
    return cv2.Canny(image, low * CANNY_GAIN, high * CANNY_GAIN, L2gradient=True)


def _parting_slope(image: Image) -> float:
    """Otsu's threshold of the lengths of the slopes, of uint8 pictures: 1 is a step from black to white."""
    every = max(1, isqrt(image.shape[0] * image.shape[1] // SAMPLE))
    x, y = (
        cv2.Sobel(image, cv2.CV_16S, *along, borderType=cv2.BORDER_REPLICATE)[::every, ::every].astype(np.float32)
        for along in ((1, 0), (0, 1))
    )
    lengths = cv2.magnitude(x, y)
    if lengths.ndim == 3:
        lengths = lengths.max(axis=2)
    steepest = float(lengths.max())
    if steepest <= FAINTEST * CANNY_GAIN:
        return FAINTEST
    levels = cv2.convertScaleAbs(lengths, None, 255 / steepest)
    parting = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[0] + 0.5  # between two levels
    return max(parting / 255 * steepest / CANNY_GAIN, FAINTEST)


@lru_cache(maxsize=32)
def _kernels(operator: str, size: int) -> tuple[Image, Image, float]:
    """The derivative, the smoothing across it, and the sum of the positive weights of both together."""
    if operator == "prewitt":
        along: Image = np.array([[-1], [0], [1]], np.float32)
        across: Image = np.ones((3, 1), np.float32)
    else:
        along, across = cv2.getDerivKernels(1, 0, size if operator == "sobel" else cv2.FILTER_SCHARR)
    return along, across, float(along[along > 0].sum() * across.sum())


@lru_cache(maxsize=8)
def _laplacian_gain(size: int) -> float:
    dot = np.zeros((9, 9), np.float32)
    dot[4, 4] = 1
    kernel = cv2.Laplacian(dot, cv2.CV_32F, ksize=size)
    return float(kernel[kernel > 0].sum())


def _slope(image: Image, operator: str, size: int, direction: str, scale: float) -> Image:
    along, across, gain = _kernels(operator, size)
    if direction == "magnitude":
        right = cv2.sepFilter2D(image, cv2.CV_32F, along, across)
        down = cv2.sepFilter2D(image, cv2.CV_32F, across, along)
        return _absolute(length(right, down), image, scale / gain / 2**0.5)
    exact = image.dtype == np.uint8 and gain * 255 <= 32767  # 16 bit hold it, and are five times faster
    depth = cv2.CV_16S if exact else cv2.CV_32F
    first, second = (along, across) if direction == "x" else (across, along)
    return _absolute(cv2.sepFilter2D(image, depth, first, second), image, scale / gain)


def _absolute(values: Image, image: Image, factor: float) -> Image:
    """The absolute of `values` times `factor` as a picture of the dtype of `image`; float `values` are used up."""
    if image.dtype == np.uint8:
        return cv2.convertScaleAbs(values, None, factor)
    np.abs(values, out=values)
    np.multiply(values, np.float32(factor), out=values)
    np.minimum(values, np.float32(white(image)), out=values)
    return values if image.dtype == np.float32 else np.rint(values, out=values).astype(image.dtype)
