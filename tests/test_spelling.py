"""What a pipeline is called elsewhere does there what the pipeline does."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sightline as sl
from sightline.ops import OPS, picture_to_text
from sightline.pipeline import Pipeline, Step
from sightline.pipeline.spelling import spell

SECOND = sl.checkerboard(width=100, height=80, size=7)


def needs_picture(name: str) -> bool:
    return any(parameter.required and parameter.type.startswith("picture") for parameter in OPS.get(name).parameters.describe())


@pytest.mark.parametrize(
    "steps",
    [
        [{"to_gray": {}}, {"gaussian_blur": {"sigma": 2.5, "border": "wrap"}}],
        [{"checkerboard": {"width": 40, "height": 30}}, {"rotate": {"angle": -30, "expand": True}}],
        [{"text": {"text": 'it\'s $5; "so"', "x": 5, "y": 30}}, {"polygon": {"points": [[1, 2], [30, 2.5], [20, 30]]}}],
        [{"to_gray": {}}, {"histogram": {"bins": 16}}, {"contours": {}}],
        [{"affine": {"matrix": [[0.8, 0.3, -10], [-0.2, 0.9, 3]]}}],
        [{"rotate": {"angle": {"between": [-90, 90]}}, "p": 0.5}],
        [{"one_of": [{"flip": {}}, {"invert": {}}]}],
        [{"dilate": {"radius": {"one_of": [1, 2]}}}],
        [{"to_rgb": {}}, {"blend": {"other": picture_to_text(SECOND)}}],
    ],
    ids=lambda steps: "-".join(next(iter(step)) for step in steps),
)
def test_shell_python_and_file_give_the_same_pixels(steps: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = sl.sample(width=100, height=80)
    pipeline = Pipeline.from_dict({"format": 1, "steps": steps})
    expected = pipeline.run(None if pipeline.makes_picture else picture)
    said = {key: text.replace("photo.jpg", "photo.png") for key, text in spell(pipeline).items()}
    monkeypatch.chdir(tmp_path)
    sl.write("photo.png", picture)
    Path("pipeline.yaml").write_text(said["yaml"], encoding="utf-8")
    assert Pipeline.load("pipeline.yaml").hash == pipeline.hash

    exec(said["python"], {})
    assert np.array_equal(sl.read("result.png", "unchanged"), expected)

    Path("result.png").unlink()
    ran = subprocess.run([sys.executable, "-m", *shlex.split(said["shell"])], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert np.array_equal(sl.read("result.png", "unchanged"), expected)


@pytest.mark.parametrize("name", [op.name for op in OPS if not needs_picture(op.name)])
def test_the_example_of_every_operation_is_read_back(name: str) -> None:
    from sightline.cli.chain import Segment, _split

    step = Step(name, dict(OPS.get(name).example))
    words = shlex.split(spell(Pipeline((step,)))["shell"])[2:]
    _, segments = _split([word for word in words if word not in {"photo.jpg", "-o", "result.png"}], [], 0)
    (segment,) = segments
    assert isinstance(segment, Segment)
    assert Step(name, segment.given).canonical() == step.canonical()
