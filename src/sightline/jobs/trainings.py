"""Training as a job: a new run, one that goes on, or a trial of a few steps."""

from __future__ import annotations

import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from sightline.errors import Interrupted
from sightline.events import Listener, Note, Progress
from sightline.jobs.models import Model, Run, model_folder, place_of
from sightline.notebook import default_listener

if TYPE_CHECKING:
    import keras

    from sightline.pipeline import Pipeline
    from sightline.training.checkpoint import State
    from sightline.training.config import TrainConfig
    from sightline.training.folder import RunFolder
    from sightline.training.initial import Learnt
    from sightline.training.session import Inputs

    Fit = Callable[[RunFolder, TrainConfig, Inputs, keras.Model, State | None, Listener, Callable[[], bool]], State]

__all__ = ["DryRun", "dry_run", "found_in", "resume", "stop_on_signals", "train", "train_only"]


def train(
    config: TrainConfig,
    *,
    out: str | Path = "runs",
    name: str | None = None,
    fit: Fit | None = None,
    on_event: Listener = default_listener,
) -> Run:
    """Train, evaluate and report in a new folder of `out`. Interrupted after SIGINT or SIGTERM, with the state saved.

    Whatever can be found wrong beforehand is, before the folder is made. `fit` finds the weights, by default in this process.
    """
    from sightline.training.folder import free_run, made

    config, inputs, network = _begun(config, on_event, free_run(config, Path(out), name).name)
    folder = free_run(config, Path(out), name)
    with made(folder, config):
        return _train_in(folder, config, inputs, network, None, fit, on_event)


def resume(path: Model, *, extend: int = 0, fit: Fit | None = None, on_event: Listener = default_listener) -> Run:
    """Go on with a run to its last epoch, or `extend` epochs further: to the weights of a run never interrupted.

    An extended run follows the schedule of the longer training from where it stands. `fit`: as for `train`. RunError for what is no
    run, is in use, or whose data, pipeline or teacher are not those it was trained with; ParameterError for an `extend` below 0;
    Interrupted after SIGINT or SIGTERM, with the state saved.

    >>> import sightline as sl
    >>> run = sl.train("digits", epochs=1, preset="plain")
    >>> longer = sl.resume(run, extend=1)
    >>> len(longer.history), longer.path == run.path
    (2, True)
    """
    from sightline.training.checkpoint import save_state
    from sightline.training.config import TrainConfig
    from sightline.training.folder import open_run

    folder = open_run(place_of(path))
    with folder.held():
        config, inputs, network, state = found_in(folder, TrainConfig.load(folder.config).extended(extend), on_event)
        if state is not None and extend:
            state.extended_at = state.epoch
            save_state(folder.checkpoint, state)  # with the configuration: a stop in the next epoch must not part them
        config.save(folder.config)
        return _train_in(folder, config, inputs, network, state, fit, on_event)


def train_only(path: Path, config: TrainConfig, *, on_event: Listener = default_listener) -> None:
    """Find the weights of the run in `path`, new or left before its end, and measure nothing on the test set: `resume` does.

    Interrupted after SIGINT or SIGTERM, with the state saved.
    """
    from sightline.training.config import TrainConfig
    from sightline.training.folder import RunFolder, made
    from sightline.training.session import train_weights

    folder = RunFolder(path)
    with stop_on_signals() as stop:
        if folder.is_run:
            with folder.held():  # with the pipeline as it was settled when it began
                train_weights(folder, *found_in(folder, TrainConfig.load(folder.config), on_event), on_event, stop)
            return
        config, inputs, network = _begun(config, on_event, folder.name)
        with made(folder, config):
            train_weights(folder, config, inputs, network, None, on_event, stop)


def found_in(folder: RunFolder, config: TrainConfig, on_event: Listener) -> tuple[TrainConfig, Inputs, keras.Model, State | None]:
    """All that a run goes on with: its configuration, data and network, and the state it was left in, if there is one yet."""
    from sightline.training.session import begin_with, build, find_state

    config, inputs = _inputs(config, on_event, folder.name)
    state = find_state(folder, inputs)
    network = build(config, inputs)
    if state is None and (weights := first_weights(config, on_event)) is not None:
        begin_with(weights, config, inputs, network)
    return config, inputs, network, state


def _begun(config: TrainConfig, on_event: Listener, run: str = "run") -> tuple[TrainConfig, Inputs, keras.Model]:
    """All that a new training begins with: see `_inputs`, and the network with its first weights."""
    from sightline.models import MODELS
    from sightline.training.session import begin_with, build

    MODELS.get(config.model).arguments(config.arguments)  # a typo is found before the data is loaded
    weights = first_weights(config, on_event)
    config, inputs = _inputs(config, on_event, run, weights)
    network = build(config, inputs)
    height, width, channels = inputs.shape
    on_event(Note(f"{config.model} reads pictures at {width} x {height} px, {'gray' if channels == 1 else 'in colour'}"))
    if weights is not None:
        on_event(Note(begin_with(weights, config, inputs, network)))
        if _has_seen(weights, config, inputs):
            what = f"The weights of {config.weights} may have learnt from pictures that are held out here"
            on_event(Note(f"{what}: validation and calibration then look better than they are", warning=True))
    return config, inputs, network


