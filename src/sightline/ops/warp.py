"""Warps: each pixel of the result is fetched from a place of the picture that may lie between its pixels.

A pixel's own place is its centre, so that a picture `W` wide has its middle at `(W - 1) / 2`. Channels are interpolated each
on its own, alpha too.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import cv2
import numpy as np
from annotated_types import Interval, Unit
from typing_extensions import Doc

from sightline.errors import ParameterError
from sightline.image import Image, white
from sightline.ops._op import op
from sightline.ops._pixels import BORDERS, checked_size, clip01, color_of, same_size
from sightline.ops._types import Fraction, Matrix, Picture, Points, Seed, Side
from sightline.ops.geometry import Outside, OutsideColor

__all__ = [
    "affine",
    "bulge",
    "elastic",
    "perspective",
    "remap",
    "rotate",
    "shear",
    "swirl",
    "translate",
    "undistort",
    "warp_polar",
]

LONGEST = 32766  # px; OpenCV's warps count places in 16 bits
CODES = {"nearest": cv2.INTER_NEAREST, "linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC, "lanczos": cv2.INTER_LANCZOS4}

Interpolation = Annotated[
    Literal["nearest", "linear", "cubic", "lanczos"], Doc("How pixels are made from their neighbours; see resize for shrinking")
]
Horizon = Annotated[Literal["replicate", "constant"], Doc("What lies outside: the picture's last pixel repeated, or one colour")]
Shift = Annotated[float, Interval(ge=-16384, le=16384), Unit("px")]
Radius = Annotated[float, Interval(ge=2, le=32768), Unit("px")]
CenterX = Annotated[Fraction, Doc("The middle of it: 0 at the left edge, 1 at the right edge")]
CenterY = Annotated[Fraction, Doc("The middle of it: 0 at the upper edge, 1 at the lower edge")]
Lens = Annotated[float, Interval(ge=-2, le=2)]
Row = tuple[float, float, float]


@op(group="geometry")
def rotate(
    image: Image,
    *,
    angle: Annotated[float, Interval(ge=-360, le=360), Unit("degrees"), Doc("How far, counter-clockwise")] = 15.0,
    expand: Annotated[bool, Doc("Whether the result grows to hold the whole picture")] = False,
    interpolation: Interpolation = "linear",
    border: Outside = "constant",
    color: OutsideColor = "#00000000",
) -> Image:
    """Turn the picture about its middle.

    >>> import numpy as np
    >>> rotate(np.array([[1, 2, 3]], np.uint8), angle=90, expand=True).tolist()
    [[3], [2], [1]]
    """
    height, width = image.shape[:2]
    # rounded, so that quarter turns are exact
    cos, sin = round(math.cos(math.radians(angle)), 15), round(math.sin(math.radians(angle)), 15)
    size = (width, height)
    if expand:
        across, down = width * abs(cos) + height * abs(sin), width * abs(sin) + height * abs(cos)
        size = math.ceil(round(across, 6)), math.ceil(round(down, 6))
    return _about_the_middle(image, (cos, -sin, sin, cos), size, interpolation, border, color)


@op(group="geometry", example={"x": 40, "y": -20})
def translate(
    image: Image,
    *,
    x: Annotated[Shift, Doc("How far to the right")] = 0.0,
    y: Annotated[Shift, Doc("How far down")] = 0.0,
    interpolation: Interpolation = "linear",
    border: Outside = "constant",
    color: OutsideColor = "#00000000",
) -> Image:
    """Move the picture; what leaves it on one side is lost, or comes back on the other with border wrap.

    >>> import numpy as np
    >>> translate(np.array([[1, 2, 3]], np.uint8), x=1, border="wrap").tolist()
    [[3, 1, 2]]
    """
    height, width = image.shape[:2]
    return _affine(image, (1.0, 0.0, -x), (0.0, 1.0, -y), (width, height), interpolation, border, color)


@op(group="geometry", example={"x": 20})
def shear(
    image: Image,
    *,
    x: Annotated[float, Interval(ge=-75, le=75), Unit("degrees"), Doc("How far upright lines lean, their feet to the right")] = 0,
    y: Annotated[float, Interval(ge=-75, le=75), Unit("degrees"), Doc("How far level lines lean, their right ends down")] = 0,
    interpolation: Interpolation = "linear",
    border: Outside = "constant",
    color: OutsideColor = "#00000000",
) -> Image:
    """Slant the picture about its middle, as skewX and skewY of CSS: (x, y) goes to (x + y tan `x`, y + x tan `y`).

    >>> import numpy as np
    >>> shear(np.array([[0, 9, 0], [0, 9, 0], [0, 9, 0]], np.uint8), x=45).tolist()
    [[9, 0, 0], [0, 9, 0], [0, 0, 9]]
    """
    height, width = image.shape[:2]
    across, down = round(math.tan(math.radians(x)), 14), round(math.tan(math.radians(y)), 14)
    area = 1 - across * down
    if abs(area) < 1e-3:
        raise ParameterError(
            "shear would flatten the picture to a line",
            expected="tan x times tan y other than 1",
            received=f"x = {x:g} degrees, y = {y:g} degrees",
            fix="Change one of the angles.",
        )
    inverse = (1 / area, -across / area, -down / area, 1 / area)
    return _about_the_middle(image, inverse, (width, height), interpolation, border, color)


@op(group="geometry", example={"matrix": ((0.8, 0.3, -10), (-0.2, 0.9, 30))})
def affine(
    image: Image,
    *,
    matrix: Annotated[Matrix, Doc("Two rows of three numbers: where a place (x, y, 1) of the picture goes")],
    width: Annotated[Side | None, Doc("Width of the result; by itself the picture's")] = None,
    height: Annotated[Side | None, Doc("Height of the result; by itself the picture's")] = None,
    interpolation: Interpolation = "linear",
    border: Outside = "constant",
    color: OutsideColor = "#00000000",
) -> Image:
    """Map the picture by a matrix of two rows, as `cv2.warpAffine`: parallel lines stay parallel.

    >>> import numpy as np
    >>> affine(np.array([[1, 2, 3]], np.uint8), matrix=[[-1, 0, 2], [0, 1, 0]]).tolist()
    [[3, 2, 1]]
    """
    if [len(row) for row in matrix] != [3, 3]:
        raise ParameterError(
            "invalid matrix of affine", expected="2 rows of 3 numbers", received=f"rows of {[len(row) for row in matrix]} numbers"
        )
    (a, b, c), (d, e, f) = matrix
    area = a * e - b * d
    if abs(area) < 1e-8 * max(abs(a), abs(b), abs(d), abs(e), 1e-8) ** 2:
        raise ParameterError(
            "the matrix of affine would flatten the picture to a line",
            expected="rows whose first two numbers are no multiples of each other",
            received=str([list(row) for row in matrix]),
        )
    first = (e / area, -b / area, (b * f - c * e) / area)
    second = (-d / area, a / area, (c * d - a * f) / area)
    return _affine(image, first, second, _size(image, width, height), interpolation, border, color)


@op(
    group="geometry",
    example={"source": ((0, 0), (255, 0), (255, 255), (0, 255)), "target": ((40, 30), (230, 0), (255, 255), (0, 200))},
)
def perspective(
    image: Image,
    *,
    source: Annotated[Points, Doc("Four corners in the picture, in their order around")],
    target: Annotated[Points, Doc("Where they go")],
    width: Annotated[Side | None, Doc("Width of the result; by itself the picture's")] = None,
    height: Annotated[Side | None, Doc("Height of the result; by itself the picture's")] = None,
    interpolation: Interpolation = "linear",
    border: Horizon = "constant",
    color: OutsideColor = "#00000000",
) -> Image:
    """Move four corners to four others, as a flat thing looks from elsewhere: straight lines stay straight.

    >>> import numpy as np
    >>> corners = [(0, 0), (1, 0), (1, 1), (0, 1)]
    >>> perspective(np.array([[1, 2], [3, 4]], np.uint8), source=corners, target=corners[::-1]).tolist()
    [[3, 4], [1, 2]]
    """
    assert isinstance(source, tuple)
    assert isinstance(target, tuple)
    checked_source, checked_target = _corners(source, "source"), _corners(target, "target")
    matrix = cv2.getPerspectiveTransform(checked_target, checked_source)
    size = _size(image, width, height)
    _check_sides(image, *size)
    result = cv2.warpPerspective(
        image,
        matrix,
        size,
        flags=CODES[interpolation] | cv2.WARP_INVERSE_MAP,
        borderMode=BORDERS[border],
        borderValue=color_of(color, image),
    )
    return _within(result, interpolation)


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
    _check_sides(image, width, height + 2)  # OpenCV goes once around before it rolls up
    center = (x * (width - 1), y * (height - 1))
    if radius is None:
        radius = max(2.0, math.hypot(max(center[0], width - 1 - center[0]), max(center[1], height - 1 - center[1])))
    flags = CODES[interpolation] | cv2.WARP_FILL_OUTLIERS
    flags |= (cv2.WARP_POLAR_LOG if log else 0) | (cv2.WARP_INVERSE_MAP if inverse else 0)
    return _within(cv2.warpPolar(image, (width, height), center, radius, flags), interpolation)


@op(group="geometry")
def remap(
    image: Image,
    *,
    dx: Annotated[Picture, Doc("How far to the right each pixel is fetched from: middle gray 0, white `amount`")],
    dy: Annotated[Picture, Doc("How far below each pixel is fetched from, in the same way")],
    amount: Annotated[Shift, Doc("How far white shifts")] = 10.0,
    interpolation: Interpolation = "linear",
    border: Outside = "reflect",
    color: OutsideColor = "#00000000",
) -> Image:
    """Shift each pixel by the lightness of two pictures of the same size: a displacement map.

    Middle gray, which shifts nothing, is 128 of 255, 32768 of 65535, or 0.5.

    >>> import numpy as np
    >>> still, right = np.full((1, 3), 0.5, np.float32), np.full((1, 3), 1, np.float32)
    >>> remap(np.array([[1, 2, 3]], np.uint8), dx=right, dy=still, amount=1, border="replicate").tolist()
    [[2, 3, 3]]
    """
    same_size(image, dx, "dx of remap")
    same_size(image, dy, "dy of remap")
    return _displaced(image, _displacement(dx, amount), _displacement(dy, amount), interpolation, border, color)


@op(group="geometry", example={"k1": -0.3})
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
    >>> undistort(np.array([[0, 1, 2, 3, 4]], np.uint8), k1=1, interpolation="nearest").tolist()
    [[0, 1, 2, 3, 4]]
    """
    height, width = image.shape[:2]
    camera = np.array([[focal * width, 0, x * (width - 1)], [0, focal * width, y * (height - 1)], [0, 0, 1]])
    maps = cv2.initUndistortRectifyMap(camera, np.array([k1, k2, p1, p2, k3]), None, camera, (width, height), cv2.CV_32FC1)
    return _fetched(image, *maps, interpolation, border, color)


