"""Known answers for drawing: areas by formula, Pillow, scikit-image, and pictures that were looked at.

The pictures in `golden` are renewed by `SIGHTLINE_GOLDEN=1 python -m pytest tests/ops/test_draw.py -k golden`; look at them then.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.draw
from PIL import Image as PillowImage
from PIL import ImageDraw

import sightline as sl
from sightline.errors import ParameterError
from sightline.image import Image
from sightline.ops import NO_FILES, OPS

GOLDEN = Path(__file__).parent / "golden"
DTYPES = [("uint8", 255), ("uint16", 65535), ("float32", 1)]
FULL = pytest.mark.parametrize(("dtype", "full"), DTYPES)
BLANK = np.zeros((120, 160), np.float32)  # drawn on in white, the sum of a picture is the area that is covered
WHITE: Any = {"color": "white"}


def box_of(image: Image) -> tuple[int, int, int, int]:
    """First and last column and row that are not black."""
    rows, columns = np.nonzero(image > 0.1 * image.max())
    return int(columns.min()), int(columns.max()), int(rows.min()), int(rows.max())


def golden(name: str, image: Image) -> None:
    path = GOLDEN / f"{name}.png"
    if os.environ.get("SIGHTLINE_GOLDEN"):
        PillowImage.fromarray(image).save(path, optimize=True)
    assert path.stat().st_size < 15_000
    difference = np.abs(sl.read(path).astype(int) - image)
    assert difference.max() <= 24  # a processor may round an edge otherwise
    assert difference.mean() < 0.1


def test_golden_shapes_look_as_they_did() -> None:
    page = np.full((130, 300, 3), 255, np.uint8)
    page = sl.line(page, x1=8, y1=10, x2=60, y2=25, thickness=7, opacity=0.5)
    page = sl.arrow(page, x1=8, y1=70, x2=60, y2=45, color="#0072b2")
    page = sl.rectangle(page, x=75, y=8, width=60, height=40, radius=10, thickness=4)
    page = sl.rectangle(page, x=75, y=60, width=60, height=30, radius=40, fill=True, color="navy")
    page = sl.circle(page, x=170, y=28, radius=20)
    page = sl.circle(page, x=170, y=75, radius=20, fill=True, color="#009e7380")
    page = sl.ellipse(page, x=225, y=28, axis_x=30, axis_y=14, angle=30)
    page = sl.ellipse(page, x=225, y=75, axis_x=30, axis_y=6, angle=30, thickness=12, opacity=0.6)
    page = sl.ellipse(page, x=225, y=110, axis_x=30, axis_y=16, start=30, end=200, fill=True)
    page = sl.polygon(page, points="260,10 290,40 290,10 260,40", fill=True)
    page = sl.polygon(page, points="260,60 275,50 290,60 280,80", thickness=5, opacity=0.5)
    kinds: Any = ("cross", "plus", "star", "diamond", "square", "triangle")
    for index, kind in enumerate(kinds):
        page = sl.marker(page, x=16 + 30 * index, y=114, kind=kind, size=16, thickness=2)
    golden("shapes", sl.frame(sl.grid(page, spacing=50, opacity=0.3, color="gray"), width=2, color="black"))


def test_golden_text_looks_as_it_did() -> None:
    page = np.full((102, 300, 3), 255, np.uint8)
    page = sl.text(page, text="Grüße, Ångström", x=6, y=4, size=24, color="black")
    page = sl.text(page, text="Привет, Ελλάδα", x=6, y=36, size=24)
    page = sl.text(page, text="日本語 한국어", x=6, y=68, size=24, font="uni", color="navy")
    page = sl.text(page, text="italic", x=210, y=4, size=24, font="italic", weight=700)
    page = sl.text(page, text="thin", x=210, y=36, size=24, weight=100, color="black")
    golden("text", page)
    page = np.full((80, 250, 3), 255, np.uint8)
    page = sl.text(page, text="the quick brown fox", x=6, y=6, size=16, width=90, align="center", background="gold", padding=6)
    golden(
        "text_box", sl.text(page, text="right\naligned", x=244, y=74, size=24, align="right", anchor="bottom_right", opacity=0.5)
    )


@pytest.mark.parametrize("thickness", [1, 2, 3, 8])
@pytest.mark.parametrize("end", [(110, 40), (40, 100), (110, 100), (97, 63)])
def test_line_covers_length_times_thickness_and_a_round_end_on_both_sides(thickness: int, end: tuple[int, int]) -> None:
    drawn = sl.line(BLANK, x1=40, y1=40, x2=end[0], y2=end[1], thickness=thickness, **WHITE)
    length = np.hypot(end[0] - 40, end[1] - 40)
    area = length * thickness + np.pi * thickness**2 / 4
    assert drawn.sum() == pytest.approx(area, abs=0.04 * area + 0.125 * length)  # half a sub-pixel


def test_line_without_smooth_edges_is_that_of_scikit_image() -> None:
    for x2, y2 in [(90, 10), (90, 70), (10, 90), (60, 31)]:
        drawn = sl.line(BLANK, x1=10, y1=10, x2=x2, y2=y2, thickness=1, antialiased=False, **WHITE)
        rows, columns = skimage.draw.line(10, 10, y2, x2)
        other = np.zeros_like(BLANK)
        other[rows, columns] = 1
        near = cv2.dilate(other, np.ones((3, 3), np.uint8))
        assert drawn.sum() == other.sum()
        assert (drawn <= near).all()
        assert set(np.unique(drawn)) == {0, 1}


@FULL
def test_line_mixes_by_its_opacity_in_every_dtype(dtype: str, full: float) -> None:
    for channels in (1, 3):
        shape = (20, 30) if channels == 1 else (20, 30, 3)
        ground = (np.full(shape, 0.8) * full).astype(dtype)
        drawn = sl.line(ground, x1=-5, y1=10, x2=40, y2=10, color="#ff000080", opacity=0.5, thickness=3)
        share = 0.5 * 128 / 255
        paint = np.array([0.299] if channels == 1 else [1, 0, 0]) * full
        expected = ground[0, 0].astype(float) * (1 - share) + paint * share
        assert np.abs(drawn[9:12].reshape(-1, channels) - expected).max() <= (1e-6 if full == 1 else 0.51 + full * 0.002)
        assert np.array_equal(drawn[:9], ground[:9])


@FULL
def test_circle_on_transparent_pixels_follows_porter_and_duff(dtype: str, full: float) -> None:
    ground = np.zeros((21, 21, 4), dtype)
    ground[:, 10:] = (np.array([0.2, 0.4, 0.6, 0.5]) * full).astype(dtype)
    drawn = sl.circle(ground, x=10, y=10, radius=7, fill=True, color="#ff0000", opacity=0.5).astype(float) / full
    assert drawn[10, 5] == pytest.approx([1, 0, 0, 0.5], abs=0.004)  # nothing below: the colour is pure
    alpha = 0.5 + 0.5 * 0.5
    mixed = (np.array([1, 0, 0]) * 0.5 + np.array([0.2, 0.4, 0.6]) * 0.5 * 0.5) / alpha
    assert drawn[10, 14] == pytest.approx([*mixed, alpha], abs=0.006)
    edge = drawn[(drawn[..., 3] > 0) & (np.arange(21) < 10)]
    assert (edge[:, 0] > 0.99).all()  # no dark rim where it is smooth


@pytest.mark.parametrize("radius", [3, 10, 31, 55])
def test_circle_has_the_area_of_a_disk_and_of_a_ring(radius: int) -> None:
    disk = sl.circle(BLANK, x=80, y=60, radius=radius, fill=True, **WHITE)
    assert disk.sum() == pytest.approx(np.pi * radius**2, rel=0.05 / radius**0.5)
    ring = sl.circle(BLANK, x=80, y=60, radius=radius, thickness=4, **WHITE)
    assert ring.sum() == pytest.approx(2 * np.pi * radius * 4, rel=0.02)
    other = np.zeros_like(BLANK)
    other[skimage.draw.disk((60, 80), radius + 0.01, shape=BLANK.shape)] = 1
    hard = sl.circle(BLANK, x=80, y=60, radius=radius, fill=True, antialiased=False, **WHITE)
    assert np.abs(hard - other).sum() <= 2 + 0.25 * np.pi * 2 * radius


def test_circle_far_larger_than_the_picture_cuts_it_where_the_formula_says() -> None:
    drawn = sl.circle(BLANK, x=16384, y=60, radius=16334, fill=True, **WHITE)
    assert drawn[60, 50] == pytest.approx(0.5, abs=0.26)  # its edge goes through the middle of pixel 50
    assert (drawn[60, :50] == 0).all()
    assert (drawn[60, 51:] == 1).all()
    assert not sl.circle(BLANK, x=-500, y=60, radius=100, **WHITE).any()


def test_ellipse_has_the_area_of_the_formula_at_any_angle() -> None:
    for angle in (0, 30, 90, -45):
        drawn = sl.ellipse(BLANK, x=80, y=60, axis_x=50, axis_y=20, angle=angle, fill=True, **WHITE)
        assert drawn.sum() == pytest.approx(np.pi * 50 * 20, rel=0.01)
    rows, columns = skimage.draw.ellipse(60, 80, 20, 50, shape=BLANK.shape, rotation=np.radians(30))
    drawn = sl.ellipse(BLANK, x=80, y=60, axis_x=50, axis_y=20, angle=30, fill=True, **WHITE)
    assert drawn[rows, columns].mean() > 0.97  # both turn counter-clockwise


def test_ellipse_arcs_run_counter_clockwise_from_the_right() -> None:
    quarter = sl.ellipse(BLANK, x=80, y=60, axis_x=40, axis_y=40, start=0, end=90, fill=True, **WHITE)
    assert quarter.sum() == pytest.approx(np.pi * 40**2 / 4, rel=0.03)
    assert box_of(quarter) == (80, 120, 20, 60)
    arc = sl.ellipse(BLANK, x=80, y=60, axis_x=40, axis_y=40, start=90, end=180, thickness=4, **WHITE)
    assert arc.sum() == pytest.approx(np.pi * 40 * 4 / 2, rel=0.03)
    assert box_of(arc) == (38, 80, 18, 60)


def test_rectangle_covers_exactly_its_pixels() -> None:
    filled = sl.rectangle(BLANK, x=10, y=20, width=30, height=15, fill=True, **WHITE)
    expected = np.zeros_like(BLANK)
    expected[20:35, 10:40] = 1
    assert np.array_equal(filled, expected)
    for thickness in (1, 2, 5):
        page = PillowImage.new("L", (160, 120))
        ImageDraw.Draw(page).rectangle((10, 20, 39, 34), outline=255, width=thickness)
        drawn = sl.rectangle(np.zeros((120, 160), np.uint8), x=10, y=20, width=30, height=15, thickness=thickness, **WHITE)
        assert np.array_equal(drawn, np.asarray(page))


def test_rectangle_with_round_corners_lacks_what_a_circle_leaves_of_a_square() -> None:
    drawn = sl.rectangle(BLANK, x=10, y=20, width=80, height=60, radius=16, fill=True, **WHITE)
    assert drawn.sum() == pytest.approx(80 * 60 - (4 - np.pi) * 16**2, rel=0.003)
    ring = sl.rectangle(BLANK, x=10, y=20, width=80, height=60, radius=16, thickness=6, **WHITE)
    inner = 68 * 48 - (4 - np.pi) * 10**2
    assert ring.sum() == pytest.approx(drawn.sum() - inner, rel=0.01)
    assert box_of(ring) == (10, 89, 20, 79)


def test_polygon_has_the_area_of_the_formula_and_skips_what_is_surrounded_twice() -> None:
    triangle = np.array([[20.5, 10.25], [140.0, 30.0], [60.0, 110.75]])
    x, y = triangle.T
    area = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    sides = np.hypot(*(triangle - np.roll(triangle, 1, axis=0)).T).sum()
    drawn = sl.polygon(BLANK, points=triangle, fill=True, **WHITE)
    assert area - 1 <= drawn.sum() <= area + sides * 0.15  # an eighth of a pixel wider at most
    bow = sl.polygon(BLANK, points=((10, 10), (90, 90), (90, 10), (10, 90)), fill=True, **WHITE)
    assert bow[50, 20] == bow[50, 80] == 1
    assert bow[20, 50] == bow[80, 50] == 0


def test_polygon_is_closed_or_open() -> None:
    corners = ((20, 20), (100, 20), (100, 80))
    closed = sl.polygon(BLANK, points=corners, thickness=3, **WHITE)
    left_open = sl.polygon(BLANK, points=corners, closed=False, thickness=3, **WHITE)
    assert closed[50, 60] == 1
    assert left_open[50, 60] == 0
    assert left_open.sum() == pytest.approx(3 * (80 + 60), rel=0.04)


def test_polygon_takes_places_a_million_pixels_away() -> None:
    drawn = sl.polygon(BLANK, points=((-1e6, -1e6), (1e6, -1e6), (1e6, 50), (-1e6, 50)), fill=True, **WHITE)
    assert (drawn[:50] == 1).all()
    assert (drawn[51:] == 0).all()


def test_polygon_refuses_too_few_points() -> None:
    with pytest.raises(ParameterError, match="too few points for polygon: expected at least 3"):
        sl.polygon(BLANK, points=((1, 1), (2, 2)), fill=True)
    with pytest.raises(ParameterError, match="too few points for polygon: expected at least 1"):
        sl.polygon(BLANK, points=())


def test_arrow_ends_in_two_barbs_of_thirty_degrees() -> None:
    drawn = sl.arrow(BLANK, x1=20, y1=60, x2=120, y2=60, head=40, thickness=1, **WHITE)
    half = 40 * np.sin(np.radians(30))
    assert box_of(drawn) == (20, 120, 60 - half, 60 + half)
    back = 120 - 40 * np.cos(np.radians(30))
    assert drawn[round(60 - half), round(back)] > 0.5
    assert np.abs(drawn - drawn[::-1][[*range(119, 120), *range(119)]]).mean() < 0.002  # the same above as below


@pytest.mark.parametrize(
    ("kind", "length"), [("plus", 80), ("cross", 113.1), ("diamond", 113.1), ("square", 160), ("triangle", 129.4)]
)
def test_marker_has_the_length_of_its_strokes_and_its_size(kind: Any, length: float) -> None:
    drawn = sl.marker(BLANK, x=80, y=60, kind=kind, size=40, thickness=3, **WHITE)
    assert drawn.sum() == pytest.approx(3 * length, rel=0.06)
    assert box_of(drawn) == (59, 101, 39, 81)


def test_marker_star_is_a_plus_and_a_smaller_cross() -> None:
    kinds: Any = (("star", 40), ("plus", 40), ("cross", 28))
    star, plus, cross = (
        sl.marker(BLANK, x=80, y=60, kind=kind, size=size, thickness=1, antialiased=False, **WHITE) for kind, size in kinds
    )
    assert np.array_equal(star, np.maximum(plus, cross))


@FULL
def test_grid_lies_on_the_multiples_of_its_spacing(dtype: str, full: float) -> None:
    ground = np.zeros((20, 31, 3), dtype)
    drawn = sl.grid(ground, spacing=8, thickness=3, color="white")
    rows, columns = np.indices((20, 31))
    near = [np.minimum(place % 8, 8 - place % 8) <= 1 for place in (rows, columns)]
    assert np.array_equal(drawn, np.where((near[0] | near[1])[..., None], full, 0).astype(dtype).repeat(3, axis=2))
    half = sl.grid(ground, spacing=8, color="white", opacity=0.5)
    assert half[0, 0, 0] == pytest.approx(full / 2, abs=0.51)


@FULL
def test_overlay_is_over_of_porter_and_duff_and_is_cut_at_the_edge(dtype: str, full: float) -> None:
    rng = np.random.default_rng(3)
    ground = (rng.random((12, 14, 3)) * full).astype(dtype)
    above = (rng.random((6, 8, 4)) * full).astype(dtype)
    drawn = sl.overlay(ground, picture=above, x=10, y=-2, opacity=0.7)
    part = above[2:, :4].astype(float)
    share = part[..., 3:] / full * 0.7
    expected = ground.astype(float)
    expected[:4, 10:] = part[..., :3] * share + expected[:4, 10:] * (1 - share)
    assert np.abs(drawn - expected).max() <= (1e-6 if full == 1 else 0.51)
    for place in ({"x": 14}, {"y": -6}, {"x": -8}, {"x": 16384}):
        assert np.array_equal(sl.overlay(ground, picture=above, **place), ground)


def test_overlay_is_brought_to_the_dtype_and_the_channels_of_the_picture() -> None:
    red = np.zeros((2, 2, 3), np.uint16)
    red[..., 0] = 65535
    assert sl.overlay(np.zeros((3, 3), np.uint8), picture=red)[0].tolist() == [76, 76, 0]
    assert sl.overlay(np.zeros((3, 3, 3), np.float32), picture=red)[0, 0].tolist() == [1, 0, 0]
    clear = sl.overlay(np.zeros((3, 3, 4), np.uint8), picture=red, opacity=0.5)
    assert clear[0, 0].tolist() == [255, 0, 0, 128]


def test_overlay_agrees_with_pillow_on_transparent_pictures() -> None:
    rng = np.random.default_rng(4)
    below, above = rng.integers(0, 256, (2, 30, 40, 4), dtype=np.uint8)
    drawn = sl.overlay(below, picture=above)
    other = np.asarray(PillowImage.alpha_composite(PillowImage.fromarray(below), PillowImage.fromarray(above)))
    assert np.abs(drawn.astype(int) - other).max() <= 1


@FULL
def test_frame_grows_the_picture_and_keeps_it_inside(dtype: str, full: float) -> None:
    ground = (np.random.default_rng(5).random((7, 9, 4)) * full).astype(dtype)
    drawn = sl.frame(ground, width=3, color="#ff000033")
    assert drawn.shape == (13, 15, 4)
    assert np.array_equal(drawn[3:-3, 3:-3], ground)
    assert drawn[0, 0].astype(float) / full == pytest.approx([1, 0, 0, 0.2], abs=1e-6)
    assert (drawn[:3] == drawn[0, 0]).all()
    assert (drawn[:, -3:] == drawn[0, 0]).all()


def test_frame_refuses_a_picture_that_would_be_too_large() -> None:
    with pytest.raises(ParameterError, match="too large"):
        sl.frame(BLANK, width=16384)


def write(**given: Any) -> Image:
    drawn: Image = sl.text(np.zeros((200, 400), np.uint8), color="white", **given)
    return drawn


def test_text_capitals_are_three_quarters_of_its_size() -> None:
    for size in (20, 40, 100):
        _, _, top, bottom = box_of(write(text="H", x=50, y=20, size=size))
        assert bottom - top + 1 == pytest.approx(0.75 * size, abs=1.1)
        assert bottom + 1 == pytest.approx(20 + size, abs=1)  # the baseline is one size below the top of the box


def test_text_letters_of_many_scripts_differ() -> None:
    seen = {write(text=letter, size=40).tobytes() for letter in "AaÄßéЖяΩλ日本한?"}
    assert len(seen) == 13
    for font in ("sans", "italic", "uni"):
        assert write(text="Grüße", font=font).any()
    thin, bold = (write(text="Hello", size=40, weight=weight).sum() for weight in (100, 900))
    assert bold > 2 * thin


@pytest.mark.parametrize(
    "anchor", [f"{row}_{column}".strip("_") for row in ("top", "", "bottom") for column in ("left", "", "right")]
)
def test_text_box_has_its_anchor_at_the_place(anchor: str) -> None:
    shown = anchor or "center"
    drawn = write(text="Ag", x=200, y=100, size=40, anchor=shown, background="#808080")
    left, right, top, bottom = box_of(drawn)
    expected_x = {"left": left, "right": right + 1}
    expected_y = {"top": top, "bottom": bottom + 1}
    x = next((value for name, value in expected_x.items() if name in anchor), (left + right + 1) / 2)
    y = next((value for name, value in expected_y.items() if name in anchor), (top + bottom + 1) / 2)
    assert x == pytest.approx(200, abs=0.5)
    assert y == pytest.approx(100, abs=0.5)
    assert bottom - top + 1 == 50  # one line is 1.25 sizes high


def test_text_lines_are_aligned_at_one_side_or_in_the_middle() -> None:
    def lines(align: str) -> tuple[tuple[int, int, int, int], tuple[int, int, int, int]]:
        drawn = write(text="HHHHHH\nHH", x=20, y=20, size=40, align=align)
        return box_of(drawn[:68]), box_of(drawn[68:])

    (left, right, *_), (short_left, short_right, *_) = lines("left")
    assert left == short_left
    assert right > short_right + 50
    (left, right, *_), (short_left, short_right, *_) = lines("right")
    assert right == pytest.approx(short_right, abs=1)
    (left, right, *_), (short_left, short_right, *_) = lines("center")
    assert left + right == pytest.approx(short_left + short_right, abs=3)


def test_text_wraps_words_and_breaks_what_is_longer() -> None:
    wide = write(text="one two three four five six", x=20, y=10, size=24, width=120)
    left, right, top, bottom = box_of(wide)
    assert left >= 20
    assert right <= 140
    assert bottom - top > 2 * 30
    apart = write(text="one two\nthree four\nfive six", x=20, y=10, size=24)
    assert np.array_equal(wide, apart)
    broken = write(text="mmmmmmmmmmmm", x=20, y=10, size=24, width=100)
    assert box_of(broken)[1] <= 120
    assert box_of(broken)[3] > 60
    one_each = write(text="WW", x=0, y=0, size=40, width=1)
    assert np.array_equal(one_each, write(text="W\nW", x=0, y=0, size=40))


def test_text_lines_are_as_far_apart_as_said() -> None:
    for spacing in (1.0, 2.0):
        drawn = write(text="H\nH", x=20, y=0, size=40, line_spacing=spacing)
        rows = np.nonzero(drawn.max(axis=1) > 128)[0]
        starts = rows[np.r_[True, np.diff(rows) > 1]]
        assert np.diff(starts).tolist() == [50 * spacing]


def test_text_over_the_edge_is_the_same_text_cut_off() -> None:
    whole = write(text="Hello World", x=100, y=80, size=40)
    part = np.zeros((60, 100), np.uint8)
    shifted = sl.text(part, text="Hello World", x=100 - 150, y=80 - 70, size=40, color="white")
    assert np.abs(shifted.astype(int) - whole[70:130, 150:250]).max() <= 1
    assert not write(text="far", x=16384).any()
    assert not write(text="far", x=-16384, anchor="bottom_right").any()


def test_text_longer_than_the_picture_shows_the_letters_that_stand_in_it() -> None:
    rng = np.random.default_rng(6)
    letters = "".join(rng.choice(list("HMNWOT"), 300))
    whole = sl.text(np.zeros((40, 9000), np.uint8), text=letters, size=24, color="white")
    part = sl.text(np.zeros((40, 300), np.uint8), text=letters, x=-4000, size=24, color="white")
    columns = range(3990, 4011)
    assert min(np.abs(part.astype(int) - whole[:, first : first + 300]).mean() for first in columns) < 1


@FULL
def test_text_mixes_by_opacity_in_every_dtype(dtype: str, full: float) -> None:
    ground = np.zeros((60, 60, 4), dtype)
    drawn = sl.text(ground, text="I", size=50, weight=900, x=10, y=0, color="#00ff00", opacity=0.5)
    assert drawn[..., 3].max() == pytest.approx(full / 2, abs=0.51)
    inside = drawn[..., 3] > 0.4 * full
    assert (drawn[inside][:, 1] == full).all()
    assert (drawn[inside][:, 0] == 0).all()


def test_text_has_a_padded_background_behind_it() -> None:
    drawn = write(text="H", x=50, y=50, size=40, background="#404040", padding=7)
    left, right, top, bottom = box_of(drawn)
    assert (left, top, bottom - top + 1) == (50, 50, 50 + 14)
    ink = box_of(np.where(drawn > 200, drawn, 0))
    assert 57 <= ink[0] <= 62
    assert ink[3] + 1 == pytest.approx(50 + 7 + 40, abs=1)
    assert drawn[51, 51] == 64
    assert right - left + 1 > ink[1] - ink[0] + 14


@pytest.mark.parametrize("letter", ["😀", "\u0378", "\x07"])
def test_text_names_a_letter_that_the_font_lacks(letter: str) -> None:
    with pytest.raises(ParameterError, match=f"U\\+{ord(letter):04X}"):
        write(text=f"ab?{letter}")
    assert np.array_equal(write(text="a\tb\r\nc"), write(text="a    b\nc"))


def test_text_takes_a_font_from_a_file_and_refuses_what_is_none(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.ttf"
    wrong.write_bytes(b"no font" * 100)
    for path in (wrong, tmp_path / "none.ttf", tmp_path):
        with pytest.raises(ParameterError, match="invalid font_file of text"):
            write(text="a", font_file=str(path))
    matplotlib = pytest.importorskip("matplotlib")
    dejavu = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSansMono.ttf"
    narrow, wide = (box_of(write(text=f"{letter * 8}H", x=10, size=24, font_file=str(dejavu)))[1] for letter in "iW")
    assert narrow == wide  # all its letters are of one width


def test_text_from_elsewhere_may_not_name_a_font_file() -> None:
    with pytest.raises(ParameterError, match="font_file"):
        OPS.get("text").parameters.parse({"text": "a", "font_file": "secret.ttf"}, context=NO_FILES)
    parse = OPS.get("text").parameters.parse
    assert parse({"text": "a", "font_file": "a.ttf"}, context=Path("fonts"))["font_file"] == str(Path("fonts") / "a.ttf")
    assert parse({"text": "a"}, context=NO_FILES)["font_file"] is None
