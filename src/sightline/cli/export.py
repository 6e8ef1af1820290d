"""`export`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.cli.console import listening, print_json, say
from sightline.cli.options import Json, Quiet
from sightline.formats import FORMATS

if TYPE_CHECKING:
    from sightline.formats.writing import Export

__all__ = ["export"]


def export(
    model: Annotated[str, typer.Argument(metavar="RUN", help="A run, a bundle, or a model that comes with Sightline: mnist ...")],
    format: Annotated[  # noqa: A002 - the word users know
        str | None, typer.Option("--format", "-f", help="One of those above; without it FILE decides, else onnx")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where it goes; without it, here under the model's name")
    ] = None,
    int8: Annotated[bool, typer.Option("--int8", help="In 8-bit integers: smaller and faster, calibrated on pictures")] = False,
    data: Annotated[str | None, typer.Option(help="Other data with the same classes to replay and calibrate on")] = None,
    replay: Annotated[int, typer.Option(min=1, metavar="N", help="Picture files to try the export on")] = 200,
    calibration: Annotated[int, typer.Option(min=1, metavar="N", help="Validation pictures to calibrate int8 on")] = 500,
    agreement: Annotated[
        float | None, typer.Option(min=0, max=1, help="Share of the files that must get the same label (default 1; int8 0.99)")
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Most that probabilities may differ by (default 1e-4; int8: on the mean, 0.02)"),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an export that exists")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a model for other programs, proven on raw picture files.

    [bold]sightline export runs/fashion-mnist -o clothes.onnx[/bold]

    The files go through the model and through what was written; if the answers differ, nothing is left.
    """
    from sightline import jobs

    with listening(quiet=quiet) as listen:
        found = jobs.export(
            model,
            output,
            format=format,
            int8=int8,
            data=data,
            replay=replay,
            calibration=calibration,
            agreement=agreement,
            tolerance=tolerance,
            overwrite=overwrite,
            on_event=listen,
        )
    if json:
        print_json(found.to_dict())
    else:
        _show(found)


def _show(found: Export) -> None:
    trial = found.replay
    say(f"{found.path}: {found.format}, {found.precision}, {found.bytes / 1000:,.0f} kB")
    say(
        f"{trial.pictures:,} picture files ({trial.split}): top-1 agreement {trial.agreement:.1%}, "
        f"largest difference of probabilities {_plain(trial.largest)}, mean {_plain(trial.mean)}"
    )
    say(f"Accuracy on them: {trial.accuracy:.1%}, of the model {trial.accuracy_before:.1%}")
    if found.side is None:
        say(f"Use it: sightline predict photo.png --model {shlex.quote(str(found.path))}")
    else:
        say(f"Labels, pipeline and how to use them: {found.side}")


def _plain(value: float) -> str:
    return f"{value:.7f}" if value < 1e-3 else f"{value:.4f}"


def _formats() -> str:
    """A line of the help for each format."""
    lines = []
    for form in FORMATS:
        notes = [*(["also --int8"] if form.int8 else []), *(f"needs pip install {package}" for package in form.packages.values())]
        lines.append(f"    [bold]{form.name:<12}[/bold] {form.summary}" + (f" ({', '.join(notes)})" if notes else ""))
    return "\n".join(lines)


export.__doc__ = f"{export.__doc__}\n{_formats()}\n"
