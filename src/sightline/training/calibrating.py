"""Fitting a finished network's temperature and its threshold for "none of these" on validation pictures."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import (
    Calibration,
    Classifier,
    Description,
    Predictor,
    calibrate,
    load_bundle,
    read_parts,
    set_calibration,
    write_bundle,
)
from sightline.data import Dataset
from sightline.evaluation import Evaluation
from sightline.evaluation.calibration import fit_temperature, fit_threshold
from sightline.evaluation.views import Views, views_of
from sightline.events import Listener, Note
from sightline.models import Gaussians, fit_gaussians, measure_features
from sightline.pipeline import Pipeline
from sightline.training.feed import Inputs8
from sightline.training.inputs import prepare
from sightline.training.rebuilt import rebuild

if TYPE_CHECKING:
    import keras

    from sightline.training.again import Trial

__all__ = ["Calibrated", "evaluated", "fit_calibration", "fit_distance", "recalibrate"]


def fit_distance(model: keras.Model, pictures: Inputs8, labels: NDArray[np.int64], *, seed: int = 0) -> Gaussians:
    """What the layers of `model` see in the training pictures uint8 `(N, H, W, C)`, as a normal distribution of each class."""
    features, chosen = measure_features(model, pictures, seed=seed)
    return fit_gaussians(features, labels[chosen])


def fit_calibration(network: Classifier, pictures: Inputs8, labels: NDArray[np.int64], rejection: float) -> Calibration:
    """Temperature and threshold from validation pictures uint8 `(N, H, W, C)`, through the very network that is shipped.

    At most a share `rejection` of the pictures lies beyond the threshold: on the distance where the network has one, else on
    the calibrated confidence.
    """
    measured = network.measure(pictures)
    temperature = fit_temperature(measured.probabilities, labels)
    if measured.distances is not None:
        return Calibration(temperature, "distance", fit_threshold(measured.distances, rejection), rejection)
    confidence = calibrate(measured.probabilities, temperature).max(axis=1)
    return Calibration(temperature, "confidence", -fit_threshold(-confidence, rejection), rejection)


def evaluated(
    predictor: Predictor,
    pictures: Inputs8,
    labels: NDArray[np.int64],
    names: tuple[str, ...],
    split: str,
    views: Views = "one",
) -> Evaluation:
    """What the bundle makes of prepared pictures uint8 `(N, H, W, C)`: probabilities, and which of them it knows.

    Of several `views` the probabilities are the mean, and the split's name says so; known is what is known as it stands.
    """
    first, *others = views_of(pictures, views)
    measured = predictor.measure(first)
    found = sum(map(predictor.probabilities, others), start=measured.probabilities) / np.float32(1 + len(others))
    if others:
        split = f"{split} (mean of {1 + len(others)} views)"
    return Evaluation(predictor.labels, labels, found, names, split, predictor.known(measured), predictor.manifest.temperature)


@dataclass(frozen=True)
class Calibrated:
    """What a calibration found, and on how many validation pictures; `unknown` of them are turned away."""

    path: Path
    temperature: float
    score: str
    threshold: float
    rejection: float
    pictures: int
    unknown: int
    ece_before: float
    ece: float
    """Expected calibration errors on the same pictures: without a temperature, and with this one."""


def recalibrate(trial: Trial, rejection: float, on_event: Listener) -> Calibrated:
    """Fit the calibration of a model anew on the trial's pictures and store it in its bundle, whole or not at all.

    A bundle that cannot tell distances learns to where the trial's data are those it was trained on.
    """
    predictor, split = trial.predictor, trial.split
    pictures, kept = prepare(split, predictor.pipeline, predictor.input_shape, on_event, what=trial.name)
    labels = split.labels[kept]
    with tempfile.TemporaryDirectory() as place:
        source = trial.bundle
        manifest = predictor.manifest
        if not predictor.network.has_distance and trial.dataset.fingerprint == manifest.dataset.fingerprint:
            source = _with_distance(trial.bundle, manifest, trial.dataset, Path(place) / "bundle", on_event)
        calibration = fit_calibration(load_bundle(source).network, pictures, labels, rejection)
        result = set_calibration(trial.bundle, calibration, source=source)
    names = tuple(split.names[index] for index in kept)
    found = evaluated(result, pictures, labels, names, trial.name)
    return Calibrated(
        path=trial.bundle,
        temperature=calibration.temperature,
        score=calibration.unknown_score,
        threshold=float(calibration.unknown_threshold or 0),
        rejection=rejection,
        pictures=len(found),
        unknown=found.unknown,
        ece_before=found.uncalibrated.ece,
        ece=found.ece,
    )


def _with_distance(bundle: Path, manifest: Description, dataset: Dataset, target: Path, on_event: Listener) -> Path:
    """Export the bundle's network again, with the distances from `dataset`'s training pictures, to `target`."""
    model, pipeline = rebuild(bundle), Pipeline.from_dict(manifest.pipeline)
    pictures, kept = prepare(dataset.train, pipeline, manifest.input_shape, on_event, what="training")
    on_event(Note("Learning what the training pictures look like"))
    return write_bundle(
        target,
        model=model,
        architecture=manifest.architecture.name,
        arguments=manifest.architecture.arguments,
        pipeline=pipeline,
        labels=manifest.labels,
        input_shape=manifest.input_shape,
        sample=read_parts(bundle).picture,
        metrics=manifest.metrics,
        dataset=manifest.dataset.model_dump(),
        name=manifest.name,
        gaussians=fit_distance(model, pictures, dataset.train.labels[kept]),
    )
