"""`predict`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sightline.cli.console import counted, err, listening, out, print_json, say, show_error, table
from sightline.cli.engine import Address, Engine, working_on
from sightline.cli.options import Json
from sightline.errors import InputError

if TYPE_CHECKING:
    from sightline.bundle import Failure, Prediction
    from sightline.image import Source
    from sightline.jobs import Predict

__all__ = ["predict"]


def predict(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Files, folders, globs, URLs, tables, or - for input")],
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
    resume: Annotated[bool, typer.Option("--resume", help="With --csv: go on with a table that was interrupted")] = False,
    engine: Engine = "local",
    address: Address = None,
    workers: Annotated[int | None, typer.Option(min=1, help="With --engine ray: the most workers to take")] = None,
) -> None:
    """Say what is in a picture.

    [bold]sightline predict photo.png --model mnist[/bold]
    [bold]sightline predict page.jpg --model mnist --find -o found.png[/bold]
    """
    from sightline import jobs
    from sightline.bundle import Failure
    from sightline.files import check_not_read
    from sightline.image import MAX_PIXELS

    _check(json=json, csv=csv, find=find, output=output, threads=threads, resume=resume, engine=engine, workers=workers)
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
    place = jobs.model_folder(model)
    with working_on(engine, address) as run:
        some: Predict = predictor.predict_many
        if run is not None:
            some = partial(jobs.predict_many, place, engine=run, workers=workers, max_pixels=limit)
        if csv:
            _tabulate(csv, pictures, some, place, predictor.labels, resume=resume)
            return
        results = list(some(pictures))
    if json:
        print_json([_to_dict(result, top) for result in results])
    else:
        _show(results, min(top, len(predictor.labels)))
    _end(len(results), [result for result in results if isinstance(result, Failure)])


def _check(
    *,
    json: bool,
    csv: Path | None,
    find: bool,
    output: Path | None,
    threads: int | None,
    resume: bool,
    engine: str,
    workers: int | None,
) -> None:
    """Refuse options that do not go together."""
    if json and csv:
        raise InputError("--json and --csv exclude each other")
    if output and not find:
        raise InputError("--output goes with --find")
    if resume and (find or not csv):
        raise InputError("--resume goes with --csv, without --find")
    if engine == "ray" and (find or threads):
        raise InputError("--engine ray takes neither --find nor --threads", expected="one thread a worker, --workers of them")
    if engine == "local" and workers:
        raise InputError("--workers goes with --engine ray", fix="Limit the threads of this machine with --threads.")


def _tabulate(csv: Path, pictures: list[Source], some: Predict, model: Path, labels: tuple[str, ...], *, resume: bool) -> None:
    """Write the table, and say what is in it."""
    from sightline import jobs

    with listening() as on_event:
        made = jobs.table_predictions(csv, pictures, some, model, labels, resume=resume, on_event=on_event)
    before = f", {made.before:,} of them before" if made.before else ""
    say(f"{counted(made.pictures - len(made.failures), 'picture')} in {csv}{before}")
    _end(made.pictures, list(made.failures))


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
