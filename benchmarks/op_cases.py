"""What `op_throughput.py` measures: our operations, and what does the same in albumentations, Pillow and scikit-image.

A peer gets the picture as it takes it: albumentations an array, Pillow its own picture, scikit-image an array of the dtype that
it computes in (most of its functions turn others into float64 first). Of albumentations only `apply` is called, with parameters
drawn before, and its result made contiguous as its own `__call__` does it: its checks, dice and bookkeeping do not count, ours
do. Where drawing is the work itself (noise, holes), all of it counts.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import albumentations as A
import cv2
import numpy as np
import skimage
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageMorph, ImageOps, ImageStat
from skimage import color, data, exposure, feature, filters, measure, restoration, segmentation, transform

import sightline as sl
from sightline.ops import effects
from sightline.ops import filters as own_filters

Array = NDArray[Any]
Call = Callable[[], Any]
ski: Any = skimage  # it loads its parts when they are asked for, which type checkers do not see
ALB, PIL, SKI = "albumentations", "Pillow", "scikit-image"

RGB: Array = data.astronaut()
OTHER = np.ascontiguousarray(RGB[::-1, :, ::-1])
GRAY: Array = cv2.cvtColor(RGB, cv2.COLOR_RGB2GRAY)
RGBA = np.dstack([RGB, GRAY])
BINARY: Array = cv2.threshold(cv2.GaussianBlur(GRAY, (0, 0), 3), 100, 255, cv2.THRESH_BINARY)[1]
MASK = np.ascontiguousarray(BINARY.T)
FLOAT, GRAY_FLOAT = RGB.astype(np.float32) / 255, GRAY.astype(np.float32) / 255
PIL_RGB, PIL_OTHER, PIL_GRAY, PIL_RGBA, PIL_BINARY, PIL_MASK = map(Image.fromarray, (RGB, OTHER, GRAY, RGBA, BINARY, MASK))
BLACK = Image.new("RGB", (512, 512))
SIDE = 512


@dataclass(frozen=True)
class Case:
    """Ours and theirs, and how far apart results may be: `bound` for the mean absolute difference, in levels of 255.

    `rim` pixels at the edges are not compared, where borders differ. `seen` makes what is compared from a result.
    """

    group: str
    name: str
    ours: Call
    peers: Mapping[str, Call]
    bound: float = 1.0
    rim: int = 0
    note: str = ""
    seen: Callable[[Any], Array] = field(default=lambda result: values(result))


def values(result: Any) -> Array:
    """Whatever came out, as numbers from 0 to 255."""
    array = np.asarray(result)
    if array.dtype == bool:
        return array * 255.0
    if array.dtype == np.uint16:
        return array / 257
    return array * 255.0 if array.dtype.kind == "f" else array.astype(np.float64)


def numbers(result: Any) -> Array:
    """Numbers as they are."""
    return np.asarray(result, np.float64)


def change(of: Array) -> Callable[[Any], Array]:
    """What is random is compared by how much it changes the picture."""
    return lambda result: np.array([np.abs(values(result) - values(of)).mean()])


def alb(transform: Any, image: Array = RGB, **replaced: Any) -> Call:
    """Its `apply` with parameters drawn once."""
    transform.set_random_seed(0)
    given = transform.update_transform_params(transform.get_params(), {"image": image})
    given |= transform.get_params_dependent_on_data(given, {"image": image})
    given |= replaced
    return lambda: np.require(transform.apply(image, **given), requirements=["C_CONTIGUOUS"])


def whole(transform: Any, image: Array = RGB) -> Call:
    """All of it, the drawing of parameters too."""
    transform.set_random_seed(0)
    return lambda: transform(image=image)["image"]


def own(name: str, image: Array = RGB, /, **given: Any) -> Call:
    """Our operation as users call it."""
    return partial(getattr(sl, name), image, **given)


def made(name: str, **given: Any) -> Call:
    return partial(getattr(sl, name), **given)


def table(call: Callable[[Array], Array]) -> list[int]:
    """Pillow's `point` takes what becomes of every value, for each channel."""
    return call(np.arange(256, dtype=np.uint8)[None])[0].tolist() * 3  # type: ignore[no-any-return]


def cases() -> list[Case]:
    """All of them, in the order of the table."""
    groups = (
        geometry,
        warps,
        colors,
        tones,
        arithmetic,
        smoothing,
        effect,
        histograms,
        thresholds,
        shapes,
        edges,
        create,
        draw,
        repair,
    )
    return [case for group in groups for case in group()]


