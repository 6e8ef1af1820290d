"""The look of every figure: palette, a sheet measured in pixels, and its PNG and SVG.

Colours: Okabe and Ito, "Color Universal Design" (2008); the `_TEXT` shades are darkened until small text is legible on white.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache
from xml.sax.saxutils import quoteattr

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

__all__ = [
    "BLUE",
    "GREEN_TEXT",
    "GRID",
    "INK",
    "MUTED",
    "ON_BLUE",
    "ORANGE",
    "ORANGE_TEXT",
    "PAPER",
    "RAMP",
    "VERMILLION_TEXT",
    "Sheet",
    "heading_height",
    "inline_svg",
    "one_line",
    "rendering",
    "shortened",
    "text_width",
    "to_png",
    "to_svg",
    "wrapped",
]

INK, PAPER, MUTED, GRID = "#1b1f24", "#ffffff", "#6b7280", "#e2e5e9"
BLUE, ORANGE = "#0072b2", "#e69f00"
RAMP = "#0072b1"  # the blue of a matrix, which must not grow lighter on a dark page: it lies under white numbers
ORANGE_TEXT, GREEN_TEXT, VERMILLION_TEXT = "#8f6200", "#007a59", "#b34e00"
ON_BLUE = "#fefefe"  # stays white on a dark page, where PAPER does not

_ROLES = {
    INK: "ink", PAPER: "paper", MUTED: "muted", GRID: "grid", BLUE: "blue", ORANGE: "orange",
    ORANGE_TEXT: "orange-text", GREEN_TEXT: "green-text", VERMILLION_TEXT: "vermillion-text",
}  # fmt: skip

_DPI = 100
_ENLARGED = 1.2  # how far a page may enlarge a figure; drawn small, its text stays legible on a phone
_MARGIN = 16  # about every sheet, so that a saved figure does not touch its edge; cut off in a page
_SETTINGS = {
    "font.family": ["DejaVu Sans"],
    "text.parse_math": False,  # a class may be called "$5 $10"
    "text.color": INK,
    "svg.fonttype": "none",  # text stays text: it can be searched and read aloud
    "svg.hashsalt": "sightline",
    "image.composite_image": False,  # each picture of a sheet in its own pixels
}

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff]")  # of which XML forbids nearly all


@contextmanager
def rendering() -> Iterator[None]:
    """Draw with Sightline's settings; the user's own come back afterwards. Also a decorator."""
    with matplotlib.rc_context(_SETTINGS), warnings.catch_warnings():
        # The bundled font lacks some scripts: PNG then shows boxes, while SVG and report use the reader's own fonts.
        warnings.filterwarnings("ignore", message=".*[Gg]lyph.*missing")
        yield


class Sheet:
    """A figure of `width` by `height` pixels, and a margin about it, whose parts are placed in pixels from its top left corner."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = round(width), round(height)
        self._across, self._down = self.width + 2 * _MARGIN, self.height + 2 * _MARGIN
        self.figure = Figure(figsize=(self._across / _DPI, self._down / _DPI), dpi=_DPI, facecolor=PAPER)

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes without a box, with muted labels and no tick marks."""
        x, y = self._place(left, top + height)
        axes = self.figure.add_axes((x, y, width / self._across, height / self._down), facecolor="none")
        axes.tick_params(length=0, labelsize=_points(11), labelcolor=MUTED, pad=4)
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.set_axisbelow(True)
        return axes

    @cached_property
    def canvas(self) -> Axes:
        """Axes over the whole sheet, in its pixels, for what has none of its own: a hundred of them take seconds."""
        canvas = self.figure.add_axes((0, 0, 1, 1), facecolor="none")
        canvas.set(xlim=(-_MARGIN, self.width + _MARGIN), ylim=(self.height + _MARGIN, -_MARGIN))
        canvas.set_axis_off()
        return canvas

    def text(
        self, x: float, y: float, text: str, *, size: float = 12, color: str = INK, bold: bool = False,
        ha: str = "left", va: str = "baseline", rotation: float = 0, backed: bool = False,
    ) -> None:  # fmt: skip
        """Write `text` at a pixel; `size` in pixels; `backed`: with paper behind it, where it lies over lines."""
        self.figure.text(
            *self._place(x, y), one_line(text), fontsize=_points(size), color=color,
            weight="bold" if bold else "normal", ha=ha, va=va, rotation=rotation, rotation_mode="anchor",
            bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.85, "pad": 0.6} if backed else None,
        )  # fmt: skip

    def _place(self, x: float, y: float) -> tuple[float, float]:
        """A pixel as matplotlib counts: in shares of the figure, from the bottom."""
        return (x + _MARGIN) / self._across, 1 - (y + _MARGIN) / self._down

    def heading(self, title: str, note: str = "", *, left: float = 0, width: float | None = None) -> None:
        """Write a bold title and a muted note below it, both wrapped to `width`; see `heading_height`."""
        for y, line, size, bold in _heading_lines(title, note, width or self.width - left):
            self.text(left, y, line, size=size, bold=bold, color=INK if bold else MUTED)


def heading_height(title: str, note: str, width: float) -> float:
    """How many pixels down a heading of that `width` reaches."""
    lines = _heading_lines(title, note, width)
    return lines[-1][0] + 6 if lines else 0.0


def _heading_lines(title: str, note: str, width: float) -> list[tuple[float, str, float, bool]]:
    """Each line's baseline, text, size and whether it is bold."""
    lines: list[tuple[float, str, float, bool]] = []
    y = 0.0
    for text, size, bold in ((title, 13.5, True), (note, 11.0, False)):
        for line in wrapped(text, width, size=size, bold=bold) if text else []:
            y += round(1.38 * size)
            lines.append((y, line, size, bold))
    return lines


