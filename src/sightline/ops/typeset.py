"""Text on pictures, in the fonts that OpenCV brings or in one from a file."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import ceil
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from annotated_types import Interval, Len, Unit
from pydantic import BeforeValidator, ValidationInfo
from typing_extensions import Doc

from sightline.errors import ParameterError
from sightline.image import Image
from sightline.ops._op import op
from sightline.ops._pixels import color_of, own_opacity
from sightline.ops._types import NO_FILES, Color, Opacity, Pixels, Side
from sightline.ops.overlays import lay

__all__ = ["text"]

ONE_AT_A_TIME = Lock()  # OpenCV's fonts remember the letters they have drawn
LINE = 1.25  # from one line to the next, in sizes of the font; the baseline is one size below the top
MEASURED = 100  # OpenCV measures by drawing: larger letters are measured in this size
SAMPLE = 32  # size in which letters are compared


def _font_file(value: Any, info: ValidationInfo) -> Any:
    if not isinstance(value, str | Path):
        return value
    if info.context == NO_FILES:
        raise ValueError("none: this pipeline comes from elsewhere and may not name files")
    return str((info.context if isinstance(info.context, Path) else Path()) / value)


@op(group="draw", example={"text": "Grüße,\n日本", "x": 20, "y": 20, "size": 48, "weight": 700})
def text(
    image: Image,
    *,
    text: Annotated[str, Len(1, 10000), Doc("What is written; it may have several lines")],
    x: Annotated[Pixels, Doc("Where the anchor comes, from the left")] = 0,
    y: Annotated[Pixels, Doc("Where the anchor comes, from the top")] = 0,
    size: Annotated[int, Interval(ge=4, le=1000), Unit("px"), Doc("Size of the font; capitals are about 3/4 as high")] = 32,
    weight: Annotated[int, Interval(ge=100, le=900), Doc("How bold: 400 is regular, 700 bold; where the font has a choice")] = 400,
    font: Annotated[
        Literal["sans", "italic", "uni"], Doc("Font; all three know Latin, Greek, Cyrillic, Chinese and more")
    ] = "sans",
    font_file: Annotated[str | None, BeforeValidator(_font_file), Doc("A .ttf or .otf file to use instead")] = None,
    align: Annotated[Literal["left", "center", "right"], Doc("Where in the box each line stands")] = "left",
    anchor: Annotated[
        Literal["top_left", "top", "top_right", "left", "center", "right", "bottom_left", "bottom", "bottom_right"],
        Doc("Which point of the text's box comes to x, y"),
    ] = "top_left",
    width: Annotated[Side | None, Doc("Width of the box, in which words are wrapped; none: as wide as the longest line")] = None,
    line_spacing: Annotated[float, Interval(ge=0.5, le=5), Doc("From line to line; 1 is usual")] = 1.0,
    color: Annotated[Color, Doc("Colour of the letters")] = "#d55e00",
    background: Annotated[Color | None, Doc("Colour of the box; none: only the letters")] = None,
    padding: Annotated[int, Interval(ge=0, le=1000), Unit("px"), Doc("How far the box goes beyond the text on each side")] = 0,
    opacity: Opacity = 1.0,
) -> Image:
    """Write text, in any script that is written from left to right, letter by letter.

    A letter that the font lacks is an error. Arabic letters are not joined. A word longer than `width` is broken; what hangs
    over the edge of the picture is cut off.

    >>> import numpy as np
    >>> page = np.full((60, 200), 255, np.uint8)
    >>> written = text(page, text="Ω", x=100, y=30, size=40, anchor="center", color="black")
    >>> rows, columns = np.nonzero(written < 128)
    >>> bool(abs(columns.mean() - 100) < 2), int(np.ptp(rows)) + 1
    (True, 31)
    """
    with ONE_AT_A_TIME:
        face = _face(font, font_file)
        _refuse_missing(text, face, font_file or font)
        lines = _lines(text, face, size, weight, width)
        widths = [_width(line, face, size, weight) for line in lines]
        step = size * LINE * line_spacing
        inner = width or max(widths)
        box_width, box_height = inner + 2 * padding, round(step * (len(lines) - 1) + size * LINE) + 2 * padding
        left = x - _part(anchor, "left", "right", box_width)
        top = y - _part(anchor, "top", "bottom", box_height)
        result = image.copy()
        if background is not None:
            part = result[max(top, 0) : max(top + box_height, 0), max(left, 0) : max(left + box_width, 0)]
            if part.size:
                full = np.full(part.shape[:2], 255, np.uint8)
                lay(part, full, color_of(background, image), opacity * own_opacity(background))
        for index, (line, line_width) in enumerate(zip(lines, widths, strict=True)):
            start = left + padding + _part(align, "left", "right", inner - line_width)
            baseline = top + padding + round(step * index) + size
            _write(result, line, (start, baseline), line_width, face, size, weight, color, opacity)
    return result


def _write(
    image: Image,
    line: str,
    start: tuple[int, int],
    width: int,
    face: cv2.FontFace,
    size: int,
    weight: int,
    color: str,
    opacity: float,
) -> None:
    """Write one line on `image`, in place; `start` is the left end of its baseline."""
    (x, y), (rows, columns) = start, image.shape[:2]
    left, right = max(x - size, 0), min(x + width + size, columns)  # letters reach over their places
    top, bottom = max(y - 2 * size, 0), min(y + size, rows)
    if left >= right or top >= bottom:
        return
    if x < -size or x + width > columns + size:  # drawing letters that nobody sees takes as long
        hidden = _longest(line, lambda part: x + _width(part, face, size, weight) < -size)
        shown = _longest(line, lambda part: x + _width(part, face, size, weight) <= columns + size) + 1
        x, line = x + (_width(line[:hidden], face, size, weight) if hidden else 0), line[hidden:shown]
    cover = np.zeros((bottom - top, right - left), np.uint8)
    cv2.putText(cover, line, (x - left, y - top), (255,), face, size, weight)
    lay(image[top:bottom, left:right], cover, color_of(color, image), opacity * own_opacity(color))


def _part(place: str, begin: str, end: str, length: int) -> int:
    """How much of a length lies before a named place: nothing, all or half of it."""
    return 0 if begin in place else length if end in place else length // 2


def _face(font: str, path: str | None) -> cv2.FontFace:
    if path is None:
        return _built_in(font)
    face = cv2.FontFace()
    if not _is_font(path) or not face.set(path):
        raise ParameterError("invalid font_file of text", expected="a .ttf or .otf file", received=repr(path))
    return face


def _is_font(path: str) -> bool:
    """Ask FreeType first: OpenCV ends the process over a file that is no font."""
    from PIL import ImageFont

    try:
        ImageFont.truetype(path)
    except OSError:
        return False
    return True


@lru_cache
def _built_in(font: str) -> cv2.FontFace:
    return cv2.FontFace(font)


def _refuse_missing(text: str, face: cv2.FontFace, name: str) -> None:
    """OpenCV would write a question mark for a letter that the font lacks."""
    letters = sorted({letter for letter in text if letter not in "\n\r\t" and not (letter.isascii() and letter.isprintable())})
    if not letters:
        return
    unknown = _drawn("?", face)
    for letter in letters:
        if np.array_equal(_drawn(letter, face), unknown):
            raise ParameterError(
                "text has a letter that the font lacks",
                expected=f"letters of the font {name!r}",
                received=f"{letter!r} (U+{ord(letter):04X})",
                fix="Leave it out, or name a font that has it in font_file.",
            )


def _drawn(letter: str, face: cv2.FontFace) -> Image:
    canvas = np.zeros((2 * SAMPLE, 3 * SAMPLE), np.uint8)
    cv2.putText(canvas, letter, (SAMPLE, SAMPLE + SAMPLE // 2), (255,), face, SAMPLE, 400)
    return canvas


def _width(line: str, face: cv2.FontFace, size: int, weight: int) -> int:
    measured = min(size, MEASURED)
    width = int(cv2.getTextSize((0, 0), line, (0, 0), face, measured, weight)[2])
    return width if measured == size else ceil(width * size / measured)


def _lines(text: str, face: cv2.FontFace, size: int, weight: int, width: int | None) -> list[str]:
    """The lines of a text, none wider than `width` unless a single letter is."""
    given = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ").split("\n")
    if width is None:
        return given

    def fits(line: str) -> bool:
        return _width(line, face, size, weight) <= width

    lines: list[str] = []
    for paragraph in given:
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if fits(longer):
                line = longer
                continue
            if line:
                lines.append(line)
            while not fits(word):
                count = max(1, _longest(word, fits))
                if count == len(word):
                    break
                lines.append(word[:count])
                word = word[count:]
            line = word
        lines.append(line)
    return lines


def _longest(word: str, fits: Callable[[str], bool]) -> int:
    """How many letters of `word` fit."""
    low, high = 0, len(word)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(word[:middle]) else (low, middle - 1)
    return low
