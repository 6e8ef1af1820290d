"""Filters, effects and repair: pixels made from their surroundings."""

from __future__ import annotations

import io
import math
from typing import Any

import albumentations as A
import cv2
import numpy as np
from PIL import Image, ImageFilter
from skimage import filters, restoration

from op_cases.case import (
    ALB,
    FLOAT,
    GRAY,
    GRAY_FLOAT,
    PIL,
    PIL_GRAY,
    PIL_RGB,
    RGB,
    SIDE,
    SKI,
    Call,
    Case,
    alb,
    change,
    own,
    ski,
    whole,
)
from sightline.ops import effects
from sightline.ops import filters as own_filters


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
            ALB: alb(A.MotionBlur(), kernel=own_filters.line_kernel(15, 30.0)),
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
