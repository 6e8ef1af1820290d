"""Known answers for the operations of this group: scikit-image, SciPy, scikit-learn, or the definition in NumPy."""

from __future__ import annotations

import colorsys
import json
import math
from typing import Any

import cv2
import numpy as np
import pytest
import scipy.ndimage as ndi
from skimage import filters, measure, segmentation
from sklearn.cluster import KMeans

import sightline as sl
from sightline.errors import ImageError, ParameterError
from sightline.image import Image, white

RNG = np.random.default_rng(1)
GRAY = RNG.integers(0, 256, (20, 30), dtype=np.uint8)
RGB = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)
RGBA = RNG.integers(0, 256, (20, 30, 4), dtype=np.uint8)
GRAY16 = RNG.integers(0, 65536, (20, 30), dtype=np.uint16)
RGB16 = RNG.integers(0, 65536, (20, 30, 3), dtype=np.uint16)
FLOAT = RNG.random((20, 30), np.float32)
FLOAT_RGB = RNG.random((20, 30, 3), np.float32)
EVERY = pytest.mark.parametrize("image", [GRAY, RGB, GRAY16, RGB16, FLOAT, FLOAT_RGB], ids=lambda i: f"{i.dtype} {i.ndim}")
KIND_NAMES = pytest.mark.parametrize("kind", ["binary", "inverse", "truncate", "to_zero", "to_zero_inverse"])


def parted(image: Any, level: float, kind: str) -> Any:
    """What `kind` makes of the values above `level` and of the rest."""
    full = white(image)
    above, rest = {
        "binary": (full, 0),
        "inverse": (0, full),
        "truncate": (level, image),
        "to_zero": (image, 0),
        "to_zero_inverse": (0, image),
    }[kind]
    return np.where(image > level, above, rest).astype(image.dtype)


def two_heaps(seed: int) -> Any:
    """A gray picture of a dark and a light part, of different size and spread."""
    rng = np.random.default_rng(seed)
    dark, light = rng.normal(70, rng.uniform(5, 25), (60, 80)), rng.normal(180, rng.uniform(5, 25), (60, 80))
    return np.clip(np.where(rng.random((60, 80)) < rng.uniform(0.05, 0.95), dark, light), 0, 255).astype(np.uint8)


@EVERY
@KIND_NAMES
@pytest.mark.parametrize("value", [0, 0.3, 0.5, 1])
def test_threshold_parts_at_a_fraction_of_white(image: Any, kind: Any, value: float) -> None:
    level: Any = np.float32(value) if image.dtype == np.float32 else math.floor(value * int(white(image)))
    assert np.array_equal(sl.threshold(image, value=value, kind=kind), parted(image, level, kind))


def test_threshold_at_a_level_of_the_picture_leaves_that_level_below() -> None:
    ramp, ramp16 = np.arange(256, dtype=np.uint8)[None], np.arange(65536, dtype=np.uint16)[None]
    for level in range(256):
        assert (sl.threshold(ramp, value=level / 255) == 0).sum() == level + 1
    for level in (0, 1, 77, 30000, 65534, 65535):
        assert (sl.threshold(ramp16, value=level / 65535) == 0).sum() == level + 1


@KIND_NAMES
def test_threshold_leaves_alpha_as_it_is(kind: Any) -> None:
    result = sl.threshold(RGBA, kind=kind)
    assert np.array_equal(result[..., :3], parted(RGBA[..., :3], 127, kind))
    assert np.array_equal(result[..., 3], RGBA[..., 3])


@KIND_NAMES
@pytest.mark.parametrize("seed", range(6))
def test_otsu_takes_the_threshold_of_scikit_image(kind: Any, seed: int) -> None:
    image = two_heaps(seed)
    wide = image.astype(np.uint16) * 200 + RNG.integers(0, 200, image.shape, dtype=np.uint16)
    for picture in (image, wide):
        assert np.array_equal(sl.otsu(picture, kind=kind), parted(picture, int(filters.threshold_otsu(picture)), kind))


def test_otsu_of_a_plain_picture_is_plain() -> None:
    for value in (0, 9, 255):
        assert len(np.unique(sl.otsu(np.full((5, 6), value, np.uint8)))) == 1


