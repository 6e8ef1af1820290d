"""One training from its configuration to its weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import load_manifest
from sightline.data import Dataset, Split, load_dataset
from sightline.errors import DatasetError, ParameterError, RunError
from sightline.events import EpochDone, Event, Listener, Progress
from sightline.image import Image
from sightline.models import MODELS, without_normalization
from sightline.training.backend import check_backend, dtype_policy, load_keras
from sightline.training.checkpoint import State, load_state, save_state
from sightline.training.config import Recipe, TrainConfig
from sightline.training.feed import Feed, Inputs8, Source
from sightline.training.fit import Trainer
from sightline.training.folder import RunFolder
from sightline.training.initial import Learnt, adopt, load_imagenet
from sightline.training.inputs import make_pipeline, prepare, source_of
from sightline.training.log import write_log
from sightline.training.share import Share
from sightline.training.standard import RAW, Standard, foldable, folded, standard_of
from sightline.training.teaching import Teacher, open_teacher
from sightline.training.whitening import whiten

if TYPE_CHECKING:
    import keras

    from sightline.pipeline import Pipeline

__all__ = [
    "DERIVED",
    "Inputs",
    "begin_with",
    "build",
    "find_state",
    "load_data",
    "load_inputs",
    "make_trainer",
    "shipped_form",
    "time_steps",
    "train_weights",
]

DERIVED = ("input_shape", "classes", "pool_first", "normalize")
"""Arguments of architectures that training sets by itself."""

Labelled = tuple[Inputs8, NDArray[np.int64]]


@dataclass(frozen=True)
class Inputs:
    """The data of a training as the network reads it: pictures uint8 `(N, H, W, C)` with labels int64 `(N,)`.

    `train` are the pictures without augmentation; `source` is what `pipeline` makes an epoch's pictures from.
    """

    dataset: Dataset
    pipeline: Pipeline
    shape: tuple[int, int, int]
    source: Source
    train: Labelled
    validation: Labelled
    sample: Image
    """One picture as stored, for the bundle's self-check."""
    left_out: int
    """How many pictures could not be read."""
    teacher: Teacher | None = None
    """Whose answers to the training pictures are learnt beside their labels. `source` is then for what the teacher looks at."""

    def take(self, rows: NDArray[np.intp]) -> Inputs:
        """The same with the training pictures at `rows` only."""
        pictures, labels = self.train
        return replace(self, source=self.source.take(rows), train=(pictures[rows], labels[rows]))

    @property
    def fingerprint(self) -> str:
        """Names the data together with the steps it went through, and the weights of a teacher."""
        teacher = [] if self.teacher is None else [self.teacher.fingerprint]
        return ":".join([self.dataset.fingerprint, self.pipeline.hash, *teacher])

    @cached_property
    def standard(self) -> Standard:
        """Mean and deviation of the training pictures."""
        return standard_of(self.train[0])


def load_inputs(
    config: TrainConfig, on_event: Listener, weights: Path | Learnt | None = None, teacher: Path | None = None
) -> Inputs:
    """Load the dataset that `config` names and send training and validation pictures through its pipeline.

    `weights`: those that training begins with; another model's decide the size of the pictures where `config` does not.
    `teacher`: the bundle of the model to learn from; InputError if it cannot judge these pictures, BundleError.
    """
    dataset = load_data(config.data, on_event, seed=config.seed, validation=config.validation)
    if dataset.validation is None or not len(dataset.validation):
        raise DatasetError(
            f"{config.data!r} has too few pictures", expected="some to validate with", received=str(len(dataset.train))
        )
    manifest = None if teacher is None else load_manifest(teacher)
    pipeline, shape = make_pipeline(config, dataset, weights.input_shape if isinstance(weights, Learnt) else None, manifest)
    by = None if teacher is None else open_teacher(teacher, config.recipe, dataset.classes, pipeline, shape)
    steps, size = (pipeline, shape) if by is None else (by.before, by.shape)

    def prepared(split: Split, name: str) -> tuple[Inputs8, NDArray[np.intp]]:
        return prepare(split, steps.always, size, on_event, what=name, workers=config.workers)

    (pictures, kept), (held, held_kept) = prepared(dataset.train, "training"), prepared(dataset.validation, "validation")
    source = source_of(dataset.train, kept, pictures, steps)
    if by is not None:
        pictures, held = by.finished(pictures, shape), by.finished(held, shape)
    train, validation = (pictures, dataset.train.labels[kept]), (held, dataset.validation.labels[held_kept])
    left_out = len(dataset.train) + len(dataset.validation) - len(kept) - len(held_kept)
    sample = dataset.validation.read(int(held_kept[0]))
    return Inputs(dataset, pipeline, shape, source, train, validation, sample, left_out, by)


