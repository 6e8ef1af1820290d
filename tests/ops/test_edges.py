"""Known answers for the operations of this group: worked out by hand, or by another library."""

from __future__ import annotations

import json
from math import gcd, hypot
from typing import Any

import cv2
import numpy as np
import pytest
from scipy import ndimage
from skimage import draw, feature, filters, measure

import sightline as sl
from sightline.errors import ParameterError
from sightline.image import Image
from sightline.ops.shapes import Circle, Circles, Line, Lines

RNG = np.random.default_rng(1)
GRAY = RNG.integers(0, 256, (20, 30), dtype=np.uint8)
RGB = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)
RGBA = RNG.integers(0, 256, (20, 30, 4), dtype=np.uint8)
GRAY16 = RNG.integers(0, 65536, (20, 30), dtype=np.uint16)
FLOAT = RNG.random((20, 30), dtype=np.float32)
VERMILLION = [213, 94, 0]


def correlated(image: Image, kernel: Any) -> Image:
    """Mirrored at the edge without repeating it, as OpenCV does by default."""
    result: Image = ndimage.correlate(image.astype(np.float64), np.asarray(kernel, np.float64), mode="mirror")
    return result


def binomial(size: int) -> Image:
    row = np.ones(1)
    for _ in range(size - 1):
        row = np.convolve(row, [1, 1])
    return row


def close(result: Image, expected: Image, full: float) -> bool:
    """Rounded to the nearest and cut at white: half a step, and float arithmetic."""
    clipped = np.minimum(expected, full)
    return bool(np.abs(result - clipped).max() <= (1e-5 if full == 1 else 0.5 + full * 1e-6))


# slopes


@pytest.mark.parametrize("axis", ["x", "y"])
@pytest.mark.parametrize("size", [3, 5, 7])
@pytest.mark.parametrize(("image", "full"), [(GRAY, 255), (GRAY16, 65535), (FLOAT, 1)])
def test_sobel_is_the_kernel_over_the_sum_of_its_positive_weights(axis: str, size: int, image: Image, full: float) -> None:
    kernel = np.outer(binomial(size), np.convolve(binomial(size - 2), [-1, 0, 1]))
    kernel /= kernel[kernel > 0].sum()
    expected = np.abs(correlated(image, kernel if axis == "x" else kernel.T))
    assert close(sl.sobel(image, direction=axis, size=size), expected, full)  # type: ignore[arg-type]


def test_sobel_magnitude_is_that_of_scikit_image() -> None:
    assert np.abs(sl.sobel(FLOAT) - filters.sobel(FLOAT, mode="mirror")).max() < 1e-5
    for channel in range(3):
        expected = filters.sobel(RGB[..., channel].astype(float), mode="mirror")
        assert close(sl.sobel(RGB)[..., channel], expected, 255)


def test_sobel_with_scale_4_is_what_scipy_gives_and_white_where_it_passes_white() -> None:
    expected = np.minimum(np.abs(ndimage.sobel(GRAY.astype(int), axis=1, mode="mirror")), 255)
    assert np.array_equal(sl.sobel(GRAY, direction="x", scale=4), expected)
    assert expected.max() == 255


def test_sobel_leaves_alpha_alone() -> None:
    edges = sl.sobel(RGBA)
    assert np.array_equal(edges[..., 3], RGBA[..., 3])
    assert np.array_equal(edges[..., :3], sl.sobel(np.ascontiguousarray(RGBA[..., :3])))


def test_sobel_of_a_step_from_black_to_white_is_white_whatever_the_size() -> None:
    step = np.repeat(np.array([[0] * 6 + [255] * 6], np.uint8), 9, axis=0)
    for size in (3, 5, 7):
        assert sl.sobel(step, direction="x", size=size)[4, 5:7].min() >= 200
        assert sl.sobel(step, direction="y", size=size).max() == 0
    assert sl.sobel(step, direction="x")[4].tolist() == [0] * 5 + [255, 255] + [0] * 5


@pytest.mark.parametrize("image", [GRAY, GRAY16, FLOAT], ids=["uint8", "uint16", "float32"])
def test_scharr_is_that_of_scikit_image(image: Image) -> None:
    full = 1.0 if image is FLOAT else float(np.iinfo(image.dtype).max)
    assert close(sl.scharr(image), filters.scharr(image.astype(float), mode="mirror"), full)
    kernel = np.outer([3, 10, 3], [-1, 0, 1]) / 16
    assert close(sl.scharr(image, direction="x"), np.abs(correlated(image, kernel)), full)