@KIND_NAMES
def test_triangle_takes_the_threshold_of_scikit_image(kind: Any) -> None:
    rng = np.random.default_rng(3)
    for tail in (1, -1):
        values = 60 + np.where(rng.random((200, 300)) < 0.9, rng.normal(0, 4, (200, 300)), rng.exponential(40, (200, 300)))
        image = np.clip(values if tail == 1 else 255 - values, 0, 255).astype(np.uint8)
        level = int(filters.threshold_triangle(image))
        near = [parted(image, level + step, kind) for step in (-1, 0, 1)]  # the two draw the line to different sides of a bin
        assert any(np.array_equal(sl.triangle(image, kind=kind), expected) for expected in near)


def mean_around(unit: Any, method: str, radius: int) -> Any:
    if method == "mean":
        return ndi.uniform_filter(unit, 2 * radius + 1, mode="nearest")
    place = np.arange(-radius, radius + 1)
    weights = np.exp(-(place**2) / (2 * (0.3 * radius + 0.5) ** 2))
    weights /= weights.sum()
    return ndi.correlate1d(ndi.correlate1d(unit, weights, axis=0, mode="nearest"), weights, axis=1, mode="nearest")


@pytest.mark.parametrize("image", [GRAY, GRAY16, FLOAT], ids=["8 bit", "16 bit", "float"])
@pytest.mark.parametrize("method", ["mean", "gaussian"])
@pytest.mark.parametrize("radius", [5, 12])
@pytest.mark.parametrize("offset", [-0.1, 0.02])
def test_adaptive_threshold_compares_with_the_mean_around(image: Any, method: Any, radius: int, offset: float) -> None:
    unit = image.astype(np.float64) / float(white(image))
    lead = unit - (mean_around(unit, method, radius) - offset)
    result = sl.adaptive_threshold(image, method=method, radius=radius, offset=offset)
    sure = np.abs(lead) > (1.1 / 255 if image.dtype == np.uint8 else 1e-6)  # in 8 bit the mean is rounded to a whole level
    assert sure.mean() > 0.95
    assert np.array_equal(result[sure], np.where(lead > 0, white(image), 0)[sure])
    assert result.dtype == image.dtype
    other = sl.adaptive_threshold(image, method=method, radius=radius, offset=offset, kind="inverse")
    assert np.array_equal(other, white(image) - result)


@EVERY
def test_in_range_holds_every_channel_to_its_bounds(image: Any) -> None:
    low, high = (30, 60, 90), (200, 220, 240)
    bounds = np.array([low, high]) / 255 * float(white(image))
    if image.ndim == 2:
        bounds = bounds @ [0.299, 0.587, 0.114]
        bounds = bounds if image.dtype == np.float32 else np.rint(bounds)
    inside = (image >= bounds[0]) & (image <= bounds[1])
    expected = inside if image.ndim == 2 else inside.all(axis=2)
    result = sl.in_range(image, low=low, high=high)
    assert result.dtype == np.uint8
    assert np.array_equal(result, expected * np.uint8(255))
    if image.ndim == 2:
        assert np.array_equal(sl.in_range(image, low=low, high=high, space="hsv"), result)


def test_in_range_does_not_look_at_alpha() -> None:
    for space in ("rgb", "hsv"):
        given = {"low": "#103020", "high": "#ff2010" if space == "hsv" else "#f0f0f0", "space": space}
        assert np.array_equal(sl.in_range(RGBA, **given), sl.in_range(RGBA[..., :3], **given))  # type: ignore[arg-type]


