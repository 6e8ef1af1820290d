"""Known answers for the operations of this group: SciPy's morphology, counts of parts and holes, or worked by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.ndimage as ndi
import skimage.morphology as morphology

import sightline as sl
from sightline.errors import ParameterError
from sightline.image import white

PEER: Any = morphology
RNG = np.random.default_rng(1)
GRAY = RNG.integers(0, 256, (20, 30), dtype=np.uint8)
RGB = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)
RGBA16 = RNG.integers(0, 65536, (20, 30, 4), dtype=np.uint16)
FLOAT = RNG.random((20, 30, 3), np.float32)
EVERY = pytest.mark.parametrize("image", [GRAY, RGB, RGBA16, FLOAT], ids=["gray", "rgb", "rgba 16 bit", "float"])
SHAPES = pytest.mark.parametrize("shape", ["rectangle", "ellipse", "cross"])
RADII = pytest.mark.parametrize("radius", [1, 2, 4])
BLOBS = [ndi.gaussian_filter(np.random.default_rng(seed).random((40, 50)), 0.5 + seed / 4) for seed in range(12)]
BINARY = [np.where(blob > np.median(blob), 255, 0).astype(np.uint8) for blob in BLOBS]


def element(shape: str, radius: int) -> Any:
    y, x = np.indices((2 * radius + 1, 2 * radius + 1)) - radius
    if shape == "rectangle":
        return np.ones(y.shape, bool)
    if shape == "cross":
        return (x == 0) | (y == 0)
    return np.abs(x) <= np.rint(np.sqrt(radius**2 - y**2))  # the disk, its rows rounded


def extreme(image: Any, shape: str, radius: int, run: Any, beyond: float, times: int = 1) -> Any:
    """SciPy's erosion or dilation of each channel, with nothing that counts past the edge."""
    for _ in range(times):
        planes = [image] if image.ndim == 2 else [image[..., c] for c in range(image.shape[2])]
        done = [run(plane, footprint=element(shape, radius), mode="constant", cval=beyond) for plane in planes]
        image = done[0] if image.ndim == 2 else np.stack(done, axis=-1)
    return image


def eroded(image: Any, shape: str, radius: int, times: int = 1) -> Any:
    return extreme(image, shape, radius, ndi.grey_erosion, float(white(image)), times)


def dilated(image: Any, shape: str, radius: int, times: int = 1) -> Any:
    return extreme(image, shape, radius, ndi.grey_dilation, 0, times)


@EVERY
@SHAPES
@RADII
def test_erode_is_the_least_value_under_the_element(image: Any, shape: Any, radius: int) -> None:
    assert np.array_equal(sl.erode(image, shape=shape, radius=radius), eroded(image, shape, radius))


@EVERY
@SHAPES
@RADII
def test_dilate_is_the_greatest_value_under_the_element(image: Any, shape: Any, radius: int) -> None:
    assert np.array_equal(sl.dilate(image, shape=shape, radius=radius), dilated(image, shape, radius))


@SHAPES
def test_erode_and_dilate_do_it_as_often_as_asked(shape: Any) -> None:
    assert np.array_equal(sl.erode(RGB, shape=shape, radius=2, iterations=3), eroded(RGB, shape, 2, 3))
    assert np.array_equal(sl.dilate(RGB, shape=shape, radius=2, iterations=3), dilated(RGB, shape, 2, 3))


@EVERY
@SHAPES
@pytest.mark.parametrize("times", [1, 2])
def test_opening_is_dilation_after_erosion(image: Any, shape: Any, times: int) -> None:
    expected = dilated(eroded(image, shape, 2, times), shape, 2, times)
    assert np.array_equal(sl.opening(image, shape=shape, radius=2, iterations=times), expected)


@EVERY
@SHAPES
@pytest.mark.parametrize("times", [1, 2])
def test_closing_is_erosion_after_dilation(image: Any, shape: Any, times: int) -> None:
    expected = eroded(dilated(image, shape, 2, times), shape, 2, times)
    assert np.array_equal(sl.closing(image, shape=shape, radius=2, iterations=times), expected)


@EVERY
@SHAPES
def test_morphological_gradient_is_dilation_less_erosion(image: Any, shape: Any) -> None:
    assert np.array_equal(
        sl.morphological_gradient(image, shape=shape, radius=2), dilated(image, shape, 2) - eroded(image, shape, 2)
    )