def load_data(source: str, on_event: Listener, *, seed: int = 0, validation: float = 0.1) -> Dataset:
    """`load_dataset` with its downloads told to `on_event`."""
    return load_dataset(
        source,
        seed=seed,
        validation=validation,
        progress=lambda what, done, total: on_event(Progress(what, done, total, "bytes")),
    )


def architecture_arguments(config: TrainConfig, shape: tuple[int, int, int], classes: int) -> dict[str, Any]:
    """All arguments of the network as it is shipped, checked."""
    for name in DERIVED:
        if name in config.arguments:
            raise ParameterError(
                f"{name} of {config.model} follows from the data and the recipe", fix=f"Leave out --set {name}=..."
            )
    return MODELS.get(config.model).arguments({**config.arguments, "input_shape": shape, "classes": classes})


def build(config: TrainConfig, inputs: Inputs) -> keras.Model:
    """The network in the form and precision in which it is trained, its first weights drawn from the seed."""
    check_backend()
    arguments = _trained_form(config, architecture_arguments(config, inputs.shape, len(inputs.dataset.classes)))
    load_keras().utils.set_random_seed(config.seed)
    with dtype_policy(config.recipe):
        network = MODELS.get(config.model).build(arguments)
    whiten(network, inputs.train[0], config.seed)
    return network


