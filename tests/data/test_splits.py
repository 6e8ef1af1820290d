"""Setting pictures aside: exact, in every class, the same everywhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.data.splits import proportional, stratified
from sightline.errors import ParameterError


@given(
    labels=st.lists(st.integers(0, 6), min_size=1, max_size=200),
    fraction=st.floats(0.01, 0.99),
    seed=st.integers(0, 2**32),
)
def test_every_picture_is_on_one_side_and_every_class_on_both(labels: list[int], fraction: float, seed: int) -> None:
    array = np.array(labels, np.int64)
    rest, held_out = stratified(array, fraction, seed)
    assert sorted([*rest, *held_out]) == list(range(len(labels)))
    assert np.all(np.diff(rest) > 0)
    assert np.all(np.diff(held_out) > 0)
    for value in set(labels):
        count = labels.count(value)
        held = int((array[held_out] == value).sum())
        assert held == 0 if count == 1 else 1 <= held < count
        if count > 1:
            assert abs(held - count * fraction) <= 1


def test_the_share_is_that_of_the_whole() -> None:
    labels = np.repeat(np.arange(10), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])  # MNIST's classes
    _, held_out = stratified(labels, 0.1, 0)
    assert len(held_out) == 6000
    assert np.bincount(labels[held_out]).tolist() == [592, 674, 596, 613, 584, 542, 592, 627, 585, 595]


def test_the_choice_is_written_down() -> None:
    """The very indices, so that another version of NumPy or of this code cannot move a picture from one split to another."""
    labels = np.arange(40) % 4
    assert stratified(labels, 0.2, 0)[1].tolist() == [2, 3, 11, 13, 18, 20, 21, 32]
    assert stratified(labels, 0.2, 1)[1].tolist() == [2, 9, 16, 18, 21, 31, 36, 39]


def test_the_choice_does_not_favour_a_place() -> None:
    labels = np.zeros(200, np.int64)
    chosen = np.zeros(200)
    for seed in range(400):
        chosen[stratified(labels, 0.25, seed)[1]] += 1
    # 400 draws with p = 1/4: mean 100, standard deviation 8.7; five of them is one chance in 10^6 for a picture
    assert np.abs(chosen - 100).max() < 5 * np.sqrt(400 * 0.25 * 0.75)


@given(labels=st.lists(st.integers(0, 6), min_size=1, max_size=200), data=st.data(), seed=st.integers(0, 2**32))
def test_as_many_are_drawn_as_asked_for(labels: list[int], data: st.DataObject, seed: int) -> None:
    count = data.draw(st.integers(1, len(labels)))
    array = np.array(labels, np.int64)
    drawn = proportional(array, count, seed)
    assert len(drawn) == count
    assert np.all(np.diff(drawn) > 0)
    assert np.array_equal(drawn, proportional(array, count, seed))
    for value in set(labels):
        assert abs(int((array[drawn] == value).sum()) - labels.count(value) * count / len(labels)) < 1


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_a_share_that_is_none_is_refused(fraction: float) -> None:
    with pytest.raises(ParameterError, match="fraction"):
        stratified(np.zeros(10, np.int64), fraction, 0)