def _points(pixels: float) -> float:
    return pixels * 72 / _DPI


def one_line(text: str) -> str:
    """The text without line breaks; what no file can hold, as in some file names, is escaped or replaced by a sign for it."""
    encodable = " ".join(text.splitlines()).encode("utf-8", "backslashreplace").decode()
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", encodable)


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """How many pixels wide `text` is when set `size` pixels high."""
    return _unit_width(one_line(text), bold) * size


@lru_cache(4096)
def _unit_width(text: str, bold: bool) -> float:
    """How many times its height `text` is wide: the font is not hinted, so its widths grow with its size."""
    font = FontProperties(family="DejaVu Sans", size=1, weight="bold" if bold else "normal")
    with rendering():
        width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width)


def wrapped(text: str, width: float, *, size: float, bold: bool = False) -> list[str]:
    """Break `text` at spaces into lines of at most `width` pixels; a longer word has a line of its own."""
    lines = [""]
    for word in one_line(text).split(" "):  # a no-break space is no place to break
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size, bold=bold) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def shortened(text: str, width: float, *, size: float) -> str:
    """`text`, its middle replaced by an ellipsis until it is at most `width` pixels wide."""
    text = one_line(text)
    if text_width(text, size) <= width:
        return text
    for kept in range(len(text) - 1, 1, -1):
        candidate = f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"
        if text_width(candidate, size) <= width:
            return candidate
    return "…"


@rendering()
def to_png(figure: Figure) -> bytes:
    """The figure as PNG, two pixels of the file for one of the sheet."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=2 * _DPI, metadata={"Software": None})
    return buffer.getvalue()


@rendering()
def to_svg(figure: Figure) -> bytes:
    """The figure as SVG; equal figures give equal bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def inline_svg(figure: Figure, name: str, description: str, *, least: int = 0) -> str:
    """The figure as an `<svg>` element for a page that defines the palette as CSS variables, `--ink` and so on.

    `name` keeps its ids apart from those of other figures in the page; `description` is for who cannot see it; `least`: the
    pixels across below which it is not made smaller, but scrolled.
    """
    svg = to_svg(figure).decode()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' id="(?:figure|axes|patch|text|line2d|matplotlib\.axis|xtick|ytick)_\d+"', "", svg)
    svg = re.sub(r'(<image\b[^>]*?) id="[^"]*"', r"\1", svg)  # matplotlib gives equal pictures equal ids
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r' style="[^"]*"', lambda style: _themed(style[0]), svg)
    rest = svg.split(">", 1)[1]
    across, down = (72 * inches for inches in figure.get_size_inches())
    margin = _points(_MARGIN)
    box = f"{margin:g} {margin:g} {across - 2 * margin:g} {down - 2 * margin:g}"
    width = f"max-width:{round(_ENLARGED * (across / 72 * _DPI - 2 * _MARGIN))}px" + (f";min-width:{least}px" if least else "")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="{box}" '
        f'style="{width}" role="img" aria-label={quoteattr(description)}>{rest}'
    )


def _themed(style: str) -> str:
    for color, role in _ROLES.items():
        style = style.replace(color, f"var(--{role}, {color})")
    return style