@pytest.mark.parametrize("image", [RGB, RGB16, FLOAT_RGB], ids=["8 bit", "16 bit", "float"])
@pytest.mark.parametrize(("low", "high"), [((90, 80, 70), (20, 90, 250)), ((120, 60, 100), (250, 40, 10))])
def test_in_range_of_hsv_runs_from_hue_to_hue_past_red_where_it_must(image: Any, low: Any, high: Any) -> None:
    hsv = np.array([colorsys.rgb_to_hsv(*pixel) for pixel in (image.reshape(-1, 3) / float(white(image))).tolist()])
    least, most = (np.array(colorsys.rgb_to_hsv(*(value / 255 for value in color))) for color in (low, high))
    hue = (hsv[:, 0] - least[0]) % 1 <= (most[0] - least[0]) % 1
    inside = hue & (hsv[:, 1:] >= least[1:]).all(axis=1) & (hsv[:, 1:] <= most[1:]).all(axis=1)
    slack = 1.2 / 255 if image.dtype == np.uint8 else 1e-5  # in 8 bit hue and saturation are whole levels
    sure = (np.abs(np.concatenate([hsv - least, hsv - most], axis=1)) > slack).all(axis=1)
    result = sl.in_range(image, low=low, high=high, space="hsv").ravel() == 255
    assert np.array_equal(result[sure], inside[sure])
    assert 0 < inside.mean() < 1


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_in_range_finds_a_colour_that_is_both_bounds(dtype: str) -> None:
    for color in np.random.default_rng(4).integers(0, 256, (150, 3)):
        image = np.empty((2, 37, 3), dtype)
        image[:] = color / 255 if dtype == "float32" else color * (257 if dtype == "uint16" else 1)
        for space in ("rgb", "hsv"):
            assert sl.in_range(image, low=color.tolist(), high=color.tolist(), space=space).all()


def test_in_range_says_which_bounds_are_the_wrong_way_round() -> None:
    with pytest.raises(ParameterError, match=r"in_range.*red and green and blue.*green 9 in low #000900, 8 in high #ff08ff"):
        sl.in_range(RGB, low=(0, 9, 0), high=(255, 8, 255))
    with pytest.raises(ParameterError, match=r"saturation 255 in low #406000, 63 in high #ffffc0"):
        sl.in_range(RGB, low="#406000", high="#ffffc0", space="hsv")
    with pytest.raises(ParameterError, match=r"lightness 255 in low #ffffff, 0 in high #000000"):
        sl.in_range(GRAY, low="white", high="black")


@EVERY
@pytest.mark.parametrize("tolerance", [0, 0.3, 1])
def test_mask_from_color_is_where_no_channel_is_farther_than_the_tolerance(image: Any, tolerance: float) -> None:
    full, color = float(white(image)), (200, 90, 10)
    wanted: Any = np.array(color) / 255 * full
    if image.ndim == 2:
        wanted = wanted @ [0.299, 0.587, 0.114]
        wanted = wanted if image.dtype == np.float32 else np.rint(wanted)
    near = np.abs(image - wanted) <= (tolerance if full == 1 else math.floor(tolerance * full))
    expected = near if image.ndim == 2 else near.all(axis=2)
    assert np.array_equal(sl.mask_from_color(image, color=color, tolerance=tolerance), expected * np.uint8(255))
    assert expected.all() == (tolerance == 1)


def test_mask_from_color_does_not_look_at_alpha() -> None:
    given: Any = {"color": "#80a0c010", "tolerance": 0.4}
    result = sl.mask_from_color(RGBA, **given)
    assert np.array_equal(result, sl.mask_from_color(RGBA[..., :3], **given))
    assert result.any()


