"""Size, place and direction."""

from __future__ import annotations

import math
from typing import Any

import albumentations as A
import cv2
import numpy as np
from PIL import Image, ImageChops, ImageOps
from skimage import transform

from op_cases.case import ALB, FLOAT, GRAY, PIL, PIL_RGB, RGB, SIDE, SKI, Case, alb, change, own, ski, values, whole


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
