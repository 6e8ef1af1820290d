"""`edit`, `create`, `measure` and `apply`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sightline.cli.chain import chain_of, files_of
from sightline.cli.console import err, listening, out, print_json, say, show_error, table
from sightline.cli.engine import Address, Engine, working_on
from sightline.cli.options import Json, Quiet
from sightline.errors import InputError, PipelineError
from sightline.files import check_not_read

if TYPE_CHECKING:
    from sightline.batch import Picture
    from sightline.image import Image
    from sightline.pipeline import Pipeline, Step

__all__ = ["apply", "create", "edit", "measure"]

MOST_ROWS = 20

Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to; the suffix tells the format")]
Quality = Annotated[int | None, typer.Option("--output-quality", min=1, max=100, help="Of a JPEG, WebP or AVIF")]
SavePipeline = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the chain as a pipeline, .yaml or .json")]
Steps = Annotated[Path | None, typer.Option("--steps", metavar="FILE", help="Write a sheet that shows every step")]
Strip = Annotated[bool, typer.Option("--strip", help="Leave EXIF and the colour profile behind")]
MaxPixels = Annotated[int | None, typer.Option(min=1, help="Read pictures of up to this many pixels (default 100 million)")]
Draw = Annotated[int, typer.Option("--draw", min=0, metavar="SEED", help="Another number draws other random values")]


def edit(
    ctx: typer.Context,
    picture: Annotated[
        str, typer.Argument(metavar="PICTURE OPERATION...", help="A file, or - for standard input; then operations with options")
    ],
    output: Output = None,
    steps: Steps = None,
    save_pipeline: SavePipeline = None,
    output_quality: Quality = None,
    strip: Strip = False,
    draw: Draw = 0,
    max_pixels: MaxPixels = None,
) -> None:
    """Run a picture through a chain of operations.

    [bold]sightline edit photo.jpg crop --x 40 --y 20 --width 200 --height 200 gaussian-blur --sigma 2 -o out.png[/bold]

    `sightline ops` lists the operations; a range such as --sigma 0.5..2, and --p 0.5 after an operation, leave it to chance.
    """
    if not (output or steps or save_pipeline):
        raise InputError("there is nowhere to put the result", fix="Add -o out.png, --steps sheet.png or --save-pipeline p.yaml.")
    chain = chain_of(ctx)
    _guard([Path(picture), *files_of(ctx)], output, steps, save_pipeline)
    loaded = _load(picture, max_pixels, strip)
    if loaded.frames > 1:
        err.print(f"{picture}: the first of {loaded.frames} frames is taken.", markup=False, soft_wrap=True)
    _run(chain, loaded, output, steps, save_pipeline, output_quality, draw)


def create(
    ctx: typer.Context,
    output: Output = None,
    steps: Steps = None,
    save_pipeline: SavePipeline = None,
    output_quality: Quality = None,
    draw: Draw = 0,
) -> None:
    """Make a picture from nothing, and go on with a chain.

    [bold]sightline create checkerboard --width 256 --height 256 -o board.png[/bold]
    """
    chain = chain_of(ctx)
    if not chain.makes_picture:
        from sightline.ops import OPS

        makers = ", ".join(op.name.replace("_", "-") for op in OPS if op.role == "create")
        raise InputError("there is nothing to create", expected=f"one of {makers}")
    if not (output or steps or save_pipeline):
        raise InputError("there is nowhere to put the result", fix="Add -o out.png, --steps sheet.png or --save-pipeline p.yaml.")
    _guard(files_of(ctx), output, steps, save_pipeline)
    _run(chain, None, output, steps, save_pipeline, output_quality, draw)


def measure(
    ctx: typer.Context,
    picture: Annotated[
        str, typer.Argument(metavar="PICTURE OPERATION...", help="A file, or - for standard input; then operations with options")
    ],
    output: Output = None,
    json: Json = False,
    max_pixels: MaxPixels = None,
) -> None:
    """Measure a picture: contours, lines, circles, histogram ...

    [bold]sightline measure coins.jpg hough-circles --json -o drawn.png[/bold]

    The last operation of the chain is the one that measures.
    """
    from sightline.ops import OPS
    from sightline.pipeline import Pipeline, Step

    chain = chain_of(ctx)
    last = chain.steps[-1] if chain.steps else None
    if not isinstance(last, Step) or last.operation.role != "measure":
        meters = ", ".join(op.name.replace("_", "-") for op in OPS if op.role == "measure")
        raise InputError("there is nothing to measure", expected=f"the last operation to be one of {meters}")
    if last.is_random or last.when != "always":
        raise PipelineError(f"{last.op} measures", expected="nothing left to chance, neither --p nor --when")
    _guard([Path(picture), *files_of(ctx)], output)
    image = Pipeline(chain.steps[:-1]).run(_load(picture, max_pixels, strip=True).image)
    result = last.operation.call(last.operation.check(image), last.parameters)
    if output is not None:
        from sightline.image import write

        write(output, result.draw(image))
    if json:
        print_json(result.to_dict())
    else:
        _show_measured(result.to_dict())


def apply(
    pipeline: Annotated[Path, typer.Argument(help="A pipeline file, .yaml or .json")],
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Files, folders, globs, URLs and Parquet tables")],
    output: Annotated[
        str,
        typer.Option("--output", "-o", metavar="FOLDER", help="Where the results go, in the same tree; X.parquet: a table"),
    ],
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes (default: one a core)")] = None,
    engine: Engine = "local",
    address: Address = None,
    format: Annotated[str | None, typer.Option(help="Write jpg, png, webp ... instead of each picture's own format")] = None,  # noqa: A002
    output_quality: Quality = None,
    skip_existing: Annotated[bool, typer.Option("--skip-existing", help="Leave out what has a result already")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results that exist")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted batch")] = False,
    strip: Strip = False,
    draw: Draw = 0,
    full_decode: Annotated[bool, typer.Option("--full-decode", help="Decode JPEGs whole, even if they are shrunk first")] = False,
    max_pixels: MaxPixels = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run many pictures through a pipeline.

    [bold]sightline apply p.yaml 'photos/**/*.jpg' -o out/ --format webp[/bold]
    """
    from sightline import batch
    from sightline.batch.workers import run_tasks
    from sightline.image import MAX_PIXELS
    from sightline.pipeline import Pipeline

    options = batch.Options(
        quality=output_quality, strip=strip, shrink_on_load=not full_decode, max_pixels=max_pixels or MAX_PIXELS, seed=draw
    )
    with working_on(engine, address) as run, listening(quiet=quiet) as on_event:
        summary = batch.apply(
            Pipeline.load(pipeline),
            sources,
            output,
            workers=workers,
            format=format,
            skip_existing=skip_existing,
            overwrite=overwrite,
            resume=resume,
            options=options,
            engine=run or run_tasks,
            on_event=on_event,
        )
    if json:
        failed = [{"path": str(failure.path), "error": failure.error} for failure in summary.failed]
        print_json({"out": str(summary.out), "written": summary.written, "skipped": summary.skipped, "failed": failed})
    else:
        _summarize(summary)
    if summary.failed:
        raise typer.Exit(2)


