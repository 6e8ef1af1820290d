from __future__ import annotations

import numpy as np
import pytest

from sightline.training.config import Recipe
from sightline.training.feed import Feed

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(1, 256, (40, 12, 10, 1), dtype=np.uint8)  # no zeros: a shift shows
LABELS = np.arange(40, dtype=np.int64)


def epochs(recipe: Recipe, *numbers: int, seed: int = 3) -> list[np.ndarray]:
    """The pictures of the epochs, each back in its own place: labels are the places."""
    feed = Feed(PICTURES, LABELS, recipe, seed)
    result = []
    for number in numbers:
        pictures, labels = feed.epoch(number)
        back = np.empty_like(pictures)
        back[labels] = pictures
        result.append(back)
    return result


def test_without_augmentation_an_epoch_is_the_pictures_in_another_order() -> None:
    before = PICTURES.copy()
    (first, second) = epochs(Recipe(), 0, 1)
    assert np.array_equal(first, PICTURES)
    assert np.array_equal(second, PICTURES)
    assert np.array_equal(PICTURES, before)
    orders = [Feed(PICTURES, LABELS, Recipe(), 3).epoch(number)[1].tolist() for number in (0, 1)]
    assert orders[0] != orders[1] != list(range(40))


def test_an_epoch_is_a_function_of_seed_and_number_alone() -> None:
    recipe = Recipe(flip="horizontal", shift=2, shift_share=1, turn=9, zoom=0.1, erase=0.5)
    alone = Feed(PICTURES, LABELS, recipe, 3).epoch(5)
    feed = Feed(PICTURES, LABELS, recipe, 3)
    for number in range(5):
        feed.epoch(number)
    again = feed.epoch(5)
    assert np.array_equal(alone[0], again[0])
    assert np.array_equal(alone[1], again[1])
    assert not np.array_equal(alone[0], Feed(PICTURES, LABELS, recipe, 4).epoch(5)[0])


def test_flips_alternate_so_that_two_epochs_show_both_sides_of_each() -> None:
    first, second, third = epochs(Recipe(flip="horizontal"), 0, 1, 2)
    mirrored = PICTURES[:, :, ::-1]
    flipped = [(first[i] == mirrored[i]).all() for i in range(40)]
    assert 5 < sum(flipped) < 35
    for i in range(40):
        assert np.array_equal(first[i], mirrored[i] if flipped[i] else PICTURES[i])
        assert np.array_equal(second[i], PICTURES[i] if flipped[i] else mirrored[i])
    assert np.array_equal(first, third)


def test_a_shift_moves_whole_pictures_by_at_most_its_reach() -> None:
    (shifted,) = epochs(Recipe(shift=2, shift_share=1), 0)
    seen = set()
    for i in range(40):
        found = [
            (dy, dx)
            for dy in range(-2, 3)
            for dx in range(-2, 3)
            if np.array_equal(shifted[i], np.pad(PICTURES[i], ((2, 2), (2, 2), (0, 0)))[2 + dy : 14 + dy, 2 + dx : 12 + dx])
        ]
        assert len(found) == 1
        seen.add(found[0])
    assert len(seen) > 10


def test_a_share_of_the_pictures_stays_where_it_is() -> None:
    (shifted,) = epochs(Recipe(shift=2, shift_share=0.5), 0)
    same = sum(np.array_equal(shifted[i], PICTURES[i]) for i in range(40))
    assert 12 <= same <= 30
    assert np.array_equal(epochs(Recipe(shift=2, shift_share=0.0), 0)[0], PICTURES)


def test_a_turn_is_about_the_centre_and_within_its_reach() -> None:
    bar = np.zeros((30, 21, 21, 1), np.uint8)
    bar[:, 9:12, 2:19] = 255  # lies along the middle row
    turned, _ = Feed(bar, np.arange(30, dtype=np.int64), Recipe(turn=10), 3).epoch(0)
    angles = []
    for picture in turned[..., 0].astype(float):
        assert picture.sum() == pytest.approx(bar[0].sum(), rel=0.05)
        assert picture[10, 10] > 250
        y, x = np.mgrid[-10:11, -10:11]
        angles.append(np.degrees(np.arctan2((picture * x * y).sum(), (picture * x * x).sum())))
    assert 5 < np.abs(angles).max() < 11
    assert len(np.unique(np.round(angles, 1))) > 15


def test_a_zoom_changes_the_size_about_the_centre() -> None:
    square = np.zeros((30, 21, 21, 1), np.uint8)
    square[:, 6:15, 6:15] = 255
    zoomed, _ = Feed(square, np.arange(30, dtype=np.int64), Recipe(zoom=0.3), 3).epoch(0)
    sides = np.sqrt(zoomed.astype(float).sum(axis=(1, 2, 3)) / 255)
    assert 9 * 0.68 < sides.min() < 8
    assert 10 < sides.max() < 9 * 1.32


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_erasing_puts_one_gray_rectangle_into_a_share_of_the_pictures(share: float) -> None:
    (erased,) = epochs(Recipe(erase=share), 0)
    hit = 0
    for i in range(40):
        changed = np.argwhere(erased[i, :, :, 0] != PICTURES[i, :, :, 0])
        if len(changed):
            hit += 1
            (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0)
            assert bottom - top < 12 * 2 // 7
            assert right - left < 10 * 2 // 7
            assert len({int(erased[i, y, x, 0]) for y, x in changed}) == 1
    assert abs(hit / 40 - share) < 0.25
