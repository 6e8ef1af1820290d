"""`compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.cli.console import listening, out, print_json, say, table
from sightline.cli.options import Json, Quiet

if TYPE_CHECKING:
    from sightline.evaluation.comparison import Comparison

__all__ = ["compare"]


def compare(
    first: Annotated[str, typer.Argument(metavar="RUN_A", help="A run, a bundle, or a model that comes with Sightline")],
    second: Annotated[str, typer.Argument(metavar="RUN_B", help="Another")],
    data: Annotated[
        str | None, typer.Option(help="Pictures to compare them on, in place of their common test set", show_default=False)
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write a page (.html) or a figure (.png, .svg)")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say which of two models is better, and whether it may be chance.

    [bold]sightline compare runs/mnist runs/mnist-2 -o comparison.html[/bold]
    """
    from sightline import jobs

    with listening(quiet=quiet) as listen:
        found = jobs.compare(first, second, data=data, output=output, on_event=listen)
    if json:
        print_json(found.to_dict() | ({"report": str(output)} if output else {}))
        return
    _show(found)
    if output:
        say(f"Report: {output}")


def _show(found: Comparison) -> None:
    from sightline.evaluation.words import signed

    first, second = found.names
    say(f"{len(found):,} pictures of {found.data}, {found.a.split}\n")
    rows = table("", f">{first}", f">{second}", ">difference", ">95 % interval")
    low, high = found.interval
    rows.add_row(
        "accuracy", f"{found.a.accuracy:.2%}", f"{found.b.accuracy:.2%}", signed(found.difference, 2), _between(low, high, 2)
    )
    for one in found.per_class:
        if one.support:
            rows.add_row(
                f"recall of {one.name}", f"{one.a:.1%}", f"{one.b:.1%}", signed(one.change), _between(one.low, one.high, 1)
            )
    out.print(rows)
    both = len(found.both_wrong)
    say(f"\n{found.finding()}.")
    say(f"Both wrong, but differently: {both:,}.")


def _between(low: float, high: float, digits: int) -> str:
    from sightline.evaluation.words import signed

    return f"{signed(low, digits)} to {signed(high, digits)}"
