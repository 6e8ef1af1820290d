"""A chapter's text as a Jupyter notebook: format 4.5, as https://nbformat.readthedocs.io describes it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from sightline.files import write_text
from sightline.tour.chapters import Chapter

__all__ = ["to_notebook", "write_notebook"]

CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TAGS = re.compile(r"\A:tags: \[(.*?)\]\n+")
LINK = re.compile(r"\]\((\d\d-[a-z-]+)\.md\)")


def to_notebook(chapter: Chapter) -> dict[str, Any]:
    """The chapter as the JSON of a notebook, nothing run yet.

    >>> from sightline.tour import find_chapters
    >>> to_notebook(find_chapters(["kernels"])[0])["cells"][1]["cell_type"]
    'code'
    """
    head, text = chapter.parts
    cells: list[dict[str, Any]] = []
    for position, part in enumerate(CELL.split(text)):  # text, code, text, code, ..., text
        if position % 2:
            tags = TAGS.match(part)
            cell = _cell("code", TAGS.sub("", part))
            cell |= {"execution_count": None, "outputs": []}
            cell["metadata"] = {"tags": [tag.strip() for tag in tags[1].split(",")]} if tags else {}
            cells.append(cell)
        elif part.strip():
            cells.append(_cell("markdown", LINK.sub(r"](\1.ipynb)", part)))
    for number, cell in enumerate(cells):
        cell["id"] = f"{chapter.name}-{number}"
    metadata = {"kernelspec": head["kernelspec"], "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def write_notebook(chapter: Chapter, folder: Path) -> Path:
    """Write the chapter as `<number>-<name>.ipynb` into `folder`, and give back its path."""
    path = folder / f"{chapter.stem}.ipynb"
    write_text(path, json.dumps(to_notebook(chapter), ensure_ascii=False, indent=1) + "\n")
    return path


def _cell(kind: str, text: str) -> dict[str, Any]:
    return {"cell_type": kind, "metadata": {}, "source": text.strip("\n").splitlines(keepends=True)}
