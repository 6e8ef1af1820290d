"""For each operation, an answer that is known from elsewhere: worked out by hand, or by another library."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as Pillow

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


def test_to_gray_weighs_as_pillow_does() -> None:
    assert np.abs(sl.to_gray(RGB).astype(int) - np.asarray(Pillow.fromarray(RGB).convert("L"))).max() <= 1


def test_to_gray_lays_transparency_on_its_backdrop() -> None:
    clear = np.zeros((2, 2, 4), np.uint8)
    assert sl.to_gray(clear).tolist() == [[255, 255]] * 2
    assert sl.to_gray(clear, backdrop="black").tolist() == [[0, 0]] * 2


def test_to_rgb_lays_transparency_on_white_as_pillow_does() -> None:
    ground = Pillow.new("RGBA", (30, 20), "white")
    expected = np.asarray(Pillow.alpha_composite(ground, Pillow.fromarray(RGBA)).convert("RGB")).astype(int)
    assert np.abs(sl.to_rgb(RGBA).astype(int) - expected).max() <= 1
    assert np.array_equal(sl.to_rgb(GRAY)[..., 2], GRAY)


def test_to_depth8_takes_the_ends_to_the_ends() -> None:
    assert sl.to_depth8(np.array([[0, 128, 129, 65535]], np.uint16)).tolist() == [[0, 0, 1, 255]]
    assert sl.to_depth8(np.array([[0, 0.5, 1]], np.float32)).tolist() == [[0, 128, 255]]


def test_invert_subtracts_from_white_and_spares_alpha() -> None:
    inverted = sl.invert(RGBA)
    assert np.array_equal(inverted[..., :3], 255 - RGBA[..., :3])
    assert np.array_equal(inverted[..., 3], RGBA[..., 3])
    assert sl.invert(np.array([[1]], np.uint16)).tolist() == [[65534]]
    assert sl.invert(np.array([[0.25]], np.float32)).tolist() == [[0.75]]


def test_match_polarity_turns_ink_on_paper_into_light_on_dark() -> None:
    paper = np.full((9, 9), 230, np.uint8)
    paper[3:6, 3:6] = 20
    turned = sl.match_polarity(paper)
    assert (turned[0, 0], turned[4, 4]) == (25, 235)
    assert np.array_equal(sl.match_polarity(turned), turned)
    assert np.array_equal(sl.match_polarity(turned, background="light"), paper)
