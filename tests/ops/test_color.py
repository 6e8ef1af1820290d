"""Known answers for the operations of this group: worked out by hand, or by another library."""

from __future__ import annotations

import colorsys
import itertools
import math
from typing import Any

import matplotlib
import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageOps
from skimage import color, exposure
from skimage.color.colorconv import rgb2luv

import sightline as sl
from sightline.errors import ImageError, ParameterError
from sightline.image import Image

RNG = np.random.default_rng(1)
GRAY = RNG.integers(0, 256, (20, 30), dtype=np.uint8)
RGB = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)
RGBA = RNG.integers(0, 256, (20, 30, 4), dtype=np.uint8)
GRAY16 = RNG.integers(0, 65536, (20, 30), dtype=np.uint16)
RGB16 = RNG.integers(0, 65536, (20, 30, 3), dtype=np.uint16)
GRAY32 = RNG.random((20, 30), dtype=np.float32)
RGB32 = RNG.random((20, 30, 3), dtype=np.float32)
EVERY8 = np.arange(256, dtype=np.uint8).reshape(16, 16)
EVERY16 = np.arange(65536, dtype=np.uint16).reshape(256, 256)
SPACES = ("hsv", "hls", "lab", "luv", "ycrcb", "yuv", "xyz")


def apart(one: Image, other: Any) -> float:
    """The greatest difference of two pictures."""
    return float(np.abs(one.astype(np.float64) - np.asarray(other, np.float64)).max())


def half_up(values: Any) -> Any:
    return np.floor(np.asarray(values, np.float64) + 0.5)


def full_of(image: Image) -> float:
    return 1.0 if image.dtype == np.float32 else float(np.iinfo(image.dtype.name).max)


def one_pixel(*values: float, dtype: Any = np.uint8) -> Image:
    return np.array([[values]], dtype)


# Channels and depth


def test_to_gray_weighs_as_pillow_does() -> None:
    assert apart(sl.to_gray(RGB), Pillow.fromarray(RGB).convert("L")) <= 1


@pytest.mark.parametrize(("weights", "values"), [("bt709", (0.2126, 0.7152, 0.0722)), ("average", (1 / 3, 1 / 3, 1 / 3))])
def test_to_gray_weighs_as_asked(weights: Any, values: tuple[float, ...]) -> None:
    for image, rounding in ((RGB, 0.9), (RGB16, 0.51), (RGB32, 1e-6)):  # OpenCV counts in 1024ths for 8 bit
        assert apart(sl.to_gray(image, weights=weights), image.astype(np.float64) @ values) <= rounding
    assert sl.to_gray(np.full((2, 2, 3), 1, np.float32), weights=weights).max() <= 1


def test_to_gray_lays_transparency_on_its_backdrop() -> None:
    clear = np.zeros((2, 2, 4), np.uint8)
    assert sl.to_gray(clear).tolist() == [[255, 255]] * 2
    assert sl.to_gray(clear, backdrop="black").tolist() == [[0, 0]] * 2


def test_to_rgb_lays_transparency_on_white_as_pillow_does() -> None:
    ground = Pillow.new("RGBA", (30, 20), "white")
    expected = np.asarray(Pillow.alpha_composite(ground, Pillow.fromarray(RGBA)).convert("RGB"))
    assert apart(sl.to_rgb(RGBA), expected) <= 1
    assert np.array_equal(sl.to_rgb(GRAY)[..., 2], GRAY)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize(("ink", "ground"), [(0.0, 1.0), (0.3, 1.0), (0.7, 0.0), (1.0, 0.0)])
def test_to_gray_on_contrast_shows_dark_and_light_ink_alike(dtype: str, ink: float, ground: float) -> None:
    """One opaque stroke on a clear ground whose hidden colour is the other one."""
    full = 1.0 if dtype == "float32" else float(np.iinfo(dtype).max)
    image = np.zeros((6, 6, 4), dtype)
    image[..., :3] = full * (1 - round(ink))
    image[2:4, 1:5] = [full * ink] * 3 + [full]
    for change in (sl.to_gray, sl.to_rgb):
        laid = change(image, backdrop="contrast")
        assert np.array_equal(laid, change(image, backdrop="black" if ground == 0 else "white"))
        assert abs(float(laid[0, 0].max()) - full * ground) == 0
    opaque = image.copy()
    opaque[..., 3] = full
    assert np.array_equal(sl.to_gray(opaque, backdrop="contrast"), sl.to_gray(opaque))


