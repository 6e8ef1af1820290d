"""Looking at data and at finished models: evaluate, report, preview."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sightline.errors import DatasetError, ImageError, InputError, ParameterError
from sightline.events import Listener
from sightline.jobs.checks import check_spared
from sightline.jobs.models import Model, place_of, trial_of
from sightline.notebook import default_listener

if TYPE_CHECKING:
    from sightline.data import Split
    from sightline.evaluation import Evaluation
    from sightline.evaluation.views import Views

__all__ = ["data_preview", "evaluate", "preview", "report"]


def evaluate(
    path: Model, *, data: str | None = None, views: Views = "one", on_event: Listener = default_listener
) -> tuple[Evaluation, Path | None]:
    """Evaluate a model on the test split of what it was trained on, or on other `data` with the same classes.

    Other data leave a report, whose path is given back: in the run's `evaluations/<data>/`, of a bundle or a model that comes with
    Sightline in `evaluations/<model>/<data>/` of the working folder. A second set of data of that name goes to `<data>-<8 digits of
    its fingerprint>/`; the same data evaluated again replace their report. `views` other than one stand behind the data's name.

    `views`: what the model is asked beside the picture itself, and its answers averaged over: mirror (the picture mirrored), shift
    (moved by a pixel each way of the diagonal) or mirror-shift (six in all). The evaluation's `split` names their number.
    ParameterError for others. UnknownNameError for a model or data that there are not, RunError for a run without a model,
    DatasetError for data that have changed, or have classes that the model does not know.

    >>> import sightline as sl
    >>> evaluation, report = sl.evaluate("mnist", data="digits")
    >>> evaluation.split, len(evaluation), evaluation.accuracy > 0.9
    ('test', 359, True)
    >>> report.as_posix()
    'evaluations/mnist/digits/report.html'
    """
    from sightline.evaluation.views import VIEWS
    from sightline.training.again import evaluate_run

    if views not in VIEWS:
        raise ParameterError("invalid views", expected=", ".join(VIEWS), received=repr(views))
    return evaluate_run(trial_of(path, data, on_event), on_event, views)


def data_preview(data: str, output: Path, *, each: int = 8, seed: int = 0, on_event: Listener = default_listener) -> Path:
    """Draw `each` pictures of every class, drawn by `seed`, on a sheet in PNG or SVG; give back its path."""
    from sightline.evaluation.plots import save_sheet
    from sightline.training.session import load_data

    dataset = load_data(data, on_event)
    check_spared(dataset, output)
    return save_sheet(dataset, output, each=each, seed=seed)


def preview(
    source: Model,
    output: str | Path,
    *,
    pipeline: str | Path | None = None,
    size: int | None = None,
    pictures: int = 2,
    draws: int = 6,
    seed: int = 0,
    on_event: Listener = default_listener,
) -> Path:
    """Show what a model sees: every step and several draws of each augmentation, on a sheet; give back its path.

    `source`: a run, which has its pipeline, or data, read through `pipeline` or its default one for pictures of `size`, as in
    training. `pictures` are of different classes as far as there are any.
    """
    from sightline.image import write
    from sightline.training.config import TrainConfig, make_config
    from sightline.training.folder import RunFolder
    from sightline.training.inputs import make_pipeline
    from sightline.training.preview import preview_sheet
    from sightline.training.session import load_data

    source = place_of(source)
    run = RunFolder(Path(source))
    if run.is_run and not (pipeline is None and size is None):
        raise InputError("a run has its own pipeline", fix="Name its data instead, or leave out --pipeline and --size.")
    config = TrainConfig.load(run.config) if run.is_run else make_config(str(source), pipeline=pipeline, size=size)
    dataset = load_data(config.data, on_event, seed=config.seed, validation=config.validation)
    check_spared(dataset, output)
    steps, shape = make_pipeline(config, dataset)
    firsts = list(islice(_firsts(dataset.train), pictures))
    if not firsts:
        raise DatasetError(f"no picture of {dataset.name} can be read", fix="Look at them with `sightline data check`.")
    seen = f"{shape[1]} x {shape[0]} px, {'gray' if shape[2] == 1 else 'colour'}"
    title = f"What a model trained on {dataset.name} sees: {seen}"
    sheet = preview_sheet(title, dataset.train, firsts, dataset.classes, steps, draws=draws, seed=seed or config.seed)
    write(output, sheet)
    return Path(output)


def _firsts(split: Split) -> Iterator[int]:
    """The first picture of each class that can be read."""
    for label in np.unique(split.labels):
        for index in np.flatnonzero(split.labels == label):
            with suppress(ImageError):
                split.read(int(index))
                yield int(index)
                break


def report(path: Model, *, on_event: Listener = default_listener) -> Path:
    """Make a run's plots and report again from what it has stored.

    Gives back the report's path. RunError for what is no run, or one that was not evaluated, is damaged or in use.

    >>> import sightline as sl
    >>> run = sl.train("digits", epochs=1, preset="plain")
    >>> sl.report(run) == run.report
    True
    """
    from sightline.training.folder import open_run
    from sightline.training.results import load_record, report

    folder = open_run(place_of(path))
    with folder.held():
        return report(folder, load_record(folder), on_event)
