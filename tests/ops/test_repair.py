"""Known answers for the operations of this group: worked out by hand, or by another library."""

from __future__ import annotations

from math import cos, radians, sin

import numpy as np
import pytest
from scipy import ndimage
from skimage import restoration

import sightline as sl
from sightline.errors import ImageError, ParameterError
from sightline.image import Image

Y, X = np.mgrid[:96, :112]
METHODS = ("telea", "navier_stokes")


def smooth(channels: int = 1) -> Image:
    """A smooth uint8 picture: waves of another phase in each channel."""
    planes = [127 + 70 * np.sin(X / 17 + phase) + 45 * np.cos(Y / 13 - phase) for phase in range(channels)]
    stacked: Image = np.rint(np.dstack(planes)).astype(np.uint8).squeeze()
    return stacked


def slope() -> Image:
    plane: Image = np.rint(30 + X + 0.8 * Y).astype(np.uint8)
    return plane


def specks(share: float = 0.05) -> Image:
    """A mask of small squares that covers about `share` of the picture."""
    mask = np.zeros(X.shape, np.uint8)
    for y, x in np.random.default_rng(1).integers(4, 90, (round(share * mask.size / 16), 2)):
        mask[y : y + 4, x : x + 4] = 255
    return mask


def root_mean_square(difference: Image) -> float:
    return float(np.sqrt(np.mean(difference.astype(float) ** 2)))


# inpainting


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("whole", "bound"), [(smooth(), 3.0), (smooth(3), 3.0), (slope(), 2.5)], ids=["gray", "RGB", "slope"])
def test_inpaint_comes_close_to_what_was_there(method: str, whole: Image, bound: float) -> None:
    mask = specks()
    hidden = mask > 0
    assert 0.03 < hidden.mean() < 0.08
    damaged = whole.copy()
    damaged[hidden] = 255
    repaired = sl.inpaint(damaged, mask=mask, method=method)  # type: ignore[arg-type]
    assert np.array_equal(repaired[~hidden], whole[~hidden])
    error = root_mean_square(repaired[hidden].astype(float) - whole[hidden])
    by_mean = root_mean_square(whole[~hidden].mean(axis=0) - whole[hidden])
    assert error < bound
    assert error < by_mean / 10


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("channels", [1, 3])
def test_inpaint_of_more_than_8_bit_is_the_same_repair_in_finer_steps(method: str, channels: int) -> None:
    whole, mask = smooth(channels), specks()
    hidden = mask > 0
    for deep, full in ((whole.astype(np.uint16) * 257, 65535), (whole.astype(np.float32) / np.float32(255), 1)):
        damaged = deep.copy()
        damaged[hidden] = 0
        repaired = sl.inpaint(damaged, mask=mask, method=method)  # type: ignore[arg-type]
        assert repaired.dtype == deep.dtype
        assert np.array_equal(repaired[~hidden], deep[~hidden])
        assert root_mean_square(repaired[hidden] / full * 255.0 - whole[hidden]) < 3.0


def test_inpaint_has_two_methods_that_differ_and_a_radius_that_counts() -> None:
    image, mask = np.random.default_rng(1).integers(0, 256, X.shape).astype(np.uint8), specks()
    telea = sl.inpaint(image, mask=mask)
    assert not np.array_equal(telea, sl.inpaint(image, mask=mask, method="navier_stokes"))
    assert not np.array_equal(telea, sl.inpaint(image, mask=mask, radius=10))


def test_inpaint_takes_the_mask_above_middle_gray_and_keeps_alpha() -> None:
    image = np.dstack([smooth(3), np.random.default_rng(1).integers(0, 256, X.shape).astype(np.uint8)])
    mask = specks()
    assert np.array_equal(sl.inpaint(image, mask=mask)[..., 3], image[..., 3])
    noisy = np.where(mask > 0, 200, 20).astype(np.uint8)  # as a JPEG of it would be
    assert np.array_equal(sl.inpaint(image, mask=noisy), sl.inpaint(image, mask=mask))
    assert np.array_equal(sl.inpaint(image, mask=np.zeros_like(mask)), image)