@pytest.mark.parametrize(("backdrop", "ground"), [("white", 1.0), ("black", 0.0)])
def test_to_rgb_rounds_every_value_under_every_alpha_to_the_nearest(backdrop: Any, ground: float) -> None:
    value, alpha = (grid.astype(np.uint8) for grid in np.meshgrid(np.arange(256), np.arange(256)))
    image = np.dstack([value, value, value, alpha])
    share = alpha[..., None] / 255
    assert np.array_equal(sl.to_rgb(image, backdrop=backdrop), half_up(image[..., :3] * share + 255 * ground * (1 - share)))
    deep = image.astype(np.uint16) * 257
    assert apart(sl.to_rgb(deep, backdrop=backdrop), deep[..., :3] * share + 65535 * ground * (1 - share)) <= 0.51
    light = (image / 255).astype(np.float32)
    assert apart(sl.to_rgb(light, backdrop=backdrop), image[..., :3] / 255 * share + ground * (1 - share)) <= 1e-6


@pytest.mark.parametrize(("image", "full"), [(RGB, 255), (RGB16, 65535), (RGB32, 1.0), (GRAY, 255), (GRAY16, 65535), (GRAY32, 1.0)])
def test_to_rgba_adds_an_opaque_alpha(image: Image, full: float) -> None:
    result = sl.to_rgba(image)
    assert (result[..., 3] == full).all()
    assert np.array_equal(result[..., :3], image if image.ndim == 3 else np.dstack([image] * 3))
    assert np.array_equal(sl.to_rgba(RGBA), RGBA)


def test_to_depth8_takes_the_ends_to_the_ends() -> None:
    assert sl.to_depth8(np.array([[0, 128, 129, 65535]], np.uint16)).tolist() == [[0, 0, 1, 255]]
    assert sl.to_depth8(np.array([[0, 0.5, 1]], np.float32)).tolist() == [[0, 128, 255]]


def test_to_depth8_rounds_every_value_to_the_nearest() -> None:
    assert np.array_equal(sl.to_depth8(EVERY16), half_up(EVERY16 / 257))
    assert np.array_equal(sl.to_depth8(GRAY32), np.rint(GRAY32 * np.float32(255)))
    assert np.array_equal(sl.to_depth8(sl.to_depth16(EVERY8)), EVERY8)
    assert np.array_equal(sl.to_depth8(sl.to_float(EVERY8)), EVERY8)


def test_to_depth16_spreads_eight_bits_and_rounds_floats() -> None:
    assert np.array_equal(sl.to_depth16(EVERY8), EVERY8.astype(int) * 257)
    assert sl.to_depth16(np.array([[0, 0.5, 1]], np.float32)).tolist() == [[0, 32768, 65535]]
    assert np.array_equal(sl.to_depth16(sl.to_float(EVERY16)), EVERY16)


def test_to_float_divides_by_white() -> None:
    assert np.array_equal(sl.to_float(EVERY8), (EVERY8 / 255).astype(np.float32))
    assert np.array_equal(sl.to_float(EVERY16), (EVERY16 / 65535).astype(np.float32))
    assert np.array_equal(sl.to_float(GRAY32), GRAY32)


def in_every_depth(space: str, expected: Image, tolerance8: float, tolerance: float = 2e-4) -> None:
    """`expected` is what RGB becomes, in [0, 1]."""
    assert apart(sl.convert(RGB, space=space), expected * 255) <= tolerance8  # type: ignore[arg-type]
    exact = sl.convert((RGB / 255).astype(np.float32), space=space)  # type: ignore[arg-type]
    assert apart(exact, expected) <= tolerance
    deep = sl.convert(RGB.astype(np.uint16) * 257, space=space)  # type: ignore[arg-type]
    assert apart(deep, expected * 65535) <= max(1.01, tolerance * 65535)


