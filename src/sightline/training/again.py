"""Evaluating a finished model again, on its own data or on other data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from sightline.bundle import Predictor, load_bundle
from sightline.data import Dataset, Split
from sightline.errors import DatasetError, InputError
from sightline.evaluation import Cost, DataFacts, Evaluation, RunRecord, save_plots, shown_indices, write_report
from sightline.events import Listener, Note
from sightline.training.config import TrainConfig
from sightline.training.folder import RunFolder
from sightline.training.results import evaluate_split, final_split, measure_latency, shown, traces
from sightline.training.session import load_data

__all__ = ["evaluate_run"]


def evaluate_run(path: Path, bundle: Path, data: str | None, on_event: Listener) -> tuple[Evaluation, Path | None]:
    """Evaluate `bundle`, of the run at `path` if it is one; see `jobs.evaluate`."""
    folder = RunFolder(path)
    predictor = load_bundle(bundle)
    if data is None:
        if not folder.config.is_file():
            raise InputError(f"{str(path)!r} is a bundle, which does not know its data", fix="Name some with --data.")
        config = TrainConfig.load(folder.config)
        dataset = load_data(config.data, on_event, seed=config.seed, validation=config.validation)
        trained_on = predictor.manifest.dataset.fingerprint
        if dataset.fingerprint != trained_on:
            raise DatasetError(
                f"the data of {str(path)!r} has changed: its test pictures may be ones it was trained on",
                expected=f"fingerprint {trained_on[:12]}",
                received=dataset.fingerprint[:12],
                fix="Restore the pictures, or name others with --data.",
            )
        name, split = final_split(dataset)
        return evaluate_split(predictor, _relabelled(split, dataset, predictor), name, on_event)[0], None
    dataset = load_data(data, on_event)
    name, split = _foreign_split(dataset)
    if dataset.fingerprint == predictor.manifest.dataset.fingerprint and name != "test":
        on_event(Note("These are the pictures that the model was trained on.", warning=True))
    evaluation, pictures, kept = evaluate_split(predictor, _relabelled(split, dataset, predictor), name, on_event)
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", dataset.name).strip("-.") or "data"
    target = path / "evaluations" / stem if folder.config.is_file() else Path("evaluations") / predictor.manifest.name / stem
    record = RunRecord(
        title=f"{predictor.manifest.name} on {dataset.name}",
        dataset=DataFacts.of(dataset, f"evaluated on: {name}"),
        model=predictor.manifest.architecture.name,
        preset="",
        epochs=0,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=0.0,
        evaluation=evaluation,
        pictures={index: shown(pictures[index]) for index in shown_indices(evaluation)},
        cost=_cost(bundle, predictor),
        traces=traces(predictor, split, kept),
        fingerprints={"dataset": dataset.fingerprint, "pipeline": predictor.pipeline.hash},
    )
    on_event(Note("Drawing plots and report"))
    save_plots(record, target / "plots")
    return evaluation, write_report(record, target)


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
    size = sum(file.stat().st_size for file in bundle.iterdir())
    latency, text = measure_latency(predictor)
    return Cost(_count(metrics, "parameters"), _count(metrics, "flops"), size, latency, text)


def _count(metrics: Mapping[str, object], name: str) -> int:
    value = metrics.get(name)
    return value if isinstance(value, int) else 0
