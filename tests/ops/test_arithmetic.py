"""Known answers for the operations of this group: the formulas in NumPy with wide numbers, Pillow, or worked by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageChops

import sightline as sl
from sightline.errors import ImageError, ParameterError
from sightline.image import white

RNG = np.random.default_rng(1)


def made(dtype: str, *shape: int) -> Any:
    if dtype == "float32":
        return RNG.random(shape, np.float32)
    return RNG.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


KINDS = [(dtype, channels) for dtype in ("uint8", "uint16", "float32") for channels in (1, 3)]
PAIRS = [tuple(made(dtype, *((20, 31) if channels == 1 else (20, 31, 3))) for _ in "ab") for dtype, channels in KINDS]
EVERY = pytest.mark.parametrize(("image", "other"), PAIRS, ids=[f"{dtype} x {channels}" for dtype, channels in KINDS])
WHOLE = pytest.mark.parametrize(("image", "other"), PAIRS[:4], ids=[f"{dtype} x {channels}" for dtype, channels in KINDS[:4]])
OVERFLOW = pytest.mark.parametrize("overflow", ["saturate", "wrap"])
GRAY, GRAY2 = PAIRS[0]
RGB, RGB2 = PAIRS[1]
RGBA, RGBA2 = made("uint8", 20, 31, 4), made("uint8", 20, 31, 4)
MASK = np.where(RNG.random((20, 31)) < 0.5, 0, RNG.integers(1, 256, (20, 31))).astype(np.uint8)
ALL = tuple(np.ascontiguousarray(grid.astype(np.uint8)) for grid in np.mgrid[:256, :256])  # every pair of 8-bit values

ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": sl.add,
    "subtract": sl.subtract,
    "multiply": sl.multiply,
    "divide": sl.divide,
    "absdiff": sl.absdiff,
    "minimum": sl.minimum,
    "maximum": sl.maximum,
}
BITWISE: dict[str, Callable[..., Any]] = {"and": sl.bitwise_and, "or": sl.bitwise_or, "xor": sl.bitwise_xor}
WITH_OTHER = [*ARITHMETIC.values(), *BITWISE.values(), sl.blend]


def wide(image: Any) -> Any:
    return np.asarray(image, np.longdouble)


def agrees(result: Any, values: Any, image: Any, overflow: str = "saturate") -> None:
    """`result` is `values`, from long floats, brought into the range of `image`."""
    assert result.dtype == image.dtype
    if image.dtype == np.float32:
        expected = values % 1 if overflow == "wrap" else np.clip(values, 0, 1)
        apart = np.abs(result - expected)
        if overflow == "wrap":  # 0 and 1 are the same place on the circle
            apart = np.minimum(apart, 1 - apart)
        assert apart.max() < 1e-6 * max(1.0, float(np.abs(values).max()))
    else:
        top = int(white(image))
        rounded = np.rint(values)
        assert np.array_equal(result, rounded % (top + 1) if overflow == "wrap" else np.clip(rounded, 0, top))


def scaled_quotient(image: Any, other: Any, one: float) -> Any:
    return np.where(wide(other) == 0, 0, wide(image) * one / np.where(wide(other) == 0, 1, wide(other)))


@EVERY
@OVERFLOW
def test_add_is_the_sum_of_both(image: Any, other: Any, overflow: Any) -> None:
    agrees(sl.add(image, other=other, overflow=overflow), wide(image) + other, image, overflow)
    number = 0.4 * float(white(image))
    agrees(sl.add(image, other=number, overflow=overflow), wide(image) + number, image, overflow)
    agrees(sl.add(image, other=-number, overflow=overflow), wide(image) - number, image, overflow)


@EVERY
@OVERFLOW
def test_subtract_is_the_difference_of_both(image: Any, other: Any, overflow: Any) -> None:
    agrees(sl.subtract(image, other=other, overflow=overflow), wide(image) - other, image, overflow)
    number = 0.4 * float(white(image))
    agrees(sl.subtract(image, other=number, overflow=overflow), wide(image) - number, image, overflow)


@EVERY
@OVERFLOW
def test_multiply_takes_pictures_as_fractions_of_white_and_numbers_as_factors(image: Any, other: Any, overflow: Any) -> None:
    agrees(sl.multiply(image, other=other, overflow=overflow), wide(image) * other / float(white(image)), image, overflow)
    for factor in (0.375, 1.75, -0.5):  # binary fractions: what lies half way is half way in any precision
        agrees(sl.multiply(image, other=factor, overflow=overflow), wide(image) * factor, image, overflow)


@EVERY
@OVERFLOW
def test_divide_takes_pictures_as_fractions_of_white_and_numbers_as_divisors(image: Any, other: Any, overflow: Any) -> None:
    holed = other.copy()
    holed[::3, ::2] = 0
    holed[holed < white(image) / 50] = 0
    expected = scaled_quotient(image, holed, float(white(image)))
    agrees(sl.divide(image, other=holed, overflow=overflow), expected, image, overflow)
    for divisor in (0.375, 1.75, -2.0):
        agrees(sl.divide(image, other=divisor, overflow=overflow), wide(image) / divisor, image, overflow)


def test_divide_by_black_gives_black() -> None:
    for image, _ in PAIRS:
        assert not sl.divide(image, other=np.zeros_like(image)).any()
        assert not sl.divide(image, other=np.zeros_like(image), overflow="wrap").any()


def test_divide_by_a_picture_of_the_light_makes_it_even() -> None:
    light = np.tile(np.linspace(120, 250, 200), (50, 1))
    page = np.where(np.arange(50)[:, None] % 10 < 2, 0.3, 1.0)  # reflects 30 % in its lines
    seen, sheet = np.rint(page * light).astype(np.uint8), np.rint(light).astype(np.uint8)
    assert np.abs(sl.divide(seen, other=sheet) / 255.0 - page).max() < 0.01


def test_divide_refuses_a_number_that_is_as_good_as_zero() -> None:
    for number in (0, 5e-7, -5e-7):
        with pytest.raises(ParameterError, match="divide by 0"):
            sl.divide(GRAY, other=number)


@EVERY
def test_absdiff_is_the_distance(image: Any, other: Any) -> None:
    agrees(sl.absdiff(image, other=other), abs(wide(image) - other), image)
    for share in (0.4, 1.0, -0.5):
        agrees(sl.absdiff(image, other=share * float(white(image))), abs(wide(image) - share * float(white(image))), image)


@EVERY
def test_minimum_is_the_darker(image: Any, other: Any) -> None:
    assert np.array_equal(sl.minimum(image, other=other), np.where(image < other, image, other))
    agrees(sl.minimum(image, other=0.25 * float(white(image))), np.minimum(wide(image), 0.25 * float(white(image))), image)


@EVERY
def test_maximum_is_the_lighter(image: Any, other: Any) -> None:
    assert np.array_equal(sl.maximum(image, other=other), np.where(image > other, image, other))
    agrees(sl.maximum(image, other=0.25 * float(white(image))), np.maximum(wide(image), 0.25 * float(white(image))), image)


def test_multiply_and_divide_round_every_pair_of_8_bit_values_right() -> None:
    image, other = ALL
    product, quotient = image.astype(np.int64) * other, scaled_quotient(image, other, 255)
    assert np.array_equal(sl.multiply(image, other=other), (2 * product + 255) // 510)
    agrees(sl.divide(image, other=other), quotient, image)
    agrees(sl.divide(image, other=other, overflow="wrap"), quotient, image, "wrap")


@pytest.mark.parametrize(
    ("ours", "peer"),
    [
        (sl.add, ImageChops.add),
        (lambda image, other: sl.add(image, other=other, overflow="wrap"), ImageChops.add_modulo),
        (sl.subtract, ImageChops.subtract),
        (lambda image, other: sl.subtract(image, other=other, overflow="wrap"), ImageChops.subtract_modulo),
        (sl.absdiff, ImageChops.difference),
        (sl.minimum, ImageChops.darker),
        (sl.maximum, ImageChops.lighter),
    ],
)
def test_arithmetic_of_8_bit_is_that_of_pillow(ours: Any, peer: Any) -> None:
    for image, other in ((GRAY, GRAY2), (RGB, RGB2)):
        expected = np.asarray(peer(Pillow.fromarray(image), Pillow.fromarray(other)))
        assert np.array_equal(ours(image, other=other), expected)


def mixed(mode: str, below: Any, above: Any) -> Any:
    """The formulas of the W3C, on [0, 1]."""
    return {
        "normal": above,
        "multiply": below * above,
        "screen": below + above - below * above,
        "overlay": np.where(below <= 0.5, 2 * below * above, 1 - 2 * (1 - below) * (1 - above)),
        "darken": np.minimum(below, above),
        "lighten": np.maximum(below, above),
        "difference": abs(below - above),
    }[mode]


@pytest.mark.parametrize(("image", "other"), [*PAIRS, ALL], ids=[*(f"{d} x {c}" for d, c in KINDS), "every pair"])
@pytest.mark.parametrize("mode", ["normal", "multiply", "screen", "overlay", "darken", "lighten", "difference"])
@pytest.mark.parametrize("alpha", [0, 0.3, 0.5, 1])
def test_blend_follows_the_formula_of_its_mode(image: Any, other: Any, mode: Any, alpha: float) -> None:
    full = float(white(image))
    below, above = image.astype(np.float64) / full, other.astype(np.float64) / full
    expected = (1 - alpha) * below + alpha * mixed(mode, below, above)
    result = sl.blend(image, other=other, alpha=alpha, mode=mode)
    assert result.dtype == image.dtype
    # integers: the mode's own result is rounded first, and 16 bit overlay is worked out in single precision
    apart = 1e-6 if full == 1 else (0.5 + (alpha / 2 if 0 < alpha < 1 and mode != "normal" else 0) + 0.01) / full
    assert np.abs(result / full - expected).max() <= apart


def test_blend_never_gives_back_the_second_picture_itself() -> None:
    for mode in ("normal", "darken"):
        result = sl.blend(RGB, other=RGB2, alpha=1, mode=mode)
        assert not np.shares_memory(result, RGB2)
    assert np.array_equal(sl.blend(RGB, other=RGB2, alpha=1), RGB2)
    assert np.array_equal(sl.blend(RGB, other=RGB2, alpha=0), RGB)


def test_blend_mixes_as_pillow_does() -> None:
    expected = np.asarray(Pillow.blend(Pillow.fromarray(RGB), Pillow.fromarray(RGB2), 0.25)).astype(int)
    assert np.abs(sl.blend(RGB, other=RGB2, alpha=0.25) - expected).max() <= 1  # Pillow cuts the fraction off


@WHOLE
def test_bitwise_and_keeps_what_both_have(image: Any, other: Any) -> None:
    expected = [int(a) & int(b) for a, b in zip(image.flat, other.flat, strict=True)]
    assert sl.bitwise_and(image, other=other).ravel().tolist() == expected
    assert np.array_equal(sl.bitwise_and(image, other=192), image.astype(int) % 256 // 64 * 64)


@WHOLE
def test_bitwise_or_sets_what_either_has(image: Any, other: Any) -> None:
    expected = [int(a) | int(b) for a, b in zip(image.flat, other.flat, strict=True)]
    assert sl.bitwise_or(image, other=other).ravel().tolist() == expected
    assert np.array_equal(sl.bitwise_or(image, other=15), image // 16 * 16 + 15)


@WHOLE
def test_bitwise_xor_twice_is_nothing(image: Any, other: Any) -> None:
    expected = [int(a) ^ int(b) for a, b in zip(image.flat, other.flat, strict=True)]
    once = sl.bitwise_xor(image, other=other)
    assert once.ravel().tolist() == expected
    assert np.array_equal(sl.bitwise_xor(once, other=other), image)
    assert np.array_equal(sl.bitwise_xor(image, other=int(white(image))), white(image) - image)


@WHOLE
def test_bitwise_not_is_white_minus_the_value(image: Any, other: Any) -> None:
    assert np.array_equal(sl.bitwise_not(image), white(image) - image)
    assert np.array_equal(sl.bitwise_not(RGBA)[..., :3], 255 - RGBA[..., :3])
    assert np.array_equal(sl.bitwise_not(RGBA)[..., 3], RGBA[..., 3])


@pytest.mark.parametrize("run", BITWISE.values(), ids=BITWISE.keys())
def test_bitwise_operations_refuse_numbers_that_the_picture_has_no_bits_for(run: Any) -> None:
    sixteen = PAIRS[2][0]
    for image, number in ((GRAY, 256), (GRAY, -1), (GRAY, 1.5), (sixteen, -1), (sixteen, 0.5)):
        with pytest.raises(ParameterError, match="bits"):
            run(image, other=number)
    run(sixteen, other=256)
    run(sixteen, other=65535)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_apply_mask_keeps_the_picture_where_the_mask_is_light(dtype: str, channels: int) -> None:
    image = made(dtype, *((20, 31) if channels == 1 else (20, 31, channels)))
    full = float(white(image))
    color = (51, 102, 255, 204)
    ground: Any = [0.299 * 51 + 0.587 * 102 + 0.114 * 255] if channels == 1 else color[:channels]
    scaled = np.array(ground) / 255 * full
    if dtype != "float32":
        scaled = np.rint(np.rint(np.array(ground)) * (full / 255)) if dtype == "uint8" else np.rint(scaled)
    kept = (MASK > 127) if channels == 1 else (MASK > 127)[..., None]
    expected = np.where(kept, image, scaled[0] if channels == 1 else scaled).astype(image.dtype)
    assert np.array_equal(sl.apply_mask(image, mask=MASK, color=color), expected)


def test_apply_mask_is_black_where_nothing_is_said_and_opaque() -> None:
    assert sl.apply_mask(RGBA, mask=np.zeros((20, 31), np.uint8))[0, 0].tolist() == [0, 0, 0, 255]
    assert sl.apply_mask(RGBA, mask=np.zeros((20, 31), np.uint8), color="#00000000")[0, 0].tolist() == [0, 0, 0, 0]
    long = np.full((1, 70000, 3), 9, np.uint8)
    assert not sl.apply_mask(long, mask=np.zeros((1, 70000), np.uint8)).any()


@pytest.mark.parametrize("run", WITH_OTHER, ids=lambda run: run.__name__)
def test_all_leave_the_picture_where_the_mask_is_dark(run: Any) -> None:
    for image, other in ((GRAY, GRAY2), (RGB, RGB2), PAIRS[3], (RGBA, RGBA2)):
        kept = MASK <= 127
        result, whole = run(image, other=other, mask=MASK), run(image, other=other)
        assert np.array_equal(result[kept], image[kept])
        assert np.array_equal(result[~kept], whole[~kept])
        assert not np.array_equal(result, whole)


def test_all_take_masks_of_any_kind() -> None:
    float_mask = (MASK > 127).astype(np.float32)
    transparent = np.dstack([RGB, MASK])
    expected = sl.add(RGB, other=50, mask=MASK)
    for mask in (float_mask, transparent, (MASK > 127).astype(np.uint16) * np.uint16(65535)):
        assert np.array_equal(sl.add(RGB, other=50, mask=mask), expected)
    assert np.array_equal(sl.bitwise_not(RGB, mask=MASK), np.where(MASK[..., None] > 127, 255 - RGB, RGB))


@pytest.mark.parametrize("run", WITH_OTHER, ids=lambda run: run.__name__)
def test_all_leave_alpha_out_of_it(run: Any) -> None:
    expected = run(RGBA[..., :3], other=RGBA2[..., :3])
    for other in (RGBA2, RGBA2[..., :3]):
        result = run(RGBA, other=other)
        assert np.array_equal(result[..., :3], expected)
        assert np.array_equal(result[..., 3], RGBA[..., 3])
    assert np.array_equal(run(RGBA[..., :3], other=RGBA2), expected)


@pytest.mark.parametrize("run", WITH_OTHER, ids=lambda run: run.__name__)
def test_all_count_a_gray_second_picture_for_every_channel(run: Any) -> None:
    expected = np.dstack([run(np.ascontiguousarray(RGB[..., c]), other=GRAY) for c in range(3)])
    assert np.array_equal(run(RGB, other=GRAY), expected)
    assert np.array_equal(run(RGBA, other=GRAY)[..., 3], RGBA[..., 3])


@pytest.mark.parametrize("run", WITH_OTHER, ids=lambda run: run.__name__)
def test_all_say_what_keeps_a_second_picture_from_fitting(run: Any) -> None:
    with pytest.raises(ImageError, match=r"second picture has the wrong size.*31 x 20 px.*30 x 20 px.*Resize"):
        run(RGB, other=RGB2[:, 1:])
    with pytest.raises(ImageError, match=r"second picture has the wrong dtype.*uint8.*uint16"):
        run(RGB, other=RGB2.astype(np.uint16))
    for other in (RGB2, RGBA2):
        with pytest.raises(ImageError, match=r"second picture has colours.*to_rgb"):
            run(GRAY, other=other)
    with pytest.raises(ImageError, match=r"the mask has the wrong size.*31 x 20 px.*31 x 19 px"):
        run(RGB, other=RGB2, mask=MASK[1:])
    with pytest.raises(ParameterError, match="other"):
        run(RGB)


def test_all_refuse_masks_of_another_size() -> None:
    with pytest.raises(ImageError, match="the mask has the wrong size"):
        sl.apply_mask(RGB, mask=MASK[:, :5])
    with pytest.raises(ImageError, match="the mask has the wrong size"):
        sl.bitwise_not(RGB, mask=MASK[:, :5])


@pytest.mark.parametrize("run", ARITHMETIC.values(), ids=ARITHMETIC.keys())
def test_all_refuse_what_is_no_number_and_no_picture(run: Any) -> None:
    for other in (float("nan"), float("inf"), 65536, -65536, True, None, "no such file.png", [1, 2]):
        with pytest.raises(ParameterError, match="other"):
            run(GRAY, other=other)


def test_bitwise_operations_refuse_float_pictures() -> None:
    floats = PAIRS[4][0]
    for run in (*BITWISE.values(), sl.bitwise_not):
        with pytest.raises(ImageError, match="wrong dtype"):
            run(floats, **({} if run is sl.bitwise_not else {"other": floats}))
