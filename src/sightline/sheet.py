"""Contact sheets: several pictures on one, each with its title."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import ceil, sqrt

import cv2
import numpy as np

from sightline.errors import ParameterError
from sightline.image import MAX_PIXELS, Image, check_image, check_values, white

__all__ = ["PAPER", "TILE", "check_tile", "contact_sheet", "fitted"]

PAPER, GROUND, HAIRLINE, CHECKER = (255, 255, 255), (243, 244, 246), (209, 213, 219), (228, 231, 235)
INK, MUTED = (27, 31, 36), (107, 114, 128)
MARGIN, GAP = 24, 20  # about the sheet and between its cells
SIZE, LINE, ABOVE = 13, 19, 7  # of the text: its size, a line's height, and the room between a picture and its title
SQUARE = 8  # of the checkerboard
NARROWEST = 112  # room for a title under a narrow picture
TILE = 256  # px, the longest side of a picture on a sheet where none is given
TILES = (16, 4096)
MOST_COLUMNS = 8  # of a sheet whose columns are not given
MOST_CHARACTERS = 500  # of a title that are looked at


def contact_sheet(
    images: Sequence[Image], titles: Sequence[str] | None = None, *, columns: int | None = None, tile: int = TILE
) -> Image:
    """Show several pictures in a grid on one: uint8 `(H, W, 3)` RGB.

    Each is kept in proportion and fits into `tile` by `tile` pixels: small ones are enlarged by a whole factor, so that every
    pixel stays a sharp square, large ones are shrunk. Transparency is shown on a checkerboard, 16 bit and float by their full
    range. `titles` stand below, a second line of one in gray; what is too long for its column ends in an ellipsis.
    ParameterError or ImageError if there is nothing to show or an argument does not fit.

    >>> import numpy as np
    >>> contact_sheet([np.zeros((28, 28), np.uint8)] * 3, ["a", "b", "c"]).shape
    (326, 844, 3)
    """
    if len(images) == 0:
        raise ParameterError("no pictures to show", expected="at least 1", received="none")
    if titles is not None and len(titles) != len(images):
        raise ParameterError("titles do not fit", expected=f"{len(images):,}, one a picture", received=f"{len(titles):,}")
    if columns is not None and columns < 1:
        raise ParameterError("invalid columns", expected="at least 1", received=repr(columns))
    check_tile(tile)
    sizes = [_size(_checked(image, number), tile) for number, image in enumerate(images, start=1)]
    lines = [_lines(title) for title in titles] if titles is not None else []
    across = min(len(sizes), columns or _balanced(len(sizes)))
    rows = [range(start, min(start + across, len(sizes))) for start in range(0, len(sizes), across)]
    width = max([size[0] for size in sizes] + [min(NARROWEST, tile) if lines else 1])
    heights = [max(sizes[index][1] for index in row) for row in rows]
    text = [ABOVE + LINE * most if (most := max((len(lines[index]) for index in row), default=0)) else 0 for row in rows if lines]
    text = text or [0] * len(rows)
    total = 2 * MARGIN + sum(heights) + sum(text) + GAP * (len(rows) - 1), 2 * MARGIN + across * (width + GAP) - GAP
    if total[0] * total[1] > MAX_PIXELS:
        raise ParameterError(
            "the sheet would be too large",
            expected=f"at most {MAX_PIXELS:,} pixels",
            received=f"{total[1]:,} x {total[0]:,}",
            fix="Show fewer pictures, or make the tiles smaller.",
        )
    sheet: Image = np.full((*total, 3), PAPER, np.uint8)
    y = MARGIN
    for row, height, below in zip(rows, heights, text, strict=True):
        for column, index in enumerate(row):
            x = MARGIN + column * (width + GAP)
            _place(sheet, x, y, width, height, fitted(images[index], tile))
            for number, line in enumerate(lines[index] if lines else []):
                _write(sheet, x, y + height + ABOVE + LINE * number, width, line, MUTED if number else INK)
        y += height + below + GAP
    return sheet


def _checked(image: Image, number: int) -> Image:
    return check_values(check_image(image, what=f"picture {number}"), what=f"picture {number}")


def _balanced(count: int) -> int:
    """Up to four beside each other, else about four columns for three rows, none of them nearly empty."""
    if count <= 4:
        return count
    columns = min(MOST_COLUMNS, ceil(sqrt(count * 4 / 3)))
    return ceil(count / ceil(count / columns))


def _size(image: Image, tile: int) -> tuple[int, int]:
    """Width and height in which a picture is shown."""
    height, width = image.shape[:2]
    longest = max(height, width)
    if longest <= tile:
        return width * (tile // longest), height * (tile // longest)
    return max(1, round(width * tile / longest)), max(1, round(height * tile / longest))


def check_tile(tile: int) -> int:
    """The number of pixels as it is; ParameterError where no picture could be so small or large on a sheet."""
    if not TILES[0] <= tile <= TILES[1]:
        raise ParameterError("invalid tile", expected=f"{TILES[0]} to {TILES[1]} px", received=repr(tile))
    return tile


def fitted(image: Image, tile: int) -> Image:
    """The picture as it is shown in a tile: `(h, w, 3)` uint8, no side longer than `tile`, enlarged by a whole factor or shrunk.

    Given to it again, such a picture stays as it is; so large ones need not be kept until the sheet is made.
    """
    size = _size(image, tile)
    way = cv2.INTER_AREA if max(image.shape[:2]) > tile else cv2.INTER_NEAREST
    if image.ndim == 2 or image.shape[2] == 3:
        flat = _in_bytes(cv2.resize(image, size, interpolation=way), white(image))
        return cv2.cvtColor(flat, cv2.COLOR_GRAY2RGB) if flat.ndim == 2 else flat
    # colour that is wholly transparent must not bleed into its neighbours: it is weighed by alpha before it is mixed
    most = float(white(image))
    alpha = cv2.merge([image[..., 3]] * 3)
    color = cv2.resize(cv2.multiply(image[..., :3], alpha, scale=1 / most), size, interpolation=way) / np.float32(most)
    opaque = cv2.resize(alpha, size, interpolation=way) / np.float32(most)
    return _in_bytes(color + (1 - opaque) * (_checkerboard(size[1], size[0]) / np.float32(255)), 1)


def _in_bytes(pixels: Image, most: float) -> Image:
    if pixels.dtype == np.uint8:
        return pixels
    scaled: Image = np.clip(np.rint(pixels * np.float32(255 / most)), 0, 255).astype(np.uint8)
    return scaled


def _checkerboard(height: int, width: int) -> Image:
    odd = (np.arange(height)[:, None] // SQUARE + np.arange(width) // SQUARE) % 2 == 1
    board: Image = np.where(odd[..., None], np.array(CHECKER, np.uint8), np.array(PAPER, np.uint8))
    return board


def _place(sheet: Image, x: int, y: int, width: int, height: int, picture: Image) -> None:
    """Put a picture into the middle of its cell, with a hairline about its pixels: where a white one ends is seen, too."""
    sheet[y - 1 : y + height + 1, x - 1 : x + width + 1] = GROUND
    tall, wide = picture.shape[:2]
    down, right = y + (height - tall) // 2, x + (width - wide) // 2
    sheet[down - 1 : down + tall + 1, right - 1 : right + wide + 1] = HAIRLINE
    sheet[down : down + tall, right : right + wide] = picture


def _lines(title: str) -> list[str]:
    """A title's lines, at most two, with only characters that can be drawn: file names may hold any."""
    if not isinstance(title, str):
        raise ParameterError("invalid title", expected="a string", received=type(title).__name__)
    lines = title.encode(errors="replace").decode().strip().split("\n", maxsplit=1)
    return ["".join(c if c.isprintable() else " " for c in line)[:MOST_CHARACTERS] for line in lines if line]


