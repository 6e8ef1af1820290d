"""The Python face: jobs with plain arguments in place of configurations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sightline.errors import ParameterError
from sightline.events import Listener
from sightline.jobs import Run, Tuned
from sightline.jobs import train as train_job
from sightline.jobs import tune as tune_job
from sightline.jobs.models import place_of
from sightline.notebook import default_listener
from sightline.registry import nearest
from sightline.training.config import Recipe, TrainConfig, make_config

if TYPE_CHECKING:
    from sightline.jobs.trainings import Fit
    from sightline.jobs.tunings import Search

__all__ = ["train", "tune"]


def train(
    data: str | Path,
    *,
    out: str | Path = "runs",
    name: str | None = None,
    fit: Fit | None = None,
    on_event: Listener = default_listener,
    **settings: Any,
) -> Run:
    """Train, evaluate and report; give back the run.

    `data`: a dataset's name, or a folder, CSV, NPZ or IDX file. `settings`: the fields of `TrainConfig` (model, preset,
    epochs, seed, ...) and of `Recipe` (batch_size, learning_rate, ...), as `sightline train --help` lists them. `fit`: what finds
    the weights, by default this process; `sightline.cluster.together` gives another. `on_event` is called with what there is to say
    (`sightline.events`); without it a notebook shows that under the cell, and a script is silent.
    ParameterError for a setting that does not fit, UnknownNameError or DatasetError for the data, RunError for a `name` that is
    taken, TrainingError where the loss is no number any more; other errors as their names say. Interrupted after SIGINT or SIGTERM,
    with the state saved: `resume` goes on.

    >>> import sightline as sl
    >>> run = sl.train("digits", epochs=1, preset="plain")
    >>> run.path.name, run.report.exists()
    ('digits', True)
    >>> evaluation = run.metrics["evaluation"]
    >>> evaluation["pictures"], 0 <= evaluation["accuracy"] <= 1
    (359, True)
    """
    return train_job(_config(data, settings), out=out, name=name, fit=fit, on_event=on_event)


def tune(
    data: str | Path,
    *,
    trials: int = 30,
    time: str | None = None,
    by: Literal["accuracy", "loss"] = "accuracy",
    stop_early: bool = True,
    space: Mapping[str, Any] | str | Path | None = None,
    out: str | Path = "runs",
    name: str | None = None,
    search: Search | None = None,
    on_event: Listener = default_listener,
    **settings: Any,
) -> Tuned:
    """Try values of a training's parameters, judged by held-out pictures; the best trial is a run, evaluated on the test set.

    `settings` as for `train`: what is given is not tuned. `space`: what is, as `sightline tune --show-space` prints it: a file, or
    its entries by name; without one, what the types of the parameters say. `time`: a limit such as `"1h30m"`. `by`, `stop_early`:
    as `sightline tune --help` says. `search`: what runs the trials, by default one after the other on this machine;
    `sightline.cluster.side_by_side` gives another. Needs the extra `tune`. ParameterError, InputError for what does not fit;
    JobError where no trial comes to its end in time; Interrupted after SIGINT or SIGTERM: `resume_tuning` goes on.

    >>> import sightline as sl
    >>> tuned = sl.tune("digits", trials=1, epochs=1, preset="plain", space={"dense": {"one_of": [16, 32]}})
    >>> [(trial.name, trial.values, trial.state) for trial in tuned.trials]
    [('trial-001', {'dense': 32}, 'done')]
    >>> tuned.run.path.name, tuned.report.name
    ('trial-001', 'report.html')
    """
    from sightline.training.space import read_space, space_from, usual_space
    from sightline.training.tuning_config import make_study

    training, fixed = _config(data, settings), {*settings, *(settings.get("arguments") or {})}
    if space is None:
        found = usual_space(training, fixed)
    elif isinstance(space, Mapping):
        found = space_from({"format": 1, "space": space}, training, fixed)
    else:
        found = read_space(space, training, fixed)
    told = {"trials": trials, "time": time, "by": by, "stop_early": stop_early, "left_out": found.left_out}
    config = make_study(training=training, space=found.spelled(), **told)
    return tune_job(config, out=out, name=name, search=search, on_event=on_event)


def _config(data: str | Path, settings: dict[str, Any]) -> TrainConfig:
    """The configuration that plain arguments ask for; ParameterError for one that there is not."""
    plain = [key for key in TrainConfig.model_fields if key not in {"data", "recipe"}]
    for key in settings:
        if key not in plain and key not in Recipe.model_fields:
            raise ParameterError(f"train has no setting {key!r}", fix=nearest(key, [*plain, *Recipe.model_fields]))
    recipe = {key: value for key, value in settings.items() if key in Recipe.model_fields}
    rest = {key: value for key, value in settings.items() if key in plain}
    for other in ("weights", "teacher"):
        if rest.get(other) is not None:
            rest[other] = place_of(rest[other])
    return make_config(str(data), recipe=recipe, **rest)