def test_inpaint_of_a_single_line_is_filled_from_it() -> None:
    line, mask = np.full((1, 30), 77, np.uint8), np.zeros((1, 30), np.uint8)
    line[0, 10:14] = mask[0, 10:14] = 255
    for image, where in ((line, mask), (line.T, mask.T)):
        repaired = sl.inpaint(np.ascontiguousarray(image), mask=np.ascontiguousarray(where), method="navier_stokes")
        assert set(repaired.ravel().tolist()) == {77}


def test_inpaint_refuses_masks_that_cannot_be_meant() -> None:
    image = smooth()
    with pytest.raises(ParameterError, match="inpaint has nothing to fill the picture from"):
        sl.inpaint(image, mask=np.full_like(image, 255))
    with pytest.raises(ParameterError, match="Multiply it by 255"):
        sl.inpaint(image, mask=(specks() > 0).astype(np.uint8))
    with pytest.raises(ImageError, match="112 x 96 px"):
        sl.inpaint(image, mask=np.full((5, 5), 255, np.uint8))


@pytest.mark.parametrize("method", METHODS)
def test_inpaint_box_gives_a_slope_back(method: str) -> None:
    image = slope()
    image[40:48, 50:70] = 0
    repaired = sl.inpaint_box(image, x=50, y=40, width=20, height=8, method=method)  # type: ignore[arg-type]
    assert np.abs(repaired.astype(int) - slope()).max() <= 6
    outside = np.ones(image.shape, bool)
    outside[40:48, 50:70] = False
    assert np.array_equal(repaired[outside], image[outside])


def test_inpaint_box_leaves_out_what_lies_outside() -> None:
    image = slope()
    mask = np.zeros_like(image)
    mask[:5, 100:] = 255
    assert np.array_equal(sl.inpaint_box(image, x=100, y=-5, width=50, height=10), sl.inpaint(image, mask=mask))
    with pytest.raises(ParameterError, match="inpaint_box lies outside the picture"):
        sl.inpaint_box(image, x=-20, y=5, width=20, height=5)
    with pytest.raises(ParameterError, match="inpaint_box has nothing"):
        sl.inpaint_box(image, x=-5, y=-5, width=500, height=500)


def test_inpaint_color_takes_a_scribble_away() -> None:
    whole = np.dstack([smooth(3), np.random.default_rng(1).integers(0, 256, X.shape).astype(np.uint8)])
    whole[..., :3] //= 2  # nothing in it is pure red
    scribbled = whole.copy()
    scribbled[47:50, 20:90, :3] = scribbled[20:80, 55:58, :3] = (250, 5, 10)
    repaired = sl.inpaint_color(scribbled, color="red", tolerance=0.1)
    assert np.abs(repaired.astype(int) - whole).max() <= 20
    near = ndimage.binary_dilation((scribbled != whole).any(axis=2), iterations=3)
    assert np.array_equal(repaired[~near], whole[~near])
    assert np.array_equal(repaired[..., 3], whole[..., 3])


def test_inpaint_color_tolerance_and_grow_say_what_is_taken() -> None:
    image = np.full((21, 21, 3), 90, np.uint8)
    image[10, 5:16] = (255, 0, 0)
    image[9, 5:16] = (255, 40, 0)
    strict = sl.inpaint_color(image, color="red", tolerance=0.1, grow=0, method="navier_stokes")
    assert (strict[9] == image[9]).all()
    assert not (strict[10, 5:16] == (255, 0, 0)).all(axis=1).any()
    for wide in ({"tolerance": 0.2, "grow": 0}, {"tolerance": 0.1, "grow": 1}):
        assert set(sl.inpaint_color(image, color="red", method="navier_stokes", **wide).ravel().tolist()) == {90}  # type: ignore[arg-type]
    assert np.array_equal(sl.inpaint_color(image, color="blue"), image)