@pytest.mark.parametrize(("space", "reference"), [("hsv", colorsys.rgb_to_hsv), ("hls", colorsys.rgb_to_hls)])
def test_convert_to_hue_as_the_standard_library_does(space: str, reference: Any) -> None:
    expected = np.array([reference(*pixel) for pixel in (RGB / 255).reshape(-1, 3)]).reshape(RGB.shape)
    in_every_depth(space, expected, tolerance8=2)


def test_convert_to_lab_and_luv_as_scikit_image_does() -> None:
    lab = (color.rgb2lab(RGB) + np.array([0, 128, 128])) / (100, 255, 255)
    in_every_depth("lab", lab, tolerance8=1.5, tolerance=2e-3)  # OpenCV's white point and curve are those of sRGB by tables
    luv = (rgb2luv(RGB) + np.array([0, 134, 140])) / (100, 354, 262)
    in_every_depth("luv", luv, tolerance8=1.5, tolerance=2e-3)


def test_convert_to_luma_and_colour_difference_as_pillow_does() -> None:
    expected = np.asarray(Pillow.fromarray(RGB).convert("YCbCr"))
    assert apart(sl.convert(RGB, space="yuv"), expected) <= 1
    assert apart(sl.convert(RGB, space="ycrcb"), expected[..., [0, 2, 1]]) <= 1
    assert apart(sl.convert(RGB16, space="yuv") / 257, sl.convert(RGB16 / np.float32(65535), space="yuv") * 255) <= 0.5
    gray = sl.convert(np.full((1, 1, 3), 77, np.uint8), space="yuv")
    assert gray.tolist() == [[[77, 128, 128]]]


def test_convert_to_xyz_scales_white_to_white() -> None:
    assert sl.convert(one_pixel(255, 255, 255), space="xyz").tolist() == [[[255, 255, 255]]]
    red = sl.convert(one_pixel(1, 0, 0, dtype=np.float32), space="xyz")
    assert apart(red, [[color.rgb2xyz([[[1, 0, 0]]])[0, 0] / color.rgb2xyz([[[1, 1, 1]]])[0, 0]]]) <= 1e-4


@pytest.mark.parametrize("space", SPACES)
def test_convert_comes_back(space: Any) -> None:
    back = sl.convert(sl.convert(RGB, space=space), source=space, space="rgb")
    assert apart(back, RGB) <= {"hsv": 8, "hls": 8, "lab": 14, "luv": 17}.get(space, 3)  # the steps of 8 bits, where dark
    assert np.abs(back.astype(float) - RGB).mean() <= 1.5
    assert apart(sl.convert(sl.convert(RGB16, space=space), source=space, space="rgb"), RGB16) <= 700
    assert apart(sl.convert(sl.convert(RGB32, space=space), source=space, space="rgb"), RGB32) <= 1e-2
    ends = np.array(list(itertools.product((0, 1), repeat=3)), np.float32)[None]
    assert apart(sl.convert(sl.convert(ends, space=space), source=space, space="rgb"), ends) <= 1e-2


@pytest.mark.parametrize("space", SPACES)
def test_convert_from_any_values_gives_a_picture(space: Any) -> None:
    corners = np.array(list(itertools.product((0, 0.5, 1), repeat=3)), np.float32)[None]
    back = sl.convert(corners, source=space, space="rgb")
    assert np.isfinite(back).all()
    assert back.min() >= 0
    assert back.max() <= 1


def test_convert_between_two_spaces_goes_by_rgb() -> None:
    hsv = sl.convert(RGB, space="hsv")
    expected = sl.convert(sl.convert(hsv, source="hsv", space="rgb"), space="yuv")
    assert np.array_equal(sl.convert(hsv, source="hsv", space="yuv"), expected)
    assert np.array_equal(sl.convert(RGBA, source="lab", space="lab"), RGBA)


