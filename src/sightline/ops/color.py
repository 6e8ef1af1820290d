"""Channels, depth and colour spaces of whole pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from typing_extensions import Doc

from sightline.image import KINDS, Image, check_image, kind_of, white
from sightline.ops._op import gives_channels, gives_dtype, measure, op
from sightline.ops._pixels import LUMA, clip01, like, same_size, to_unit
from sightline.ops._types import Alike, Opacity, Picture

__all__ = [
    "Channels",
    "channel",
    "convert",
    "merge",
    "opacity",
    "split",
    "swap_channels",
    "to_depth8",
    "to_depth16",
    "to_float",
    "to_gray",
    "to_rgb",
    "to_rgba",
]

Backdrop = Annotated[
    Literal["white", "black", "contrast"],
    Doc("What a transparent picture is laid on; contrast: white or black, whichever differs more from what it shows"),
]
Space = Literal["rgb", "hsv", "hls", "lab", "luv", "ycrcb", "yuv", "xyz"]
NAMES = {1: ("gray",), 3: ("red", "green", "blue"), 4: ("red", "green", "blue", "alpha")}
WEIGHTS = {"bt709": (0.2126, 0.7152, 0.0722), "average": (1 / 3, 1 / 3, 1 / 3)}

CODES = {
    "hsv": (cv2.COLOR_RGB2HSV_FULL, cv2.COLOR_HSV2RGB_FULL),
    "hls": (cv2.COLOR_RGB2HLS_FULL, cv2.COLOR_HLS2RGB_FULL),
    "lab": (cv2.COLOR_RGB2LAB, cv2.COLOR_LAB2RGB),
    "luv": (cv2.COLOR_RGB2LUV, cv2.COLOR_LUV2RGB),
}
RANGES = {  # the lowest value and the width of the range of each channel that OpenCV gives for float pictures
    "hsv": ((0, 0, 0), (360, 1, 1)),
    "hls": ((0, 0, 0), (360, 1, 1)),
    "lab": ((0, -128, -128), (100, 255, 255)),
    "luv": ((0, -134, -140), (100, 354, 262)),
}
EIGHT_BIT = np.arange(256, dtype=np.float32) / np.float32(255)
STRIP = 2**16  # bytes
HSV_TURN = np.diag([255 / 256, 1, 1])  # a turn has 256 steps when OpenCV makes 8-bit HSV, and 255 when it reads it
RED_OFFSET = tuple(((index == 0) - weight) / 2 / (1 - LUMA[0]) for index, weight in enumerate(LUMA))
BLUE_OFFSET = tuple(((index == 2) - weight) / 2 / (1 - LUMA[2]) for index, weight in enumerate(LUMA))
XYZ = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))  # of sRGB's primaries
LINEAR = {
    "ycrcb": (LUMA, RED_OFFSET, BLUE_OFFSET),
    "yuv": (LUMA, BLUE_OFFSET, RED_OFFSET),
    "xyz": tuple(tuple(value / sum(row) for value in row) for row in XYZ),
}


@op(group="color", gives=gives_channels(1))
def to_gray(
    image: Image,
    *,
    backdrop: Backdrop = "white",
    weights: Annotated[
        Literal["bt601", "bt709", "average"], Doc("What red, green and blue count: as in video, as in HDTV, or all the same")
    ] = "bt601",
) -> Image:
    """Make a gray picture: `(H, W)` of the same dtype.

    Colour is weighed 0.299 R + 0.587 G + 0.114 B (Rec. ITU-R BT.601), or 0.2126, 0.7152, 0.0722 (BT.709);
    transparency is laid on `backdrop` first.

    >>> import numpy as np
    >>> to_gray(np.full((1, 1, 3), (255, 0, 0), np.uint8)).tolist()
    [[76]]
    """
    if image.ndim == 2:
        return image.copy()
    if image.shape[2] == 4:
        image = _flatten(image, backdrop)
    if weights == "bt601":
        return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    # OpenCV has a fast path from three channels to three, and none from three to one
    return clip01(plane(cv2.transform(image, np.array([WEIGHTS[weights]] * 3)), 0))


@op(group="color", gives=gives_channels(3))
def to_rgb(image: Image, *, backdrop: Backdrop = "white") -> Image:
    """Make a three-channel picture: `(H, W, 3)` of the same dtype; transparency is laid on `backdrop`.

    >>> import numpy as np
    >>> to_rgb(np.full((1, 1), 7, np.uint8)).tolist()
    [[[7, 7, 7]]]
    """
    if image.ndim == 2:
        return cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
    return _flatten(image, backdrop) if image.shape[2] == 4 else image.copy()


@op(group="color", gives=gives_channels(4))
def to_rgba(image: Image) -> Image:
    """Make a four-channel picture: `(H, W, 4)` of the same dtype, opaque unless it was one already.

    >>> import numpy as np
    >>> to_rgba(np.full((1, 1), 7, np.uint8)).tolist()
    [[[7, 7, 7, 255]]]
    """
    return _with_alpha(image)


@op(group="color", gives=gives_dtype("uint8"))
def to_depth8(image: Image) -> Image:
    """Make a uint8 picture: 16 bit is divided by 257, float in [0, 1] multiplied by 255, both rounded to the nearest.

    >>> import numpy as np
    >>> to_depth8(np.array([[0, 257, 65535]], np.uint16)).tolist()
    [[0, 1, 255]]
    """
    if image.dtype == np.uint8:
        return image.copy()
    return cv2.convertScaleAbs(image, alpha=255 if image.dtype == np.float32 else 1 / 257)


@op(group="color", gives=gives_dtype("uint16"))
def to_depth16(image: Image) -> Image:
    """Make a uint16 picture: 8 bit is multiplied by 257, float in [0, 1] by 65535 and rounded to the nearest.

    >>> import numpy as np
    >>> to_depth16(np.array([[0, 1, 255]], np.uint8)).tolist()
    [[0, 257, 65535]]
    """
    if image.dtype == np.uint16:
        return image.copy()
    if image.dtype == np.uint8:
        wide: Image = np.multiply(image, 257, dtype=np.uint16)
        return wide
    scaled: Image = np.clip(np.rint(image * np.float32(65535)), 0, 65535).astype(np.uint16)
    return scaled


@op(group="color", gives=gives_dtype("float32"))
def to_float(image: Image) -> Image:
    """Make a float32 picture in [0, 1]: 8 bit is divided by 255, 16 bit by 65535.

    >>> import numpy as np
    >>> to_float(np.array([[0, 51, 255]], np.uint8)).tolist()
    [[0.0, 0.20000000298023224, 1.0]]
    """
    if image.dtype == np.float32:
        return image.copy()
    if image.dtype == np.uint8:
        return cv2.LUT(image, EIGHT_BIT)
    divided: Image = np.divide(image, np.float32(65535), dtype=np.float32)
    return divided


@op(group="color", channels=(3, 4), keeps_alpha=True, example={"space": "hsv"})
def convert(
    image: Image,
    *,
    space: Annotated[Space, Doc("Colour space to change to")] = "hsv",
    source: Annotated[Space, Doc("Colour space that the picture is in")] = "rgb",
) -> Image:
    """Change the colour space; the three channels stand in the order of the name, scaled to the picture's own range.

    Hue (`hsv`, `hls`): one turn is the whole range. `lab`: L* from 0 to 100, a* and b* from -128 to 127; `luv`: L* from 0 to
    100, u* from -134 to 220, v* from -140 to 122 (both of sRGB under D65; uint8 is coarse for them where colours are dark).
    `ycrcb`, `yuv`: Rec. ITU-R BT.601 over the full range as in JPEG, neutral in the middle (128, 32768, 0.5).
    `xyz`: with sRGB's primaries, each divided by that of white, and, as in OpenCV, of the values as they are (not made linear).

    >>> import numpy as np
    >>> convert(np.full((1, 1, 3), (0, 255, 0), np.uint8), space="hsv").tolist()
    [[[85, 255, 255]]]
    """
    if space == source:
        return image.copy()
    rgb = image if source == "rgb" else _to_rgb(image, source)
    return rgb if space == "rgb" else _from_rgb(rgb, space)


@op(group="color", channels=(3, 4), gives=gives_channels(1))
def channel(
    image: Image,
    *,
    which: Annotated[
        Literal["red", "green", "blue", "alpha", "hue", "saturation", "value", "lightness"],
        Doc("Channel to take; hue, saturation and value are those of HSV, lightness is that of CIE Lab"),
    ] = "red",
) -> Image:
    """Take one channel as a gray picture, scaled as by `convert`; a picture without alpha is opaque.

    >>> import numpy as np
    >>> channel(np.full((1, 2, 3), (1, 2, 3), np.uint8), which="blue").tolist()
    [[3, 3]]
    """
    if which in NAMES[image.shape[2]]:
        return plane(image, NAMES[4].index(which))
    if which == "alpha":
        return np.full(image.shape[:2], white(image), image.dtype)
    rgb = image if image.shape[2] == 3 else cv2.cvtColor(image, cv2.COLOR_RGBA2RGB)
    if which == "lightness":
        return plane(_from_rgb(rgb, "lab"), 0)
    return plane(_from_rgb(rgb, "hsv"), ("hue", "saturation", "value").index(which))


@dataclass(frozen=True, eq=False, repr=False)
class Channels:
    """The channels of a picture, each a gray one: `names` and `images` go together, and it is a sequence of the images."""

    names: tuple[str, ...]
    images: tuple[Image, ...]

    def __len__(self) -> int:
        return len(self.images)

    def __iter__(self) -> Iterator[Image]:
        return iter(self.images)

    def __getitem__(self, index: int) -> Image:
        return self.images[index]

    def __repr__(self) -> str:
        height, width = self.images[0].shape
        return f"Channels({', '.join(self.names)}; {self.images[0].dtype} {width} x {height})"

    def draw(self, image: Image) -> Image:
        """All channels side by side, as one gray picture."""
        return np.hstack(self.images)

    def to_dict(self) -> dict[str, Any]:
        """Least, mean and greatest value of each channel, in the picture's own range."""
        return {
            name: {"min": values.min().item(), "mean": float(values.mean(dtype=np.float64)), "max": values.max().item()}
            for name, values in zip(self.names, self.images, strict=True)
        }


