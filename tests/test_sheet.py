from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from sightline.errors import ImageError, ParameterError
from sightline.image import Image
from sightline.sheet import contact_sheet, fitted

RNG = np.random.default_rng(0)
PAPER, GROUND, HAIRLINE = (255, 255, 255), (243, 244, 246), (209, 213, 219)


def find(sheet: Image, picture: Image) -> list[tuple[int, int]]:
    """Where `picture` stands in the sheet, pixel for pixel: rows and columns of its upper left corners."""
    height, width = picture.shape[:2]
    corners = np.argwhere((sheet == picture[0, 0]).all(axis=2)).tolist()
    return [(y, x) for y, x in corners if np.array_equal(sheet[y : y + height, x : x + width], picture)]


def noise(height: int, width: int) -> Image:
    return RNG.integers(0, 200, (height, width, 3), dtype=np.uint8)


def test_a_picture_as_large_as_its_tile_stands_there_pixel_for_pixel_with_a_hairline_about_it() -> None:
    picture = noise(256, 256)
    sheet = contact_sheet([picture])
    ((y, x),) = find(sheet, picture)
    frame = sheet[y - 1 : y + 257, x - 1 : x + 257].copy()
    frame[1:-1, 1:-1] = HAIRLINE
    assert (frame == HAIRLINE).all()
    rest = sheet.copy()
    rest[y - 1 : y + 257, x - 1 : x + 257] = PAPER
    assert (rest == PAPER).all()


def test_a_small_picture_is_enlarged_so_that_each_pixel_is_a_square() -> None:
    digit = RNG.integers(0, 200, (28, 28), dtype=np.uint8)
    with Pillow.fromarray(digit) as opened:
        large = np.asarray(opened.resize((252, 252), Pillow.Resampling.NEAREST).convert("RGB"))
    assert len(find(contact_sheet([digit]), large)) == 1
    assert fitted(digit, 112).shape == (112, 112, 3)


def test_a_large_picture_is_shrunk_by_areas_and_kept_in_proportion() -> None:
    photo = np.asarray(Pillow.fromarray(noise(30, 40)).resize((1024, 768), Pillow.Resampling.BICUBIC))
    shown = fitted(photo, 256)
    assert shown.shape == (192, 256, 3)
    box = np.asarray(Pillow.fromarray(photo).resize((256, 192), Pillow.Resampling.BOX))
    assert np.abs(shown.astype(int) - box).max() <= 1


@pytest.mark.parametrize(("dtype", "most"), [(np.uint8, 255), (np.uint16, 65535), (np.float32, 1)])
def test_every_depth_is_shown_by_its_full_range(dtype: type, most: float) -> None:
    ramp: Image = np.array([[0, most / 2, most]]).astype(dtype)
    assert np.abs(fitted(ramp, 16)[0, ::5, 0].astype(int)[:3] - [0, 127, 255]).max() <= 1


def test_transparency_is_laid_on_a_checkerboard_as_pillow_lays_it() -> None:
    picture = RNG.integers(0, 256, (256, 256, 4), dtype=np.uint8)
    shown = fitted(picture, 256)
    clear = fitted(np.zeros((256, 256, 4), np.uint8), 256)
    assert {tuple(color) for color in clear.reshape(-1, 3).tolist()} == {(255, 255, 255), (228, 231, 235)}
    board = Pillow.fromarray(clear).convert("RGBA")
    oracle = np.asarray(Pillow.alpha_composite(board, Pillow.fromarray(picture)).convert("RGB"))
    assert np.abs(shown.astype(int) - oracle).max() <= 2


def test_what_is_wholly_transparent_does_not_bleed_when_a_picture_is_shrunk() -> None:
    picture = np.zeros((512, 512, 4), np.uint8)
    picture[..., 0] = 255  # red that nobody sees
    picture[:, 1::2] = (0, 0, 255, 255)
    assert int(fitted(picture, 256)[..., 0].max()) <= 130  # half of the ground's red, none of the picture's


def test_what_is_fitted_stays_as_it_is_when_fitted_again() -> None:
    for shape in ((28, 28), (1000, 700), (1, 900), (256, 256, 3), (3, 5, 4)):
        once = fitted(RNG.integers(0, 256, shape, dtype=np.uint8), 256)
        assert np.array_equal(fitted(once, 256), once)


@pytest.mark.parametrize(("count", "rows"), [(1, 1), (3, 1), (4, 1), (5, 2), (6, 2), (9, 3), (12, 3), (64, 8)])
def test_pictures_stand_in_order_in_balanced_rows(count: int, rows: int) -> None:
    pictures = [noise(32, 32) for _ in range(count)]
    sheet = contact_sheet(pictures, tile=32)
    places = [find(sheet, picture) for picture in pictures]
    assert [len(place) for place in places] == [1] * count
    found = [place[0] for place in places]
    assert found == sorted(found)
    assert len({y for y, _ in found}) == rows


