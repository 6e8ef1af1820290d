"""`tune`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import yaml

from sightline.cli.console import columns_that_fit, counted, listening, out, print_json, say, table
from sightline.cli.engine import Address, Engine, working_on
from sightline.cli.options import Json, Quiet, finish, given, options_of
from sightline.cli.train import CONFIG, RECIPE, Arguments, Data, Out, configured
from sightline.errors import InputError
from sightline.training.config import Recipe, TrainConfig
from sightline.training.tuning_config import StudyConfig

if TYPE_CHECKING:
    from sightline.jobs.tunings import Search, Tuned

__all__ = ["tune"]

STUDY = ["trials", "time", "by", "stop_early"]
LISTED = 10


@finish
@options_of(Recipe, RECIPE, panel="Recipe, of what is not tuned", preset=True)
@options_of(TrainConfig, CONFIG, panel="Training, of what is not tuned")
@options_of(StudyConfig, STUDY, panel="Tuning")
def tune(
    data: Data = None,
    *,
    space: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What to tune, and where; --show-space prints one", rich_help_panel="Tuning")
    ] = None,
    show_space: Annotated[
        bool, typer.Option("--show-space", help="Print what would be tuned, as a file to change", rich_help_panel="Tuning")
    ] = False,
    resume: Annotated[
        Path | None, typer.Option(metavar="STUDY", help="Go on with a tuning; with --trials to so many", rich_help_panel="Tuning")
    ] = None,
    pipeline: Annotated[Path | None, typer.Option(metavar="FILE", help="Steps of your own from a raw picture to the input")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the tuning; without one it is tune- and the data's")] = None,
    folder: Out = None,
    arguments: Arguments = None,
    engine: Engine = "local",
    address: Address = None,
    json: Json = False,
    quiet: Quiet = False,
    **options: Any,
) -> None:
    """Try values of a training's parameters; the best trial is a run.

    [bold]sightline tune fashion-mnist --trials 30 --time 1h[/bold]
    """
    from sightline import jobs

    if resume is not None:
        chosen = [key for key, value in options.items() if value is not None and key not in {"trials", "time"}]
        if data or space or show_space or pipeline or name or folder or arguments or chosen:
            raise InputError("--resume goes on as the tuning was told", expected="no other settings than --trials and --time")
        with working_on(engine, address) as running, listening(quiet=quiet) as listen:
            search = None if running is None else _side_by_side()
            limits = {"trials": options["trials"], "lapse": options["time"]}
            tuned = jobs.resume_tuning(resume, **limits, search=search, on_event=listen)
        _show(tuned, json)
        return
    config = _config(configured(data, pipeline, arguments or [], options), space, arguments or [], options)
    if show_space:
        say(yaml.safe_dump({"format": 1, "space": config.space["space"]}, sort_keys=False, default_flow_style=None).rstrip())
        return
    with working_on(engine, address) as running, listening(quiet=quiet) as listen:
        search = None if running is None else _side_by_side()
        tuned = jobs.tune(config, out=folder or "runs", name=name, search=search, on_event=listen)
    _show(tuned, json)


def _side_by_side() -> Search:
    from sightline.cluster import side_by_side

    return side_by_side()


def _config(training: TrainConfig, space: Path | None, arguments: list[str], options: dict[str, Any]) -> StudyConfig:
    from sightline.training.space import read_space, usual_space
    from sightline.training.tuning_config import make_study

    fixed = {*given(options, RECIPE), *given(options, CONFIG), *(item.partition("=")[0].strip() for item in arguments)}
    found = usual_space(training, fixed) if space is None else read_space(space, training, fixed)
    return make_study(training=training, space=found.spelled(), left_out=found.left_out, **given(options, STUDY))


def _show(tuned: Tuned, json: bool) -> None:
    from sightline.evaluation.tuning import spelled

    found = tuned.found
    if json:
        print_json({"path": str(tuned.path), "best": str(tuned.run.path), "report": str(tuned.report), **found.to_dict()})
        return
    shown = found.ranked[:LISTED]
    values = {axis.name.replace("_", " "): [spelled(one.values[axis.name]) for one in shown] for axis in found.axes}
    heads = columns_that_fit(values, out.width - 26)
    rows = table(">trial", f">held-out {found.by}", ">epochs", *(f">{head}" for head in heads))
    for number, one in enumerate(shown):
        score = "" if one.score is None else found.shown(one.score)
        rows.add_row(f"{one.number}", score, f"{one.epochs}", *(values[head][number] for head in heads))
    out.print(rows)
    if len(heads) < len(values):
        say(f"There is no room here for {', '.join(list(values)[len(heads) :])}: the report has all.")
    if len(found.ranked) > LISTED:
        say(f"The {LISTED} that came farthest, of {counted(len(found.trials), 'trial')}.")
    say(f"\n{found.finding()}.")
    if found.best is not None and found.test is not None:
        accuracy, (low, high) = found.test
        say(f"Test accuracy of trial {found.best.number}: {accuracy:.2%} (95 % interval {low:.2%} to {high:.2%})")
    say(f"Model: {tuned.run.path / 'bundle'}")
    say(f"Report: {tuned.report}")
