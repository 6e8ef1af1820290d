"""Known answers for the operations of this group: SciPy's filters, formulas written out, or worked by hand."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pytest
import scipy.ndimage as ndi
from PIL import Image as Pillow
from skimage.color import rgb2lab

import sightline as sl
from sightline.errors import ImageError, ParameterError
from sightline.image import white
from sightline.ops import filters

RNG = np.random.default_rng(1)
GRAY = RNG.integers(0, 256, (20, 30), dtype=np.uint8)
RGB = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)
RGBA = RNG.integers(0, 256, (20, 30, 4), dtype=np.uint8)
GRAY16 = RNG.integers(0, 65536, (20, 30), dtype=np.uint16)
RGB16 = RNG.integers(0, 65536, (20, 30, 3), dtype=np.uint16)
FLOAT = RNG.random((20, 30, 3), np.float32)
EVERY = pytest.mark.parametrize("image", [GRAY, RGB, RGBA, RGB16, FLOAT], ids=["gray", "rgb", "rgba", "16 bit", "float"])
MODES = {"reflect": "mirror", "replicate": "nearest", "wrap": "wrap", "constant": "constant"}  # SciPy's names of the borders
BORDERS = pytest.mark.parametrize("border", MODES)
SMOOTH = ndi.gaussian_filter(RNG.random((64, 64)), 3)
SMOOTH8: Any = (255 * (SMOOTH - SMOOTH.min()) / np.ptp(SMOOTH)).astype(np.uint8)


def by_channel(image: Any, run: Any) -> Any:
    """`run` on each channel in double precision."""
    values = image.astype(np.float64)
    return run(values) if image.ndim == 2 else np.stack([run(values[..., c]) for c in range(image.shape[2])], axis=-1)


def by_opacity(image: Any, run: Any) -> Any:
    """`by_channel`, of RGBA with colours multiplied by their alpha before, and divided after."""
    if image.ndim == 2 or image.shape[2] == 3:
        return by_channel(image, run)
    values = by_channel(np.dstack([image[..., :3] * (image[..., 3:] / 255), image[..., 3]]), run)
    alpha = values[..., 3:]
    return np.dstack([np.divide(255 * values[..., :3], alpha, where=alpha > 0.5, out=np.zeros_like(values[..., :3])), alpha])


def rounding(image: Any) -> float:
    """How far a rightly rounded value may lie from the exact one; float32 filters add up some dozen rounded products."""
    return 2e-6 if image.dtype == np.float32 else 0.502 if image.dtype == np.uint8 else 0.55


def close(result: Any, exact: Any, image: Any) -> bool:
    return bool(np.abs(result.astype(np.float64) - np.clip(exact, 0, float(white(image)))).max() <= rounding(image))


def unit(image: Any) -> Any:
    return image.astype(np.float64) / float(white(image))


@EVERY
@BORDERS
@pytest.mark.parametrize(("width", "height"), [(3, 5), (4, 1), (1, 6), (2, 8)])
def test_box_blur_is_the_mean_of_the_box(image: Any, border: Any, width: int, height: int) -> None:
    exact = by_opacity(image, lambda plane: ndi.uniform_filter(plane, (height, width), mode=MODES[border]))
    assert close(sl.box_blur(image, width=width, height=height, border=border), exact, image)


def test_box_blur_keeps_a_flat_picture_at_every_size() -> None:
    white_ones = np.full((9, 13), 255, np.uint8)  # where OpenCV 5.0's own `blur` of 2 x 1 gives 0
    for width in range(1, 34):
        for height in (1, 2, 3, 4, 8, 16):
            assert (sl.box_blur(white_ones, width=width, height=height) == 255).all()


@EVERY
@BORDERS
@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.7])
def test_gaussian_blur_is_scipys_with_a_kernel_of_three_or_four_sigma(image: Any, border: Any, sigma: float) -> None:
    reach = math.ceil(sigma * (3 if image.dtype == np.uint8 else 4))
    exact = by_opacity(image, lambda plane: ndi.gaussian_filter(plane, sigma, mode=MODES[border], radius=reach))
    assert close(sl.gaussian_blur(image, sigma=sigma, border=border), exact, image)


def test_gaussian_blur_keeps_a_flat_picture_at_every_sigma() -> None:
    for sigma in (0.1, 1.3, 5, 20, 50):
        assert (sl.gaussian_blur(np.full((9, 13), 201, np.uint8), sigma=sigma) == 201).all()


@EVERY
@pytest.mark.parametrize("radius", [1, 2, 3, 5])
def test_median_blur_is_scipys_median(image: Any, radius: int) -> None:
    side = 2 * radius + 1
    assert np.array_equal(
        sl.median_blur(image, radius=radius), by_channel(image, lambda plane: ndi.median_filter(plane, side, mode="nearest"))
    )


def test_median_blur_is_the_same_in_tiles_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sl.median_blur(RGB16, radius=3)
    for values in (1, 2000, 10000):
        monkeypatch.setattr(filters, "WINDOW_VALUES", values)
        assert np.array_equal(sl.median_blur(RGB16, radius=3), whole)


def bilateral_by_loops(image: Any, sigma_color: float, sigma_space: float) -> Any:
    values = unit(image if image.ndim == 3 else image[..., None])
    reach = round(1.5 * sigma_space)
    padded = np.pad(values, ((reach, reach), (reach, reach), (0, 0)), mode="reflect")
    total, weights = np.zeros_like(values), np.zeros((*values.shape[:2], 1))
    for y in range(-reach, reach + 1):
        for x in range(-reach, reach + 1):
            if math.hypot(x, y) <= reach:
                there = padded[reach + y : reach + y + values.shape[0], reach + x : reach + x + values.shape[1]]
                apart = np.abs(there - values).sum(axis=2, keepdims=True)
                weight = np.exp(-(apart**2) / (2 * sigma_color**2) - (x * x + y * y) / (2 * sigma_space**2))
                total, weights = total + weight * there, weights + weight
    return (total / weights).reshape(image.shape)


@pytest.mark.parametrize("sigma_space", [0.5, 1.5, 1.68, 2.5])
@pytest.mark.parametrize("image", [GRAY, RGB, GRAY16, RGB16, FLOAT], ids=["gray", "rgb", "gray 16", "rgb 16", "float"])
def test_bilateral_is_the_formula(image: Any, sigma_space: float) -> None:
    result = unit(sl.bilateral(image, sigma_color=0.3, sigma_space=sigma_space))
    # 8 bit rounds; the others look their weights up in a table, OpenCV's own approximation
    tolerance = 0.51 / 255 if image.dtype == np.uint8 else 2e-4
    assert np.abs(result - bilateral_by_loops(image, 0.3, sigma_space)).max() <= tolerance


def test_bilateral_keeps_alpha() -> None:
    result = sl.bilateral(RGBA)
    assert np.array_equal(result[..., 3], RGBA[..., 3])
    assert np.array_equal(result[..., :3], sl.bilateral(np.ascontiguousarray(RGBA[..., :3])))


@pytest.mark.parametrize("image", [GRAY, RGB], ids=["gray", "rgb"])
def test_nl_means_is_the_formula(image: Any) -> None:
    strength, patch, window = 0.4, 1, 2
    values = (image if image.ndim == 3 else image[..., None]).astype(np.float64)
    reach = patch + window
    padded = np.pad(values, ((reach, reach), (reach, reach), (0, 0)), mode="reflect")
    rows, columns = image.shape[:2]
    core = padded[window:-window, window:-window]
    total, weights = np.zeros_like(values), np.zeros((rows, columns, 1))
    for y in range(2 * window + 1):
        for x in range(2 * window + 1):
            there = padded[y : y + core.shape[0], x : x + core.shape[1]]
            apart = ndi.uniform_filter(((there - core) ** 2).mean(axis=2), 2 * patch + 1)[patch:-patch, patch:-patch, None]
            weight = np.exp(-apart / (strength * 255) ** 2)
            total, weights = total + weight * there[patch:-patch, patch:-patch], weights + weight
    result = sl.nl_means(image, strength=strength, patch_radius=patch, window_radius=window)
    # OpenCV rounds the distances down to a power of two steps and the weights to a fixed point
    assert np.abs(result.astype(float) - (total / weights).reshape(image.shape)).max() <= 1.5


def test_nl_means_removes_noise_and_keeps_an_edge() -> None:
    clean = np.repeat(np.array([[60] * 20 + [180] * 20], np.uint8), 40, axis=0)
    noisy = np.clip(clean + np.random.default_rng(3).normal(0, 8, clean.shape), 0, 255).astype(np.uint8)
    result = sl.nl_means(noisy, strength=0.06).astype(float)
    assert np.abs(result - clean).mean() < np.abs(noisy.astype(float) - clean).mean() / 4


def test_motion_blur_to_the_right_is_the_mean_of_a_row() -> None:
    exact = by_channel(RGB, lambda plane: ndi.uniform_filter1d(plane, 7, axis=1, mode="mirror"))
    assert close(sl.motion_blur(RGB, length=7), exact, RGB)
    assert close(
        sl.motion_blur(RGB, length=7, angle=-90), by_channel(RGB, lambda p: ndi.uniform_filter1d(p, 7, axis=0, mode="mirror")), RGB
    )


def test_motion_blur_of_even_length_has_half_pixels_at_its_ends() -> None:
    dot = np.zeros((1, 9), np.float32)
    dot[0, 4] = 0.8
    assert sl.motion_blur(dot, length=4)[0].round(6).tolist() == pytest.approx([0, 0, 0.1, 0.2, 0.2, 0.2, 0.1, 0, 0])


def test_motion_blur_turns_counter_clockwise() -> None:
    dot = np.zeros((7, 7), np.float32)
    dot[3, 3] = 0.9
    up = sl.motion_blur(dot, length=4, angle=45, border="constant")
    assert up[2, 4] == up[4, 2] > 0.2  # up and to the right, down and to the left
    assert up[2, 2] == up[4, 4] == 0
    steep = sl.motion_blur(dot, length=5, angle=70, border="constant")  # 5 sin 70 = 4.7 rows, 5 cos 70 = 1.7 columns
    assert np.argwhere(steep).tolist() == [[1, 4], [2, 3], [3, 3], [4, 3], [5, 2]]
    for angle in (0, 17, 45, 80, 111, 179, -30, 360):
        assert sl.motion_blur(dot, length=5, angle=angle).sum() == pytest.approx(0.9, abs=1e-6)


@pytest.mark.parametrize("angle", [0, 20, 30, 45, -70])
@pytest.mark.parametrize("length", [9, 15, 25])
def test_motion_blur_spreads_as_far_at_every_angle(length: int, angle: float) -> None:
    """The standard deviation of an even distribution over `length` is length / sqrt(12)."""
    dot = np.zeros((41, 41), np.float32)
    dot[20, 20] = 1
    rows, columns = np.mgrid[-20:21, -20:21]
    along = columns * np.cos(np.radians(angle)) - rows * np.sin(np.radians(angle))
    variance = (sl.motion_blur(dot, length=length, angle=angle) * along**2).sum()
    assert variance**0.5 == pytest.approx(length / 12**0.5, rel=0.03)


def test_motion_blur_of_one_pixel_changes_nothing() -> None:
    for angle in (0, 33, 45, 90):
        assert np.array_equal(sl.motion_blur(RGB, length=1, angle=angle), RGB)
        assert np.array_equal(sl.motion_blur(RGBA, length=1, angle=angle), np.where(RGBA[..., 3:], RGBA, 0))


SMOOTHING = [
    sl.gaussian_blur, sl.box_blur, sl.motion_blur, sl.pixelate, sl.sharpen, sl.unsharp_mask,
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("smooth", SMOOTHING, ids=lambda smooth: smooth.__name__)
def test_a_picture_of_one_colour_keeps_it_however_its_transparency_changes(smooth: Any, dtype: str) -> None:
    full = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
    image = (RNG.random((20, 30, 4), np.float32) * full).astype(dtype)
    color = (np.array([1, 0.5, 0.25]) * full).astype(dtype)
    image[..., :3] = np.where(image[..., 3:], color, np.array([0, full, full], dtype))  # hidden ones differ
    image[3:9, 5:11] = np.array([0, full, full, 0], dtype)
    result = smooth(image)
    seen = result[..., 3:] > (1e-4 if dtype == "float32" else 0)
    assert seen.any()
    apart = np.where(seen, unit(result)[..., :3] - color / full, 0) * unit(result)[..., 3:]  # laid on any ground
    assert np.abs(apart).max() <= 1e-6


@pytest.mark.parametrize("smooth", [sl.gaussian_blur, sl.box_blur, sl.motion_blur, sl.sharpen])
def test_what_a_constant_border_lets_in_is_transparent(smooth: Any) -> None:
    white_one = np.full((9, 9, 4), 255, np.uint8)
    result = smooth(white_one, border="constant")
    assert (result[..., :3] == 255).all()
    assert (result[..., 3] < 255).any() == (smooth is not sl.sharpen)


@EVERY
@BORDERS
def test_sharpen_adds_the_difference_to_the_four_neighbours(image: Any, border: Any) -> None:
    cross = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    exact = by_opacity(image, lambda plane: plane + 0.7 * (4 * plane - ndi.correlate(plane, cross, mode=MODES[border])))
    assert close(sl.sharpen(image, amount=0.7, border=border), exact, image)


@EVERY
@pytest.mark.parametrize("amount", [0.3, 1.5, 10])
def test_unsharp_mask_adds_what_the_blur_takes_away(image: Any, amount: float) -> None:
    reach = 5 if image.dtype == np.uint8 else 6
    blurred = by_opacity(image, lambda plane: ndi.gaussian_filter(plane, 1.5, mode="mirror", radius=reach))
    exact = np.clip((1 + amount) * image.astype(np.float64) - amount * blurred, 0, float(white(image)))
    result = sl.unsharp_mask(image, sigma=1.5, amount=amount)
    # only once are values rounded; float32 has seven digits, of which some are lost in the difference
    assert np.abs(result - exact).max() <= rounding(image) + 2e-7 * amount * float(white(image))


@EVERY
def test_unsharp_mask_leaves_small_differences_as_they_are(image: Any) -> None:
    full = float(white(image))
    apart = np.abs(image - by_opacity(image, lambda plane: ndi.gaussian_filter(plane, 2, mode="mirror"))) / full
    low, high = apart < 0.2 - 2 / 255, apart > 0.2 + 2 / 255
    plain, choosy = sl.unsharp_mask(image), sl.unsharp_mask(image, threshold=0.2)
    assert np.array_equal(choosy[low], image[low])
    assert np.array_equal(choosy[high], plain[high])
    assert low.any()
    assert high.any()


@pytest.mark.parametrize("image", [GRAY, RGB, RGB16, FLOAT], ids=["gray", "rgb", "16 bit", "float"])
def test_high_pass_keeps_what_the_blur_takes_away(image: Any) -> None:
    middle = {"uint8": 128, "uint16": 32768, "float32": 0.5}[str(image.dtype)]
    reach = 6 if image.dtype == np.uint8 else 8
    exact = by_channel(image, lambda plane: middle + plane - ndi.gaussian_filter(plane, 2, mode="mirror", radius=reach))
    assert close(sl.high_pass(image, sigma=2), exact, image)


@EVERY
@BORDERS
@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (1, 5), (13, 15)])
def test_custom_kernel_is_scipys_correlation(image: Any, border: Any, shape: tuple[int, int]) -> None:
    kernel: Any = np.random.default_rng(5).normal(size=shape)
    exact = by_channel(image, lambda plane: ndi.correlate(plane, kernel, mode=MODES[border]))
    result = sl.custom_kernel(image, kernel=kernel, border=border)
    full = float(white(image))
    tolerance = 1e-5 if image.dtype == np.float32 else 0.55  # single precision, and a Fourier transform for large kernels
    assert np.abs(result - np.clip(exact, 0, full)).max() <= tolerance


def test_custom_kernel_normalizes_and_adds_its_offset() -> None:
    exact = by_channel(GRAY, lambda plane: ndi.correlate(plane, [[1, 2, 1]], mode="mirror") / 4)
    assert close(sl.custom_kernel(GRAY, kernel=((1, 2, 1),), normalize=True), exact, GRAY)
    flat = np.full((3, 3), 40, np.uint8)
    assert (sl.custom_kernel(flat, kernel=((-1, 0, 1),), offset=0.2) == 51).all()


def test_custom_kernel_refuses_what_is_no_kernel() -> None:
    for kernel in ((), ((),), ((1, 2), (3,)), ((1,) * 66,), ((1,),) * 66):
        with pytest.raises(ParameterError, match="kernel of custom_kernel"):
            sl.custom_kernel(GRAY, kernel=kernel)
    with pytest.raises(ParameterError, match="sum of 0"):
        sl.custom_kernel(GRAY, kernel=((-1, 0, 1),), normalize=True)


@pytest.mark.parametrize("image", [GRAY, RGB, RGB16, FLOAT], ids=["gray", "rgb", "16 bit", "float"])
def test_emboss_is_prewitts_slope_on_gray(image: Any) -> None:
    middle = {"uint8": 128, "uint16": 32768, "float32": 0.5}[str(image.dtype)]
    right = by_channel(image, lambda plane: ndi.prewitt(plane, axis=1, mode="mirror") / 6)
    down = by_channel(image, lambda plane: ndi.prewitt(plane, axis=0, mode="mirror") / 6)
    assert close(sl.emboss(image, angle=180), middle + right, image)
    assert close(sl.emboss(image, angle=90, strength=2), middle + 2 * down, image)
    assert close(sl.emboss(image, angle=-45), middle - math.sqrt(0.5) * (right + down), image)


@EVERY
@pytest.mark.parametrize("size", [1, 4, 7, 10, 25, 1024])
def test_pixelate_shows_the_means_of_squares(image: Any, size: int) -> None:
    def means(plane: Any) -> Any:
        exact = np.empty(plane.shape)
        for y in range(0, 20, size):
            for x in range(0, 30, size):
                exact[y : y + size, x : x + size] = plane[y : y + size, x : x + size].mean()
        return exact

    assert close(sl.pixelate(image, size=size), by_opacity(image, means), image)


@pytest.mark.parametrize("image", [GRAY, RGB, RGB16, FLOAT], ids=["gray", "rgb", "16 bit", "float"])
def test_vignette_is_its_formula(image: Any) -> None:
    y, x = np.linspace(-1, 1, 20)[:, None], np.linspace(-1, 1, 30)
    gain = 1 - 0.7 * (x**2 + y**2) / 2
    assert close(sl.vignette(image, strength=0.7), image * (gain if image.ndim == 2 else gain[..., None]), image)


FLAT = np.full((200, 300), 0.5, np.float32)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_add_noise_gaussian_has_its_deviation(dtype: str) -> None:
    full = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
    noise = (
        unit(sl.add_noise((FLAT * full).astype(dtype), amount=0.1)) - int(0.5 * full) / full
        if full > 1
        else sl.add_noise(FLAT, amount=0.1) - 0.5
    )
    assert abs(noise.mean()) < 0.002  # five times its standard error of 0.1 / sqrt(60000)
    assert noise.std() == pytest.approx(0.1, rel=0.02)
    assert (noise**4).mean() / noise.std() ** 4 == pytest.approx(3, abs=0.1)  # that of the normal distribution
    assert np.abs(np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1]) < 0.02  # neighbours know nothing of each other


def test_add_noise_speckle_grows_with_the_value() -> None:
    dark, light = sl.add_noise(FLAT / 4, kind="speckle", amount=0.1), sl.add_noise(FLAT, kind="speckle", amount=0.1)
    assert light.std() == pytest.approx(0.05, rel=0.02)
    assert dark.std() == pytest.approx(0.0125, rel=0.02)
    eight = sl.add_noise((FLAT * 200).astype(np.uint8), kind="speckle", amount=0.1)
    assert eight.std() == pytest.approx(10, rel=0.02)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_add_noise_salt_pepper_hits_whole_pixels(dtype: str) -> None:
    full = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
    image = np.full((200, 300, 3), full / 2, dtype)
    result = sl.add_noise(image, kind="salt_pepper", amount=0.2)
    white_ones, black_ones = (result == full).all(axis=2), (result == 0).all(axis=2)
    assert white_ones.mean() == pytest.approx(0.1, abs=0.006)  # five times sqrt(0.1 * 0.9 / 60000)
    assert black_ones.mean() == pytest.approx(0.1, abs=0.006)
    assert np.array_equal(result[~(white_ones | black_ones)], image[~(white_ones | black_ones)])
    assert (sl.add_noise(image, kind="salt_pepper", amount=1) != image).all()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_add_noise_poisson_has_a_variance_that_grows_with_the_value(dtype: str) -> None:
    full = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
    for value in (0.2, 0.6):
        noisy = unit(sl.add_noise(np.full((200, 300), value * full, dtype), kind="poisson", amount=0.1))
        assert noisy.mean() == pytest.approx(value, abs=0.005)
        assert noisy.std() == pytest.approx(0.1 * math.sqrt(value), rel=0.03)


def test_add_noise_follows_its_seed_and_keeps_alpha() -> None:
    first = sl.add_noise(RGBA, seed=4)
    assert np.array_equal(first, sl.add_noise(RGBA, seed=4))
    assert not np.array_equal(first, sl.add_noise(RGBA, seed=5))
    assert np.array_equal(first[..., 3], RGBA[..., 3])


@pytest.mark.parametrize("quality", [5, 50, 95])
@pytest.mark.parametrize("image", [SMOOTH8, np.dstack([SMOOTH8, SMOOTH8[::-1], SMOOTH8.T])], ids=["gray", "rgb"])
def test_jpeg_compression_is_what_pillow_makes(image: Any, quality: int) -> None:
    file = io.BytesIO()
    Pillow.fromarray(image).save(file, "JPEG", quality=quality, subsampling="4:2:0")
    expected = np.asarray(Pillow.open(file)).astype(int)
    assert np.abs(sl.jpeg_compression(image, quality=quality).astype(int) - expected).max() <= 2  # another build of libjpeg


def test_jpeg_compression_refuses_sides_that_jpeg_cannot_have() -> None:
    with pytest.raises(ImageError, match="too large for JPEG"):
        sl.jpeg_compression(np.zeros((1, 65501), np.uint8))
    assert sl.jpeg_compression(np.zeros((1, 65500), np.uint8)).shape == (1, 65500)


def test_coarse_dropout_covers_one_rectangle_of_the_size_asked_for() -> None:
    for seed in range(30):
        result = sl.coarse_dropout(np.full((40, 60), 9, np.uint8), holes=1, width=0.2, height=0.5, color="white", seed=seed)
        rows, columns = np.nonzero(result != 9)
        assert (int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1, len(rows)) == (12, 20, 240)
        assert set(result.ravel().tolist()) == {9, 255}


def test_coarse_dropout_covers_nothing_where_a_side_rounds_to_no_pixel() -> None:
    image = np.full((40, 60), 9, np.uint8)
    for width, height in ((0, 0.5), (0.5, 0), (0, 0), (0.49 / 60, 0.5), (0.5, 0.49 / 40)):
        assert np.array_equal(sl.coarse_dropout(image, width=width, height=height), image)
    assert (sl.coarse_dropout(image, holes=1, width=0.51 / 60, height=0.51 / 40) != image).sum() == 1


def test_coarse_dropout_reaches_every_place() -> None:
    image = np.full((8, 8), 9, np.uint8)
    hits = sum((sl.coarse_dropout(image, holes=1, width=0.25, height=0.25, seed=seed) == 0) for seed in range(600))
    assert (np.asarray(hits) > 0).all()  # a corner is missed by all with a chance of (48/49)^600, five in a million


def test_coarse_dropout_paints_in_the_kind_of_the_picture() -> None:
    whole: Any = {"width": 1.0, "height": 1.0, "holes": 1, "color": "#ff804020"}
    assert sl.coarse_dropout(RGBA, **whole)[3, 4].tolist() == [255, 128, 64, 32]
    assert sl.coarse_dropout(RGB16, **whole)[3, 4].tolist() == [255 * 257, 128 * 257, 64 * 257]
    assert sl.coarse_dropout(FLOAT, **whole)[3, 4].tolist() == pytest.approx([1, 128 / 255, 64 / 255])
    assert (sl.coarse_dropout(GRAY, **whole) == round(0.299 * 255 + 0.587 * 128 + 0.114 * 64)).all()


def recursive_domain_transform(image: Any, sigma_space: float, sigma_color: float) -> Any:
    """Gastal and Oliveira 2011, section 4.2, by loops: three turns over rows, then columns."""
    values = unit(image)
    for turn in (1, 2, 3):
        sigma = sigma_space * math.sqrt(3) * 2 ** (3 - turn) / math.sqrt(4**3 - 1)
        for _ in range(2):
            guide = unit(image) if values.shape == image.shape else unit(image).swapaxes(0, 1)
            steps = 1 + sigma_space / sigma_color * np.abs(np.diff(guide, axis=1)).sum(axis=2, keepdims=True)
            share = np.exp(-math.sqrt(2) / sigma) ** steps
            for x in range(1, values.shape[1]):
                values[:, x] += share[:, x - 1] * (values[:, x - 1] - values[:, x])
            for x in range(values.shape[1] - 2, -1, -1):
                values[:, x] += share[:, x] * (values[:, x + 1] - values[:, x])
            values = values.swapaxes(0, 1)
    return values


@pytest.mark.parametrize("image", [SMOOTH8[:40], np.dstack([SMOOTH8, SMOOTH8[::-1], SMOOTH8.T])[:40]], ids=["gray", "rgb"])
def test_edge_preserving_is_the_domain_transform(image: Any) -> None:
    exact = recursive_domain_transform(image if image.ndim == 3 else image[..., None], 20, 0.3) * 255
    result = sl.edge_preserving(image, sigma_space=20, sigma_color=0.3)
    assert close(result, exact.reshape(image.shape), image)


def test_edge_preserving_smooths_surfaces_and_keeps_the_edge() -> None:
    clean = np.repeat(np.array([[60] * 20 + [200] * 20], np.uint8), 40, axis=0)
    noisy = np.clip(clean + np.random.default_rng(3).normal(0, 5, clean.shape), 0, 255).astype(np.uint8)
    result = sl.edge_preserving(noisy, sigma_space=20, sigma_color=0.1).astype(float)
    assert np.abs(result - clean).mean() < np.abs(noisy.astype(float) - clean).mean() / 2
    assert (result[:, 20] - result[:, 19]).min() > 100


def test_detail_enhance_makes_ripples_of_lightness_larger_and_keeps_hue() -> None:
    ripple = np.where(np.indices((40, 40)).sum(axis=0) % 2, 104, 96).astype(np.uint8)
    result = sl.detail_enhance(ripple)[5:-5, 5:-5]
    assert np.ptp(result) > 1.5 * np.ptp(ripple)
    assert result.mean() == pytest.approx(100, abs=3)
    brown = np.dstack([ripple + 60, ripple, ripple // 2])
    before, after = rgb2lab(brown), rgb2lab(sl.detail_enhance(brown))
    assert np.abs(before[..., 1:].mean(axis=(0, 1)) - after[..., 1:].mean(axis=(0, 1))).max() < 1.5
    assert np.ptp(after[5:-5, 5:-5, 0]) > 1.5 * np.ptp(before[..., 0])


@pytest.mark.parametrize("image", [SMOOTH8, np.dstack([SMOOTH8, SMOOTH8[::-1], SMOOTH8.T])], ids=["gray", "rgb"])
def test_stylize_is_the_smoothed_picture_darkened_by_its_slopes(image: Any) -> None:
    smooth = sl.edge_preserving(image).astype(float)
    slope = by_channel(smooth, lambda p: np.hypot(ndi.sobel(p, 0, mode="mirror"), ndi.sobel(p, 1, mode="mirror")) / (4 * 255))
    light = np.clip(1 - 12 * (slope if image.ndim == 2 else slope.max(axis=2, keepdims=True)), 0, 1)
    assert light.min() < 0.5
    assert close(sl.stylize(image, contours=12), smooth * light, image)


def test_stylize_draws_dark_contours_and_keeps_surfaces() -> None:
    halves = np.repeat(np.array([[60] * 30 + [200] * 30], np.uint8), 60, axis=0)
    result = sl.stylize(np.dstack([halves, halves // 2, halves // 4]), sigma_color=0.1)
    assert result[30, 29:31].max() == 0
    assert np.abs(result[30, 5].astype(int) - [60, 30, 15]).max() <= 3
    assert np.abs(result[30, 55].astype(int) - [200, 100, 50]).max() <= 3


def test_stylize_keeps_a_picture_of_one_colour() -> None:
    one = np.full((20, 30, 4), (200, 100, 50, 7), np.uint8)
    assert np.array_equal(sl.stylize(one), one)


@pytest.mark.parametrize("image", [GRAY, RGB, RGB16, FLOAT], ids=["gray", "rgb", "16 bit", "float"])
def test_pencil_sketch_is_colour_dodge(image: Any) -> None:
    ink = unit(image) + 1 / 255
    exact = ink / by_channel(ink, lambda plane: ndi.gaussian_filter(plane, 3, mode="mirror", radius=12))
    result = unit(sl.pencil_sketch(image, sigma=3, colored=True))
    assert np.abs(result - np.clip(exact, 0, 1)).max() <= 0.51 / 255


def test_pencil_sketch_draws_lines_on_paper_in_gray() -> None:
    page = np.full((30, 30, 3), (30, 60, 90), np.uint8)
    assert (sl.pencil_sketch(page) == 255).all()
    page[15] = 5
    drawn = sl.pencil_sketch(page)
    assert drawn[15].max() < 60
    assert np.array_equal(drawn[..., 0], drawn[..., 1])
    assert np.array_equal(drawn[..., 0], drawn[..., 2])
