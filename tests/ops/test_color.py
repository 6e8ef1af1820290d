"""Known answers for the operations of this group: worked out by hand, or by another library."""

from __future__ import annotations

import numpy as np
from PIL import Image as Pillow

import sightline as sl

RNG = np.random.default_rng(1)
GRAY = RNG.integers(0, 256, (20, 30), dtype=np.uint8)
RGB = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)
RGBA = RNG.integers(0, 256, (20, 30, 4), dtype=np.uint8)


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