@EVERY
@SHAPES
def test_white_tophat_is_the_picture_less_its_opening(image: Any, shape: Any) -> None:
    opened = dilated(eroded(image, shape, 2), shape, 2)
    assert np.array_equal(sl.white_tophat(image, shape=shape, radius=2), image - opened)


@EVERY
@SHAPES
def test_black_tophat_is_the_closing_less_the_picture(image: Any, shape: Any) -> None:
    closed = eroded(dilated(image, shape, 2), shape, 2)
    assert np.array_equal(sl.black_tophat(image, shape=shape, radius=2), closed - image)


PATTERNS = [
    ((0, -1, 0), (1, 1, 1), (0, 1, 0)),
    ((1, 1, -1),),
    ((-1,), (1,), (1,)),
    ((1, 1, 1), (1, 1, 1), (1, 1, 1)),
    ((-1, -1, -1), (0, 0, 0), (0, 0, 0)),
    ((0, 0, 0),),
]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_hit_or_miss_is_scipys_away_from_the_edge(pattern: Any, dtype: str) -> None:
    full = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
    wanted = np.array(pattern)
    for binary in BINARY[:3]:
        subject = binary > 0
        # SciPy takes what lies beyond for subject in one half and for ground in the other; here it fits both
        expected = ndi.binary_erosion(subject, wanted == 1, border_value=1) & ndi.binary_erosion(
            ~subject, wanted == -1, border_value=1
        )
        found = sl.hit_or_miss((subject * full).astype(dtype), pattern=pattern)
        assert np.array_equal(found, (expected * full).astype(dtype))


def test_hit_or_miss_refuses_what_is_no_pattern() -> None:
    for pattern in ((), ((),), ((1, 1, 1), (1,)), ((1, 1),), ((1,), (1,)), ((0.5,),), ((2,),), ((1,) * 33,)):
        with pytest.raises(ParameterError, match="pattern of hit_or_miss"):
            sl.hit_or_miss(GRAY, pattern=pattern)


@pytest.mark.parametrize("binary", BINARY, ids=range(len(BINARY)))
def test_distance_transform_is_scipys_over_its_greatest(binary: Any) -> None:
    peers: Any = {
        "euclidean": ndi.distance_transform_edt(binary),
        "cityblock": ndi.distance_transform_cdt(binary, "taxicab"),
        "chessboard": ndi.distance_transform_cdt(binary, "chessboard"),
    }
    for metric, distance in peers.items():
        result = sl.distance_transform(binary, metric=metric)
        assert result.dtype == np.float32
        assert np.abs(result - distance / distance.max()).max() < 1e-5


def test_distance_transform_follows_its_threshold_in_every_dtype() -> None:
    expected = ndi.distance_transform_edt(GRAY > 76)
    expected /= expected.max()
    for picture in (GRAY, GRAY.astype(np.uint16) * 257, GRAY / np.float32(255)):
        assert np.abs(sl.distance_transform(picture, threshold=0.3) - expected).max() < 1e-5


def test_distance_transform_of_ground_or_subject_alone() -> None:
    assert (sl.distance_transform(np.zeros((5, 7), np.uint8)) == 0).all()
    assert (sl.distance_transform(np.full((5, 7), 255, np.uint8)) == 1).all()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_fill_holes_is_scipys(dtype: str) -> None:
    full = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
    for binary in BINARY:
        filled = sl.fill_holes(((binary > 0) * full).astype(dtype))
        assert np.array_equal(filled, (ndi.binary_fill_holes(binary) * full).astype(dtype))
    assert np.array_equal(sl.fill_holes(GRAY, threshold=0.4) > 0, ndi.binary_fill_holes(GRAY > 102))


@pytest.mark.parametrize("area", [1, 4, 30])
@pytest.mark.parametrize("connectivity", [4, 8])
def test_remove_small_keeps_the_parts_that_are_large_enough(area: int, connectivity: Any) -> None:
    for binary in [*BINARY, GRAY]:
        labels, _ = ndi.label(binary > 127, np.ones((3, 3)) if connectivity == 8 else None)
        sizes = np.bincount(labels.ravel())
        expected = (sizes[labels] >= area) & (labels > 0)
        for dtype, full in (("uint8", 255), ("uint16", 65535), ("float32", 1)):
            picture = ((binary > 127) * full).astype(dtype)
            kept = sl.remove_small(picture, min_area=area, connectivity=connectivity)
            assert np.array_equal(kept, (expected * full).astype(dtype))


