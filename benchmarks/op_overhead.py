"""What an operation costs beyond the bare `cv2` call: checks of picture and parameters, and its own lines of Python.

    python benchmarks/op_overhead.py [--rounds 31]

On a 28 x 28 uint8 picture, one thread. Of every operation the time of its checks, with the parameters of its example; of those
that are one call of `cv2`, everything beyond that bare call, as the median over rounds of the difference within a round.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import numpy as np
from common import publish, table

import sightline as sl
from sightline.ops import Op

GRAY = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
RGB = np.random.default_rng(1).integers(0, 256, (28, 28, 3), dtype=np.uint8)
OTHER = np.random.default_rng(2).integers(0, 256, (28, 28), dtype=np.uint8)
MASK = cv2.threshold(OTHER, 250, 255, cv2.THRESH_BINARY)[1]
SQUARE = cv2.getStructuringElement(cv2.MORPH_RECT, (3, 3))
CROSS = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], np.float32)
LINE = np.full((1, 5), 0.2, np.float32)
GAUSSIAN = cv2.getGaussianKernel(7, 1.0, cv2.CV_32F)
SLOPE, ACROSS = cv2.getDerivKernels(1, 0, 3)
SEPIA = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
TURN = cv2.getRotationMatrix2D((13.5, 13.5), -15, 1)
UNIT = np.arange(256, dtype=np.float32) / 255
PLANES = list(np.empty((3, 28, 28), np.uint8))
CORNERS = ((0.0, 0.0), (27.0, 0.0), (27.0, 27.0), (0.0, 27.0))
MOVED = ((2.0, 1.0), (25.0, 0.0), (27.0, 26.0), (1.0, 27.0))
WARP = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
FIT = {"width", "height", "x", "y", "points", "target", "source"}  # parameters that an example gives for larger pictures

BARE: dict[str, tuple[Callable[[Any], Any], dict[str, Any]]] = {
    "absdiff": (lambda image: cv2.absdiff(image, OTHER), {"other": OTHER}),
    "add": (lambda image: cv2.add(image, OTHER), {"other": OTHER}),
    "bilateral": (lambda image: cv2.bilateralFilter(image, -1, 25.5, 3), {}),
    "bitwise_and": (lambda image: cv2.bitwise_and(image, OTHER), {"other": OTHER}),
    "bitwise_not": (cv2.bitwise_not, {}),
    "bitwise_or": (lambda image: cv2.bitwise_or(image, OTHER), {"other": OTHER}),
    "bitwise_xor": (lambda image: cv2.bitwise_xor(image, OTHER), {"other": OTHER}),
    "blend": (lambda image: cv2.addWeighted(image, 0.5, OTHER, 0.5, 0), {"other": OTHER, "alpha": 0.5}),
    "box_blur": (lambda image: cv2.blur(image, (5, 5)), {"width": 5, "height": 5}),
    "clahe": (lambda image: cv2.createCLAHE(2.0, (1, 1)).apply(image), {"clip_limit": 2.0}),
    "closing": (lambda image: cv2.morphologyEx(image, cv2.MORPH_CLOSE, SQUARE), {"radius": 1}),
    "crop": (lambda image: image[4:24, 4:24].copy(), {"x": 4, "y": 4, "width": 20, "height": 20}),
    "dilate": (lambda image: cv2.dilate(image, SQUARE), {"radius": 1}),
    "equalize": (cv2.equalizeHist, {}),
    "erode": (lambda image: cv2.erode(image, SQUARE), {"radius": 1}),
    "flip": (lambda image: cv2.flip(image, 1), {}),
    "gaussian_blur": (lambda image: cv2.sepFilter2D(image, -1, GAUSSIAN, GAUSSIAN), {"sigma": 1.0}),
    "invert": (cv2.bitwise_not, {}),
    "maximum": (lambda image: cv2.max(image, OTHER), {"other": OTHER}),
    "median_blur": (lambda image: cv2.medianBlur(image, 3), {"radius": 1}),
    "minimum": (lambda image: cv2.min(image, OTHER), {"other": OTHER}),
    "nl_means": (lambda image: cv2.fastNlMeansDenoising(image, None, 10.2, 7, 21), {}),
    "opening": (lambda image: cv2.morphologyEx(image, cv2.MORPH_OPEN, SQUARE), {"radius": 1}),
    "otsu": (lambda image: cv2.threshold(image, 0, 255, cv2.THRESH_OTSU)[1], {}),
    "resize": (lambda image: cv2.resize(image, (14, 14), interpolation=cv2.INTER_AREA), {"width": 14, "height": 14}),
    "rot90": (lambda image: cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE), {"turns": 1}),
    "subtract": (lambda image: cv2.subtract(image, OTHER), {"other": OTHER}),
    "threshold": (lambda image: cv2.threshold(image, 127, 255, cv2.THRESH_BINARY)[1], {"value": 0.5}),
    "to_rgb": (lambda image: cv2.cvtColor(image, cv2.COLOR_GRAY2RGB), {}),
    "transpose": (cv2.transpose, {}),
    "adaptive_threshold": (
        lambda image: cv2.adaptiveThreshold(image, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 25, 6),
        {},
    ),
    "affine": (lambda image: cv2.warpAffine(image, TURN, (28, 28), flags=WARP), {"matrix": TURN}),
    "black_tophat": (lambda image: cv2.morphologyEx(image, cv2.MORPH_BLACKHAT, SQUARE), {"radius": 1}),
    "canny": (lambda image: cv2.Canny(image, 102, 204, L2gradient=True), {"low": 0.1, "high": 0.2, "sigma": 0}),
    "center_crop": (lambda image: image[4:24, 4:24].copy(), {"width": 20, "height": 20}),
    "custom_kernel": (lambda image: cv2.filter2D(image, -1, CROSS), {"kernel": CROSS}),
    "divide": (lambda image: cv2.divide(image, OTHER, scale=255), {"other": OTHER}),
    "emboss": (lambda image: cv2.filter2D(image, -1, CROSS, delta=128), {}),
    "flood_fill": (lambda image: cv2.floodFill(image.copy(), None, (0, 0), (76,), (25,), (25,), 4 | cv2.FLOODFILL_FIXED_RANGE), {}),
    "histogram": (lambda image: cv2.calcHist([image], [0], None, [256], [0, 256]), {}),
    "in_range": (lambda image: cv2.inRange(image, (64,), (192,)), {"low": "#404040", "high": "#c0c0c0"}),
    "inpaint": (lambda image: cv2.inpaint(image, MASK, 3.0, cv2.INPAINT_TELEA), {"mask": MASK}),
    "jpeg_compression": (
        lambda image: cv2.imdecode(cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, 50))[1], cv2.IMREAD_GRAYSCALE),
        {},
    ),
    "laplacian": (lambda image: cv2.convertScaleAbs(cv2.Laplacian(image, cv2.CV_16S)), {"scale": 4.0}),
    "mask_from_color": (lambda image: cv2.inRange(image, (64,), (192,)), {"color": "#808080", "tolerance": 0.25}),
    "merge": (lambda image: cv2.merge((image, OTHER, OTHER)), {"green": OTHER, "blue": OTHER}),
    "morphological_gradient": (lambda image: cv2.morphologyEx(image, cv2.MORPH_GRADIENT, SQUARE), {"radius": 1}),
    "motion_blur": (lambda image: cv2.filter2D(image, -1, LINE), {"length": 5}),
    "multiply": (lambda image: cv2.multiply(image, OTHER, scale=1 / 255), {"other": OTHER}),
    "pad": (
        lambda image: cv2.copyMakeBorder(image, 2, 2, 2, 2, cv2.BORDER_CONSTANT),
        dict.fromkeys(("left", "top", "right", "bottom"), 2),
    ),
    "pad_to": (lambda image: cv2.copyMakeBorder(image, 2, 2, 2, 2, cv2.BORDER_CONSTANT), {"width": 32, "height": 32}),
    "perspective": (
        lambda image: cv2.warpPerspective(
            image, cv2.getPerspectiveTransform(np.array(MOVED, np.float32), np.array(CORNERS, np.float32)), (28, 28), flags=WARP
        ),
        {"source": CORNERS, "target": MOVED},
    ),
    "resize_longest": (lambda image: cv2.resize(image, (14, 14), interpolation=cv2.INTER_AREA), {"size": 14}),
    "resize_shortest": (lambda image: cv2.resize(image, (14, 14), interpolation=cv2.INTER_AREA), {"size": 14}),
    "rotate": (lambda image: cv2.warpAffine(image, TURN, (28, 28), flags=WARP), {"angle": 15.0}),
    "scale": (lambda image: cv2.resize(image, (14, 14), interpolation=cv2.INTER_AREA), {"factor": 0.5}),
    "sharpen": (lambda image: cv2.filter2D(image, -1, CROSS), {}),
    "shear": (lambda image: cv2.warpAffine(image, TURN, (28, 28), flags=WARP), {"x": 15.0}),
    "sobel": (lambda image: cv2.convertScaleAbs(cv2.sepFilter2D(image, cv2.CV_16S, SLOPE, ACROSS), None, 0.25), {"direction": "x"}),
    "tile": (lambda image: cv2.repeat(image, 2, 2), {}),
    "to_float": (lambda image: cv2.LUT(image, UNIT), {}),
    "to_rgba": (lambda image: cv2.cvtColor(image, cv2.COLOR_GRAY2RGBA), {}),
    "translate": (lambda image: cv2.warpAffine(image, TURN, (28, 28), flags=WARP), {"x": 2.5}),
    "triangle": (lambda image: cv2.threshold(image, 0, 255, cv2.THRESH_TRIANGLE)[1], {}),
    "warp_polar": (
        lambda image: cv2.warpPolar(image, (28, 28), (13.5, 13.5), 19.1, cv2.INTER_LINEAR | cv2.WARP_FILL_OUTLIERS),
        {},
    ),
    "white_tophat": (lambda image: cv2.morphologyEx(image, cv2.MORPH_TOPHAT, SQUARE), {"radius": 1}),
}
BARE_RGB: dict[str, tuple[Callable[[Any], Any], dict[str, Any]]] = {
    "channel": (lambda image: cv2.extractChannel(image, 0), {}),
    "convert": (lambda image: cv2.cvtColor(image, cv2.COLOR_RGB2HLS_FULL), {"space": "hls"}),
    "sepia": (lambda image: cv2.transform(image, SEPIA), {}),
    "split": (lambda image: cv2.split(image, PLANES), {}),
    "swap_channels": (lambda image: cv2.cvtColor(image, cv2.COLOR_RGB2BGR), {}),
    "temperature": (lambda image: cv2.transform(image, SEPIA), {"kelvin": 4000.0}),
    "to_gray": (lambda image: cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), {}),
}


def microseconds(call: Callable[[], object], calls: int) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - started) / calls * 1e6


def difference(checked: Callable[[], object], bare: Callable[[], object], rounds: int) -> float:
    """How many microseconds longer the first takes: median over rounds, each with both, one after the other."""
    calls = max(3, min(400, int(2000 / max(microseconds(bare, 3), 0.1))))
    return statistics.median(microseconds(checked, calls) - microseconds(bare, calls) for _ in range(rounds))


def checks(operation: Op, image: Any, given: dict[str, Any]) -> None:
    """What is done before the operation's own body."""
    if image is not None:
        operation.check(image)
    operation.parameters.parse(given)


