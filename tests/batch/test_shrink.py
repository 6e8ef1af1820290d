"""Shrink on load gives the picture that decoding whole gives, within the tolerance that the documentation states."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from sightline.batch.shrink import decode_shrunk, plan_shrink
from sightline.image import Image, probe, read
from sightline.pipeline import Pipeline, Step

MEAN, WORST = 3.0, 0.03
"""Levels of 255 by which the pictures differ on average, at most; part of the values that differ by more than 12."""


def shrunk(path: Path, pipeline: Pipeline) -> Image | None:
    data = path.read_bytes()
    image, done = decode_shrunk(data, path.name, probe(data), pipeline, 10**9)
    return None if image is None else pipeline.run(image, done=done)


def held(path: Path, *steps: tuple[str, dict[str, Any]]) -> None:
    pipeline = Pipeline(tuple(Step(name, given) for name, given in steps))
    whole = pipeline.run(read(path, "unchanged"))
    reduced = shrunk(path, pipeline)
    assert reduced is not None
    assert reduced.shape == whole.shape
    difference = np.abs(reduced.astype(int) - whole)
    assert difference.mean() < MEAN
    assert (difference > 12).mean() < WORST


PHOTOS = [f"{kind}_{number}.jpg" for kind in ("Landscape", "Portrait") for number in (1, 4, 6, 7)]
CHAINS: list[list[tuple[str, dict[str, Any]]]] = [
    [("resize", {"width": 200, "height": 150})],
    [("crop", {"x": 160, "y": 80, "width": 800, "height": 960}), ("resize", {"width": 100, "height": 120})],
    [("crop", {"x": 161, "y": 83, "width": 777, "height": 901}), ("resize", {"width": 97, "height": 112})],
    [("center_crop", {"width": 901, "height": 901}), ("resize_longest", {"size": 224}), ("flip", {})],
    [("resize_shortest", {"size": 256})],
    [("resize_longest", {"size": 131}), ("to_gray", {})],
]


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: "-".join(name for name, _ in chain))
def test_real_photos_come_out_the_same_within_the_tolerance(
    shared: Path, name: str, chain: list[tuple[str, dict[str, Any]]]
) -> None:
    held(shared / "exif" / name, *chain)


def test_where_the_factors_divide_the_result_is_the_same_but_for_rounding(shared: Path) -> None:
    path = shared / "exif/Landscape_1.jpg"
    steps = (Step("crop", {"x": 160, "y": 80, "width": 800, "height": 960}), Step("resize", {"width": 200, "height": 240}))
    reduced = shrunk(path, Pipeline(steps))
    assert reduced is not None
    assert np.abs(reduced.astype(int) - Pipeline(steps).run(read(path))).mean() < 0.5


def test_gray_jpegs_stay_gray(shared: Path, tmp_path: Path) -> None:
    gray = read(shared / "exif/Landscape_1.jpg", "gray")
    cv2.imwrite(str(tmp_path / "gray.jpg"), gray)
    held(tmp_path / "gray.jpg", ("resize", {"width": 200, "height": 133}))


@pytest.mark.parametrize(
    ("steps", "plan"),
    [
        ([("resize", {"width": 512, "height": 512})], (4, (0, 0, 4000, 3000), (512, 512), 1)),
        ([("resize", {"width": 500, "height": 375})], (8, (0, 0, 4000, 3000), (500, 375), 1)),
        ([("crop", {"x": 3, "y": 5, "width": 1500, "height": 1500}), ("resize", {"width": 512, "height": 512})],
         (2, (3, 5, 1500, 1500), (512, 512), 2)),
        ([("resize", {"width": 450, "height": 300})], (4, (0, 0, 4000, 3000), (450, 300), 1)),
        ([("resize", {"width": 3000, "height": 3000})], None),
        ([("resize", {"width": 100, "height": 100, "interpolation": "nearest"})], None),
        ([("to_gray", {}), ("resize", {"width": 100, "height": 100})], None),
        ([("crop", {"x": 3990, "y": 0, "width": 100, "height": 100}), ("resize", {"width": 10, "height": 10})], None),
        ([("crop", {"x": 0, "y": 0, "width": 100, "height": 100})], None),
        ([], None),
    ],
)  # fmt: skip
def test_the_largest_factor_is_taken_that_leaves_enough(steps: list[tuple[str, dict[str, Any]]], plan: Any) -> None:
    found = plan_shrink(Pipeline(tuple(Step(name, given) for name, given in steps)), 4000, 3000)
    assert (None if found is None else (found.factor, found.box, found.size, found.rest)) == plan


def test_a_small_mark_stays_in_its_place(tmp_path: Path) -> None:
    """A white square on black, cut at odd pixels: its centre of mass may not move by a tenth of a pixel."""
    image = np.zeros((1000, 1400), np.uint8)
    image[411:491, 633:713] = 255
    cv2.imwrite(str(tmp_path / "mark.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 95])
    for x, y, width, height in [(501, 303, 333, 277), (500, 300, 320, 280), (402, 301, 515, 389)]:
        steps = (Step("crop", {"x": x, "y": y, "width": width, "height": height}), Step("resize", {"width": 64, "height": 56}))
        reduced = shrunk(tmp_path / "mark.jpg", Pipeline(steps))
        assert reduced is not None
        weights = reduced / reduced.sum()
        centre = ((weights * np.arange(64)).sum() + 0.5, (weights.T * np.arange(56)).sum() + 0.5)
        assert centre == pytest.approx(((673 - x) * 64 / width, (451 - y) * 56 / height), abs=0.1)
