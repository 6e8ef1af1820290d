"""What the tests of steps share: Keras's own `fit` as their oracle, a small network on any backend, and pictures of noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sightline.training.backend import load_keras
from sightline.training.checkpoint import arrays_of
from sightline.training.config import PRESETS, Recipe
from sightline.training.parts import smoothed_crossentropy, taught, taught_crossentropy
from sightline.training.steps import CROSS_ENTROPY, After, Steps

keras = load_keras()

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (75, 8, 8, 1), np.uint8)
LABELS = RNG.integers(0, 3, 75)
SOFT = np.concatenate([LABELS[:, None], RNG.dirichlet(np.ones(3), 75)], axis=1).astype(np.float32)
WEIGHTS = np.where(LABELS == 1, 2, 0.5).astype(np.float32)
CASES: dict[str, tuple[Any, Any, Any]] = {
    "labels": (CROSS_ENTROPY, LABELS, None),
    "weights": (CROSS_ENTROPY, LABELS, WEIGHTS),
    "soft": (taught_crossentropy(0.8, 2.0, 0.1), SOFT, None),
    "smoothed": (smoothed_crossentropy(0.2), LABELS, None),
}
"""Losses with the targets and weights that they are tried on."""


@dataclass
class FitSteps(Steps):
    """Keras's own `fit`, which takes a batch as a whole."""

    def epoch(self, pictures: Any, targets: Any, weights: Any, after: After) -> tuple[float, float]:
        fitted = self.model.fit(
            pictures, targets, sample_weight=weights, batch_size=self.recipe.batch_size, shuffle=False, verbose=0
        ).history
        last = {name: values[-1] for name, values in fitted.items()}
        return last.get(CROSS_ENTROPY, last["loss"]), last["accuracy"]


def compiled(network: Any, loss: Any, optimizer: Any = None) -> Any:
    """The network behind a conversion from uint8, as `Trainer` compiles it."""
    pixels = keras.Input(network.input_shape[1:], dtype="uint8")
    model = keras.Model(pixels, network(keras.layers.Rescaling(1 / 255, dtype="float32")(pixels)))
    measures = {"accuracy": keras.metrics.sparse_categorical_accuracy, CROSS_ENTROPY: keras.losses.sparse_categorical_crossentropy}
    model.compile(
        optimizer or keras.optimizers.Adam(0.01), loss, metrics=[taught(measure, name) for name, measure in measures.items()]
    )
    model.optimizer.build(model.trainable_variables)
    return model


def small(loss: Any, *, norm: bool = False, dropout: float = 0.0) -> Any:
    """A compiled network of some kilobytes, the same at every call."""
    picture = keras.Input((8, 8, 1))
    # a bias before batch normalization has no slope but rounding errors, of which Adam makes steps
    x = keras.layers.Conv2D(16, 3, use_bias=not norm, name="conv")(picture)
    x = keras.layers.BatchNormalization(momentum=0.5, name="norm")(x) if norm else x
    x = keras.layers.Flatten()(keras.layers.ReLU()(x))
    x = keras.layers.Dropout(dropout, seed=1)(x) if dropout else x
    return compiled(with_fixed_weights(keras.Model(picture, keras.layers.Dense(3, activation="softmax")(x))), loss)


def with_fixed_weights(network: Any) -> Any:
    """The network with kernels that are the same at every call and on every backend; the rest is as Keras begins."""
    random = np.random.default_rng(3)
    for weight in network.trainable_weights:
        if len(weight.shape) > 1:
            weight.assign(random.normal(0, np.prod(weight.shape[:-1]) ** -0.5, weight.shape))
    return network


def plain(batch: int = 16, **values: Any) -> Recipe:
    """A recipe of two steps between returns to Python."""
    return PRESETS.get("plain").model_copy(update={"batch_size": batch, "steps_per_execution": 2, **values})


def assert_same_epochs(ours: Steps, theirs: Steps, case: str, pictures: Any = PICTURES) -> list[tuple[int, float, float]]:
    """Two epochs of either give the same figures and the same variables; what ours told `after` in the meantime."""
    _, targets, weights = CASES[case]
    targets, weights = targets[: len(pictures)], None if weights is None else weights[: len(pictures)]
    told: list[tuple[int, float, float]] = []
    for _ in range(2):
        found = ours.epoch(pictures, targets, weights, lambda *row: told.append(row))
        assert np.allclose(found, theirs.epoch(pictures, targets, weights, lambda *_: None), atol=1e-5)
        assert told[-1][1:] == found
    for one, other in zip(variables(ours.model), variables(theirs.model), strict=True):
        assert np.allclose(one, other, atol=2e-5)
    return told


def variables(model: Any) -> list[Any]:
    """Copies of everything a step changes."""
    return arrays_of([*model.variables, *model.optimizer.variables])