def geometry() -> list[Case]:
    g = "geometry"
    box = (64, 64, 384, 384)
    sizes = Image.Resampling
    turned = Image.Transpose
    plain: dict[str, Any] = {"mode": "edge", "anti_aliasing": False, "preserve_range": True}
    framed = cv2.copyMakeBorder(GRAY[64:-64, 64:-64], 64, 64, 64, 64, cv2.BORDER_CONSTANT, value=0)
    pil_framed = Image.fromarray(framed)

    def trimmed() -> Any:  # getbbox() alone knows black borders only
        ground = Image.new("L", (SIDE, SIDE), pil_framed.getpixel((0, 0)))
        return pil_framed.crop(ImageChops.difference(pil_framed, ground).getbbox())

    return [
        Case(g, "resize to 256, area", own("resize", width=256, height=256), {
            ALB: alb(A.Resize(256, 256, interpolation=cv2.INTER_AREA)),
            PIL: lambda: PIL_RGB.reduce(2),
            SKI: lambda: transform.downscale_local_mean(FLOAT, (2, 2, 1)),
        }),
        Case(g, "resize to 200, area", own("resize", width=200, height=200), {
            ALB: alb(A.Resize(200, 200, interpolation=cv2.INTER_AREA)),
            PIL: lambda: PIL_RGB.resize((200, 200), sizes.BOX),
        }, bound=3, note="Pillow counts whole pixels only"),
        Case(g, "resize to 200, linear, no antialias", own("resize", width=200, height=200, interpolation="linear"), {
            ALB: alb(A.Resize(200, 200, interpolation=cv2.INTER_LINEAR)),
            SKI: lambda: transform.resize(FLOAT, (200, 200), order=1, **plain),
        }),
        Case(g, "resize to 800, linear", own("resize", width=800, height=800), {
            ALB: alb(A.Resize(800, 800)),
            PIL: lambda: PIL_RGB.resize((800, 800), sizes.BILINEAR),
            SKI: lambda: transform.resize(FLOAT, (800, 800), order=1, **plain),
        }),
        Case(g, "resize to 800, cubic", own("resize", width=800, height=800, interpolation="cubic"), {
            ALB: alb(A.Resize(800, 800, interpolation=cv2.INTER_CUBIC)),
            PIL: lambda: PIL_RGB.resize((800, 800), sizes.BICUBIC),
        }, bound=2),
        Case(g, "resize to 800, Lanczos", own("resize", width=800, height=800, interpolation="lanczos"), {
            ALB: alb(A.Resize(800, 800, interpolation=cv2.INTER_LANCZOS4)),
            PIL: lambda: PIL_RGB.resize((800, 800), sizes.LANCZOS),
        }, bound=2, note="Pillow's kernel reaches 3 pixels, the others' 4"),
        Case(g, "resize to 800, nearest", own("resize", width=800, height=800, interpolation="nearest"), {
            ALB: alb(A.Resize(800, 800, interpolation=cv2.INTER_NEAREST_EXACT)),
            PIL: lambda: PIL_RGB.resize((800, 800), sizes.NEAREST),
            SKI: lambda: transform.resize(RGB, (800, 800), order=0, **plain).astype(np.uint8),
        }),
        Case(g, "resize to 200, nearest", own("resize", width=200, height=200, interpolation="nearest"), {
            ALB: alb(A.Resize(200, 200, interpolation=cv2.INTER_NEAREST_EXACT)),
            PIL: lambda: PIL_RGB.resize((200, 200), sizes.NEAREST),
        }),
        Case(g, "resize_longest to 256", own("resize_longest", size=256), {
            ALB: alb(A.LongestMaxSize(256, interpolation=cv2.INTER_AREA)),
            PIL: lambda: ImageOps.contain(PIL_RGB, (256, 256), sizes.BOX),
        }),
        Case(g, "resize_shortest to 640", own("resize_shortest", size=640), {
            ALB: alb(A.SmallestMaxSize(640)),
            PIL: lambda: ImageOps.cover(PIL_RGB, (640, 640), sizes.BILINEAR),
        }),
        Case(g, "scale by 1.5", own("scale", factor=1.5), {
            ALB: alb(A.RandomScale((0.5, 0.5))),
            PIL: lambda: ImageOps.scale(PIL_RGB, 1.5, sizes.BILINEAR),
            SKI: lambda: transform.rescale(FLOAT, 1.5, order=1, channel_axis=-1, **plain),
        }),
        Case(g, "letterbox into 400 x 300", own("letterbox", width=400, height=300, fill="black", interpolation="linear"), {
            ALB: whole(A.Compose([A.LongestMaxSize(300), A.PadIfNeeded(300, 400)])),
            PIL: lambda: ImageOps.pad(PIL_RGB, (400, 300), sizes.BILINEAR),
        }, bound=6),
        Case(g, "crop 320 x 320", own("crop", x=64, y=64, width=320, height=320), {
            ALB: alb(A.Crop(*box)),
            PIL: lambda: PIL_RGB.crop(box),
            SKI: lambda: ski.util.crop(RGB, ((64, 128), (64, 128), (0, 0)), copy=True),
        }),
        Case(g, "center_crop 320 x 320", own("center_crop", width=320, height=320), {
            ALB: alb(A.CenterCrop(320, 320)),
            PIL: lambda: PIL_RGB.crop((96, 96, 416, 416)),
            SKI: lambda: ski.util.crop(RGB, ((96, 96), (96, 96), (0, 0)), copy=True),
        }),
        Case(g, "resized_crop to 256", own(
            "resized_crop", x=0.5, y=0.5, scale=0.25, ratio=1, width=224, height=224, interpolation="linear"
        ), {
            ALB: alb(A.RandomResizedCrop((224, 224)), crop_coords=(128, 128, 384, 384)),
            PIL: lambda: PIL_RGB.resize((224, 224), sizes.BILINEAR, box=(128, 128, 384, 384)),
        }, bound=2),
        Case(g, "pad by 32, constant", own("pad", left=32, top=32, right=32, bottom=32), {
            ALB: alb(A.Pad(32)),
            PIL: lambda: ImageOps.expand(PIL_RGB, 32),
        }),
        Case(g, "pad by 32, mirrored", own("pad", left=32, top=32, right=32, bottom=32, border="reflect"), {
            ALB: alb(A.Pad(32, border_mode=cv2.BORDER_REFLECT_101)),
        }),
        Case(g, "pad_to 600 x 600", own("pad_to", width=600, height=600), {
            ALB: alb(A.PadIfNeeded(600, 600)),
            PIL: lambda: ImageOps.expand(PIL_RGB, 44),
        }),
        Case(g, "trim", own("trim", framed, tolerance=0), {PIL: trimmed}),
        Case(g, "tile 2 x 2", own("tile"), {SKI: lambda: ski.util.montage([RGB] * 4, grid_shape=(2, 2), channel_axis=-1)}),
        Case(g, "flip horizontal", own("flip"), {
            ALB: alb(A.HorizontalFlip()), PIL: lambda: PIL_RGB.transpose(turned.FLIP_LEFT_RIGHT),
        }),
        Case(g, "flip vertical", own("flip", direction="vertical"), {
            ALB: alb(A.VerticalFlip()), PIL: lambda: PIL_RGB.transpose(turned.FLIP_TOP_BOTTOM),
        }),
        Case(g, "rot90", own("rot90"), {
            ALB: alb(A.RandomRotate90(), factor=1), PIL: lambda: PIL_RGB.transpose(turned.ROTATE_90),
        }),
        Case(g, "rot90, two turns", own("rot90", turns=2), {
            ALB: alb(A.RandomRotate90(), factor=2), PIL: lambda: PIL_RGB.transpose(turned.ROTATE_180),
        }),
        Case(g, "transpose", own("transpose"), {ALB: alb(A.Transpose()), PIL: lambda: PIL_RGB.transpose(turned.TRANSPOSE)}),
    ]  # fmt: skip


