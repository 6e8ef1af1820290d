"""`explain`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sightline.cli.console import listening, out, print_json, say, show_error, table
from sightline.cli.options import Json, Quiet

if TYPE_CHECKING:
    from sightline.evaluation import Explanation

__all__ = ["explain"]

SHEET = Path("explanation.png")


def explain(
    model: Annotated[str, typer.Argument(metavar="RUN", help="A run, a bundle, or a model that comes with Sightline: mnist ...")],
    sources: Annotated[list[str], typer.Argument(metavar="PICTURE...", help="Files, folders, globs, or - for standard input")],
    label: Annotated[str | None, typer.Option(help="Explain this label too, beside the predicted one", show_default=False)] = None,
    method: Annotated[
        Literal["grad-cam", "occlusion"] | None,
        typer.Option(help="Default: grad-cam where the network can be rebuilt, else occlusion", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help=f"The sheet, PNG or SVG (default {SHEET}; with --json none)"),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show what in a picture the answer rests on.

    [bold]sightline explain mnist digit.png -o sheet.png[/bold]
    """
    from sightline import jobs
    from sightline.bundle import Failure
    from sightline.evaluation.page import check_target
    from sightline.files import check_not_read

    target = output or (None if json else SHEET)
    if target is not None:
        check_target(target, (".png", ".svg"))
    pictures = jobs.find_sources(sources)
    if target is not None:
        check_not_read(target, pictures)
    with listening(quiet=quiet) as listen:
        results = list(jobs.explain_many(model, pictures, label, method=method, on_event=listen))
    rows = [result for result in results if not isinstance(result, Failure)]
    failures = [result for result in results if isinstance(result, Failure)]
    if json:
        print_json([one.to_dict() for row in rows for one in row])
    else:
        _show(rows)
    if rows and target is not None:
        _draw(rows, target, silent=json)
    for failure in failures:
        show_error(failure.error)
    if failures:
        raise typer.Exit(2)


def _show(rows: list[list[Explanation]]) -> None:
    found = table("", "", ">", "")
    for row in rows:
        for one in row:
            found.add_row(one.source, one.answer, f"{one.probability:.1%}", one.method)
    if rows:
        out.print(found)


def _draw(rows: list[list[Explanation]], target: Path, *, silent: bool) -> None:
    from sightline.evaluation.maps import MOST_ROWS, explanation_sheet
    from sightline.evaluation.page import save_figure

    save_figure(explanation_sheet(rows[:MOST_ROWS]), target)
    if not silent:
        say(f"Sheet: {target}" + (f", the first {MOST_ROWS} pictures" if len(rows) > MOST_ROWS else ""))
