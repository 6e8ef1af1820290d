"""Learning from a larger network: its answers to the very pictures that are trained on, beside the labels.

Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network" (2015). The teacher sees each picture as it is
augmented, and so says what can still be told of it (Beyer et al., "Knowledge distillation: A good teacher is patient and
consistent", 2022).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import load_manifest, load_network
from sightline.errors import InputError
from sightline.pipeline import Pipeline
from sightline.tempering import tempered
from sightline.training.backend import dtype_policy, load_keras
from sightline.training.config import Recipe
from sightline.training.feed import Inputs8

if TYPE_CHECKING:
    import keras

__all__ = ["Teacher", "check_teacher", "open_teacher"]

BATCH = 500


@dataclass(frozen=True, eq=False)
class Teacher:
    """A finished network whose answers are softened by `temperature`."""

    network: keras.Model
    temperature: float

    def targets(self, pictures: Inputs8, labels: NDArray[np.int64]) -> NDArray[np.float32]:
        """Rows of label and softened answer, float32 `(N, 1 + classes)`, to pictures `(N, H, W, C)` with labels `(N,)`."""
        starts = range(0, len(pictures), BATCH)
        parts = (pictures[start : start + BATCH].astype(np.float32) / np.float32(255) for start in starts)
        said = np.concatenate([np.asarray(self.network.predict_on_batch(part), np.float32) for part in parts])
        return np.concatenate([labels[:, None], tempered(said, self.temperature)], axis=1).astype(np.float32)


def check_teacher(bundle: Path, shape: tuple[int, int, int], labels: tuple[str, ...], pipeline: Pipeline) -> None:
    """Refuse a bundle that cannot judge the pictures of `shape` that `pipeline` makes, by these `labels`: InputError."""
    manifest = load_manifest(bundle)
    for what, theirs, ours in (
        ("labels", ", ".join(manifest.labels), ", ".join(labels)),
        ("input", str(manifest.input_shape), str(shape)),
        ("pipeline", Pipeline.from_dict(manifest.pipeline).hash[:12], pipeline.always.hash[:12]),
    ):
        if theirs != ours:
            side = max(manifest.input_shape[:2])
            fix = (
                None
                if what == "labels"
                else f"Train the teacher on the same steps (--pipeline, --size), or this one with --size {side}."
            )
            raise InputError(f"{manifest.name!r} cannot teach: it has another {what}", expected=ours, received=theirs, fix=fix)


def open_teacher(bundle: Path, recipe: Recipe) -> Teacher:
    """The network of a bundle as a teacher, in the recipe's precision; what `load_network` raises."""
    load_keras()
    with dtype_policy(recipe):
        network = load_network(bundle)
    return Teacher(network, recipe.distill_temperature)
