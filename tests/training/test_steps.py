"""The steps of an epoch: our own loop on TensorFlow against Keras's `fit`."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from sightline.cores import usable_cores
from sightline.training.config import FEWEST
from sightline.training.steps import CROSS_ENTROPY, make_steps

from .stepping import CASES, LABELS, PICTURES, FitSteps, assert_same_epochs, compiled, keras, plain, small, variables

from sightline.training.side_by_side import PartedSteps, _rows  # isort: skip # loads TensorFlow, after Keras has done so quietly


@pytest.mark.parametrize(
    ("batch", "parts", "expected"), [(16, 1, [2, 4, 5]), (16, 2, [2, 4, 5]), (58, 2, [2]), (50, 3, [2]), (50, 6, [1, 2])]
)
@pytest.mark.parametrize("case", CASES)
def test_an_epoch_in_parts_is_the_epoch_of_keras(batch: int, parts: int, expected: list[int], case: str) -> None:
    """Of 75 pictures 11, 17 or 25 are left for the last step; 2 and 3 parts of these or of the others are not equal."""
    ours, theirs = (small(CASES[case][0]) for _ in range(2))
    told = assert_same_epochs(PartedSteps(ours, plain(batch, parts=parts)), FitSteps(theirs, plain(batch)), case)
    assert [step for step, _, _ in told] == 2 * expected


def test_batch_normalization_sees_each_part_by_itself() -> None:
    """The oracle are two small batches of Keras's, whose statistics follow one after the other."""
    ours, theirs = (small(CROSS_ENTROPY, norm=True) for _ in range(2))
    PartedSteps(ours, plain(32, parts=2)).epoch(PICTURES[:32], LABELS[:32], None, lambda *_: None)
    conv, norm = theirs.layers[-1].get_layer("conv"), ours.layers[-1].get_layer("norm")
    first, second = (conv(PICTURES[rows] / np.float32(255)) for rows in (slice(16), slice(16, 32)))
    means = [keras.ops.convert_to_numpy(keras.ops.mean(x, (0, 1, 2))) for x in (first, second)]
    assert np.allclose(norm.moving_mean.numpy(), 0.25 * means[0] + 0.5 * means[1], atol=1e-5)


@pytest.mark.parametrize(("count", "parts"), [(1, 1), (16, 2), (25, 3), (128, 5)])
def test_every_picture_is_in_one_part(count: int, parts: int) -> None:
    sides = [(int(part.start), int(part.stop)) for part in _rows(keras.ops.convert_to_tensor(count), parts)]
    assert [row for start, stop in sides for row in range(start, stop)] == list(range(count))
    assert {stop - start for start, stop in sides} <= {count // parts, count // parts + 1}


@pytest.mark.parametrize("count", [1, 2, 7, 15, 2 * 32 + 5])
def test_few_pictures_are_one_part(count: int) -> None:
    """Batch normalization of a part of one picture, on a map of one pixel, would forget the picture."""
    ours, theirs = (small(CROSS_ENTROPY, norm=True) for _ in range(2))
    taken = [(PICTURES[rows], LABELS[rows]) for rows in (slice(start, min(start + 32, count)) for start in range(0, count, 32))]
    PartedSteps(ours, plain(32, parts=2)).epoch(PICTURES[:count], LABELS[:count], None, lambda *_: None)
    for pictures, labels in taken:
        parts = 2 if len(labels) >= 2 * FEWEST else 1
        PartedSteps(theirs, plain(len(labels), parts=parts)).epoch(pictures, labels, None, lambda *_: None)
    for one, other in zip(variables(ours), variables(theirs), strict=True):
        assert np.array_equal(one, other)


def test_what_nothing_depends_on_is_left_as_it_is() -> None:
    picture = keras.Input((8, 8, 1))
    seen = keras.layers.Dense(3, name="seen")(keras.layers.Flatten()(picture))
    unseen = keras.ops.stop_gradient(keras.layers.Dense(3, name="unseen")(keras.layers.Flatten()(picture)))
    network = keras.Model(picture, keras.layers.Softmax()(seen + unseen))
    before = [weight.numpy() for weight in network.weights]
    with pytest.warns(UserWarning, match="Gradients do not exist"):
        PartedSteps(compiled(network, CROSS_ENTROPY), plain(32, parts=2)).epoch(PICTURES, LABELS, None, lambda *_: None)
    changed = {weight.path: not np.array_equal(weight.numpy(), old) for weight, old in zip(network.weights, before, strict=True)}
    assert {path: path.startswith("seen/") for path in changed} == changed


def test_a_last_batch_of_one_picture_counts_once() -> None:
    ours, theirs = (small(CROSS_ENTROPY) for _ in range(2))
    found = PartedSteps(ours, plain(parts=2)).epoch(PICTURES[:17], LABELS[:17], None, lambda *_: None)
    assert found == pytest.approx(FitSteps(theirs, plain()).epoch(PICTURES[:17], LABELS[:17], None, lambda *_: None), abs=1e-5)
    for one, other in zip(variables(ours), variables(theirs), strict=True):
        assert np.allclose(one, other, atol=2e-5)


def test_tensorflow_is_stepped_by_our_loop() -> None:
    assert isinstance(make_steps(small(CROSS_ENTROPY), plain(parts=2)), PartedSteps)


@pytest.mark.parametrize(("before", "expected"), [("", 1 if usable_cores() == 2 else 0), ("3", 0)])
def test_on_two_cores_an_operation_has_one_unless_told_otherwise(before: str, expected: int) -> None:
    """0 is what TensorFlow says where the environment decides."""
    code = (
        "from sightline.training.backend import load_keras; load_keras(); import tensorflow as tf; "
        "print(tf.config.threading.get_intra_op_parallelism_threads())"
    )
    environment = {name: value for name, value in os.environ.items() if name != "TF_NUM_INTRAOP_THREADS"}
    settings = {**environment, **({"TF_NUM_INTRAOP_THREADS": before} if before else {})}
    ran = subprocess.run([sys.executable, "-c", code], env=settings, capture_output=True, text=True, check=True)
    assert int(ran.stdout) == expected
