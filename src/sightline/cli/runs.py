"""`runs`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from sightline.cli.console import counted, err, out, print_json, say, table
from sightline.cli.options import Json

__all__ = ["runs"]


def runs(
    folder: Annotated[Path, typer.Argument(help="The folder of the runs")] = Path("runs"),
    sort: Annotated[Literal["accuracy", "name", "seconds", "started"], typer.Option(help="What to sort by")] = "accuracy",
    json: Json = False,
) -> None:
    """List the runs of a folder, the best first.

    [bold]sightline runs --sort started[/bold]
    """
    from sightline import jobs

    found = jobs.list_runs(folder)
    if sort != "accuracy":
        found.sort(key=lambda one: (getattr(one, sort) is None, getattr(one, sort) or 0))
    if json:
        print_json([one.to_dict() for one in found])
        return
    tunings = [file.parent.name for file in sorted(folder.glob("*/study.yaml"))]
    if tunings:
        listed = f"the trials of each are listed by `sightline runs {folder / tunings[0]}`"
        err.print(f"{counted(len(tunings), 'tuning')}: {', '.join(tunings)}; {listed}.", markup=False, soft_wrap=True)
    if not found:
        say(f"There are no runs in {folder}. `sightline train DATA` makes one.")
        return
    rows = table("run", "data", "model", "preset", ">epochs", ">accuracy", ">±", ">loss", ">seconds", "")
    for one in found:
        spread = (one.interval[1] - one.interval[0]) / 2 if one.interval else None
        rows.add_row(
            one.name,
            one.data or "",
            one.model or "",
            one.preset or "",
            f"{one.epochs}" if one.epochs == one.of_epochs or one.of_epochs is None else f"{one.epochs} of {one.of_epochs}",
            f"{one.accuracy:.1%}" if one.accuracy is not None else "",
            f"{spread:.1%}" if spread is not None else "",
            f"{one.loss:.3f}" if one.loss is not None else "",
            f"{one.seconds:,.0f}" if one.seconds is not None else "",
            "" if one.state == "finished" else one.state,
        )
    out.print(rows)
