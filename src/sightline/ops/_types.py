"""The types of parameters that operations share: colours, pictures, points, sizes.

Each is checked and brought to one form when parameters are parsed, and can be written to JSON and YAML.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import cv2
import numpy as np
from annotated_types import Interval, Unit
from numpy.typing import NDArray
from pydantic import BeforeValidator, PlainValidator, ValidationInfo, WithJsonSchema
from typing_extensions import Doc

from sightline.errors import SightlineError
from sightline.image import Image, check_image, check_values, decode, encode, read
from sightline.params import TypeName

__all__ = [
    "NO_FILES",
    "Alike",
    "Border",
    "Color",
    "Connectivity",
    "Fraction",
    "Mask",
    "Matrix",
    "Opacity",
    "Operand",
    "Picture",
    "Pixels",
    "Points",
    "Seed",
    "Side",
    "marked",
    "picture_to_text",
]

NO_FILES = "no files"
"""The context in which a picture may not be named by a path: pipelines from elsewhere."""

PNG, TIFF = "data:image/png;base64,", "data:image/tiff;base64,"
A_COLOR = "a colour: a name such as red, #rrggbb, #rrggbbaa, or red, green and blue from 0 to 255"


@lru_cache(maxsize=256)
def _color_of_text(text: str) -> str:
    from PIL import ImageColor

    values = ImageColor.getrgb(text.strip().lower())
    return "#" + "".join(f"{value:02x}" for value in values)


def _color(value: Any) -> str:
    if isinstance(value, str):
        try:
            return _color_of_text(value)
        except ValueError:
            raise ValueError(A_COLOR) from None
    values = value.tolist() if isinstance(value, np.ndarray) else value
    if isinstance(values, list | tuple) and len(values) in (3, 4) and all(_is_byte(each) for each in values):
        return "#" + "".join(f"{int(each):02x}" for each in values)
    raise ValueError(A_COLOR)


def _is_byte(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and 0 <= int(value) <= 255


if TYPE_CHECKING:  # what a caller may give; the functions get a str
    Color = str | Sequence[int] | Sequence[np.integer[Any]] | NDArray[Any]
else:
    Color = Annotated[str, PlainValidator(_color), TypeName("color"), WithJsonSchema({"type": "string", "format": "color"})]
"""A colour: any CSS name or notation, or three or four numbers from 0 to 255; kept as `#rrggbb` or `#rrggbbaa`."""


def _picture(value: Any, info: ValidationInfo) -> Image:
    try:
        if isinstance(value, np.ndarray):
            return check_values(check_image(value, what="the picture"), what="the picture")
        if isinstance(value, str) and value.startswith((PNG, TIFF)):
            return decode(base64.b64decode(value.split(",", 1)[1], validate=True), "embedded picture", "unchanged")
        if isinstance(value, str | Path):
            if info.context == NO_FILES:
                raise ValueError("an embedded picture: this pipeline comes from elsewhere and may not name files")
            folder = info.context if isinstance(info.context, Path) else Path()
            return read(folder / value, "unchanged")
    except (SightlineError, binascii.Error) as error:
        raise ValueError(f"a picture ({error})") from None
    raise ValueError("a picture: an array, or the path of a file")


if TYPE_CHECKING:  # what a caller may give; the functions get an array
    Picture = Image | str | Path
else:
    Picture = Annotated[
        Image, PlainValidator(_picture), TypeName("picture"), WithJsonSchema({"type": "string", "format": "picture"})
    ]
"""Another picture: an array, a path, or, in a saved pipeline, the picture itself as text."""


HALF = {np.dtype("uint8"): 127, np.dtype("uint16"): 32767, np.dtype("float32"): 0.5}  # above it a mask marks


def marked(shade: Image) -> Image:
    """What a gray picture marks: uint8 `(H, W)`, 255 where it is lighter than middle gray, 0 elsewhere."""
    marks = cv2.threshold(shade, HALF[shade.dtype], 255, cv2.THRESH_BINARY)[1]
    return marks if marks.dtype == np.uint8 else marks.astype(np.uint8)


def _mask(value: Any, info: ValidationInfo) -> Image:
    mask = _picture(value, info)
    if mask.ndim == 3:
        mask = mask[..., 3] if mask.shape[2] == 4 else cv2.cvtColor(mask, cv2.COLOR_RGB2GRAY)
    marks = marked(mask)
    if not cv2.countNonZero(marks) and mask.any():
        raise ValueError("a mask that is lighter than middle gray where the picture is meant. Multiply it by 255 if it is 0 and 1")
    return marks


if TYPE_CHECKING:  # what a caller may give; the functions get an array
    Mask = Image | str | Path
else:
    Mask = Annotated[Image, PlainValidator(_mask), TypeName("picture"), WithJsonSchema({"type": "string", "format": "picture"})]
"""A picture that says where: comes as uint8 `(H, W)`, 255 where it is lighter than middle gray, so that the faint noise of a JPEG
does not count, and 0 elsewhere. Of RGBA the transparency counts."""


def _operand(value: Any, info: ValidationInfo) -> Image | float:
    if isinstance(value, np.ndarray) and value.ndim:
        return _picture(value, info)
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return _picture(value, info)
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        if not -65535 <= value <= 65535:  # not a number and infinity compare false
            raise ValueError("a number from -65535 to 65535")
        return float(value)
    return _picture(value, info)


if TYPE_CHECKING:  # what a caller may give; the functions get an array or a float
    Operand = Image | float | np.number[Any] | str | Path
else:
    Operand = Annotated[
        Image | float,
        PlainValidator(_operand),
        TypeName("picture or number"),
        WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "format": "picture"}]}),
    ]
"""A second picture of the same size, or one number in the picture's own range (0 to 255 for uint8)."""


