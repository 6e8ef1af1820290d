"""Tones and tints: light and dark, hue and warmth; the size, the dtype and alpha stay."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from annotated_types import Interval, Unit
from typing_extensions import Doc

from sightline.errors import ParameterError
from sightline.image import KINDS, Image, Kind, white
from sightline.ops._op import gives_channels, op
from sightline.ops._pixels import LUMA, clip01, curved, like, looked_up, outermost, to_unit
from sightline.ops._types import Color, Fraction

__all__ = [
    "brightness_contrast",
    "colorize",
    "colormap",
    "gamma",
    "hue_saturation",
    "invert",
    "levels",
    "match_polarity",
    "normalize",
    "posterize",
    "sepia",
    "solarize",
    "temperature",
    "white_balance",
]

Percent = Annotated[float, Interval(ge=0, le=100), Unit("%")]
ColormapName = Literal[
    "autumn", "bone", "cividis", "cool", "deepgreen", "hot", "hsv", "inferno", "jet", "magma", "ocean",
    "parula", "pink", "plasma", "rainbow", "spring", "summer", "turbo", "twilight", "twilight_shifted", "viridis", "winter",
]  # fmt: skip
SEPIA = ((0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131))  # as photo editors have it
XYZ_TO_RGB = ((3.2406, -1.5372, -0.4986), (-0.9689, 1.8758, 0.0415), (0.0557, -0.2040, 1.0570))  # IEC 61966-2-1, sRGB
DAYLIGHT = 6500.0
STRIP = 2**14  # pixels, whose float32 HSV stays in the processor's cache
NARROW = 1e-6  # part of the range over which nothing is spread: float32 has no more digits


@op(group="color", keeps_alpha=True)
def invert(image: Image) -> Image:
    """Turn light into dark and dark into light; alpha stays.

    >>> import numpy as np
    >>> invert(np.array([[0, 200]], np.uint8)).tolist()
    [[255, 55]]
    """
    return _inverted(image)


@op(group="color", channels=(1,), example={"background": "light"})
def match_polarity(
    image: Image,
    *,
    background: Annotated[Literal["dark", "light"], Doc("How the ground around the subject shall be")] = "dark",
) -> Image:
    """Invert the picture if its ground is not `background`.

    The ground is what most of the outermost pixels show: light when their median is above the middle of the range.

    >>> import numpy as np
    >>> match_polarity(np.full((3, 3), 250, np.uint8))[0].tolist()
    [5, 5, 5]
    """
    border = np.sort(outermost(image))
    median = border[(len(border) - 1) // 2 : len(border) // 2 + 1].mean()
    light = bool(median > white(image) / 2)
    return image.copy() if light == (background == "light") else _inverted(image)


@op(group="color", keeps_alpha=True, example={"brightness": 0.1, "contrast": 0.4})
def brightness_contrast(
    image: Image,
    *,
    brightness: Annotated[float, Interval(ge=-1, le=1), Doc("Added to every value; 1 is the whole range")] = 0.0,
    contrast: Annotated[float, Interval(ge=-1, le=1), Doc("-1 leaves only the middle, 0 changes nothing, 1 doubles it")] = 0.0,
) -> Image:
    """Make lighter or darker, and spread values about the middle: (v - 1/2) (1 + contrast) + 1/2 + brightness, v in [0, 1].

    >>> import numpy as np
    >>> brightness_contrast(np.array([[0, 100, 200]], np.uint8), brightness=0.1).tolist()
    [[26, 126, 226]]
    """
    return curved(image, _line, 1 + contrast, brightness - contrast / 2)


@op(group="color", keeps_alpha=True, example={"gamma": 0.5})
def gamma(
    image: Image,
    *,
    gamma: Annotated[float, Interval(ge=0.05, le=20), Doc("Exponent: less than 1 makes lighter, more than 1 darker")] = 1.0,
) -> Image:
    """Raise every value, taken in [0, 1], to a power; black and white stay.

    The number is the exponent itself, as in OpenCV and scikit-image: that of `levels` goes the other way, and 0.5 here is 2 there.

    >>> import numpy as np
    >>> gamma(np.array([[0, 64, 255]], np.uint8), gamma=0.5).tolist()
    [[0, 128, 255]]
    """
    return curved(image, np.power, gamma)


@op(group="color", keeps_alpha=True, example={"black": 0.2, "white": 0.8})
def levels(
    image: Image,
    *,
    black: Annotated[Fraction, Doc("This value and those below become black; as a part of the range")] = 0.0,
    white: Annotated[Fraction, Doc("This value and those above become white; as a part of the range")] = 1.0,
    gamma: Annotated[float, Interval(ge=0.05, le=20), Doc("More than 1 makes the middle lighter, less than 1 darker")] = 1.0,
) -> Image:
    """Spread the values between `black` and `white` over the whole range: ((v - black) / (white - black)) ** (1 / gamma).

    `gamma` is the middle slider of image editors, one through the exponent: the operation `gamma` goes the other way.

    >>> import numpy as np
    >>> levels(np.array([[51, 102, 204]], np.uint8), black=0.2, white=0.8).tolist()
    [[0, 85, 255]]
    """
    if black >= white:
        raise ParameterError("levels needs black below white", expected=f"white above {black:g}", received=f"white {white:g}")
    return curved(image, _level, black, white, 1 / gamma)


@op(group="color", keeps_alpha=True, example={"low": 5.0, "high": 95.0})
def normalize(
    image: Image,
    *,
    low: Annotated[Percent, Doc("This share of the pixels is as dark or darker than what becomes black")] = 1.0,
    high: Annotated[Percent, Doc("This share of the pixels is as dark or darker than what becomes white")] = 99.0,
    channels: Annotated[
        Literal["joint", "separate"], Doc("One stretch for all channels, which keeps hues, or one for each, which balances them")
    ] = "joint",
) -> Image:
    """Stretch the contrast: the values between two percentiles are spread over the whole range.

    A percentile is the least value that so many values do not exceed, 0 the least and 100 the greatest value of all; where
    the two are equal nothing changes.

    >>> import numpy as np
    >>> normalize(np.array([[50, 90, 150]], np.uint8), low=0, high=100).tolist()
    [[0, 102, 255]]
    """
    if low >= high:
        raise ParameterError("normalize needs low below high", expected=f"high above {low:g} %", received=f"high {high:g} %")
    full = float(white(image))
    if image.ndim == 2 or channels == "joint":
        start, end = _percentiles(image.reshape(len(image), -1), 0, low / 100, high / 100)
        flat = end - start <= NARROW * full
        return image.copy() if flat else curved(image, _level, start / full, end / full, 1.0)
    matrix = np.eye(3, 4)
    for place in range(3):
        start, end = _percentiles(image, place, low / 100, high / 100)
        if end - start > NARROW * full:
            matrix[place, [place, 3]] = full / (end - start), -start * full / (end - start)
    return clip01(cv2.transform(image, matrix))


@op(group="color", keeps_alpha=True, example={"bits": 2})
def posterize(
    image: Image, *, bits: Annotated[int, Interval(ge=1, le=8), Unit("bit"), Doc("How many bits of every value are kept")] = 3
) -> Image:
    """Keep only the highest bits of every value: 2 ** bits steps for each channel, each as dark as its darkest value.

    >>> import numpy as np
    >>> posterize(np.array([[31, 32, 255]], np.uint8), bits=3).tolist()
    [[0, 32, 224]]
    """
    if image.dtype == np.float32:
        steps = np.float32(2**bits)
        floors: Image = np.clip(np.floor(image * steps), 0, steps - 1)
        return floors / steps
    full = int(white(image))
    kept: Image = np.bitwise_and(image, image.dtype.type(full & ~(full >> bits)))
    return kept


@op(group="color", keeps_alpha=True)
def solarize(
    image: Image, *, threshold: Annotated[Fraction, Doc("Values from here on are inverted; as a part of the range")] = 0.5
) -> Image:
    """Invert the light values only, as a print does that sees light while it is developed (the Sabattier effect).

    >>> import numpy as np
    >>> solarize(np.array([[100, 200]], np.uint8)).tolist()
    [[100, 55]]
    """
    if image.dtype == np.uint8:
        turned = (image >= math.ceil(threshold * 255)).view(np.uint8)
        np.negative(turned, out=turned)  # 255, all bits, where the value is light
        return np.bitwise_xor(image, turned, out=turned)
    limit = np.float32(threshold) if image.dtype == np.float32 else math.ceil(threshold * 65535)
    return np.where(image >= limit, _inverted(image), image)


@op(group="color", channels=(3, 4), keeps_alpha=True, example={"hue": 60, "saturation": 1.3})
def hue_saturation(
    image: Image,
    *,
    hue: Annotated[
        float, Interval(ge=-180, le=180), Unit("degrees"), Doc("Turn of the hue: 120 makes red green, green blue")
    ] = 0.0,
    saturation: Annotated[float, Interval(ge=0, le=10), Doc("What saturation is multiplied by: 0 makes gray")] = 1.0,
    value: Annotated[float, Interval(ge=-1, le=1), Doc("Added to value, the greatest of the three colours; 1 is the range")] = 0.0,
) -> Image:
    """Turn the hue, multiply the saturation and shift the value of HSV (Smith 1978).

    The way there and back is computed in float32, so that parts of a degree count and values come out true but for rounding.

    >>> import numpy as np
    >>> hue_saturation(np.full((1, 1, 3), (200, 0, 0), np.uint8), hue=120).tolist()
    [[[0, 200, 0]]]
    """
    if (hue, saturation, value) == (0, 1, 0):
        return image.copy()
    full = float(white(image))
    change = np.array([[1, 0, 0, hue % 360], [0, saturation, 0, 0], [0, 0, 1, value * full]])
    result = np.empty_like(image)
    rows = max(1, STRIP // image.shape[1])
    for top in range(0, len(image), rows):
        hsv = cv2.cvtColor(image[top : top + rows].astype(np.float32), cv2.COLOR_RGB2HSV)
        hsv = cv2.transform(hsv, change)
        if saturation > 1:
            np.minimum(hsv[..., 1], 1, out=hsv[..., 1])  # cv2.min may take a single pixel for the limit
        if value > 0:
            np.minimum(hsv[..., 2], np.float32(full), out=hsv[..., 2])
        if value < 0:
            np.maximum(hsv[..., 2], 0, out=hsv[..., 2])
        rgb, strip = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), result[top : top + rows]
        if image.dtype == np.uint8:
            cv2.convertScaleAbs(rgb, strip)
        else:
            strip[:] = rgb if image.dtype == np.float32 else np.rint(rgb)
    return clip01(result)


@op(group="color", channels=(3, 4), keeps_alpha=True)
def white_balance(
    image: Image,
    *,
    method: Annotated[
        Literal["gray_world", "white_patch"], Doc("What becomes neutral: the mean colour, or the lightest values of each channel")
    ] = "gray_world",
    percentile: Annotated[float, Interval(ge=50, le=100), Unit("%"), Doc("For white_patch: this percentile becomes white")] = 99.0,
) -> Image:
    """Take a colour cast away by multiplying each channel.

    `gray_world` (Buchsbaum 1980) makes the mean of every channel equal to the mean of all; `white_patch` (Land 1977) makes a high
    percentile of every channel white. A channel that is black all over stays so.

    >>> import numpy as np
    >>> white_balance(np.full((2, 2, 3), (60, 90, 120), np.uint8))[0, 0].tolist()
    [90, 90, 90]
    """
    full = float(white(image))
    if method == "gray_world":
        now = list(cv2.mean(image)[:3])
        wanted = sum(now) / 3
    else:
        now = [_percentiles(image, place, percentile / 100)[0] for place in range(3)]
        wanted = full
    return clip01(cv2.transform(image, np.diag([wanted / max(value, NARROW * full) for value in now])))


@op(group="color", channels=(3, 4), keeps_alpha=True, example={"kelvin": 3000.0})
def temperature(
    image: Image,
    *,
    kelvin: Annotated[
        float,
        Interval(ge=2000, le=25000),
        Unit("K"),
        Doc("Colour of the light: candle 2000, bulb 2850, daylight 6500, blue sky 12000"),
    ] = DAYLIGHT,
) -> Image:
    """Show the picture, taken in daylight of 6500 K, as under light of another colour temperature: lower is warmer.

    The light is that of a black body (Kang et al. 2002); every channel is multiplied, and the luma of white is kept as far as
    the range allows.

    >>> import numpy as np
    >>> temperature(np.full((1, 1, 3), 128, np.uint8), kelvin=4000).tolist()
    [[[147, 125, 95]]]
    """
    return clip01(cv2.transform(image, _light(kelvin)))


@op(group="color", channels=(3, 4), keeps_alpha=True)
def sepia(image: Image, *, strength: Annotated[Fraction, Doc("0 leaves the picture as it is, 1 is all sepia")] = 1.0) -> Image:
    """Tone brown, as old prints are.

    >>> import numpy as np
    >>> sepia(np.full((1, 1, 3), 100, np.uint8)).tolist()
    [[[135, 120, 94]]]
    """
    return clip01(cv2.transform(image, _sepia(strength)))


def _in_color(kind: Kind, parameters: Mapping[str, Any]) -> Kind:
    return KINDS[kind.dtype, max(3, kind.channels)]


@op(group="color", keeps_alpha=True, gives=_in_color)
def colorize(
    image: Image,
    *,
    dark: Annotated[Color, Doc("Colour that black becomes")] = "#1a2a6c",
    light: Annotated[Color, Doc("Colour that white becomes")] = "#fdf6e3",
) -> Image:
    """Tone in two colours: every pixel lies between `dark` and `light` as its luma (BT.601) lies between black and white.

    Gray pictures become RGB; alpha stays.

    >>> import numpy as np
    >>> colorize(np.array([[0, 255]], np.uint8), dark="black", light="red").tolist()
    [[[0, 0, 0], [255, 0, 0]]]
    """
    gray = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    assert isinstance(dark, str)
    assert isinstance(light, str)
    return _painted(gray, _ramp(dark, light))


@op(group="color", channels=(1,), gives=gives_channels(3))
def colormap(image: Image, *, name: Annotated[ColormapName, Doc("OpenCV's name of the colour map")] = "viridis") -> Image:
    """Show the values of a gray picture in colours: `(H, W)` becomes `(H, W, 3)` of the same dtype.

    A map has 256 colours; between them 16-bit and float pictures get mixed ones.

    >>> import numpy as np
    >>> colormap(np.array([[0, 255]], np.uint8), name="hot").tolist()
    [[[0, 0, 0], [255, 255, 255]]]
    """
    return _painted(image, _map(name))


def _inverted(image: Image) -> Image:
    return np.subtract(np.float32(1), image) if image.dtype == np.float32 else cv2.bitwise_not(image)


def _percentiles(image: Image, place: int, *shares: float) -> list[float]:
    """The least value of a channel that at least this share of its values do not exceed, for each share."""
    if image.dtype != np.uint8:
        values = image if image.ndim == 2 else image[..., place]
        return list(map(float, np.percentile(values, [100 * share for share in shares], method="inverted_cdf")))
    counts = cv2.calcHist([image], [place], None, [256], [0, 256]).cumsum(dtype=np.float64)
    found: list[float] = np.searchsorted(counts, np.maximum(np.array(shares) * counts[-1], 1)).tolist()
    return found


def _line(value: Any, slope: float, start: float) -> Any:
    return value * np.float32(slope) + np.float32(start)


def _level(value: Any, low: float, high: float, exponent: float) -> Any:
    width = max(high - low, NARROW)
    return np.clip((value - np.float32(low)) / np.float32(width), 0, 1) ** np.float32(exponent)


@lru_cache
def _sepia(strength: float) -> Image:
    return np.eye(3) * (1 - strength) + np.array(SEPIA) * strength


@lru_cache
def _light(kelvin: float) -> Image:
    """What red, green and blue are multiplied by, from daylight to a black body; on encoded values, hence the root."""
    gains = (_black_body(kelvin) / _black_body(DAYLIGHT)) ** (1 / 2.2)
    return np.diag(gains / (gains @ np.array(LUMA)))


def _black_body(kelvin: float) -> Image:
    """Linear sRGB of a black body: its place in CIE 1931 xy by the cubic splines of Kang et al. 2002, 1667 to 25000 K."""
    t = 1000 / kelvin
    if kelvin <= 4000:
        x = ((-0.2661239 * t - 0.2343589) * t + 0.8776956) * t + 0.179910
    else:
        x = ((-3.0258469 * t + 2.1070379) * t + 0.2226347) * t + 0.240390
    if kelvin <= 2222:
        y = ((-1.1063814 * x - 1.34811020) * x + 2.18555832) * x - 0.20219683
    elif kelvin <= 4000:
        y = ((-0.9549476 * x - 1.37418593) * x + 2.09137015) * x - 0.16748867
    else:
        y = ((3.0817580 * x - 5.87338670) * x + 3.75112997) * x - 0.37001483
    linear: Image = np.array(XYZ_TO_RGB) @ np.array([x / y, 1, (1 - x - y) / y])
    return np.maximum(linear, 0)


@lru_cache
def _ramp(dark: str, light: str) -> Image:
    start, end = (np.array([int(color[place : place + 2], 16) for place in (1, 3, 5)]) for color in (dark, light))
    colors: Image = np.rint(np.linspace(start, end, 256)).astype(np.uint8)
    return colors


@lru_cache
def _map(name: str) -> Image:
    code = getattr(cv2, f"COLORMAP_{name.upper()}")
    bgr = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], code)
    return np.ascontiguousarray(bgr[:, 0, ::-1])


def _painted(gray: Image, colors: Image) -> Image:
    """The colours, uint8 `(256, 3)` from black to white, that the values of `(H, W)` stand for, in its dtype."""
    if gray.dtype == np.uint8:
        return cv2.merge([looked_up(gray, table) for table in np.ascontiguousarray(colors.T)])
    places = to_unit(gray) * 255
    mixed = [np.interp(places, np.arange(256), colors[:, index]) / 255 for index in range(3)]
    return like(np.dstack(mixed), gray)
