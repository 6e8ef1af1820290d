"""Small pieces of MyST Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = ["code", "fenced", "table", "toctree"]


def code(text: object) -> str:
    """As code within a line, also with backticks in it."""
    return f"`` {text} ``" if "`" in str(text) else f"`{text}`"


def fenced(kind: str, body: str, *options: str) -> str:
    """A block or directive, its fence longer than any in it."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`{3,}", body)), default=0))
    return "\n".join([f"{fence}{kind}", *options, *([""] if options else []), body.strip("\n"), fence]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; an upright bar in a cell stays within it."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) + " |\n" for row in lines)


def toctree(pages: Iterable[str]) -> str:
    """A list of pages that the site's navigation follows, and that is not seen on the page."""
    return fenced("{toctree}", "\n".join(pages), ":hidden:")
