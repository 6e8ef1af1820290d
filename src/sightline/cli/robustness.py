"""`robustness`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.cli.console import listening, out, print_json, say, table
from sightline.cli.options import Json, Quiet

if TYPE_CHECKING:
    from sightline.evaluation.robustness import Robustness

__all__ = ["robustness"]


def robustness(
    model: Annotated[str, typer.Argument(metavar="RUN", help="A run, a bundle, or a model that comes with Sightline")],
    data: Annotated[str | None, typer.Option(help="Other pictures with the same classes", show_default=False)] = None,
    pictures: Annotated[int, typer.Option(min=1, help="At most so many, class by class")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Draws the pictures and what is random in the damage")] = 0,
    only: Annotated[
        list[str] | None, typer.Option("--corruption", metavar="NAME", help="Only this one; may be repeated", show_default=False)
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write a page (.html) or a figure (.png, .svg)")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure what noise, blur, rotation and other damage cost.

    [bold]sightline robustness mnist -o robustness.png[/bold]
    """
    from sightline import jobs

    with listening(quiet=quiet) as listen:
        found = jobs.robustness(
            model, data=data, pictures=pictures, seed=seed, corruptions=only or None, output=output, on_event=listen
        )
    if json:
        print_json(found.to_dict() | ({"report": str(output)} if output else {}))
        return
    _show(found)
    if output:
        say(f"Report: {output}")


def _show(found: Robustness) -> None:
    from sightline.evaluation.corruptions import LEVELS

    say(f"Accuracy in % at severities 0 (clear) to {LEVELS}, on {found.sampled()}\n")
    rows = table("corruption", *(f">{severity}" for severity in range(LEVELS + 1)), ">mean", "severities 1 to 5")
    for row in found.rows:
        values = ", ".join(f"{value:g}" for value in row.corruption.values)
        cells = [f"{100 * share:.1f}" for share in (found.accuracy, *row.accuracy, row.mean)]
        rows.add_row(row.corruption.title, *cells, f"{values} {row.corruption.unit}")
    out.print(rows)
    say(f"\n{found.finding()}")