@pytest.mark.parametrize("image", [GRAY, GRAY16, FLOAT], ids=["uint8", "uint16", "float32"])
def test_prewitt_is_that_of_scikit_image(image: Image) -> None:
    full = 1.0 if image is FLOAT else float(np.iinfo(image.dtype).max)
    assert close(sl.prewitt(image), filters.prewitt(image.astype(float), mode="mirror"), full)
    kernel = np.outer([-1, 0, 1], [1, 1, 1]) / 3
    assert close(sl.prewitt(image, direction="y"), np.abs(correlated(image, kernel)), full)


@pytest.mark.parametrize("size", [1, 3, 5, 7])
@pytest.mark.parametrize(("image", "full"), [(GRAY, 255), (GRAY16, 65535), (FLOAT, 1)])
def test_laplacian_is_the_kernel_over_the_sum_of_its_positive_weights(size: int, image: Image, full: float) -> None:
    if size == 1:
        kernel = np.array([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])
    else:
        second = np.convolve(binomial(size - 2), [1, -2, 1])
        kernel = np.outer(binomial(size), second) + np.outer(second, binomial(size))
    expected = np.abs(correlated(image, kernel)) / kernel[kernel > 0].sum()
    assert close(sl.laplacian(image, size=size), expected, full)  # type: ignore[arg-type]


def test_laplacian_with_scale_4_is_that_of_scikit_image_inside() -> None:
    expected = np.minimum(np.abs(filters.laplace(GRAY.astype(float))), 255)
    assert np.array_equal(sl.laplacian(GRAY, scale=4)[1:-1, 1:-1], expected[1:-1, 1:-1])


@pytest.mark.parametrize("sigma", [0.7, 2.0])
def test_difference_of_gaussians_is_that_of_scikit_image(sigma: float) -> None:
    expected = np.abs(filters.difference_of_gaussians(FLOAT.astype(float), sigma, 2 * sigma, mode="mirror"))
    # both cut the kernel off at about 4 sigma, 1e-4 of its weight, but not at the same pixel
    assert np.abs(sl.difference_of_gaussians(FLOAT, sigma=sigma, ratio=2) - expected).max() < 5e-4
    gray = np.abs(filters.difference_of_gaussians(GRAY.astype(float), sigma, 2 * sigma, mode="mirror"))
    assert np.abs(sl.difference_of_gaussians(GRAY, sigma=sigma, ratio=2) - gray).max() < 0.7
    assert np.abs(sl.difference_of_gaussians(GRAY, sigma=sigma, ratio=2, scale=3) - np.minimum(3 * gray, 255)).max() < 1


def shapes() -> Image:
    image = np.full((120, 140), 40, np.uint8)
    image[draw.ellipse(40, 45, 25, 33)] = 220
    image[70:105, 80:130] = 150
    return image


def test_canny_finds_the_edges_that_scikit_image_finds() -> None:
    ours = sl.canny(shapes(), sigma=1.5) > 0
    theirs = feature.canny(shapes(), sigma=1.5)
    assert ours.sum() > 200
    assert (ndimage.distance_transform_edt(~theirs)[ours] <= 1.5).mean() > 0.98
    assert (ndimage.distance_transform_edt(~ours)[theirs] <= 1.5).mean() > 0.98


def test_canny_thresholds_are_parts_of_the_step_from_black_to_white() -> None:
    step = np.repeat(np.array([[100] * 8 + [160] * 8], np.uint8), 9, axis=0)  # 60 of 255 is 0.235
    assert sl.canny(step, sigma=0, low=0.1, high=0.23).any()
    assert not sl.canny(step, sigma=0, low=0.1, high=0.24).any()


@pytest.mark.parametrize("contrast", [0.05, 0.2, 1.0])
def test_canny_finds_thresholds_that_suit_the_picture(contrast: float) -> None:
    """The same edges however faint the picture is; the fixed thresholds of before left nothing of it below 0.2."""
    noise = np.random.default_rng(0).normal(0, 1.2 * contrast, (120, 140))
    faint = np.clip(np.rint(120 + (shapes() - 120.0) * contrast + noise), 0, 255).astype(np.uint8)
    ours, truth = sl.canny(faint, sigma=1.5) > 0, sl.canny(shapes(), sigma=1.5, low=0.1, high=0.2) > 0
    assert (ndimage.distance_transform_edt(~truth)[ours] <= 1.5).mean() > 0.95
    assert (ndimage.distance_transform_edt(~ours)[truth] <= 1.5).mean() > 0.95