def warps() -> list[Case]:
    g = "geometry"
    bilinear, bicubic, nearest = Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.NEAREST
    matrix = ((0.8, 0.3, -10.0), (-0.2, 0.9, 30.0))
    back = np.linalg.inv([*matrix, (0, 0, 1)])
    # Pillow counts places from the corner of a pixel, the others from its middle
    corner = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    pil_affine = tuple((corner @ back @ np.linalg.inv(corner))[:2].ravel())
    source = np.array([(0, 0), (511, 0), (511, 511), (0, 511)], np.float32)
    target = np.array([(40, 30), (480, 0), (511, 511), (0, 450)], np.float32)
    seen_from = cv2.getPerspectiveTransform(source, target)
    away = corner @ np.linalg.inv(seen_from) @ np.linalg.inv(corner)
    pil_perspective = tuple((away / away[2, 2]).ravel()[:8])
    lean = math.tan(math.radians(20))
    pil_shear = tuple((corner @ np.array([[1, -lean, lean * 255.5], [0, 1, 0], [0, 0, 1]]) @ np.linalg.inv(corner))[:2].ravel())
    fixed: dict[str, Any] = {"rotate_method": "largest_box"}
    projective = transform.ProjectiveTransform(np.linalg.inv(seen_from))
    shear = A.Affine(shear={"x": (-20, -20), "y": (0, 0)})
    return [
        Case(g, "rotate 15°, linear", own("rotate", angle=15), {
            ALB: alb(A.Rotate((15, 15), **fixed)),
            PIL: lambda: PIL_RGB.rotate(15, bilinear),
            SKI: lambda: transform.rotate(FLOAT, 15, order=1),
        }, bound=2),
        Case(g, "rotate 15°, nearest", own("rotate", angle=15, interpolation="nearest"), {
            ALB: alb(A.Rotate((15, 15), interpolation=cv2.INTER_NEAREST, **fixed)),
            PIL: lambda: PIL_RGB.rotate(15, nearest),
        }, bound=6),
        Case(g, "rotate 15°, cubic", own("rotate", angle=15, interpolation="cubic"), {
            ALB: alb(A.Rotate((15, 15), interpolation=cv2.INTER_CUBIC, **fixed)),
            PIL: lambda: PIL_RGB.rotate(15, bicubic),
        }, bound=2),
        Case(g, "rotate 15°, expand", own("rotate", angle=15, expand=True), {
            PIL: lambda: PIL_RGB.rotate(15, bilinear, expand=True),
            SKI: lambda: transform.rotate(FLOAT, 15, order=1, resize=True),
        }, bound=12, note="sizes differ by a pixel", seen=lambda result: values(result)[4:620, 4:620]),
        Case(g, "translate 20, 10", own("translate", x=20, y=10), {
            ALB: alb(A.Affine(translate_px={"x": (20, 20), "y": (10, 10)})),
            PIL: lambda: PIL_RGB.transform((SIDE, SIDE), Image.Transform.AFFINE, (1, 0, -20, 0, 1, -10), nearest),
        }),
        Case(g, "translate 20, 10, wrapped", own("translate", x=20, y=10, border="wrap"), {
            ALB: alb(A.Affine(translate_px={"x": (20, 20), "y": (10, 10)}, border_mode=cv2.BORDER_WRAP)),
            PIL: lambda: ImageChops.offset(PIL_RGB, 20, 10),
        }),
        Case(g, "shear 20°", own("shear", x=20), {
            ALB: alb(shear),
            PIL: lambda: PIL_RGB.transform((SIDE, SIDE), Image.Transform.AFFINE, pil_shear, bilinear),
        }, bound=2),
        Case(g, "affine", own("affine", matrix=matrix), {
            ALB: alb(A.Affine(), matrix=np.array([*matrix, (0, 0, 1)])),
            PIL: lambda: PIL_RGB.transform((SIDE, SIDE), Image.Transform.AFFINE, pil_affine, bilinear),
            SKI: lambda: transform.warp(FLOAT, back, order=1),
        }, bound=2),
        Case(g, "perspective", own("perspective", source=source.tolist(), target=target.tolist()), {
            ALB: alb(A.Perspective(), matrix=seen_from, max_height=SIDE, max_width=SIDE, matrix_bbox=seen_from),
            PIL: lambda: PIL_RGB.transform((SIDE, SIDE), Image.Transform.PERSPECTIVE, pil_perspective, bilinear),
            SKI: lambda: transform.warp(FLOAT, projective, order=1),
        }, bound=2),
        Case(g, "warp_polar", own("warp_polar", radius=256), {
            SKI: lambda: transform.warp_polar(FLOAT, radius=256, output_shape=(SIDE, SIDE), channel_axis=-1),
        }, bound=6),
        Case(g, "swirl", own("swirl", strength=5, radius=200), {
            SKI: lambda: transform.swirl(FLOAT, strength=5, radius=200, order=1),
        }, bound=3),
        Case(g, "elastic", own("elastic", alpha=300, sigma=8), {
            ALB: whole(A.ElasticTransform(alpha=300, sigma=8, noise_distribution="uniform", p=1)),
        }, bound=8, seen=change(RGB)),
        Case(g, "undistort", own("undistort", k1=0.2, k2=0.2), {
            ALB: whole(A.OpticalDistortion((0.2, 0.2), p=1)),
        }, bound=5, note="the middle is half a pixel off"),
    ]  # fmt: skip


