"""Evaluating a finished model again, on its own data or on other data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from sightline.bundle import Predictor, load_bundle, locate
from sightline.data import DATASETS, Dataset, Split
from sightline.errors import DatasetError, InputError
from sightline.evaluation import Cost, DataFacts, Evaluation, RunRecord, save_plots, shown_indices, write_report
from sightline.evaluation.views import Views
from sightline.events import Listener, Note
from sightline.training.config import TrainConfig
from sightline.training.folder import RunFolder, fitted
from sightline.training.results import evaluate_split, final_split, measure_latency, mistake_maps, shown, traces
from sightline.training.session import load_data

__all__ = ["Trial", "evaluate_run", "open_trial"]


@dataclass(frozen=True)
class Trial:
    """A finished model and the labelled pictures it is tried on, their labels as the model counts them.

    `path` is a run or a bundle, `bundle` the model's folder. `config` is None for a bundle. `own` says that the pictures
    are of the run's own data, split as they were in training.
    """

    path: Path
    bundle: Path
    predictor: Predictor
    config: TrainConfig | None
    dataset: Dataset
    name: str
    split: Split
    own: bool


def open_trial(path: Path, bundle: Path, data: str | None, on_event: Listener, *, split: str | None = None) -> Trial:
    """Load `bundle`, of the run at `path` if it is one, and pictures to try it on.

    Without `data` they are those it was trained on, of a run or, of a bundle, the data of that name: their final split, or the one
    called `split` (train, validation, test). InputError for a bundle of data without a name; DatasetError if the pictures are no
    longer the same, or have a class that the model does not know.
    """
    predictor = load_bundle(bundle)
    note = predictor.manifest.dataset
    folder = RunFolder(path)
    config = TrainConfig.load(folder.config) if folder.is_run else None
    source = data or (config.data if config else note.name)
    if data is None and config is None and note.name not in DATASETS:
        raise InputError(f"{str(path)!r} is a bundle, which does not know its data", fix="Name some with --data.")
    # a run's own data, named again, must be parted as in its training: else it is tried on what it was trained on
    seed, validation = (config.seed, config.validation) if config else (0, 0.1)
    dataset = load_data(source, on_event, seed=seed, validation=validation)
    same = dataset.fingerprint == note.fingerprint
    if data is None and not same:
        raise DatasetError(
            f"the data of {str(path)!r} has changed: its test pictures may be ones it was trained on"
            if config
            else f"{str(path)!r} was trained on other pictures than those of {note.name}",
            expected=f"fingerprint {note.fingerprint[:12]}",
            received=dataset.fingerprint[:12],
            fix="Restore the pictures, or name others with --data." if config else "Name some with --data.",
        )
    own = data is None and config is not None
    if split is not None:
        name, pictures = _named_split(dataset, split)
    else:
        name, pictures = final_split(dataset) if own else _foreign_split(dataset)
    if same and not own and name not in ("test", "validation"):
        on_event(Note("These are the pictures that the model was trained on.", warning=True))
    return Trial(path, bundle, predictor, config, dataset, name, _relabelled(pictures, dataset, predictor), own)


def evaluate_run(trial: Trial, on_event: Listener, views: Views = "one") -> tuple[Evaluation, Path | None]:
    """Evaluate a model on the pictures of a trial; see `jobs.evaluate`."""
    predictor, dataset = trial.predictor, trial.dataset
    evaluation, pictures, kept = evaluate_split(predictor, trial.split, trial.name, on_event, views)
    if trial.own:
        return evaluation, None
    target = _free_target(trial.path if trial.config else None, predictor.manifest.name, dataset, views)
    record = RunRecord(
        title=f"{predictor.manifest.name} on {dataset.name}" + (f", views: {views}" if views != "one" else ""),
        dataset=DataFacts.of(dataset, f"evaluated on: {trial.name}"),
        model=predictor.manifest.architecture.name,
        preset="",
        epochs=0,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=0.0,
        evaluation=evaluation,
        pictures={index: shown(pictures[index]) for index in shown_indices(evaluation)},
        cost=_cost(trial.bundle, predictor),
        traces=traces(predictor, trial.split, kept),
        fingerprints={"dataset": dataset.fingerprint, "pipeline": predictor.pipeline.hash},
        maps=mistake_maps(predictor, evaluation, pictures),
    )
    on_event(Note("Drawing plots and report"))
    save_plots(record, target / "plots")
    return evaluation, write_report(record, target)


def _free_target(run: Path | None, model: str, dataset: Dataset, views: Views) -> Path:
    """The folder for a report on `dataset`: with part of its fingerprint where other data of the same name have one."""
    home = run / "evaluations" if run else Path("evaluations") / fitted(model)
    mark = "" if views == "one" else f"-{views}"
    target = home / fitted(dataset.name, mark)
    there = target / "report.html"
    if there.is_file() and dataset.fingerprint not in there.read_text(encoding="utf-8"):
        return home / fitted(dataset.name, f"{mark}-{dataset.fingerprint[:8]}")
    return target


def _named_split(dataset: Dataset, name: str) -> tuple[str, Split]:
    try:
        return name, dataset.splits()[name]
    except KeyError:
        raise DatasetError(f"{dataset.name} has no split {name!r}", expected=" or ".join(dataset.splits())) from None


def _foreign_split(dataset: Dataset) -> tuple[str, Split]:
    """Of other data: its own test split, or everything there is if it names none."""
    if dataset.test is not None and "test" in dataset.facts["own_splits"]:
        return "test", dataset.test
    return "all pictures", Split.join(list(dataset.splits().values()))


def _relabelled(split: Split, dataset: Dataset, predictor: Predictor) -> Split:
    """The split with labels as the model counts them; DatasetError for a class it does not know."""
    unknown = [label for label in dataset.classes if label not in predictor.labels]
    if unknown:
        raise DatasetError(
            f"{dataset.name} has classes that the model does not know",
            expected=f"some of {', '.join(predictor.labels)}",
            received=", ".join(unknown),
        )
    places = np.array([predictor.labels.index(label) for label in dataset.classes], np.int64)
    return replace(split, labels=places[split.labels])


def _cost(bundle: Path, predictor: Predictor) -> Cost:
    metrics = predictor.manifest.metrics
    size = sum(file.stat().st_size for file in ([bundle] if bundle.is_file() else locate(bundle).iterdir()))
    latency, text = measure_latency(predictor)
    return Cost(_count(metrics, "parameters"), _count(metrics, "flops"), size, latency, text)


def _count(metrics: Mapping[str, object], name: str) -> int:
    value = metrics.get(name)
    return value if isinstance(value, int) else 0
