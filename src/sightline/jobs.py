"""The jobs: train, evaluate, predict and report as plain functions. Typed configuration in, events and results out.

Every face (command line, page, cluster) calls these; none of them has a job of its own.
"""

from __future__ import annotations

import json
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from sightline.batch import find_pictures
from sightline.bundle import Predictor, load_bundle
from sightline.errors import Interrupted, RunError, UnknownNameError
from sightline.events import Listener, Note, ignore
from sightline.image import MAX_PIXELS
from sightline.registry import nearest

if TYPE_CHECKING:
    import keras

    from sightline.evaluation import Evaluation
    from sightline.training.checkpoint import State
    from sightline.training.config import TrainConfig
    from sightline.training.folder import RunFolder
    from sightline.training.session import Inputs

__all__ = [
    "DryRun",
    "Run",
    "dry_run",
    "evaluate",
    "find_sources",
    "load",
    "pretrained",
    "preview",
    "report",
    "resume",
    "train",
]


@dataclass(frozen=True)
class Run:
    """A finished training and where its things are."""

    path: Path

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """What was measured: the content of metrics.json."""
        result: dict[str, Any] = json.loads((self.path / "metrics.json").read_text(encoding="utf-8"))
        return result

    @property
    def history(self) -> list[dict[str, float]]:
        """A row for each epoch."""
        from sightline.training.log import read_log

        return read_log(self.path / "log.csv")

    @property
    def report(self) -> Path:
        """The report, a page that opens in any browser."""
        return self.path / "report.html"

    @cached_property
    def model(self) -> Predictor:
        """The trained model, ready to predict."""
        return load_bundle(self.path / "bundle")


def train(config: TrainConfig, *, out: str | Path = "runs", name: str | None = None, on_event: Listener = ignore) -> Run:
    """Train, evaluate and report in a new folder of `out`. Interrupted after SIGINT or SIGTERM, with the state saved.

    Whatever can be found wrong beforehand is, before the folder is made.
    """
    from sightline.models import MODELS
    from sightline.training.folder import free_run, made
    from sightline.training.session import build

    MODELS.get(config.model).arguments(config.arguments)  # a typo is found before the data is loaded
    free_run(config, Path(out), name)
    config, inputs = _inputs(config, on_event)
    network = build(config, inputs)
    folder = free_run(config, Path(out), name)
    with made(folder, config):
        return _train_in(folder, config, inputs, network, None, on_event)


def resume(path: str | Path, *, extend: int = 0, on_event: Listener = ignore) -> Run:
    """Go on with a run to its last epoch, or `extend` epochs further: to the weights of a run never interrupted.

    An extended run follows the schedule of the longer training from where it stands.
    """
    from sightline.training.config import TrainConfig
    from sightline.training.folder import open_run
    from sightline.training.session import build, find_state

    folder = open_run(path)
    with folder.held():
        config = TrainConfig.load(folder.config).extended(extend)
        config, inputs = _inputs(config, on_event)
        state = find_state(folder, inputs)
        if state is not None and extend:
            state.extended_at = state.epoch
        network = build(config, inputs)
        config.save(folder.config)
        return _train_in(folder, config, inputs, network, state, on_event)


def _inputs(config: TrainConfig, on_event: Listener) -> tuple[TrainConfig, Inputs]:
    from sightline.training.session import load_inputs

    inputs = load_inputs(config, on_event)
    counts = {name: len(split) for name, split in inputs.dataset.splits().items()}
    on_event(Note(f"{inputs.dataset.name}: " + ", ".join(f"{count:,} {name}" for name, count in counts.items())))
    return config.settled(inputs.dataset.facts), inputs


def _train_in(
    folder: RunFolder, config: TrainConfig, inputs: Inputs, network: keras.Model, state: State | None, on_event: Listener
) -> Run:
    try:
        from sightline.training.results import make_bundle, make_record, report, save_record
        from sightline.training.session import train_weights

        with _stop_on_signals() as stop:
            state = train_weights(folder, config, inputs, network, state, on_event, stop)
        if stop():
            raise Interrupted("stopped after the last epoch, before the evaluation")
        on_event(Note("Evaluating"))
        predictor, cost = make_bundle(folder, config, inputs, network)
        record = make_record(folder, config, inputs, state, predictor, cost, on_event)
        save_record(folder, record)
        report(folder, record, on_event)
    except (Interrupted, KeyboardInterrupt) as error:
        what = error.what if isinstance(error, Interrupted) else "stopped"
        again = f"Go on with `sightline train --resume {shlex.quote(str(folder.path))}`."
        raise Interrupted(what, fix=again) from None
    return Run(folder.path)


