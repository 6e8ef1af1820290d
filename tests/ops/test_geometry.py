"""Known answers for the operations of this group: worked out by hand, or by another library."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from scipy import ndimage
from skimage import transform as sk

import sightline as sl
from sightline.errors import ParameterError, SightlineError
from sightline.ops._pixels import length

Image = sl.Image

RNG = np.random.default_rng(1)
GRAY = RNG.integers(0, 256, (20, 30), dtype=np.uint8)
RGB = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)
RGBA = RNG.integers(0, 256, (20, 30, 4), dtype=np.uint8)
DEEP = RNG.integers(0, 65536, (20, 30), dtype=np.uint16)
FLOAT = RNG.random((20, 30, 3), np.float32)
EVERY = [GRAY, RGB, RGBA, DEEP, FLOAT]
BORDERS = ["reflect", "replicate", "wrap", "constant"]
ROWS, COLUMNS = np.mgrid[0:20, 0:30].astype(float)


def fetched(image: Image, rows: Any, columns: Any, border: str = "constant", nearest: bool = False, fill: float = 0) -> Image:
    """Each pixel from the place (row, column) of the picture, by SciPy: linear unless nearest."""
    mode = {"reflect": "mirror", "replicate": "nearest", "wrap": "grid-wrap", "constant": "grid-constant"}[border]
    planes = image[..., None] if image.ndim == 2 else image
    options = {"order": 0 if nearest else 1, "mode": mode, "cval": fill, "output": np.float64}

    def shifted(values: Image) -> Image:
        return np.dstack([ndimage.map_coordinates(values[..., c], [rows, columns], **options) for c in range(values.shape[2])])

    mixed = shifted(planes) if nearest or planes.shape[2] < 4 else by_opacity(planes, shifted)
    return mixed.reshape(*np.shape(rows), *image.shape[2:])


def by_opacity(image: Image, run: Callable[[Image], Image]) -> Image:
    """`run` on uint8 RGBA whose colours are multiplied by their alpha before, and divided after."""
    values = run(np.dstack([image[..., :3] * (image[..., 3:] / 255), image[..., 3]]))
    alpha = values[..., 3:]
    return np.dstack([np.divide(255 * values[..., :3], alpha, where=alpha > 0.5, out=np.zeros_like(values[..., :3])), alpha])


def assert_close(result: Image, expected: Image, steps: float = 1) -> None:
    """Equal but for rounding: places are float32, so values differ by some 1e-5 of the range, and by one where that rounds."""
    unit = {"uint8": 1, "uint16": 3, "float32": 1e-4}[str(result.dtype)]
    assert result.shape == expected.shape
    assert np.abs(result.astype(float) - expected).max() <= steps * unit


def test_resize_by_area_is_the_mean_of_blocks() -> None:
    blocks = GRAY.reshape(10, 2, 15, 2).mean(axis=(1, 3))
    assert np.abs(sl.resize(GRAY, width=15, height=10).astype(float) - blocks).max() <= 0.5


def overlaps(before: int, after: int) -> Any:
    """How much of each new pixel each old one covers, `(after, before)`: what averaging areas means."""
    edges = np.arange(before)
    low, high = np.arange(after)[:, None] * before / after, (np.arange(after)[:, None] + 1) * before / after
    return np.clip(np.minimum(high, edges + 1) - np.maximum(low, edges), 0, None) * after / before


def tents(before: int, after: int) -> Any:
    """The weights of linear interpolation, `(after, before)`; beyond the middle of the last pixel it goes on."""
    places = np.clip((np.arange(after)[:, None] + 0.5) * before / after - 0.5, 0, before - 1)
    return np.clip(1 - np.abs(places - np.arange(before)), 0, None)


@pytest.mark.parametrize("interpolation", ["auto", "area"])
@pytest.mark.parametrize("size", [(7, 33), (50, 9), (30, 6), (11, 20), (30, 41), (45, 20), (13, 9), (41, 37)])
@pytest.mark.parametrize("image", EVERY, ids=lambda image: f"{image.dtype}-{image.ndim}")
def test_resize_averages_the_side_that_shrinks_even_where_the_other_grows(image: Image, size: Any, interpolation: Any) -> None:
    width, height = size
    down, across = (
        overlaps(before, after) if interpolation == "area" or after < before else tents(before, after)
        for before, after in ((20, height), (30, width))
    )

    def averaged(values: Image) -> Image:
        mean: Image = np.einsum("yr,xc,rc...->yx...", down, across, values.astype(float))
        return mean

    exact = by_opacity(image, averaged) if image.shape[2:] == (4,) else averaged(image)
    assert_close(sl.resize(image, width=width, height=height, interpolation=interpolation), exact, steps=1.5)  # rounded twice


def test_resize_of_fine_stripes_leaves_their_mean() -> None:
    stripes = np.tile(((np.arange(1000) // 7) % 2 * 255).astype(np.uint8), (4, 1))
    exact = stripes.reshape(4, 100, 10).mean(axis=2)
    interpolations: Any = ("auto", "area")
    for interpolation in interpolations:
        assert_close(sl.resize(stripes, width=100, height=8, interpolation=interpolation), exact.repeat(2, axis=0))


def test_resize_enlarges_to_nearest_neighbours_exactly() -> None:
    enlarged = sl.resize(RGB, width=90, height=60, interpolation="nearest")
    assert np.array_equal(enlarged, RGB.repeat(3, axis=0).repeat(3, axis=1))


def test_letterbox_keeps_proportions_and_fills_with_the_border_colour() -> None:
    image = np.full((10, 40), 200, np.uint8)
    image[4:6, 10:30] = 0
    boxed = sl.letterbox(image, width=20, height=20)
    assert boxed.shape == (20, 20)
    assert (boxed[:7] == 200).all()
    assert (boxed[12:] == 200).all()
    assert (boxed[9:10, 5:15] == 0).all()


@pytest.mark.parametrize(("fill", "value"), [("black", 0), ("white", 255)])
def test_letterbox_fills_with_black_or_white(fill: str, value: int) -> None:
    boxed = sl.letterbox(np.full((8, 4, 4), 9, np.uint8), width=8, height=8, fill=fill)  # type: ignore[arg-type]
    assert boxed[0, 0].tolist() == [value, value, value, 255]
    assert boxed[0, 3].tolist() == [9, 9, 9, 9]


def test_letterbox_leaves_a_picture_of_the_right_size_as_it_is() -> None:
    assert np.array_equal(sl.letterbox(GRAY, width=30, height=20), GRAY)


def test_flip_is_the_reversal_of_axes() -> None:
    assert np.array_equal(sl.flip(RGB), RGB[:, ::-1])
    assert np.array_equal(sl.flip(RGB, direction="vertical"), RGB[::-1])
    assert np.array_equal(sl.flip(RGB, direction="both"), RGB[::-1, ::-1])


@pytest.mark.parametrize("interpolation", ["cubic", "lanczos"])
def test_resize_keeps_a_float_picture_in_its_range_where_the_kernel_overshoots(interpolation: str) -> None:
    step = np.zeros((4, 16), np.float32)
    step[:, 8:] = 1
    enlarged = sl.resize(step, width=64, height=16, interpolation=interpolation)  # type: ignore[arg-type]
    assert (enlarged.min(), enlarged.max()) == (0, 1)


def test_resize_by_its_width_alone_keeps_the_proportions() -> None:
    assert sl.resize(np.zeros((480, 640, 3), np.uint8), width=300).shape == (225, 300, 3)
    assert sl.resize(np.zeros((1, 1000), np.uint8), width=10).shape == (1, 10)
    with pytest.raises(ParameterError, match="resize needs 'width'"):
        sl.resize(np.zeros((4, 4), np.uint8))  # type: ignore[call-arg]


def test_resize_longest_keeps_the_proportions() -> None:
    assert sl.resize_longest(RGB, size=15).shape == (10, 15, 3)
    assert np.array_equal(sl.resize_longest(DEEP.T, size=90, interpolation="nearest"), DEEP.T.repeat(3, axis=0).repeat(3, axis=1))
    assert sl.resize_longest(np.zeros((2, 100), np.uint8), size=10).shape == (1, 10)


def test_resize_shortest_keeps_the_proportions() -> None:
    assert sl.resize_shortest(RGB, size=10).shape == (10, 15, 3)
    blocks = FLOAT.reshape(10, 2, 15, 2, 3).mean(axis=(1, 3))
    assert np.abs(sl.resize_shortest(FLOAT, size=10) - blocks).max() < 1e-6


def test_scale_multiplies_both_sides() -> None:
    assert np.array_equal(sl.scale(RGBA, factor=2, interpolation="nearest"), RGBA.repeat(2, axis=0).repeat(2, axis=1))
    assert sl.scale(GRAY, factor=0.01).tolist() == [[round(float(GRAY.mean()))]]


def test_sizes_beyond_what_may_be_read_are_refused_before_their_memory_is_taken() -> None:
    identity = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    large: list[Callable[[], Image]] = [
        lambda: sl.resize(GRAY, width=16384, height=16384),
        lambda: sl.letterbox(GRAY, width=16384, height=16384),
        lambda: sl.pad(GRAY, right=16384, bottom=16384),
        lambda: sl.affine(GRAY, matrix=identity, width=16384, height=16384),
    ]
    for call in large:
        with pytest.raises(ParameterError, match="100,000,000 pixels"):
            call()


@pytest.mark.parametrize("image", EVERY, ids=lambda image: f"{image.dtype}-{image.ndim}")
@pytest.mark.parametrize(("rows", "columns"), [(20, 30), (2, 2), (3, 4), (1, 30), (1, 7), (20, 1), (5, 1), (1, 1)])
def test_letterbox_fills_with_the_median_of_the_outermost_pixels(image: Image, rows: int, columns: int) -> None:
    image = image[:rows, :columns]
    inner = np.zeros((rows, columns), bool)
    inner[1:-1, 1:-1] = True
    boxed = sl.letterbox(image, width=columns, height=rows + 4)
    assert np.array_equal(boxed[0, 0], np.median(image[~inner], axis=0).astype(image.dtype))
    assert np.array_equal(boxed[2:-2], image)


@pytest.mark.parametrize("image", EVERY, ids=lambda image: f"{image.dtype}-{image.ndim}")
def test_crop_is_a_slice(image: Image) -> None:
    assert np.array_equal(sl.crop(image, x=3, y=5, width=27, height=15), image[5:20, 3:30])


def test_crop_refuses_what_lies_outside_and_says_how_large_the_picture_is() -> None:
    with pytest.raises(ParameterError, match=r"at most 30 px and y \+ height at most 20 px.*received 4 \+ 27 and 0 \+ 5 px"):
        sl.crop(GRAY, x=4, y=0, width=27, height=5)
    with pytest.raises(ParameterError, match=r"16 \+ 5 px"):
        sl.crop(GRAY, x=0, y=16, width=27, height=5)


def test_center_crop_cuts_off_one_more_on_the_right_and_below() -> None:
    assert np.array_equal(sl.center_crop(RGB, width=9, height=11), RGB[4:15, 10:19])
    assert np.array_equal(sl.center_crop(RGB, width=30, height=20), RGB)
    with pytest.raises(ParameterError, match="at most 30 x 20 px, the picture's size, received 31 x 20 px"):
        sl.center_crop(RGB, width=31, height=20)


def test_resized_crop_is_the_crop_that_area_ratio_and_place_name() -> None:
    # half the area of 30 x 20 at ratio 3: 30 x 10; a quarter of it free above
    assert np.array_equal(sl.resized_crop(RGB, y=0.4, scale=0.5, ratio=3, width=30, height=10), RGB[4:14])
    # a square of 600 pixels would be 24.5 px: only 20 fit
    assert np.array_equal(sl.resized_crop(RGB, x=1, scale=1, width=20, height=20), RGB[:, 10:])
    blocks = GRAY[:10, 5:25].reshape(5, 2, 10, 2).mean(axis=(1, 3))
    shrunk = sl.resized_crop(GRAY, x=0.5, y=0, scale=1 / 3, ratio=2, width=10, height=5)
    assert np.abs(shrunk - blocks).max() <= 0.5


@pytest.mark.parametrize("image", EVERY, ids=lambda image: f"{image.dtype}-{image.ndim}")
@pytest.mark.parametrize(
    ("border", "mode"), [("reflect", "reflect"), ("replicate", "edge"), ("wrap", "wrap"), ("constant", "constant")]
)
def test_pad_is_numpys(image: Image, border: Any, mode: Any) -> None:
    widths = [(2, 41), (31, 0)] + [(0, 0)] * (image.ndim - 2)  # more than the picture itself
    assert np.array_equal(sl.pad(image, left=31, top=2, bottom=41, border=border), np.pad(image, widths, mode=mode))


def test_pad_lays_on_a_colour_in_the_range_of_the_picture() -> None:
    assert sl.pad(FLOAT, left=1, color="#ff8000")[3, 0].tolist() == [1, np.float32(128 / 255), 0]
    assert sl.pad(RGBA, top=1, color="#ff8000")[0, 3].tolist() == [255, 128, 0, 255]
    assert sl.pad(DEEP, right=1, color="white")[3, -1] == 65535


def test_pad_to_keeps_the_picture_in_the_middle() -> None:
    padded = sl.pad_to(RGB, width=33, height=10, color="red")
    assert padded.shape == (20, 33, 3)
    assert np.array_equal(padded[:, 1:31], RGB)
    assert (padded[:, [0, 31, 32]] == (255, 0, 0)).all()
    assert np.array_equal(sl.pad_to(RGB, width=1, height=1), RGB)


@pytest.mark.parametrize("image", EVERY, ids=lambda image: f"{image.dtype}-{image.ndim}")
def test_tile_is_numpys(image: Image) -> None:
    assert np.array_equal(sl.tile(image, columns=3, rows=2), np.tile(image, (2, 3) + (1,) * (image.ndim - 2)))


@pytest.mark.parametrize("image", EVERY, ids=lambda image: f"{image.dtype}-{image.ndim}")
def test_trim_finds_again_what_was_padded(image: Image) -> None:
    framed = sl.pad(image, left=3, top=1, right=2, bottom=5, color="#40a0f0")
    inner = image.copy()
    inner[0, 0] = inner[-1, -1] = 0  # no corner like the frame
    framed[1:-5, 3:-2] = inner
    assert np.array_equal(sl.trim(framed, tolerance=0), inner)


def test_trim_bears_a_difference_as_large_as_its_tolerance() -> None:
    image = np.full((5, 9), 100, np.uint8)
    image[:, 0], image[2, 4:6], image[:, 8] = 110, 180, 90
    assert sl.trim(image, tolerance=20 / 255).tolist() == [[180, 180]]
    assert sl.trim(image, tolerance=10 / 255).shape == (5, 5)  # column 8 is 20 away from the corner
    assert np.array_equal(sl.trim(image, tolerance=0.5), image)  # all within it: nothing is border


@pytest.mark.parametrize("tolerance", [0.0, 0.03, 0.05, 0.0987, 0.1, 0.7])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_trim_takes_nothing_that_is_farther_than_its_tolerance(dtype: str, tolerance: float) -> None:
    full = {"uint8": 255, "uint16": 65535}[dtype]
    least = int(tolerance * full) + 1  # the least difference that does not count as border
    for channels in (1, 3, 4):
        for apart, kept in ((least, True), (least - 1, False)):
            framed = np.full((5, 7, channels), 7, dtype)
            framed[2, 3, channels - 1] = 7 + apart
            framed = framed[..., 0] if channels == 1 else framed
            assert sl.trim(framed, tolerance=tolerance).shape[:2] == ((1, 1) if kept else (5, 7))


@pytest.mark.parametrize("image", EVERY, ids=lambda image: f"{image.dtype}-{image.ndim}")
@pytest.mark.parametrize("turns", [1, 2, 3])
def test_rot90_is_numpys(image: Image, turns: int) -> None:
    assert np.array_equal(sl.rot90(image, turns=turns), np.rot90(image, turns))


@pytest.mark.parametrize("image", EVERY, ids=lambda image: f"{image.dtype}-{image.ndim}")
def test_transpose_swaps_rows_and_columns(image: Image) -> None:
    assert np.array_equal(sl.transpose(image), image.swapaxes(0, 1))


@pytest.mark.parametrize("image", EVERY, ids=lambda image: f"{image.dtype}-{image.ndim}")
@pytest.mark.parametrize("border", BORDERS)
def test_rotate_fetches_each_pixel_from_where_it_was(image: Image, border: Any) -> None:
    angle = np.radians(33)
    x, y = COLUMNS - 14.5, ROWS - 9.5
    columns, rows = x * np.cos(angle) - y * np.sin(angle) + 14.5, x * np.sin(angle) + y * np.cos(angle) + 9.5
    assert_close(sl.rotate(image, angle=33, border=border), fetched(image, rows, columns, border))


def test_rotate_turns_counter_clockwise_as_scikit_image() -> None:
    assert_close(sl.rotate(FLOAT, angle=-70), sk.rotate(FLOAT, -70, order=1, mode="constant"))


@pytest.mark.parametrize("interpolation", ["nearest", "linear", "cubic", "lanczos"])
def test_rotate_by_quarter_turns_is_exact(interpolation: Any) -> None:
    for turns in (1, 2, 3):
        turned = sl.rotate(RGB, angle=90 * turns, expand=True, interpolation=interpolation)
        assert np.array_equal(turned, np.rot90(RGB, turns))
    assert np.array_equal(sl.rotate(RGB, angle=-360), RGB)


def test_rotate_expands_to_hold_every_pixel() -> None:
    dots = np.zeros((20, 30), np.float32)
    dots[[0, 0, -1, -1], [0, -1, 0, -1]] = 1
    turned = sl.rotate(dots, angle=30, expand=True)
    assert turned.shape == (33, 36)  # 30 sin 30 + 20 cos 30 = 32.3, 30 cos 30 + 20 sin 30 = 36.0 (35.98)
    assert turned.sum() == pytest.approx(4, abs=0.2)
    assert sl.rotate(dots, angle=30).sum() < 0.1


def test_rotate_leaves_rgba_pictures_transparent_outside_and_others_black_unless_told() -> None:
    assert sl.rotate(RGBA, angle=45)[0, 0].tolist() == [0, 0, 0, 0]
    assert sl.rotate(RGB, angle=45)[0, 0].tolist() == [0, 0, 0]
    assert sl.rotate(RGBA, angle=45, color="#0a141e")[0, 0].tolist() == [10, 20, 30, 255]


def test_translate_by_whole_pixels_is_a_slice() -> None:
    moved = sl.translate(RGB, x=7, y=-3)
    assert np.array_equal(moved[:17, 7:], RGB[3:, :23])
    assert not moved[17:].any()
    assert not moved[:, :7].any()
    assert np.array_equal(sl.translate(DEEP, x=-4, y=5, border="wrap"), np.roll(DEEP, (5, -4), axis=(0, 1)))


def test_translate_by_half_a_pixel_is_the_mean_of_neighbours() -> None:
    mean = (FLOAT[:, 1:] + FLOAT[:, :-1]) / 2
    assert_close(sl.translate(FLOAT, x=-0.5)[:, :-1], mean)


def test_translate_with_cubic_is_keys_kernel_cut_to_the_range() -> None:
    weights = [-0.09375, 0.59375, 0.59375, -0.09375]  # Keys 1981 with a = -0.75 at 1/2
    expected = np.sum([weight * FLOAT[:, i : 27 + i] for i, weight in enumerate(weights)], axis=0)
    moved = sl.translate(FLOAT, x=-0.5, interpolation="cubic")[:, 1:-2]
    assert_close(moved, np.clip(expected, 0, 1))
    assert expected.max() > 1.02  # it would have left it


@pytest.mark.parametrize("image", EVERY, ids=lambda image: f"{image.dtype}-{image.ndim}")
def test_shear_is_the_tangent_of_its_angles(image: Image) -> None:
    across, down = np.tan(np.radians([30, -20]))
    inverse = np.linalg.inv([[1, across], [down, 1]])
    columns, rows = np.tensordot(inverse, [COLUMNS - 14.5, ROWS - 9.5], 1) + np.array([14.5, 9.5])[:, None, None]
    assert_close(sl.shear(image, x=30, y=-20), fetched(image, rows, columns))


def test_shear_refuses_angles_that_leave_a_line() -> None:
    with pytest.raises(ParameterError, match=r"x = 45 degrees, y = 45 degrees"):
        sl.shear(GRAY, x=45, y=45)


@pytest.mark.parametrize("image", EVERY, ids=lambda image: f"{image.dtype}-{image.ndim}")
@pytest.mark.parametrize("border", BORDERS)
def test_affine_fetches_by_the_inverse_matrix(image: Image, border: Any) -> None:
    matrix = [[0.7, 0.3, 11.3], [-0.2, 0.6, 4.1]]
    rows, columns = np.mgrid[0:25, 0:40]
    inverse = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))
    x, y, _ = np.tensordot(inverse, [columns, rows, np.ones((25, 40))], 1)
    mapped = sl.affine(image, matrix=matrix, width=40, height=25, border=border)
    assert_close(mapped, fetched(image, y, x, border))


def test_affine_finds_the_nearest_pixel() -> None:
    matrix = ((1.9, 0.4, -3.3), (0.1, 2.3, 1.7))
    rows, columns = np.mgrid[0:20, 0:30]
    x, y, _ = np.tensordot(np.linalg.inv(np.vstack([matrix, [0, 0, 1]])), [columns, rows, np.ones((20, 30))], 1)
    nearest = sl.affine(RGB, matrix=matrix, interpolation="nearest")
    sure = (np.abs(x % 1 - 0.5) > 0.01) & (np.abs(y % 1 - 0.5) > 0.01)  # halfway both neighbours are right
    assert sure.mean() > 0.9
    assert np.array_equal(nearest[sure], fetched(RGB, y, x, nearest=True)[sure])


@pytest.mark.parametrize("matrix", [[[1, 0, 0]], [[1, 0], [0, 1]], [[1, 2, 0], [2, 4, 5]], [[0, 0, 0], [0, 0, 0]]])
def test_affine_refuses_what_is_no_matrix_or_cannot_be_undone(matrix: Any) -> None:
    with pytest.raises(ParameterError, match="matrix of affine"):
        sl.affine(GRAY, matrix=matrix)


@pytest.mark.parametrize("interpolation", ["nearest", "linear", "cubic", "lanczos"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (6, 1), (2, 2)])
def test_a_small_picture_mirrored_often_does_not_take_for_ever(shape: tuple[int, int], interpolation: Any) -> None:
    """OpenCV itself never comes back with cubic from a picture one pixel wide."""
    image = RNG.integers(0, 256, shape, dtype=np.uint8)
    moved = sl.translate(image, x=-1200, y=-360, interpolation=interpolation, border="reflect")
    assert np.array_equal(moved, image)  # 1200 and 360 are whole periods of 1, 2 and 10 pixels
    shrunk = sl.affine(image, matrix=((1e-3, 0, 0), (0, 1e-3, 0)), width=30, height=30, border="reflect")
    assert shrunk.shape == (30, 30)


@pytest.mark.parametrize("interpolation", ["nearest", "linear", "cubic", "lanczos"])
@pytest.mark.parametrize(("border", "mode"), [("reflect", "reflect"), ("wrap", "wrap")])
@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (2, 3), (9, 12)])
def test_borders_go_on_as_far_as_asked(shape: tuple[int, int], border: Any, mode: Any, interpolation: Any) -> None:
    image = RNG.integers(0, 256, shape, dtype=np.uint8)
    height, width = shape
    wide = np.pad(image, ((60, 60), (90, 90)), mode=mode)
    for x, y in itertools.product((-90, -17, -5, 0, 7, 23, 90), (-60, -4, 13, 60)):
        expected = wide[60 - y : 60 - y + height, 90 - x : 90 - x + width]
        assert np.array_equal(sl.translate(image, x=x, y=y, border=border, interpolation=interpolation), expected)


@pytest.mark.parametrize("scale", [1e-8, 1e-3])
def test_a_picture_made_very_small_shows_what_is_far_outside(scale: float) -> None:
    matrix = ((scale, 0, 15), (0, 1, 0))
    shrunk = sl.affine(GRAY, matrix=matrix, border="replicate")
    assert np.array_equal(shrunk[:, :15], GRAY[:, :1].repeat(15, axis=1))
    assert np.array_equal(shrunk[:, 16:], GRAY[:, -1:].repeat(14, axis=1))


def test_a_picture_made_very_small_is_mirrored_as_often_as_it_takes() -> None:
    places = 1000 * (np.arange(30) - 15) % 58  # back and forth over 30 pixels
    shrunk = sl.affine(RGB, matrix=((1e-3, 0, 15), (0, 1, 0)), border="reflect")
    assert np.array_equal(shrunk, RGB[:, np.minimum(places, 58 - places)])


def test_warps_refuse_sides_that_opencv_cannot_count() -> None:
    long = np.zeros((1, 40_000), np.uint8)
    for warp in (sl.rotate, sl.warp_polar, sl.swirl):
        with pytest.raises(ParameterError, match=r"at most 32,766 px, received 40,000 px"):
            warp(long)


def homography(source: Any, target: Any) -> Any:
    """The matrix that sends four points to four others: eight linear equations."""
    rows = []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    return np.append(np.linalg.solve(np.array(rows, float), np.ravel(target)), 1).reshape(3, 3)


@pytest.mark.parametrize("image", EVERY, ids=lambda image: f"{image.dtype}-{image.ndim}")
@pytest.mark.parametrize("border", ["replicate", "constant"])
def test_perspective_moves_four_corners(image: Image, border: Any) -> None:
    source, target = ((0, 0), (29, 0), (29, 19), (0, 19)), ((4, 2), (26, 0), (30, 20), (1, 15))
    rows, columns = np.mgrid[0:24, 0:33]
    x, y, w = np.tensordot(homography(target, source), [columns, rows, np.ones((24, 33))], 1)
    moved = sl.perspective(image, source=source, target=target, width=33, height=24, border=border)
    assert_close(moved, fetched(image, y / w, x / w, border))


@pytest.mark.parametrize(
    "corners",
    [
        ((0, 0), (9, 0), (9, 9)),
        ((0, 0), (5, 0), (9, 0), (0, 9)),  # three on a line
        ((0, 0), (9, 9), (9, 0), (0, 9)),  # crosswise
        ((0, 0), (9, 0), (2, 2), (0, 9)),  # one points inwards
        ((3, 3), (3, 3), (3, 3), (3, 3)),
    ],
)
def test_perspective_refuses_corners_that_are_none(corners: Any) -> None:
    square = ((0, 0), (9, 0), (9, 9), (0, 9))
    with pytest.raises(ParameterError, match="source of perspective"):
        sl.perspective(GRAY, source=corners, target=square)
    with pytest.raises(ParameterError, match="target of perspective"):
        sl.perspective(GRAY, source=square, target=corners)


@pytest.mark.parametrize("image", EVERY, ids=lambda image: f"{image.dtype}-{image.ndim}")
@pytest.mark.parametrize("log", [False, True])
def test_warp_polar_fetches_by_distance_and_angle(image: Image, log: bool) -> None:
    distance = 12.0 ** (COLUMNS / 30) - 1 if log else 12 * COLUMNS / 30
    angle = 2 * np.pi * ROWS / 20
    rows, columns = 7.6 + distance * np.sin(angle), 8.7 + distance * np.cos(angle)
    unrolled = sl.warp_polar(image, x=0.3, y=0.4, radius=12, log=log)
    assert_close(unrolled, fetched(image, rows, columns), steps=4)  # cos and sin of a table


@pytest.mark.parametrize("log", [False, True])
def test_warp_polar_goes_back(log: bool) -> None:
    y, x = np.mgrid[-1:1:101j, -1:1:121j]
    smooth = (0.5 + 0.4 * np.cos(3 * x + 1) * np.cos(2 * y)).astype(np.float32)
    back = sl.warp_polar(sl.warp_polar(smooth, log=log), log=log, inverse=True)
    inner = (np.abs(x) < 0.95) & (np.abs(y) < 0.95)  # at its rim, black shines in
    assert np.abs(back - smooth)[inner].max() < (0.05 if log else 0.005)  # log samples the outer parts coarsely


@pytest.mark.parametrize("image", EVERY, ids=lambda image: f"{image.dtype}-{image.ndim}")
@pytest.mark.parametrize("border", BORDERS)
def test_remap_shifts_by_the_lightness_of_two_pictures(image: Image, border: Any) -> None:
    right, down = RNG.random((2, 20, 30), np.float32)
    rows, columns = ROWS + 17 * (2 * down - 1), COLUMNS + 17 * (2 * right - 1)
    assert_close(sl.remap(image, dx=right, dy=down, amount=17, border=border), fetched(image, rows, columns, border))


@pytest.mark.parametrize(("gray", "white"), [(np.uint8(128), np.uint8(255)), (np.uint16(32768), np.uint16(65535))])
def test_remap_has_its_zero_at_middle_gray(gray: Any, white: Any) -> None:
    still, right = np.full((20, 30), gray), np.full((20, 30, 3), white)
    assert np.array_equal(sl.remap(RGB, dx=still, dy=still, amount=500), RGB)
    black = sl.remap(RGB, dx=still, dy=np.full((20, 30), white * 0), amount=4)
    assert np.array_equal(black[4:], RGB[:-4])
    shifted = sl.remap(RGB, dx=right, dy=still, amount=4)
    assert np.array_equal(shifted[:, :-4], RGB[:, 4:])
    half = sl.remap(FLOAT, dx=np.full((20, 30), gray // 2), dy=np.full((20, 30), white // 2 + gray // 2, white.dtype), amount=10)
    up = 10 * (float(white // 2 + gray // 2) - float(gray)) / (float(white) - float(gray))
    assert_close(half, fetched(FLOAT, ROWS + up, COLUMNS - 5, "reflect"))


def test_remap_refuses_maps_of_another_size() -> None:
    with pytest.raises(SightlineError, match="dy of remap has the wrong size: expected 30 x 20 px"):
        sl.remap(GRAY, dx=GRAY, dy=GRAY[1:])


@pytest.mark.parametrize("image", EVERY, ids=lambda image: f"{image.dtype}-{image.ndim}")
def test_undistort_is_browns_model(image: Image) -> None:
    k1, k2, p1, p2, k3 = -0.9, 0.3, 0.05, -0.08, 0.4
    cx, cy, focal = 0.6 * 29, 0.3 * 19, 0.8 * 30
    x, y = (COLUMNS - cx) / focal, (ROWS - cy) / focal
    r2 = x**2 + y**2
    radial = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3
    columns = focal * (x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x**2)) + cx
    rows = focal * (y * radial + p1 * (r2 + 2 * y**2) + 2 * p2 * x * y) + cy
    straight = sl.undistort(image, k1=k1, k2=k2, p1=p1, p2=p2, k3=k3, focal=0.8, x=0.6, y=0.3)
    assert_close(straight, fetched(image, rows, columns))


@pytest.mark.parametrize("border", BORDERS)
def test_elastic_blurs_noise_and_follows_it(border: Any) -> None:
    noise = 2 * np.random.default_rng(5).random((2, 20, 30), np.float32).astype(float) - 1
    right, down = (40 * ndimage.gaussian_filter(plane, 3, mode="mirror", truncate=3) for plane in noise)
    expected = fetched(RGB, ROWS + down, COLUMNS + right, border)
    assert_close(sl.elastic(RGB, alpha=40, sigma=3, seed=5, border=border), expected)
    assert 1 < np.abs(right).mean() < 4  # alpha / (6 sigma) = 2.2


def test_elastic_gives_another_picture_for_another_seed() -> None:
    assert not np.array_equal(sl.elastic(RGB, seed=1), sl.elastic(RGB, seed=2))
    assert np.array_equal(sl.elastic(RGB, alpha=0), RGB)


def test_swirl_is_that_of_scikit_image() -> None:
    expected = sk.swirl(FLOAT, (0.4 * 29, 0.7 * 19), strength=2, radius=40, order=1, mode="constant")
    assert_close(sl.swirl(FLOAT, strength=2, radius=40, x=0.4, y=0.7), expected)


def test_swirl_and_bulge_do_not_depend_on_where_memory_lies() -> None:
    """The distances are sums, products and roots that IEEE 754 rounds in one way; those of `cv2.magnitude` are not."""
    x, y = RNG.random((2, 64, 64), np.float32) * 20
    exact = np.sqrt(x * x + y * y)
    for offset in range(16):
        memory = np.empty(2 * x.size + 48, np.float32)
        pair = [memory[start : start + x.size].reshape(x.shape) for start in (offset, offset * 2 + x.size)]
        pair[0][:], pair[1][:] = x, y
        assert np.array_equal(length(*pair), exact)
    row, column = x[:1], y[:, :1]
    assert np.array_equal(length(row.copy(), column.copy()), np.sqrt(row * row + column * column))


@pytest.mark.parametrize("strength", [-0.6, 0.7, 2])
def test_bulge_moves_along_the_radius(strength: float) -> None:
    x, y = COLUMNS - 14.5, ROWS - 9.5
    factor = np.minimum(1, np.hypot(x, y) / 9) ** strength
    assert_close(sl.bulge(RGB, strength=strength, radius=9), fetched(RGB, 9.5 + y * factor, 14.5 + x * factor))


HALF_HIDDEN = np.zeros((40, 40, 4), np.uint8)
HALF_HIDDEN[10:30, 10:30] = 255  # white on hidden black
WARPS: list[Callable[..., Image]] = [
    lambda image, **given: sl.rotate(image, angle=33, **given),
    lambda image, **given: sl.translate(image, x=0.3, y=-0.6, **given),
    lambda image, **given: sl.shear(image, x=20, **given),
    lambda image, **given: sl.affine(image, matrix=((0.8, 0.3, -1), (-0.2, 0.9, 3)), **given),
    lambda image, **given: sl.perspective(
        image, source=((0, 0), (39, 0), (39, 39), (0, 39)), target=((4, 3), (36, 0), (39, 39), (0, 30)), **given
    ),
    lambda image, **given: sl.undistort(image, k1=-0.4, **given),
    lambda image, **given: sl.elastic(image, seed=3, **given),
    lambda image, **given: sl.swirl(image, strength=3, **given),
    lambda image, **given: sl.bulge(image, strength=-0.5, radius=30, **given),
    lambda image, **given: sl.remap(image, dx=np.full((40, 40), 0.7, np.float32), dy=np.full((40, 40), 0.2, np.float32), **given),
    lambda image, **given: sl.warp_polar(image, **given),
    lambda image, **given: sl.resize(image, width=27, height=55, **given),
    lambda image, **given: sl.resize(image, width=27, height=13, **given),
    lambda image, **given: sl.resized_crop(image, x=0.1, y=0.2, scale=0.3, width=33, height=31, **given),
    lambda image, **given: sl.letterbox(image, width=77, height=60, **given)[:, 10:-10],
]


@pytest.mark.parametrize("interpolation", ["linear", "cubic", "lanczos"])
@pytest.mark.parametrize("ground", [HALF_HIDDEN, np.full((40, 40, 4), 255, np.uint8)], ids=["half hidden", "opaque"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("warp", WARPS)
def test_a_white_picture_stays_white_where_it_can_be_seen(warp: Any, dtype: Any, ground: Image, interpolation: Any) -> None:
    image = {"uint8": ground, "uint16": ground * np.uint16(257), "float32": ground / np.float32(255)}[dtype]
    full = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
    result = warp(image, interpolation=interpolation)
    seen = result[..., 3] > (1e-4 if dtype == "float32" else 0)
    assert seen.any()
    assert np.abs(result[seen][:, :3].astype(float) - full).max() <= (1e-3 if dtype == "float32" else 0)


@pytest.mark.parametrize("interpolation", ["linear", "cubic", "lanczos", "nearest"])
def test_what_shines_in_from_outside_counts_as_much_as_it_is_opaque(interpolation: Any) -> None:
    image = np.full((9, 9, 4), (200, 100, 50, 255), np.uint8)
    moved = sl.translate(image, x=0.5, interpolation=interpolation, color="#00ff0080")[4, 0].astype(float)
    alpha = (128 + 255) / 2
    colors = (128 * np.array([0, 255, 0]) + 255 * np.array([200, 100, 50])) / 2
    assert interpolation != "linear" or np.abs(moved - [*colors / alpha, alpha]).max() <= 0.51
    faded = sl.translate(image, x=0.5, interpolation=interpolation)
    assert (faded[..., :3] == np.where(faded[..., 3:], image[..., :3], 0)).all()


@pytest.mark.parametrize("interpolation", ["auto", "area", "linear"])
def test_resize_of_a_hidden_and_a_visible_pixel_shows_the_visible_one(interpolation: Any) -> None:
    image = np.array([[[255, 0, 0, 0], [0, 0, 255, 255]]], np.uint8)
    assert sl.resize(image, width=1, height=1, interpolation=interpolation).tolist() == [[[0, 0, 255, 128]]]


def test_opaque_pictures_are_resized_and_warped_as_without_alpha() -> None:
    opaque = np.dstack([RGB, np.full((20, 30), 255, np.uint8)])
    runs: list[Callable[[Image], Image]] = [
        lambda image: sl.resize(image, width=17, height=11),
        lambda image: sl.resize(image, width=47, height=31, interpolation="cubic"),
        lambda image: sl.rotate(image, angle=20, border="reflect"),
        lambda image: sl.rotate(image, angle=20, color="#102030"),
        lambda image: sl.swirl(image, border="wrap"),
    ]
    for run in runs:
        assert np.array_equal(run(opaque), np.dstack([run(RGB), np.full(run(RGB).shape[:2], 255)]))


def test_warps_take_alpha_as_one_more_channel() -> None:
    for warp in (sl.rotate, sl.shear, sl.elastic, sl.swirl, sl.bulge):
        assert np.array_equal(warp(RGBA)[..., 3], warp(np.ascontiguousarray(RGBA[..., 3])))


def test_rotate_scales_about_the_middle_as_opencv_does() -> None:
    for angle, scale in ((0, 2), (33, 0.7), (-12, 1.1)):
        matrix = cv2.getRotationMatrix2D(((FLOAT.shape[1] - 1) / 2, (FLOAT.shape[0] - 1) / 2), angle, scale)
        assert_close(sl.rotate(FLOAT, angle=angle, scale=scale), cv2.warpAffine(FLOAT, matrix, FLOAT.shape[1::-1]))
    assert sl.rotate(GRAY, angle=90, scale=2, expand=True).shape == (2 * GRAY.shape[1], 2 * GRAY.shape[0])


# the subject


def blot(rows: int, columns: int, top: int, left: int, size: tuple[int, int] = (28, 28), value: int = 255) -> Image:
    """A rectangle of light on black."""
    image = np.zeros(size, np.uint8)
    image[top : top + rows, left : left + columns] = value
    return image


def test_fit_subject_leaves_every_picture_of_mnist_as_it_is() -> None:
    """They were made so: 20 px long, their mass in the middle."""
    pictures = np.asarray(sl.load_dataset("mnist").splits()["test"].pictures)[:1000].reshape(-1, 28, 28)
    for picture in pictures:
        assert np.array_equal(sl.fit_subject(picture, stroke=2.0 if picture is pictures[0] else 0.0), picture)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_fit_subject_moves_what_has_the_size_without_changing_a_pixel(dtype: str) -> None:
    picture = np.asarray(sl.load_dataset("mnist").splits()["test"].pictures)[7].reshape(28, 28)
    full = 1 if dtype == "float32" else np.iinfo(dtype).max
    image = (picture / 255 * full).astype(dtype)
    page = np.zeros((300, 200), dtype)
    page[111:139, 17:45] = image
    assert np.array_equal(sl.fit_subject(page), image)


@pytest.mark.parametrize("factor", [2, 3, 5, 12])
def test_fit_subject_scales_by_areas(factor: int) -> None:
    """A picture enlarged by whole numbers comes back to the last bit."""
    picture = np.asarray(sl.load_dataset("mnist").splits()["test"].pictures)[3].reshape(28, 28)
    large = picture.repeat(factor, axis=0).repeat(factor, axis=1)
    assert np.abs(sl.fit_subject(large, threshold=0.0).astype(int) - picture).max() <= 2


def test_fit_subject_puts_the_mass_or_the_box_in_the_middle() -> None:
    wedge = np.zeros((60, 60), np.uint8)
    wedge[10:50, 10:50] = np.tril(np.full((40, 40), 255, np.uint8))  # its mass is to the lower left
    by_mass, by_box = sl.fit_subject(wedge), sl.fit_subject(wedge, center="box")
    y, x = ndimage.center_of_mass(by_mass)
    assert max(abs(x - 14), abs(y - 14)) <= 0.51  # the middle of MNIST, counted from the middle of the first pixel
    assert cv2.boundingRect(by_box) == (4, 4, 20, 20)
    y, x = ndimage.center_of_mass(by_box)
    assert y > 15 > 12 > x


def test_fit_subject_keeps_two_dots_beside_faint_ink_that_is_ground() -> None:
    page = np.zeros((400, 400), np.uint8)
    page[100:300, 100:300] = 10  # below the threshold, and yet most of the ink
    page[:3, :3] = page[-3:, -3:] = 255
    rows, columns = np.nonzero(sl.fit_subject(page))
    assert np.ptp(rows) == np.ptp(columns) == 19


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("stroke", [0.0, 2.0])
def test_fit_subject_of_single_pixels_far_apart_is_next_to_nothing(dtype: str, stroke: float) -> None:
    page = np.zeros((3000, 2500), dtype)
    page[0, 0] = page[-1, -1] = 1 if dtype == "float32" else np.iinfo(dtype).max
    fitted = sl.fit_subject(page, stroke=stroke)
    assert (fitted.shape, fitted.dtype) == ((28, 28), page.dtype)
    if dtype == "uint8":  # of 255 in 15,000 pixels nothing is left
        assert not fitted.any()


def test_fit_subject_keeps_within_the_frame() -> None:
    """A heavy end would carry the rest out of the picture."""
    club = blot(2, 80, 50, 5, (100, 100))
    club[44:58, 5:19] = 255
    fitted = sl.fit_subject(club, box=28)
    assert fitted[:, 0].any()
    assert fitted[:, -1].any()


def test_fit_subject_drops_a_speck_and_keeps_the_bar_of_a_five() -> None:
    page = blot(80, 30, 60, 60, (300, 300))
    alone = sl.fit_subject(page)
    specked = page.copy()
    specked[250:254, 20:24] = 255
    assert np.array_equal(sl.fit_subject(specked), alone)
    five = page.copy()
    five[40:50, 80:130] = 255  # apart from the body by ten pixels
    assert not np.array_equal(sl.fit_subject(five), alone)
    assert cv2.connectedComponents((sl.fit_subject(five) > 60).view(np.uint8))[0] == 3


@pytest.mark.parametrize("width", [1, 2, 4])
def test_fit_subject_makes_thin_strokes_as_thick_as_asked(width: int) -> None:
    page = np.zeros((1000, 1000), np.uint8)
    cv2.line(page, (200, 150), (700, 850), 255, width, cv2.LINE_AA)
    thin, thick = sl.fit_subject(page), sl.fit_subject(page, stroke=2.0)
    assert thin.max() < 130
    assert thick.max() == 255
    length = float(np.hypot(*np.ptp(np.argwhere(thick > 40), axis=0)))
    assert 1.5 < thick.sum() / 255 / length < 2.6


@pytest.mark.parametrize("stroke", [0.0, 60.0])
def test_fit_subject_takes_no_more_memory_than_a_few_results(stroke: float) -> None:
    """Strokes are mended on a copy that is larger than the result, but not where that is large itself."""
    page = np.zeros((200, 200), np.uint8)
    page[:, 99:101] = page[:2] = 255
    tracemalloc.start()
    fitted = sl.fit_subject(page, box=4000, width=4000, height=4000, stroke=stroke)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert abs(np.count_nonzero(fitted[3000] > 127) - max(40, stroke)) <= 6
    assert most < 8 * fitted.nbytes


def test_fit_subject_smooths_the_steps_of_a_small_bitmap() -> None:
    bitmap = np.array([[255 * (abs(x - y) < 3) for x in range(16)] for y in range(16)], np.uint8)
    fitted = sl.fit_subject(bitmap)
    gray = np.count_nonzero((fitted > 12) & (fitted < 190)) / np.count_nonzero(fitted > 12)
    assert gray > 0.25
    assert fitted.max() > 240


def test_fit_subject_of_nothing_is_nothing_and_a_box_has_to_fit() -> None:
    assert not sl.fit_subject(np.zeros((50, 70), np.uint8)).any()
    assert sl.fit_subject(np.full((50, 70), 5, np.uint8), width=40, height=30).shape == (30, 40)
    with pytest.raises(ParameterError, match="at most 28 px, the shorter side"):
        sl.fit_subject(np.zeros((50, 70), np.uint8), box=29)