def parts_and_holes(subject: Any) -> tuple[int, int]:
    """How many parts hang together over sides or corners, and how many grounds over sides."""
    return int(ndi.label(subject, np.ones((3, 3)))[1]), int(ndi.label(~np.pad(subject, 1))[1])


@pytest.mark.parametrize("binary", [*BINARY, GRAY], ids=range(len(BINARY) + 1))
def test_skeletonize_keeps_parts_and_holes_and_is_thin(binary: Any) -> None:
    subject = binary > 127
    skeleton = sl.skeletonize(binary) > 0
    assert not (skeleton & ~subject).any()
    assert parts_and_holes(skeleton) == parts_and_holes(subject)
    assert not ndi.binary_erosion(skeleton, np.ones((3, 3))).any()
    assert np.array_equal(sl.skeletonize(np.where(skeleton, 255, 0).astype(np.uint8)) > 0, skeleton)
    assert skeleton.sum() <= 1.05 * PEER.skeletonize(subject).sum()


def guo_and_hall(subject: Any) -> Any:
    """The paper's conditions on the whole picture, turn after turn."""
    thin, turn, idle = np.pad(subject, 1), 0, 0
    while idle < 2:
        rows, columns = subject.shape
        around = ((0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0), (0, 0))  # clockwise from above
        p2, p3, p4, p5, p6, p7, p8, p9 = (thin[y : y + rows, x : x + columns] for y, x in around)
        parts = sum((~a & (b | c)).astype(int) for a, b, c in ((p2, p3, p4), (p4, p5, p6), (p6, p7, p8), (p8, p9, p2)))
        ones = sum((a | b).astype(int) for a, b in ((p9, p2), (p3, p4), (p5, p6), (p7, p8)))
        others = sum((a | b).astype(int) for a, b in ((p2, p3), (p4, p5), (p6, p7), (p8, p9)))
        fewest = np.minimum(ones, others)
        keep = (p6 | p7 | ~p9) & p8 if turn == 0 else (p2 | p3 | ~p5) & p4
        goes = thin[1:-1, 1:-1] & (parts == 1) & (fewest >= 2) & (fewest <= 3) & ~keep
        thin[1:-1, 1:-1] &= ~goes
        turn, idle = 1 - turn, 0 if goes.any() else idle + 1
    return thin[1:-1, 1:-1]


def test_skeletonize_is_guo_and_halls() -> None:
    y, x = np.indices((70, 90))
    thick_and_thin = (np.hypot(x - 30, y - 35) < 25) | (abs(y - 35) < 3) | (abs(x - y) < 6)  # changes end early here, late there
    for subject in [*(binary > 127 for binary in BINARY), GRAY > 127, thick_and_thin]:
        assert np.array_equal(sl.skeletonize(np.where(subject, 255, 0).astype(np.uint8)) > 0, guo_and_hall(subject))


def test_skeletonize_finds_the_middle_of_a_bar_in_every_dtype() -> None:
    bar = np.zeros((11, 30), np.uint8)
    bar[3:8, 2:28] = 255
    for picture in (bar, bar.astype(np.uint16) * 257, bar / np.float32(255)):
        skeleton = sl.skeletonize(picture)
        assert skeleton.dtype == picture.dtype
        assert set(np.unique(skeleton).tolist()) == {0, white(picture)}
        rows, columns = np.nonzero(skeleton)
        assert set(rows.tolist()) == {5}
        assert columns.tolist() == list(range(columns[0], columns[-1] + 1))
        assert len(columns) >= 20


def test_skeletonize_of_a_ring_is_a_circle() -> None:
    y, x = np.indices((61, 61)) - 30
    ring = np.where(np.abs(np.hypot(x, y) - 20) < 5, 255, 0).astype(np.uint8)
    rows, columns = np.nonzero(sl.skeletonize(ring))
    assert np.abs(np.hypot(columns - 30, rows - 30) - 20).max() <= math.sqrt(2)
    assert 100 <= len(rows) <= 126  # 8 r / sqrt(2) = 113 pixels make a circle of radius 20 that hangs together over corners


def test_skeletonize_keeps_a_pixel_of_the_smallest_things() -> None:
    for height, width in ((1, 1), (2, 2), (2, 3), (3, 3), (1, 6)):
        thing = np.pad(np.full((height, width), 255, np.uint8), 1)
        assert parts_and_holes(sl.skeletonize(thing) > 0) == (1, 1)
        assert parts_and_holes(sl.skeletonize(thing[1:-1, 1:-1]) > 0) == (1, 1)  # as far as the edge
