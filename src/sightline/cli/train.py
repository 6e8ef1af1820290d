"""`train`, `preview`, `evaluate` and `report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sightline.cli.console import counted, listening, out, print_json, say, table
from sightline.cli.engine import Address, Engine, working_on
from sightline.cli.options import Json, Quiet, finish, given, options_of
from sightline.errors import InputError
from sightline.training.config import Recipe, TrainConfig

if TYPE_CHECKING:
    from sightline.evaluation import Evaluation
    from sightline.jobs import Run
    from sightline.jobs.trainings import Fit

__all__ = ["CONFIG", "RECIPE", "Arguments", "Data", "Out", "configured", "evaluate", "preview", "report", "train"]

Data = Annotated[str | None, typer.Argument(help="A dataset's name, or a folder, CSV, NPZ or IDX file", show_default=False)]
Out = Annotated[Path | None, typer.Option("--out", help="Folder of the runs (default runs)", show_default=False)]
Arguments = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A parameter of the model, such as filters=32,32,16")
]

DECIDED = {"data", "arguments", "recipe", "pipeline"}  # these have options of their own
CONFIG = [name for name in TrainConfig.model_fields if name not in DECIDED]
RECIPE = list(Recipe.model_fields)


@finish
@options_of(Recipe, RECIPE, panel="Recipe", preset=True)
@options_of(TrainConfig, CONFIG, panel="Training")
def train(
    data: Data = None,
    *,
    pipeline: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Steps of your own from a raw picture to the input; those with `when: train` augment"),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the run; without one it is the data's, numbered on")] = None,
    folder: Out = None,
    arguments: Arguments = None,
    resume: Annotated[Path | None, typer.Option(metavar="RUN", help="Go on with a run that was stopped")] = None,
    extend: Annotated[int, typer.Option(min=0, metavar="N", help="With --resume: N epochs more than planned")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Try everything on a few batches, estimate, write nothing")] = False,
    engine: Engine = "local",
    address: Address = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="With --engine ray: those that share a batch (default: one a machine)")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    **options: Any,
) -> None:
    """Train a network, evaluate it once, and write a report.

    [bold]sightline train fashion-mnist --epochs 25[/bold]
    """
    from sightline import jobs

    if processes and engine == "local":
        raise InputError("--processes goes with --engine ray")
    if dry_run and engine == "ray":
        raise InputError("--dry-run is of this machine", fix="Leave out --engine ray.")
    with working_on(engine, address) as running, listening(quiet=quiet) as listen:
        fit = None if running is None else _together(processes)
        if resume is not None:
            chosen = [key for key, value in options.items() if value is not None]
            if data or name or folder or arguments or chosen or dry_run or pipeline:
                raise InputError("--resume goes on as the run was told", expected="no other settings than --extend")
            _show_run(jobs.resume(resume, extend=extend, fit=fit, on_event=listen), json)
            return
        if extend:
            raise InputError("--extend needs the run to go on with", fix="Add --resume RUN.")
        config = configured(data, pipeline, arguments or [], options)
        if dry_run:
            _show_dry_run(jobs.dry_run(config, on_event=listen), config, json)
        else:
            run = jobs.train(config, out=folder or "runs", name=name, fit=fit, on_event=listen)
    if not dry_run:
        _show_run(run, json)


def _together(processes: int | None) -> Fit:
    from sightline.cluster import together

    return together(processes)


def configured(data: str | None, pipeline: Path | None, arguments: list[str], options: dict[str, Any]) -> TrainConfig:
    """The configuration that options of the shell ask for."""
    from sightline.params import parse_text
    from sightline.training.config import make_config

    if data is None:
        from sightline.data import DATASETS

        raise InputError("no data to train on", fix=f"Name a folder of pictures or one of: {', '.join(DATASETS.names())}.")
    parsed: dict[str, Any] = {}
    for item in arguments:
        key, separator, value = item.partition("=")
        if not separator:
            raise InputError("invalid --set", expected="KEY=VALUE", received=repr(item))
        parsed[key.strip()] = parse_text(value)
    settings = given(options, CONFIG)
    return make_config(data, recipe=given(options, RECIPE), pipeline=pipeline, arguments=parsed, **settings)


def _show_run(run: Run, json: bool) -> None:
    if json:
        print_json({"path": str(run.path), "report": str(run.report), **run.metrics["evaluation"]})
        return
    facts = run.metrics["run"]
    low, high = run.metrics["evaluation"]["accuracy_interval_95"]
    rows = table("", "")
    accuracy = run.metrics["evaluation"]["accuracy"]
    rows.add_row(f"{facts['split'].capitalize()} accuracy", f"{accuracy:.2%} (95 % interval {low:.2%} to {high:.2%})")
    found = run.metrics["evaluation"]
    rows.add_row(
        "Calibration error", f"{found['ece']:.1%} ({found['ece_before']:.1%} before its temperature of {found['temperature']:.2f})"
    )
    rows.add_row("Time", f"{facts['seconds']:.0f} s for {counted(facts['epochs'], 'epoch')}")
    rows.add_row("Model", str(run.path / "bundle"))
    rows.add_row("Report", str(run.report))
    out.print(rows)


def _show_dry_run(found: Any, config: TrainConfig, json: bool) -> None:
    from dataclasses import asdict

    if json:
        print_json(asdict(found))
        return
    height, width, channels = found.input_shape
    rows = table("", "")
    rows.add_row("Pictures", f"{found.pictures:,} to train on, {len(found.classes)} classes")
    rows.add_row("Input", f"{width} x {height}, {'colour' if channels == 3 else 'gray'}")
    rows.add_row("Network", f"{config.model}, {found.parameters:,} parameters")
    rows.add_row("Time", f"about {found.seconds_per_epoch:.1f} s an epoch, {found.seconds:.0f} s for {config.epochs}")
    rows.add_row("Memory", f"about {found.peak_bytes / 2**30:.1f} GiB")
    out.print(rows)
    say("Nothing was written.")


def evaluate(
    model: Annotated[Path, typer.Argument(metavar="RUN", help="A run, a bundle, or a model that comes with Sightline")],
    data: Annotated[str | None, typer.Option(help="Other data with the same classes; leaves a report of its own")] = None,
    views: Annotated[
        Literal["one", "mirror", "shift", "mirror-shift"], typer.Option(help="Average over more views of each picture")
    ] = "one",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure a model on its test set, or on other data.

    [bold]sightline evaluate runs/fashion-mnist[/bold]
    """
    from sightline import jobs

    with listening(quiet=quiet) as listen:
        evaluation, path = jobs.evaluate(model, data=data, views=views, on_event=listen)
    if json:
        print_json(evaluation.to_dict() | ({"report": str(path)} if path else {}))
    else:
        _show_evaluation(evaluation, path)