@pytest.mark.parametrize("tolerance", [0.0, 0.03, 0.05, 0.1, 0.29])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_inpaint_color_takes_nothing_that_is_farther_than_its_tolerance(dtype: str, channels: int, tolerance: float) -> None:
    full = {"uint8": 255, "uint16": 65535}[dtype]
    least = int(tolerance * full) + 1  # the least difference that stays
    image = np.full((9, 30, channels), full, dtype)
    image[4, 5], image[4, 15], image[4, 25] = 0, least - 1, least  # black, as far as allowed, and too far
    image = image[..., 0] if channels == 1 else image
    repaired = sl.inpaint_color(image, color="black", tolerance=tolerance, grow=0)
    assert (repaired[4, 5] > full / 2).all()
    assert (repaired[4, 15] > full / 2).all()
    assert (repaired[4, 25] == least).all()


def test_inpaint_color_means_lightness_in_gray_and_every_depth() -> None:
    for full, dtype in ((255, np.uint8), (65535, np.uint16), (1, np.float32)):
        image = np.full((15, 15), 0.4 * full).astype(dtype)
        image[7, 4:11] = full
        repaired = sl.inpaint_color(image, color="white", tolerance=0.0, method="navier_stokes")
        assert np.abs(repaired / full - 0.4).max() < 0.004
    with pytest.raises(ParameterError, match="inpaint_color has nothing"):
        sl.inpaint_color(smooth(), color="gray", tolerance=1)


# noise


def noisy(image: Image, deviation: float = 0.1) -> tuple[Image, Image]:
    clean = image.astype(np.float32) / 255
    return clean, np.clip(clean + np.random.default_rng(1).normal(0, deviation, clean.shape), 0, 1).astype(np.float32)


def blocks(channels: int = 1) -> Image:
    image = np.full((80, 80, 3), (90, 120, 60), np.uint8)
    image[10:40, 15:60] = (200, 60, 80)
    image[30:70, 40:70] = (40, 180, 220)
    image[50:75, 5:25] += ((X[:25, :20] * 3)[..., None]).astype(np.uint8)
    return image if channels == 3 else image[..., 1].copy()


def decibel(clean: Image, image: Image) -> float:
    return -20 * float(np.log10(root_mean_square(image - clean)))


@pytest.mark.parametrize("channels", [1, 3])
def test_denoise_tv_takes_more_noise_away_than_scikit_image(channels: int) -> None:
    clean, image = noisy(blocks(channels))
    ours = decibel(clean, sl.denoise_tv(image, weight=0.1))
    theirs = decibel(clean, restoration.denoise_tv_chambolle(image, weight=0.1, channel_axis=-1 if channels == 3 else None))
    assert ours > decibel(clean, image) + 8
    assert ours > theirs - (0.1 if channels == 1 else 0)  # the same model in gray; coupled channels do better


@pytest.mark.parametrize("weight", [0.05, 0.2])
def test_denoise_tv_reaches_the_minimum_that_scikit_image_reaches(weight: float) -> None:
    _, image = noisy(blocks())
    theirs = restoration.denoise_tv_chambolle(image, weight=weight, eps=1e-9, max_num_iter=3000)
    assert root_mean_square(sl.denoise_tv(image, weight=weight, iterations=300) - theirs) < 0.004

    def energy(u: Image) -> float:
        down, right = np.diff(u, axis=0, append=u[-1:]), np.diff(u, axis=1, append=u[:, -1:])
        return float(((u - image) ** 2).sum() / 2 + weight * np.hypot(down, right).sum())

    assert energy(sl.denoise_tv(image, weight=weight, iterations=300)) <= energy(theirs) * 1.0005
    usual = restoration.denoise_tv_chambolle(image, weight=weight)
    assert energy(sl.denoise_tv(image, weight=weight)) <= energy(usual)


