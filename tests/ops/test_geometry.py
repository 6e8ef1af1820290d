"""Known answers for the operations of this group: worked out by hand, or by another library."""

from __future__ import annotations

import numpy as np
import pytest

import sightline as sl

RNG = np.random.default_rng(1)
GRAY = RNG.integers(0, 256, (20, 30), dtype=np.uint8)
RGB = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)
RGBA = RNG.integers(0, 256, (20, 30, 4), dtype=np.uint8)


def test_resize_by_area_is_the_mean_of_blocks() -> None:
    blocks = GRAY.reshape(10, 2, 15, 2).mean(axis=(1, 3))
    assert np.abs(sl.resize(GRAY, width=15, height=10).astype(float) - blocks).max() <= 0.5


def test_resize_enlarges_to_nearest_neighbours_exactly() -> None:
    enlarged = sl.resize(RGB, width=90, height=60, interpolation="nearest")
    assert np.array_equal(enlarged, RGB.repeat(3, axis=0).repeat(3, axis=1))


def test_letterbox_keeps_proportions_and_fills_with_the_border_colour() -> None:
    image = np.full((10, 40), 200, np.uint8)
    image[4:6, 10:30] = 0
    boxed = sl.letterbox(image, width=20, height=20)
    assert boxed.shape == (20, 20)
    assert (boxed[:7] == 200).all()
    assert (boxed[12:] == 200).all()
    assert (boxed[9:10, 5:15] == 0).all()


@pytest.mark.parametrize(("fill", "value"), [("black", 0), ("white", 255)])
def test_letterbox_fills_with_black_or_white(fill: str, value: int) -> None:
    boxed = sl.letterbox(np.full((8, 4, 4), 9, np.uint8), width=8, height=8, fill=fill)  # type: ignore[arg-type]
    assert boxed[0, 0].tolist() == [value, value, value, 255]
    assert boxed[0, 3].tolist() == [9, 9, 9, 9]


def test_letterbox_leaves_a_picture_of_the_right_size_as_it_is() -> None:
    assert np.array_equal(sl.letterbox(GRAY, width=30, height=20), GRAY)


def test_flip_is_the_reversal_of_axes() -> None:
    assert np.array_equal(sl.flip(RGB), RGB[:, ::-1])
    assert np.array_equal(sl.flip(RGB, direction="vertical"), RGB[::-1])
    assert np.array_equal(sl.flip(RGB, direction="both"), RGB[::-1, ::-1])