def test_canny_chooses_by_the_rule_of_otsu() -> None:
    smooth = cv2.GaussianBlur(shapes(), (0, 0), 1)
    slopes = np.hypot(*(ndimage.sobel(smooth.astype(float), axis=axis, mode="nearest") for axis in (0, 1)))
    high = filters.threshold_otsu(slopes) / 1020
    expected = sl.canny(shapes(), low=0.4 * high, high=high)
    assert (sl.canny(shapes()) != expected).mean() < 0.001  # their 256 levels do not lie at the same places
    for plain in (np.full((40, 40), 90, np.uint8), np.random.default_rng(0).integers(90, 92, (40, 40), dtype=np.uint8)):
        assert not sl.canny(plain).any()


def test_canny_derives_one_threshold_from_the_other() -> None:
    for low, high in ((0.1, 0.25), (0.04, 0.1)):
        expected = sl.canny(shapes(), low=low, high=high)
        assert np.array_equal(sl.canny(shapes(), high=high), expected)
        assert np.array_equal(sl.canny(shapes(), low=low), expected)
    assert not sl.canny(shapes(), low=0.8).any()


def test_canny_follows_a_weak_edge_from_a_strong_one() -> None:
    image = np.zeros((40, 20), np.uint8)
    image[:20, 10:] = 200
    image[20:, 10:] = 60
    edges = sl.canny(image, sigma=0, low=0.1, high=0.5)
    assert edges[2:38, 8:12].max(axis=1).min() == 255
    assert not sl.canny(image[22:], sigma=0, low=0.1, high=0.5).any()


def test_canny_sees_colours_of_equal_lightness() -> None:
    image = np.zeros((20, 20, 3), np.uint8)
    image[:, :10] = (150, 0, 0)
    image[:, 10:] = (0, 76, 0)
    assert np.ptp(sl.to_gray(image)) <= 1
    assert (sl.canny(image) > 0).sum() >= 18
    assert not sl.canny(sl.to_gray(image)).any()


def test_canny_takes_every_depth_and_lays_transparency_on_white() -> None:
    expected = sl.canny(shapes())
    assert np.array_equal(sl.canny(shapes().astype(np.uint16) * 257), expected)
    assert np.array_equal(sl.canny(shapes().astype(np.float32) / 255), expected)
    clear = np.dstack([np.zeros((30, 30, 3), np.uint8), np.zeros((30, 30), np.uint8)])
    assert not sl.canny(clear).any()
    clear[10:20, 10:20, 3] = 255
    assert sl.canny(clear).any()


def test_canny_refuses_thresholds_in_the_wrong_order() -> None:
    with pytest.raises(ParameterError, match="low 0.5, high 0.2"):
        sl.canny(GRAY, low=0.5, high=0.2)


# what is measured


def blots() -> Image:
    """Three light regions, one with a hole, on a dark ground."""
    image = np.full((90, 120), 30, np.uint8)
    image[draw.disk((30, 35), 20)] = 200
    image[draw.disk((30, 35), 8)] = 30
    image[60:80, 20:60] = 180
    image[draw.polygon([10, 80, 60], [80, 75, 115])] = 240
    return image


def test_contours_are_the_regions_of_scikit_image() -> None:
    """By Pick's theorem the area through the pixels' centres is that of the pixels less half of those on the border, less 1."""
    image = blots()
    found = sl.contours(image).items
    regions = sorted(measure.regionprops(measure.label(ndimage.binary_fill_holes(image > 100))), key=lambda r: -r.area)
    assert len(found) == len(regions) == 3
    for contour, region in zip(found, regions, strict=True):
        steps = np.abs(np.diff(contour.points, axis=0, append=contour.points[:1]))
        on_border = sum(gcd(int(dx), int(dy)) for dx, dy in steps)
        assert contour.area == region.area - on_border / 2 - 1
        top, left, bottom, right = region.bbox
        assert contour.box == (left, top, right - left, bottom - top)
        assert hypot(contour.centroid[0] - region.centroid[1], contour.centroid[1] - region.centroid[0]) < 0.7
        assert contour.perimeter == pytest.approx(np.hypot(*steps.T).sum(), rel=1e-6)
        assert not contour.hole


