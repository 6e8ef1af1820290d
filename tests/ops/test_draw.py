"""Known answers for the operations of this group: worked out by hand, by another library, or kept as golden pictures.

The golden pictures lie in `golden/`. To renew them after a change that is meant, look at them, and commit them:

    RENEW_GOLDEN=1 pytest tests/ops/test_draw.py -k golden
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageDraw

import sightline as sl
from sightline.errors import ImageError, ParameterError
from sightline.image import Image, kind_of, read, white, write
from sightline.ops import NO_FILES, OPS

GOLDEN = Path(__file__).parent / "golden"
RNG = np.random.default_rng(3)
RGB = RNG.integers(0, 256, (64, 80, 3), dtype=np.uint8)
BLACK = np.zeros((64, 80), np.uint8)
FULL = {"uint8": 255, "uint16": 65535, "float32": 1}
RED, GREEN_HALF = (255, 0, 0), "#00ff0080"


def area(image: Image) -> float:
    """How many pixels of white there are, parts counted as parts."""
    return float(image.sum() / 255)


def picture(dtype: str, channels: int) -> Image:
    values = np.random.default_rng(channels).random((40, 50) if channels == 1 else (40, 50, channels))
    scaled: Image = (values * FULL[dtype]).astype(dtype)
    return scaled


def over(image: Image, color: Any, cover: Image) -> Image:
    """Porter and Duff's "over" with straight alpha, written out: `color` of 0 to 1, `cover` `(H, W)`."""
    full = float(white(image))
    values = image.astype(float) / full
    if image.ndim == 2:
        mixed = values * (1 - cover) + np.dot((0.299, 0.587, 0.114), color) * cover
    elif image.shape[2] == 3:
        mixed = values * (1 - cover[..., None]) + np.array(color) * cover[..., None]
    else:
        alpha = cover + values[..., 3] * (1 - cover)
        colors = np.array(color) * cover[..., None] + values[..., :3] * (values[..., 3] * (1 - cover))[..., None]
        mixed = np.dstack([np.divide(colors, alpha[..., None], out=values[..., :3].copy(), where=alpha[..., None] > 0), alpha])
    scaled: Image = mixed * full
    return scaled


# Every kind of picture

SHAPES: list[tuple[str, dict[str, Any]]] = [
    ("line", {"x1": 3, "y1": 5, "x2": 40, "y2": 33, "thickness": 4}),
    ("arrow", {"x1": 3, "y1": 5, "x2": 40, "y2": 33, "thickness": 2, "tip": 0.4}),
    ("rectangle", {"x": 10, "y": 8, "width": 30, "height": 20, "fill": True}),
    ("rectangle", {"x": 10, "y": 8, "width": 30, "height": 20, "corner": 6, "thickness": 3}),
    ("circle", {"x": 25, "y": 20, "radius": 12, "fill": True}),
    ("circle", {"x": 25, "y": 20, "radius": 12, "thickness": 4}),
    ("ellipse", {"x": 25, "y": 20, "width": 18, "height": 9, "angle": 25, "thickness": 3}),
    ("polygon", {"points": ((5, 5), (44, 12), (20, 36)), "fill": True}),
    ("polygon", {"points": ((5, 5), (44, 12), (20, 36)), "thickness": 3}),
    ("marker", {"x": 25, "y": 20, "kind": "star", "size": 25, "thickness": 3}),
    ("grid", {"spacing": 7, "thickness": 2}),
    ("text", {"text": "Ag", "x": 2, "y": 2, "size": 28}),
]


