"""`inspect`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sightline.cli.console import listening, out, print_json, say, table
from sightline.cli.options import Json, Quiet

__all__ = ["inspect"]

SHEET = Path("inside.png")


def inspect(
    model: Annotated[str, typer.Argument(metavar="RUN", help="A run, a bundle, or a model that comes with Sightline: mnist ...")],
    picture: Annotated[str, typer.Argument(metavar="PICTURE", help="A picture file, or - for standard input")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help=f"PNG, SVG or HTML, which has all maps (default {SHEET}; with --json none)"
        ),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Look inside a network: what every layer makes of a picture.

    [bold]sightline inspect mnist digit.png -o inside.html[/bold]
    """
    from sightline import jobs
    from sightline.errors import InputError
    from sightline.evaluation.inspection import sides
    from sightline.evaluation.page import check_target
    from sightline.files import check_not_read

    target = output or (None if json else SHEET)
    if target is not None:
        check_target(target)
    sources = jobs.find_sources([picture])
    if len(sources) != 1:
        raise InputError("inspect looks at one picture at a time", expected="one file", received=f"{len(sources)} at {picture!r}")
    if target is not None:
        check_not_read(target, sources)
    with listening(quiet=quiet) as listen:
        found = jobs.inspect(model, sources[0], on_event=listen)
    if json:
        print_json(found.to_dict())
    else:
        rows = table("layer", "", ">leaves it", ">parameters", ">of it zero")
        for layer in found.layers:
            zero = f"{(layer.values == 0).mean():.0%}"
            rows.add_row(layer.name, layer.kind, sides(layer.shape), f"{layer.parameters:,}" if layer.parameters else "", zero)
        out.print(rows)
        say(f"\n{found.finding()}.")
        say(f"Answer: {found.label if found.known else f'unknown ({found.label}?)'}, {found.probability:.1%}")
    if target is not None:
        found.save(target)
        if not json:
            say(f"Sheet: {target}")
