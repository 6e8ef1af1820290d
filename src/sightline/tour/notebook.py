"""A chapter's text as a Jupyter notebook: format 4.5, as https://nbformat.readthedocs.io describes it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sightline.errors import InputError
from sightline.files import write_json
from sightline.tour.chapters import Chapter

__all__ = ["to_notebook", "write_notebooks"]

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


def write_notebooks(chosen: Sequence[Chapter], folder: str | Path, *, overwrite: bool = False) -> list[Path]:
    """Write chapters as `<number>-<name>.ipynb` into `folder`, which is made if need be, and give back their paths.

    InputError where one of them is there already and may not be overwritten: nothing is written then.
    """
    home = Path(folder)
    paths = [home / f"{chapter.stem}.ipynb" for chapter in chosen]
    there = [str(path) for path in paths if path.exists()]
    if there and not overwrite:
        raise InputError(
            "these notebooks are there already, perhaps with work in them",
            received=", ".join(there),
            fix="Choose another folder, or add --overwrite.",
        )
    for chapter, path in zip(chosen, paths, strict=True):
        write_json(path, to_notebook(chapter))
    return paths


def _cell(kind: str, text: str) -> dict[str, Any]:
    return {"cell_type": kind, "metadata": {}, "source": text.strip("\n").splitlines(keepends=True)}
