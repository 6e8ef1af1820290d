"""Known answers for the operations of this group: written out in wider numbers, or by another library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageChops

import sightline as sl
from sightline.errors import ImageError, ParameterError
from sightline.image import Image

RNG = np.random.default_rng(1)
WHITE = {"uint8": 255, "uint16": 65535, "float32": 1.0}
ALL = pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
INTEGERS = pytest.mark.parametrize("dtype", ["uint8", "uint16"])


def pair(dtype: str, shape: tuple[int, ...] = (40, 30, 3)) -> tuple[Image, Image]:
    """Two pictures with every difficulty: black, white, equal and any values."""
    first, second = RNG.random((2, *shape))
    first[:4], second[2:6], first[8:10], second[9:12] = 0, 0, 1, 1
    if dtype == "float32":
        return first.astype(np.float32), second.astype(np.float32)
    return tuple(np.rint(values * WHITE[dtype]).astype(dtype) for values in (first, second))


def cut(values: Any, dtype: str) -> Image:
    """The definition of saturation: rounded for integers, then black and white at the ends."""
    rounded = values if dtype == "float32" else np.rint(values)
    return np.clip(rounded, 0, WHITE[dtype]).astype(dtype)  # type: ignore[no-any-return]


def same(result: Image, expected: Image) -> bool:
    """Equal; floats up to the last digits that the order of operations decides."""
    tolerance = 1e-6 if expected.dtype == np.float32 else 0
    return result.dtype == expected.dtype and bool(np.abs(result.astype(np.float64) - expected).max() <= tolerance)


@ALL
def test_add_is_the_sum_cut_at_white(dtype: str) -> None:
    first, second = pair(dtype)
    assert same(sl.add(first, other=second), cut(first.astype(float) + second, dtype))
    assert same(sl.add(first, other=0.4 * WHITE[dtype]), cut(first.astype(float) + 0.4 * WHITE[dtype], dtype))


@INTEGERS
def test_add_wraps_as_integers_of_numpy_do(dtype: str) -> None:
    first, second = pair(dtype)
    assert np.array_equal(sl.add(first, other=second, overflow="wrap"), first + second)
    assert np.array_equal(sl.add(first, other=100, overflow="wrap"), first + np.array(100, dtype))


def test_add_wraps_floats_modulo_one_and_leaves_white_white() -> None:
    image = np.array([[0.75, 1.0, 0.25]], np.float32)
    assert sl.add(image, other=0.5, overflow="wrap").tolist() == [[0.25, 0.5, 0.75]]
    assert sl.add(image, other=0, overflow="wrap").tolist() == image.tolist()


def test_add_counts_a_gray_second_for_every_channel_and_leaves_alpha() -> None:
    image, gray = pair("uint8", (40, 30, 4))[0], pair("uint8", (40, 30))[1]
    result = sl.add(image, other=gray)
    assert np.array_equal(result[..., :3], np.minimum(image[..., :3].astype(int) + gray[..., None], 255))
    assert np.array_equal(result[..., 3], image[..., 3])


def test_add_does_not_look_at_the_alpha_of_the_second() -> None:
    image, other = pair("uint8", (40, 30, 4))
    colours = np.ascontiguousarray(image[..., :3])
    assert np.array_equal(sl.add(colours, other=other), sl.add(image, other=other)[..., :3])


def test_add_changes_only_where_the_mask_is_not_zero() -> None:
    first, second = pair("uint8")
    mask = RNG.integers(0, 3, (40, 30), dtype=np.uint8)
    expected = np.where(mask[..., None] > 0, sl.add(first, other=second), first)
    assert np.array_equal(sl.add(first, other=second, mask=mask), expected)


@ALL
def test_subtract_is_the_difference_cut_at_black(dtype: str) -> None:
    first, second = pair(dtype)
    assert same(sl.subtract(first, other=second), cut(first.astype(float) - second, dtype))
    assert same(sl.subtract(first, other=0.3 * WHITE[dtype]), cut(first.astype(float) - 0.3 * WHITE[dtype], dtype))


@INTEGERS
def test_subtract_wraps_as_integers_of_numpy_do(dtype: str) -> None:
    first, second = pair(dtype)
    assert np.array_equal(sl.subtract(first, other=second, overflow="wrap"), first - second)
    assert np.array_equal(sl.subtract(first, other=100, overflow="wrap"), first - np.array(100, dtype))


@ALL
def test_multiply_takes_the_second_picture_as_fractions_of_white(dtype: str) -> None:
    first, second = pair(dtype)
    assert same(sl.multiply(first, other=second), cut(first.astype(float) * second / WHITE[dtype], dtype))


@ALL
def test_multiply_by_a_number_is_a_plain_factor(dtype: str) -> None:
    first, _ = pair(dtype)
    for factor in (0, 0.3, 1, 2.5, -1):
        assert same(sl.multiply(first, other=factor), cut(first.astype(float) * factor, dtype))


def test_multiply_wraps_after_rounding() -> None:
    assert sl.multiply(np.array([[100, 200]], np.uint8), other=2.005, overflow="wrap").tolist() == [[200, 401 - 256]]


def test_multiply_is_pillows_but_rounded_where_pillow_cuts() -> None:
    first, second = pair("uint8")
    cut_off = np.asarray(ImageChops.multiply(PillowImage.fromarray(first), PillowImage.fromarray(second))).astype(int)
    assert set(np.unique(sl.multiply(first, other=second) - cut_off)) == {0, 1}


@ALL
@pytest.mark.parametrize("overflow", ["saturate", "wrap"])
def test_divide_takes_the_second_picture_as_fractions_and_gives_black_for_black(dtype: str, overflow: Any) -> None:
    first, second = pair(dtype)
    wide, divisor = first.astype(float) * WHITE[dtype], second.astype(float)
    quotient = np.where(divisor > 0, wide / np.where(divisor > 0, divisor, 1), 0)
    if overflow == "saturate":
        expected = cut(quotient, dtype)
    elif dtype == "float32":
        expected = np.where(quotient > 1, quotient % 1, quotient).astype(np.float32)
    else:
        expected = (np.rint(quotient) % (WHITE[dtype] + 1)).astype(dtype)
    assert same(sl.divide(first, other=second, overflow=overflow), expected)


@ALL
def test_divide_by_a_number_is_plain_division(dtype: str) -> None:
    first, _ = pair(dtype)
    for divisor in (0.3, 1, 2.5, -1):
        assert same(sl.divide(first, other=divisor), cut(first.astype(float) / divisor, dtype))


def test_divide_refuses_zero() -> None:
    with pytest.raises(ParameterError, match="cannot divide by 0"):
        sl.divide(pair("uint8")[0], other=0)


@ALL
def test_absdiff_is_the_distance_of_values(dtype: str) -> None:
    first, second = pair(dtype)
    assert same(sl.absdiff(first, other=second), cut(np.abs(first.astype(float) - second), dtype))
    assert same(sl.absdiff(first, other=0.3 * WHITE[dtype]), cut(np.abs(first.astype(float) - 0.3 * WHITE[dtype]), dtype))


@ALL
def test_minimum_is_the_lesser_value(dtype: str) -> None:
    first, second = pair(dtype)
    assert same(sl.minimum(first, other=second), np.minimum(first, second))
    assert same(sl.minimum(first, other=0.6 * WHITE[dtype]), np.minimum(first, np.array(0.6 * WHITE[dtype]).astype(dtype)))


@ALL
def test_maximum_is_the_greater_value(dtype: str) -> None:
    first, second = pair(dtype)
    assert same(sl.maximum(first, other=second), np.maximum(first, second))
    level = np.array(min(43690, WHITE[dtype]), dtype)
    assert same(sl.maximum(first, other=43690), np.maximum(first, level))


def expected_blend(first: Image, second: Image, mode: str, alpha: float, dtype: str) -> Any:
    """The formulas of the docstring in double precision, in the picture's own range and not yet rounded."""
    a, b = first.astype(float) / WHITE[dtype], second.astype(float) / WHITE[dtype]
    formulas: dict[str, Callable[[], Any]] = {
        "normal": lambda: b,
        "multiply": lambda: a * b,
        "screen": lambda: a + b - a * b,
        "overlay": lambda: np.where(a <= 0.5, 2 * a * b, 1 - 2 * (1 - a) * (1 - b)),
        "darken": lambda: np.minimum(a, b),
        "lighten": lambda: np.maximum(a, b),
        "difference": lambda: np.abs(a - b),
    }
    return ((1 - alpha) * a + alpha * formulas[mode]()) * WHITE[dtype]