def given_of(operation: Op) -> dict[str, Any]:
    """Its example, as far as that suits a picture of 28 x 28."""
    given: dict[str, Any] = {}
    for parameter in operation.parameters.describe():
        value = operation.example.get(parameter.name)
        if parameter.required and parameter.type.startswith("picture"):
            given[parameter.name] = GRAY if 1 in operation.channels else RGB
        elif value is not None and (parameter.name not in FIT or parameter.required):
            given[parameter.name] = min(int(value), 14) if isinstance(value, int) and parameter.name in FIT else value
    return given


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=31)
    rounds = parser.parse_args().rounds
    cv2.setNumThreads(1)
    rows, mechanism, whole = [], [], []
    for operation in sl.OPS:
        image = None if operation.role == "create" else GRAY if 1 in operation.channels else RGB
        given = given_of(operation)
        cost = statistics.median(microseconds(partial(checks, operation, image, given), 400) for _ in range(rounds))
        mechanism.append(cost)
        shown = ""
        if operation.name in BARE or operation.name in BARE_RGB:
            picture = GRAY if operation.name in BARE else RGB
            bare, given = {**BARE, **BARE_RGB}[operation.name]
            total = difference(partial(getattr(sl, operation.name), picture, **given), partial(bare, picture), rounds)
            whole.append(total)
            shown = f"{total:.1f}"
        rows.append([operation.name.replace("_", "-"), f"{cost:.1f}", shown])
    rows.append(["**median**", f"**{statistics.median(mechanism):.1f}**", f"**{statistics.median(whole):.1f}**"])
    rows.append(["**largest**", f"**{max(mechanism):.1f}**", f"**{max(whole):.1f}**"])
    text = f"n = {rounds} rounds, {len(mechanism)} operations, {len(whole)} of them one call of `cv2`.\n\n" + table(
        ["operation", "checks, µs", "over the bare cv2 call, µs"], rows
    )
    command = f"python benchmarks/op_overhead.py --rounds {rounds}"
    publish("op-overhead", "Overhead of an operation, 28 x 28", text, command, ("numpy", "opencv-python-headless", "pydantic"))


if __name__ == "__main__":
    main()