@pytest.mark.parametrize("image", [GRAY, GRAY16, FLOAT], ids=["8 bit", "16 bit", "float"])
@pytest.mark.parametrize("connectivity", [4, 8])
@pytest.mark.parametrize("min_area", [1, 5])
def test_connected_components_are_those_of_scikit_image(image: Any, connectivity: Any, min_area: int) -> None:
    objects = image > 0.6 * float(white(image))
    found = sl.connected_components(image, threshold=0.6, connectivity=connectivity, min_area=min_area)
    labels = measure.label(objects, connectivity=connectivity // 4)
    regions = [region for region in measure.regionprops(labels) if region.area >= min_area]
    assert found.count == len(regions) > 3
    assert found.labels.dtype == np.int32
    for region in regions:  # the numbers may be others
        row, column = region.coords[0]
        number = int(found.labels[row, column])
        assert np.array_equal(found.labels == number, labels == region.label)
        top, left, bottom, right = region.bbox
        assert found.areas[number - 1] == region.area
        assert found.boxes[number - 1].tolist() == [left, top, right - left, bottom - top]
        assert np.allclose(found.centroids[number - 1], region.centroid[::-1])
    assert set(np.unique(found.labels)) == set(range(found.count + 1))


def test_connected_components_tell_all_in_plain_numbers() -> None:
    image = np.zeros((5, 6), np.uint8)
    image[1:3, 2:5] = 200
    described = sl.connected_components(image).to_dict()
    assert described == {"count": 1, "components": [{"area": 6, "box": [2, 1, 3, 2], "centroid": [3.0, 1.5]}]}
    assert json.loads(json.dumps(described)) == described
    none = sl.connected_components(np.zeros((5, 6), np.uint8))
    assert none.to_dict() == {"count": 0, "components": []}
    assert not none.draw(image[:5, :6]).any() or np.array_equal(none.draw(image)[..., 0], image)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_connected_components_are_drawn_each_in_a_colour_of_its_own(dtype: str, channels: int) -> None:
    image = np.zeros((6, 9), np.uint8)
    image[1:3, 1:4], image[4:, 5:] = 255, 255
    canvas = np.full((6, 9) if channels == 1 else (6, 9, channels), 0.5 if dtype == "float32" else 100, dtype)
    drawn = sl.connected_components(image).draw(canvas)
    assert drawn.shape == (6, 9, max(channels, 3))
    base = canvas if channels > 1 else np.dstack([canvas] * 3)
    assert np.array_equal(drawn[image == 0], base[image == 0])
    colors = np.unique(drawn[image > 0], axis=0)
    assert len(colors) == 2
    assert not (colors[:, :3] == base[0, 0, :3]).all(axis=1).any()


def test_connected_components_are_drawn_on_their_own_size_only() -> None:
    with pytest.raises(ImageError, match="wrong size"):
        sl.connected_components(GRAY).draw(GRAY[1:])


def discs(*middles: tuple[int, int], radius: int = 20, shape: tuple[int, int] = (70, 130)) -> Any:
    rows, columns = np.indices(shape)
    return np.any([(rows - y) ** 2 + (columns - x) ** 2 < radius**2 for x, y in middles], axis=0)


TOUCHING = discs((30, 35), (64, 35), (98, 35))


@pytest.mark.parametrize("objects", ["light", "dark"])
def test_watershed_parts_discs_that_touch_half_way_between_their_middles(objects: Any) -> None:
    image = np.where((objects == "light") == TOUCHING, 200, 40).astype(np.uint8)
    image = np.clip(image + np.random.default_rng(0).normal(0, 3, image.shape), 0, 255).astype(np.uint8)
    for picture in (image, np.dstack([image] * 3)):
        regions = sl.watershed(picture, objects=objects, show="regions", separation=20)
        assert len({tuple(regions[35, x]) for x in (30, 64, 98)} - {(0, 0, 0)}) == 3
        assert not regions[~TOUCHING].any()
        columns = np.arange(130)
        for x in (30, 64, 98):
            own = (regions == regions[35, x]).all(axis=2)
            expected = TOUCHING & (np.abs(columns - x) < 17)[None]
            assert (own != expected).sum() < 0.12 * expected.sum()  # noise moves the line by a pixel or two


def test_watershed_draws_the_lines_between_regions() -> None:
    image = np.where(TOUCHING, 200, 40).astype(np.uint8)
    lined = sl.watershed(image, separation=20, color=(0, 255, 0))
    lines = (lined == (0, 255, 0)).all(axis=2)
    assert np.array_equal(lined[~lines], np.dstack([image] * 3)[~lines])
    _, count = ndi.label(TOUCHING & ~lines)
    assert count == 3
    assert lines.sum() < 3 * 2 * math.pi * 20 * 1.5


def test_watershed_does_not_let_the_ground_in_by_dark_spots() -> None:
    image = np.where(TOUCHING, 200, 40).astype(np.uint8)
    image[::7, ::7] = 40
    regions: Any = sl.watershed(image, show="regions", separation=25).any(axis=2)
    assert float(np.mean(regions[image > 100])) > 0.6  # lines around every spot cost the rest


def test_watershed_finds_as_many_as_scikit_image() -> None:
    middles = [(25, 22), (57, 24), (90, 30), (40, 55), (74, 58)]
    mask = discs(*middles, radius=18, shape=(80, 120))
    markers = np.zeros(mask.shape, int)
    for number, (x, y) in enumerate(middles, 1):
        markers[y, x] = number
    expected = segmentation.watershed(-ndi.distance_transform_edt(mask), markers, mask=mask)
    regions = sl.watershed(np.where(mask, 180, 30).astype(np.uint8), show="regions", separation=20)
    colors = [regions[y, x] for x, y in middles]
    assert len({tuple(color) for color in colors}) == 5
    found = np.select([(regions == color).all(axis=2) for color in colors], range(1, 6), 0)
    both = found > 0
    assert (found == expected)[both].mean() > 0.98
    assert both[mask].mean() > 0.85


def test_watershed_parts_at_the_neck_where_one_is_larger() -> None:
    large, small = discs((50, 60), radius=45, shape=(120, 160)), discs((110, 60), radius=22, shape=(120, 160))
    regions = sl.watershed(np.where(large | small, 200, 20).astype(np.uint8), show="regions", separation=15)
    found = (regions == regions[60, 110]).all(axis=2)
    neck = 50 + (60**2 + 45**2 - 22**2) / (2 * 60)  # where the circles cross
    columns = np.flatnonzero(found.any(axis=0))
    assert abs(columns[0] - neck) <= 4
    assert columns[-1] >= 130


def test_watershed_of_a_plain_picture_finds_nothing_to_part() -> None:
    for value in (0, 90, 255):
        for objects in ("light", "dark"):
            regions = sl.watershed(np.full((9, 12), value, np.uint8), objects=objects, show="regions")
            assert len(np.unique(regions.reshape(-1, 3), axis=0)) == 1


def scene() -> tuple[Any, Any]:
    rng = np.random.default_rng(5)
    subject = discs((60, 35), radius=22)
    image = np.where(subject[..., None], (220, 150, 40), (30, 80, 140)) + rng.normal(0, 6, (70, 130, 3))
    return np.clip(image, 0, 255).astype(np.uint8), subject


def test_grabcut_finds_a_subject_of_other_colours_than_the_ground() -> None:
    image, subject = scene()
    mask = sl.grabcut(image, x=30, y=8, width=62, height=55, show="mask")
    assert np.array_equal(mask, np.where(subject, 255, 0))
    cutout = sl.grabcut(image, x=30, y=8, width=62, height=55)
    assert np.array_equal(cutout, np.dstack([image, mask]))


def test_grabcut_takes_a_box_as_far_from_every_edge_where_no_size_is_said() -> None:
    image, _ = scene()
    assert np.array_equal(sl.grabcut(image, x=30, y=8), sl.grabcut(image, x=30, y=8, width=70, height=54))


@pytest.mark.parametrize("box", [(0, 0, None, None), (0, 0, 130, 70), (65, 2, None, None), (100, 2, 31, 5), (2, 66, 5, 5)])
def test_grabcut_refuses_a_box_that_leaves_nothing_outside_or_lies_there(box: Any) -> None:
    x, y, width, height = box
    with pytest.raises(ParameterError, match=r"box of grabcut does not fit.*130 x 70 px"):
        sl.grabcut(scene()[0], x=x, y=y, width=width, height=height)


@pytest.mark.parametrize("image", [GRAY, RGB, RGB16, FLOAT_RGB], ids=["gray", "rgb", "16 bit", "float"])
@pytest.mark.parametrize("clusters", [2, 7])
def test_kmeans_fits_as_well_as_scikit_learn(image: Any, clusters: int) -> None:
    pixels = image.reshape(-1, 1 if image.ndim == 2 else 3) / float(white(image))
    best = KMeans(clusters, n_init=3, random_state=0).fit(pixels).inertia_
    result = sl.kmeans(image, clusters=clusters)
    painted = result.reshape(pixels.shape) / float(white(image))
    assert len(np.unique(painted, axis=0)) == clusters
    assert ((painted - pixels) ** 2).sum() < 1.1 * best  # one start against the best of three
    assert result.dtype == image.dtype


def test_kmeans_paints_every_pixel_in_the_nearest_colour_and_that_in_the_mean() -> None:
    result = sl.kmeans(RGB, clusters=5)
    pixels = RGB.reshape(-1, 3).astype(int)
    colors, number = np.unique(result.reshape(-1, 3), axis=0, return_inverse=True)
    apart = ((pixels[:, None] - colors.astype(int)) ** 2).sum(axis=2)
    assert (apart[np.arange(600), number] <= apart.min(axis=1) + 300).all()  # the colours are rounded
    for index, color in enumerate(colors):
        assert np.abs(pixels[number == index].mean(axis=0) - color).max() < 3


def test_kmeans_keeps_alpha_and_all_colours_where_there_are_few() -> None:
    assert np.array_equal(sl.kmeans(RGBA, clusters=3)[..., 3], RGBA[..., 3])
    few = RGB.copy()
    few[:, :15], few[:, 15:] = (1, 2, 3), (200, 100, 50)
    assert np.array_equal(sl.kmeans(few, clusters=64), few)


def test_kmeans_of_one_pixel_is_that_pixel() -> None:
    for pixel in ([[9]], [[[9, 200, 30]]], [[[9, 200, 30, 77]]]):
        for image in (np.array(pixel, np.uint8), np.array(pixel, np.uint16), np.array(pixel, np.float32) / np.float32(255)):
            assert np.array_equal(sl.kmeans(image, clusters=64), image)


def test_kmeans_leaves_the_random_numbers_of_opencv_to_the_caller() -> None:
    def drawn() -> Any:
        return cv2.randu(np.zeros((1, 5)), np.zeros(1), np.ones(1))

    cv2.setRNGSeed(7)
    drawn()
    expected = drawn()
    cv2.setRNGSeed(7)
    assert not np.array_equal(drawn(), expected)
    sl.kmeans(RGB, clusters=5)
    assert np.array_equal(drawn(), expected)


def test_kmeans_learns_large_pictures_from_a_draw_that_its_seed_repeats() -> None:
    large = np.random.default_rng(2).integers(0, 256, (200, 150, 3), dtype=np.uint8)
    first = sl.kmeans(large, clusters=6, seed=3)
    assert np.array_equal(first, sl.kmeans(large, clusters=6, seed=3))
    assert not np.array_equal(first, sl.kmeans(large, clusters=6, seed=4))
    best = KMeans(6, n_init=1, random_state=0).fit(large.reshape(-1, 3)).inertia_
    assert ((first.astype(float) - large) ** 2).sum() < 1.1 * best


@pytest.mark.parametrize("image", [GRAY, GRAY16, FLOAT], ids=["8 bit", "16 bit", "float"])
@pytest.mark.parametrize("connectivity", [4, 8])
@pytest.mark.parametrize("tolerance", [0, 0.25, 0.6])
def test_flood_fill_fills_what_scikit_image_floods(image: Any, connectivity: Any, tolerance: float) -> None:
    full = int(white(image))
    reach = tolerance if full == 1 else math.floor(tolerance * full)
    for x, y in ((0, 0), (29, 19), (11, 7)):
        region = segmentation.flood(image.astype(float), (y, x), connectivity=connectivity // 4, tolerance=reach)
        result = sl.flood_fill(image, x=x, y=y, color="white", tolerance=tolerance, connectivity=connectivity)
        assert np.array_equal(result, np.where(region, white(image), image))


@pytest.mark.parametrize("image", [RGB, RGBA, RGB16, FLOAT_RGB], ids=["rgb", "rgba", "16 bit", "float"])
def test_flood_fill_holds_every_channel_to_the_tolerance(image: Any) -> None:
    full = int(white(image))
    colors = image[..., :3].astype(float)
    near = (np.abs(colors - colors[7, 11]) <= 0.45 * full).all(axis=2)
    labels, _ = ndi.label(near)
    region = labels == labels[7, 11]
    expected = image.copy()
    expected[region, :3] = np.array((255, 128, 0)) / 255 * full if full != 255 else (255, 128, 0)
    result = sl.flood_fill(image, x=11, y=7, color=(255, 128, 0), tolerance=0.45)
    assert 1 < region.sum() < 600
    assert np.allclose(result, expected, atol=1e-6)


@pytest.mark.parametrize(("x", "y"), [(30, 0), (0, 20)])
def test_flood_fill_refuses_to_start_outside(x: int, y: int) -> None:
    with pytest.raises(ParameterError, match=rf"flood_fill cannot start outside.*x 0 to 29, y 0 to 19 px.*x {x}, y {y} px"):
        sl.flood_fill(GRAY, x=x, y=y)


def test_connected_components_are_a_sequence_with_a_short_text() -> None:
    found = sl.connected_components(np.tile(np.array([[9, 9, 0], [0, 0, 0]], np.uint8), (20, 30)))
    assert repr(found) == "Components(600 found)"
    assert len(found) == 600
    assert list(found) == found.to_dict()["components"]
    assert found[-1] == {"area": 2, "box": [87, 38, 2, 1], "centroid": [87.5, 38.0]}


# ink and subject


def digits(count: int) -> Image:
    """MNIST's first test pictures, uint8 `(N, 28, 28)`."""
    return np.asarray(sl.load_dataset("mnist").splits()["test"].pictures)[:count].reshape(-1, 28, 28)


def stroke(size: tuple[int, int] = (240, 320), width: int = 9) -> Image:
    """Where there is ink: float32 from 0 to 1, a hook of one width."""
    ink = np.zeros(size, np.uint8)
    cv2.polylines(ink, [np.array([[110, 60], [200, 50], [170, 120], [210, 170], [130, 190]])], False, 255, width, cv2.LINE_AA)
    return ink.astype(np.float32) / 255


def lit(ink: Image, paper: float, tone: float, noise: float = 3.0, seed: int = 0) -> Image:
    """A photo of it: light that falls to a third across the page, and noise."""
    rows, columns = ink.shape
    light = np.linspace(1, 0.35, columns, dtype=np.float32) * np.linspace(1, 0.8, rows, dtype=np.float32)[:, None]
    values = (paper + (tone - paper) * ink) * light + np.random.default_rng(seed).normal(0, noise, ink.shape)
    return np.clip(values, 0, 255).astype(np.uint8)


def overlap(found: Image, ink: Image) -> float:
    """Intersection over union."""
    return float(((found > 127) & (ink > 0.5)).sum() / ((found > 127) | (ink > 0.5)).sum())


def test_isolate_ink_leaves_light_ink_on_black_as_it_is_and_turns_the_inverse() -> None:
    for picture in digits(500):
        assert np.array_equal(sl.isolate_ink(picture), picture)
        assert np.array_equal(sl.isolate_ink(255 - picture), picture)
    bright, dim = ((picture * (share / picture.max() * 255)).astype(np.uint8) for share in (0.92, 0.85))
    assert np.array_equal(sl.isolate_ink(bright), bright)
    assert sl.isolate_ink(dim).max() == 255  # what does not reach 90 % of white is stretched


@pytest.mark.parametrize(("paper", "tone"), [(230, 50), (230, 150), (60, 220)], ids=["pen", "pencil", "chalk"])
def test_isolate_ink_finds_a_stroke_under_uneven_light(paper: float, tone: float) -> None:
    """The light falls by more than the pencil is darker than its paper."""
    ink = stroke()
    found = sl.isolate_ink(lit(ink, paper, tone))
    assert overlap(found, ink) > 0.8
    assert np.median(found[ink > 0.99]) > 230
    assert not found[cv2.dilate(ink, np.ones((15, 15))) == 0].any()


def test_isolate_ink_drops_faint_rules_and_a_shadow() -> None:
    ink = stroke()
    page = np.full(ink.shape, 225, np.float32)
    page[15::30] = 185  # ruled
    across = np.arange(320, dtype=np.float32)
    shadow = 1 - 0.45 / (1 + np.exp(-(across - 60) / 8))
    photo = np.clip((page * (1 - ink) + 50 * ink) * shadow, 0, 255).astype(np.uint8)
    found = sl.isolate_ink(photo)
    assert overlap(found, ink) > 0.8
    assert not found[:, :90].any()


@pytest.mark.parametrize("light", [False, True])
def test_isolate_ink_takes_bold_strokes_that_cover_more_than_half(light: bool) -> None:
    for number, picture in enumerate(digits(100)):
        large = cv2.resize(picture, (112, 112), interpolation=cv2.INTER_CUBIC)
        bold = cv2.dilate((large > 127).astype(np.uint8) * 255, np.ones((9, 9), np.uint8))
        x, y, w, h = cv2.boundingRect((bold > 40).view(np.uint8))
        if w < 0.4 * h:
            continue  # a bar that fills its box is ink or ground, nobody knows
        cut = np.ascontiguousarray(bold[y : y + h, x : x + w])
        found = sl.isolate_ink(cut if light else 255 - cut)
        assert overlap(found, cut / 255) > 0.95, number


@pytest.mark.parametrize("noise", [0.0, 2.0, 6.0, 12.0])
@pytest.mark.parametrize("level", [40, 128, 220])
def test_isolate_ink_of_a_blank_page_is_black(level: float, noise: float) -> None:
    for seed in range(4):
        assert not sl.isolate_ink(lit(np.zeros((240, 320), np.float32), level, 0, noise, seed)).any()


@pytest.mark.parametrize("side", [8, 16, 28, 60, 112, 180])
@pytest.mark.parametrize("noise", [3.0, 10.0, 20.0, 30.0])
def test_isolate_ink_of_a_small_blank_tile_is_black(side: int, noise: float) -> None:
    for seed in range(16):
        for light in (np.full(side, 128.0), np.linspace(220, 110, side)):
            tile = light + np.random.default_rng(seed).normal(0, noise, (side, side))
            assert not sl.isolate_ink(np.clip(tile, 0, 255).astype(np.uint8)).any(), (seed, light[-1])


@pytest.mark.parametrize(("paper", "tone", "noise"), [(230, 50, 20), (230, 150, 10), (60, 220, 10)])
def test_isolate_ink_finds_digits_in_small_noisy_tiles(paper: float, tone: float, noise: float) -> None:
    """Where the ink is 8 to 14 times as deep as the noise, hardly a digit of MNIST is lost."""
    for picture in digits(100):
        found = sl.isolate_ink(lit(cv2.resize(picture, (40, 40)).astype(np.float32) / 255, paper, tone, noise))
        assert found.any()


def test_isolate_ink_stretches_a_gray_drawing_and_keeps_its_soft_edges() -> None:
    drawing = np.full((9, 40), 200, np.uint8)
    drawing[4, 10:15] = (150, 100, 100, 100, 150)
    assert sl.isolate_ink(drawing)[4, 8:17].tolist() == [0, 0, 127, 255, 255, 255, 127, 0, 0]


def test_isolate_subject_cuts_a_garment_out_of_a_lit_floor() -> None:
    rows, columns = np.mgrid[:300, :240]
    shape = ((rows - 150) / 110) ** 2 + ((columns - 120) / 70) ** 2 < 1
    floor = np.dstack([170 + rows / 10, 130 + rows / 10, 90 + rows / 10]) + np.random.default_rng(0).normal(0, 4, (300, 240, 3))
    for color in ((30, 50, 120), (235, 235, 240), (160, 20, 30)):
        photo = np.clip(np.where(shape[..., None], color, floor), 0, 255).astype(np.uint8)
        cut = sl.isolate_subject(photo)
        assert np.array_equal(cut[..., :3], photo)
        assert overlap(cut[..., 3], shape.astype(np.float32)) > 0.95


def test_isolate_subject_leaves_a_ground_of_pure_black_and_fills_holes() -> None:
    image = np.zeros((60, 60, 3), np.uint8)
    image[10:50, 10:50] = 90
    assert (sl.isolate_subject(image)[..., 3] == 255).all()
    ring = np.full((60, 60), 230, np.uint8)
    ring[10:50, 10:50] = 40
    ring[25:35, 25:35] = 230  # a print as light as the wall
    alpha = sl.isolate_subject(ring)[..., 3]
    assert alpha[30, 30] == 255
    assert alpha[2, 2] == 0
    assert not sl.isolate_subject(np.full((60, 60), 99, np.uint8))[..., 3].any()