def _show_evaluation(evaluation: Evaluation, path: Path | None) -> None:
    low, high = evaluation.accuracy_interval
    say(f"{evaluation.split.capitalize()} accuracy {evaluation.accuracy:.2%} (95 % interval {low:.2%} to {high:.2%})")
    say(f"{len(evaluation):,} pictures, loss {evaluation.loss:.4f}, calibration error {evaluation.ece:.1%}")
    if evaluation.temperature != 1:
        say(f"Calibration error before the temperature of {evaluation.temperature:.2f}: {evaluation.uncalibrated.ece:.1%}")
    if evaluation.unknown:
        say(f"{evaluation.unknown:,} called unknown; accuracy on the others {evaluation.known_accuracy:.2%}")
    say("")
    rows = table("class", ">precision", ">recall", ">F1", ">pictures")
    for score in evaluation.per_class:
        rows.add_row(score.name, f"{score.precision:.3f}", f"{score.recall:.3f}", f"{score.f1:.3f}", f"{score.support:,}")
    out.print(rows)
    say(f"\n{evaluation.finding()}")
    if path:
        say(f"Report: {path}")


def preview(
    source: Annotated[str, typer.Argument(metavar="DATA|RUN", help="Data to train on, or a run")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The sheet to write: .png, .jpg ...")] = Path("preview.png"),
    pipeline: Annotated[Path | None, typer.Option(metavar="FILE", help="Steps of your own")] = None,
    size: Annotated[
        int | None, typer.Option("--size", "--image-size", help="Height and width of what the network reads, in pixels")
    ] = None,
    pictures: Annotated[int, typer.Option(min=1, max=20, help="How many pictures, each of another class")] = 2,
    draws: Annotated[int, typer.Option(min=1, max=20, help="How many epochs of each augmentation")] = 6,
    seed: Annotated[int, typer.Option(min=0, help="Other draws")] = 0,
    quiet: Quiet = False,
) -> None:
    """Show what a model sees: every step, and augmentation drawn.

    [bold]sightline preview mnist -o sheet.png[/bold]
    """
    from sightline import jobs

    with listening(quiet=quiet) as listen:
        path = jobs.preview(
            source, output, pipeline=pipeline, size=size, pictures=pictures, draws=draws, seed=seed, on_event=listen
        )
    say(str(path))


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder")],
    quiet: Quiet = False,
) -> None:
    """Make a run's plots and report again.

    [bold]sightline report runs/fashion-mnist[/bold]
    """
    from sightline import jobs

    with listening(quiet=quiet) as listen:
        path = jobs.report(run, on_event=listen)
    say(str(path))
