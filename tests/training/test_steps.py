"""The steps of an epoch: our own loop on TensorFlow against Keras's `fit`."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from sightline.training.backend import load_keras
from sightline.training.config import PRESETS
from sightline.training.parts import smoothed_crossentropy, taught, taught_crossentropy
from sightline.training.steps import CROSS_ENTROPY, FitSteps, make_steps

keras = load_keras()
from sightline.training.side_by_side import PartedSteps, _parts  # noqa: E402

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (75, 8, 8, 1), np.uint8)
LABELS = RNG.integers(0, 3, 75)
SOFT = np.concatenate([LABELS[:, None], RNG.dirichlet(np.ones(3), 75)], axis=1).astype(np.float32)
WEIGHTS = np.where(LABELS == 1, 2, 0.5).astype(np.float32)


def network(loss: Any, *, norm: bool = False) -> Any:
    """A compiled network of some kilobytes, the same at every call."""
    keras.utils.set_random_seed(3)
    pixels = keras.Input((8, 8, 1), dtype="uint8")
    x = keras.layers.Conv2D(16, 3)(keras.layers.Rescaling(1 / 255)(pixels))
    x = keras.layers.BatchNormalization(momentum=0.5)(x) if norm else x
    x = keras.layers.Dense(3, activation="softmax")(keras.layers.Flatten()(keras.layers.ReLU()(x)))
    model = keras.Model(pixels, x)
    measures = {"accuracy": keras.metrics.sparse_categorical_accuracy, CROSS_ENTROPY: keras.losses.sparse_categorical_crossentropy}
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=[taught(measure, name) for name, measure in measures.items()])
    model.optimizer.build(model.trainable_variables)
    return model


def recipe(parts: int, batch: int = 16) -> Any:
    return PRESETS.get("plain").model_copy(update={"batch_size": batch, "steps_per_execution": 2, "parts": parts})


@pytest.mark.parametrize("parts", [1, 2, 3])
@pytest.mark.parametrize("case", ["labels", "weights", "soft", "smoothed"])
def test_an_epoch_in_parts_is_the_epoch_of_keras(parts: int, case: str) -> None:
    """75 pictures in batches of 16 leave 11 for the last step, which 2 and 3 do not divide."""
    targets, weights = SOFT if case == "soft" else LABELS, WEIGHTS if case == "weights" else None
    loss = {"soft": taught_crossentropy(0.8, 2.0, 0.1), "smoothed": smoothed_crossentropy(0.2)}.get(case, CROSS_ENTROPY)
    ours, theirs = network(loss), network(loss)
    told: list[tuple[int, float, float]] = []
    for _ in range(2):
        found = PartedSteps(ours, recipe(parts)).epoch(PICTURES, targets, weights, lambda *row: told.append(row))
        expected = FitSteps(theirs, recipe(1)).epoch(PICTURES, targets, weights, lambda *_: None)
        assert found == pytest.approx(expected, abs=1e-5)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert np.allclose(one, other, atol=2e-5)
    assert [step for step, _, _ in told] == [2, 4, 5, 2, 4, 5]
    assert told[-1][1:] == found


def test_batch_normalization_sees_each_part_by_itself() -> None:
    """The oracle are two small batches of Keras's, whose statistics follow one after the other."""
    ours, theirs = network(CROSS_ENTROPY, norm=True), network(CROSS_ENTROPY, norm=True)
    PartedSteps(ours, recipe(2, 32)).epoch(PICTURES[:32], LABELS[:32], None, lambda *_: None)
    first, second = (theirs.layers[2](theirs.layers[1](PICTURES[rows])) for rows in (slice(16), slice(16, 32)))
    means = [keras.ops.convert_to_numpy(keras.ops.mean(x, (0, 1, 2))) for x in (first, second)]
    assert np.allclose(ours.layers[3].moving_mean.numpy(), 0.25 * means[0] + 0.5 * means[1], atol=1e-5)


@pytest.mark.parametrize(("count", "parts"), [(1, 2), (2, 3), (3, 3), (7, 2), (128, 5)])
def test_no_part_is_empty_and_no_picture_is_left_out(count: int, parts: int) -> None:
    rows = [
        list(range(count))[slice(int(part.start), int(part.stop))] for part in _parts(keras.ops.convert_to_tensor(count), parts)
    ]
    assert all(rows)
    assert sorted({row for part in rows for row in part}) == list(range(count))
    if count >= parts:
        assert sum(map(len, rows)) == count
        assert max(map(len, rows)) - min(map(len, rows)) <= 1


def test_a_last_batch_of_one_picture_counts_once() -> None:
    ours, theirs = network(CROSS_ENTROPY), network(CROSS_ENTROPY)
    found = PartedSteps(ours, recipe(2)).epoch(PICTURES[:17], LABELS[:17], None, lambda *_: None)
    assert found == pytest.approx(FitSteps(theirs, recipe(1)).epoch(PICTURES[:17], LABELS[:17], None, lambda *_: None), abs=1e-5)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert np.allclose(one, other, atol=2e-5)


def test_tensorflow_is_stepped_by_our_loop() -> None:
    assert isinstance(make_steps(network(CROSS_ENTROPY), recipe(2)), PartedSteps)


@pytest.mark.parametrize(("before", "expected"), [("", max(1, (os.cpu_count() or 1) // 2)), ("3", 0)])
def test_an_operation_has_half_of_the_cores_unless_told_otherwise(before: str, expected: int) -> None:
    """0 is what TensorFlow says where the environment decides."""
    code = (
        "from sightline.training.backend import load_keras; load_keras(); import tensorflow as tf; "
        "print(tf.config.threading.get_intra_op_parallelism_threads())"
    )
    environment = {name: value for name, value in os.environ.items() if name != "TF_NUM_INTRAOP_THREADS"}
    settings = {**environment, **({"TF_NUM_INTRAOP_THREADS": before} if before else {})}
    ran = subprocess.run([sys.executable, "-c", code], env=settings, capture_output=True, text=True, check=True)
    assert int(ran.stdout) == expected