def test_contours_all_has_the_hole_too() -> None:
    found = sl.contours(blots(), mode="all").items
    assert [contour.hole for contour in found].count(True) == 1
    hole = next(contour for contour in found if contour.hole)
    assert hole.centroid == pytest.approx((35, 30), abs=0.2)
    assert hole.area == pytest.approx(np.pi * 8**2, rel=0.15)  # through the ring's innermost pixels


def test_contours_of_dark_things_are_those_of_the_negative() -> None:
    negative = 255 - blots()
    expected = sl.contours(blots()).to_dict()
    assert sl.contours(negative).to_dict() == expected  # auto: the ground is what the border shows
    assert sl.contours(negative, subject="dark").to_dict() == expected
    assert sl.contours(negative, subject="light").to_dict() != expected


def test_contours_of_one_column_count_each_pixel_of_the_ground_once() -> None:
    column = np.array([255, 0, 255, 0, 255, 0, 255], np.uint8)[:, None]  # four of seven are light; twice all but the ends: 6 of 12
    for image in (column, column.T):
        assert len(sl.contours(image, min_area=0).items) == 3


def test_contours_threshold_and_min_area_choose() -> None:
    assert len(sl.contours(blots(), threshold=0.75).items) == 2  # 180 is darker, 200 is lighter
    assert len(sl.contours(blots(), threshold=0.9).items) == 1
    sizes = [contour.area for contour in sl.contours(blots()).items]
    assert sizes == sorted(sizes, reverse=True)
    assert [contour.area for contour in sl.contours(blots(), min_area=sizes[1]).items] == sizes[:2]


def test_contours_of_a_dot_and_of_nothing() -> None:
    image = np.zeros((9, 9), np.uint8)
    assert sl.contours(image).to_dict() == {"count": 0, "contours": []}
    image[3, 5] = 255
    (dot,) = sl.contours(image, min_area=0).items
    assert (dot.area, dot.centroid, dot.box) == (0, (5, 3), (5, 3, 1, 1))
    assert sl.contours(image).items == ()  # a dot has no area
    image[3:5, 5:7] = 255
    assert [found.area for found in sl.contours(image).items] == [1]


def test_hough_lines_finds_a_drawn_line() -> None:
    image = np.zeros((100, 120), np.uint8)
    image[draw.line(80, 10, 20, 90)] = 255  # rows before columns: from (10, 80) up to (90, 20)
    line = sl.hough_lines(image, find_edges=False).items[0]
    assert line.length == pytest.approx(100, abs=4)
    assert line.angle == pytest.approx(36.87, abs=1.5)
    assert min(hypot(line.x1 - 10, line.y1 - 80), hypot(line.x2 - 10, line.y2 - 80)) <= 3
    assert min(hypot(line.x1 - 90, line.y1 - 20), hypot(line.x2 - 90, line.y2 - 20)) <= 3


@pytest.mark.parametrize(("row", "column", "angle"), [(0, 1, 0), (1, 0, 90), (1, 1, 135), (-1, 1, 45)])
def test_hough_lines_angles_count_counter_clockwise_from_level(row: int, column: int, angle: float) -> None:
    image = np.zeros((101, 101), np.uint8)
    image[draw.line(50 - 40 * row, 50 - 40 * column, 50 + 40 * row, 50 + 40 * column)] = 255
    assert sl.hough_lines(image, find_edges=False).items[0].angle == pytest.approx(angle, abs=1)


def test_hough_lines_finds_both_sides_of_a_bar_and_joins_gaps() -> None:
    bar = np.zeros((80, 120), np.uint8)
    bar[30:50, 10:110] = 255
    rows = sorted(line.y1 for line in sl.hough_lines(bar, min_length=60).items)
    assert [min(abs(row - side) for row in rows) <= 1 for side in (30, 49)] == [True, True]
    dashed = np.zeros((40, 120), np.uint8)
    dashed[20, 10:110] = 255
    dashed[20, 50:56] = 0
    assert sl.hough_lines(dashed, find_edges=False, max_gap=10).items[0].length >= 95
    assert sl.hough_lines(dashed, find_edges=False, votes=20, max_gap=2).items[0].length <= 56
    assert sl.hough_lines(np.zeros((40, 40), np.uint8)).to_dict() == {"count": 0, "lines": []}


