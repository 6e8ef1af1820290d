"""`reproduce`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.cli.console import listening, out, print_json, say, table
from sightline.cli.options import Json, Quiet

if TYPE_CHECKING:
    from sightline.jobs import Reproduction

__all__ = ["reproduce"]


def reproduce(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A finished run's folder")],
    folder: Annotated[Path | None, typer.Option("--out", help="Folder of the new run; by itself that of the old one")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the new run; by itself the old one's and -again")] = None,
    tolerance: Annotated[float, typer.Option(min=0, max=1, help="How far the accuracy may be off where weights differ")] = 0.005,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train a run again from its own record, and compare.

    [bold]sightline reproduce runs/fashion-mnist[/bold]

    The exit status is 1 if it comes out differently.
    """
    from sightline import jobs

    with listening(quiet=quiet) as listen:
        found = jobs.reproduce(run, out=folder, name=name, tolerance=tolerance, on_event=listen)
    if json:
        print_json(found.to_dict())
    else:
        _show(found)
    if not found.reproduced:
        raise typer.Exit(1)


def _show(found: Reproduction) -> None:
    rows = table("", ">then", ">now")
    for name, (before, now) in found.figures.items():
        rows.add_row(name, f"{before:.4f}", f"{now:.4f}")
    out.print(rows)
    if found.identical:
        say("Reproduced: the weights are the same to the last bit.")
    elif found.reproduced:
        say(f"Reproduced within {found.tolerance:g}: other weights, the same label for {found.agreement:.1%} of the pictures.")
    else:
        say(f"Not reproduced: the accuracy is off by more than {found.tolerance:g}.")
    for key, (then, today) in found.environment.items():
        say(f"  {key} was {then}, is {today}")
    say(f"New run: {found.run.path}")