def _write(sheet: Image, x: int, y: int, width: int, text: str, color: tuple[int, int, int]) -> None:
    """Write one line into the room `width` by `LINE` at (x, y), on a strip of its own: nothing reaches a neighbour."""
    text = _cut(text, width)
    left, _, wide, _ = _extent(text)
    strip: Image = np.full((LINE, wide + 2 * SIZE, 3), PAPER, np.uint8)
    # from right to left the extent lies left of the origin
    cv2.putText(strip, text, (-left if left < 0 else 0, LINE - 5), color, _font(), SIZE, 400)
    part = strip[:, :width]
    sheet[y : y + LINE, x : x + part.shape[1]] = part


def _cut(text: str, width: int) -> str:
    """As much of the text as is not wider than `width` pixels, with an ellipsis where some is left out."""
    if _extent(text)[2] <= width:
        return text
    least, most = 0, len(text)
    while least < most:
        middle = (least + most + 1) // 2
        fits = _extent(text[:middle].rstrip() + "…")[2] <= width
        least, most = (middle, most) if fits else (least, middle - 1)
    return text[:least].rstrip() + "…"


def _extent(text: str) -> tuple[int, int, int, int]:
    """Left, top, width and height of a line in pixels, beside its origin on the baseline."""
    left, top, width, height = cv2.getTextSize((1 << 20, LINE), text, (0, 0), _font(), SIZE, 400, 0, (-(1 << 20), 1 << 20))
    return left, top, width, height


@cache
def _font() -> cv2.FontFace:
    return cv2.FontFace("sans")
