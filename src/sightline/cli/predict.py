"""`predict`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sightline.cli.console import counted, err, out, print_json, say, show_error, table
from sightline.cli.options import Json
from sightline.errors import InputError

if TYPE_CHECKING:
    from sightline.bundle import Failure, Prediction

__all__ = ["predict"]


def predict(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Files, folders, globs, or - for standard input")],
    model: Annotated[
        str,
        typer.Option("--model", "-m", help="A run, a bundle, an exported .onnx, or a model that comes with Sightline: mnist ..."),
    ],
    top: Annotated[int, typer.Option(min=1, help="How many labels to show")] = 3,
    json: Json = False,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a table of all pictures")] = None,
    find: Annotated[bool, typer.Option("--find", help="Find all digits or signs in a picture and read each")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="With --find: write the picture with what was found")
    ] = None,
    max_pixels: Annotated[
        int | None, typer.Option(min=1, help="Read pictures of up to this many pixels (default 100 million)")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="The most processor threads to take (default: all, where there are many pictures)")
    ] = None,
) -> None:
    """Say what is in a picture.

    [bold]sightline predict photo.png --model mnist[/bold]
    [bold]sightline predict page.jpg --model mnist --find -o found.png[/bold]
    """
    from sightline import jobs
    from sightline.bundle import Failure
    from sightline.files import check_not_read
    from sightline.image import MAX_PIXELS

    if json and csv:
        raise InputError("--json and --csv exclude each other")
    if output and not find:
        raise InputError("--output goes with --find")
    limit = max_pixels or MAX_PIXELS
    predictor = jobs.load(model, threads=threads, max_pixels=limit)
    pictures = jobs.find_sources(sources)
    for target in (csv, output):
        if target:
            check_not_read(target, pictures)
    if find:
        from sightline.cli.findings import find_all

        found = find_all(pictures, predictor, top=top, json=json, csv=csv, output=output, max_pixels=limit)
        _end(len(found), [result for result in found if isinstance(result, Failure)])
        return
    results = list(predictor.predict_many(pictures))
    failures = [result for result in results if isinstance(result, Failure)]
    if json:
        print_json([_to_dict(result, top) for result in results])
    elif csv:
        _write_csv(csv, results, predictor.labels)
        say(f"{counted(len(results) - len(failures), 'picture')} in {csv}")
    else:
        _show(results, min(top, len(predictor.labels)))
    _end(len(results), failures)


def _end(count: int, failures: list[Failure]) -> None:
    """Say which pictures could not be read, and exit so."""
    for failure in failures:
        show_error(failure.error)
    if failures:
        if count > 1:
            err.print(f"{len(failures):,} of {count:,} pictures could not be read.")
        raise typer.Exit(2)


def _to_dict(result: Prediction | Failure, top: int) -> dict[str, Any]:
    from sightline.bundle import Failure

    if isinstance(result, Failure):
        return {"source": str(result.source), "error": result.error.problem}
    return result.to_dict(top)


def _show(results: list[Prediction | Failure], top: int) -> None:
    from sightline.bundle import Failure

    rows = table("", "", ">", *(">" for _ in range(top - 1)))
    for result in results:
        if not isinstance(result, Failure):
            (label, confidence), *others = result.top(top)
            mark = label if result.known else f"unknown ({label}?)"
            rest = [f"{name} {share:.1%}" for name, share in others]
            rows.add_row(result.source, mark, f"{confidence:.1%}", *rest)
    if rows.row_count:
        out.print(rows)


def _write_csv(path: Path, results: list[Prediction | Failure], labels: tuple[str, ...]) -> None:
    import csv
    import io

    from sightline.bundle import Failure
    from sightline.files import write_text

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["source", "label", "confidence", "known", *(f"p:{label}" for label in labels), "error"])
    for result in results:
        if isinstance(result, Failure):
            writer.writerow([result.source, "", "", "", *("" for _ in labels), result.error.problem])
        else:
            shares = [f"{share:.6g}" for share in result.probabilities]
            known = "yes" if result.known else "no"
            writer.writerow([result.source, result.label, f"{result.confidence:.6g}", known, *shares, ""])
    write_text(path, text.getvalue())
