"""Calibrating a finished model again."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from sightline.errors import InputError
from sightline.events import Listener
from sightline.jobs.models import Model, model_folder, place_of, pretrained, trial_of
from sightline.notebook import default_listener

if TYPE_CHECKING:
    from sightline.training.calibrating import Calibrated

__all__ = ["calibrate"]


def calibrate(
    model: Model, *, data: str | None = None, rejection: float | None = None, on_event: Listener = default_listener
) -> Calibrated:
    """Fit temperature and threshold of a run or bundle anew on its validation split, or that of `data`, and store them in it.

    A share `rejection` of these pictures will be called unknown; not given, as the run was told, else one in fifty. A bundle
    knows the name of its data only, and takes their validation split to be that of a training with the default seed.
    InputError where it cannot know, and for what must stay as it is: an exported file, and the models that come with Sightline.
    UnknownNameError for a model, ParameterError unless 0 <= `rejection` < 1, DatasetError for data that do not fit.

    >>> from shutil import copytree
    >>> import sightline as sl
    >>> from sightline.jobs import pretrained
    >>> found = sl.calibrate(copytree(pretrained()["mnist"], "my-model"), data="digits", rejection=0.1)
    >>> found.pictures, found.unknown, found.score
    (144, 14, 'distance')
    """
    from sightline.training.calibrating import recalibrate
    from sightline.training.config import TrainConfig
    from sightline.training.folder import RunFolder

    model = place_of(model)
    bundle = model_folder(model)
    if bundle.is_file():
        raise InputError(f"{str(model)!r} stays as it is: an export", fix="Calibrate its run or bundle and export it anew.")
    if bundle in pretrained().values():
        raise InputError(
            f"{str(model)!r} comes with Sightline and stays as it is",
            fix=f"Calibrate a copy: cp -r {bundle} my-model",
        )
    folder = RunFolder(Path(model))
    with folder.held() if folder.is_run else nullcontext():
        trial = trial_of(model, data, on_event, split="validation")
        usual = trial.config.unknown_rejection if trial.config else TrainConfig.model_fields["unknown_rejection"].default
        return recalibrate(trial, usual if rejection is None else rejection, on_event)
