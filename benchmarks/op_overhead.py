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
DISC = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
FIT = {"width", "height", "x", "y", "points", "target", "source"}  # parameters that an example gives for larger pictures

BARE: dict[str, tuple[Callable[[Any], Any], dict[str, Any]]] = {
    "absdiff": (lambda image: cv2.absdiff(image, OTHER), {"other": OTHER}),
    "add": (lambda image: cv2.add(image, OTHER), {"other": OTHER}),
    "bilateral": (lambda image: cv2.bilateralFilter(image, 9, 25.5, 3), {}),
    "bitwise_and": (lambda image: cv2.bitwise_and(image, OTHER), {"other": OTHER}),
    "bitwise_not": (cv2.bitwise_not, {}),
    "bitwise_or": (lambda image: cv2.bitwise_or(image, OTHER), {"other": OTHER}),
    "bitwise_xor": (lambda image: cv2.bitwise_xor(image, OTHER), {"other": OTHER}),
    "blend": (lambda image: cv2.addWeighted(image, 0.5, OTHER, 0.5, 0), {"other": OTHER, "alpha": 0.5}),
    "box_blur": (lambda image: cv2.blur(image, (5, 5)), {"width": 5, "height": 5}),
    "clahe": (lambda image: cv2.createCLAHE(2.0, (8, 8)).apply(image), {"clip_limit": 2.0, "tiles": 8}),
    "closing": (lambda image: cv2.morphologyEx(image, cv2.MORPH_CLOSE, DISC), {"radius": 1}),
    "crop": (lambda image: image[4:24, 4:24].copy(), {"x": 4, "y": 4, "width": 20, "height": 20}),
    "dilate": (lambda image: cv2.dilate(image, DISC), {"radius": 1}),
    "equalize": (cv2.equalizeHist, {}),
    "erode": (lambda image: cv2.erode(image, DISC), {"radius": 1}),
    "flip": (lambda image: cv2.flip(image, 1), {}),
    "gaussian_blur": (lambda image: cv2.GaussianBlur(image, (0, 0), 1.0), {"sigma": 1.0}),
    "invert": (cv2.bitwise_not, {}),
    "maximum": (lambda image: cv2.max(image, OTHER), {"other": OTHER}),
    "median_blur": (lambda image: cv2.medianBlur(image, 3), {"radius": 1}),
    "minimum": (lambda image: cv2.min(image, OTHER), {"other": OTHER}),
    "nl_means": (lambda image: cv2.fastNlMeansDenoising(image, None, 10, 7, 21), {}),
    "opening": (lambda image: cv2.morphologyEx(image, cv2.MORPH_OPEN, DISC), {"radius": 1}),
    "otsu": (lambda image: cv2.threshold(image, 0, 255, cv2.THRESH_OTSU)[1], {}),
    "resize": (lambda image: cv2.resize(image, (14, 14), interpolation=cv2.INTER_AREA), {"width": 14, "height": 14}),
    "rot90": (lambda image: cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE), {"turns": 1}),
    "subtract": (lambda image: cv2.subtract(image, OTHER), {"other": OTHER}),
    "threshold": (lambda image: cv2.threshold(image, 127, 255, cv2.THRESH_BINARY)[1], {"value": 0.5}),
    "to_rgb": (lambda image: cv2.cvtColor(image, cv2.COLOR_GRAY2RGB), {}),
    "transpose": (cv2.transpose, {}),
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
        if operation.name in BARE:
            bare, given = BARE[operation.name]
            total = difference(partial(getattr(sl, operation.name), GRAY, **given), partial(bare, GRAY), rounds)
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
