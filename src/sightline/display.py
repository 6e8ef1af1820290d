"""Show pictures where the person is: in a notebook, a window, the terminal, or a file."""

from __future__ import annotations

import logging
import os
import sys
from binascii import b2a_base64
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from sightline.errors import InputError, ParameterError
from sightline.files import check_not_read
from sightline.image import Image, Kind, Mode, check_image, check_values, check_writable, encode, read, write
from sightline.notebook import find_notebook
from sightline.sheet import check_tile, contact_sheet, fitted

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

__all__ = ["Shown", "show", "tile_for"]

LARGEST_WINDOW = (1600, 900)
CELL = 8  # the usual width of a terminal's cell in pixels

Shown = Image | str | Path | bytes
"""What can be shown: a picture, or the file or the bytes of a file that holds one."""


def show(
    *images: Shown | Sequence[Shown],
    titles: Sequence[str] | None = None,
    columns: int | None = None,
    tile: int | None = None,
    save: str | Path | None = None,
    mode: Mode = "unchanged",
) -> None:
    """Show pictures beside each other: `show(picture)`, `show("a.jpg", "b.png")`, `show([before, after], titles=["a", "b"])`.

    In a notebook they stand under the cell, on a desktop they open a window, else the terminal draws them; `save` writes them
    to a file instead. Files are read in `mode` and bear their names unless there are `titles`. `tile`: into how many pixels the
    longer side of each fits, by default 720 for one, 360 for up to four, else 256. See `contact_sheet`.
    InputError where nothing can show them; ParameterError, ImageError for what is no picture or does not fit.

    >>> import sightline as sl
    >>> meadow = sl.sample()
    >>> sl.show(meadow, sl.to_gray(meadow), titles=["colour", "gray"], save="both.png")
    >>> sl.read("both.png").shape
    (330, 580, 3)
    """
    given = _listed(images)
    if save is not None:
        check_writable(Kind("uint8", 3), Path(save).suffix.lower())
        check_not_read(save, given)
    if titles is None and any(isinstance(one, str | Path) for one in given):
        titles = [Path(one).name if isinstance(one, str | Path) else "" for one in given]
    tile = check_tile(tile_for(len(given)) if tile is None else tile)
    pictures = [_picture(one, mode, number, tile) for number, one in enumerate(given, start=1)]
    sheet = contact_sheet(pictures, titles, columns=columns, tile=tile)
    if save is not None:
        write(save, sheet)
    elif find_notebook() is not None:
        _show_in_notebook(sheet)
    elif not (_has_display() and _show_in_window(sheet)):
        _show_in_terminal(sheet, contact_sheet(pictures, columns=columns, tile=tile), titles or [])


def tile_for(count: int) -> int:
    """How large each of `count` pictures is shown, in pixels: the fewer, the larger."""
    return 720 if count == 1 else 360 if count <= 4 else 256


def _listed(images: Sequence[Shown | Sequence[Shown]]) -> list[Shown]:
    """The pictures one by one, from arguments or from one list."""
    if len(images) == 1 and isinstance(images[0], list | tuple):
        images = images[0]
    listed: list[Shown] = []
    for number, one in enumerate(images, start=1):
        if not isinstance(one, np.ndarray | str | Path | bytes):
            expected, received = "an array, a path or the bytes of a file", type(one).__name__
            raise ParameterError(f"cannot show picture {number}", expected=expected, received=received)
        listed.append(one)
    return listed


def _picture(one: Shown, mode: Mode, number: int, tile: int) -> Image:
    """The picture as it will be shown: a hundred large ones are never in memory together."""
    image = one if isinstance(one, np.ndarray) else read(one, mode)
    return fitted(check_values(check_image(image, what=f"picture {number}"), what=f"picture {number}"), tile)


def _show_in_notebook(sheet: Image) -> None:
    data = {"image/png": b2a_base64(encode(sheet, ".png"), newline=False).decode(), "text/plain": "<pictures>"}
    import_module("IPython.display").display(data, raw=True)


def _has_display() -> bool:
    if sys.platform in {"darwin", "win32"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _show_in_window(sheet: Image) -> bool:
    """Show the sheet in a window until it is closed; False if there can be none."""
    height, width = sheet.shape[:2]
    inches = min(1, LARGEST_WINDOW[0] / width, LARGEST_WINDOW[1] / height) / 100
    try:
        from matplotlib import pyplot
        from matplotlib.backends import BackendFilter, backend_registry

        windows = {name.lower() for name in backend_registry.list_builtin(BackendFilter.INTERACTIVE)}
        if pyplot.get_backend().lower() not in windows:
            return False
        figure = pyplot.figure(num="Sightline", clear=True, figsize=(width * inches, height * inches), dpi=100)
    except Exception:  # each toolkit has its own errors for a display that does not answer
        return False
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.imshow(sheet)
    pyplot.show()
    return True


def _show_in_terminal(sheet: Image, untitled: Image, titles: Sequence[str]) -> None:
    """Draw the sheet in pixels where the terminal can; in half cells no title could be read, so they stand below as text."""
    from rich.console import Console

    console = Console(no_color=False)  # NO_COLOR is about text; a picture without colours is none
    if not console.is_terminal or console.color_system is None:
        raise InputError(
            "there is nowhere to show pictures",
            expected="a notebook, a display or a terminal with colours",
            received="none of them",
            fix='Write them to a file: save="sheet.png" (--save sheet.png).',
        )
    drawing = _in_pixels(sheet, console)
    if drawing is not None:
        console.print(drawing)
        return
    console.print(HalfCells(untitled))
    names = ", ".join(first for title in titles if (first := title.split("\n")[0]))
    if names:
        console.print(names, markup=False, highlight=False)


def _in_pixels(sheet: Image, console: Console) -> RenderableType | None:
    """The sheet for a terminal that draws pixels (Sixel or Kitty's protocol); None for others. It is asked on the first call."""
    if sys.stdin is None or not sys.stdin.isatty() or sys.stdout is not sys.__stdout__:
        return None  # the terminal's answer would not reach us
    logging.getLogger("textual_image").addHandler(logging.NullHandler())  # else its doubts land on standard error
    try:
        from PIL import Image as Pillow
        from textual_image import renderable

        if renderable.Image not in {renderable.SixelImage, renderable.TGPImage}:
            return None
        width = min(console.width, -(-sheet.shape[1] // CELL))
        drawing = renderable.Image(Pillow.fromarray(sheet), width=width, height="auto")
        drawing.__rich_measure__(console, console.options)  # asks for the size of a cell
    except Exception:  # of any kind: it asks at import, and a key pressed meanwhile or an odd answer runs into its parser
        return None
    return drawing


class HalfCells:
    """A picture drawn with two pixels a cell: the upper in the colour of the sign ▀, the lower in that of its ground."""

    def __init__(self, picture: Image) -> None:
        self.picture = picture

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        """Give rich the cells, row by row."""
        from rich.color import Color
        from rich.segment import Segment
        from rich.style import Style

        height, width = self.picture.shape[:2]
        across = min(options.max_width, width)
        down = max(1, round(height * across / width / 2))
        pixels = cv2.resize(self.picture, (across, 2 * down), interpolation=cv2.INTER_AREA).tolist()
        for upper, lower in zip(pixels[::2], pixels[1::2], strict=True):
            for above, below in zip(upper, lower, strict=True):
                yield Segment("▀", Style(color=Color.from_rgb(*above), bgcolor=Color.from_rgb(*below)))
            yield Segment.line()