@ALL
@pytest.mark.parametrize("mode", ["normal", "multiply", "screen", "overlay", "darken", "lighten", "difference"])
def test_blend_follows_the_formula_of_its_mode(dtype: str, mode: Any) -> None:
    first, second = pair(dtype)
    one_rounding, two_roundings = (1e-6, 1e-6) if dtype == "float32" else (0.5 + 1e-2, 1.0 + 1e-2)
    for alpha, tolerance in ((1.0, one_rounding), (0.3, two_roundings)):
        result = sl.blend(first, other=second, mode=mode, alpha=alpha)
        assert result.dtype == first.dtype
        assert np.abs(result - expected_blend(first, second, mode, alpha, dtype)).max() <= tolerance


def test_blend_is_pillows_but_rounded_where_pillow_cuts() -> None:
    first, second = pair("uint8")
    one, two = PillowImage.fromarray(first), PillowImage.fromarray(second)
    screened = np.asarray(ImageChops.screen(one, two)).astype(int)
    assert set(np.unique(sl.blend(first, other=second, mode="screen", alpha=1) - screened)) == {-1, 0}
    mixed = np.asarray(PillowImage.blend(one, two, 0.25)).astype(int)
    assert set(np.unique(sl.blend(first, other=second, alpha=0.25) - mixed)) == {0, 1}


