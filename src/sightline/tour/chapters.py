"""What chapters the tour has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import yaml

from sightline.errors import UnknownNameError
from sightline.registry import nearest

__all__ = ["Chapter", "chapters", "find_chapters"]


@dataclass(frozen=True)
class Chapter:
    """A chapter: a page of MyST Markdown with a head in YAML, whose blocks `{code-cell}` are run one after the other.

    `number` and `name` are those of its file, such as 03-kernels.md.
    """

    number: int
    name: str
    source: Traversable

    @cached_property
    def parts(self) -> tuple[dict[str, Any], str]:
        """The head and the text after it."""
        _, head, text = self.source.read_text(encoding="utf-8").split("---\n", 2)
        return yaml.safe_load(head), text.lstrip("\n")

    @property
    def title(self) -> str:
        """The first heading."""
        return self.parts[1].partition("\n")[0].removeprefix("# ")

    @property
    def about(self) -> str:
        """What one learns in it, in a sentence."""
        return str(self.parts[0]["about"])

    @property
    def seconds(self) -> int:
        """How long its cells take on two cores, in seconds, roughly."""
        return int(self.parts[0]["seconds"])

    @property
    def stem(self) -> str:
        """Number and name, as its files are called."""
        return f"{self.number:02}-{self.name}"

    def to_dict(self) -> dict[str, Any]:
        """What it is, as plain data for JSON."""
        return {"number": self.number, "name": self.name, "title": self.title, "about": self.about, "seconds": self.seconds}


def chapters() -> list[Chapter]:
    """All chapters in order.

    >>> chapters()[2].title
    'Blur, sharpen, edges: one operation'
    """
    found = []
    for source in files("sightline.tour").joinpath("text").iterdir():
        stem, _, ending = source.name.partition(".")
        if ending == "md":
            number, _, name = stem.partition("-")
            found.append(Chapter(int(number), name, source))
    return sorted(found, key=lambda chapter: chapter.number)


def find_chapters(names: Iterable[str]) -> list[Chapter]:
    """The chapters of these names or numbers, each once, in the tour's order; UnknownNameError for another.

    >>> [chapter.stem for chapter in find_chapters(["kernels", "3"])]
    ['03-kernels']
    """
    every = chapters()
    known = {key: chapter for chapter in every for key in (chapter.name, str(chapter.number), chapter.stem)}
    asked = list(names)
    for name in asked:
        if name not in known:
            raise UnknownNameError(f"unknown chapter {name!r}", fix=nearest(name, [chapter.name for chapter in every]))
    return [chapter for chapter in every if chapter in [known[name] for name in asked]]