@contextmanager
def _stop_on_signals() -> Iterator[Callable[[], bool]]:
    """Turn SIGINT and SIGTERM into a question that the training asks between steps; a second one ends at once."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield asked.is_set
        return

    def note(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(frozen=True)
class DryRun:
    """What a training would be, found by running a little of it. Bytes are of the whole process."""

    pictures: int
    input_shape: tuple[int, int, int]
    classes: tuple[str, ...]
    parameters: int
    steps_per_epoch: int
    seconds_per_epoch: float
    seconds: float
    peak_bytes: int


def dry_run(config: TrainConfig, *, on_event: Listener = ignore) -> DryRun:
    """Send all pictures through the pipeline and some through training, write nothing, and estimate the rest."""
    from sightline.training.session import time_steps

    config, inputs = _inputs(config, on_event)
    parameters, steps, seconds = time_steps(config, inputs)
    return DryRun(
        pictures=len(inputs.train[1]),
        input_shape=inputs.shape,
        classes=inputs.dataset.classes,
        parameters=parameters,
        steps_per_epoch=steps,
        seconds_per_epoch=round(seconds, 2),
        seconds=round(seconds * config.epochs, 1),
        peak_bytes=peak_memory(),
    )


def peak_memory() -> int:
    """The most memory this process has held so far, in bytes; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def evaluate(path: str | Path, *, data: str | None = None, on_event: Listener = ignore) -> tuple[Evaluation, Path | None]:
    """Evaluate a run on its own test split, or a run or bundle on other `data` with the same classes.

    Other data leave a report beside the run's, in `evaluations/<data>/`; the path of the report is given back.
    """
    from sightline.training.again import evaluate_run

    return evaluate_run(Path(path), _model_folder(path), data, on_event)


def preview(data: str, output: Path, *, each: int = 8, seed: int = 0, on_event: Listener = ignore) -> Path:
    """Draw `each` pictures of every class, drawn by `seed`, on a sheet in PNG or SVG; give back its path."""
    from sightline.evaluation.plots import save_sheet
    from sightline.training.session import load_data

    return save_sheet(load_data(data, on_event), output, each=each, seed=seed)


def report(path: str | Path, *, on_event: Listener = ignore) -> Path:
    """Make a run's plots and report again from what it has stored."""
    from sightline.training.folder import open_run
    from sightline.training.results import load_record, report

    folder = open_run(path)
    with folder.held():
        return report(folder, load_record(folder), on_event)


def pretrained() -> dict[str, Path]:
    """The models that come with Sightline, by name."""
    home = Path(str(files("sightline"))) / "pretrained"
    return {folder.name: folder for folder in sorted(home.iterdir()) if (folder / "manifest.json").is_file()}


def load(model: str | Path, *, threads: int = 1, max_pixels: int = MAX_PIXELS) -> Predictor:
    """Load a model for prediction: a run's folder, a bundle's folder, or the name of one that comes with Sightline.

    Pictures of more than `max_pixels` will be refused.
    """
    return load_bundle(_model_folder(model), threads=threads, max_pixels=max_pixels)


def _model_folder(model: str | Path) -> Path:
    path = Path(model)
    shipped = pretrained()
    try:
        for candidate in (path / "bundle", path):
            if (candidate / "manifest.json").is_file():
                return candidate
        if str(model) in shipped:
            return shipped[str(model)]
        if (path / "config.yaml").is_file():
            raise RunError(f"run {str(model)!r} has no model yet", fix=f"Finish it with `sightline train --resume {path}`.")
        if path.exists():
            return path  # loading says what is missing
    except OSError:  # a name that is too long for the file system
        pass
    raise UnknownNameError(f"there is no run, bundle or pretrained model {str(model)!r}", fix=nearest(str(model), list(shipped)))


def find_sources(patterns: Iterable[str]) -> list[str | bytes]:
    """The pictures that files, folders, globs and `-` (one picture on standard input) stand for, in order.

    A folder stands for the pictures in it and below, sorted by name. InputError for what stands for nothing.
    """
    found: list[str | bytes] = []
    for pattern in patterns:
        if pattern == "-":
            found.append(sys.stdin.buffer.read())
        else:
            found += [str(item.path) for item in find_pictures([pattern])]
    return found