def colors() -> list[Case]:
    g = "color"
    on_white = Image.new("RGBA", (SIDE, SIDE), "white")
    yuv, pil_yuv = sl.convert(RGB, space="yuv"), PIL_RGB.convert("YCbCr")
    hsv, pil_hsv = sl.convert(RGB, space="hsv"), PIL_RGB.convert("HSV")
    parts, pil_parts = [np.ascontiguousarray(RGB[..., index]) for index in range(3)], PIL_RGB.split()

    def half_clear() -> Any:
        copy = PIL_RGB.convert("RGBA")
        copy.putalpha(128)
        return copy

    return [
        Case(g, "to_gray, BT.601", own("to_gray"), {
            ALB: alb(A.ToGray(1)), PIL: lambda: PIL_RGB.convert("L"),
        }),
        Case(g, "to_gray, BT.709", own("to_gray", weights="bt709"), {
            PIL: lambda: PIL_RGB.convert("L", (0.2126, 0.7152, 0.0722, 0)),
            SKI: lambda: color.rgb2gray(FLOAT),
        }),
        Case(g, "to_gray, average", own("to_gray", weights="average"), {
            ALB: alb(A.ToGray(1, "average")), PIL: lambda: PIL_RGB.convert("L", (1 / 3, 1 / 3, 1 / 3, 0)),
        }),
        Case(g, "to_rgb of gray", own("to_rgb", GRAY), {
            ALB: alb(A.ToRGB(), GRAY), PIL: lambda: PIL_GRAY.convert("RGB"), SKI: lambda: color.gray2rgb(GRAY),
        }),
        Case(g, "to_rgb of RGBA, on white", own("to_rgb", RGBA), {
            PIL: lambda: Image.alpha_composite(on_white, PIL_RGBA).convert("RGB"), SKI: lambda: color.rgba2rgb(RGBA),
        }),
        Case(g, "to_rgba", own("to_rgba"), {PIL: lambda: PIL_RGB.convert("RGBA")}),
        Case(g, "opacity", own("opacity", factor=0.5), {PIL: half_clear}),
        Case(g, "to_float", own("to_float"), {ALB: alb(A.ToFloat(255)), SKI: lambda: ski.util.img_as_float32(RGB)}),
        Case(g, "to_depth8 of float", own("to_depth8", FLOAT), {
            ALB: alb(A.FromFloat("uint8", 255), FLOAT), SKI: lambda: ski.util.img_as_ubyte(FLOAT),
        }),
        Case(g, "to_depth16", own("to_depth16"), {SKI: lambda: ski.util.img_as_uint(RGB)}),
        Case(g, "convert to HSV", own("convert", space="hsv"), {
            PIL: lambda: PIL_RGB.convert("HSV"), SKI: lambda: color.rgb2hsv(FLOAT),
        }, bound=2),
        Case(g, "convert from HSV", own("convert", hsv, space="rgb", source="hsv"), {PIL: lambda: pil_hsv.convert("RGB")}, bound=3),
        Case(g, "convert to YCbCr", own("convert", space="yuv"), {PIL: lambda: PIL_RGB.convert("YCbCr")}),
        Case(g, "convert from YCbCr", own("convert", yuv, space="rgb", source="yuv"), {
            PIL: lambda: pil_yuv.convert("RGB"),
        }, bound=2),
        Case(g, "convert to Lab", own("convert", space="lab"), {SKI: lambda: color.rgb2lab(FLOAT)}, bound=3,
             seen=lambda lab: values(lab) if lab.dtype == np.uint8 else lab * (2.55, 1, 1) + (0, 128, 128)),
        Case(g, "convert to XYZ, a matrix", own("convert", space="xyz"), {
            PIL: lambda: PIL_RGB.convert("RGB", (0.4339, 0.3762, 0.1898, 0, 0.2127, 0.7152, 0.0722, 0, 0.0178, 0.1095, 0.8728, 0)),
        }),
        Case(g, "channel", own("channel", which="green"), {PIL: lambda: PIL_RGB.getchannel("G")}),
        Case(g, "split", own("split"), {PIL: lambda: PIL_RGB.split()},
             seen=lambda result: values(getattr(result, "images", result))),
        Case(g, "merge", own("merge", parts[0], green=parts[1], blue=parts[2]), {PIL: lambda: Image.merge("RGB", pil_parts)}),
        Case(g, "swap_channels, bgr", own("swap_channels"), {
            ALB: alb(A.ChannelShuffle(), channels_shuffled=[2, 1, 0]),
            PIL: lambda: Image.merge("RGB", PIL_RGB.split()[::-1]),
        }),
        Case(g, "swap_channels, gbr", own("swap_channels", order="gbr"), {
            ALB: alb(A.ChannelShuffle(), channels_shuffled=[1, 2, 0]),
        }),
    ]  # fmt: skip


def tones() -> list[Case]:
    g = "color"
    light = sl.ops.tone._light(4000.0)
    warm = tuple(np.column_stack([light, np.zeros(3)]).ravel())
    brown = (0.393, 0.769, 0.189, 0, 0.349, 0.686, 0.168, 0, 0.272, 0.534, 0.131, 0)
    map_ = sl.colormap(np.arange(256, dtype=np.uint8)[None])[0]

    def mapped() -> Any:
        copy = PIL_GRAY.copy()
        copy.putpalette(map_.tobytes())
        return copy.convert("RGB")

    line = table(partial(sl.brightness_contrast, brightness=0.1, contrast=0.2))
    bright = table(partial(sl.gamma, gamma=0.5))
    stretch = table(partial(sl.levels, black=0.2, white=0.8))
    return [
        Case(g, "invert", own("invert"), {
            ALB: alb(A.InvertImg()), PIL: lambda: ImageOps.invert(PIL_RGB), SKI: lambda: ski.util.invert(RGB),
        }),
        Case(g, "brightness_contrast", own("brightness_contrast", brightness=0.1, contrast=0.2), {
            ALB: alb(A.RandomBrightnessContrast(), alpha=1.2, beta=0.0), PIL: lambda: PIL_RGB.point(line),
        }),
        Case(g, "gamma", own("gamma", gamma=0.5), {
            ALB: alb(A.RandomGamma((50, 50))), PIL: lambda: PIL_RGB.point(bright), SKI: lambda: exposure.adjust_gamma(RGB, 0.5),
        }),
        Case(g, "levels", own("levels", black=0.2, white=0.8), {
            PIL: lambda: PIL_RGB.point(stretch), SKI: lambda: exposure.rescale_intensity(RGB, (51, 204), np.uint8),
        }),
        Case(g, "normalize, channels apart", own("normalize", low=1, high=99, channels="separate"), {
            ALB: alb(A.AutoContrast(1, method="pil")), PIL: lambda: ImageOps.autocontrast(PIL_RGB, 1),
        }, bound=3),
        Case(g, "posterize", own("posterize", bits=3), {
            ALB: alb(A.Posterize((3, 3))), PIL: lambda: ImageOps.posterize(PIL_RGB, 3),
        }),
        Case(g, "solarize", own("solarize"), {
            ALB: alb(A.Solarize((0.5, 0.5))), PIL: lambda: ImageOps.solarize(PIL_RGB, 128),
        }),
        Case(g, "hue_saturation", own("hue_saturation", hue=60, value=0.1), {
            ALB: alb(A.HueSaturationValue((30, 30), (0, 0), (25.5, 25.5))),
        }, bound=2),
        Case(g, "temperature", own("temperature", kelvin=4000.0), {PIL: lambda: PIL_RGB.convert("RGB", warm)}),
        Case(g, "sepia", own("sepia"), {ALB: alb(A.ToSepia()), PIL: lambda: PIL_RGB.convert("RGB", brown)}),
        Case(g, "colorize", own("colorize", GRAY, dark="#1a2a6c", light="#fdf6e3"), {
            PIL: lambda: ImageOps.colorize(PIL_GRAY, "#1a2a6c", "#fdf6e3"),
        }),
        Case(g, "colormap", own("colormap", GRAY), {PIL: mapped}),
    ]  # fmt: skip