def _summarize(summary: Any) -> None:
    from sightline.batch import failures_in

    skipped = f", {summary.skipped:,} skipped" if summary.skipped else ""
    say(f"{summary.written:,} {'picture' if summary.written == 1 else 'pictures'} in {summary.out}{skipped}")
    if summary.animated:
        text = f"Of {len(summary.animated):,} with several frames the first was taken, {summary.animated[0]} for one."
        err.print(text, markup=False, soft_wrap=True)
    if summary.failed:
        count = "1 picture" if len(summary.failed) == 1 else f"{len(summary.failed):,} pictures"
        show_error(InputError(f"{count} failed", fix=f"{failures_in(summary.out)} names them."))


def _load(picture: str, max_pixels: int | None, strip: bool) -> Picture:
    from sightline.batch import Options, load_picture
    from sightline.image import MAX_PIXELS

    source = sys.stdin.buffer if picture == "-" else picture
    return load_picture(source, Options(strip=strip, max_pixels=max_pixels or MAX_PIXELS))


def _run(
    chain: Pipeline,
    loaded: Picture | None,
    output: Path | None,
    sheet: Path | None,
    save_pipeline: Path | None,
    quality: int | None,
    seed: int,
) -> None:
    """Run the chain, and leave everything that was asked for or nothing."""
    from sightline.files import write_bytes
    from sightline.image import encode, write
    from sightline.sheet import TILE, contact_sheet, fitted

    result = loaded.image if loaded else None
    stages = [] if result is None or sheet is None else [(f"0  picture\n{_size(result)}", fitted(result, TILE))]
    for number, (step, stage) in enumerate(chain.trace(result, seed=seed), start=1):
        result = stage
        if sheet is not None:
            stages.append((f"{number}  {_caption(step)}\n{_size(stage)}", fitted(stage, TILE)))
    if result is None:
        raise PipelineError("there is nothing to do")
    encoded = None
    if output is not None:
        suffix = ".png" if str(output) == "-" else output.suffix
        encoded = encode(result, suffix, quality=quality, metadata=loaded.metadata if loaded else None)
    if sheet is not None:
        write(sheet, contact_sheet([stage for _, stage in stages], [title for title, _ in stages]))
    if save_pipeline is not None:
        chain.save(save_pipeline)
    if encoded is not None and str(output) == "-":
        sys.stdout.buffer.write(encoded)
    elif encoded is not None and output is not None:
        write_bytes(output, encoded)


