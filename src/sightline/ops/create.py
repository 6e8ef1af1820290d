"""Pictures made from nothing: plain grounds, patterns, noise, a scene to try things on. All are uint8."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from annotated_types import Interval, Len, Unit
from numpy.typing import NDArray
from typing_extensions import Doc

from sightline.errors import ImageError
from sightline.image import KINDS, Image, Kind, check_image, check_values
from sightline.ops._brush import cut_polygon
from sightline.ops._op import source
from sightline.ops._pixels import checked_size, color_of, plain
from sightline.ops._types import Color, Fraction, Points, Seed, Side
from sightline.params import Parameters

__all__ = [
    "blank",
    "checkerboard",
    "color_bars",
    "from_function",
    "gradient",
    "mask_from_polygon",
    "noise",
    "sample",
    "stripes",
    "zone_plate",
]

Width = Annotated[Side, Doc("Width of the picture")]
Height = Annotated[Side, Doc("Height of the picture")]
Mode = Annotated[Literal["gray", "rgb", "rgba"], Doc("The channels of the picture; gray takes the lightness of colours")]
COUNTS = {"gray": 1, "rgb": 3, "rgba": 4}
WHITE, BLACK = "#ffffff", "#000000"


def _of_mode(kind: Kind, parameters: Mapping[str, Any]) -> Kind:
    return KINDS["uint8", COUNTS[parameters["mode"]]]


def _gray(kind: Kind, parameters: Mapping[str, Any]) -> Kind:
    return KINDS["uint8", 1]


def _rgb(kind: Kind, parameters: Mapping[str, Any]) -> Kind:
    return KINDS["uint8", 3]


@source(gives=_of_mode, example={"color": "#0072b2"})
def blank(
    *,
    width: Width = 256,
    height: Height = 256,
    color: Annotated[Color, Doc("What it is filled with")] = WHITE,
    mode: Mode = "rgb",
) -> Image:
    """Make a picture of one colour.

    >>> blank(width=2, height=1, color="red").tolist()
    [[[255, 0, 0], [255, 0, 0]]]
    """
    checked_size(width, height)
    return plain(color, _empty(1, 1, mode), width, height)


@source(gives=_of_mode, example={"angle": 30.0, "start": "#0072b2", "end": "#e69f00"})
def gradient(
    *,
    width: Width = 256,
    height: Height = 256,
    start: Annotated[Color, Doc("Where it begins: left, or in the middle")] = BLACK,
    end: Annotated[Color, Doc("Where it ends: right, or in the corners")] = WHITE,
    shape: Annotated[Literal["linear", "radial"], Doc("Along a line, or from the middle outwards")] = "linear",
    angle: Annotated[
        float, Interval(ge=-360, le=360), Unit("degrees"), Doc("Turns the line counter-clockwise; 0 to the right")
    ] = 0.0,
    mode: Mode = "rgb",
) -> Image:
    """Make an even transition from one colour to another, which reaches both within the picture.

    A radial one grows with the distance from the middle, in pixels; where all are equally far, it is `start` everywhere.

    >>> gradient(width=3, height=1, mode="gray").tolist()
    [[0, 128, 255]]
    """
    image = _empty(width, height, mode)
    x = np.linspace(-1, 1, width, dtype=np.float32) if width > 1 else np.zeros(1, np.float32)
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None] if height > 1 else np.zeros((1, 1), np.float32)
    if shape == "radial":
        distance = np.hypot(x * (width - 1), y * (height - 1))
        part = (distance - distance.min()) / max(np.ptp(distance), 1e-6)
    else:
        # in pixels, so that the angle is that which is seen; the farthest corner along the line is 1
        turn = np.deg2rad(angle)
        along = x * ((width - 1) * np.cos(turn)) - y * ((height - 1) * np.sin(turn))
        reach = abs((width - 1) * np.cos(turn)) + abs((height - 1) * np.sin(turn))
        part = along / max(reach, 1e-6) / 2 + 0.5
    first, last = (np.array(color_of(color, image), np.float32) for color in (start, end))
    mixed = first + (last - first) * (part if mode == "gray" else part[..., None])
    result: Image = np.rint(mixed).astype(np.uint8).reshape(image.shape)
    return result


@source(gives=_of_mode, example={"size": 32})
def checkerboard(
    *,
    width: Width = 256,
    height: Height = 256,
    size: Annotated[int, Interval(ge=1, le=8192), Unit("px"), Doc("Side of a field")] = 32,
    first: Annotated[Color, Doc("The field in the top left corner")] = BLACK,
    second: Annotated[Color, Doc("The fields beside it")] = WHITE,
    mode: Mode = "rgb",
) -> Image:
    """Make a board of square fields in two colours.

    >>> checkerboard(width=4, height=2, size=1, mode="gray").tolist()
    [[0, 255, 0, 255], [255, 0, 255, 0]]
    """
    image = _empty(width, height, mode)
    odd = (np.arange(width) // size + np.arange(height)[:, None] // size) % 2 == 1
    return _two_colors(image, odd, first, second)


@source(gives=_of_mode, example={"size": 24, "direction": "diagonal"})
def stripes(
    *,
    width: Width = 256,
    height: Height = 256,
    size: Annotated[int, Interval(ge=1, le=8192), Unit("px"), Doc("Width of a stripe")] = 16,
    direction: Annotated[Literal["vertical", "horizontal", "diagonal"], Doc("How the stripes run")] = "vertical",
    first: Annotated[Color, Doc("The first stripe")] = BLACK,
    second: Annotated[Color, Doc("The stripe beside it")] = WHITE,
    mode: Mode = "rgb",
) -> Image:
    """Make stripes of two colours.

    >>> stripes(width=4, height=1, size=2, mode="gray").tolist()
    [[0, 0, 255, 255]]
    """
    image = _empty(width, height, mode)
    x, y = np.arange(width), np.arange(height)[:, None]
    place = {"vertical": x + 0 * y, "horizontal": y + 0 * x, "diagonal": x + y}[direction]
    return _two_colors(image, place // size % 2 == 1, first, second)


@source(gives=_of_mode, example={"mode": "rgb"})
def noise(
    *,
    width: Width = 256,
    height: Height = 256,
    kind: Annotated[
        Literal["uniform", "gaussian", "salt_pepper", "clouds"],
        Doc("Every value as likely; about the middle; black and white only; soft shapes of every size"),
    ] = "uniform",
    mode: Annotated[Literal["gray", "rgb"], Doc("The same in all channels, or colours")] = "gray",
    seed: Seed = 0,
) -> Image:
    """Make noise, always the same for the same seed.

    >>> noise(width=3, height=1, seed=1).tolist()
    [[255, 228, 34]]
    """
    checked_size(width, height)
    random = np.random.default_rng(seed)
    shape = (height, width) if mode == "gray" else (height, width, 3)
    if kind == "uniform":
        return random.integers(0, 256, shape, dtype=np.uint8)
    if kind == "salt_pepper":
        return random.integers(0, 2, shape, dtype=np.uint8) * np.uint8(255)
    values = random.normal(0.5, 1 / 6, shape) if kind == "gaussian" else _clouds(random, shape)
    result: Image = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return result


@source(gives=_rgb)
def color_bars(*, width: Width = 320, height: Height = 240) -> Image:
    """Make the seven vertical bars of television's test card: gray, yellow, cyan, green, magenta, red, blue at 75 %.

    The upper part of the pattern of SMPTE EG 1-1990 (75 % of white is 191).

    >>> color_bars(width=7, height=1)[0, 3].tolist()
    [0, 191, 0]
    """
    checked_size(width, height)
    bars = np.array([[1, 1, 1], [1, 1, 0], [0, 1, 1], [0, 1, 0], [1, 0, 1], [1, 0, 0], [0, 0, 1]], np.uint8) * np.uint8(191)
    row = bars[np.arange(width) * 7 // width]
    return np.repeat(row[None], height, axis=0)


@source(gives=_gray)
def zone_plate(
    *,
    width: Width = 256,
    height: Height = 256,
    finest: Annotated[Fraction, Doc("Fineness at the nearest edge: 1 is the finest that pixels can hold")] = 1.0,
) -> Image:
    """Make rings that grow finer outwards: resizing without care makes patterns in it that are not there.

    (1 + cos(pi finest r² / 2R)) / 2, where r is the distance from the middle and R that of the nearest edge, both in pixels.

    >>> int(zone_plate(width=5, height=5)[2, 2])
    255
    """
    checked_size(width, height)
    x, y = np.arange(width) - (width - 1) / 2, (np.arange(height) - (height - 1) / 2)[:, None]
    edge = max(min(width, height) / 2, 1)
    values = np.cos(np.pi * finest / (2 * edge) * (x**2 + y**2))
    result: Image = np.rint((values + 1) * 127.5).astype(np.uint8)
    return result


@source(gives=_gray, example={"points": ((40.0, 200.0), (128.0, 30.0), (216.0, 200.0))})
def mask_from_polygon(
    *,
    width: Width = 256,
    height: Height = 256,
    points: Annotated[Points, Len(3, 10000), Doc("Its corners in turn")],
) -> Image:
    """Make a mask: white inside a polygon and on its outline, black elsewhere.

    >>> mask_from_polygon(width=4, height=2, points=[(0, 0), (1, 0), (1, 1), (0, 1)]).tolist()
    [[255, 255, 0, 0], [255, 255, 0, 0]]
    """
    checked_size(width, height)
    corners: Image = np.rint(points)
    if ((corners >= 0) & (corners < (width, height))).all():
        return cv2.fillPoly(np.zeros((height, width), np.uint8), [corners.astype(np.int32)], 255)
    # what OpenCV itself cuts off leaves traces in the last column, and takes seconds where it is far away
    near = np.rint(cut_polygon(corners, (-1, -1), (width, height))).astype(np.int32) + 1
    framed = cv2.fillPoly(np.zeros((height + 2, width + 2), np.uint8), [near] if len(near) else [], 255)
    return framed[1:-1, 1:-1].copy()


@source(gives=_rgb)
def sample(*, width: Width = 256, height: Height = 256, seed: Seed = 0) -> Image:
    """Make a landscape to try things on: a sky, a sun, hills, a house and the grain of a meadow.

    >>> sample(width=40, height=30).shape
    (30, 40, 3)
    """
    checked_size(width, height)
    return _scene(width, height, seed)


def from_function(
    function: Callable[[NDArray[np.float32], NDArray[np.float32]], Any], *, width: Width = 256, height: Height = 256
) -> Image:
    """Make a float32 picture from a formula: `function(x, y)` gives the values, in [0, 1], of all pixels at once.

    `x` and `y` are float32 `(height, width)`: the columns and rows of the pixels. The function gives `(height, width)`, or
    `(height, width, 3)` for colours. It cannot be saved in a pipeline. ImageError if its values are no picture.

    >>> from_function(lambda x, y: x / 2, width=3, height=1).tolist()
    [[0.0, 0.5, 1.0]]
    """
    width, height = SIZES.parse({"width": width, "height": height}).values()
    checked_size(width, height)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    made = function(x, y)
    try:
        values = np.asarray(made)
    except ValueError:
        raise _no_picture(width, height, "lists of different lengths") from None
    if values.shape in {(), (1,), (width,)}:
        values = np.broadcast_to(values, (height, width))
    if values.shape[:2] != (height, width) or values.dtype.kind not in "fiub":
        raise _no_picture(width, height, f"{values.dtype} {values.shape}")
    picture = np.ascontiguousarray(values, np.float32)
    if picture is values or np.shares_memory(picture, x) or np.shares_memory(picture, y):
        picture = picture.copy()
    what = "what the function made"
    return check_values(check_image(picture, what=what), what=what)


SIZES = Parameters(from_function)


def _no_picture(width: int, height: int, received: str) -> ImageError:
    expected = f"numbers of shape ({height}, {width}) or ({height}, {width}, 3)"
    return ImageError("the function made no picture", expected=expected, received=received)


def _empty(width: int, height: int, mode: str) -> Image:
    checked_size(width, height)
    return np.empty((height, width) if mode == "gray" else (height, width, COUNTS[mode]), np.uint8)


def _two_colors(image: Image, where: Image, first: Color, second: Color) -> Image:
    colors = np.array([color_of(first, image), color_of(second, image)]).round().astype(np.uint8)
    return colors[where.astype(np.uint8)].reshape(image.shape)


def _clouds(random: np.random.Generator, shape: tuple[int, ...]) -> Image:
    """Sum of smooth noise in octaves, each twice as fine and half as strong, spread over the range."""
    total: Image = np.zeros(shape, np.float32)
    cells, strength = 2, 1.0
    while cells < max(shape[:2]):
        coarse = random.random((min(cells, shape[0]) + 1, min(cells, shape[1]) + 1, *shape[2:]), dtype=np.float32)
        total += strength * cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
        cells, strength = cells * 2, strength / 2
    low, high = total.min(), total.max()
    spread: Image = (total - low) / max(high - low, 1e-6)
    return spread


def _scene(width: int, height: int, seed: int) -> Image:
    """Places are parts of the sides, so that the scene is the same at every size."""
    random = np.random.default_rng(seed)
    sky = gradient(width=width, height=height, start="#4f8fd0", end="#f3e6cf", angle=-90.0).astype(np.float32)
    clouds = _clouds(np.random.default_rng([seed, 1]), (height, width))[..., None]
    fade = np.clip(1 - np.linspace(0, 1.9, height, dtype=np.float32), 0, 1)[:, None, None]
    image = np.ascontiguousarray(np.clip(sky + (255 - sky) * np.clip(clouds * 2.2 - 1.1, 0, 0.85) * fade, 0, 255).astype(np.uint8))
    _fill_disc(image, 0.76, 0.24, 0.085, (255, 214, 120))
    for height_of, color, waves in ((0.55, (120, 150, 165), 2.1), (0.64, (86, 128, 105), 3.3), (0.74, (74, 122, 62), 1.4)):
        _hill(image, height_of, color, waves, random)
    _house(image)
    _meadow(image, random)
    return image


def _at(image: Image, x: float, y: float) -> tuple[int, int]:
    """A place in sixteenths of a pixel, as OpenCV draws with `shift=4`."""
    return round(x * image.shape[1] * 16), round(y * image.shape[0] * 16)


def _fill_disc(image: Image, x: float, y: float, radius: float, color: tuple[int, int, int]) -> None:
    size = min(image.shape[:2])
    cv2.circle(image, _at(image, x, y), round(radius * size * 16), color, -1, cv2.LINE_AA, 4)


def _fill(image: Image, points: list[tuple[float, float]], color: tuple[int, int, int]) -> None:
    cv2.fillPoly(image, [np.array([_at(image, x, y) for x, y in points], np.int32)], color, cv2.LINE_AA, 4)


def _hill(image: Image, top: float, color: tuple[int, int, int], waves: float, random: np.random.Generator) -> None:
    phase = random.random() * 6
    x = np.linspace(0, 1, 97)
    line = top + 0.045 * np.sin(waves * 2 * np.pi * x + phase) + 0.02 * np.sin(waves * 7 * x + 2 * phase)
    _fill(image, [(0.0, 1.1), *zip(x.tolist(), line.tolist(), strict=True), (1.0, 1.1)], color)


def _house(image: Image) -> None:
    left, right, top, foot = 0.16, 0.42, 0.56, 0.82
    _fill(image, [(left, top), (right, top), (right, foot), (left, foot)], (236, 225, 203))
    _fill(image, [(right, top), (right + 0.07, top - 0.02), (right + 0.07, foot - 0.03), (right, foot)], (196, 182, 160))
    _fill(image, [(left - 0.03, top), (left + 0.07, top - 0.15), (right - 0.04, top - 0.15), (right + 0.02, top)], (178, 74, 52))
    _fill(image, [(right + 0.02, top), (right - 0.04, top - 0.15), (right + 0.1, top - 0.02)], (140, 56, 42))
    _fill(image, [(0.26, 0.68), (0.32, 0.68), (0.32, foot), (0.26, foot)], (110, 72, 48))
    for x in (0.19, 0.35):
        _fill(image, [(x, 0.62), (x + 0.045, 0.62), (x + 0.045, 0.69), (x, 0.69)], (70, 104, 140))
        _fill(image, [(x + 0.02, 0.62), (x + 0.025, 0.62), (x + 0.025, 0.69), (x + 0.02, 0.69)], (236, 225, 203))
        _fill(image, [(x, 0.6525), (x + 0.045, 0.6525), (x + 0.045, 0.6575), (x, 0.6575)], (236, 225, 203))
    for x, y, radius in ((0.64, 0.7, 0.075), (0.7, 0.66, 0.06), (0.72, 0.72, 0.07)):
        _fill_disc(image, x, y, radius, (52, 98, 56))
    _fill(image, [(0.675, 0.74), (0.695, 0.74), (0.7, 0.86), (0.67, 0.86)], (92, 66, 48))


def _meadow(image: Image, random: np.random.Generator) -> None:
    """Blades and flowers, denser in front: fine detail for sharpening, blurring and edges."""
    rows, columns = image.shape[:2]
    for _ in range(900):
        depth = random.random()
        x, y = random.random(), 0.86 + 0.16 * depth
        tall, lean = 0.01 + 0.03 * depth, (random.random() - 0.5) * 0.02
        shade = 0.7 + 0.6 * random.random()
        color = tuple(min(255, round(part * shade)) for part in (84, 138, 60))
        cv2.line(image, _at(image, x, y), _at(image, x + lean, y - tall), color, max(1, min(rows, columns) // 400), cv2.LINE_AA, 4)
    for index in range(60):
        colors = ((240, 240, 232), (214, 69, 80), (238, 190, 60))
        _fill_disc(image, random.random(), 0.88 + 0.12 * random.random(), 0.004 + 0.004 * random.random(), colors[index % 3])