def arithmetic() -> list[Case]:
    g = "arithmetic"
    pairs: list[tuple[str, dict[str, Any], Call]] = [
        ("add", {}, lambda: ImageChops.add(PIL_RGB, PIL_OTHER)),
        ("add, wrapped", {"overflow": "wrap"}, lambda: ImageChops.add_modulo(PIL_RGB, PIL_OTHER)),
        ("subtract", {}, lambda: ImageChops.subtract(PIL_RGB, PIL_OTHER)),
        ("subtract, wrapped", {"overflow": "wrap"}, lambda: ImageChops.subtract_modulo(PIL_RGB, PIL_OTHER)),
        ("multiply", {}, lambda: ImageChops.multiply(PIL_RGB, PIL_OTHER)),
        ("absdiff", {}, lambda: ImageChops.difference(PIL_RGB, PIL_OTHER)),
        ("minimum", {}, lambda: ImageChops.darker(PIL_RGB, PIL_OTHER)),
        ("maximum", {}, lambda: ImageChops.lighter(PIL_RGB, PIL_OTHER)),
        ("blend", {"alpha": 0.3}, lambda: Image.blend(PIL_RGB, PIL_OTHER, 0.3)),
        ("blend, screen", {"mode": "screen", "alpha": 1}, lambda: ImageChops.screen(PIL_RGB, PIL_OTHER)),
        ("blend, overlay", {"mode": "overlay", "alpha": 1}, lambda: ImageChops.overlay(PIL_RGB, PIL_OTHER)),
        ("blend, masked", {"mask": MASK, "alpha": 1}, lambda: Image.composite(PIL_OTHER, PIL_RGB, PIL_MASK)),
    ]
    plus = table(partial(sl.add, other=20))
    return [
        *(Case(g, name, own(name.split(",")[0], other=OTHER, **given), {PIL: call}) for name, given, call in pairs),
        Case(g, "add a number", own("add", other=20), {
            ALB: alb(A.RGBShift((20, 20), (20, 20), (20, 20))), PIL: lambda: PIL_RGB.point(plus),
        }),
        Case(g, "multiply by a number", own("multiply", other=1.2), {
            ALB: alb(A.MultiplicativeNoise((1.2, 1.2))), PIL: lambda: ImageEnhance.Brightness(PIL_RGB).enhance(1.2),
        }),
        Case(g, "bitwise_not", own("bitwise_not"), {ALB: alb(A.InvertImg()), PIL: lambda: ImageChops.invert(PIL_RGB)}),
        Case(g, "apply_mask", own("apply_mask", mask=MASK), {PIL: lambda: Image.composite(PIL_RGB, BLACK, PIL_MASK)}),
    ]  # fmt: skip


def smoothing() -> list[Case]:
    g = "filters"
    cross = own_filters._sharpening_kernel(1.0)
    five = np.array([[1, 2, 3, 2, 1]] * 5, np.float32)
    relief = effects._slope_kernel(135.0, 1.0)
    line5 = [0.0] * 10 + [0.2] * 5 + [0.0] * 10
    pil_cross = ImageFilter.Kernel((3, 3), cross.ravel().tolist(), 1)
    pil_five = ImageFilter.Kernel((5, 5), five.ravel().tolist(), float(five.sum()))
    pil_relief = ImageFilter.Kernel((3, 3), relief[::-1].ravel().tolist(), 1, 128)  # it turns kernels upside down
    pil_line = ImageFilter.Kernel((5, 5), line5, 1)

    def gaussian(sigma: float) -> Case:
        reach = math.ceil(3 * sigma)
        return Case(g, f"gaussian_blur, sigma {sigma:g}", own("gaussian_blur", sigma=sigma), {
            ALB: alb(A.GaussianBlur((2 * reach + 1, 2 * reach + 1), (sigma, sigma))),
            PIL: lambda: PIL_RGB.filter(ImageFilter.GaussianBlur(sigma)),
            SKI: lambda: filters.gaussian(FLOAT, sigma, channel_axis=-1, truncate=3),
        }, rim=reach, note="Pillow's is three box blurs" if sigma == 1 else "")  # fmt: skip

    def median(radius: int) -> Case:
        size = 2 * radius + 1
        return Case(g, f"median_blur {size} x {size}", own("median_blur", radius=radius), {
            ALB: alb(A.MedianBlur((size, size))),
            PIL: lambda: PIL_RGB.filter(ImageFilter.MedianFilter(size)),
        }, rim=radius)  # fmt: skip

    return [
        Case(g, "box_blur 3 x 3", own("box_blur"), {
            ALB: alb(A.Blur((3, 3))), PIL: lambda: PIL_RGB.filter(ImageFilter.BoxBlur(1)),
        }, rim=1),
        Case(g, "box_blur 9 x 9", own("box_blur", width=9, height=9), {
            ALB: alb(A.Blur((9, 9))), PIL: lambda: PIL_RGB.filter(ImageFilter.BoxBlur(4)),
        }, rim=4),
        gaussian(1),
        gaussian(2),
        gaussian(5),
        median(1),
        median(2),
        median(4),
        Case(g, "median_blur 5 x 5, gray", own("median_blur", GRAY, radius=2), {
            PIL: lambda: PIL_GRAY.filter(ImageFilter.MedianFilter(5)),
            SKI: lambda: filters.rank.median(GRAY, np.ones((5, 5), np.uint8)),
        }, rim=2),
        Case(g, "bilateral", own("bilateral", GRAY, sigma_color=0.1, sigma_space=3), {
            SKI: lambda: restoration.denoise_bilateral(GRAY_FLOAT, 9, 0.1, 3),
        }, bound=2, rim=5),
        Case(g, "nl_means", own("nl_means", GRAY, strength=0.05, patch_radius=3, window_radius=5), {
            SKI: lambda: restoration.denoise_nl_means(GRAY_FLOAT, 7, 5, 0.05, fast_mode=True),
        }, bound=4),
        Case(g, "motion_blur, 5 px level", own("motion_blur", length=5), {
            ALB: alb(A.MotionBlur(), kernel=np.array(line5, np.float32).reshape(5, 5)),
            PIL: lambda: PIL_RGB.filter(pil_line),
        }, rim=2),
        Case(g, "motion_blur, 15 px, 30°", own("motion_blur", length=15, angle=30), {
            ALB: alb(A.MotionBlur(), kernel=own_filters._line_kernel(15, 30.0)),
        }, rim=7),
        Case(g, "sharpen", own("sharpen"), {
            ALB: alb(A.Sharpen(), sharpening_matrix=cross), PIL: lambda: PIL_RGB.filter(pil_cross),
        }, rim=1),
        Case(g, "unsharp_mask", own("unsharp_mask", sigma=2, amount=1), {
            ALB: alb(A.UnsharpMask(threshold=0), ksize=13, sigma=2.0, alpha=1.0),
            PIL: lambda: PIL_RGB.filter(ImageFilter.UnsharpMask(2, 100, 0)),
            SKI: lambda: filters.unsharp_mask(FLOAT, 2, 1, channel_axis=-1),
        }, bound=3, rim=8),
        Case(g, "custom_kernel 5 x 5", own("custom_kernel", kernel=five.tolist(), normalize=True), {
            PIL: lambda: PIL_RGB.filter(pil_five),
        }, rim=2),
        Case(g, "emboss, 3 x 3", own("emboss"), {PIL: lambda: PIL_RGB.filter(pil_relief)}, rim=1),
    ]  # fmt: skip