def test_hough_lines_of_edges_are_those_of_the_picture_they_were_found_in() -> None:
    """What is thin lines already has no edges to be found; a bar of four pixels has, however black and white it is."""
    edges = sl.canny(shapes())
    expected = sl.hough_lines(shapes())
    assert sl.hough_lines(edges) == expected == sl.hough_lines(edges, find_edges=False)
    assert sl.hough_lines(cv2.cvtColor(edges, cv2.COLOR_GRAY2RGB)) == expected
    assert len(sl.hough_lines(edges, find_edges=True).items) > len(expected.items)
    bar = np.zeros((80, 120), np.uint8)
    bar[30:34, 10:110] = 255
    assert sl.hough_lines(bar) == sl.hough_lines(bar, find_edges=True) != sl.hough_lines(bar, find_edges=False)
    assert sl.hough_lines(255 - edges) == sl.hough_lines(255 - edges, find_edges=True)


def disks() -> tuple[Image, list[tuple[int, int, int]]]:
    places = [(40, 40, 18), (110, 50, 30), (60, 120, 25), (140, 130, 12)]
    image = np.full((170, 180), 60, np.uint8)
    for x, y, radius in places:
        image[draw.disk((y, x), radius + 0.5)] = 200
    return image, places


def test_hough_circles_finds_drawn_disks() -> None:
    image, places = disks()
    found = sl.hough_circles(ndimage.gaussian_filter(image, 1), roundness=0.7).items
    assert len(found) == len(places)
    for x, y, radius in places:
        nearest = min(found, key=lambda circle: hypot(circle.x - x, circle.y - y))
        assert hypot(nearest.x - x, nearest.y - y) <= 1.5
        assert abs(nearest.radius - radius) <= 1.5


def test_hough_circles_keeps_to_the_radii_it_is_given() -> None:
    image, _ = disks()
    smooth = ndimage.gaussian_filter(image, 1)
    radii = sorted(circle.radius for circle in sl.hough_circles(smooth, roundness=0.7, min_radius=15, max_radius=27).items)
    assert radii == pytest.approx([18, 25], abs=1.5)
    with pytest.raises(ParameterError, match="hough_circles"):
        sl.hough_circles(image, min_radius=20, max_radius=10)
    assert sl.hough_circles(np.zeros((4, 4), np.uint8)).to_dict() == {"count": 0, "circles": []}


def test_hough_circles_does_not_depend_on_threads() -> None:
    """OpenCV's own answer did: on two threads one call in forty moved a centre by 2 px in this picture."""
    image = disks()[0]
    image[150:165, 20:170] = 220
    before = cv2.getNumThreads()
    try:
        for threads in (1, 2, 4):
            cv2.setNumThreads(threads)
            assert len({sl.hough_circles(image, roundness=0.3).items for _ in range(60)}) == 1
            assert cv2.getNumThreads() == threads
    finally:
        cv2.setNumThreads(before)


@pytest.mark.parametrize("method", ["shi_tomasi", "harris"])
def test_corners_are_those_of_a_rectangle(method: str) -> None:
    image = np.full((60, 80), 20, np.uint8)
    image[15:45, 10:70] = 220
    points = sl.corners(image, method=method, quality=0.3).points  # type: ignore[arg-type]
    assert sorted(map(tuple, points.tolist())) == [(10, 15), (10, 44), (69, 15), (69, 44)]


def test_corners_have_the_strength_of_the_formula() -> None:
    """The smaller eigenvalue of the slopes' covariance, no less than `quality` of the largest, never closer than `min_distance`."""
    image = ndimage.gaussian_filter(np.random.default_rng(2).integers(0, 256, (80, 90)).astype(np.uint8), 1.5)
    x, y = (ndimage.sobel(image.astype(float), axis=axis, mode="nearest") for axis in (1, 0))
    a, b, c = (ndimage.uniform_filter(product, 3, mode="mirror") for product in (x * x, x * y, y * y))
    strength = (a + c) / 2 - np.sqrt(((a - c) / 2) ** 2 + b**2)
    points = sl.corners(image, quality=0.2, min_distance=7, count=1000).points.astype(int)
    inner = ((points >= 3) & (points < (87, 77))).all(axis=1)  # at the edge of the picture the slopes are a matter of choice
    values = strength[points[inner, 1], points[inner, 0]]
    assert len(values) > 5
    assert (np.diff(values) <= 1e-3 * values.max()).all()
    assert values.min() >= 0.2 * strength[1:-1, 1:-1].max() * 0.999
    gaps = [hypot(*(first - second)) for index, first in enumerate(points) for second in points[:index]]
    assert min(gaps) >= 7
    assert len(sl.corners(image, quality=0.2, count=3).points) == 3
    assert sl.corners(np.zeros((9, 9), np.uint8)).to_dict() == {"count": 0, "points": []}