@pytest.mark.parametrize(("name", "given"), SHAPES, ids=[f"{name}{i}" for i, (name, _) in enumerate(SHAPES)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_paint_is_laid_over_every_kind_of_picture(name: str, given: dict[str, Any], dtype: str, channels: int) -> None:
    """What the shape covers is seen on black; then opacity and the colour's own transparency multiply into "over"."""
    draw = getattr(sl, name)
    image = picture(dtype, channels)
    cover = draw(np.zeros((40, 50), np.uint8), color="white", **given) / 255
    opacity = 0.6 * 128 / 255
    drawn = draw(image, color=GREEN_HALF, opacity=0.6, **given)
    assert kind_of(drawn) == kind_of(image)
    slack = 1.6 if dtype == "uint8" else 0.7 if dtype == "uint16" else 1e-6  # 8 bit is rounded at every stroke
    error = np.abs(drawn - over(image, (0, 1, 0), cover * opacity))
    if channels == 4:  # the colour of what is hardly there is hardly known
        error[..., :3] *= np.minimum(1, drawn[..., 3:] / FULL[dtype] * 4)
    if channels == 1:
        slack += {"uint8": 0.5, "uint16": 0.5, "float32": 0}[dtype]  # the gray of a colour is rounded too
    assert error.max() <= slack
    assert np.array_equal(drawn[cover == 0], image[cover == 0])


@pytest.mark.parametrize(("name", "given"), SHAPES, ids=[f"{name}{i}" for i, (name, _) in enumerate(SHAPES)])
def test_nothing_is_drawn_without_opacity(name: str, given: dict[str, Any]) -> None:
    for image in (picture("uint8", 3), picture("uint8", 4), picture("float32", 1)):
        assert np.array_equal(getattr(sl, name)(image, opacity=0, **given), image)


@pytest.mark.parametrize(
    ("name", "given", "shift"),
    [
        ("line", {"thickness": 5, "x1": 0, "y1": 0, "x2": 50, "y2": 31}, ("x1", "y1", "x2", "y2")),
        ("arrow", {"thickness": 3, "tip": 0.3, "x1": 0, "y1": 0, "x2": 50, "y2": 31}, ("x1", "y1", "x2", "y2")),
        ("rectangle", {"x": 0, "y": 0, "width": 40, "height": 30, "corner": 9, "thickness": 3}, ("x", "y")),
        ("rectangle", {"x": 0, "y": 0, "width": 40, "height": 30, "thickness": 3}, ("x", "y")),
        ("circle", {"x": 0, "y": 0, "radius": 30, "thickness": 6}, ("x", "y")),
        ("ellipse", {"x": 0, "y": 0, "width": 40, "height": 20, "angle": 20, "start": 30, "end": 290, "fill": True}, ("x", "y")),
        ("marker", {"x": 0, "y": 0, "size": 50, "kind": "triangle", "thickness": 5}, ("x", "y")),
        ("text", {"x": 0, "y": 0, "text": "Hegel\nMyth", "size": 30, "background": "#404040", "padding": 5}, ("x", "y")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_lies_beyond_the_edge_is_cut_off(name: str, given: dict[str, Any], shift: tuple[str, ...]) -> None:
    """The same shape on a larger picture, and then its part, is the same picture."""
    draw: Any = getattr(sl, name)
    for dx, dy in ((-20, -12), (45, 40), (-25, 50), (10, 12)):
        moved: dict[str, Any] = given | {key: given[key] + (dx if key[0] == "x" else dy) for key in shift}
        wide: dict[str, Any] = given | {key: moved[key] + 100 for key in shift}
        small = draw(BLACK, color="white", **moved)
        large = draw(np.zeros((300, 300), np.uint8), color="white", **wide)
        difference = np.abs(small.astype(int) - large[100:164, 100:180])
        assert difference.mean() < 0.3  # OpenCV rounds a line that it cuts at the edge otherwise
        assert (difference > 60).mean() < 0.002


@pytest.mark.parametrize("place", [-16384, 16384])
def test_far_places_are_no_trouble(place: int) -> None:
    for name, given in SHAPES:
        far: dict[str, Any] = {key: place for key in ("x", "y", "x1", "y1") if key in given}
        if name != "grid" and far and name not in {"line", "arrow"}:
            assert not getattr(sl, name)(BLACK, color="white", **{**given, **far}).any()
    across = sl.line(BLACK, x1=-16384, y1=-16384, x2=16384, y2=16384, thickness=3, color="white")
    assert (np.diag(across) == 255).all()
    huge = sl.polygon(BLACK, points=((-1e6, -1e6), (1e6, 1e6), (-1e6, 1e6)), fill=True, color="white")
    assert np.abs((huge > 127).astype(int) - np.tri(64, 80)).sum() <= 2
    assert (sl.circle(BLACK, x=16384, y=30, radius=16384, fill=True, color="white")[:, 2:] == 255).all()
    assert (sl.circle(BLACK, x=16384, y=30, radius=16384, thickness=9, color="white")[30, :4] == 255).all()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int64"])
def test_colours_may_be_numbers_of_numpy(dtype: str) -> None:
    image = np.array([[[1, 20, 255], [1, 20, 254]]], dtype)
    expected = sl.blank(width=2, height=1, color="#0114ff")
    for color in (image[0, 0], tuple(image[0, 0]), list(image[0, 0]), image[0, 0].tolist()):
        assert np.array_equal(sl.blank(width=2, height=1, color=color), expected)
    mistakes: tuple[Any, ...] = (
        image[0],
        image[0, 0] > 2,
        (np.True_, 2, 3),
        (True, 2, 3),
        image[0, 0] / 255,
        np.array("red")[None],
    )
    for wrong in mistakes:
        with pytest.raises(ParameterError, match="invalid color of blank: expected a colour"):
            sl.blank(color=wrong)


def test_what_an_operation_takes_is_what_its_types_say(tmp_path: Path) -> None:
    """mypy reads this too: colours in every form, pictures as arrays and paths, numbers of NumPy."""
    patch = picture("uint8", 3)[:10, :12]
    path = tmp_path / "patch.png"
    write(path, patch)
    red = sl.rectangle(RGB, x=2, y=3, width=9, height=8, color="red")
    for same in (
        sl.rectangle(RGB, x=2, y=3, width=9, height=8, color=(255, 0, 0)),
        sl.rectangle(RGB, x=2, y=3, width=9, height=8, color=[255, 0, 0, 255]),
        sl.rectangle(RGB, x=2, y=3, width=9, height=8, color=np.array([255, 0, 0])),
        sl.rectangle(RGB, x=2, y=3, width=9, height=8, color=(np.uint8(255), np.uint8(0), np.uint8(0))),
    ):
        assert np.array_equal(same, red)
    assert np.array_equal(sl.overlay(RGB, picture=path), sl.overlay(RGB, picture=patch))
    assert np.array_equal(sl.overlay(RGB, picture=str(path)), sl.overlay(RGB, picture=patch))
    assert np.array_equal(sl.apply_mask(patch, mask=path, color=(1, 2, 3)), sl.apply_mask(patch, mask=patch, color="#010203"))
    assert np.array_equal(sl.add(patch, other=path, mask=str(path)), sl.add(patch, other=patch, mask=patch))
    assert np.array_equal(sl.add(patch, other=np.uint8(7)), sl.add(patch, other=7))
    assert sl.text(BLACK, text="A", font_file=matplotlib_font(), background=(9, 9, 9)).any()


# Shapes


def test_line_that_is_level_or_upright_has_exactly_its_thickness() -> None:
    for thickness in range(1, 9):
        level = sl.line(BLACK, x1=10, y1=30, x2=59, y2=30, thickness=thickness, color="white")
        assert set(np.unique(level)) == {0, 255}
        assert area(level) == 50 * thickness
        assert (level[30, 10:60] == 255).all()
        assert area(sl.line(BLACK, x1=30, y1=10, x2=30, y2=40, thickness=thickness, color="white")) == 31 * thickness


@pytest.mark.parametrize("thickness", [1, 2, 3, 4, 7, 20])
def test_line_that_slants_has_about_its_thickness(thickness: int) -> None:
    canvas = np.zeros((400, 400), np.uint8)
    long = sl.line(canvas, x1=100, y1=100, x2=300, y2=220, thickness=thickness, color="white")
    short = sl.line(canvas, x1=100, y1=100, x2=200, y2=160, thickness=thickness, color="white")
    width = (area(long) - area(short)) / np.hypot(100, 60)
    assert 0 <= width - thickness <= 0.45  # OpenCV alone draws 3 as 5.4


def test_line_agrees_with_pillow() -> None:
    for (x1, y1, x2, y2), thickness in (((5, 5, 70, 50), 1), ((5, 50, 70, 20), 3), ((20, 5, 30, 60), 6)):
        ours = sl.line(BLACK, x1=x1, y1=y1, x2=x2, y2=y2, thickness=thickness, color="white")
        theirs = pillow(lambda draw, p=(x1, y1, x2, y2), t=thickness: draw.line(p, fill=255, width=t))
        assert beside(ours, theirs)


def test_line_without_length_is_a_dot() -> None:
    assert area(sl.line(BLACK, x1=9, y1=9, x2=9, y2=9, color="white")) == 1
    assert abs(area(sl.line(BLACK, x1=30, y1=30, x2=30, y2=30, thickness=21, color="white")) - np.pi * 10.5**2) < 15


def test_arrow_has_its_head_at_the_second_point() -> None:
    drawn = sl.arrow(np.zeros((61, 121), np.uint8), x1=10, y1=30, x2=110, y2=30, tip=0.3, thickness=3, color="white")
    assert drawn[30, 110] == 255
    assert not drawn[:, 113:].any()
    columns = (drawn > 127).sum(axis=0)
    assert (columns[15:75] == 3).all()  # the shaft
    assert abs(columns[82] - 30 * 28 / 30) <= 2  # near its base the head is nearly as wide as it is long
    assert np.array_equal(drawn, drawn[::-1]) or overlap(drawn, drawn[::-1]) > 0.95
    assert area(sl.arrow(BLACK, x1=9, y1=9, x2=9, y2=9, color="white")) >= 1


@pytest.mark.parametrize("thickness", [1, 2, 3, 5])
def test_rectangle_covers_exactly_its_pixels(thickness: int) -> None:
    expected = RGB.copy()
    expected[10:40, 20:60] = RED
    expected[10 + thickness : 40 - thickness, 20 + thickness : 60 - thickness] = RGB[
        10 + thickness : 40 - thickness, 20 + thickness : 60 - thickness
    ]
    assert np.array_equal(sl.rectangle(RGB, x=20, y=10, width=40, height=30, thickness=thickness), expected)


def test_rectangle_filled_or_thicker_than_itself_is_full() -> None:
    expected = RGB.copy()
    expected[10:40, 20:60] = RED
    assert np.array_equal(sl.rectangle(RGB, x=20, y=10, width=40, height=30, fill=True), expected)
    assert np.array_equal(sl.rectangle(RGB, x=20, y=10, width=40, height=30, thickness=15), expected)


def test_rectangle_with_round_corners_lacks_what_circles_lack() -> None:
    filled = sl.rectangle(BLACK, x=10, y=8, width=60, height=50, corner=15, fill=True, color="white")
    assert abs(area(filled) - (60 * 50 - (4 - np.pi) * 15**2)) < 25  # half a pixel along the four arcs
    assert not filled[:8].any()
    assert not filled[:, 70:].any()
    assert (filled[30, 10:70] == 255).all()
    ring = sl.rectangle(BLACK, x=10, y=8, width=60, height=50, corner=15, thickness=4, color="white")
    assert overlap(ring, pillow(lambda draw: draw.rounded_rectangle((10, 8, 69, 57), 15, outline=255, width=4))) > 0.85
    most = sl.rectangle(BLACK, x=10, y=10, width=41, height=41, corner=9999, fill=True, color="white")
    assert overlap(most, sl.circle(BLACK, x=30, y=30, radius=20, fill=True, color="white")) > 0.97


@pytest.mark.parametrize("radius", [3, 10, 31, 90])
def test_circle_filled_has_the_area_of_a_circle(radius: int) -> None:
    disc = sl.circle(np.zeros((200, 200), np.uint8), x=100, y=100, radius=radius, fill=True, color="white")
    assert abs(area(disc) - np.pi * (radius + 0.5) ** 2) < 0.2 * 2 * np.pi * (radius + 0.5)  # a fifth of a pixel around
    y, x = np.indices(disc.shape) - 100
    assert (disc[np.hypot(x, y) < radius - 0.5] == 255).all()
    assert not disc[np.hypot(x, y) > radius + 2].any()


def covered(across: float, down: float, angle: float = 0, side: int = 41, parts: int = 16) -> Image:
    """How much of each pixel of a square an ellipse about its middle covers, counted at `parts` x `parts` places in each."""
    places = (np.arange(side * parts) + 0.5) / parts - side / 2
    x, y = np.meshgrid(places, places)
    turn = np.deg2rad(angle)
    along, beside = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    inside = np.hypot(along / across, beside / down) <= 1
    counted: Image = inside.reshape(side, parts, side, parts).mean(axis=(1, 3))
    return counted


@pytest.mark.parametrize("radius", range(1, 17))
def test_circle_filled_and_small_is_round_and_of_its_size(radius: int) -> None:
    canvas = np.zeros((41, 41), np.uint8)
    disc = sl.circle(canvas, x=20, y=20, radius=radius, fill=True, color="white")
    assert area(disc) == pytest.approx(np.pi * (radius + 0.5) ** 2, rel=0.01)
    assert np.abs(disc / 255 - covered(radius + 0.5, radius + 0.5)).max() < 0.07
    assert all(np.array_equal(disc, same) for same in (disc[::-1], disc[:, ::-1], disc.T))
    assert np.array_equal(disc, sl.ellipse(canvas, x=20, y=20, width=radius, height=radius, fill=True, color="white"))


@pytest.mark.parametrize(("width", "height", "angle"), [(5, 2, 0), (2, 5, 0), (12, 5, 30), (4, 3, -70), (16, 9, 135)])
def test_ellipse_filled_and_small_is_of_its_size(width: int, height: int, angle: int) -> None:
    disc = sl.ellipse(np.zeros((41, 41), np.uint8), x=20, y=20, width=width, height=height, angle=angle, fill=True, color="white")
    assert area(disc) == pytest.approx(np.pi * (width + 0.5) * (height + 0.5), rel=0.01)
    assert np.abs(disc / 255 - covered(width + 0.5, height + 0.5, angle)).max() < 0.1
    assert np.array_equal(disc, disc[::-1, ::-1])


def test_circle_small_is_cut_off_at_every_edge() -> None:
    whole = sl.circle(np.zeros((60, 70), np.uint8), x=30, y=30, radius=9, fill=True, color="white")
    for y in range(-12, 24, 3):
        for x in range(-12, 30, 3):
            part = sl.circle(np.zeros((12, 22), np.uint8), x=x, y=y, radius=9, fill=True, color="white")
            assert np.array_equal(part, whole[30 - y : 42 - y, 30 - x : 52 - x])


@pytest.mark.parametrize("thickness", [1, 2, 3, 4, 7, 20])
def test_circle_has_about_its_thickness(thickness: int) -> None:
    ring = sl.circle(np.zeros((300, 300), np.uint8), x=150, y=150, radius=100, thickness=thickness, color="white")
    assert area(ring) / (2 * np.pi * 100) == pytest.approx(thickness, abs=0.01)
    y, x = np.indices(ring.shape) - 150
    off = np.abs(np.hypot(x, y) - 100)
    assert (ring[off < thickness / 2 - 1] == 255).all()
    assert not ring[off > thickness / 2 + 1.6].any()


@pytest.mark.parametrize(("radius", "thickness"), [(12, 1), (40, 3), (80, 8), (90, 0), (180, 2)])
def test_circle_is_round_and_the_same_in_a_mirror(radius: int, thickness: int) -> None:
    canvas = np.zeros((401, 401), np.uint8)
    line: dict[str, Any] = {"thickness": thickness} if thickness else {"fill": True}
    drawn = sl.circle(canvas, x=200, y=200, radius=radius, color="white", **line)
    assert all(np.array_equal(drawn, same) for same in (drawn[::-1], drawn[:, ::-1], drawn.T))
    y, x = np.indices(drawn.shape) - 200
    distance = np.hypot(x, y)
    half = (thickness or 1) / 2
    edge = np.clip(radius + half + 0.5 - distance, 0, 1)
    ring = np.minimum(edge, np.clip(distance - radius + half + 0.5, 0, 1)) if thickness else edge
    assert np.abs(drawn / 255 - ring).max() < 0.01  # OpenCV's polygons are off by the whole of a pixel


@pytest.mark.parametrize(
    ("width", "height", "angle", "thickness"), [(60, 30, 0, 2), (60, 30, 25, 5), (90, 20, 70, 3), (80, 50, 0, 0)]
)
def test_ellipse_is_covered_as_counted_in_every_pixel(width: int, height: int, angle: int, thickness: int) -> None:
    line: dict[str, Any] = {"thickness": thickness} if thickness else {"fill": True}
    drawn = sl.ellipse(np.zeros((201, 201), np.uint8), x=100, y=100, width=width, height=height, angle=angle, color="white", **line)
    half = (thickness or 1) / 2
    expected = covered(width + half, height + half, angle, 201)
    if thickness:
        expected -= covered(width - half, height - half, angle, 201)
    assert np.abs(drawn / 255 - expected).max() < 0.12
    assert area(drawn) == pytest.approx(expected.sum(), rel=0.005)
    assert np.array_equal(drawn, drawn[::-1, ::-1])
    assert angle or np.array_equal(drawn, drawn[::-1])


def test_circle_of_many_tiles_is_one_circle() -> None:
    """So large that it is drawn in parts, some of them left out, some cut off at the edge of the picture."""
    drawn = sl.circle(np.zeros((700, 900), np.uint8), x=420, y=500, radius=460, thickness=6, color="white")
    y, x = np.indices(drawn.shape)
    expected = np.clip(3.5 - np.abs(np.hypot(x - 420, y - 500) - 460), 0, 1)
    assert np.abs(drawn / 255 - expected).max() < 0.01
    slim = sl.ellipse(np.zeros((700, 900), np.uint8), x=450, y=350, width=600, height=40, angle=35, fill=True, color="white")
    assert overlap(slim, covered(600.5, 40.5, 35, 1001, 4)[150:850, 50:950] * 255) > 0.998


def test_circle_thicker_than_its_radius_is_a_disc() -> None:
    drawn = sl.circle(BLACK, x=40, y=32, radius=5, thickness=31, color="white")
    assert overlap(drawn, sl.circle(BLACK, x=40, y=32, radius=20, fill=True, color="white")) > 0.97


def test_ellipse_turns_counter_clockwise() -> None:
    drawn = sl.ellipse(np.zeros((200, 200), np.uint8), x=100, y=100, width=80, height=30, angle=30, fill=True, color="white")
    y, x = np.indices(drawn.shape) - 100
    along = x * np.cos(np.pi / 6) - y * np.sin(np.pi / 6)
    across = x * np.sin(np.pi / 6) + y * np.cos(np.pi / 6)
    inside = (along / 80.5) ** 2 + (across / 30.5) ** 2 <= 1
    assert overlap(drawn, inside * np.uint8(255)) > 0.97
    assert abs(area(drawn) - np.pi * 80.5 * 30.5) < 0.01 * area(drawn) + 50


@pytest.mark.parametrize(("start", "end"), [(0, 90), (20, 200), (300, 60), (-90, 45)])
def test_ellipse_parts_agree_with_pillow(start: int, end: int) -> None:
    pie = sl.ellipse(BLACK, x=40, y=32, width=30, height=24, start=start, end=end, fill=True, color="white")
    box = (10, 8, 70, 56)  # Pillow's angles are clockwise
    assert overlap(pie, pillow(lambda draw: draw.pieslice(box, -end, -start, fill=255))) > 0.93
    arc = sl.ellipse(BLACK, x=40, y=32, width=30, height=24, start=start, end=end, thickness=6, color="white")
    wide = (7, 5, 73, 59)
    assert beside(arc, pillow(lambda draw: draw.arc(wide, -end, -start, fill=255, width=6)))


def test_ellipse_thin_is_where_the_filled_one_ends() -> None:
    thin = sl.ellipse(BLACK, x=40, y=32, width=30, height=20, angle=15, color="white")
    filled = sl.ellipse(BLACK, x=40, y=32, width=30, height=20, angle=15, fill=True, color="white")
    inner = cv2.erode(filled, np.ones((5, 5), np.uint8))
    outer = cv2.dilate(filled, np.ones((3, 3), np.uint8))
    assert not thin[inner == 255].any()
    assert not thin[outer == 0].any()
    quarter = sl.ellipse(BLACK, x=40, y=32, width=30, height=20, start=90, end=180, color="white")
    assert quarter[:33, :42].any()
    assert not quarter[35:].any()
    assert not quarter[:, 43:].any()


def test_polygon_agrees_with_pillow() -> None:
    points = ((5, 8), (70, 15), (60, 55), (30, 35), (12, 60))
    filled = sl.polygon(BLACK, points=points, fill=True, color="white")
    assert overlap(filled, pillow(lambda draw: draw.polygon(points, fill=255))) > 0.95
    closed = sl.polygon(BLACK, points=points, thickness=5, color="white")
    assert beside(closed, pillow(lambda draw: draw.line([*points, points[0]], fill=255, width=5, joint="curve")))
    opened = sl.polygon(BLACK, points=points, thickness=5, closed=False, color="white")
    assert beside(opened, pillow(lambda draw: draw.line(points, fill=255, width=5, joint="curve")))
    assert area(opened) < area(closed) - 100


def test_polygon_takes_parts_of_pixels() -> None:
    left = sl.polygon(BLACK, points=((10, 10), (40, 10), (40, 50), (10, 50)), fill=True, color="white")
    right = sl.polygon(BLACK, points=((10, 10), (40.5, 10), (40.5, 50), (10, 50)), fill=True, color="white")
    assert abs(area(right) - area(left) - 20) < 3  # half a pixel along 40 rows


def test_polygon_needs_enough_points() -> None:
    with pytest.raises(ParameterError, match="2 points or more"):
        sl.polygon(BLACK, points=((1, 1),))
    with pytest.raises(ParameterError, match="3 points or more"):
        sl.polygon(BLACK, points=((1, 1), (5, 5)), fill=True)


def test_polygon_takes_arrays_of_pairs_and_no_others() -> None:
    points = np.array([[5, 5], [44, 12], [20, 36]])
    expected = sl.polygon(BLACK, points=((5, 5), (44, 12), (20, 36)), fill=True)
    for array in (points, points.astype(np.float32), points[:, None]):  # the last as OpenCV gives its contours
        assert np.array_equal(sl.polygon(BLACK, points=array, fill=True), expected)
    for shape in ((2, 3), (4, 1), (3, 3), (6,), (5,), ()):
        with pytest.raises(ParameterError, match=r"invalid points of polygon: expected an \(N, 2\) array"):
            sl.polygon(BLACK, points=np.zeros(shape))


def test_marker_has_the_form_of_its_kind() -> None:
    expected = np.zeros((9, 9), np.uint8)
    expected[4, 1:8] = expected[1:8, 4] = 255
    plain = np.zeros((9, 9), np.uint8)
    assert np.array_equal(sl.marker(plain, x=4, y=4, size=7, color="white"), expected)
    square = np.zeros((9, 9), np.uint8)
    square[1:8, 1:8] = 255
    square[2:7, 2:7] = 0
    assert np.array_equal(sl.marker(plain, x=4, y=4, size=7, kind="square", color="white"), square)
    cross = sl.marker(plain, x=4, y=4, size=7, kind="cross", color="white")
    assert (cross[range(1, 8), range(1, 8)] > 150).all()
    assert (cross[range(1, 8), range(7, 0, -1)] > 150).all()
    assert not cross[4, [1, 7]].any()


def test_marker_kinds_are_all_different_and_keep_to_their_size() -> None:
    canvas = np.zeros((41, 41), np.uint8)
    kinds = ("plus", "cross", "star", "diamond", "square", "triangle")
    drawn = [sl.marker(canvas, x=20, y=20, size=21, kind=kind, color="white") for kind in kinds]  # type: ignore[arg-type]
    assert len({image.tobytes() for image in drawn}) == 6
    for image in drawn:
        rows, columns = np.nonzero(image > 127)
        assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 30, 10, 30)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 9, 10, 31, 32])
def test_marker_is_as_wide_and_high_as_its_size(size: int) -> None:
    kinds: list[Any] = ["plus", "star", "square", "cross", "diamond", "triangle"]
    for kind in kinds:
        drawn = sl.marker(np.zeros((41, 41), np.uint8), x=20, y=20, size=size, kind=kind, color="white") > 127
        extent = np.array([drawn.any(axis=0).sum(), drawn.any(axis=1).sum()])
        slack = 1 if size % 2 == 0 and kind in {"cross", "diamond", "triangle"} else 0  # their tips cover halves of pixels
        assert (abs(extent - size) <= slack).all()


def test_grid_has_a_line_every_so_many_pixels() -> None:
    drawn = sl.grid(BLACK, spacing=10, x=3, y=-4, color="white")
    y, x = np.indices(BLACK.shape)
    assert np.array_equal(drawn > 0, (x % 10 == 3) | (y % 10 == 6))
    thick = sl.grid(BLACK, spacing=10, x=3, y=-4, thickness=3, color="white")
    assert np.array_equal(thick > 0, ((x - 2) % 10 < 3) | ((y - 5) % 10 < 3))
    assert (sl.grid(BLACK, spacing=4, thickness=9, color="white") == 255).all()


@pytest.mark.parametrize(("dtype", "channels"), [("uint8", 1), ("uint8", 3), ("uint16", 4), ("float32", 3)])
def test_add_border_adds_a_frame_around(dtype: str, channels: int) -> None:
    image = picture(dtype, channels)
    framed = sl.add_border(image, width=3, color="#ff800040")
    assert framed.shape[:2] == (46, 56)
    assert np.array_equal(framed[3:-3, 3:-3], image)
    color = np.array([255, 128, 0, 64]) / 255 * FULL[dtype]
    value = color[:channels] if channels > 1 else np.dot((0.299, 0.587, 0.114), color[:3])
    assert np.abs(framed[[0, 2, -1, 20], [5, 0, -1, 2]] - value).max() <= (0.5 if dtype != "float32" else 1e-6)


def test_add_border_refuses_a_picture_that_no_memory_holds() -> None:
    with pytest.raises(ParameterError, match="the picture would be too large"):
        sl.add_border(np.zeros((1, 16000), np.uint8), width=4096)


# A picture on a picture


def test_overlay_puts_the_picture_in_its_place() -> None:
    patch = RNG.integers(0, 256, (10, 12, 3), dtype=np.uint8)
    for x, y in ((0, 0), (30, 40), (-5, -3), (74, 60), (-12, 0), (80, 64), (-16384, 16384)):
        expected = np.zeros((64 + 40, 80 + 40, 3), np.uint8)
        expected[20:84, 20:100] = RGB
        if -20 <= x <= 80 and -20 <= y <= 64:
            expected[20 + y : 30 + y, 20 + x : 32 + x] = patch
        assert np.array_equal(sl.overlay(RGB, picture=patch, x=x, y=y), expected[20:84, 20:100])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("above_channels", [1, 3, 4])
@pytest.mark.parametrize("above_dtype", ["uint8", "uint16", "float32"])
def test_overlay_is_over_for_all_pairs_of_kinds(dtype: str, channels: int, above_dtype: str, above_channels: int) -> None:
    image, above = picture(dtype, channels), picture(above_dtype, above_channels)[::-1]
    laid = sl.overlay(image, picture=above, opacity=0.7)
    unit = above / FULL[above_dtype]
    colors = np.repeat(unit[..., None], 3, axis=2) if above_channels == 1 else unit[..., :3]
    cover = 0.7 * (unit[..., 3] if above_channels == 4 else np.ones((40, 50)))
    full = FULL[dtype]
    step = 1 / 255 if "uint8" in (dtype, above_dtype) else 1e-4
    expected = np.stack([over(image, colors[r, c], cover)[r, c] for r in range(0, 40, 9) for c in range(0, 50, 9)])
    got = np.stack([laid[r, c] for r in range(0, 40, 9) for c in range(0, 50, 9)]).astype(float)
    error = np.abs(got - expected) / full
    if channels == 4:  # the colour of what is hardly there is hardly known
        error[..., :3] *= np.minimum(1, got[..., 3:] / full * 4)
    assert kind_of(laid) == kind_of(image)
    assert error.max() <= 1.6 * step


def test_overlay_with_transparency_agrees_with_pillow() -> None:
    below, above = picture("uint8", 4), picture("uint8", 4)[::-1].copy()
    ours = sl.overlay(below, picture=above)
    theirs = np.asarray(PillowImage.alpha_composite(PillowImage.fromarray(below), PillowImage.fromarray(above)))
    assert np.abs(ours[..., 3].astype(int) - theirs[..., 3]).max() <= 1
    assert np.abs(ours.astype(int) - theirs)[ours[..., 3] > 30].max() <= 2
    flat = PillowImage.fromarray(RGB[:40, :50].copy())
    flat.paste(PillowImage.fromarray(above[..., :3].copy()), (0, 0), PillowImage.fromarray(above[..., 3].copy()))
    assert np.abs(sl.overlay(RGB[:40, :50], picture=above).astype(int) - np.asarray(flat)).max() <= 1


def test_overlay_in_bands_is_overlay_at_once() -> None:
    tall = RNG.integers(0, 256, (300, 250, 4), dtype=np.uint8)
    ground = RNG.integers(0, 256, (300, 250, 3), dtype=np.uint8)
    share = tall[..., 3:] / 255
    assert np.abs(sl.overlay(ground, picture=tall) - (ground + (tall[..., :3] - ground.astype(float)) * share)).max() <= 0.5 + 1e-6


def test_overlay_needs_a_picture() -> None:
    with pytest.raises(ParameterError, match="overlay"):
        sl.overlay(RGB)  # type: ignore[call-arg]
    with pytest.raises(ImageError):
        sl.overlay([[1]], picture=RGB)  # type: ignore[arg-type]


# Text


def extent(image: Image) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is drawn."""
    x, y, width, height = cv2.boundingRect((image > 60).astype(np.uint8))
    return x, y, x + width, y + height


def written(text: str, shape: tuple[int, int] = (120, 400), /, **given: Any) -> Image:
    return sl.text(np.zeros(shape, np.uint8), text=text, color="white", **given)


def test_text_has_the_height_that_was_asked_for() -> None:
    for size in (20, 40, 80):
        _, top, _, bottom = extent(written("H", size=size))
        assert abs((bottom - top) / size - 0.75) < 0.05  # a capital is three quarters of the size, in this font
        assert bottom == size


@pytest.mark.parametrize("font", ["sans", "italic", "uni"])
@pytest.mark.parametrize("letters", ["Grüße", "Привет", "Ελλάδα", "中文字", "日本語かな", "한국어", "ąćęłñő", "€§µ½→"])
def test_text_of_many_scripts_draws_letters_of_their_own(font: Any, letters: str) -> None:
    """No letter is a question mark, none is blank, and no two are the same."""
    drawn = {letter: written(letter, (60, 80), size=40, font=font).tobytes() for letter in {*letters, "?", " "}}
    assert len(set(drawn.values())) == len(drawn)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("so 😀", r"'😀'.*U\+1F600 GRINNING FACE: the font lacks it"),
        ("अ", "DEVANAGARI LETTER A: the font lacks it"),
        ("a\x07b", r"U\+0007: a control character"),
        ("a\x1bb", r"U\+001B: a control character"),
        ("a\0b", r"U\+0000: a control character"),
        ("سلام", "right to left"),
        ("שלום", "right to left"),
        ("q\u0303", "a mark that stands on another letter"),
    ],
)
def test_text_that_cannot_be_set_is_refused(content: str, what: str) -> None:
    with pytest.raises(ParameterError, match=what):
        written(content)


def test_text_takes_marks_that_make_one_letter() -> None:
    assert np.array_equal(written("e\u0301"), written("é"))
    assert written("what?").any()


def test_text_weight_makes_thicker_letters() -> None:
    amounts = [area(written("Sightline", size=40, weight=weight)) for weight in (100, 400, 700, 900)]
    assert amounts == sorted(amounts)
    assert amounts[3] > 2 * amounts[0]


@pytest.mark.parametrize(
    ("anchor", "across", "down"),
    [("top-left", 0, 0), ("top", 0.5, 0), ("right", 1, 0.5), ("center", 0.5, 0.5), ("bottom-left", 0, 1), ("bottom-right", 1, 1)],
)
def test_text_anchor_is_the_point_of_the_box_at_the_place(anchor: Any, across: float, down: float) -> None:
    given: dict[str, Any] = {"text": "Ag", "size": 30, "background": "white", "padding": 6, "color": "white"}
    left, top, right, bottom = extent(sl.text(np.zeros((120, 400), np.uint8), x=150, y=60, anchor=anchor, **given))
    assert abs(left + across * (right - left) - 150) <= 0.5
    assert abs(top + down * (bottom - top) - 60) <= 0.5


def test_text_box_grows_by_its_padding_and_is_laid_below_the_letters() -> None:
    tight = extent(written("Hg", size=30, x=40, y=40, background="white"))
    wide = extent(written("Hg", size=30, x=40, y=40, background="white", padding=7))
    assert (wide[2] - wide[0], wide[3] - wide[1]) == (tight[2] - tight[0] + 14, tight[3] - tight[1] + 14)
    boxed = sl.text(RGB, text="Hg", size=30, background="blue", color="yellow", x=5, y=5)
    assert (boxed[6, 6] == (0, 0, 255)).all()
    assert (boxed.reshape(-1, 3) == (255, 255, 0)).all(axis=1).any()


def test_text_lines_stand_below_each_other_as_they_are_aligned() -> None:
    for align, share in (("left", 0), ("center", 0.5), ("right", 1)):
        image = written("MMMMMM\nMM", size=20, line_spacing=2, align=align)
        first, second = extent(image[:30]), extent(image[30:])
        assert second[3] + 30 - first[3] == 40
        slack = (first[2] - first[0]) - (second[2] - second[0])
        assert abs(second[0] - first[0] - share * slack) <= 1


def test_text_takes_the_line_ends_and_tabs_of_files() -> None:
    expected = written("one\ntwo   x\n\nthree", (200, 300), size=20)
    for ends in ("\r\n", "\r", "\n", "\u2028"):
        assert np.array_equal(written(ends.join(["one", "two   x", "", "three"]), (200, 300), size=20), expected)
    assert np.array_equal(
        written("a\tb\r\n\tcd\te", (200, 300), size=20), written("a       b\n        cd      e", (200, 300), size=20)
    )
    boxed: dict[str, Any] = {"size": 20, "background": "#404040"}
    assert np.array_equal(written("one\r\ntwo\r\n", **boxed), written("one\ntwo", **boxed))  # the last end begins no line


def test_text_is_broken_at_words_and_long_words_anywhere() -> None:
    broken = written("one two three four", (200, 400), size=20, width=100)
    assert np.array_equal(broken, written("one two\nthree four", (200, 400), size=20))
    assert extent(broken)[2] <= 100
    long = written("W" * 30, (300, 400), size=20, width=100)
    assert 75 < extent(long)[2] <= 101  # no room for one more
    assert extent(long)[3] > 4 * 25
    assert abs(area(long) / area(written("W" * 30, (300, 900), size=20)) - 1) < 0.02  # no letter is lost


def test_text_takes_a_font_file_and_says_when_it_cannot(tmp_path: Path) -> None:
    font = matplotlib_font()
    own = written("Hello", size=40, font_file=str(font))
    assert own.any()
    assert not np.array_equal(own, written("Hello", size=40))
    (tmp_path / "junk.ttf").write_bytes(b"no font at all" * 50)
    (tmp_path / "cut.ttf").write_bytes(font.read_bytes()[:20000])
    (tmp_path / "empty.ttf").write_bytes(b"")
    for name in ("junk.ttf", "cut.ttf", "empty.ttf", "missing.ttf", "."):
        with pytest.raises(ParameterError, match="font_file of text.*that can be read"):
            written("Hello", font_file=str(tmp_path / name))
    with pytest.raises(ParameterError, match="font_file of text"):
        written("Hello", font_file=7)


def test_text_from_elsewhere_may_not_name_a_font_file(tmp_path: Path) -> None:
    parameters = OPS.get("text").parameters
    with pytest.raises(ParameterError, match="may not name files"):
        parameters.parse({"text": "a", "font_file": str(matplotlib_font())}, NO_FILES)
    assert parameters.parse({"text": "a"}, NO_FILES)["font_file"] is None
    (tmp_path / "own.ttf").write_bytes(matplotlib_font().read_bytes())
    assert parameters.parse({"text": "a", "font_file": "own.ttf"}, tmp_path)["font_file"] == str(tmp_path / "own.ttf")


# Golden pictures


def scene_of_shapes() -> Image:
    image = sl.gradient(width=160, height=120, start="#203040", end="#c0d0e0", angle=45)
    image = sl.rectangle(image, x=8, y=8, width=60, height=40, corner=10, fill=True, color="#e6394680")
    image = sl.rectangle(image, x=8, y=8, width=60, height=40, corner=10, thickness=3, color="white")
    image = sl.circle(image, x=110, y=30, radius=20, thickness=5, color="gold")
    image = sl.ellipse(image, x=110, y=85, width=36, height=18, angle=25, start=20, end=250, thickness=4, color="lime")
    image = sl.polygon(image, points=((15, 60), (60, 70), (40, 110)), fill=True, opacity=0.7, color="navy")
    image = sl.polygon(image, points=((15, 60), (60, 70), (40, 110)), thickness=2, color="cyan")
    image = sl.arrow(image, x1=70, y1=110, x2=150, y2=60, thickness=3, color="black")
    return sl.marker(image, x=110, y=30, kind="star", size=17, color="red")


def scene_of_text() -> Image:
    image = sl.blank(width=220, height=150, color="ivory")
    image = sl.text(image, text="Grüße Привет", x=6, y=4, size=22, color="black")
    image = sl.text(image, text="Ελλάδα 日本 한국", x=6, y=36, size=22, font="uni", color="navy")
    image = sl.text(
        image, text="bold and\nright", x=214, y=146, anchor="bottom-right", align="right", weight=800, size=18, color="crimson"
    )
    return sl.text(
        image, text="slanted words in a box", x=8, y=70, width=90, font="italic", size=16, background="#20804080", padding=4
    )


@pytest.mark.parametrize("scene", [scene_of_shapes, scene_of_text], ids=["shapes", "text"])
def test_golden_pictures_stay_as_they_are(scene: Any) -> None:
    path, image = GOLDEN / f"{scene.__name__.removeprefix('scene_of_')}.png", scene()
    if os.environ.get("RENEW_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        write(path, image)
    difference = np.abs(read(path).astype(int) - image)
    assert difference.mean() < 0.5  # another processor may round an edge otherwise
    assert (difference > 8).mean() < 0.002


# What the tests above need


def pillow(draw: Any) -> Image:
    canvas = PillowImage.new("L", (80, 64))
    draw(ImageDraw.Draw(canvas))
    return np.asarray(canvas)


def overlap(one: Image, other: Image) -> float:
    """Intersection over union of what is more than half white."""
    first, second = one > 127, other > 127
    return float((first & second).sum() / (first | second).sum())


def beside(one: Image, other: Image) -> bool:
    """Whether each lies within a pixel of the other, but for one in a hundred pixels."""
    square = np.ones((3, 3), np.uint8)
    outside = ((one > 127) & (cv2.dilate(other, square) <= 127)).sum() + ((other > 127) & (cv2.dilate(one, square) <= 127)).sum()
    return bool(outside <= 0.01 * ((one > 127).sum() + (other > 127).sum()))


def matplotlib_font() -> Path:
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