def test_channel_takes_what_it_is_named() -> None:
    for index, which in enumerate(("red", "green", "blue", "alpha")):
        assert np.array_equal(sl.channel(RGBA, which=which), RGBA[..., index])  # type: ignore[arg-type]
    assert (sl.channel(RGB16, which="alpha") == 65535).all()
    assert np.array_equal(sl.channel(RGBA, which="value"), RGBA[..., :3].max(axis=2))
    assert apart(sl.channel(RGB32, which="saturation"), color.rgb2hsv(RGB32)[..., 1]) <= 1e-4
    assert apart(sl.channel(RGB32, which="hue"), color.rgb2hsv(RGB32)[..., 0]) <= 1e-4
    assert apart(sl.channel(RGB, which="lightness"), color.rgb2lab(RGB)[..., 0] * 2.55) <= 1.5


def test_split_gives_every_channel_with_its_figures() -> None:
    parts = sl.split(RGBA)
    assert parts.names == ("red", "green", "blue", "alpha")
    assert all(np.array_equal(image, RGBA[..., index]) for index, image in enumerate(parts.images))
    blue = RGBA[..., 2]
    assert parts.to_dict()["blue"] == {"min": blue.min(), "mean": pytest.approx(blue.mean()), "max": blue.max()}
    assert np.array_equal(parts.draw(RGBA), np.hstack([RGBA[..., index] for index in range(4)]))
    assert sl.split(GRAY).names == ("gray",)


def test_merge_is_the_way_back_from_split() -> None:
    for image in (RGB, RGBA, RGB16, RGB32):
        red, green, blue, *alpha = sl.split(image).images
        merged = sl.merge(red, green=green, blue=blue, alpha=alpha[0] if alpha else None)
        assert np.array_equal(merged, image)


def test_merge_refuses_other_sizes_dtypes_and_colour() -> None:
    with pytest.raises(ImageError, match=r"blue of merge has the wrong size.*30 x 20 px"):
        sl.merge(GRAY, green=GRAY, blue=GRAY[:5])
    with pytest.raises(ImageError, match="green of merge has the wrong dtype"):
        sl.merge(GRAY, green=GRAY16, blue=GRAY)
    with pytest.raises(ImageError, match="alpha of merge has the wrong shape"):
        sl.merge(GRAY, green=GRAY, blue=GRAY, alpha=RGB)


@pytest.mark.parametrize("order", ["rbg", "grb", "gbr", "brg", "bgr"])
def test_swap_channels_reads_as_its_order_says(order: Any) -> None:
    index = ["rgb".index(letter) for letter in order]
    for image in (RGB, RGB16, RGB32):
        assert np.array_equal(sl.swap_channels(image, order=order), image[..., index])
    assert np.array_equal(sl.swap_channels(RGBA, order=order), RGBA[..., [*index, 3]])


def test_opacity_multiplies_alpha_only() -> None:
    faint = sl.opacity(RGBA, factor=0.3)
    assert np.array_equal(faint[..., :3], RGBA[..., :3])
    assert apart(faint[..., 3], RGBA[..., 3] * 0.3) <= 0.51
    assert (sl.opacity(RGB16, factor=0.5)[..., 3] == 32768).all()
    assert (sl.opacity(GRAY32, factor=0.25)[..., 3] == 0.25).all()


# Tones


def test_invert_subtracts_from_white_and_spares_alpha() -> None:
    inverted = sl.invert(RGBA)
    assert np.array_equal(inverted[..., :3], 255 - RGBA[..., :3])
    assert np.array_equal(inverted[..., 3], RGBA[..., 3])
    assert sl.invert(np.array([[1]], np.uint16)).tolist() == [[65534]]
    assert sl.invert(np.array([[0.25]], np.float32)).tolist() == [[0.75]]


def test_match_polarity_turns_ink_on_paper_into_light_on_dark() -> None:
    paper = np.full((9, 9), 230, np.uint8)
    paper[3:6, 3:6] = 20
    turned = sl.match_polarity(paper)
    assert (turned[0, 0], turned[4, 4]) == (25, 235)
    assert np.array_equal(sl.match_polarity(turned), turned)
    assert np.array_equal(sl.match_polarity(turned, background="light"), paper)