def test_columns_can_be_given() -> None:
    pictures = [noise(32, 32) for _ in range(5)]
    sheet = contact_sheet(pictures, columns=2, tile=32)
    assert [find(sheet, picture)[0][1] for picture in pictures] == [find(sheet, pictures[i % 2])[0][1] for i in range(5)]
    assert contact_sheet(pictures, columns=9, tile=32).shape == contact_sheet(pictures, columns=5, tile=32).shape


LONG = "gaussian_blur(sigma=2.5, border=reflect, a name that never ends) " * 5


@pytest.mark.parametrize(
    "title", [LONG, "漢字" * 60, "שלום עולם " * 20, "مرحبا " * 30, "W" * 400, "a\tb\0c\x1b[31m" * 30, "\ud800" * 90]
)
def test_a_long_title_never_leaves_its_column(title: str) -> None:
    pictures = [noise(128, 128) for _ in range(3)]
    without = contact_sheet(pictures, ["", "x", ""], tile=128)
    sheet = contact_sheet(pictures, ["", title, ""], tile=128)
    assert sheet.shape == without.shape
    different = np.argwhere((sheet != without).any(axis=2))
    (top, left), (bottom, right) = find(sheet, pictures[1])[0], different.max(axis=0)
    assert different.min(axis=0)[0] >= top + 128
    assert different.min(axis=0)[1] >= left
    assert right < left + 128
    assert bottom < sheet.shape[0] - 8


def test_different_titles_look_different_and_a_long_one_ends_in_an_ellipsis() -> None:
    picture = noise(128, 128)
    sheets = [contact_sheet([picture], [title], tile=128) for title in ("eins", "zwei", "é", "漢", "→")]
    assert all(not np.array_equal(a, b) for a, b in pairwise(sheets))
    text = [contact_sheet([picture], [title], tile=128) for title in ("a" * 300, "a" * 400)]
    assert np.array_equal(text[0], text[1])  # where it is cut, one cannot see how long it was
    narrow = text[0][-24 - 19 : -24, 24 : 24 + 128]
    (dots,) = [np.flatnonzero((narrow[:, 110:] < 200).any(axis=(0, 2)))]
    assert len(dots) > 3


def test_a_second_line_of_a_title_stands_below_the_first_in_gray() -> None:
    sheet = contact_sheet([noise(128, 128)], ["photo.jpg\n512 x 384"], tile=128)
    one = contact_sheet([noise(128, 128)], ["photo.jpg"], tile=128)
    assert sheet.shape[0] - one.shape[0] == 19
    first, second = sheet[24 + 128 + 7 :][:19], sheet[24 + 128 + 7 + 19 :][:19]
    assert int(first.min()) < int(second.min()) < 150


@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60), st.sampled_from([0, 3, 4])), min_size=1, max_size=9),
    st.integers(1, 12),
    st.integers(16, 64),
    st.text(max_size=30),
)
@settings(max_examples=60, deadline=None)
def test_any_pictures_make_a_sheet_and_stay_as_they_were(
    shapes: list[tuple[int, int, int]], columns: int, tile: int, title: str
) -> None:
    pictures: list[Image] = [np.full((h, w, c) if c else (h, w), 90, np.uint8) for h, w, c in shapes]
    sheet = contact_sheet(pictures, [title] * len(pictures), columns=columns, tile=tile)
    assert sheet.dtype == np.uint8
    assert sheet.shape[2] == 3
    assert (sheet[:8] == 255).all()
    assert (sheet[:, :8] == 255).all()
    assert all((picture == 90).all() for picture in pictures)


def test_what_does_not_fit_is_refused() -> None:
    picture = noise(8, 8)
    with pytest.raises(ParameterError, match="no pictures to show"):
        contact_sheet([])
    with pytest.raises(ParameterError, match="titles do not fit: expected 1, one a picture, received 2"):
        contact_sheet([picture], ["a", "b"])
    with pytest.raises(ParameterError, match="invalid columns"):
        contact_sheet([picture], columns=0)
    with pytest.raises(ParameterError, match="invalid tile"):
        contact_sheet([picture], tile=1)
    with pytest.raises(ParameterError, match="invalid title: expected a string, received int"):
        contact_sheet([picture], [3])  # type: ignore[list-item]
    with pytest.raises(ImageError, match="picture 2 has the wrong dtype"):
        contact_sheet([picture, picture.astype(np.int64)])
    with pytest.raises(ImageError, match="picture 1 has values outside its range"):
        contact_sheet([np.full((4, 4), np.nan, np.float32)])
    with pytest.raises(ParameterError, match="the sheet would be too large"):
        contact_sheet([picture] * 200, tile=2048)