def test_denoise_tv_keeps_even_pictures_the_mean_and_the_depth() -> None:
    assert np.array_equal(sl.denoise_tv(np.full((9, 7, 3), 44, np.uint8)), np.full((9, 7, 3), 44, np.uint8))
    _, image = noisy(blocks(3))
    assert np.abs(sl.denoise_tv(image).mean(axis=(0, 1)) - image.mean(axis=(0, 1))).max() < 1e-3
    for dtype, full in ((np.uint8, 255), (np.uint16, 65535)):
        whole = np.rint(image * full).astype(dtype)
        assert np.abs(sl.denoise_tv(whole) / full - sl.denoise_tv(image)).max() <= 1.5 / 255
    clear = np.dstack([np.rint(image * 255).astype(np.uint8), np.random.default_rng(1).integers(0, 256, (80, 80)).astype(np.uint8)])
    assert np.array_equal(sl.denoise_tv(clear)[..., 3], clear[..., 3])


# patches


@pytest.mark.parametrize(("x", "y"), [(30, 20), (31, 21), (0, 0), (72, 56), (-10, 30), (90, 70), (20, -15)])
def test_seamless_clone_of_a_lighter_copy_gives_the_picture_back(x: int, y: int) -> None:
    """The slopes of the patch and the border of the picture have one solution: the picture itself. OpenCV rounds down."""
    image = (smooth(3) // 2 + 20).astype(np.uint8)
    wide = np.pad(image, ((40, 40), (40, 40), (0, 0)), mode="reflect")
    patch = wide[40 + y : 80 + y, 40 + x : 80 + x] + np.array([60, 30, 0], np.uint8)
    cloned = sl.seamless_clone(image, patch=patch, x=x, y=y)
    assert np.abs(cloned.astype(int) - image).max() <= 2
    outside = np.ones(image.shape[:2], bool)
    outside[max(y, 0) : y + 40, max(x, 0) : x + 40] = False
    assert np.array_equal(cloned[outside], image[outside])


def test_seamless_clone_modes_take_the_structure_from_one_the_other_or_both() -> None:
    image, even = smooth(3), np.full((40, 40, 3), 200, np.uint8)
    assert np.abs(sl.seamless_clone(image, patch=even, x=30, y=20, mode="mixed").astype(int) - image).max() <= 2
    flattened = sl.seamless_clone(image, patch=even, x=30, y=20)
    inside = np.s_[25:55, 35:65]
    assert np.abs(ndimage.laplace(flattened[inside][..., 1].astype(float)))[1:-1, 1:-1].max() <= 4  # no structure: harmonic
    gray, colored = np.full((60, 60, 3), 120, np.uint8), np.full((30, 30, 3), (40, 40, 40), np.uint8)
    colored[10:20, 10:20] = (200, 30, 90)
    assert np.ptp(sl.seamless_clone(gray, patch=colored, x=10, y=10, mode="monochrome"), axis=2).max() <= 1
    assert np.ptp(sl.seamless_clone(gray, patch=colored, x=10, y=10), axis=2).max() > 80


def test_seamless_clone_changes_only_what_the_mask_shows() -> None:
    image, patch = smooth(3), np.random.default_rng(1).integers(0, 256, (40, 50, 3)).astype(np.uint8)
    mask = np.zeros((40, 50), np.uint8)
    mask[:30, 20:] = 255  # it touches two sides
    changed = (sl.seamless_clone(image, patch=patch, x=5, y=8, mask=mask) != image).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (8 + 1, 8 + 28, 5 + 21, 5 + 48)
    clear = np.dstack([patch, mask])
    assert np.array_equal(
        sl.seamless_clone(image, patch=clear, x=5, y=8), sl.seamless_clone(image, patch=patch, x=5, y=8, mask=mask)
    )
    for tiny in ((2, 9), (9, 1), (1, 1)):  # nothing but border
        assert np.array_equal(sl.seamless_clone(image, patch=patch[: tiny[0], : tiny[1]], x=3, y=3), image)
    assert np.array_equal(sl.seamless_clone(image, patch=patch, mask=np.zeros_like(mask)), image)


def test_seamless_clone_means_by_transparency_what_a_mask_means_by_lightness() -> None:
    """A soft alpha does not weaken the slopes of the patch: half of it and less hides, more shows all."""
    image, patch = smooth(3), np.random.default_rng(1).integers(0, 256, (40, 50, 3)).astype(np.uint8)
    alpha = np.tile(np.linspace(0, 255, 50).astype(np.uint8), (40, 1))
    hard = np.where(alpha > 127, 255, 0).astype(np.uint8)
    expected = sl.seamless_clone(image, patch=patch, x=5, y=8, mask=hard)
    assert np.array_equal(sl.seamless_clone(image, patch=np.dstack([patch, hard]), x=5, y=8), expected)
    assert np.array_equal(sl.seamless_clone(image, patch=np.dstack([patch, alpha]), x=5, y=8), expected)
    for factor, dtype in ((257, np.uint16), (1 / 255, np.float32)):
        deep = (np.dstack([patch, alpha]) * np.float64(factor)).astype(dtype)
        assert np.array_equal(sl.seamless_clone(image, patch=deep, x=5, y=8), expected)


def test_seamless_clone_brings_the_patch_to_rgb_of_8_bit() -> None:
    image, patch = smooth(3), smooth()[:40, :40].copy()
    expected = sl.seamless_clone(image, patch=np.dstack([patch] * 3), x=10, y=10)
    for other in (patch, patch.astype(np.uint16) * 257, patch.astype(np.float32) / np.float32(255)):
        assert np.array_equal(sl.seamless_clone(image, patch=other, x=10, y=10), expected)


def test_seamless_clone_refuses_what_does_not_meet() -> None:
    image, patch = smooth(3), np.full((20, 20, 3), 9, np.uint8)
    with pytest.raises(ParameterError, match="seamless_clone lies outside the picture"):
        sl.seamless_clone(image, patch=patch, x=112, y=0)
    with pytest.raises(ParameterError, match="seamless_clone lies outside the picture"):
        sl.seamless_clone(image, patch=patch, x=0, y=-20)
    with pytest.raises(ImageError, match="the mask of seamless_clone"):
        sl.seamless_clone(image, patch=patch, mask=np.full((4, 4), 255, np.uint8))


# light and blur


def test_flatten_illumination_divides_by_the_gaussian_mean() -> None:
    image = np.random.default_rng(1).integers(60, 200, (120, 150)).astype(np.uint8)
    ground = ndimage.gaussian_filter(image.astype(float), 12, mode="reflect")
    for level, scale in (("keep", ground.mean()), ("white", 255.0)):
        expected = np.minimum(image / ground * scale, 255)
        result = sl.flatten_illumination(image, sigma=12, level=level)  # type: ignore[arg-type]
        assert np.abs(result - expected).max() < 0.02 * 255  # the mean is taken on a smaller picture
        assert root_mean_square(result - expected) < 1.2


def test_flatten_illumination_takes_the_lamp_away_and_keeps_hues() -> None:
    paper = np.full((200, 200, 3), (200, 190, 160), np.uint8)
    paper[20:180:12, 20:180] = (60, 50, 40)
    lamp = 0.4 + 0.6 * np.exp(-(np.hypot(*np.mgrid[-50:150, -80:120]) ** 2) / 2 / 90**2)
    photo = np.rint(paper * lamp[..., None]).astype(np.uint8)
    flat = sl.flatten_illumination(photo, sigma=25)
    blank = np.s_[26:170:12, 30:170]
    spread = photo[blank].std() / photo[blank].mean(), flat[blank][..., 1].std() / flat[blank][..., 1].mean()
    assert spread[0] > 0.15
    assert spread[1] < 0.06
    ratio = flat[100, 100].astype(float) / photo[100, 100]
    assert np.ptp(ratio) < 0.03
    deep = sl.flatten_illumination(photo.astype(np.uint16) * 257, sigma=25)
    assert np.abs(deep / 257 - flat).max() < 1
    assert not sl.flatten_illumination(np.zeros((20, 20), np.uint8)).any()


def blurred(angle: float | None) -> tuple[Image, Image, Image]:
    """A picture in [0, 1], its blur by a Gaussian or by movement at `angle`, and the kernel."""
    clean = blocks().astype(float) / 255
    kernel = np.zeros((15, 15))
    if angle is None:
        kernel[7, 7] = 1
        kernel = ndimage.gaussian_filter(kernel, 1.5, radius=6)
    else:
        for step in np.linspace(-4, 4, 400):
            kernel[round(7 - step * sin(radians(angle))), round(7 + step * cos(radians(angle)))] += 1 / 400
    return clean, ndimage.convolve(clean, kernel, mode="nearest").astype(np.float32), kernel


def test_deblur_is_the_richardson_lucy_of_scikit_image() -> None:
    _, image, kernel = blurred(None)
    theirs = restoration.richardson_lucy(image, kernel, num_iter=10)
    ours = sl.deblur(image, iterations=10)
    # they begin with gray where this begins with the picture, and go on with black past the edge
    assert root_mean_square((ours - theirs)[20:-20, 20:-20]) < 0.01


@pytest.mark.parametrize("angle", [None, 0.0, 45.0, 90.0])
def test_deblur_comes_closer_to_the_sharp_picture(angle: float | None) -> None:
    clean, image, _ = blurred(angle)
    given = {} if angle is None else {"kernel": "motion", "length": 9, "angle": angle}
    result = sl.deblur(image, iterations=30, **given)  # type: ignore[arg-type]
    assert root_mean_square(result - clean) < 0.8 * root_mean_square(image - clean)
    whole = sl.deblur(np.rint(image * 255).astype(np.uint8), iterations=30, **given)  # type: ignore[arg-type]
    assert root_mean_square(whole / 255 - clean) < 0.85 * root_mean_square(image - clean)


def test_deblur_angles_count_counter_clockwise() -> None:
    clean, image, _ = blurred(45)
    right = sl.deblur(image, kernel="motion", length=9, angle=45, iterations=40)
    wrong = sl.deblur(image, kernel="motion", length=9, angle=-45, iterations=40)
    assert root_mean_square(right - clean) < 0.7 * root_mean_square(wrong - clean)
    turned = sl.deblur(image, kernel="motion", length=9, angle=225, iterations=40)
    assert np.allclose(turned, right, atol=1e-4)


@pytest.mark.parametrize(("length", "angle"), [(9, 0.0), (9, 20.0), (12, 70.0), (15, -130.0), (4, 0.0)])
def test_deblur_takes_back_what_motion_blur_does(length: int, angle: float) -> None:
    """Richardson and Lucy with what `motion_blur` makes of a dot."""
    dot = np.zeros((31, 31), np.float32)
    dot[15, 15] = 1
    kernel = sl.motion_blur(dot, length=length, angle=angle)
    blurry = sl.motion_blur(sl.to_float(blocks()), length=length, angle=angle)
    estimate = blurry.astype(np.float64)
    for _ in range(10):
        ratio = blurry / ndimage.convolve(estimate, kernel, mode="nearest")
        estimate *= ndimage.correlate(ratio, kernel, mode="nearest")
    ours = sl.deblur(blurry, kernel="motion", length=length, angle=angle, iterations=10)
    assert root_mean_square(ours - np.clip(estimate, 0, 1)) < 1e-3


def test_deblur_takes_every_movement_that_motion_blur_takes() -> None:
    one, other = (
        {parameter.name: (parameter.lower, parameter.upper) for parameter in sl.OPS.get(name).parameters.describe()}
        for name in ("motion_blur", "deblur")
    )
    assert (one["length"], one["angle"]) == (other["length"], other["angle"])
    assert np.array_equal(sl.deblur(blocks(), kernel="motion", length=1), blocks())
