"""Colours, tones, arithmetic and histograms: pixel by pixel."""

from __future__ import annotations

from functools import partial
from typing import Any

import albumentations as A
import numpy as np
from PIL import Image, ImageChops, ImageEnhance, ImageOps, ImageStat
from skimage import color, exposure

import sightline as sl
from op_cases.case import (
    ALB,
    BLACK,
    FLOAT,
    GRAY,
    MASK,
    OTHER,
    PIL,
    PIL_GRAY,
    PIL_MASK,
    PIL_OTHER,
    PIL_RGB,
    PIL_RGBA,
    RGB,
    RGBA,
    SIDE,
    SKI,
    Array,
    Call,
    Case,
    alb,
    numbers,
    own,
    ski,
    table,
    values,
)


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
