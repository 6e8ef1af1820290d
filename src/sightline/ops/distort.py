"""Distortions: warps whose places are no matrix's; each pixel is fetched from a place of its own."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Annotated

import cv2
import numpy as np
from annotated_types import Interval, Unit
from typing_extensions import Doc

from sightline.image import Image, white
from sightline.ops._op import op
from sightline.ops._pixels import length, same_size
from sightline.ops._types import Color, Fraction, Picture, Seed
from sightline.ops.geometry import Outside, OutsideColor
from sightline.ops.warp import CODES, FARTHEST, Interpolation, Shift, check_sides, fetched, interpolated

__all__ = ["bulge", "elastic", "remap", "swirl", "undistort", "warp_polar"]

Radius = Annotated[float, Interval(ge=2, le=32768), Unit("px")]
CenterX = Annotated[Fraction, Doc("The middle of it: 0 at the left edge, 1 at the right edge")]
CenterY = Annotated[Fraction, Doc("The middle of it: 0 at the upper edge, 1 at the lower edge")]
Lens = Annotated[float, Interval(ge=-2, le=2)]


@op(group="geometry")
def warp_polar(
    image: Image,
    *,
    x: CenterX = 0.5,
    y: CenterY = 0.5,
    radius: Annotated[Radius | None, Doc("Distance from the middle at the right edge; by itself to the farthest corner")] = None,
    log: Annotated[bool, Doc("Whether the distance grows as a power from left to right: turns and zooms become shifts")] = False,
    inverse: Annotated[bool, Doc("Whether to go back from such a picture")] = False,
    interpolation: Interpolation = "linear",
) -> Image:
    """Unroll the picture about a point: distance from left to right, angle from top to bottom; the size stays.

    Column `i` of `W` shows the distance `radius i / W`, or `radius ** (i / W) - 1` with `log`; row `j` of `H` the angle `360 j / H`
    degrees, clockwise from the right. What lies outside is black, in RGBA pictures transparent.

    >>> import numpy as np
    >>> warp_polar(np.array([[0, 0, 0], [0, 9, 9], [0, 0, 0]], np.uint8), radius=3)[0].tolist()
    [9, 9, 0]
    """
    height, width = image.shape[:2]
    check_sides(image, width, height + 2)  # OpenCV goes once around before it rolls up
    center = (x * (width - 1), y * (height - 1))
    if radius is None:
        radius = max(2.0, math.hypot(max(center[0], width - 1 - center[0]), max(center[1], height - 1 - center[1])))
    flags = CODES[interpolation] | cv2.WARP_FILL_OUTLIERS
    flags |= (cv2.WARP_POLAR_LOG if log else 0) | (cv2.WARP_INVERSE_MAP if inverse else 0)
    return interpolated(
        image,
        lambda source, _: cv2.warpPolar(source, (width, height), center, radius, flags),
        interpolation,
        "constant",
        "#00000000",
    )


@op(group="geometry")
def remap(
    image: Image,
    *,
    dx: Annotated[Picture, Doc("How far to the right each pixel is fetched from: black -`amount`, middle gray 0, white `amount`")],
    dy: Annotated[Picture, Doc("How far below each pixel is fetched from, in the same way")],
    amount: Annotated[Shift, Doc("How far white shifts")] = 10.0,
    interpolation: Interpolation = "linear",
    border: Outside = "reflect",
    color: OutsideColor = "#00000000",
) -> Image:
    """Shift each pixel by the lightness of two pictures of the same size: a displacement map.

    Middle gray, which shifts nothing, is 128 of 255, 32768 of 65535, or 0.5; between it and black, and between it and white,
    shifts are in proportion.

    >>> import numpy as np
    >>> still, right = np.full((1, 3), 0.5, np.float32), np.full((1, 3), 1, np.float32)
    >>> remap(np.array([[1, 2, 3]], np.uint8), dx=right, dy=still, amount=1, border="replicate").tolist()
    [[2, 3, 3]]
    """
    assert isinstance(dx, np.ndarray)
    assert isinstance(dy, np.ndarray)
    same_size(image, dx, "dx of remap")
    same_size(image, dy, "dy of remap")
    return _displaced(image, _displacement(dx, amount), _displacement(dy, amount), interpolation, border, color)


@op(group="geometry", example={"k1": -0.4})
def undistort(
    image: Image,
    *,
    k1: Annotated[Lens, Doc("Radial, second power of the distance; of a wide lens, whose lines bulge outwards, below 0")] = 0.0,
    k2: Annotated[Lens, Doc("Radial, fourth power")] = 0.0,
    p1: Annotated[Lens, Doc("Tangential, of a lens that is tilted up or down")] = 0.0,
    p2: Annotated[Lens, Doc("Tangential, of a lens that is tilted sideways")] = 0.0,
    k3: Annotated[Lens, Doc("Radial, sixth power")] = 0.0,
    focal: Annotated[float, Interval(ge=0.1, le=100), Doc("Focal length as a multiple of the picture's width")] = 1.0,
    x: CenterX = 0.5,
    y: CenterY = 0.5,
    interpolation: Interpolation = "linear",
    border: Outside = "constant",
    color: OutsideColor = "#00000000",
) -> Image:
    """Make straight again what a lens has bent, by its coefficients as `cv2.calibrateCamera` finds them (Brown 1966).

    >>> import numpy as np
    >>> undistort(np.array([[0, 50, 100, 150, 200]], np.uint8), k1=-1).tolist()
    [[16, 52, 100, 148, 184]]
    """
    height, width = image.shape[:2]
    camera = np.array([[focal * width, 0, x * (width - 1)], [0, focal * width, y * (height - 1)], [0, 0, 1]])
    maps = cv2.initUndistortRectifyMap(camera, np.array([k1, k2, p1, p2, k3]), None, camera, (width, height), cv2.CV_32FC1)
    columns, rows = (np.clip(places, -FARTHEST, FARTHEST) for places in maps)
    return fetched(image, columns, rows, interpolation, border, color)


@op(group="geometry", example={"alpha": 400.0, "sigma": 10.0, "border": "reflect"})
def elastic(
    image: Image,
    *,
    alpha: Annotated[float, Interval(ge=0, le=10_000), Unit("px"), Doc("How strong: shifts are about alpha / (6 sigma)")] = 34.0,
    sigma: Annotated[float, Interval(ge=0.5, le=100), Unit("px"), Doc("How smooth: standard deviation of their blur")] = 4.0,
    seed: Seed = 0,
    interpolation: Interpolation = "linear",
    border: Outside = "constant",
    color: OutsideColor = "#00000000",
) -> Image:
    """Distort the picture as if it were rubber: random shifts, evenly spread in [-1, 1], blurred and multiplied by `alpha`.

    Simard, Steinkraus and Platt 2003, who used alpha 34 and sigma 4 on digits of 29 px.

    >>> import numpy as np
    >>> elastic(np.array([[0, 100, 200]], np.uint8), alpha=2, sigma=0.5, seed=1, border="replicate").tolist()
    [[0, 113, 200]]
    """
    noise = np.random.default_rng(seed).random((2, *image.shape[:2]), np.float32)
    reach = 2 * math.ceil(3 * sigma) + 1
    dx, dy = (cv2.GaussianBlur(plane, (reach, reach), sigma) for plane in noise)
    # the blur keeps a mean, so the noise in [0, 1] may be centred after it
    return _displaced(image, (dx - 0.5) * (2 * alpha), (dy - 0.5) * (2 * alpha), interpolation, border, color)


@op(group="geometry", example={"strength": 10.0, "radius": 160.0})
def swirl(
    image: Image,
    *,
    strength: Annotated[
        float, Interval(ge=-100, le=100), Unit("radians"), Doc("How far its middle turns, counter-clockwise")
    ] = 1.0,
    radius: Annotated[Radius, Doc("Where less than a thousandth of the turn is left")] = 100.0,
    x: CenterX = 0.5,
    y: CenterY = 0.5,
    interpolation: Interpolation = "linear",
    border: Outside = "constant",
    color: OutsideColor = "#00000000",
) -> Image:
    """Stir the picture: turn it about a point, less and less with the distance, as `skimage.transform.swirl`.

    What comes to the distance `r` is turned by `strength * exp(-5 r / (radius ln 2))`.

    >>> import numpy as np
    >>> swirl(np.array([[0, 0, 0], [9, 9, 9], [0, 0, 0]], np.uint8), strength=1.5708, radius=1000).tolist()
    [[0, 9, 0], [0, 9, 0], [0, 9, 0]]
    """
    dx, dy = _from(image, x, y)
    turn = strength * cv2.exp(length(dx.copy(), dy.copy()) * (-5 / (radius * math.log(2))))
    cos, sin = np.cos(turn) - 1, np.sin(turn)
    return _displaced(image, dx * cos - dy * sin, dx * sin + dy * cos, interpolation, border, color)


@op(group="geometry")
def bulge(
    image: Image,
    *,
    strength: Annotated[float, Interval(ge=-0.9, le=4), Doc("Above 0 the middle grows, below 0 it is pinched")] = 0.8,
    radius: Annotated[Radius, Doc("How far it reaches")] = 100.0,
    x: CenterX = 0.5,
    y: CenterY = 0.5,
    interpolation: Interpolation = "linear",
    border: Outside = "constant",
    color: OutsideColor = "#00000000",
) -> Image:
    """Swell the picture about a point, or pinch it; beyond `radius` nothing moves.

    What comes to the distance `r` is fetched from the distance `r (r / radius) ** strength`.

    >>> import numpy as np
    >>> bulge(np.array([[10, 20, 30, 40, 50]], np.uint8), strength=1, radius=2).tolist()
    [[10, 25, 30, 35, 50]]
    """
    dx, dy = _from(image, x, y)
    distance = length(dx.copy(), dy.copy())
    part = np.clip(distance * np.float32(1 / radius), 1e-6, 1)  # the middle itself has no direction to be moved in
    factor = cv2.pow(part, strength) - 1
    return _displaced(image, dx * factor, dy * factor, interpolation, border, color)


def _displaced(image: Image, dx: Image, dy: Image, interpolation: str, border: str, color: Color) -> Image:
    """Fetch each pixel from a place so far to the right and below; the two float32 maps are used up."""
    height, width = image.shape[:2]
    dx += np.arange(width, dtype=np.float32)
    dy += np.arange(height, dtype=np.float32)[:, None]
    return fetched(image, dx, dy, interpolation, border, color)


def _displacement(shade: Image, amount: float) -> Image:
    """A picture as shifts in float32: its lightness, black `-amount`, middle gray 0, white `amount`."""
    if shade.ndim == 3:
        shade = cv2.cvtColor(shade, cv2.COLOR_RGB2GRAY)
    if shade.dtype != np.float32:
        return cv2.LUT(shade, _shifts(int(white(shade)), amount))
    shifts: Image = (shade - np.float32(0.5)) * np.float32(2 * amount)
    return shifts


@lru_cache(maxsize=16)
def _shifts(full: int, amount: float) -> Image:
    """The shift of each value from 0 to `full`; there is one more below the middle than above it."""
    shifts: Image = np.interp(np.arange(full + 1), (0, (full + 1) // 2, full), (-amount, 0, amount))
    return shifts.astype(np.float32)


def _from(image: Image, x: float, y: float) -> tuple[Image, Image]:
    """How far right of and below the point (x, y), given as fractions, the pixels lie: a row `(1, W)` and a column `(H, 1)`."""
    height, width = image.shape[:2]
    dx = np.arange(width, dtype=np.float32) - np.float32(x * (width - 1))
    dy = np.arange(height, dtype=np.float32) - np.float32(y * (height - 1))
    return dx[None], dy[:, None]
