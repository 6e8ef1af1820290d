"""Effects: relief, mosaic, noise and other damage, drawings.

Where nothing else is said they change colours only: the alpha of an RGBA picture stays.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Annotated, Any, Literal, cast

import cv2
import numpy as np
from annotated_types import Interval, Unit
from numpy.typing import NDArray
from typing_extensions import Doc

from sightline.errors import ImageError
from sightline.image import Image, white
from sightline.ops._op import op
from sightline.ops._pixels import DEPTHS, clip01, color_of, length, like, premultiplied, to_unit
from sightline.ops._types import Color, Fraction, Seed
from sightline.splitmix import absorbed, unit

__all__ = [
    "add_noise",
    "coarse_dropout",
    "detail_enhance",
    "edge_preserving",
    "emboss",
    "jpeg_compression",
    "pencil_sketch",
    "pixelate",
    "stylize",
    "vignette",
]

SpaceSigma = Annotated[float, Interval(ge=1, le=200), Unit("px"), Doc("How far smoothing reaches")]
ColorSigma = Annotated[float, Interval(ge=0.01, le=1), Doc("How different colours may be that still mix, as a part of the range")]
LONGEST_JPEG = 65_500  # libjpeg's own limit


@op(group="filters", keeps_alpha=True, example={"strength": 3.0})
def emboss(
    image: Image,
    *,
    angle: Annotated[
        float, Interval(ge=-360, le=360), Unit("degrees"), Doc("Where the light comes from, counter-clockwise from the right")
    ] = 135.0,
    strength: Annotated[float, Interval(ge=0, le=20), Doc("How much gray a slope of one level per pixel makes")] = 1.0,
) -> Image:
    """Show the picture as a relief on middle gray (128, 32768 or 0.5): slopes that face the light are bright, others dark.

    The slope is how much values rise per pixel away from the light, the mean over 3 x 3 (Prewitt).

    >>> import numpy as np
    >>> emboss(np.array([[0, 0, 40, 40]], np.uint8), angle=180).tolist()
    [[128, 148, 148, 128]]
    """
    middle = 0.5 if image.dtype == np.float32 else (int(white(image)) + 1) / 2
    return clip01(cv2.filter2D(image, -1, _slope_kernel(angle, strength), delta=middle))


@op(group="filters", example={"size": 16})
def pixelate(
    image: Image, *, size: Annotated[int, Interval(ge=1, le=1024), Unit("px"), Doc("Side of the squares, from the top left")] = 8
) -> Image:
    """Show squares of one colour, the mean of what they cover; those at the right and lower edge may be cut off.

    In RGBA pictures a colour counts as much as it is opaque.

    >>> import numpy as np
    >>> pixelate(np.array([[0, 10, 50, 70, 9]], np.uint8), size=2).tolist()
    [[5, 5, 60, 60, 9]]
    """
    height, width = image.shape[:2]
    squares = premultiplied(image, lambda source, _: _means_of_squares(source, size))
    wide = cv2.resize(squares, (squares.shape[1] * size, squares.shape[0]), interpolation=cv2.INTER_NEAREST)[:, :width]
    return wide.repeat(np.minimum(size, height - np.arange(0, height, size)), axis=0)


@op(group="filters", keeps_alpha=True, example={"strength": 0.8})
def vignette(
    image: Image, *, strength: Annotated[Fraction, Doc("How much of the light the corners lose: 1 makes them black")] = 0.5
) -> Image:
    """Darken towards the corners.

    Values are multiplied by `1 - strength (x² + y²) / 2`, x and y from -1 to 1 across the picture.

    >>> import numpy as np
    >>> vignette(np.full((3, 3), 200, np.uint8)).tolist()
    [[100, 150, 100], [150, 200, 150], [100, 150, 100]]
    """
    gain = _falloff(image.shape[0], strength)[:, None] + _falloff(image.shape[1], strength)
    return cv2.multiply(image, gain if image.ndim == 2 else cv2.merge((gain, gain, gain)), dtype=DEPTHS[image.dtype])


@op(group="filters", keeps_alpha=True, example={"amount": 0.15})
def add_noise(
    image: Image,
    *,
    kind: Annotated[
        Literal["gaussian", "speckle", "salt_pepper", "poisson"],
        Doc("Added to values, multiplied with them, whole pixels made white or black, or the noise of counted light"),
    ] = "gaussian",
    amount: Annotated[
        float,
        Interval(ge=0.001, le=1),
        Doc("Its standard deviation as a part of the range (poisson: in white); salt_pepper: the part of the pixels it hits"),
    ] = 0.05,
    seed: Seed = 0,
) -> Image:
    """Add random noise, each channel by itself; the same `seed` gives the same noise.

    >>> import numpy as np
    >>> add_noise(np.full((1, 6), 100, np.uint8), amount=0.1).tolist()
    [[101, 126, 136, 109, 125, 101]]
    """
    random = np.random.default_rng(seed)
    if kind == "salt_pepper":
        drawn = random.integers(0, 65536, image.shape[:2], np.uint16)
        result = image.copy()
        result[drawn < amount * 32768] = 0
        result[drawn >= 65536 - amount * 32768] = white(image)
        return result
    if kind == "poisson":  # white counts 1 / amount² photons, whose standard deviation is its root
        photons = to_unit(image) / amount**2
        return like(random.poisson(photons) * np.float32(amount**2), image)
    noise = np.take(_normal_quantiles(), random.integers(0, 65536, image.shape, np.uint16))
    if kind == "speckle":
        noise *= np.float32(amount)
        noise += 1
        return clip01(cv2.multiply(image, noise, dtype=DEPTHS[image.dtype]))
    return clip01(cv2.addWeighted(image, 1, noise, amount * float(white(image)), 0, dtype=DEPTHS[image.dtype]))


@op(group="filters", dtypes=("uint8",), keeps_alpha=True, example={"quality": 5})
def jpeg_compression(
    image: Image,
    *,
    quality: Annotated[int, Interval(ge=1, le=100), Doc("JPEG's quality: 1 small and bad, 100 large and good")] = 50,
) -> Image:
    """Show the picture as JPEG would leave it: written and read again in memory.

    >>> import numpy as np
    >>> jpeg_compression(np.array([[0, 255, 0, 255]], np.uint8), quality=1).tolist()
    [[0, 252, 29, 255]]
    """
    if max(image.shape) > LONGEST_JPEG:
        rows, columns = image.shape[:2]
        raise ImageError(
            "the picture is too large for JPEG", expected=f"sides up to {LONGEST_JPEG} px", received=f"{columns} x {rows} px"
        )
    gray = image.ndim == 2
    source = image if gray else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    coded = cv2.imencode(".jpg", source, (cv2.IMWRITE_JPEG_QUALITY, quality))[1]
    return cast(Image, cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE if gray else cv2.IMREAD_COLOR_RGB))


def _dropouts(
    images: NDArray[Any], holes: Any, width: Any, height: Any, color: str | list[str], seed: int | list[int]
) -> NDArray[Any] | None:
    if isinstance(holes, list):
        return None
    rows, columns = images.shape[1:3]
    wide, high = (np.rint(np.broadcast_to(np.multiply(side, n), len(images))) for side, n in ((width, columns), (height, rows)))
    seeds = np.broadcast_to(np.asarray(seed, np.uint64), len(images))
    colors = color if isinstance(color, list) else [color] * len(images)
    paints = np.array([color_of(each, images[0]) for each in colors], images.dtype)
    paints = paints[:, None, None] if images.ndim == 4 else paints[:, None]  # (N, 1, 1[, C])
    across, down = np.arange(columns), np.arange(rows)
    result = images
    for hole in range(holes):
        left, top = _hole(seeds, hole, columns - wide, rows - high)
        inside = _between(down, top, high)[:, :, None] & _between(across, left, wide)[:, None]
        result = np.where(inside[..., None] if images.ndim == 4 else inside, paints, result)
    return result


def _between(places: NDArray[np.int64], start: NDArray[np.int64], count: NDArray[np.float64]) -> NDArray[np.bool_]:
    return (places >= start[:, None]) & (places < (start + count)[:, None])


def _hole(seed: Any, hole: int, right: Any, down: Any) -> tuple[Any, Any]:
    """Where a rectangle begins, at most `right` and `down`: of single numbers or arrays."""
    x, y = (unit(absorbed(seed, 2 * hole + axis)) for axis in (0, 1))
    return np.floor(x * (right + 1)).astype(np.int64), np.floor(y * (down + 1)).astype(np.int64)


@op(group="filters", batch=_dropouts)
def coarse_dropout(
    image: Image,
    *,
    holes: Annotated[int, Interval(ge=1, le=500), Doc("How many rectangles; they may overlap")] = 8,
    width: Annotated[Fraction, Doc("Width of each, as a part of the picture's")] = 0.15,
    height: Annotated[Fraction, Doc("Height of each, as a part of the picture's")] = 0.15,
    color: Annotated[Color, Doc("What covers them")] = "black",
    seed: Seed = 0,
) -> Image:
    """Cover rectangles at random places, for training that shall not depend on one detail (DeVries and Taylor 2017).

    Their sides are rounded to whole pixels: what rounds to none covers nothing. In an RGBA picture they have the alpha of `color`.

    >>> import numpy as np
    >>> coarse_dropout(np.full((1, 8), 9, np.uint8), holes=1, width=0.25, height=1).tolist()
    [[9, 9, 9, 9, 0, 0, 9, 9]]
    """
    rows, columns = image.shape[:2]
    wide, high = round(width * columns), round(height * rows)
    result = image.copy()
    paint = color_of(color, image)
    for hole in range(holes):
        left, top = _hole(seed, hole, columns - wide, rows - high)
        cv2.rectangle(result, (int(left), int(top), wide, high), paint, cv2.FILLED)
    return result


@op(group="filters", dtypes=("uint8",), keeps_alpha=True)
def edge_preserving(image: Image, *, sigma_space: SpaceSigma = 60.0, sigma_color: ColorSigma = 0.4) -> Image:
    """Smooth surfaces and keep edges, by the recursive domain transform (Gastal and Oliveira 2011).

    The difference of two colours is the sum of the differences of their channels.

    >>> import numpy as np
    >>> edge_preserving(np.array([[10, 12, 10, 200, 202, 200]], np.uint8)).tolist()
    [[18, 18, 18, 192, 192, 192]]
    """
    return cv2.edgePreservingFilter(image, flags=cv2.RECURS_FILTER, sigma_s=sigma_space, sigma_r=sigma_color)


@op(group="filters", dtypes=("uint8",), keeps_alpha=True)
def detail_enhance(image: Image, *, sigma_space: SpaceSigma = 10.0, sigma_color: ColorSigma = 0.15) -> Image:
    """Bring out details of the lightness, by the domain transform (Gastal and Oliveira 2011).

    >>> import numpy as np
    >>> detail_enhance(np.array([[100, 104, 100, 104]], np.uint8)).tolist()
    [[98, 109, 97, 109]]
    """
    there, back = (cv2.COLOR_GRAY2BGR, cv2.COLOR_BGR2GRAY) if image.ndim == 2 else (cv2.COLOR_RGB2BGR, cv2.COLOR_BGR2RGB)
    return cv2.cvtColor(cv2.detailEnhance(cv2.cvtColor(image, there), sigma_s=sigma_space, sigma_r=sigma_color), back)


@op(group="filters", dtypes=("uint8",), keeps_alpha=True)
def stylize(
    image: Image,
    *,
    sigma_space: SpaceSigma = 60.0,
    sigma_color: ColorSigma = 0.4,
    contours: Annotated[float, Interval(ge=0, le=20), Doc("An edge as high as 1 / contours of the range becomes black")] = 3.0,
) -> Image:
    """Make it look painted: the surfaces of `edge_preserving` between dark contours.

    Values are multiplied by `1 - contours x slope`, at least 0, with Sobel's slope of the smoothed picture, 1 at an edge from
    black to white; of the channels the largest counts.

    >>> import numpy as np
    >>> stylize(np.array([[60, 60, 60, 60, 110, 110, 110, 110]] * 8, np.uint8))[4].tolist()
    [75, 75, 75, 65, 75, 86, 86, 86]
    """
    smooth = edge_preserving.__wrapped__(image, sigma_space=sigma_space, sigma_color=sigma_color)  # type: ignore[attr-defined]
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, x, 1 - x, scale=contours / (4 * 255)) for x in (1, 0))
    slope = length(across, down)
    light = np.maximum(1 - (slope if image.ndim == 2 else slope.max(axis=2, keepdims=True)), 0)
    painted: Image = np.rint(smooth * light).astype(np.uint8)
    return painted


@op(group="filters", keeps_alpha=True, example={"sigma": 5.0, "colored": True})
def pencil_sketch(
    image: Image,
    *,
    sigma: Annotated[
        float, Interval(ge=0.5, le=50), Unit("px"), Doc("Reach of the strokes: standard deviation of a Gaussian blur")
    ] = 5.0,
    colored: Annotated[bool, Doc("Coloured pencils, or one gray one; an RGB picture stays one")] = False,
) -> Image:
    """Make it look drawn with a pencil: dark where the picture is darker than its surroundings, else paper.

    Colour dodge: v becomes (v + e) / (blurred v + e), at most white, with e = 1/255 of the range.

    >>> import numpy as np
    >>> pencil_sketch(np.array([[90, 90, 60, 90, 90]], np.uint8)).tolist()
    [[255, 255, 186, 255, 255]]
    """
    one = image if colored or image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    ink = to_unit(one) + np.float32(1 / 255)
    drawn = like(ink / cv2.GaussianBlur(ink, (0, 0), sigma), image)
    return drawn if drawn.ndim == image.ndim else cv2.cvtColor(drawn, cv2.COLOR_GRAY2RGB)


def _means_of_squares(image: Image, size: int) -> Image:
    height, width = image.shape[:2]
    squares: Image = np.empty((math.ceil(height / size), math.ceil(width / size), *image.shape[2:]), image.dtype)
    for down, rows in _whole_and_cut(height, size):
        for across, columns in _whole_and_cut(width, size):
            part, means = image[down, across], squares[rows, columns]
            if part.size:
                means[:] = cv2.resize(part, means.shape[1::-1], interpolation=cv2.INTER_AREA)
    return squares


def _whole_and_cut(side: int, size: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Pixels and squares along a side: those of whole squares, and those of the last one that is cut, if there is one."""
    whole = side // size
    return (slice(0, whole * size), slice(0, whole)), (slice(whole * size, side), slice(whole, None))


@lru_cache(maxsize=64)
def _slope_kernel(angle: float, strength: float) -> Image:
    """Weights of the slope away from `angle`, times `strength`."""
    x, down = np.meshgrid((-1.0, 0.0, 1.0), (-1.0, 0.0, 1.0))
    away = down * math.sin(math.radians(angle)) - x * math.cos(math.radians(angle))
    return np.round(away * strength / 6, 9).astype(np.float32)  # true zeros: OpenCV skips them


@lru_cache(maxsize=32)
def _falloff(length: int, strength: float) -> Image:
    places = (2 * np.arange(length) - (length - 1)) / max(length - 1, 1)
    return ((1 - strength * places**2) / 2).astype(np.float32)


@lru_cache(maxsize=1)
def _normal_quantiles() -> Image:
    """The normal distribution in 65,536 equally likely values: drawing from them takes an eighth of the time of drawing it."""
    from statistics import NormalDist

    inverse = NormalDist().inv_cdf
    upper = np.array([inverse((32768.5 + step) / 65536) for step in range(32768)], np.float32)
    return np.concatenate([-upper[::-1], upper])