@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (5, 1), (2, 2), (4, 7)])
def test_match_polarity_asks_the_median_of_the_border(shape: tuple[int, int]) -> None:
    for seed in range(40):
        values = np.random.default_rng(seed).random(shape)
        for image in ((values * 255).astype(np.uint8), (values * 65535).astype(np.uint16), values.astype(np.float32)):
            full = full_of(image)
            inner = np.zeros(shape, bool)
            inner[1:-1, 1:-1] = True
            expected = full - image if np.median(image[~inner]) > full / 2 else image
            assert apart(sl.match_polarity(image), expected) <= 1e-7


def test_brightness_contrast_is_a_line_through_the_middle() -> None:
    for brightness, contrast in ((0.2, 0.0), (0.0, 0.5), (-0.1, -0.4), (0.3, 1.0)):
        for image, full in ((EVERY8, 255), (RGB, 255), (EVERY16, 65535), (RGB32, 1)):
            exact = (image / full - 0.5) * (1 + contrast) + 0.5 + brightness
            result = sl.brightness_contrast(image, brightness=brightness, contrast=contrast)
            assert apart(result, np.clip(exact, 0, 1) * full) <= (0.51 if full > 1 else 1e-6)


def test_brightness_contrast_of_nothing_changes_nothing() -> None:
    assert np.array_equal(sl.brightness_contrast(RGBA), RGBA)
    assert (sl.brightness_contrast(RGB, contrast=-1) == 128).all()


@pytest.mark.parametrize("value", [0.4, 1.0, 2.2])
def test_gamma_is_that_of_scikit_image(value: float) -> None:
    assert apart(sl.gamma(RGB, gamma=value), exposure.adjust_gamma(RGB / 255, value) * 255) <= 0.51
    assert apart(sl.gamma(EVERY16, gamma=value), exposure.adjust_gamma(EVERY16 / 65535, value) * 65535) <= 0.52
    assert apart(sl.gamma(RGB32, gamma=value), exposure.adjust_gamma(RGB32, value)) <= 1e-6


def test_gamma_takes_a_float_that_arithmetic_has_carried_below_zero() -> None:
    assert sl.gamma(np.array([[-1e-6, 1]], np.float32), gamma=0.5).tolist() == [[0, 1]]


def test_gamma_of_a_large_picture_is_that_of_its_parts() -> None:
    """Large pictures are looked up two values at a time, whatever their size and place in memory."""
    for width in (301, 302):
        image = np.random.default_rng(2).integers(0, 256, (300, width), dtype=np.uint8)
        for whole in (image, image[1:], image[:, ::-1], image.T, image[:, 1:]):
            rows = [sl.gamma(np.ascontiguousarray(row)[None], gamma=0.6) for row in whole]
            assert np.array_equal(sl.gamma(whole, gamma=0.6), np.vstack(rows))


def test_levels_spread_between_black_and_white() -> None:
    for image, full in ((EVERY8, 255), (GRAY16, 65535), (RGB32, 1)):
        exact = np.clip((image / full - 0.1) / 0.6, 0, 1) ** (1 / 1.5)
        assert apart(sl.levels(image, black=0.1, white=0.7, gamma=1.5), exact * full) <= (0.52 if full > 1 else 1e-5)
    assert np.array_equal(sl.levels(RGB), RGB)


def test_levels_need_black_below_white() -> None:
    with pytest.raises(ParameterError, match=r"levels needs black below white.*above 0.5.*white 0.5"):
        sl.levels(GRAY, black=0.5, white=0.5)
    assert set(np.unique(sl.levels(GRAY32, black=0.5, white=0.5 + 1e-12))) == {0.0, 1.0}


