"""Known answers for the operations of this group: by definition, worked out by hand, or by another library."""

from __future__ import annotations

import colorsys
from typing import Any

import cv2
import numpy as np
import pytest
from scipy import ndimage
from skimage.filters import threshold_local, threshold_otsu
from skimage.measure import label, regionprops
from skimage.segmentation import flood
from sklearn.cluster import KMeans

import sightline as sl
from sightline.errors import ImageError, ParameterError
from sightline.image import Image

RNG = np.random.default_rng(1)
WHITE = {"uint8": 255, "uint16": 65535, "float32": 1.0}
ALL = pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])


def noise(dtype: str, shape: tuple[int, ...] = (40, 50)) -> Image:
    values = RNG.random(shape) * WHITE[dtype]
    return (values if dtype == "float32" else np.rint(values)).astype(dtype)


def two_grounds(size: tuple[int, int] = (60, 80)) -> Image:
    """Dark and light noise, as a histogram with two peaks."""
    light = np.zeros(size, bool)
    light[20:50, 30:70] = True
    return np.clip(np.where(light, 170, 60) + RNG.normal(0, 20, size), 0, 255).astype(np.uint8)


def discs(*places: tuple[int, int, int], size: tuple[int, int] = (100, 120)) -> Image:
    """Light discs (row, column, radius) on dark."""
    rows, columns = np.indices(size)
    inside = np.any([(rows - y) ** 2 + (columns - x) ** 2 <= r * r for y, x, r in places], axis=0)
    return np.where(inside, 200, 30).astype(np.uint8)


@ALL
def test_threshold_kinds_are_what_they_say(dtype: str) -> None:
    image, full = noise(dtype, (40, 50, 3)), WHITE[dtype]
    level = 0.3 * full if dtype == "float32" else int(0.3 * full)
    above = image > level
    expected = {
        "binary": np.where(above, full, 0),
        "inverse": np.where(above, 0, full),
        "truncate": np.where(above, level, image),
        "to_zero": np.where(above, image, 0),
        "to_zero_inverse": np.where(above, 0, image),
    }
    for kind, values in expected.items():
        result = sl.threshold(image, value=0.3, kind=kind)  # type: ignore[arg-type]
        assert np.array_equal(result, values.astype(dtype)), kind


def test_threshold_leaves_alpha() -> None:
    image = noise("uint8", (40, 50, 4))
    assert np.array_equal(sl.threshold(image)[..., 3], image[..., 3])


def test_otsu_is_scikit_images_threshold() -> None:
    image = two_grounds()
    assert np.array_equal(sl.otsu(image), np.where(image > threshold_otsu(image), 255, 0))
    assert np.array_equal(sl.otsu(image, kind="inverse"), np.where(image > threshold_otsu(image), 0, 255))


def test_otsu_takes_16_bit() -> None:
    image = two_grounds()
    assert np.array_equal(sl.otsu(image.astype(np.uint16) * 257), sl.otsu(image).astype(np.uint16) * 257)


def test_triangle_parts_where_the_histogram_is_farthest_from_its_line() -> None:
    image = np.clip(RNG.exponential(15, (100, 100)) + 20, 0, 255).astype(np.uint8)
    counts = np.bincount(image.ravel(), minlength=256).astype(float)
    peak, end = int(counts.argmax()), int(np.nonzero(counts)[0].max()) + 1
    places = np.arange(peak, end + 1)
    line = counts[peak] * (end - places) / (end - peak)
    foot = int(places[np.argmax(line - counts[peak : end + 1])])
    assert 30 < foot < 90
    assert foot < int(image[sl.triangle(image) == 255].min()) <= foot + 2  # OpenCV leaves a step on the side of the peak
    mirrored = 255 - image
    assert 255 - foot - 2 <= int(mirrored[sl.triangle(mirrored) == 0].max()) < 255 - foot