@measure(group="color", gives=gives_channels(1))
def split(image: Image) -> Channels:
    """Take the picture apart into its channels: gray pictures of the same size and dtype.

    >>> import numpy as np
    >>> split(np.full((1, 1, 3), (1, 2, 3), np.uint8)).to_dict()["green"]
    {'min': 2, 'mean': 2.0, 'max': 2}
    """
    if image.ndim == 2:
        return Channels(NAMES[1], (image.copy(),))
    return Channels(NAMES[image.shape[2]], planes(image))


@op(
    group="color",
    channels=(1,),
    gives=lambda kind, parameters: KINDS[kind.dtype, 3 if parameters["alpha"] is None else 4],
)
def merge(
    image: Image,
    *,
    green: Annotated[Picture, Alike(), Doc("The green channel: a gray picture of the same size and dtype")],
    blue: Annotated[Picture, Alike(), Doc("The blue channel: a gray picture of the same size and dtype")],
    alpha: Annotated[Picture | None, Alike(), Doc("The alpha channel: a gray picture of this size and dtype; none: RGB")] = None,
) -> Image:
    """Make a colour picture of gray ones: this is the red channel, the others are parameters.

    >>> import numpy as np
    >>> red, green, blue = (np.full((1, 1), value, np.uint8) for value in (1, 2, 3))
    >>> merge(red, green=green, blue=blue).tolist()
    [[[1, 2, 3]]]
    """
    channels = [image]
    for name, given in (("green", green), ("blue", blue), ("alpha", alpha)):
        if given is not None:
            what = f"{name} of merge"
            channels.append(check_image(given, what=what, dtypes=(kind_of(image).dtype,), channels=(1,)))
            same_size(image, channels[-1], what)
    return cv2.merge(channels)


