"""A model brought into the forms in which others run it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sightline.errors import InputError, ParameterError
from sightline.events import Listener
from sightline.jobs.models import Model, model_folder, trial_of
from sightline.notebook import default_listener

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sightline.bundle import Precision
    from sightline.formats.writing import Export
    from sightline.training.again import Trial

__all__ = ["export"]


def export(
    model: Model,
    output: str | Path | None = None,
    *,
    format: str | None = None,  # noqa: A002 - the word users know
    int8: bool = False,
    data: str | None = None,
    replay: int = 200,
    calibration: int = 500,
    agreement: float | None = None,
    tolerance: float | None = None,
    overwrite: bool = False,
    on_event: Listener = default_listener,
) -> Export:
    """Write a run's, a bundle's or a shipped model in a `format` of `sightline.formats.FORMATS`, proven on raw picture files.

    Without `format` the suffix of `output` decides, else it is ONNX; without `output` the file is named after the model, in the
    working folder. `replay` files, spread over the classes of the run's test pictures (validation where there are none) or of
    `data`, go through the model and through what was written, loaded as its user would. JobError if fewer than `agreement` of
    them get the same label or probabilities differ by more than `tolerance`: in the largest difference for float32 (1e-4), in
    the mean for int8 (0.02; agreement 0.99). Nothing is left at `output` then. `int8` is calibrated on `calibration`
    validation pictures. A bundle of a dataset known by name needs no `data`. InputError for what does not fit, such as a file
    that is there already without `overwrite`; UnknownNameError for a model or format, ParameterError for a number.

    >>> import sightline as sl
    >>> made = sl.export("mnist", "digits.onnx", data="digits", replay=50)
    >>> made.path.name, made.format, made.precision, made.replay.agreement
    ('digits.onnx', 'onnx', 'float32', 1.0)
    >>> sl.load("digits.onnx").labels == sl.load("mnist").labels
    True
    """
    from sightline.bundle import load_manifest
    from sightline.formats.replay import Limits, spread_over_classes
    from sightline.formats.source import Source
    from sightline.formats.writing import find_format, settle_target, write_export

    for name, count in (("replay", replay), ("calibration", calibration)):
        if count < 1:
            raise ParameterError(f"invalid {name}", expected="at least 1 picture", received=repr(count))
    place = Path(output) if output is not None else None
    form = find_format(format, place)
    form.check(int8=int8)
    precision: Precision = "int8" if int8 else "float32"
    limits = Limits.of(precision, agreement, tolerance)
    bundle = model_folder(model)
    if bundle.is_file():
        raise InputError(f"{str(model)!r} is an export itself", expected="the run or bundle that it came from, or a model's name")
    manifest = load_manifest(bundle)
    target = settle_target(place, form, manifest.name, precision, overwrite=overwrite)
    trial = trial_of(model, data, on_event)
    pictures = trial.split.take(spread_over_classes(trial.split.labels, replay))
    source = Source(bundle, _calibration_pictures(trial, calibration, on_event) if int8 else None)
    return write_export(source, form, target, trial.predictor, pictures, trial.name, limits, on_event)


def _calibration_pictures(trial: Trial, count: int, on_event: Listener) -> NDArray[np.uint8]:
    """Prepared validation pictures, or training ones where the data has no others: uint8 `(M, H, W, C)`."""
    from sightline.formats.replay import spread_over_classes
    from sightline.training.inputs import prepare

    split = trial.dataset.validation or trial.dataset.train
    chosen = split.take(spread_over_classes(split.labels, count))
    pictures, _ = prepare(chosen, trial.predictor.pipeline, trial.predictor.input_shape, on_event, what="calibration")
    return pictures