@op(group="geometry", example={"alpha": 400, "sigma": 10})
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
    [[11, 99, 146]]
    """
    noise = np.random.default_rng(seed).random((2, *image.shape[:2]), np.float32)
    reach = 2 * math.ceil(3 * sigma) + 1
    dx, dy = (cv2.GaussianBlur(plane, (reach, reach), sigma) for plane in noise)
    # the blur keeps a mean, so the noise in [0, 1] may be centred after it
    return _displaced(image, (dx - 0.5) * (2 * alpha), (dy - 0.5) * (2 * alpha), interpolation, border, color)


@op(group="geometry", example={"strength": 5})
def swirl(
    image: Image,
    *,
    strength: Annotated[float, Interval(ge=-100, le=100), Unit("radians"), Doc("How far the middle is turned")] = 1.0,
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
    turn = strength * cv2.exp(cv2.magnitude(dx, dy) * (-5 / (radius * math.log(2))))
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
    part = np.clip(cv2.magnitude(dx, dy) * (1 / radius), 1e-6, 1)  # the middle itself has no direction to be moved in
    factor = cv2.pow(part, strength) - 1
    return _displaced(image, dx * factor, dy * factor, interpolation, border, color)


def _affine(image: Image, first: Row, second: Row, size: tuple[int, int], interpolation: str, border: str, color: str) -> Image:
    """Fetch the pixel (x, y) of a picture of `size` from where the two rows send (x, y, 1)."""
    _check_sides(image, *size)
    right, low = size[0] - 1, size[1] - 1
    corners = [row[0] * x + row[1] * y + row[2] for row in (first, second) for x in (0, right) for y in (0, low)]
    if _folds(image, border, max(map(abs, corners))):
        x, y = np.arange(size[0], dtype=np.float64), np.arange(size[1], dtype=np.float64)[:, None]
        columns, rows = (row[0] * x + row[1] * y + row[2] for row in (first, second))
        return _within(_folded(image, columns, rows, interpolation, border), interpolation)
    flags = CODES[interpolation] | cv2.WARP_INVERSE_MAP
    result = cv2.warpAffine(
        image, np.array((first, second)), size, flags=flags, borderMode=BORDERS[border], borderValue=color_of(color, image)
    )
    return _within(result, interpolation)


def _about_the_middle(
    image: Image,
    inverse: tuple[float, float, float, float],
    size: tuple[int, int],
    interpolation: str,
    border: str,
    color: str,
) -> Image:
    """`_affine` by a matrix of two by two, which sends the middle of the result to the middle of the picture."""
    a, b, c, d = inverse
    height, width = image.shape[:2]
    x, y = (size[0] - 1) / 2, (size[1] - 1) / 2
    first = (a, b, (width - 1) / 2 - a * x - b * y)
    second = (c, d, (height - 1) / 2 - c * x - d * y)
    return _affine(image, first, second, size, interpolation, border, color)


def _displaced(image: Image, dx: Image, dy: Image, interpolation: str, border: str, color: str) -> Image:
    """Fetch each pixel from a place so far to the right and below; the two float32 maps are used up."""
    height, width = image.shape[:2]
    dx += np.arange(width, dtype=np.float32)
    dy += np.arange(height, dtype=np.float32)[:, None]
    return _fetched(image, dx, dy, interpolation, border, color)


def _fetched(image: Image, x: Image, y: Image, interpolation: str, border: str, color: str) -> Image:
    """Fetch each pixel from the place (x, y), both float32 maps."""
    height, width = image.shape[:2]
    _check_sides(image, width, height)
    if _folds(image, border, max(cv2.norm(x, cv2.NORM_INF), cv2.norm(y, cv2.NORM_INF))):
        return _within(_folded(image, x, y, interpolation, border), interpolation)
    result = cv2.remap(image, x, y, CODES[interpolation], borderMode=BORDERS[border], borderValue=color_of(color, image))
    return _within(result, interpolation)


def _folds(image: Image, border: str, reach: float) -> bool:
    """Whether places as far as `reach` are folded into the picture here, for a border that repeats it.

    OpenCV walks to a mirrored place fold by fold, which takes long where a small picture is repeated often, never arrives where
    a side has one pixel, and counts places in 16 bits.
    """
    shortest = min(image.shape[:2])
    return border in {"reflect", "wrap"} and (shortest == 1 or reach >= min(8 * shortest, LONGEST))


def _folded(image: Image, x: Image, y: Image, interpolation: str, border: str) -> Image:
    """Fetch from places at any distance: each is brought into the picture, around which there is a rim for its neighbours."""
    height, width = image.shape[:2]
    rim = 4  # px; the widest kernel, that of lanczos, reaches so far
    sides = ((rim, rim), (rim, rim), (0, 0))[: image.ndim]
    wide = np.pad(image, sides, mode="reflect" if border == "reflect" else "wrap")
    places = [_fold(place, side, border) + rim for place, side in ((x, width), (y, height))]
    columns, rows = (np.ascontiguousarray(place, np.float32) for place in np.broadcast_arrays(*places))
    return cv2.remap(wide, columns, rows, CODES[interpolation], borderMode=cv2.BORDER_REPLICATE)


def _fold(place: Image, side: int, border: str) -> Image:
    """The place within 0 to `side` - 1 (mirrored), or below `side` (wrapped), that shows the same."""
    if border == "wrap":
        return np.mod(place, side)
    period = max(2 * (side - 1), 1)
    within = np.mod(place, period)
    mirrored: Image = np.minimum(within, period - within) if side > 1 else np.zeros_like(within)
    return mirrored


def _within(result: Image, interpolation: str) -> Image:
    """Cut what cubic and lanczos have carried beyond black and white."""
    return clip01(result) if interpolation in {"cubic", "lanczos"} else result


def _check_sides(image: Image, width: int, height: int) -> None:
    """Refuse what OpenCV's warps do not take: more than 16 bits of pixels in a row."""
    checked_size(width, height)
    longest = max(width, height, *image.shape[:2])
    if longest > LONGEST:
        raise ParameterError(
            "the picture is too long to be warped", expected=f"sides of at most {LONGEST:,} px", received=f"{longest:,} px"
        )


