"""`suspects`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sightline.cli.console import listening, out, print_json, say, table
from sightline.cli.options import Json, Quiet

if TYPE_CHECKING:
    from sightline.jobs.labels import Suspicion

__all__ = ["suspects"]


def suspects(
    model: Annotated[str, typer.Argument(metavar="RUN", help="A run, a bundle, or a model that comes with Sightline")],
    split: Annotated[
        Literal["test", "validation", "train"],
        typer.Option(help="Whose labels to doubt; train takes as long as training --folds times"),
    ] = "test",
    folds: Annotated[int, typer.Option(min=2, help="With --split train: networks to train, each on the other pictures")] = 3,
    top: Annotated[int, typer.Option(min=1, help="How many to show, the most doubtful first")] = 25,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Draw them on a sheet, PNG or SVG")] = None,
    data: Annotated[str | None, typer.Option(help="Other data with the same classes")] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Find pictures whose label is probably wrong.

    [bold]sightline suspects runs/mnist -o suspects.png[/bold]
    """
    from sightline import jobs

    with listening(quiet=quiet) as listen:
        found = jobs.suspects(model, split=split, folds=folds, top=top, output=output, data=data, on_event=listen)
    if json:
        print_json(found.to_dict())
    else:
        _show(found, output)


def _show(found: Suspicion, output: Path | None) -> None:
    say(
        f"{found.split}: {found.doubtful:,} of {found.pictures:,} pictures look more like another class than their label's; "
        f"{found.errors:,} surely"
    )
    if not found.found:
        return
    rows = table("picture", "label", "supposed", ">confidence", "")
    for suspect in found.found:
        rows.add_row(suspect.name, suspect.given, suspect.supposed, f"{suspect.confidence:.1%}", "sure" if suspect.sure else "")
    out.print(rows)
    if output:
        say(f"Sheet: {output}")
