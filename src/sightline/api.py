"""The Python face: jobs with plain arguments in place of configurations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sightline.errors import ParameterError
from sightline.events import Listener, ignore
from sightline.jobs import Run
from sightline.jobs import train as train_job
from sightline.jobs.models import place_of
from sightline.registry import nearest
from sightline.training.config import Recipe, TrainConfig, make_config

if TYPE_CHECKING:
    from sightline.jobs.trainings import Fit

__all__ = ["train"]


def train(
    data: str | Path,
    *,
    out: str | Path = "runs",
    name: str | None = None,
    fit: Fit | None = None,
    on_event: Listener = ignore,
    **settings: Any,
) -> Run:
    """Train, evaluate and report; give back the run.

    `data`: a dataset's name, or a folder, CSV, NPZ or IDX file. `settings`: the fields of `TrainConfig` (model, preset,
    epochs, seed, ...) and of `Recipe` (batch_size, learning_rate, ...), as `sightline train --help` lists them. `fit`: what finds
    the weights, by default this process; `sightline.cluster.together` gives another.
    ParameterError for a setting that does not fit; other errors as their names say.

        run = sl.train("fashion-mnist", epochs=25)
        print(run.metrics["evaluation"]["accuracy"])
    """
    plain = [key for key in TrainConfig.model_fields if key not in {"data", "recipe"}]
    for key in settings:
        if key not in plain and key not in Recipe.model_fields:
            raise ParameterError(f"train has no setting {key!r}", fix=nearest(key, [*plain, *Recipe.model_fields]))
    recipe = {key: value for key, value in settings.items() if key in Recipe.model_fields}
    rest = {key: value for key, value in settings.items() if key in plain}
    for other in ("weights", "teacher"):
        if rest.get(other) is not None:
            rest[other] = place_of(rest[other])
    return train_job(make_config(str(data), recipe=recipe, **rest), out=out, name=name, fit=fit, on_event=on_event)
