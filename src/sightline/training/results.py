"""What a training leaves behind: the bundle, the evaluation through it, and the record the report is made from."""

from __future__ import annotations

import csv
import io
import json
import os
import platform
import shlex
import statistics
import tempfile
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from sightline.bundle import Predictor, load_bundle, set_calibration, set_metrics, write_bundle
from sightline.data import Dataset, Split
from sightline.errors import DatasetError, RunError
from sightline.evaluation import (
    Cost,
    DataFacts,
    Evaluation,
    RunRecord,
    Trace,
    occlusion,
    save_plots,
    shown_indices,
    worst_indices,
    write_report,
)
from sightline.evaluation.views import Views
from sightline.evaluation.words import percent
from sightline.events import Listener, Note
from sightline.files import write_bytes, write_json, write_text
from sightline.image import Image, encode
from sightline.models import total_flops
from sightline.ops import resize
from sightline.training.backend import device, precision
from sightline.training.baselines import BASELINES
from sightline.training.calibrating import evaluated, fit_calibration, fit_distance
from sightline.training.checkpoint import State
from sightline.training.config import TrainConfig
from sightline.training.feed import Inputs8
from sightline.training.folder import RunFolder
from sightline.training.inputs import prepare
from sightline.training.log import read_log
from sightline.training.processor import processor_name
from sightline.training.session import Inputs, shipped_form

if TYPE_CHECKING:
    import keras

__all__ = [
    "evaluate_split",
    "final_split",
    "load_record",
    "make_bundle",
    "make_record",
    "measure_latency",
    "mistake_maps",
    "report",
    "save_record",
    "shown",
    "traces",
]

TRACED = 3
SHOWN = 640
LATENCY_RUNS = 300
PACKAGES = ("sightline", "keras", "tensorflow", "tensorflow-cpu", "numpy", "opencv-python-headless", "onnxruntime", "scikit-learn")


def make_bundle(folder: RunFolder, config: TrainConfig, inputs: Inputs, network: keras.Model) -> tuple[Predictor, Cost]:
    """Write the run's bundle, calibrated on validation, load it as a user would, and measure what it costs."""
    shipped, arguments = shipped_form(config, inputs, network)
    with tempfile.TemporaryDirectory() as place:
        draft = write_bundle(
            Path(place) / "bundle",
            model=shipped,
            architecture=config.model,
            arguments=arguments,
            pipeline=inputs.pipeline.always,
            labels=inputs.dataset.classes,
            input_shape=inputs.shape,
            sample=encode(_small(inputs.sample), ".png"),
            metrics={},
            dataset={"name": inputs.dataset.name, "fingerprint": inputs.dataset.fingerprint},
            name=folder.name,
            gaussians=fit_distance(shipped, *inputs.train, seed=config.seed),
        )
        calibration = fit_calibration(load_bundle(draft).network, *inputs.validation, config.unknown_rejection)
        predictor = set_calibration(folder.bundle, calibration, source=draft)
    size = sum(file.stat().st_size for file in folder.bundle.iterdir())
    latency, text = measure_latency(predictor)
    return predictor, Cost(shipped.count_params(), total_flops(shipped), size, latency, text)


def measure_latency(predictor: Predictor) -> tuple[float, str]:
    """Median microseconds from a prepared picture to its probabilities, and how they were measured."""
    picture = np.zeros((1, *predictor.input_shape), np.uint8)
    times = []
    for _ in range(LATENCY_RUNS):
        started = time.perf_counter()
        predictor.probabilities(picture)
        times.append(time.perf_counter() - started)
    return round(statistics.median(times) * 1e6, 1), f"one picture, one thread, {processor_name()}"


def evaluate_split(
    predictor: Predictor, split: Split, name: str, on_event: Listener, views: Views = "one"
) -> tuple[Evaluation, Inputs8, NDArray[np.intp]]:
    """Evaluate the bundle on a split: the evaluation, what the network saw, and which pictures of the split these are."""
    pictures, kept = prepare(split, predictor.pipeline, predictor.input_shape, on_event, what=name)
    names = tuple(split.names[index] for index in kept)
    return evaluated(predictor, pictures, split.labels[kept], names, name, views), pictures, kept