def _has_seen(weights: Path | Learnt, config: TrainConfig, inputs: Inputs) -> bool:
    """Whether `weights` may have learnt from the validation pictures: they know this data, and did not hold out the same."""
    from sightline.training.config import TrainConfig
    from sightline.training.folder import RunFolder
    from sightline.training.initial import Learnt

    dataset = inputs.dataset
    if not isinstance(weights, Learnt) or weights.fingerprint != dataset.fingerprint or "validation" in dataset.facts["own_splits"]:
        return False
    run = RunFolder(Path(config.weights))
    theirs = TrainConfig.load(run.config) if run.is_run else None
    return theirs is None or (theirs.seed, theirs.validation) != (config.seed, config.validation)


def first_weights(config: TrainConfig, on_event: Listener) -> Path | Learnt | None:
    """What the network is to begin with, at hand: ImageNet's file or another model's weights; None for random ones."""
    from sightline.training.initial import fetch_weights, imagenet_file, learnt_weights

    if config.weights == "none":
        return None
    if config.weights == "imagenet":
        file = imagenet_file(config.model, config.arguments)
        return fetch_weights(file, lambda what, done, total: on_event(Progress(what, done, total, "bytes")))
    return learnt_weights(model_folder(config.weights))


def _inputs(config: TrainConfig, on_event: Listener, run: str, weights: Path | Learnt | None = None) -> tuple[TrainConfig, Inputs]:
    """The data as a network that begins with `weights` reads it, names checked, and `config` with its pipeline written out."""
    from sightline.training.names import check_names
    from sightline.training.session import load_inputs

    teacher = None if config.teacher == "none" else model_folder(config.teacher)  # is there, before anything is read
    inputs = load_inputs(config, on_event, weights, teacher)
    check_names(inputs.dataset, run)
    counts = {name: len(split) for name, split in inputs.dataset.splits().items()}
    on_event(Note(f"{inputs.dataset.name}: " + ", ".join(f"{count:,} {name}" for name, count in counts.items())))
    on_event(Note(_augmentation(config, inputs.pipeline)))
    chance = [step.op for step in inputs.pipeline.steps if step.is_random and step.when == "always"]
    if chance:
        on_event(Note(f"Left to chance, but not marked `when: train`, so models predict with it: {', '.join(chance)}", True))
    if config.weights != "none":
        on_event(Note(_fine_tuning(config)))
    if teacher is not None:
        on_event(Note(f"{config.model} learns from {config.teacher}: its answers are {config.recipe.distill:.0%} of the target"))
    decided = {"pipeline": inputs.pipeline.to_dict(), "size": None, "channels": "auto"}  # the steps say both
    return config.model_copy(update=decided), inputs


def _augmentation(config: TrainConfig, pipeline: Pipeline) -> str:
    """What training does to its pictures, in a sentence."""
    steps = [step.op for step in pipeline.steps if step.when == "train"]
    if steps:
        return f"Augmentation: {', '.join(steps)}, drawn anew for each picture in every epoch"
    return "Augmentation is off" if not config.recipe.augment else "No augmentation: the pipeline has no steps for training"


def _fine_tuning(config: TrainConfig) -> str:
    """With which weights and recipe a training begins that does not begin at random, in a sentence."""
    what = "ImageNet's weights" if config.weights == "imagenet" else f"the weights of {config.weights}"
    frozen = min(config.recipe.freeze, config.epochs)
    first = f"; in epoch {'1' if frozen == 1 else f'1 to {frozen}'} only the dense layers learn" if frozen else ""
    first += ", then all" if 0 < frozen < config.epochs else ""
    return f"{config.model} begins with {what} and is trained by the preset {config.preset}{first}"


def _train_in(
    folder: RunFolder,
    config: TrainConfig,
    inputs: Inputs,
    network: keras.Model,
    state: State | None,
    fit: Fit | None,
    on_event: Listener,
) -> Run:
    try:
        from sightline.training.results import make_bundle, make_record, report, save_record
        from sightline.training.session import train_weights

        with stop_on_signals() as stop:
            state = (fit or train_weights)(folder, config, inputs, network, state, on_event, stop)
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
def stop_on_signals() -> Iterator[Callable[[], bool]]:
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


def dry_run(config: TrainConfig, *, on_event: Listener = default_listener) -> DryRun:
    """Send all pictures through the pipeline and some through training, write nothing, and estimate the rest."""
    from sightline.training.session import shipped_form, time_steps

    config, inputs, network = _begun(config, on_event)
    shipped, _ = shipped_form(config, inputs, network)
    steps, seconds = time_steps(config, inputs, network)
    return DryRun(
        pictures=len(inputs.train[1]),
        input_shape=inputs.shape,
        classes=inputs.dataset.classes,
        parameters=shipped.count_params(),
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