@op(group="color", channels=(3, 4), keeps_alpha=True)
def swap_channels(
    image: Image,
    *,
    order: Annotated[
        Literal["rbg", "grb", "gbr", "brg", "bgr"], Doc("Which channels become red, green and blue: bgr swaps red and blue")
    ] = "bgr",
) -> Image:
    """Put the colour channels into another order; alpha stays.

    >>> import numpy as np
    >>> swap_channels(np.full((1, 1, 3), (1, 2, 3), np.uint8), order="gbr").tolist()
    [[[2, 3, 1]]]
    """
    if order == "bgr":
        return cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return cv2.transform(image, np.eye(3)[["rgb".index(letter) for letter in order]])  # exact, and faster than mixChannels


@op(group="color", gives=gives_channels(4), example={"factor": 0.5})
def opacity(image: Image, *, factor: Annotated[Opacity, Doc("What the alpha channel is multiplied by")] = 1.0) -> Image:
    """Make the picture more transparent: gives RGBA, its alpha multiplied by `factor`.

    >>> import numpy as np
    >>> opacity(np.zeros((1, 1, 3), np.uint8), factor=0.2).tolist()
    [[[0, 0, 0, 51]]]
    """
    result = _with_alpha(image)
    opaque = image.ndim == 2 or image.shape[2] == 3
    before = np.array(white(image), image.dtype) if opaque else plane(image, 3)
    alpha: Image = np.asarray(np.multiply(before, np.float32(factor), dtype=np.float32))
    if image.dtype != np.float32:
        np.rint(alpha, out=alpha)
    alpha = np.full(image.shape[:2], alpha, image.dtype) if opaque else alpha.astype(image.dtype)
    return cv2.insertChannel(alpha, result, 3)