def make_record(
    folder: RunFolder,
    config: TrainConfig,
    inputs: Inputs,
    state: State,
    predictor: Predictor,
    cost: Cost,
    on_event: Listener,
) -> RunRecord:
    """Touch the test set, once, and gather everything the report shows."""
    dataset = inputs.dataset
    name, split = final_split(dataset)
    notes = _notes_on_origin(config)
    if name != "test":
        notes.append("The data has no test split: these figures are on the validation pictures, which training was watched by.")
    evaluation, pictures, kept = evaluate_split(predictor, split, name, on_event)
    left_out = inputs.left_out + (len(split) - len(kept) if name == "test" else 0)
    if left_out:
        what = "picture could not be read and was" if left_out == 1 else "pictures could not be read and were"
        notes.append(f"{left_out:,} {what} left out.")
    where = shlex.quote(str(folder.path))
    losses = [row["val_loss"] for row in state.history]
    chosen = int(np.argmin(losses)) + 1 if config.patience else state.epoch
    return RunRecord(  # noqa: S604 - its `shell` is text to show
        title=folder.name,
        dataset=DataFacts.of(dataset, str(dataset.facts.get("split", ""))),
        model=config.model,
        preset=config.preset,
        epochs=state.epoch,
        started=state.started,
        seconds=round(state.seconds, 1),
        evaluation=evaluation,
        pictures={index: shown(pictures[index]) for index in shown_indices(evaluation, config.seed)},
        cost=cost,
        history=tuple(read_log(folder.log)),  # in its digits, so that the report made again is the same
        chosen_epoch=chosen,
        traces=traces(predictor, split, kept),
        baseline=BASELINES.get(config.data) if config.preset != "plain" else None,
        config=config.model_dump(mode="json"),
        environment=environment(config),
        fingerprints={"dataset": dataset.fingerprint, "pipeline": predictor.pipeline.hash},
        shell=(f"sightline predict photo.png --model {where}", f"sightline evaluate {where}"),
        python=(
            "import sightline as sl",
            f"model = sl.load({folder.path.as_posix()!r})",
            'print(model.predict("photo.png").top(3))',
        ),
        notes=tuple(notes),
        seed=config.seed,
        maps=mistake_maps(predictor, evaluation, pictures),
    )


def _notes_on_origin(config: TrainConfig) -> list[str]:
    """What besides these pictures and labels the model has learnt from."""
    notes = []
    if config.weights != "none":
        what = "ImageNet weights" if config.weights == "imagenet" else f"weights of {config.weights}"
        notes.append(f"Training began with {what}.")
    if config.teacher != "none":
        share = percent(config.recipe.distill, 0)
        notes.append(f"Taught by {config.teacher}: its answers were {share} of the target, the labels the rest.")
    return notes


def mistake_maps(predictor: Predictor, evaluation: Evaluation, pictures: Inputs8) -> dict[int, NDArray[np.float32]]:
    """What each of the worst mistakes rests on, by occlusion, which needs no more than the bundle."""
    return {index: occlusion(predictor, pictures[index]).map for index in worst_indices(evaluation)}


def traces(predictor: Predictor, split: Split, kept: NDArray[np.intp]) -> tuple[Trace, ...]:
    """What the pipeline makes of the split's first pictures, step by step."""
    found = []
    for index in kept[:TRACED]:
        image = split.read(int(index))
        steps = [("as stored", image), *((step.op, result) for step, result in predictor.pipeline.trace(image))]
        found.append((split.names[index], tuple((_with_size(name, step), _small(step)) for name, step in steps)))
    return tuple(found)


def _small(image: Image) -> Image:
    """The picture with its longer side at most `SHOWN` px: a report shows no more, and a photo is megabytes."""
    height, width = image.shape[:2]
    if max(height, width) <= SHOWN:
        return image
    scale = SHOWN / max(height, width)
    return resize(image, width=max(1, round(width * scale)), height=max(1, round(height * scale)))


def _with_size(name: str, image: Image) -> str:
    height, width = image.shape[:2]
    return name if max(height, width) <= SHOWN else f"{name} ({width} x {height})"


def final_split(dataset: Dataset) -> tuple[str, Split]:
    """The test split, else validation, by name; DatasetError if there is neither."""
    if dataset.test is not None:
        return "test", dataset.test
    if dataset.validation is not None:
        return "validation", dataset.validation
    raise DatasetError(f"{dataset.name} has nothing to evaluate on", expected="a test or validation split")


def shown(picture: Inputs8) -> Image:
    """A network's input `(H, W, C)` as an image: gray without its last axis."""
    return picture[..., 0] if picture.shape[-1] == 1 else picture


def environment(config: TrainConfig) -> dict[str, str]:
    """What a result may depend on beside the configuration: versions, system and processor."""
    import keras

    backend, accelerator = keras.backend.backend(), device()
    found = {"python": platform.python_version()}
    for package in (*PACKAGES, *(["jax"] if backend == "jax" else [])):
        try:
            found[package] = version(package)
        except ModuleNotFoundError:
            continue
    return found | {
        "backend": backend,
        **({"device": accelerator} if accelerator else {}),
        "precision": precision(config.recipe),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": f"{processor_name()}, {os.cpu_count()} cores",
    }


