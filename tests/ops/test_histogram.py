"""Known answers for the operations of this group: worked out by hand, or by another library."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from skimage import color, data, exposure

import sightline as sl
from sightline.errors import ImageError
from sightline.image import Image

RNG = np.random.default_rng(1)
GRAY = (RNG.normal(100, 25, (40, 60)).clip(0, 255)).astype(np.uint8)
RGB = (RNG.normal((60, 120, 180), (10, 40, 25), (40, 60, 3)).clip(0, 255)).astype(np.uint8)
RGBA = np.dstack([RGB, GRAY])
GRAY16 = (RNG.normal(20000, 4000, (40, 60)).clip(0, 65535)).astype(np.uint16)
GRAY32 = RNG.normal(0.3, 0.07, (40, 60)).clip(0, 1).astype(np.float32)


def apart(one: Image, other: Any) -> float:
    """The greatest difference of two pictures."""
    return float(np.abs(one.astype(np.float64) - np.asarray(other, np.float64)).max())


def equalized(image: Image, full: int) -> Image:
    """By the formula, value by value."""
    least = (image == image.min()).sum()
    below = np.array([(image <= value).sum() for value in image.ravel()]).reshape(image.shape)
    result: Image = (below - least) / (image.size - least) * full
    return result


def contrast(image: Image) -> float:
    """The mean standard deviation within blocks of 8 x 8 pixels."""
    rows, columns = image.shape
    blocks = image[: rows // 8 * 8, : columns // 8 * 8].reshape(rows // 8, 8, columns // 8, 8).astype(np.float64)
    return float(blocks.std(axis=(1, 3)).mean())


@pytest.mark.parametrize("bins", [2, 7, 64, 256])
@pytest.mark.parametrize("image", [GRAY, GRAY16, GRAY32])
def test_histogram_counts_as_numpy_does(image: Image, bins: int) -> None:
    upper = 1 if image.dtype == np.float32 else np.iinfo(image.dtype.name).max + 1
    measured = sl.histogram(image, bins=bins)
    assert measured.bins == bins
    assert measured.counts == (tuple(np.histogram(image, bins, (0, upper))[0]),)
    assert sum(measured.counts[0]) == image.size


@pytest.mark.parametrize("image", [RGB, RGBA, RGB.astype(np.uint16) * 200, (RGB / 255).astype(np.float32)])
def test_histogram_measures_each_channel(image: Image) -> None:
    measured = sl.histogram(image, bins=16)
    assert measured.names == ("red", "green", "blue", "alpha")[: image.shape[2]]
    values = image.reshape(-1, image.shape[2]).astype(np.float64)
    assert measured.mean == pytest.approx(values.mean(axis=0))
    assert measured.std == pytest.approx(values.std(axis=0))
    assert measured.min == pytest.approx(values.min(axis=0))
    assert measured.max == pytest.approx(values.max(axis=0))


def test_histogram_as_numbers() -> None:
    assert sl.histogram(np.array([[0, 100, 255]], np.uint8), bins=2).to_dict() == {
        "bins": 2,
        "range": [0, 255],
        "channels": {
            "gray": {
                "counts": [2, 1],
                "mean": pytest.approx(355 / 3),
                "std": pytest.approx(104.907, abs=1e-3),
                "min": 0,
                "max": 255,
            }
        },
    }


def test_histogram_draws_high_where_values_are_frequent() -> None:
    plot = sl.histogram(RGB).draw(RGB)
    assert plot.shape == (400, 640, 3)
    for index, tint in enumerate([(0xD5, 0x5E, 0x00), (0x00, 0x9E, 0x73), (0x00, 0x72, 0xB2)]):
        rows, columns = np.nonzero(np.abs(plot[41:369].astype(int) - tint).sum(axis=2) < 60)  # inside the frame
        assert columns[rows.argmin()] == pytest.approx(20 + 600 * RGB[..., index].mean() / 255, abs=60)
    assert np.ptp(sl.histogram(GRAY).draw(GRAY)[41:369], axis=2).max() <= 16  # gray and no colour


def test_equalize_is_its_formula() -> None:
    assert apart(sl.equalize(GRAY), equalized(GRAY, 255)) <= 0.51
    assert apart(sl.equalize(GRAY16), equalized(GRAY16, 65535)) <= 0.51
    deep = np.rint(GRAY32 * 65535)
    assert apart(sl.equalize(GRAY32), equalized(deep, 1)) <= 1e-5
    assert sl.equalize(np.array([[5, 9, 9, 200]], np.uint16)).tolist() == [[0, 43690, 43690, 65535]]


def test_equalize_of_colour_flattens_luminance_and_keeps_alpha() -> None:
    soft = RGB // 4 + 96  # far from the ends, so that no colour is clipped
    result = sl.equalize(soft)
    expected = sl.equalize(sl.to_gray(soft))
    assert np.abs(sl.to_gray(result).astype(float) - expected).mean() <= 1  # but for colours that are clipped
    assert np.array_equal(sl.equalize(RGBA)[..., 3], RGBA[..., 3])
    deep = soft.astype(np.uint16) * 257
    luma = sl.equalize(sl.to_gray(deep)) / 65535
    assert np.abs(sl.to_gray(sl.equalize(deep)) / 65535 - luma).mean() <= 0.005
    light = (soft / 255).astype(np.float32)
    assert np.abs(sl.to_gray(sl.equalize(light)) - sl.equalize(sl.to_gray(light))).mean() <= 0.005


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_equalize_leaves_a_flat_picture(dtype: str) -> None:
    for value in ((200, 10, 77), (0, 0, 0), (255, 255, 255), (1, 254, 3)):
        flat = np.full((3, 4, 3), value, np.float64) * {"uint8": 1, "uint16": 257, "float32": 1 / 255}[dtype]
        flat = flat.astype(dtype)
        for image in (flat, np.ascontiguousarray(flat[..., 0]), np.dstack([flat, flat[..., 2]])):
            assert np.array_equal(sl.equalize(image), image)


def test_clahe_of_one_tile_without_limit_equalizes() -> None:
    """The curve is then c(v) / N of the range: that of scikit-image's equalize_hist."""
    for image, full in ((GRAY, 255), (GRAY16, 65535), (GRAY32, 1)):
        counted = np.rint(image * 65535).astype(np.uint16) if full == 1 else image
        below = np.array([(counted <= value).mean() for value in counted.ravel()]).reshape(image.shape)
        assert apart(sl.clahe(image, clip_limit=0, tiles=1), below * full) <= (0.6 if full > 1 else 1e-4)


