"""Learning from a larger network: its answers to the very pictures that are trained on, beside the labels.

Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network" (2015). The teacher sees each picture as it is
augmented, and so says what can still be told of it (Beyer et al., "Knowledge distillation: A good teacher is patient and
consistent", 2022). It may look at larger pictures than the network that learns: those before the pipeline's last steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Manifest, load_manifest, load_network
from sightline.errors import InputError
from sightline.pipeline import Pipeline, run_many
from sightline.tempering import tempered
from sightline.training.backend import check_backend, dtype_policy, load_keras
from sightline.training.config import Recipe
from sightline.training.feed import Inputs8, stacked

if TYPE_CHECKING:
    import keras

__all__ = ["Teacher", "open_teacher", "untaught_steps"]

BATCH = 64  # what lies between the layers of 500 leaves the cache: half as long again


@dataclass(frozen=True, eq=False)
class Teacher:
    """A finished network whose answers are softened by `temperature`, to pictures as the steps `before` it make them.

    The steps `after` make of these the pictures of the network that learns. `fingerprint`: the SHA-256 of its weights.
    """

    network: keras.Model
    temperature: float
    before: Pipeline
    after: Pipeline
    fingerprint: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, C) of the pictures that the teacher looks at."""
        height, width, channels = self.network.input_shape[1:]
        return height, width, channels

    def targets(
        self, pictures: Inputs8, labels: NDArray[np.int64], look_up: Callable[[], None] = lambda: None
    ) -> NDArray[np.float32]:
        """Rows of label and softened answer, float32 `(N, 1 + classes)`, to pictures `(N, H, W, C)` with labels `(N,)`.

        `look_up` is called every now and then, and ends it by an exception.
        """
        said = []
        for start in range(0, len(pictures), BATCH):
            look_up()
            part = pictures[start : start + BATCH].astype(np.float32) / np.float32(255)
            said.append(np.asarray(self.network.predict_on_batch(part), np.float32))
        return np.concatenate([labels[:, None], tempered(np.concatenate(said), self.temperature)], axis=1).astype(np.float32)

    def finished(self, pictures: Inputs8, shape: tuple[int, int, int]) -> Inputs8:
        """The pictures that the teacher looked at, as the network of input `shape` (H, W, C) reads them."""
        if not self.after.steps:
            return pictures
        return stacked(run_many(self.after, pictures[..., 0] if pictures.shape[-1] == 1 else pictures), shape)


def untaught_steps(teacher: Manifest, shape: tuple[int, int, int], labels: tuple[str, ...], pipeline: Pipeline) -> int:
    """How many of the last steps of `pipeline` follow on what the `teacher` looks at; they are always taken, and not by chance.

    InputError where it never looks at what these steps make, or does not know these `labels`. `shape`: what `pipeline` makes.
    """
    theirs = Pipeline.from_dict(teacher.pipeline)
    steps, last = pipeline.steps, len(pipeline.steps)
    while teacher.labels == labels:
        if Pipeline(steps[:last]).always.hash == theirs.hash:
            return len(steps) - last
        if not last or steps[last - 1].when == "train" or steps[last - 1].is_random:
            break
        last -= 1
    compared = (
        ("labels", ", ".join(labels), ", ".join(teacher.labels)),
        ("input", str(shape), str(teacher.input_shape)),
        ("pipeline", pipeline.always.hash[:12], theirs.hash[:12]),
    )
    what, expected, received = next(row for row in compared if row[1] != row[2])
    fix = None if what == "labels" else "Begin the pipeline with the teacher's steps, or leave out --pipeline."
    raise InputError(f"{teacher.name!r} cannot teach: it has another {what}", expected=expected, received=received, fix=fix)


def open_teacher(bundle: Path, recipe: Recipe, labels: tuple[str, ...], pipeline: Pipeline, shape: tuple[int, int, int]) -> Teacher:
    """The network of a bundle as a teacher, in the recipe's precision, of a network that reads what `pipeline` makes.

    InputError as `untaught_steps` says, and what `load_network` raises.
    """
    manifest = load_manifest(bundle)
    cut = len(pipeline.steps) - untaught_steps(manifest, shape, labels, pipeline)
    check_backend()
    load_keras()
    with dtype_policy(recipe):
        network = load_network(bundle)
    before, after = Pipeline(pipeline.steps[:cut]), Pipeline(pipeline.steps[cut:])
    return Teacher(network, recipe.distill_temperature, before, after, manifest.files["weights.safetensors"].sha256)
