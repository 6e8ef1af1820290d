"""Many pictures at once give the pixels that each gives alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sightline.errors import PipelineError
from sightline.ops import OPS
from sightline.pipeline import Pipeline, run_many

RNG = np.random.default_rng(0)
SHAPES = {"gray": (60, 17, 12), "rgb": (60, 17, 12, 3), "rgba": (60, 17, 12, 4)}
PIPELINES: dict[str, list[Any]] = {
    "flip": [{"flip": {}, "p": 0.5}, {"flip": {"direction": "both"}}, {"flip": {"direction": {"one_of": ["both", "vertical"]}}}],
    "shift": [{"translate": {"x": {"one_of": [-3, 0, 2]}, "y": {"one_of": [-1, 0, 4]}, "color": "#336699"}, "p": 0.7}],
    "shift by parts": [{"translate": {"x": {"between": [-3, 3]}, "y": 1}}],
    "drop": [
        {
            "coarse_dropout": {
                "holes": 3,
                "width": {"between": [0.0, 1.0]},
                "height": {"between": [0.1, 0.4]},
                "color": {"one_of": ["black", "gray", "#ff000080"]},
                "seed": {"between": [0, 2**31 - 1]},
            },
            "p": 0.5,
        },
        {"coarse_dropout": {"holes": {"between": [1, 4]}}},
    ],
    "turn": [{"rotate": {"angle": {"between": [-10, 10]}, "scale": {"between": [0.9, 1.1]}}}],
    "choice": [{"one_of": [{"erode": {}}, {"dilate": {"radius": {"one_of": [1, 2]}}, "p": 0.5}, {"flip": {}}], "p": 0.8}],
    "sizes": [{"resize": {"width": {"between": [5, 30]}, "height": 17}, "p": 0.5}, {"letterbox": {"width": 14, "height": 14}}],
    "training": [{"flip": {}, "p": 0.5, "when": "train"}, {"gaussian_blur": {"sigma": {"between": [0.5, 2]}}, "when": "train"}],
}  # fmt: skip


def chain(steps: Any) -> Pipeline:
    return Pipeline(tuple(steps))


def pictures(kind: str) -> NDArray[np.uint8]:
    return RNG.integers(0, 256, SHAPES[kind], dtype=np.uint8)


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("name", PIPELINES)
def test_every_picture_gets_what_it_gets_alone(name: str, kind: str) -> None:
    pipeline = chain(PIPELINES[name])
    given = pictures(kind)
    before = given.copy()
    items = RNG.permutation(1000)[: len(given)]
    for train in (False, True):
        found = run_many(pipeline, given, items=items, seed=3, epoch=2, train=train)
        assert len(found) == len(given)
        for item, picture, result in zip(items.tolist(), given, found, strict=True):
            assert np.array_equal(result, pipeline.run(picture, seed=3, item=item, epoch=2, train=train))
    assert np.array_equal(given, before)


@pytest.mark.parametrize("name", [name for name in OPS.names() if OPS.get(name).batch])
def test_every_operation_on_many_is_tried_above(name: str) -> None:
    text = str(PIPELINES)
    assert f"'{name}'" in text


def test_pictures_of_different_sizes_and_kinds_go_together() -> None:
    pipeline = chain(["to_gray", {"translate": {"x": 1}}, {"letterbox": {"width": 9, "height": 9}}])
    given = [pictures("rgb")[0], pictures("gray")[1][:5], pictures("rgba")[2][:, :7]]
    for picture, result in zip(given, run_many(pipeline, given), strict=True):
        assert np.array_equal(result, pipeline.run(picture))


def test_it_goes_on_behind_the_first_steps() -> None:
    pipeline = chain(["invert", {"flip": {}, "p": 0.5, "when": "train"}])
    given = pictures("gray")
    items = np.arange(len(given))
    whole = run_many(pipeline, given, items=items, train=True)
    behind = run_many(pipeline, 255 - given, items=items, train=True, first=1)
    assert np.array_equal(np.array(whole), np.array(behind))
    assert run_many(pipeline, given, first=1) is given


def test_what_does_not_fit_is_said_before_the_first_pixel() -> None:
    with pytest.raises(PipelineError, match="step 1: match_polarity does not take uint8 RGB"):
        run_many(chain(["match_polarity"]), pictures("rgb"))
    with pytest.raises(PipelineError, match=r"step 2 \(crop\)"):
        run_many(chain(["flip", {"crop": {"x": 0, "y": 0, "width": 99, "height": 1}}]), pictures("gray"))
    with pytest.raises(PipelineError, match="makes its own picture"):
        run_many(chain([{"blank": {"width": 3, "height": 3}}]), pictures("gray"))


def test_no_pictures_give_none() -> None:
    assert len(run_many(chain(["flip"]), [])) == 0
