"""Known answers for pictures made from nothing: formulas written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageDraw
from scipy.ndimage import binary_dilation, binary_erosion
from scipy.stats import kstest

import sightline as sl
from sightline.errors import ImageError, ParameterError


def test_blank_has_one_colour_in_every_mode() -> None:
    assert np.array_equal(sl.blank(width=5, height=3, color="#010203"), np.full((3, 5, 3), (1, 2, 3)))
    assert np.array_equal(sl.blank(width=5, height=3, color="#01020304", mode="rgba"), np.full((3, 5, 4), (1, 2, 3, 4)))
    assert np.array_equal(sl.blank(width=5, height=3, color="red", mode="gray"), np.full((3, 5), 76))  # 0.299 of 255


def test_gradient_is_even_from_one_end_to_the_other() -> None:
    row = sl.gradient(width=256, height=2, mode="gray")
    assert np.array_equal(row, np.tile(np.arange(256), (2, 1)))
    upwards = sl.gradient(width=2, height=256, angle=90, mode="gray")
    assert np.array_equal(upwards, np.tile(np.arange(255, -1, -1)[:, None], (1, 2)))
    colors = sl.gradient(width=101, height=1, start="#0072b2", end="#e69f00")
    expected = np.array([0, 114, 178]) + np.linspace(0, 1, 101)[:, None] * (np.array([230, 159, 0]) - [0, 114, 178])
    assert np.abs(colors[0] - expected).max() <= 0.501


@pytest.mark.parametrize("angle", [0, 30, 45, 135, -60, 200])
def test_gradient_at_an_angle_is_a_plane_that_reaches_both_ends(angle: float) -> None:
    image = sl.gradient(width=80, height=50, angle=angle, mode="gray").astype(float)
    y, x = np.mgrid[:50, :80]
    along = x * np.cos(np.deg2rad(angle)) - y * np.sin(np.deg2rad(angle))
    expected = (along - along.min()) / np.ptp(along) * 255
    assert np.abs(image - expected).max() <= 0.6


def test_gradient_from_the_middle_ends_in_the_corners() -> None:
    image = sl.gradient(width=61, height=41, shape="radial", mode="gray")
    assert (image[20, 30], *image[[0, 0, -1, -1], [0, -1, 0, -1]]) == (0, 255, 255, 255, 255)
    assert (np.diff(image[20, 30:].astype(int)) >= 0).all()


@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 2), (4, 4), (3, 2), (1, 7), (6, 1), (40, 31), (100, 20)])
def test_gradient_from_the_middle_reaches_both_ends(width: int, height: int) -> None:
    image = sl.gradient(width=width, height=height, shape="radial", mode="gray").astype(float)
    distance = np.hypot(np.arange(width) - (width - 1) / 2, (np.arange(height) - (height - 1) / 2)[:, None])
    spread = np.ptp(distance)
    expected = (distance - distance.min()) / spread * 255 if spread else 0 * distance
    assert np.abs(image - expected).max() <= 0.501
    assert (image.min(), image.max()) == (0, 255 if spread else 0)


def test_checkerboard_alternates_by_whole_fields() -> None:
    image = sl.checkerboard(width=70, height=50, size=20, first="#102030", second="white")
    y, x = np.mgrid[:50, :70]
    assert np.array_equal(image[..., 0], np.where((x // 20 + y // 20) % 2, 255, 16))


@pytest.mark.parametrize("direction", ["vertical", "horizontal", "diagonal"])
def test_stripes_run_as_they_are_told(direction: Any) -> None:
    y, x = np.mgrid[:50, :70]
    along = {"vertical": x, "horizontal": y, "diagonal": x + y}[direction]
    image = sl.stripes(width=70, height=50, size=7, direction=direction, mode="gray")
    assert np.array_equal(image, np.where(along // 7 % 2, 255, 0))


def test_noise_has_the_distribution_that_it_says() -> None:
    uniform = sl.noise(width=200, height=200, seed=1)
    assert kstest((uniform.ravel() + 0.5) / 256, "uniform").statistic < 0.01
    gaussian = sl.noise(width=200, height=200, kind="gaussian", seed=1)
    assert gaussian.mean() == pytest.approx(127.5, abs=1)
    assert gaussian.std() == pytest.approx(255 / 6, rel=0.03)
    salt = sl.noise(width=200, height=200, kind="salt_pepper", seed=1)
    assert set(np.unique(salt)) == {0, 255}
    assert salt.mean() == pytest.approx(127.5, abs=3)
    clouds = sl.noise(width=200, height=200, kind="clouds", seed=1).astype(int)
    assert (clouds.min(), clouds.max()) == (0, 255)
    assert np.abs(np.diff(clouds)).mean() < 8  # neighbours are alike


def test_noise_is_the_same_for_a_seed_and_other_for_another() -> None:
    assert np.array_equal(sl.noise(seed=5), sl.noise(seed=5))
    assert not np.array_equal(sl.noise(seed=5), sl.noise(seed=6))
    colors = sl.noise(mode="rgb")
    assert not np.array_equal(colors[..., 0], colors[..., 1])


def test_color_bars_are_the_seven_of_the_test_card() -> None:
    image = sl.color_bars(width=700, height=3)
    names = ["gray", "yellow", "cyan", "lime", "magenta", "red", "blue"]
    full = np.array([Pillow.new("RGB", (1, 1), "white" if n == "gray" else n).getpixel((0, 0)) for n in names])
    assert np.array_equal(image[1, 50::100], full * 191 // 255)
    assert all(np.ptp(image[:, start : start + 100], axis=(0, 1)).max() == 0 for start in range(0, 700, 100))


def test_zone_plate_is_a_cosine_whose_frequency_grows_with_the_radius() -> None:
    row = sl.zone_plate(width=513, height=513)[256, 256:].astype(float)
    r = np.arange(257)
    assert np.abs(row - 127.5 * (1 + np.cos(np.pi * r**2 / 513))).max() <= 0.5
    # near the edge black and white take turns with every pixel: the finest there is
    assert (np.diff(row)[-9:][1:] * np.diff(row)[-9:][:-1] < 0).all()


def test_mask_from_polygon_is_what_pillow_fills() -> None:
    points = [(10.0, 5.0), (60.0, 20.0), (40.0, 45.0), (5.0, 30.0)]
    mask = sl.mask_from_polygon(width=70, height=50, points=tuple(points))
    drawn = Pillow.new("L", (70, 50))
    ImageDraw.Draw(drawn).polygon(points, fill=255, outline=255)
    assert set(np.unique(mask)) == {0, 255}
    # the outline is rounded otherwise, by a pixel
    assert (mask[binary_erosion(np.asarray(drawn))] == 255).all()
    assert (mask[~binary_dilation(np.asarray(drawn))] == 0).all()
    with pytest.raises(ParameterError, match="invalid points of mask_from_polygon"):
        sl.mask_from_polygon(points=((0, 0), (1, 1)))


def test_mask_from_polygon_may_reach_beyond_the_picture() -> None:
    assert (sl.mask_from_polygon(width=9, height=9, points=((-1e6, -1e6), (1e6, -1e6), (1e6, 1e6), (-1e6, 1e6))) == 255).all()


def depth_in_triangle(points: Any, width: int, height: int) -> Any:
    """How far each pixel's middle lies within the three sides, each a half-plane; negative outside."""
    y, x = np.mgrid[:height, :width]
    sides = zip(points, (*points[1:], points[0]), strict=True)
    depths = [((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / np.hypot(bx - ax, by - ay) for (ax, ay), (bx, by) in sides]
    (ax, ay), (bx, by), (cx, cy) = points
    turn = np.sign((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))  # the way around
    return np.min(np.array(depths) * turn, axis=0)


@pytest.mark.parametrize(
    "points",
    [
        ((0, 0), (100_000, 50), (0, 100)),
        ((0, -1e6), (1e6, 1e6), (-300_000, 900_000)),
        ((-1e6, -1e6), (1e6, 999_000), (700, 1e6)),
        ((333, -1e6), (777, 1e6), (-1e6, 1e6)),
        ((275_243, -140_186), (-158_447, 80_925), (-219_033, 94_285)),
        ((-1e6, 30), (1e6, 170), (0, -1e6)),
        ((166, 1438), (307, 409), (504, -1714)),
        ((400, 20), (900, 30), (700, 150)),  # wholly outside
    ],
)
def test_mask_from_polygon_cuts_off_what_is_far_away_without_changing_the_shape(points: Any) -> None:
    depth = depth_in_triangle(points, 300, 200)
    mask = sl.mask_from_polygon(width=300, height=200, points=points)
    assert (mask[depth > 1] == 255).all()
    assert not mask[depth < -1].any()
    filled = sl.polygon(np.zeros((200, 300), np.uint8), points=points, fill=True, color="white")
    assert (filled[depth > 1.5] == 255).all()
    assert not filled[depth < -1.5].any()


def test_mask_from_polygon_holds_what_crosses_itself_beyond_the_picture() -> None:
    corners = np.array([(20, 20), (900, 30), (-700, 60), (40, 900), (60, -800), (80, 80), (-90, 10)])
    wide = sl.mask_from_polygon(width=2000, height=2000, points=corners + 1000)
    mask = sl.mask_from_polygon(width=100, height=100, points=corners)
    assert (mask != wide[1000:1100, 1000:1100]).mean() < 0.01  # where sides leave the picture they are rounded otherwise


def test_sample_is_one_scene_at_every_size() -> None:
    small, large = sl.sample(width=128, height=96), sl.sample(width=512, height=384)
    shrunk = sl.resize(large, width=128, height=96)
    assert np.abs(sl.gaussian_blur(small, sigma=3).astype(int) - sl.gaussian_blur(shrunk, sigma=3)).mean() < 6
    assert np.array_equal(small, sl.sample(width=128, height=96))
    assert not np.array_equal(small, sl.sample(width=128, height=96, seed=1))
    # sky above, meadow below, a warm sun
    assert small[5, 40, 2] > small[5, 40, 0]
    assert small[88, :, 1].mean() > small[88, :, 2].mean()
    assert (small[23, 97] > (200, 150, 50)).all()


def test_a_formula_becomes_a_picture() -> None:
    image = sl.from_function(lambda x, y: (x + y) / 10, width=6, height=5)
    y, x = np.mgrid[:5, :6]
    assert image.dtype == np.float32
    assert np.allclose(image, (x + y) / 10, atol=1e-7)
    colors = sl.from_function(lambda x, y: np.dstack([x / 5, y / 4, 0 * x]), width=6, height=5)
    assert colors.shape == (5, 6, 3)
    assert (sl.from_function(lambda x, y: 0.5, width=2, height=2) == 0.5).all()


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x, y: x, "values outside its range"),
        (lambda x, y: x[:2], "the function made no picture"),
        (lambda x, y: x * np.nan, "not numbers"),
        (lambda x, y: "picture", "the function made no picture"),
        (lambda x, y: None, "the function made no picture"),
        (
            lambda x, y: np.zeros(5),
            r"the function made no picture: expected numbers of shape \(9, 9\) or .*, received float64 \(5,\)",
        ),
        (lambda x, y: [[1, 2], [3]], "the function made no picture"),
        (lambda x, y: np.zeros((*x.shape, 2)), "wrong shape"),
    ],
)
def test_a_formula_that_makes_no_picture_is_refused(function: Any, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        sl.from_function(function, width=9, height=9)


@pytest.mark.parametrize("size", ["many", 2.5, None, 0, 16385, [3]])
def test_a_formula_needs_a_size_as_every_picture_does(size: Any) -> None:
    for side in ("width", "height"):
        with pytest.raises(ParameterError, match=f"invalid {side} of from_function: expected .*1 to 16384 px"):
            sl.from_function(lambda x, y: x * 0, **{side: size})
    assert sl.from_function(lambda x, y: x * 0, width=np.int64(3), height=2).shape == (2, 3)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["blank", "gradient", "checkerboard", "noise", "color_bars", "zone_plate", "sample"])
def test_pictures_larger_than_may_be_read_are_not_made(name: str) -> None:
    with pytest.raises(ParameterError, match="the picture would be too large: expected at most 100,000,000 pixels"):
        getattr(sl, name)(width=16384, height=16384)
