"""Lettering."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import cv2
import numpy as np
from annotated_types import Interval, Len, Unit
from pydantic import BeforeValidator, ValidationInfo
from typing_extensions import Doc

from sightline.errors import ParameterError
from sightline.image import Image
from sightline.ops._brush import paint
from sightline.ops._op import op
from sightline.ops._types import NO_FILES, Color, Opacity, Pixels

__all__ = ["text"]

ANCHORS = {  # which part of the box lies left of the place and above it
    "top-left": (0, 0),
    "top": (0.5, 0),
    "top-right": (1, 0),
    "left": (0, 0.5),
    "center": (0.5, 0.5),
    "right": (1, 0.5),
    "bottom-left": (0, 1),
    "bottom": (0.5, 1),
    "bottom-right": (1, 1),
}
Anchor = Literal["top-left", "top", "top-right", "left", "center", "right", "bottom-left", "bottom", "bottom-right"]


def _font_file(value: Any, info: ValidationInfo) -> Any:
    """A file that FreeType can draw with: OpenCV takes a wrong one without a word, or crashes on a damaged one."""
    if value is None:
        return None
    if not isinstance(value, str | Path):
        raise ValueError("the path of a TrueType or OpenType font")
    if info.context == NO_FILES:
        raise ValueError("one of the built-in fonts: this pipeline comes from elsewhere and may not name files")
    from PIL import ImageFont

    path = info.context / value if isinstance(info.context, Path) else Path(value)
    try:
        ImageFont.truetype(str(path), 16).getmask("Ag")
    except (OSError, ValueError):
        raise ValueError("the path of a TrueType or OpenType font that can be read") from None
    return str(path)


if TYPE_CHECKING:  # what a caller may give; the function gets a str or None
    FontFile = str | Path | None
else:
    FontFile = Annotated[str | None, BeforeValidator(_font_file)]


@op(
    group="draw",
    example={"text": "Grüße, 世界", "x": 20, "y": 30, "size": 36, "background": "#00000080", "padding": 8},
)
def text(
    image: Image,
    *,
    text: Annotated[str, Len(1, 2000), Doc("What to write; it may have several lines")],
    x: Annotated[Pixels, Doc("Column of the anchor")] = 0,
    y: Annotated[Pixels, Doc("Row of the anchor")] = 0,
    anchor: Annotated[Anchor, Doc("Which point of the text's box lies at x, y")] = "top-left",
    size: Annotated[int, Interval(ge=4, le=512), Unit("px"), Doc("Height of the letters from the line they stand on")] = 24,
    weight: Annotated[int, Interval(ge=100, le=900), Doc("Weight of the letters, 400 regular, 700 bold; not in uni")] = 400,
    font: Annotated[Literal["sans", "italic", "uni"], Doc("Built-in font; uni is for Chinese, Japanese and Korean")] = "sans",
    font_file: Annotated[FontFile, Doc("A font of your own: path of a .ttf or .otf file")] = None,
    align: Annotated[Literal["left", "center", "right"], Doc("Where shorter lines stand")] = "left",
    width: Annotated[int, Interval(ge=0, le=16384), Unit("px"), Doc("Break lines at this width; 0: only where the text does")] = 0,
    line_spacing: Annotated[float, Interval(ge=0.5, le=4), Doc("From one line to the next, in sizes")] = 1.25,
    color: Annotated[Color, Doc("Colour of the letters; its own transparency counts")] = "white",
    opacity: Opacity = 1.0,
    background: Annotated[Color | None, Doc("Colour of a box behind the text; none without")] = None,
    padding: Annotated[int, Interval(ge=0, le=1000), Unit("px"), Doc("From the text to the edge of its box")] = 0,
) -> Image:
    """Write text, antialiased, in one or several lines.

    Lines end as Python's `splitlines` says, so that the text of a file can be written as it is; a tab is spaces up to the next
    eighth column. Letters that OpenCV cannot set (no glyph, such as emoji; from right to left, such as Arabic) are refused.

    >>> import numpy as np
    >>> written = text(np.zeros((32, 64), np.uint8), text="Hello", size=20)
    >>> int(written[:, :55].max()), int(written[:, 55:].max())
    (255, 0)
    """
    font_name = str(font_file or font)
    lines, depth = _laid_out(text, font_name, size, weight, width)
    face, inner, step = _face(font_name), width or max(wide for _, wide in lines), round(size * line_spacing)
    box_width, box_height = inner + 2 * padding, size + depth + (len(lines) - 1) * step + 2 * padding
    left, top = round(x - box_width * ANCHORS[anchor][0]), round(y - box_height * ANCHORS[anchor][1])

    def write(canvas: Image, value: tuple[float, ...]) -> None:
        for number, (line, wide) in enumerate(lines):
            indent = {"left": 0, "center": (inner - wide) // 2, "right": inner - wide}[align]
            place = (left + padding + indent, top + padding + size + number * step)
            if -size < place[1] < canvas.shape[0] + 2 * size:
                cv2.putText(canvas, line, place, value, face, size, weight)

    if background is not None:
        image = paint(
            image, background, opacity, lambda canvas, v: cv2.rectangle(canvas, (left, top, box_width, box_height), v, cv2.FILLED)
        )
    return paint(image, color, opacity, write)


@lru_cache(maxsize=256)
def _laid_out(content: str, font: str, size: int, weight: int, width: int) -> tuple[list[tuple[str, int]], int]:
    """The lines with their widths, and how far letters reach below the line they stand on."""
    face = _face(font)
    lines = [_settable(line, font) for line in unicodedata.normalize("NFC", content).expandtabs().splitlines()]
    if width:
        lines = [part for line in lines for part in _wrapped(line, face, size, weight, width)]
    bottom = cv2.getTextSize((0, 0), "gjpqy", (0, 0), face, size, weight)
    return [(line, _width(line, face, size, weight)) for line in lines], bottom[1] + bottom[3]


def _face(font: str) -> cv2.FontFace:
    face = cv2.FontFace()
    if not face.set(font):  # else the default font would be drawn without a word
        raise ParameterError("the font of text cannot be read", expected="a TrueType or OpenType font", received=font)
    return face


def _width(line: str, face: cv2.FontFace, size: int, weight: int) -> int:
    return int(cv2.getTextSize((0, 0), line, (0, 0), face, size, weight)[2])


def _wrapped(line: str, face: cv2.FontFace, size: int, weight: int, width: int) -> list[str]:
    """The line in parts no wider than `width`, broken at spaces, or anywhere in a word that is wider."""
    parts = [""]
    for word in line.split(" "):
        longer = f"{parts[-1]} {word}" if parts[-1] else word
        if _width(longer, face, size, weight) <= width:
            parts[-1] = longer
            continue
        if parts[-1]:
            parts.append("")
        for letter in word:
            if parts[-1] and _width(parts[-1] + letter, face, size, weight) > width:
                parts.append("")
            parts[-1] += letter
    return parts


def _settable(line: str, font: str) -> str:
    """Give back the line if every letter of it can be set; else ParameterError names the first that cannot."""
    for letter in dict.fromkeys(line):
        if problem := _problem(letter, font):
            name = f"U+{ord(letter):04X} {unicodedata.name(letter, '')}".strip()
            raise ParameterError(
                f"text cannot write {letter!r}", expected="letters that OpenCV can set", received=f"{name}: {problem}"
            )
    return line


@lru_cache(maxsize=4096)
def _problem(letter: str, font: str) -> str | None:
    if unicodedata.bidirectional(letter) in {"R", "AL"}:
        return "it is written from right to left"
    if unicodedata.combining(letter):
        return "a mark that stands on another letter"
    if unicodedata.category(letter) == "Cc":
        return "a control character"
    if letter != "?" and np.array_equal(_glyph(letter, font), _glyph("?", font)):  # what OpenCV draws for a missing one
        return "the font lacks it"
    return None


def _glyph(letter: str, font: str) -> Image:
    return cv2.putText(np.zeros((48, 64), np.uint8), letter, (8, 36), (255,), _face(font), 32, 400)[1]
