"""What every operation promises, tested over the whole registry with values made from its own constraints."""

from __future__ import annotations

import ast
import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sightline.errors import ImageError, ParameterError
from sightline.image import Image
from sightline.ops import OPS, Op
from sightline.params import Parameter
from sightline.pipeline import Pipeline, Step

DTYPES = ("uint8", "uint16", "float32", "int64", "float64", "bool")
EVERY = pytest.mark.parametrize("op", list(OPS), ids=OPS.names())


def picture(dtype: str, channels: int, size: tuple[int, int] = (12, 17)) -> Image:
    random = np.random.default_rng(channels)
    shape = size if channels == 1 else (*size, channels)
    values = random.random(shape)
    if dtype in {"float32", "float64"}:
        return values.astype(dtype)
    return (values * (1 if dtype == "bool" else np.iinfo(dtype).max if dtype != "int64" else 255)).astype(dtype)


def pictures(op: Op) -> Iterator[Image]:
    for dtype, channels in itertools.product(op.dtypes, op.channels):
        yield picture(dtype, channels)


def outside(parameter: Parameter) -> Iterator[Any]:
    step = 1 if parameter.type == "int" else 1e-6
    if parameter.lower is not None:
        yield parameter.lower - step * max(1.0, abs(parameter.lower))
    if parameter.upper is not None:
        yield parameter.upper + step * max(1.0, abs(parameter.upper))
    if parameter.type in {"int", "float"}:
        yield from (math.nan, math.inf, "many")
    if parameter.choices:
        yield "no such choice"


@EVERY
def test_defaults_run_on_every_declared_kind_of_picture_and_leave_it_as_it_was(op: Op) -> None:
    for image in pictures(op):
        before = image.copy()
        result = op.apply(image, op.parameters.parse({}))
        assert np.array_equal(image, before)
        assert not np.shares_memory(result, image)
        assert result.dtype == np.uint8 or result.dtype == image.dtype
        if result.dtype == np.float32:
            assert 0 <= result.min() <= result.max() <= 1


@EVERY
def test_what_is_not_declared_is_refused_before_opencv_sees_it(op: Op) -> None:
    for dtype, channels in itertools.product(DTYPES, (1, 2, 3, 4)):
        if dtype not in op.dtypes or channels not in op.channels:
            with pytest.raises(ImageError, match=op.name):
                op.apply(picture(dtype, channels), op.parameters.parse({}))


@EVERY
def test_both_ends_of_every_range_run_and_what_lies_outside_is_refused(op: Op) -> None:
    image = picture(op.dtypes[0], op.channels[0])
    for parameter in op.parameters.describe():
        inside = [
            *parameter.choices,
            *(int(v) if parameter.type == "int" else v for v in (parameter.lower, parameter.upper) if v is not None),
        ]
        for value in inside:
            assert op.apply(image, op.parameters.parse({parameter.name: value})).size
        for value in outside(parameter):
            with pytest.raises(ParameterError, match=parameter.name):
                op.parameters.parse({parameter.name: value})


@EVERY
def test_a_direct_call_checks_what_the_pipeline_checks(op: Op) -> None:
    import sightline

    function = getattr(sightline, op.name)
    image = picture(op.dtypes[0], op.channels[0])
    assert np.array_equal(function(image), Pipeline((Step(op.name),)).run(image))
    with pytest.raises(ParameterError, match="no parameter 'zzz'"):
        function(image, zzz=1)
    with pytest.raises(ImageError):
        function("picture.png")


@EVERY
def test_a_pipeline_with_it_survives_both_file_formats(op: Op, tmp_path: Path) -> None:
    pipeline = Pipeline((Step(op.name),))
    for name in ("p.yaml", "p.json"):
        pipeline.save(tmp_path / name)
        assert Pipeline.load(tmp_path / name) == pipeline
        assert Pipeline.load(tmp_path / name).hash == pipeline.hash


def test_every_operation_has_a_known_answer_test_of_its_own() -> None:
    tree = ast.parse((Path(__file__).parent / "test_known_answers.py").read_text(encoding="utf-8"))
    tested = {
        name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        for name in OPS.names()
        if node.name.startswith(f"test_{name}_")
    }
    assert tested == set(OPS.names())


@EVERY
def test_every_parameter_says_what_it_is(op: Op) -> None:
    assert op.summary.endswith(".")
    for parameter in op.parameters.describe():
        assert parameter.text
        assert not parameter.required