@ALL
@pytest.mark.parametrize("kind", ["binary", "inverse"])
def test_adaptive_threshold_with_the_mean_is_scikit_images(dtype: str, kind: Any) -> None:
    image, full = noise(dtype), WHITE[dtype]
    mean = threshold_local(image.astype(float), 11, method="mean", mode="nearest")
    above = image > mean - 0.1 * full
    doubtful = np.abs(image - (mean - 0.1 * full)) <= (0.51 + 0.5 if dtype == "uint8" else 1e-3 * full)  # the mean is rounded
    result = sl.adaptive_threshold(image, radius=5, offset=0.1, kind=kind)
    assert doubtful.mean() < 0.05
    assert np.array_equal(result[~doubtful], np.where(above == (kind == "binary"), full, 0)[~doubtful].astype(dtype))


@ALL
def test_adaptive_threshold_with_the_gaussian_is_scipys(dtype: str) -> None:
    image, full = noise(dtype), WHITE[dtype]
    mean = ndimage.gaussian_filter(image.astype(float), 0.3 * 5 + 0.5, mode="nearest", radius=5)
    level = mean - 0.1 * full
    doubtful = np.abs(image - level) <= (1.01 if dtype == "uint8" else 1e-3 * full)
    result = sl.adaptive_threshold(image, method="gaussian", radius=5, offset=0.1)
    assert doubtful.mean() < 0.05
    assert np.array_equal(result[~doubtful], np.where(image > level, full, 0)[~doubtful].astype(dtype))


def test_adaptive_threshold_kinds_are_each_others_opposite() -> None:
    image = noise("uint8")
    for offset in (-0.0137, 0, 0.0123):
        binary = sl.adaptive_threshold(image, offset=offset)
        assert np.array_equal(sl.adaptive_threshold(image, offset=offset, kind="inverse"), 255 - binary)