def test_clahe_brings_out_what_is_faint_as_scikit_image_does() -> None:
    moon = data.moon()
    result = sl.clahe(moon, clip_limit=4.0, tiles=8)
    other = exposure.equalize_adapthist(moon, kernel_size=64, clip_limit=4 / 256) * 255
    assert np.corrcoef(result.ravel(), other.ravel())[0, 1] > 0.97
    assert contrast(result) > 1.5 * contrast(moon)
    assert (
        contrast(sl.clahe(moon, clip_limit=1.0)) < contrast(sl.clahe(moon, clip_limit=3.0)) < contrast(sl.clahe(moon, clip_limit=0))
    )


@pytest.mark.parametrize("side", [4, 16, 33, 64, 100, 127])
def test_clahe_takes_no_tiles_under_16_px(side: int) -> None:
    """The expected is that of so many tiles; OpenCV mirrors the picture at its edge until they fit."""
    image = RNG.integers(60, 120, (side, 128), np.uint8)
    down = max(1, side // 16)
    assert np.array_equal(sl.clahe(image), cv2.createCLAHE(2.0, (8, down)).apply(image))
    small = RNG.normal(90, 2, (side, side)).clip(0, 255).astype(np.uint8)
    if side >= 16:
        assert apart(sl.clahe(small, clip_limit=1), small) <= 24


def test_clahe_of_a_photo_has_all_its_tiles() -> None:
    moon = data.moon()
    for tiles in (1, 8, 32):
        assert np.array_equal(sl.clahe(moon, tiles=tiles), cv2.createCLAHE(2.0, (tiles, tiles)).apply(moon))


@pytest.mark.parametrize("clip_limit", [0.0, 1.0, 2.0, 100.0])
@pytest.mark.parametrize("side", [1, 4, 16, 64])
def test_clahe_leaves_a_picture_of_one_value(side: int, clip_limit: float) -> None:
    flat = np.full((side, side, 3), (200, 10, 77), np.uint8)
    for image in (flat, flat.astype(np.uint16) * 257, (flat / 255).astype(np.float32)):
        assert np.array_equal(sl.clahe(image, clip_limit=clip_limit), image)
        gray = np.ascontiguousarray(image[..., 2])
        assert np.array_equal(sl.clahe(gray, clip_limit=clip_limit), gray)


def test_clahe_of_colour_keeps_a_and_b_of_lab() -> None:
    soft = RGB // 3 + 85
    for image in (soft, soft.astype(np.uint16) * 257, (soft / 255).astype(np.float32)):
        before, after = (color.rgb2lab(picture) for picture in (image, sl.clahe(image, tiles=2)))
        assert np.abs(after[..., 1:] - before[..., 1:]).mean() < 1.5
        assert after[..., 0].std() > 1.2 * before[..., 0].std()
    assert np.array_equal(sl.clahe(RGBA)[..., 3], RGBA[..., 3])


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_match_histogram_is_that_of_scikit_image(dtype: str) -> None:
    image, other = data.astronaut()[::4, ::4].astype(dtype), data.coffee()[::3, ::5].astype(dtype)
    expected = exposure.match_histograms(image, other, channel_axis=-1)
    assert apart(sl.match_histogram(image, reference=other), expected) <= 1  # it cuts digits off
    expected = exposure.match_histograms(image[..., 0], other[..., 1])
    assert apart(sl.match_histogram(image[..., 0], reference=other[..., 1]), expected) <= 1


def test_match_histogram_of_float_is_that_of_scikit_image() -> None:
    other = GRAY32[:20, :30] ** 2
    assert apart(sl.match_histogram(GRAY32, reference=other), exposure.match_histograms(GRAY32, other)) <= 1e-6


def test_match_histogram_takes_colours_from_rgba_and_keeps_its_own_alpha() -> None:
    other = data.astronaut()[:30, :50]
    clear = np.dstack([other, np.zeros((30, 50), np.uint8)])
    result = sl.match_histogram(RGBA, reference=clear)
    assert np.array_equal(result[..., :3], sl.match_histogram(RGB, reference=other))
    assert np.array_equal(result[..., 3], RGBA[..., 3])
    assert np.array_equal(sl.match_histogram(RGB, reference=RGB), RGB)


def test_match_histogram_refuses_another_kind() -> None:
    with pytest.raises(ImageError, match=r"reference picture of match_histogram has the wrong shape.*to_gray"):
        sl.match_histogram(GRAY, reference=RGB)
    with pytest.raises(ImageError, match="reference picture of match_histogram has the wrong dtype"):
        sl.match_histogram(GRAY, reference=GRAY16)


def test_histogram_has_a_short_text() -> None:
    assert repr(sl.histogram(np.array([[0, 100, 200]], np.uint8))) == "Histogram(256 bins; gray 100 ± 82)"
    assert len(repr(sl.histogram(np.zeros((9, 9, 4), np.uint8)))) < 100