def _size(image: Image, width: int | None, height: int | None) -> tuple[int, int]:
    return width or image.shape[1], height or image.shape[0]


def _corners(points: tuple[tuple[float, float], ...], name: str) -> Image:
    """Four points as OpenCV takes them; refused unless they go around one way, without a corner that points inwards."""
    if len(points) != 4:
        raise ParameterError(f"invalid {name} of perspective", expected="4 points", received=f"{len(points)} points")
    turns = []
    for (ax, ay), (bx, by), (cx, cy) in zip(points, points[1:] + points[:1], points[2:] + points[:2], strict=True):
        turns.append((bx - ax) * (cy - by) - (by - ay) * (cx - bx))
    if min(turns) * max(turns) <= 0 or min(map(abs, turns)) < 1e-3:
        raise ParameterError(
            f"invalid {name} of perspective",
            expected="4 points in their order around, no three of them on a line and no corner pointing inwards",
            received=" ".join(f"{x:g},{y:g}" for x, y in points),
        )
    return np.array(points, np.float32)


def _displacement(shade: Image, amount: float) -> Image:
    """A picture as shifts in float32: its lightness, middle gray 0, white `amount`."""
    if shade.ndim == 3:
        shade = cv2.cvtColor(shade, cv2.COLOR_RGB2GRAY)
    middle = 0.5 if shade.dtype == np.float32 else (int(white(shade)) + 1) // 2
    shifts: Image = (shade.astype(np.float32) - np.float32(middle)) * np.float32(amount / middle)
    return shifts


def _from(image: Image, x: float, y: float) -> tuple[Image, Image]:
    """How far right of and below the point (x, y), given as fractions, each pixel lies."""
    height, width = image.shape[:2]
    dx = np.arange(width, dtype=np.float32) - np.float32(x * (width - 1))
    dy = np.arange(height, dtype=np.float32) - np.float32(y * (height - 1))
    return cv2.repeat(dx[None], height, 1), cv2.repeat(dy[:, None], 1, width)
