"""Pages in the style of the report: one file with a large number, a sentence, tables, figures and tiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from sightline.errors import ParameterError
from sightline.evaluation.style import inline_svg, to_png, to_svg
from sightline.evaluation.words import duration, moment, percent, pictures, short, size, time_of
from sightline.files import write_bytes, write_text

__all__ = ["Page", "Section", "Table", "check_target", "figure_for_page", "rendered", "save_figure"]

SUFFIXES = (".html", ".png", ".svg")


@dataclass(frozen=True)
class Table:
    """The cells of a table as text, the first of each row its heading."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Section:
    """A part of a page: what it holds of table, figure and tiles; `widest`: of the tiles' pictures, in pixels."""

    title: str
    lead: str = ""
    table: Table | None = None
    figure: Markup | None = None
    tiles: Sequence[Mapping[str, Any]] = ()
    widest: int = 112


@dataclass(frozen=True)
class Page:
    """What a page says on its first screen, and its sections."""

    kind: str
    title: str
    about: str
    number: str
    uncertainty: str
    number_text: str
    finding: str
    beside: str = ""
    beside_text: str = ""
    sections: Sequence[Section] = field(default_factory=tuple)

    def save(self, path: str | Path) -> Path:
        """Write the page, whole or not at all, and give back its path."""
        write_text(path, rendered("page.html.j2", **vars(self)))
        return Path(path)


def rendered(template: str, **shown: Any) -> str:
    """A template of this package filled with what is `shown`, in the style of all pages."""
    package = files("sightline.evaluation")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    filters = (percent, short, size, duration, moment, time_of, pictures)
    environment.filters.update({function.__name__: function for function in filters}, count="{:,}".format)
    style = Markup(package.joinpath("report.css").read_text(encoding="utf-8"))  # noqa: S704 - a file of this package
    return environment.from_string(package.joinpath(template).read_text(encoding="utf-8")).render(style=style, **shown) + "\n"


def figure_for_page(figure: Figure, name: str, description: str, *, least: int = 0) -> Markup:
    """A figure as an element of a page, at least so many pixels across."""
    return Markup(inline_svg(figure, name, description, least=least))  # noqa: S704 - matplotlib escapes the texts it is given


def check_target(path: str | Path, suffixes: Sequence[str] = SUFFIXES) -> str:
    """The suffix of a file to write; ParameterError if it is none of `suffixes`."""
    suffix = Path(path).suffix.lower()
    if suffix not in suffixes:
        raise ParameterError(f"cannot write {Path(path).name!r}", expected=f"a path that ends in {' or '.join(suffixes)}")
    return suffix


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Save a figure as the PNG or SVG file `path`, whole or not at all, and give the path back."""
    write = {".png": to_png, ".svg": to_svg}[check_target(path, (".png", ".svg"))]
    write_bytes(path, write(figure))
    return Path(path)