def planes(image: Image) -> tuple[Image, ...]:
    """The channels of a picture that has several, in one piece of memory: three times as fast as to let `cv2.split` take three."""
    whole = np.empty((image.shape[2], *image.shape[:2]), image.dtype)
    cv2.split(image, list(whole))
    return tuple(whole)


def plane(image: Image, place: int) -> Image:
    """One channel of a picture that has several: `cv2.split` takes half the time of `cv2.extractChannel`.

    What is not wanted is written over itself, in strips that stay in the processor's cache.
    """
    height, width, count = image.shape
    wanted = np.empty((height, width), image.dtype)
    rows = min(height, max(1, STRIP // wanted[0].nbytes))
    unwanted = np.empty((rows, width), image.dtype)
    for top in range(0, height, rows):
        strip = image[top : top + rows]
        cv2.split(strip, [wanted[top : top + rows] if index == place else unwanted[: len(strip)] for index in range(count)])
    return wanted


def _with_alpha(image: Image) -> Image:
    if image.ndim == 2:
        return cv2.cvtColor(image, cv2.COLOR_GRAY2RGBA)
    return image.copy() if image.shape[2] == 4 else cv2.cvtColor(image, cv2.COLOR_RGB2RGBA)


def _flatten(image: Image, backdrop: str) -> Image:
    """Lay `(H, W, 4)` on white or black: `(H, W, 3)` of the same dtype, integers rounded to the nearest."""
    if backdrop == "contrast":
        backdrop = "black" if _shows_light(image) else "white"
    if image.dtype == np.uint8:
        lit = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGBA2mRGBA), cv2.COLOR_RGBA2RGB)  # colour times alpha, rounded
        if backdrop == "black":
            return lit
        clear = cv2.cvtColor(cv2.extractChannel(image, 3), cv2.COLOR_GRAY2RGB)
        cv2.bitwise_not(clear, dst=clear)
        return cv2.add(lit, clear, dst=clear)
    full = np.float32(white(image))
    alpha = image[..., 3:].astype(np.float32) / full
    ground = full if backdrop == "white" else np.float32(0)
    mixed = image[..., :3] * alpha + ground * (1 - alpha)
    rounded: Image = mixed if image.dtype == np.float32 else np.rint(mixed)
    return rounded.astype(image.dtype)


def _shows_light(image: Image) -> bool:
    """Whether what the picture shows is lighter than middle gray, each pixel counted as much as it is opaque."""
    alpha = cv2.extractChannel(image, 3).astype(np.float32)
    light = cv2.cvtColor(image, cv2.COLOR_RGBA2GRAY).astype(np.float32)
    return bool(cv2.mean(light * alpha)[0] > white(image) / 2 * cv2.mean(alpha)[0])


def _from_rgb(image: Image, space: str) -> Image:
    """An RGB picture in another space, scaled to its own range; OpenCV knows the spaces that are not linear as 8 bit and float."""
    if space in LINEAR:
        return clip01(cv2.transform(image, _matrix(space, image.dtype.char, back=False)))
    if image.dtype == np.uint8:
        values = cv2.cvtColor(image, CODES[space][0])
        return cv2.transform(values, HSV_TURN) if space == "hsv" else values
    low, width = (np.array(values, np.float64) for values in RANGES[space])
    values = cv2.cvtColor(to_unit(image), CODES[space][0])
    return like(cv2.transform(values, np.column_stack([np.diag(1 / width), -low / width])), image)


def _to_rgb(image: Image, space: str) -> Image:
    """The way back of `_from_rgb`; what lies outside RGB is clipped."""
    if space in LINEAR:
        return clip01(cv2.transform(image, _matrix(space, image.dtype.char, back=True)))
    if image.dtype == np.uint8:
        return cv2.cvtColor(image, CODES[space][1])
    low, width = (np.array(values, np.float64) for values in RANGES[space])
    values = cv2.transform(to_unit(image), np.column_stack([np.diag(width), low]))
    return like(cv2.cvtColor(values, CODES[space][1]), image)


@lru_cache
def _matrix(space: str, dtype: str, back: bool) -> Image:
    """The 3 x 4 matrix from RGB into a linear space, or `back`, in the numbers of a dtype."""
    turn = np.array(LINEAR[space])
    middle = 0 if space == "xyz" else {"B": 128, "H": 32768, "f": 0.5}[dtype]
    shift = np.array([0, middle, middle])
    if back:
        turn = np.linalg.inv(turn)
        shift = -turn @ shift
    return np.column_stack([turn, shift])