def effect() -> list[Case]:
    g = "filters"
    nearest = Image.Resampling.NEAREST
    modes = {"downscale": cv2.INTER_AREA, "upscale": cv2.INTER_NEAREST}

    def squares(size: int) -> Case:
        return Case(g, f"pixelate {size} px", own("pixelate", size=size), {
            ALB: alb(A.Downscale((1 / size, 1 / size), interpolation_pair=modes)),
            PIL: lambda: PIL_RGB.reduce(size).resize((SIDE, SIDE), nearest),
        })  # fmt: skip

    def jpeg() -> Any:
        memory = io.BytesIO()
        PIL_RGB.save(memory, "JPEG", quality=50)
        picture = Image.open(memory)
        picture.load()
        return picture

    def noisy(mode: str, **given: Any) -> Call:
        return lambda: ski.util.random_noise(FLOAT, mode, rng=0, **given)

    return [
        squares(4),
        squares(8),
        Case(g, "add_noise, gaussian", own("add_noise", amount=0.05), {
            ALB: whole(A.GaussNoise((0.05, 0.05), p=1)), SKI: noisy("gaussian", var=0.0025),
        }, seen=change(RGB)),
        Case(g, "add_noise, speckle", own("add_noise", kind="speckle", amount=0.1), {
            SKI: noisy("speckle", var=0.01),
        }, seen=change(RGB)),
        Case(g, "add_noise, salt and pepper", own("add_noise", kind="salt_pepper", amount=0.05), {
            ALB: whole(A.SaltAndPepper((0.05, 0.05), (0.5, 0.5), p=1)), SKI: noisy("s&p", amount=0.05),
        }, seen=change(RGB)),
        Case(g, "add_noise, poisson", own("add_noise", kind="poisson", amount=1 / 16), {
            ALB: whole(A.ShotNoise((1 / 256, 1 / 256), p=1)), SKI: noisy("poisson"),
        }, bound=4, seen=change(RGB), note="albumentations computes it on linear light"),
        Case(g, "jpeg_compression", own("jpeg_compression", quality=50), {
            ALB: alb(A.ImageCompression("jpeg", (50, 50))), PIL: jpeg,
        }, bound=3, note="albumentations takes red for blue"),
        Case(g, "coarse_dropout", own("coarse_dropout"), {
            ALB: whole(A.CoarseDropout((8, 8), (0.15, 0.15), (0.15, 0.15), p=1)),
        }, bound=12, seen=change(RGB)),
    ]  # fmt: skip


def histograms() -> list[Case]:
    g = "histogram"

    def counts(result: Any) -> Array:
        array = np.asarray(getattr(result, "counts", result), np.float64)
        return array.reshape(-1, 256)

    def described(image: Any) -> Any:
        found = ImageStat.Stat(image)
        return found.h, found.mean, found.stddev, found.extrema

    def figures(result: Any) -> Array:
        if isinstance(result, tuple):
            return np.concatenate([numbers(result[1]), numbers(result[2]), numbers(result[3]).T.ravel()])
        return np.concatenate([numbers(each) for each in (result.mean, result.std, result.min, result.max)])

    def of_gray() -> Any:
        return exposure.histogram(GRAY)[0]

    return [
        Case(g, "histogram of RGB, with its figures", own("histogram"), {PIL: partial(described, PIL_RGB)}, seen=figures),
        Case(g, "histogram of RGB", own("histogram"), {PIL: PIL_RGB.histogram}, seen=counts,
             note="ours also gives mean, deviation, least and greatest"),
        Case(g, "histogram of gray, with its figures", own("histogram", GRAY), {PIL: partial(described, PIL_GRAY)}, seen=figures),
        Case(g, "histogram of gray", own("histogram", GRAY), {
            PIL: PIL_GRAY.histogram, SKI: of_gray,
        }, seen=counts, note="ours also gives mean, deviation, least and greatest"),
        Case(g, "equalize gray", own("equalize", GRAY), {
            ALB: alb(A.Equalize(by_channels=False), GRAY), PIL: lambda: ImageOps.equalize(PIL_GRAY),
            SKI: lambda: exposure.equalize_hist(GRAY),
        }, bound=16, note="where black begins is counted otherwise"),
        Case(g, "equalize RGB, luminance", own("equalize"), {ALB: alb(A.Equalize(by_channels=False))}),
        Case(g, "clahe of gray", own("clahe", GRAY), {
            ALB: alb(A.CLAHE((2, 2)), GRAY), SKI: lambda: exposure.equalize_adapthist(GRAY, 64, clip_limit=0.01),
        }, bound=30, note="scikit-image's limit is another"),
        Case(g, "clahe of RGB", own("clahe"), {ALB: alb(A.CLAHE((2, 2)))}),
        Case(g, "match_histogram", own("match_histogram", reference=OTHER), {
            ALB: alb(A.HistogramMatching([OTHER], (1, 1), read_fn=lambda image: image)),
            SKI: lambda: exposure.match_histograms(RGB, OTHER, channel_axis=-1),
        }, bound=2),
    ]  # fmt: skip