def test_normalize_by_extremes_is_pillows_autocontrast() -> None:
    dull = (RGB // 3 + np.array([20, 50, 90])).astype(np.uint8)
    expected = ImageOps.autocontrast(Pillow.fromarray(dull))
    assert apart(sl.normalize(dull, low=0, high=100, channels="separate"), expected) <= 1  # Pillow cuts digits off
    expected = ImageOps.autocontrast(Pillow.fromarray(dull[..., 0]))
    assert apart(sl.normalize(dull[..., 0], low=0, high=100), expected) <= 1


@pytest.mark.parametrize("image", [RGB, RGB16, RGB32, GRAY, GRAY16, GRAY32])
def test_normalize_stretches_between_percentiles(image: Image) -> None:
    full = full_of(image)
    low, high = np.percentile(image.astype(np.float64), (5, 90), method="inverted_cdf")
    exact = np.clip((image - low) / (high - low), 0, 1) * full
    assert apart(sl.normalize(image, low=5, high=90), exact) <= (0.6 if full > 1 else 1e-5)


def test_normalize_leaves_a_flat_picture() -> None:
    flat = np.full((4, 4, 3), (10, 20, 30), np.uint8)
    assert np.array_equal(sl.normalize(flat, channels="separate"), flat)
    narrow = np.array([[0.5, 0.5 + 1e-7]], np.float32)  # as good as one value
    assert np.array_equal(sl.normalize(np.dstack([narrow] * 3), channels="separate"), np.dstack([narrow] * 3))
    with pytest.raises(ParameterError, match=r"normalize needs low below high.*above 60 %.*high 40 %"):
        sl.normalize(flat, low=60, high=40)


@pytest.mark.parametrize("bits", [1, 3, 8])
def test_posterize_keeps_the_highest_bits_as_pillow_does(bits: int) -> None:
    assert np.array_equal(sl.posterize(RGB, bits=bits), np.asarray(ImageOps.posterize(Pillow.fromarray(RGB), bits)))
    assert np.array_equal(sl.posterize(GRAY16, bits=bits), GRAY16 >> (16 - bits) << (16 - bits))
    assert np.array_equal(sl.posterize(RGB32, bits=bits), np.floor(RGB32 * 2**bits) / 2**bits)
    assert sl.posterize(np.ones((1, 1), np.float32), bits=bits)[0, 0] == 1 - 0.5**bits


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 1.0])
def test_solarize_inverts_from_the_threshold_on(threshold: float) -> None:
    expected = np.asarray(ImageOps.solarize(Pillow.fromarray(RGB), math.ceil(threshold * 255)))
    assert np.array_equal(sl.solarize(RGB, threshold=threshold), expected)
    deep = np.where(threshold * 65535 <= GRAY16, 65535 - GRAY16, GRAY16)
    assert np.array_equal(sl.solarize(GRAY16, threshold=threshold), deep)
    light = np.where(np.float32(threshold) <= RGB32, 1 - RGB32, RGB32)
    assert np.array_equal(sl.solarize(RGB32, threshold=threshold), light)


def test_levels_has_the_gamma_of_image_editors_one_through_that_of_gamma() -> None:
    for number in (0.5, 2.0):
        assert np.array_equal(sl.levels(RGB, gamma=number), sl.gamma(RGB, gamma=1 / number))


# Tints


def test_hue_saturation_turns_red_to_green_to_blue() -> None:
    red, green, blue = one_pixel(250, 0, 0), one_pixel(0, 250, 0), one_pixel(0, 0, 250)
    assert np.array_equal(sl.hue_saturation(red, hue=120), green)
    assert np.array_equal(sl.hue_saturation(red, hue=-120), blue)
    assert np.array_equal(sl.hue_saturation(green, hue=120), blue)


def turned(pixel: Any, hue: float, saturation: float, value: float) -> tuple[float, ...]:
    h, s, v = colorsys.rgb_to_hsv(*pixel)
    return colorsys.hsv_to_rgb((h + hue / 360) % 1, min(s * saturation, 1), min(max(v + value, 0), 1))


