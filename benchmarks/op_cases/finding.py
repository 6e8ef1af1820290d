"""Thresholds, shapes and edges: what is found in a picture."""

from __future__ import annotations

from typing import Any

import albumentations as A
import cv2
import numpy as np
from PIL import Image, ImageChops, ImageFilter, ImageMorph
from skimage import feature, filters, measure, segmentation, transform

import sightline as sl
from op_cases.case import (
    ALB,
    BINARY,
    GRAY,
    GRAY_FLOAT,
    PIL,
    PIL_BINARY,
    PIL_GRAY,
    PIL_RGB,
    RGB,
    SKI,
    Array,
    Case,
    alb,
    change,
    numbers,
    own,
    ski,
    table,
    values,
)


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
        Case(g, "remove_small", own("remove_small", BINARY, min_area=200), {
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