def thresholds() -> list[Case]:
    g = "threshold"
    half = table(sl.threshold)
    properties = ("label", "area", "bbox", "centroid")

    def regions() -> Any:
        return measure.regionprops_table(measure.label(BINARY > 0), properties=properties)

    def count(result: Any) -> Array:
        return numbers([result.count if isinstance(result, sl.ops.segment.Components) else len(result["label"])])

    def labelled(result: Any) -> Array:
        return numbers([result.count if isinstance(result, sl.ops.segment.Components) else result.max()])

    return [
        Case(g, "threshold gray", own("threshold", GRAY), {PIL: lambda: PIL_GRAY.point(half[:256])}),
        Case(g, "threshold RGB", own("threshold"), {PIL: lambda: PIL_RGB.point(half)}),
        Case(g, "otsu", own("otsu", GRAY), {SKI: lambda: filters.threshold_otsu(GRAY) < GRAY}, bound=2),
        Case(g, "triangle", own("triangle", GRAY), {SKI: lambda: filters.threshold_triangle(GRAY) < GRAY}, bound=8),
        Case(g, "adaptive_threshold, mean", own("adaptive_threshold", GRAY, radius=12, offset=0), {
            SKI: lambda: filters.threshold_local(GRAY, 25, "mean") < GRAY,
        }, bound=8, rim=12),
        Case(g, "adaptive_threshold, Gaussian", own("adaptive_threshold", GRAY, method="gaussian", radius=12, offset=0), {
            SKI: lambda: filters.threshold_local(GRAY, 25, "gaussian") < GRAY,
        }, bound=8, rim=12),
        Case(g, "connected_components, measured", own("connected_components", BINARY), {SKI: regions}, seen=count),
        Case(g, "connected_components", own("connected_components", BINARY), {
            SKI: lambda: measure.label(BINARY > 0),
        }, seen=labelled, note="scikit-image's are not measured"),
        Case(g, "kmeans, 8 colours", own("kmeans", clusters=8), {
            PIL: lambda: PIL_RGB.quantize(8, Image.Quantize.MEDIANCUT, kmeans=8).convert("RGB"),
        }, bound=4, seen=change(RGB), note="Pillow: median cut, bettered by k-means"),
        Case(g, "flood_fill", own("flood_fill", GRAY, x=5, y=5, color="white", tolerance=0.2), {
            SKI: lambda: segmentation.flood_fill(GRAY, (5, 5), 255, tolerance=51),
        }),
    ]  # fmt: skip