@pytest.mark.parametrize("channels", [1, 3, 4])
@ALL
def test_in_range_compares_every_channel_with_both_ends_included(dtype: str, channels: int) -> None:
    levels = RNG.integers(0, 256, (40, 50) if channels == 1 else (40, 50, channels))
    levels[0], levels[1] = 0x40, 0xC0
    image = (levels / 255).astype(np.float32) if dtype == "float32" else (levels * (WHITE[dtype] // 255)).astype(dtype)
    colours = levels.reshape(40, 50, -1)[..., :3]
    expected = np.where(((colours >= 0x40) & (colours <= 0xC0)).all(axis=2), 255, 0)
    result = sl.in_range(image, low="#404040", high="#c0c0c0")
    assert result.dtype == np.uint8
    assert np.array_equal(result, expected)


@ALL
def test_in_range_of_hues_runs_past_red(dtype: str) -> None:
    """Against the colour model of the standard library, but for hues within a degree of the ends: 8 bit knows 256 hues."""
    levels = RNG.integers(0, 256, (30, 40, 3))
    image = (levels / 255).astype(np.float32) if dtype == "float32" else (levels * (WHITE[dtype] // 255)).astype(dtype)
    hsv = np.array([colorsys.rgb_to_hsv(*pixel) for pixel in levels.reshape(-1, 3) / 255]).reshape(30, 40, 3)
    hue = hsv[..., 0] * 360
    strong = (hsv[..., 1] >= 0.4) & (hsv[..., 2] >= 0.4)
    doubtful = (np.abs(hue - 340) < 2) | (np.abs(hue - 20) < 2)
    doubtful |= (np.abs(hsv[..., 1] - 0.4) < 0.01) | (np.abs(hsv[..., 2] - 0.4) < 0.01)
    red = strong & ((hue >= 340) | (hue <= 20))
    result = sl.in_range(image, low="hsv(340,40%,40%)", high="hsv(20,100%,100%)", space="hsv")
    assert red.sum() > 30
    assert np.array_equal(result[~doubtful], np.where(red, 255, 0)[~doubtful])
    green = strong & (hue >= 20) & (hue <= 340)
    others = sl.in_range(image, low="hsv(20,40%,40%)", high="hsv(340,100%,100%)", space="hsv")
    assert np.array_equal(others[~doubtful], np.where(green, 255, 0)[~doubtful])


@ALL
def test_in_range_holds_a_pixel_of_exactly_the_colour(dtype: str) -> None:
    image = np.array([[[0x12, 0x9A, 0x77]]]) * (WHITE[dtype] / 255)
    result = sl.in_range(image.astype(dtype), low="#129a77", high="#129a77", space="hsv")
    assert result.tolist() == [[255]]


def test_in_range_refuses_colours_the_wrong_way_round() -> None:
    image = noise("uint8", (4, 4, 3))
    with pytest.raises(ParameterError, match=r"in_range.*red, green and blue.*#ff0000"):
        sl.in_range(image, low="red", high="blue")
    with pytest.raises(ParameterError, match=r"in_range.*saturation and value"):
        sl.in_range(image, low="white", high="black", space="hsv")


@ALL
def test_mask_from_color_takes_every_channel_within_the_tolerance(dtype: str) -> None:
    image = noise(dtype, (40, 50, 3))
    near = np.abs(image / WHITE[dtype] - np.array([255, 128, 0]) / 255) <= 0.3
    result = sl.mask_from_color(image, color=(255, 128, 0), tolerance=0.3)  # type: ignore[arg-type]
    assert result.dtype == np.uint8
    assert np.array_equal(result, np.where(near.all(axis=2), 255, 0))
    assert 0 < (result == 255).sum() < 2000


def test_mask_from_color_finds_the_lightness_in_gray_and_ignores_alpha() -> None:
    assert sl.mask_from_color(np.array([[74, 76, 78]], np.uint8), color="red", tolerance=0).tolist() == [[0, 255, 0]]
    image = noise("uint8", (40, 50, 4))
    colours = np.ascontiguousarray(image[..., :3])
    assert np.array_equal(
        sl.mask_from_color(image, color="gray", tolerance=0.3), sl.mask_from_color(colours, color="gray", tolerance=0.3)
    )


@ALL
@pytest.mark.parametrize(("connectivity", "order"), [(4, 1), (8, 2)])
def test_connected_components_are_scikit_images_regions(dtype: str, connectivity: Any, order: int) -> None:
    image = np.where(noise("float32") > 0.6, noise(dtype), 0).astype(dtype)
    expected = regionprops(label(image > 0, connectivity=order))
    found = sl.connected_components(image, connectivity=connectivity)
    assert found.count == len(expected)
    rows = sorted((area, tuple(box), tuple(np.round(place, 6))) for area, box, place in zip(*table(found), strict=True))
    assert rows == sorted(
        (
            int(region.area),
            (region.bbox[1], region.bbox[0], region.bbox[3] - region.bbox[1], region.bbox[2] - region.bbox[0]),
            tuple(np.round(region.centroid[::-1], 6)),
        )
        for region in expected
    )


def table(found: sl.Components) -> tuple[Any, Any, Any]:
    return found.areas.tolist(), found.boxes.tolist(), found.centroids.tolist()


def test_connected_components_tables_belong_to_the_labels_when_small_ones_go() -> None:
    image = np.where(noise("uint8") > 150, 255, 0).astype(np.uint8)
    every, found = sl.connected_components(image, connectivity=4), sl.connected_components(image, connectivity=4, min_area=4)
    assert 0 < found.count < every.count
    assert found.count == int((every.areas >= 4).sum())
    assert set(np.unique(found.labels)) == set(range(found.count + 1))
    for number in range(1, found.count + 1):
        rows, columns = np.nonzero(found.labels == number)
        assert len(rows) == found.areas[number - 1] >= 4
        assert np.allclose(found.centroids[number - 1], (columns.mean(), rows.mean()))


def test_connected_components_above_a_level_are_those_of_the_threshold() -> None:
    image = two_grounds()
    found, expected = sl.connected_components(image, above=0.45), sl.connected_components(sl.threshold(image, value=0.45))
    assert np.array_equal(found.labels, expected.labels)


@pytest.mark.parametrize("shape", [(100, 120), (100, 120, 3), (100, 120, 4)])
def test_connected_components_draw_one_colour_each_and_leave_the_ground(shape: tuple[int, ...]) -> None:
    found = sl.connected_components(discs((25, 25, 15), (70, 80, 20)), above=0.5)
    drawn = found.draw(np.full(shape, 90, np.uint8))
    assert found.count == 2
    first, second = (np.unique(drawn[found.labels == number], axis=0) for number in (1, 2))
    assert len(first) == len(second) == 1
    assert not np.array_equal(first, second)
    assert (drawn[found.labels == 0] == 90).all()


def test_connected_components_of_black_are_none_and_other_sizes_are_not_drawn_on() -> None:
    black = np.zeros((5, 6), np.uint8)
    found = sl.connected_components(black)
    assert found.to_dict() == {"count": 0, "components": []}
    assert not found.draw(black).any()
    with pytest.raises(ImageError, match="wrong size"):
        found.draw(np.zeros((6, 6), np.uint8))


def test_watershed_parts_touching_discs_at_their_neck() -> None:
    image = discs((50, 35, 25), (50, 85, 26))
    regions = sl.watershed(image, show="regions")
    left, right = regions[50, 35], regions[50, 85]
    assert left.any()
    assert right.any()
    assert not np.array_equal(left, right)
    parts = ndimage.label(image > 100)[1]
    assert parts == 1  # they do touch
    assert (regions[30:71, 15:57] == left).all(axis=2).mean() > 0.7
    necks = np.nonzero((sl.watershed(image)[50] == (255, 0, 0)).all(axis=1))[0]
    assert any(57 <= column <= 62 for column in necks.tolist())


def test_watershed_leaves_one_object_whole_and_the_ground_black() -> None:
    image = np.full((60, 120), 30, np.uint8)
    image[20:40, 10:110] = 200
    regions = sl.watershed(image, show="regions")
    assert len(np.unique(regions.reshape(-1, 3), axis=0)) == 2
    assert not regions[:19].any()
    assert (regions[22:38, 12:108] == regions[30, 60]).all()


def test_watershed_of_dark_objects_is_that_of_the_inverse() -> None:
    image = discs((50, 35, 25), (50, 85, 26))
    dark = sl.watershed(sl.invert(image), show="regions", objects="dark")
    assert np.array_equal(dark, sl.watershed(image, show="regions"))


def test_watershed_draws_lines_of_one_pixel_or_two_in_the_colour_asked_for() -> None:
    image = np.dstack([discs((50, 50, 30))] * 3)
    drawn = sl.watershed(image, color="lime")
    line = (drawn == (0, 255, 0)).all(axis=2)
    assert np.array_equal(drawn[~line], image[~line])
    rows, columns = np.nonzero(line)
    assert np.abs(np.hypot(rows - 50, columns - 50) - 30).max() < 2
    assert abs(line.sum() / (2 * np.pi * 30) - 1) < 0.35


def scene() -> tuple[Image, Image]:
    """A noisy orange disc before a noisy blue ground, and where the disc is."""
    rows, columns = np.indices((60, 80))
    inside = (rows - 30) ** 2 + (columns - 40) ** 2 <= 18**2
    colours = np.where(inside[..., None], (230, 140, 30), (30, 60, 160)) + RNG.normal(0, 8, (60, 80, 3))
    return np.clip(colours, 0, 255).astype(np.uint8), inside


def test_grabcut_finds_the_subject_in_the_box() -> None:
    image, inside = scene()
    mask = sl.grabcut(image, x=15, y=5, width=50, height=50, show="mask")
    assert np.array_equal(mask > 0, inside)
    assert set(np.unique(mask)) == {0, 255}
    cutout = sl.grabcut(image, x=15, y=5)
    assert np.array_equal(cutout[..., :3], image)
    assert np.array_equal(cutout[..., 3], mask)


@pytest.mark.parametrize(
    "box",
    [{"x": 0, "y": 0}, {"x": 40}, {"x": 5, "width": 80}, {"y": 50, "height": 11}, {"x": 0, "y": 0, "width": 80, "height": 60}],
)
def test_grabcut_refuses_boxes_that_do_not_fit(box: dict[str, int]) -> None:
    with pytest.raises(ParameterError, match="box of grabcut does not fit"):
        sl.grabcut(scene()[0], **box)  # type: ignore[arg-type]


def test_kmeans_finds_clusters_that_lie_apart() -> None:
    means = np.array([(200, 40, 40), (40, 200, 40), (40, 40, 200)])
    which = RNG.integers(0, 3, (50, 60))
    image = np.clip(means[which] + RNG.integers(-9, 10, (50, 60, 3)), 0, 255).astype(np.uint8)
    result = sl.kmeans(image, clusters=3)
    for number in range(3):
        painted = np.unique(result[which == number], axis=0)
        assert len(painted) == 1
        assert np.abs(painted[0] - image[which == number].mean(axis=0)).max() <= 0.51


@ALL
def test_kmeans_is_about_as_near_as_scikit_learns(dtype: str) -> None:
    image = np.stack([cv2.GaussianBlur(noise("float32", (200, 200)), (0, 0), 6) for _ in range(3)], axis=2)
    image = (image - image.min()) / (image.max() - image.min())
    picture = (image if dtype == "float32" else np.rint(image * WHITE[dtype])).astype(dtype)
    result = sl.kmeans(picture, clusters=5)
    assert len(np.unique(result.reshape(-1, 3), axis=0)) == 5
    ours = float((((result / WHITE[dtype]) - image) ** 2).sum())
    best = float(KMeans(5, n_init=3, random_state=0).fit(image.reshape(-1, 3)).inertia_)
    assert best * 0.99 < ours < best * 1.1
    assert np.array_equal(sl.kmeans(picture, clusters=5), result)


def test_kmeans_paints_each_pixel_in_the_nearest_colour_and_leaves_few_colours_as_they_are() -> None:
    image = noise("uint8", (30, 40, 3))
    result = sl.kmeans(image, clusters=7, seed=3).reshape(-1, 3).astype(int)
    colours = np.unique(result, axis=0)
    distances = ((image.reshape(-1, 1, 3).astype(int) - colours) ** 2).sum(axis=2)
    chosen = ((image.reshape(-1, 3).astype(int) - result) ** 2).sum(axis=1)
    assert (np.sqrt(chosen) <= np.sqrt(distances.min(axis=1)) + 1).all()  # the colours themselves are rounded
    gray = np.array([[0, 90, 255]], np.uint8)
    assert np.array_equal(sl.kmeans(gray, clusters=8), gray)
    assert np.array_equal(sl.kmeans(image[:1, :1]), image[:1, :1])


@ALL
@pytest.mark.parametrize(("connectivity", "order"), [(4, 1), (8, 2)])
def test_flood_fill_is_scikit_images(dtype: str, connectivity: Any, order: int) -> None:
    image, filled = noise(dtype), 0
    for x, y in ((0, 0), (20, 30), (49, 39)):
        expected = image.copy()
        region = flood(image.astype(float), (y, x), tolerance=0.4 * WHITE[dtype], connectivity=order)
        expected[region] = WHITE[dtype]
        result = sl.flood_fill(image, x=x, y=y, color="white", tolerance=0.4, connectivity=connectivity)
        assert np.array_equal(result, expected)
        filled += int(region.sum())
    assert filled > 3


def test_flood_fill_of_colours_wants_every_channel_near_and_leaves_alpha() -> None:
    image = noise("uint8", (40, 50, 4))
    start = image[7, 5, :3].astype(int)
    near = (np.abs(image[..., :3] - start) <= int(0.5 * 255)).all(axis=2)
    numbers = ndimage.label(near)[0]
    expected = image.copy()
    expected[numbers == numbers[7, 5], :3] = (255, 128, 0)
    assert np.array_equal(sl.flood_fill(image, x=5, y=7, color="#ff8000", tolerance=0.5), expected)


def test_flood_fill_refuses_to_start_outside() -> None:
    with pytest.raises(ParameterError, match=r"flood_fill cannot start outside.*x 0 to 49.*x 50"):
        sl.flood_fill(noise("uint8"), x=50)