def save_record(folder: RunFolder, record: RunRecord) -> None:
    """Write metrics.json, predictions.csv and the pictures that the report shows."""
    from safetensors.numpy import save

    evaluation = record.evaluation
    facts = {name: getattr(record, name) for name in SCALARS}
    facts |= {
        "dataset": asdict(record.dataset),
        "cost": asdict(record.cost),
        "split": evaluation.split,
        "temperature": evaluation.temperature,
    }
    facts["traces"] = [[name, [step for step, _ in steps]] for name, steps in record.traces]
    write_json(folder.metrics, {"evaluation": evaluation.to_dict(), "run": facts})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, *(f"p:{name}" for name in evaluation.classes)])
    for index, name in enumerate(evaluation.names):
        row = evaluation.probabilities[index]
        best = int(evaluation.predictions[index])
        label = evaluation.classes[int(evaluation.labels[index])]
        known = "yes" if evaluation.known[index] else "no"
        writer.writerow([name, label, evaluation.classes[best], f"{row[best]:.9g}", known, *(f"{value:.9g}" for value in row)])
    write_text(folder.predictions, text.getvalue())
    pictures = {f"picture.{index}": np.ascontiguousarray(image) for index, image in record.pictures.items()}
    pictures |= {f"map.{index}": found for index, found in record.maps.items()}
    for number, (_, steps) in enumerate(record.traces):
        pictures |= {f"trace.{number}.{step}": np.ascontiguousarray(image) for step, (_, image) in enumerate(steps)}
    write_bytes(folder.record, save(pictures))


COLUMNS = ("name", "label", "predicted", "confidence", "known")
SCALARS = (
    "title", "model", "preset", "epochs", "started", "seconds", "chosen_epoch", "baseline", "config", "environment",
    "fingerprints", "shell", "python", "notes", "seed",
)  # fmt: skip


def load_record(folder: RunFolder) -> RunRecord:
    """Read what `save_record` and the log hold; RunError if the run has not been evaluated or was damaged."""
    try:
        return _read_record(folder)
    except FileNotFoundError as error:
        raise RunError(
            f"run {str(folder.path)!r} has no results yet: {Path(error.filename).name} is missing",
            fix=f"Finish it with `sightline train --resume {folder.path}`.",
        ) from None
    except Exception as error:  # a file can be damaged anywhere, and what reads it fails there as it will
        raise RunError(
            f"the results of {str(folder.path)!r} cannot be read: {type(error).__name__}: {error}",
            fix=f"Make them again with `sightline train --resume {folder.path}`.",
        ) from error


def _read_record(folder: RunFolder) -> RunRecord:
    from safetensors.numpy import load_file

    facts = json.loads(folder.metrics.read_text(encoding="utf-8"))["run"]
    pictures = load_file(folder.record)
    traces = tuple(
        (name, tuple((step, pictures[f"trace.{number}.{place}"]) for place, step in enumerate(steps)))
        for number, (name, steps) in enumerate(facts["traces"])
    )
    scalars: dict[str, Any] = {name: tuple(value) if isinstance(value := facts[name], list) else value for name in SCALARS}
    return RunRecord(
        **scalars,
        dataset=DataFacts(**facts["dataset"]),
        cost=Cost(**facts["cost"]),
        evaluation=_read_predictions(folder.predictions, facts["split"], facts.get("temperature", 1.0)),
        history=tuple(read_log(folder.log)) if folder.log.exists() else (),
        pictures={int(key.split(".")[1]): image for key, image in pictures.items() if key.startswith("picture.")},
        traces=traces,
        maps={int(key.split(".")[1]): found.astype(np.float32) for key, found in pictures.items() if key.startswith("map.")},
    )


def _read_predictions(path: Path, split: str, temperature: float) -> Evaluation:
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    first = len(COLUMNS) if header[4] == "known" else 4  # older runs have no such column: all was known
    classes = tuple(name.removeprefix("p:") for name in header[first:])
    index = {name: number for number, name in enumerate(classes)}
    labels = np.array([index[row[1]] for row in rows], np.int64)
    probabilities = np.array([row[first:] for row in rows], np.float32)
    known = np.array([first == 4 or row[4] == "yes" for row in rows])
    return Evaluation(classes, labels, probabilities, tuple(row[0] for row in rows), split, known, temperature)


def report(folder: RunFolder, record: RunRecord, on_event: Listener) -> Path:
    """Write plots and report, put the figures into the bundle's manifest, and give back the report's path."""
    on_event(Note("Drawing plots and report"))
    save_plots(record, folder.plots)
    figures: dict[str, JsonValue] = {
        "split": record.evaluation.split,
        "accuracy": record.evaluation.accuracy,
        "pictures": len(record.evaluation),
    }
    figures |= {"parameters": record.cost.parameters, "flops": record.cost.flops}
    set_metrics(folder.bundle, figures)
    return write_report(record, folder.path)
