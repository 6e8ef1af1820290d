"""The steps of an epoch: our own loop on TensorFlow against Keras's `fit`."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from sightline.training.steps import CROSS_ENTROPY, make_steps

from .stepping import CASES, LABELS, PICTURES, FitSteps, assert_same_epochs, keras, plain, small, variables

from sightline.training.side_by_side import PartedSteps, _parts  # isort: skip # loads TensorFlow, after Keras has done so quietly


@pytest.mark.parametrize("parts", [1, 2, 3])
@pytest.mark.parametrize("case", CASES)
def test_an_epoch_in_parts_is_the_epoch_of_keras(parts: int, case: str) -> None:
    """75 pictures in batches of 16 leave 11 for the last step, which 2 and 3 do not divide."""
    ours, theirs = (small(CASES[case][0]) for _ in range(2))
    told = assert_same_epochs(PartedSteps(ours, plain(parts=parts)), FitSteps(theirs, plain()), case)
    assert [step for step, _, _ in told] == [2, 4, 5, 2, 4, 5]


def test_batch_normalization_sees_each_part_by_itself() -> None:
    """The oracle are two small batches of Keras's, whose statistics follow one after the other."""
    ours, theirs = (small(CROSS_ENTROPY, norm=True) for _ in range(2))
    PartedSteps(ours, plain(32, parts=2)).epoch(PICTURES[:32], LABELS[:32], None, lambda *_: None)
    conv, norm = theirs.layers[-1].get_layer("conv"), ours.layers[-1].get_layer("norm")
    first, second = (conv(PICTURES[rows] / np.float32(255)) for rows in (slice(16), slice(16, 32)))
    means = [keras.ops.convert_to_numpy(keras.ops.mean(x, (0, 1, 2))) for x in (first, second)]
    assert np.allclose(norm.moving_mean.numpy(), 0.25 * means[0] + 0.5 * means[1], atol=1e-5)


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
    ours, theirs = (small(CROSS_ENTROPY) for _ in range(2))
    found = PartedSteps(ours, plain(parts=2)).epoch(PICTURES[:17], LABELS[:17], None, lambda *_: None)
    assert found == pytest.approx(FitSteps(theirs, plain()).epoch(PICTURES[:17], LABELS[:17], None, lambda *_: None), abs=1e-5)
    for one, other in zip(variables(ours), variables(theirs), strict=True):
        assert np.allclose(one, other, atol=2e-5)


def test_tensorflow_is_stepped_by_our_loop() -> None:
    assert isinstance(make_steps(small(CROSS_ENTROPY), plain(parts=2)), PartedSteps)


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
