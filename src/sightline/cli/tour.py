"""`tour`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sightline.cli.console import out, print_json, say, table
from sightline.cli.options import Json

__all__ = ["tour"]


def tour(
    chapter: Annotated[list[str] | None, typer.Argument(metavar="CHAPTER", help="Names or numbers (default: all)")] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FOLDER", help="Where to write them as notebooks")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Also over notebooks that are there, with what was done in them")
    ] = False,
    json: Json = False,
) -> None:
    """List the chapters that teach, or write them as notebooks.

    [bold]sightline tour -o tour/[/bold]
    """
    from sightline.tour import chapters, find_chapters, write_notebooks

    chosen = find_chapters(chapter) if chapter else chapters()
    written = write_notebooks(chosen, output, overwrite=overwrite) if output else []
    if json:
        paths: list[str | None] = [str(path) for path in written] or [None] * len(chosen)
        print_json([one.to_dict() | {"path": path} for one, path in zip(chosen, paths, strict=True)])
        return
    if output:
        say(f"Wrote {len(written)} notebook{'s' if len(written) > 1 else ''}; open with Jupyter or an editor that knows notebooks:")
        for path in written:
            out.print(str(path), soft_wrap=True, markup=False, highlight=False)
        return
    rows = table(">", "name", "", ">runs in")
    for one in chosen:
        rows.add_row(str(one.number), one.name, one.title, f"{one.seconds} s")
    out.print(rows)
    say("\nAs notebooks, to read and run: sightline tour -o tour/")
