"""`calibrate`."""

from __future__ import annotations

from typing import Annotated

import typer

from sightline.cli.console import listening, out, print_json, table
from sightline.cli.options import Json, Quiet

__all__ = ["calibrate"]


def calibrate(
    model: Annotated[str, typer.Argument(metavar="RUN", help="A run or a bundle, which takes the new values")],
    data: Annotated[str | None, typer.Option(help="Other data with the same classes, whose validation split counts")] = None,
    rejection: Annotated[
        float | None, typer.Option(metavar="SHARE", help="Share of validation pictures to call unknown (default 0.02)")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fit confidence, and when to say "unknown", anew.

    [bold]sightline calibrate runs/fashion-mnist --rejection 0.02[/bold]
    """
    from sightline import jobs

    with listening(quiet=quiet) as listen:
        found = jobs.calibrate(model, data=data, rejection=rejection, on_event=listen)
    if json:
        from dataclasses import asdict

        print_json({**asdict(found), "path": str(found.path)})
        return
    rows = table("", "")
    rows.add_row("Temperature", f"{found.temperature:.3f}")
    rows.add_row(
        "Calibration error", f"{found.ece_before:.2%} before, {found.ece:.2%} after, on {found.pictures:,} validation pictures"
    )
    beyond = "above" if found.score == "distance" else "below"
    rows.add_row("Unknown", f"{found.score} {beyond} {found.threshold:.3f}: {found.unknown:,} of these pictures")
    rows.add_row("Model", str(found.path))
    out.print(rows)