@pytest.mark.parametrize(
    ("hue", "saturation", "value"),
    [(40, 1, 0), (1, 1, 0), (0.25, 1, 0), (-170, 0.5, 0.1), (0, 1.6, -0.2), (180, 0, 0), (-180, 10, 1), (0, 1, -1), (77, 2, 0.3)],
)
def test_hue_saturation_is_that_of_the_standard_library(hue: float, saturation: float, value: float) -> None:
    expected = np.array([turned(pixel, hue, saturation, value) for pixel in (RGB / 255).reshape(-1, 3)]).reshape(RGB.shape)
    change = {"hue": hue, "saturation": saturation, "value": value}
    assert apart(sl.hue_saturation((RGB / 255).astype(np.float32), **change), expected) <= 1e-4
    assert apart(sl.hue_saturation(RGB.astype(np.uint16) * 257, **change), expected * 65535) <= 7
    assert apart(sl.hue_saturation(RGB, **change), expected * 255) <= 0.51
    assert apart(sl.hue_saturation(RGB[:1, :1], **change), expected[:1, :1] * 255) <= 0.51


def test_hue_saturation_of_nothing_changes_nothing() -> None:
    every = np.random.default_rng(1).integers(0, 256, (200, 300, 3), np.uint8)
    for image in (every, every.astype(np.uint16) * 257, (every / 255).astype(np.float32)):
        assert np.array_equal(sl.hue_saturation(image), image)
        assert not np.shares_memory(sl.hue_saturation(image), image)


def test_hue_saturation_turns_by_every_degree() -> None:
    turns = [sl.hue_saturation(one_pixel(240, 0, 0), hue=degrees)[0, 0].tolist() for degrees in range(60)]
    assert turns == [[240, 4 * degrees, 0] for degrees in range(60)]


def test_hue_saturation_is_the_same_in_pictures_of_every_size() -> None:
    """Large ones are taken in strips; every row is as if it stood alone."""
    wide = np.random.default_rng(1).integers(0, 256, (90, 1000, 3), np.uint8)
    rows = [sl.hue_saturation(row[None], hue=33, saturation=1.5, value=-0.1) for row in wide]
    assert np.array_equal(sl.hue_saturation(wide, hue=33, saturation=1.5, value=-0.1), np.concatenate(rows))


def test_white_balance_makes_the_mean_gray() -> None:
    cast = (RGB * np.array([0.4, 0.6, 0.5])).astype(np.uint8)
    means = sl.white_balance(cast).mean(axis=(0, 1))
    assert np.ptp(means) <= 0.3
    assert means.mean() == pytest.approx(cast.mean(), abs=0.3)


def test_white_balance_makes_the_lightest_white() -> None:
    cast = (RGB32 * np.array([0.4, 0.6, 0.5])).astype(np.float32)
    balanced = sl.white_balance(cast, method="white_patch", percentile=100)
    assert apart(balanced, cast / cast.max(axis=(0, 1))) <= 1e-6
    high = np.percentile(RGB16, 90, axis=(0, 1), method="inverted_cdf")
    balanced = sl.white_balance(RGB16, method="white_patch", percentile=90)
    assert apart(balanced, np.minimum(RGB16 / high * 65535, 65535)) <= 0.6
    black = np.zeros((3, 3, 3), np.uint8)
    assert np.array_equal(sl.white_balance(black), black)
    assert np.array_equal(sl.white_balance(black, method="white_patch"), black)
    nearly = np.array([[[1e-38, 0.5, 0.7], [0, 0.5, 0.7]]], np.float32)  # a gain that float32 cannot hold
    assert sl.white_balance(nearly)[0, 0].tolist() == pytest.approx([0, 0.4, 0.4], abs=1e-6)


def test_temperature_of_illuminant_a_is_that_of_the_cie() -> None:
    """2856 K is illuminant A, x = 0.44757, y = 0.40745; 6500 K on the black body's line is x = 0.3135, y = 0.3237."""

    def linear(x: float, y: float) -> Image:
        primaries = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]  # sRGB
        return np.linalg.solve(np.array(primaries), np.array([x / y, 1, (1 - x - y) / y]))

    gains = (linear(0.44757, 0.40745) / linear(0.3135, 0.3237)) ** (1 / 2.2)
    gains /= gains @ (0.299, 0.587, 0.114)
    result = sl.temperature(np.full((1, 1, 3), 0.5, np.float32), kelvin=2856)[0, 0]
    assert apart(result, 0.5 * gains) <= 0.01  # two approximations of the same black body