def shapes() -> list[Case]:
    g = "morphology"
    square, disc = np.ones((5, 5), np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    low, high = ImageFilter.MinFilter(5), ImageFilter.MaxFilter(5)
    subject, pil_subject = BINARY > 0, PIL_BINARY
    island = np.pad(BINARY[48:-48, 48:-48], 48)
    corner = ImageMorph.MorphOp(patterns=["1:(... ... ...)->0", "1:(.0. 111 .1.)->1"], op_name=None)
    r2: dict[str, Any] = {"radius": 2}
    return [
        Case(g, "erode 5 x 5", own("erode", **r2), {
            ALB: alb(A.Morphological((5, 5), "erosion"), kernel=square), PIL: lambda: PIL_RGB.filter(low),
        }, rim=2),
        Case(g, "dilate 5 x 5", own("dilate", **r2), {
            ALB: alb(A.Morphological((5, 5), "dilation"), kernel=square), PIL: lambda: PIL_RGB.filter(high),
        }, rim=2),
        Case(g, "erode, ellipse", own("erode", shape="ellipse", **r2), {
            ALB: alb(A.Morphological((5, 5), "erosion"), kernel=disc),
        }, rim=2),
        Case(g, "erode gray", own("erode", GRAY, **r2), {
            PIL: lambda: PIL_GRAY.filter(low), SKI: lambda: ski.morphology.erosion(GRAY, square),
        }, rim=2),
        Case(g, "opening", own("opening", GRAY, **r2), {
            PIL: lambda: PIL_GRAY.filter(low).filter(high), SKI: lambda: ski.morphology.opening(GRAY, square),
        }, rim=4),
        Case(g, "closing", own("closing", GRAY, **r2), {
            PIL: lambda: PIL_GRAY.filter(high).filter(low), SKI: lambda: ski.morphology.closing(GRAY, square),
        }, rim=4),
        Case(g, "morphological_gradient", own("morphological_gradient", GRAY, **r2), {
            PIL: lambda: ImageChops.subtract(PIL_GRAY.filter(high), PIL_GRAY.filter(low)),
            SKI: lambda: filters.rank.gradient(GRAY, square),
        }, rim=2),
        Case(g, "white_tophat", own("white_tophat", GRAY, **r2), {
            PIL: lambda: ImageChops.subtract(PIL_GRAY, PIL_GRAY.filter(low).filter(high)),
            SKI: lambda: ski.morphology.white_tophat(GRAY, square),
        }, rim=4),
        Case(g, "black_tophat", own("black_tophat", GRAY, **r2), {
            PIL: lambda: ImageChops.subtract(PIL_GRAY.filter(high).filter(low), PIL_GRAY),
            SKI: lambda: ski.morphology.black_tophat(GRAY, square),
        }, rim=4),
        Case(g, "hit_or_miss", own("hit_or_miss", BINARY, pattern=[[0, -1, 0], [1, 1, 1], [0, 1, 0]]), {
            PIL: lambda: corner.apply(pil_subject)[1],
        }, rim=2),
        Case(g, "fill_holes", own("fill_holes", island), {
            SKI: lambda: ski.morphology.remove_small_holes(island > 0, max_size=60_000),
        }),
        Case(g, "remove_small", own("remove_small", BINARY, area=200), {
            SKI: lambda: ski.morphology.remove_small_objects(subject, max_size=199, connectivity=2),
        }),
        Case(g, "skeletonize, Guo and Hall", own("skeletonize", BINARY), {SKI: lambda: ski.morphology.thin(subject)}, bound=6),
        Case(g, "skeletonize, Zhang and Suen", own("skeletonize", BINARY), {
            SKI: lambda: ski.morphology.skeletonize(subject),
        }, bound=12, note="another method, which leaves corners that Guo and Hall thin"),
    ]  # fmt: skip


def edges() -> list[Case]:
    g = "edges"
    star = ImageFilter.Kernel((3, 3), (0, -1, 0, -1, 4, -1, 0, -1, 0), 1)
    lines = cv2.Canny(GRAY, 100, 200)
    white = lines > 0

    def slopes(result: Any) -> Array:
        array = values(result)
        return np.minimum(np.abs(array), 255)

    def found(result: Any) -> Array:
        return numbers([0.0])  # they choose by other rules: how many there are is no measure

    def borders(result: Any) -> Array:
        return numbers([0.0])

    return [
        Case(g, "sobel", own("sobel", GRAY), {SKI: lambda: filters.sobel(GRAY_FLOAT)}, rim=1),
        Case(g, "scharr", own("scharr", GRAY), {SKI: lambda: filters.scharr(GRAY_FLOAT)}, rim=1),
        Case(g, "prewitt", own("prewitt", GRAY), {SKI: lambda: filters.prewitt(GRAY_FLOAT)}, rim=1),
        Case(g, "sobel, one direction", own("sobel", GRAY, direction="x"), {
            SKI: lambda: filters.sobel_v(GRAY_FLOAT),
        }, rim=1, seen=slopes),
        Case(g, "laplacian", own("laplacian", GRAY, scale=4), {
            PIL: lambda: PIL_GRAY.filter(star), SKI: lambda: filters.laplace(GRAY_FLOAT),
        }, bound=8, rim=1, seen=slopes, note="Pillow cuts values below 0, ours are absolute"),
        Case(g, "difference_of_gaussians", own("difference_of_gaussians", GRAY), {
            SKI: lambda: filters.difference_of_gaussians(GRAY_FLOAT, 1, 1.6),
        }, rim=8, seen=slopes),
        Case(g, "canny", own("canny", GRAY, low=0.1, high=0.2, sigma=1), {
            SKI: lambda: feature.canny(GRAY_FLOAT, 1, 0.1, 0.2),
        }, bound=20),
        Case(g, "hough_lines", own("hough_lines", lines, find_edges=False), {
            SKI: lambda: transform.probabilistic_hough_line(white, 50, 30, 5, rng=0),
        }, seen=found, note="other rules of choice: results not compared"),
        Case(g, "contours", own("contours", BINARY, threshold=0.5, min_area=0), {
            SKI: lambda: measure.find_contours(BINARY, 127.5),
        }, seen=borders, note="scikit-image's are not measured; results not compared"),
        Case(g, "corners", own("corners", GRAY), {
            SKI: lambda: feature.corner_peaks(feature.corner_shi_tomasi(GRAY_FLOAT), min_distance=10, num_peaks=100),
        }, seen=found, note="other rules of choice: results not compared"),
    ]  # fmt: skip


def create() -> list[Case]:
    g = "create"
    size: dict[str, Any] = {"width": SIDE, "height": SIDE}
    points = [(40.0, 200.0), (256.0, 30.0), (470.0, 300.0), (200.0, 480.0)]
    outline = np.array(points)[:, ::-1]

    def pil_mask() -> Any:
        mask = Image.new("L", (SIDE, SIDE))
        ImageDraw.Draw(mask).polygon(points, 255)
        return mask

    return [
        Case(g, "blank", made("blank", color="#0072b2", **size), {PIL: lambda: Image.new("RGB", (SIDE, SIDE), "#0072b2")}),
        Case(g, "noise, gaussian", made("noise", kind="gaussian", **size), {
            PIL: lambda: Image.effect_noise((SIDE, SIDE), 42.5),
        }, bound=2, seen=change(np.array(128))),
        Case(g, "mask_from_polygon", made("mask_from_polygon", points=points, **size), {
            PIL: pil_mask, SKI: lambda: ski.draw.polygon2mask((SIDE, SIDE), outline),
        }, bound=1),
    ]  # fmt: skip


def draw() -> list[Case]:
    g = "draw"
    corners = [(40, 200), (256, 30), (470, 300), (200, 480)]
    red = (255, 0, 0)

    def drawn(method: str, *given: Any, **named: Any) -> Call:
        def call() -> Any:
            copy = PIL_RGB.copy()
            getattr(ImageDraw.Draw(copy), method)(*given, **named)
            return copy

        return call

    wanted: list[tuple[str, str, dict[str, Any], Call]] = [
        ("line, 2 px", "line", {"x1": 20, "y1": 30, "x2": 480, "y2": 400, "thickness": 2},
         drawn("line", (20, 30, 480, 400), fill=red, width=2)),
        ("line, 8 px", "line", {"x1": 20, "y1": 30, "x2": 480, "y2": 400, "thickness": 8},
         drawn("line", (20, 30, 480, 400), fill=red, width=8)),
        ("rectangle, 4 px", "rectangle", {"x": 100, "y": 100, "width": 200, "height": 150, "thickness": 4},
         drawn("rectangle", (100, 100, 299, 249), outline=red, width=4)),
        ("rectangle, filled", "rectangle", {"x": 100, "y": 100, "width": 200, "height": 150, "fill": True},
         drawn("rectangle", (100, 100, 299, 249), fill=red)),
        ("rectangle, round corners", "rectangle", {"x": 100, "y": 100, "width": 200, "height": 150, "corner": 30, "fill": True},
         drawn("rounded_rectangle", (100, 100, 299, 249), radius=30, fill=red)),
        ("circle, 4 px", "circle", {"x": 256, "y": 256, "radius": 100, "thickness": 4},
         drawn("circle", (256, 256), 102, outline=red, width=4)),
        ("circle, filled", "circle", {"x": 256, "y": 256, "radius": 100, "fill": True}, drawn("circle", (256, 256), 100, fill=red)),
        ("ellipse, filled", "ellipse", {"x": 256, "y": 256, "width": 120, "height": 60, "fill": True},
         drawn("ellipse", (136, 196, 376, 316), fill=red)),
        ("polygon, filled", "polygon", {"points": tuple(corners), "fill": True}, drawn("polygon", corners, fill=red)),
        ("text", "text", {"text": "Sightline", "x": 100, "y": 100, "size": 32},
         drawn("text", (100, 100), "Sightline", fill=red, font_size=32)),
    ]  # fmt: skip
    return [
        Case(g, case, own(name, **given, color="red"), {PIL: call}, bound=6, note="ours are smooth at their edges")
        for case, name, given, call in wanted
    ]


def repair() -> list[Case]:
    g = "repair"
    hole = np.zeros((SIDE, SIDE), np.uint8)
    hole[250:256, 200:260] = 255
    gaussian = cv2.getGaussianKernel(11, 1.5)
    psf = gaussian @ gaussian.T
    return [
        Case(g, "inpaint", own("inpaint", mask=hole), {
            SKI: lambda: restoration.inpaint_biharmonic(FLOAT, hole > 0, channel_axis=-1),
        }, note="by another method"),
        Case(g, "denoise_tv", own("denoise_tv", weight=0.1), {
            SKI: lambda: restoration.denoise_tv_chambolle(FLOAT, 0.1, max_num_iter=30, eps=0, channel_axis=-1),
        }, bound=6, note="by another method, as many steps"),
        Case(g, "deblur", own("deblur", GRAY), {
            SKI: lambda: restoration.richardson_lucy(GRAY_FLOAT, psf, 15),
        }, bound=5, rim=16),
    ]  # fmt: skip