@dataclass(frozen=True)
class Alike:
    """Metadata of a second picture: it has the dtype of the first, is gray where that is, and if `colored` in colour where that is.

    So much is known of it before the first pixel; the operation itself says what does not fit beyond that.
    """

    colored: bool = False


def picture_to_text(image: Image) -> str:
    """The picture itself as text, exactly: PNG, or TIFF for float pictures, in base64."""
    if image.dtype != np.float32:
        return PNG + base64.b64encode(encode(image, ".png")).decode()
    pixels = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR if image.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
    return TIFF + base64.b64encode(cv2.imencode(".tiff", pixels)[1].tobytes()).decode()


def _points(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        if value.shape[-1:] != (2,):
            raise ValueError("an (N, 2) array")
        return value.reshape(-1, 2).tolist()  # OpenCV's own contours are (N, 1, 2)
    if isinstance(value, str):  # "10,20 30,40", as it is typed in a shell
        try:
            return [[float(number) for number in pair.split(",")] for pair in value.split()]
        except ValueError:
            raise ValueError("points such as '10,20 30,40'") from None
    return value


def _rows(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


Side = Annotated[int, Interval(ge=1, le=16384), Unit("px")]
"""A width or a height."""
Pixels = Annotated[int, Interval(ge=-16384, le=16384), Unit("px")]
"""A place or a distance, in whole pixels; places count from the top left pixel, 0."""
Fraction = Annotated[float, Interval(ge=0, le=1)]
"""A part of the whole."""
Opacity = Annotated[float, Interval(ge=0, le=1), Doc("How much of it covers what lies below: 0 nothing, 1 all")]
Seed = Annotated[int, Interval(ge=0, le=2**31 - 1), Doc("Another number gives another result, the same one the same")]
Coordinate = Annotated[float, Interval(ge=-1e6, le=1e6)]
Number = Annotated[float, Interval(ge=-1e9, le=1e9)]
Point = tuple[Coordinate, Coordinate]

if TYPE_CHECKING:  # what a caller may give; the functions get tuples
    Points = Sequence[Sequence[float]] | NDArray[Any] | str
    Matrix = Sequence[Sequence[float]] | NDArray[Any]
else:
    Points = Annotated[tuple[Point, ...], BeforeValidator(_points), TypeName("points")]
    Matrix = Annotated[tuple[tuple[Number, ...], ...], BeforeValidator(_rows), TypeName("matrix")]
"""Points `(x, y)` in pixels: pairs, an `(N, 2)` array, or text such as `10,20 30,40`. Matrices: rows of numbers, or an array."""

Connectivity = Annotated[Literal[4, 8], Doc("Whether pixels hang together by their sides only, 4, or by their corners too, 8")]
"""Which neighbours of a pixel belong to the same region."""

Border = Annotated[
    Literal["reflect", "replicate", "wrap", "constant"],
    Doc("How the picture goes on past its edge: mirrored, its last pixel repeated, from the other side, or black"),
]