def test_blend_of_all_of_the_second_gives_a_copy_of_it() -> None:
    first, second = pair("uint8")
    result = sl.blend(first, other=second, alpha=1)
    assert np.array_equal(result, second)
    assert not np.shares_memory(result, second)


@INTEGERS
def test_bitwise_and_keeps_common_bits(dtype: str) -> None:
    first, second = pair(dtype)
    assert np.array_equal(sl.bitwise_and(first, other=second), first & second)
    assert np.array_equal(sl.bitwise_and(first, other=0xF0), first & np.array(0xF0, dtype))


@INTEGERS
def test_bitwise_or_joins_bits(dtype: str) -> None:
    first, second = pair(dtype)
    assert np.array_equal(sl.bitwise_or(first, other=second), first | second)


@INTEGERS
def test_bitwise_xor_twice_is_nothing(dtype: str) -> None:
    first, second = pair(dtype)
    once = sl.bitwise_xor(first, other=second)
    assert np.array_equal(once, first ^ second)
    assert np.array_equal(sl.bitwise_xor(once, other=second), first)


@INTEGERS
def test_bitwise_not_is_white_less_the_value_where_the_mask_says(dtype: str) -> None:
    first, _ = pair(dtype)
    mask = np.zeros((40, 30), np.uint8)
    mask[5:20] = 1
    result = sl.bitwise_not(first, mask=mask)
    assert np.array_equal(result[5:20], WHITE[dtype] - first[5:20].astype(int))
    assert np.array_equal(result[20:], first[20:])


@pytest.mark.parametrize("number", [1.5, -1, 256])
def test_bitwise_operations_refuse_numbers_without_such_bits(number: float) -> None:
    with pytest.raises(ParameterError, match="bitwise_and"):
        sl.bitwise_and(pair("uint8")[0], other=number)


@pytest.mark.parametrize(("channels", "colour"), [(1, [76]), (3, [255, 0, 0]), (4, [255, 0, 0, 128])])
@ALL
def test_apply_mask_keeps_what_is_in_it_and_paints_the_rest(dtype: str, channels: int, colour: list[int]) -> None:
    image = pair(dtype, (20, 30) if channels == 1 else (20, 30, channels))[0]
    mask = RNG.integers(0, 2, (20, 30), dtype=np.uint8)
    result = sl.apply_mask(image, mask=mask, color="#ff000080")
    assert np.array_equal(result[mask == 1], image[mask == 1])
    outside = result[mask == 0].reshape(-1, channels) / WHITE[dtype] * 255
    assert np.abs(outside - colour).max() <= 0.3  # the lightness of red is 76.2


def test_apply_mask_takes_the_transparency_of_a_cutout_as_mask() -> None:
    image, cutout = pair("uint8")[0], pair("uint8", (40, 30, 4))[0]
    expected = np.where(cutout[..., 3:] > 0, image, 0)
    assert np.array_equal(sl.apply_mask(image, mask=cutout), expected)


def test_second_pictures_that_do_not_fit_are_refused_with_the_reason() -> None:
    first, second = pair("uint8")
    gray = np.ascontiguousarray(first[..., 0])
    with pytest.raises(ImageError, match="second picture has the wrong size"):
        sl.add(first, other=second[:5])
    with pytest.raises(ImageError, match=r"second picture has the wrong dtype.*to_depth8"):
        sl.blend(first, other=second.astype(np.uint16))
    with pytest.raises(ImageError, match=r"second picture has colours.*to_gray"):
        sl.bitwise_or(gray, other=second)
    with pytest.raises(ImageError, match="mask has the wrong size"):
        sl.multiply(first, other=2, mask=gray[:5])
    with pytest.raises(ImageError, match="mask has the wrong size"):
        sl.apply_mask(first, mask=gray[:5])


def test_operations_on_columns_first_memory_give_rows_first() -> None:
    first, second = (values.transpose(1, 0, 2) for values in pair("uint16"))
    for operation in (sl.add, sl.multiply, sl.divide, sl.bitwise_and):
        result = operation(first, other=second)
        assert result.flags.c_contiguous
        assert np.array_equal(result, operation(np.ascontiguousarray(first), other=second))