def test_temperature_of_daylight_changes_nothing_and_warm_is_red() -> None:
    assert np.array_equal(sl.temperature(RGBA), RGBA)
    for kelvin in (2000.0, 2222.0, 3000.0, 4000.0, 6000.0, 9000.0, 25000.0):
        red, _, blue = sl.temperature(np.full((1, 1, 3), 0.3, np.float32), kelvin=kelvin)[0, 0]
        assert (red > blue) == (kelvin < 6500)
        lower = sl.temperature(np.full((1, 1, 3), 0.3, np.float32), kelvin=kelvin * 0.999 if kelvin > 2000 else 2000)[0, 0]
        assert apart(lower, [red, lower[1], blue]) <= 1e-3  # no jump where two polynomials meet


def test_sepia_is_its_matrix() -> None:
    weights = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
    assert apart(sl.sepia(RGB), np.minimum(RGB @ weights.T, 255)) <= 0.9  # OpenCV counts in 1024ths for 8 bit
    assert apart(sl.sepia(RGB32, strength=0.4), np.minimum(RGB32 @ weights.T * 0.4 + RGB32 * 0.6, 1)) <= 1e-6
    assert np.array_equal(sl.sepia(RGB16, strength=0), RGB16)


def test_colorize_is_that_of_pillow() -> None:
    expected = ImageOps.colorize(Pillow.fromarray(GRAY), "#102030", "#f0e080")
    assert apart(sl.colorize(GRAY, dark="#102030", light="#f0e080"), expected) <= 1  # Pillow cuts digits off
    assert np.array_equal(sl.colorize(RGBA)[..., 3], RGBA[..., 3])
    assert np.array_equal(sl.colorize(RGB), sl.colorize(sl.to_gray(RGB)))


def test_colorize_of_float_lies_between_its_colours() -> None:
    assert sl.colorize(np.array([[0.5]], np.float32), dark="black", light="red")[0, 0].tolist() == pytest.approx(
        [0.5, 0, 0], abs=3e-3
    )
    assert sl.colorize(np.array([[65535]], np.uint16), dark="black", light="red").tolist() == [[[65535, 0, 0]]]


@pytest.mark.parametrize("name", ["viridis", "magma", "inferno", "plasma", "cividis", "twilight"])
def test_colormap_has_the_colours_of_matplotlib(name: Any) -> None:
    expected = matplotlib.colormaps[name](np.linspace(0, 1, 256))[:, :3] * 255
    places = 255 if name != "twilight" else 250  # OpenCV's twilight is a step off
    assert apart(sl.colormap(EVERY8, name=name).reshape(256, 3)[:places], expected[:places]) <= (1 if name != "twilight" else 3)


def test_colormap_keeps_the_dtype() -> None:
    small = sl.colormap(EVERY8, name="turbo")
    assert apart(sl.colormap(EVERY8.astype(np.uint16) * 257, name="turbo"), small.astype(int) * 257) <= 1
    assert apart(sl.colormap((EVERY8 / 255).astype(np.float32), name="turbo"), small / 255) <= 1e-5
    between = sl.colormap(np.array([[100.5 / 255]], np.float32), name="turbo")[0, 0] * 255
    assert apart(between, (small.reshape(256, 3)[100] / 2 + small.reshape(256, 3)[101] / 2)) <= 1e-3


def test_split_is_a_sequence_with_a_short_text() -> None:
    image = np.random.default_rng(0).integers(0, 256, (12, 20, 3), dtype=np.uint8)
    channels = sl.split(image)
    assert repr(channels) == "Channels(red, green, blue; uint8 20 x 12)"
    assert len(channels) == 3
    assert np.array_equal(np.dstack(list(channels)), image)
    red, _, blue = channels
    assert np.array_equal(red, channels[0])
    assert np.array_equal(blue, image[..., 2])