@pytest.mark.parametrize("name", ["contours", "hough_lines", "hough_circles", "corners"])
def test_every_measure_gives_the_same_for_every_kind_of_picture_and_writes_json(name: str) -> None:
    measured = getattr(sl, name)
    gray = disks()[0]
    gray[150:165, 20:170] = 220
    color, clear = np.dstack([gray] * 3), np.dstack([gray] * 3 + [np.full_like(gray, 255)])
    expected = measured(gray).to_dict()
    assert expected["count"] > 0
    assert json.loads(json.dumps(expected)) == expected
    for image in (color, clear, gray.astype(np.uint16) * 257, gray.astype(np.float32) / 255):
        assert measured(image).to_dict() == expected
        canvas = measured(image).draw(image)
        assert (canvas.dtype, canvas.shape) == (np.uint8, (*gray.shape, 3))
        assert (np.abs(canvas.astype(int) - VERMILLION).max(axis=2) < 40).sum() > 10  # thin lines are smoothed


def test_contours_are_drawn_where_they_are() -> None:
    image = np.zeros((60, 60), np.uint8)
    image[20:40, 10:50] = 255
    canvas = sl.contours(image).draw(image)
    for row, column in ((20, 30), (39, 30), (30, 10), (30, 49)):
        assert canvas[row, column].tolist() == pytest.approx(VERMILLION, abs=40)
    assert canvas[30, 20].tolist() == [255, 255, 255]
    assert canvas[5, 5].tolist() == [0, 0, 0]
    assert canvas[29:31, 29:31].reshape(-1, 3).min(axis=0)[2] < 128  # the centroid


def painted(drawn: Image) -> int:
    """How many pixels of a black picture were drawn on."""
    return int((drawn.max(axis=2) > 60).sum())


@pytest.mark.parametrize(("side", "radius", "thickness"), [(640, 11, 1), (640, 200, 1), (1800, 11, 1), (1800, 400, 3)])
def test_hough_circles_are_drawn_in_lines_that_suit_them_and_the_picture(side: int, radius: int, thickness: int) -> None:
    canvas = np.zeros((side, side), np.uint8)
    drawn = Circles((Circle(side / 2 + 0.25, side / 2, radius),)).draw(canvas)
    y, x = np.indices(canvas.shape)
    distance = np.hypot(x - side / 2 - 0.25, y - side / 2)
    weight = drawn[..., 0] / VERMILLION[0] * (distance > radius / 2)
    assert weight.sum() / (2 * np.pi * radius) == pytest.approx(thickness, abs=0.03)
    assert (weight * distance).sum() / weight.sum() == pytest.approx(radius, abs=0.1)
    assert not drawn[(distance > 5 * thickness) & (distance < radius - thickness)].any()  # what lies in it can be seen


def test_contours_that_are_small_are_drawn_thin() -> None:
    image = np.zeros((480, 640), np.uint8)
    image[100:112, 200:209] = 255
    image[300:450, 300:600] = 255
    small, large = sl.contours(image[:200]), sl.contours(image)
    assert painted(small.draw(np.zeros_like(image))) <= 2.2 * 40  # 38 px around, smoothed, and no dot
    assert painted(large.draw(np.zeros_like(image))) <= 2.2 * (40 + 900)


def test_hough_lines_are_drawn_in_one_pixel_on_a_small_photo() -> None:
    line = Lines((Line(100, 200, 299, 200, 199.0, 0.0),))
    assert painted(line.draw(np.zeros((480, 640), np.uint8))) <= 220  # with the dots at both ends
    assert painted(line.draw(np.zeros((1200, 1800), np.uint8))) == pytest.approx(3 * 200, abs=80)


@pytest.mark.parametrize("name", ["contours", "hough_lines", "hough_circles", "corners"])
def test_contours_lines_circles_and_corners_are_sequences_with_a_short_text(name: str) -> None:
    gray = disks()[0]
    gray[150:165, 20:170] = 220
    found = getattr(sl, name)(gray)
    count = found.to_dict()["count"]
    assert count == len(found) == len(list(found)) > 1
    assert repr(found) == f"{type(found).__name__}({count} found)"
    assert np.array_equal(next(iter(found)), found[0])
    assert np.array_equal(list(found)[-1], found[-1])
    with pytest.raises(IndexError):
        found[count]
    assert len(repr(found[0])) < 250