def _trained_form(config: TrainConfig, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments of the form in which a network is trained, from those of the one that is shipped."""
    recipe = config.recipe
    forms = {
        "pool_first": recipe.pool_first,
        # weights that have learnt without normalization would mean another function with it
        "normalize": recipe.normalize and recipe.pool_first and config.weights == "none",
    }
    return arguments | {name: value for name, value in forms.items() if name in arguments}


def begin_with(weights: Path | Learnt, config: TrainConfig, inputs: Inputs, network: keras.Model) -> str:
    """Put the first weights, ImageNet's file or another model's, into the network that `build` made, and say in a sentence which.

    Another model's are for plain pictures and the plain form, from which they are brought into the form that is trained:
    `shipped_form` the other way round.
    """
    if isinstance(weights, Path):
        return load_imagenet(network, weights)
    with dtype_policy(Recipe()):
        plain = MODELS.get(config.model).build(architecture_arguments(config, inputs.shape, len(inputs.dataset.classes)))
    plain.set_weights(network.get_weights())
    taken, text = adopt(plain, weights, inputs.dataset.classes)
    _check_statistics(config.recipe, plain, taken)
    first = next(layer.name for layer in plain.layers if layer.weights)
    standard = _standard(config, inputs, network).inverse if first in taken else RAW
    network.set_weights(folded(plain.get_weights(), standard))
    return text


def _check_statistics(recipe: Recipe, network: keras.Model, taken: list[str]) -> None:
    """ParameterError where batch normalization is to stay as it is in layers that were not `taken` from anywhere."""
    import keras

    norms = [layer.name for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    new = [name for name in norms if name not in taken]
    if recipe.keep_norm and new:
        raise ParameterError(
            "keep_norm needs statistics to keep",
            expected=f"all {len(norms)} layers of batch normalization from the weights",
            received=f"{len(new)} that begin at random",
            fix="Choose --no-keep-norm, or the --model and --set of the weights.",
        )


def shipped_form(config: TrainConfig, inputs: Inputs, trained: keras.Model) -> tuple[keras.Model, dict[str, Any]]:
    """The same function in float32 and the architecture's plain form, and the arguments that build it."""
    arguments = architecture_arguments(config, inputs.shape, len(inputs.dataset.classes))
    with dtype_policy(Recipe()):
        network = MODELS.get(config.model).build(arguments)
    weights = without_normalization(trained) if _normalized(config, arguments) else trained.get_weights()
    network.set_weights(folded(weights, _standard(config, inputs, trained)))
    return network, arguments


def make_trainer(
    config: TrainConfig,
    inputs: Inputs,
    network: keras.Model,
    on_event: Listener,
    stop: Callable[[], bool] = lambda: False,
    save: Callable[[State], None] = lambda state: None,
    share: Share | None = None,
) -> Trainer:
    """A trainer of `network`, which `build` made, ready to run; with a `share` one of several processes that do so together."""
    weights = _balanced(inputs.train[1], len(inputs.dataset.classes)) if config.class_weight == "balanced" else None
    standard = _standard(config, inputs, network)
    teacher = inputs.teacher
    steps, shape = (inputs.pipeline, inputs.shape) if teacher is None else (teacher.before, teacher.shape)
    feed = Feed(inputs.source, inputs.train[1], steps, shape, config.seed, config.workers, share)
    return Trainer(config, network, feed, standard, inputs.validation, weights, on_event, stop, save, teacher)


def _normalized(config: TrainConfig, arguments: dict[str, Any]) -> bool:
    """Whether a network is trained with a normalization that its kernels take over afterwards."""
    return bool(_trained_form(config, arguments).get("normalize", False))


def _standard(config: TrainConfig, inputs: Inputs, network: keras.Model) -> Standard:
    normalized = _normalized(config, architecture_arguments(config, inputs.shape, len(inputs.dataset.classes)))
    return inputs.standard if config.recipe.standardize and foldable(network, normalized=normalized) else RAW


def find_state(folder: RunFolder, inputs: Inputs) -> State | None:
    """The state a run was left in, None if it was stopped before its first; RunError for other data, pipeline or teacher."""
    if not folder.checkpoint.exists():
        return None
    state = load_state(folder.checkpoint)
    whats = (
        ("data", "Restore the pictures"),
        ("pipeline", "Restore the steps in config.yaml"),
        ("teacher", "Restore the model that taught"),
    )
    for (what, mend), before, now in zip(whats, state.data.split(":"), inputs.fingerprint.split(":"), strict=False):
        if before != now:
            raise RunError(
                f"the {what} of {str(folder.path)!r} is not what it was trained with",
                expected=f"fingerprint {before[:12]}",
                received=now[:12],
                fix=f"{mend}, or train anew.",
            )
    return state


def train_weights(
    folder: RunFolder,
    config: TrainConfig,
    inputs: Inputs,
    network: keras.Model,
    state: State | None,
    on_event: Listener,
    stop: Callable[[], bool],
    share: Share | None = None,
) -> State:
    """Train `network` in `folder`, from `state` or the start; it then holds the weights to keep.

    Of several processes that each do their `share` only the first writes.
    """
    if share is not None and share.process:
        return make_trainer(config, inputs, network, on_event, stop, share=share).run(state)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    if state is not None:
        write_log(folder.log, state.history)  # a kill may have come between the checkpoint and its log

    def save(state: State) -> None:
        state.data = inputs.fingerprint
        state.started = state.started or started
        save_state(folder.checkpoint, state)
        write_log(folder.log, state.history)

    return make_trainer(config, inputs, network, on_event, stop, save, share).run(state)


def time_steps(config: TrainConfig, inputs: Inputs, network: keras.Model) -> tuple[int, float]:
    """Run a few training steps of `network`, which `build` made: the steps of an epoch, and the seconds one will take."""
    recipe = config.recipe
    few = min(len(inputs.train[1]), 3 * recipe.batch_size * recipe.steps_per_execution)
    part = inputs.take(np.arange(few))
    seconds: list[float] = []

    def note(event: Event) -> None:
        if isinstance(event, EpochDone):
            seconds.append(event.row["seconds"])

    whole = config.recipe.model_copy(update={"freeze": 0})
    short = config.model_copy(update={"epochs": 3, "patience": None, "recipe": whole})
    make_trainer(short, part, network, note).run(None)
    steps = math.ceil(len(inputs.train[1]) / recipe.batch_size)
    # the first epoch is mostly compilation
    return steps, min(seconds[1:]) * len(inputs.train[1]) / few


def _balanced(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Weights by class, `(classes,)`, whose mean over the pictures is 1: N / (classes present x count)."""
    counts = np.bincount(labels, minlength=classes)
    present = np.count_nonzero(counts)
    return np.where(counts > 0, len(labels) / (present * np.maximum(counts, 1)), 0).astype(np.float32)