def _guard(inputs: list[Path], *outputs: Path | None) -> None:
    """Refuse to write over what is read, or two results into one file."""
    names = [output for output in outputs if output is not None and str(output) != "-"]
    for place, output in enumerate(names):
        check_not_read(output, inputs)
        if output.resolve() in [other.resolve() for other in names[:place]]:
            raise InputError(f"{str(output)!r} would hold two results", fix="Choose another name for one of them.")
    if "-" in map(str, outputs) and sys.stdout.isatty():
        raise InputError("the result would go to the terminal", fix="Add > out.png, or write -o out.png.")


def _caption(step: Step) -> str:
    """The step with the parameters that are not at their defaults."""
    usual = step.operation.parameters.defaults
    shown = {name: value for name, value in step.parameters.items() if not hasattr(value, "shape")}  # no pictures
    given = [f"{name} {_brief(value)}" for name, value in shown.items() if name not in usual or value != usual[name]]
    return f"{step.op}  {', '.join(given)}"


def _size(image: Image) -> str:
    return f"{image.shape[1]} x {image.shape[0]}"


def _show_measured(found: dict[str, Any]) -> None:
    """Plain values as lines, lists of rows as tables."""
    if found and all(isinstance(value, dict) for value in found.values()):
        found = {"": found}
    for key, value in found.items():
        if isinstance(value, dict) and all(isinstance(row, dict) for row in value.values()):
            _show_rows([{key: name, **row} for name, row in value.items()])
        elif isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
            _show_rows(value)
        elif isinstance(value, list) and value and all(isinstance(row, list) and len(row) == 2 for row in value):
            _show_rows([{"x": x, "y": y} for x, y in value])
        elif value != []:
            say(f"{key}: {_brief(value)}")


def _show_rows(found: list[dict[str, Any]]) -> None:
    """A table of what is short enough for one."""
    columns = [name for name, value in found[0].items() if not isinstance(value, list | dict) or _is_short(value)]
    rows = table(*(name if isinstance(found[0][name], str) else f">{name}" for name in columns))
    for row in found[:MOST_ROWS]:
        rows.add_row(*(_brief(row[name]) for name in columns))
    out.print(rows)
    if len(found) > MOST_ROWS:
        say(f"... and {len(found) - MOST_ROWS:,} more; --json has all of them")


def _is_short(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= 4 and not any(isinstance(item, list | dict) for item in value)


def _brief(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"
    if isinstance(value, list | tuple):
        shown = ", ".join(_brief(item) for item in value[:8])
        return f"{shown}, ... ({len(value):,} values)" if len(value) > 8 else shown
    return str(value)
