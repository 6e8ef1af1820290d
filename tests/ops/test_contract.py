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
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sightline
from sightline.errors import ImageError, ParameterError, SightlineError
from sightline.image import CHANNELS, DTYPES, KINDS, Image, check_image, check_values, kind_of, white
from sightline.ops import OPS, Op
from sightline.params import Parameter
from sightline.pipeline import Pipeline, Step

EVERY = pytest.mark.parametrize("op", list(OPS), ids=OPS.names())
WITH_INPUT = pytest.mark.parametrize("op", [op for op in OPS if op.role != "create"], ids=lambda op: op.name)
OTHER_DTYPES = ("int64", "float64", "bool", ">u2")


def picture(dtype: str, channels: int, size: tuple[int, int] = (12, 17), seed: int = 0) -> Image:
    values = np.random.default_rng(seed + channels).random(size if channels == 1 else (*size, channels))
    if dtype in {"float32", "float64"}:
        return values.astype(dtype)
    return (values * (1 if dtype == "bool" else 255 if dtype in {"uint8", "int64"} else 65535)).astype(dtype)


def pictures(op: Op, size: tuple[int, int] = (12, 17)) -> Iterator[Image | None]:
    if op.role == "create":
        yield None
    for dtype, channels in itertools.product(op.dtypes, op.channels):
        yield picture(dtype, channels, size)


def arguments(op: Op, image: Image | None) -> dict[str, Any]:
    """Checked parameters that the operation takes: its example, and pictures where it needs some."""
    given = dict(op.example)
    for parameter in op.parameters.describe():
        if parameter.required and parameter.name not in given:
            assert parameter.type.startswith("picture"), f"{op.name} needs an example for {parameter.name}"
            given[parameter.name] = second_picture(image)
    return op.parameters.parse(given)


def second_picture(image: Image | None) -> Image:
    assert image is not None
    kind = kind_of(image)
    other = picture(kind.dtype, kind.channels, image.shape[:2], seed=7)
    other[0, 0] = white(other)  # a mask has to mark something
    return other


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
    if parameter.type == "color":
        yield from ("no such colour", [1, 2], [256, 0, 0], 7, (True, False, True), np.array([0.5, 0, 1]), np.eye(3, dtype=np.uint8))


def keeps_the_contract(op: Op, image: Image | None, given: dict[str, Any]) -> None:
    """Run it and hold everything that every operation promises."""
    before = None if image is None else image.copy()
    result = op.draw(image, given)
    assert check_values(check_image(result)) is result
    assert result.flags.c_contiguous
    if image is not None:
        assert before is not None
        assert np.array_equal(image, before)
        assert not np.shares_memory(result, image)
        assert kind_of(result) == op.result(kind_of(image), given)
        if op.role == "measure":
            assert op.call(image, given).to_dict() == op.call(image, given).to_dict()
    else:
        assert kind_of(result) == op.result(KINDS["uint8", 1], given)
    assert np.array_equal(result, op.draw(image, given))  # deterministic


@EVERY
def test_its_example_keeps_the_contract_on_every_declared_kind_of_picture(op: Op) -> None:
    for image in pictures(op):
        keeps_the_contract(op, image, arguments(op, image))


@WITH_INPUT
def test_its_example_runs_on_a_large_picture(op: Op) -> None:
    """Larger than what the processor's caches and OpenCV's blocks hold."""
    image = picture(op.dtypes[0], op.channels[0], (900, 1200))
    result = op.draw(image, arguments(op, image))
    assert check_values(check_image(result)) is result


@EVERY
def test_its_example_shows_something(op: Op) -> None:
    """On some kind of picture the result is another picture; `example` is what people see first."""
    changed = [op.draw(image, arguments(op, image)) for image in pictures(op, (64, 64))]
    inputs = list(pictures(op, (64, 64)))
    assert any(image is None or not np.array_equal(result, image) for image, result in zip(inputs, changed, strict=True))


@WITH_INPUT
def test_what_is_not_declared_is_refused_before_opencv_sees_it(op: Op) -> None:
    for dtype, channels in itertools.product((*DTYPES, *OTHER_DTYPES), (1, 2, 3, 4, 5)):
        if dtype not in op.dtypes or channels not in op.channels:
            with pytest.raises(ImageError, match=op.name):
                op.check(picture(dtype, channels))
    if "float32" in op.dtypes:
        for value in (math.nan, math.inf, -0.5, 1.5):
            wrong = picture("float32", op.channels[0])
            wrong[3, 3] = value
            with pytest.raises(ImageError, match=op.name):
                op.check(wrong)
    unfit: list[object] = ["picture.png", None, [[1]], np.zeros((0, 3), np.uint8), np.zeros((3, 3, 1), np.uint8)]
    for other in unfit:
        with pytest.raises(ImageError, match=op.name):
            op.check(other)


@EVERY
def test_both_ends_of_every_range_run_and_what_lies_outside_is_refused(op: Op) -> None:
    image = next(pictures(op))
    usual = arguments(op, image)
    for parameter in op.parameters.describe():
        ends = [end for end in (parameter.lower, parameter.upper) if end is not None and not large(parameter, end)]
        inside = [*parameter.choices, *(int(end) if parameter.type == "int" else end for end in ends)]
        inside += [True, False] if parameter.type == "bool" else []
        for value in inside:
            try:
                keeps_the_contract(op, image, op.parameters.parse({**usual, parameter.name: value}))
            except (ImageError, ParameterError) as error:  # two parameters, or a parameter and the picture, may exclude each other
                assert op.name in str(error) or "picture" in str(error)  # noqa: PT017
        for value in outside(parameter):
            with pytest.raises(ParameterError, match=parameter.name):
                op.parameters.parse({**usual, parameter.name: value})


def large(parameter: Parameter, end: float) -> bool:
    """Sizes at whose upper end a test would only take memory."""
    return parameter.unit == "px" and abs(end) > 1000


@pytest.mark.parametrize("op", [op for op in OPS if "float32" in op.dtypes], ids=lambda op: op.name)
def test_float_pictures_of_black_and_white_give_values_in_the_range(op: Op) -> None:
    """Exactly: `check_values` gives back a copy of a picture that goes past it by as little as a rounding."""
    random = np.random.default_rng(3)
    for channels, size in itertools.product(op.channels, [(12, 17), (40, 33)]):
        shape = size if channels == 1 else (*size, channels)
        for values in ([0, 1], [0, 1e-7, 0.5, 1 - 6e-8, 1], [0], [1]):
            image = random.choice(np.array(values, np.float32), shape)
            keeps_the_contract(op, image, arguments(op, image))


@pytest.mark.parametrize("op", [op for op in OPS if "float32" in op.dtypes], ids=lambda op: op.name)
def test_what_rounding_has_carried_past_black_and_white_counts_as_these(op: Op) -> None:
    image = picture("float32", op.channels[0])
    image[2, 3], image[5, 7] = -1e-7, 1 + 5e-6
    inside = np.clip(image, 0, 1)
    given = arguments(op, inside)
    checked = op.check(image)
    assert np.array_equal(checked, inside)
    assert image.min() < 0  # the caller's stays
    assert np.array_equal(op.draw(checked, given), op.draw(inside, given))
    assert np.array_equal(Pipeline((Step(op.name, given),)).run(image), op.draw(inside, given))


@st.composite
def calls(draw: st.DrawFn, op: Op) -> tuple[Image | None, dict[str, Any]]:
    rows, columns = draw(st.sampled_from([(1, 1), (1, 9), (9, 1), (2, 2), (5, 8), (31, 33)]))
    kinds = [(dtype, channels) for dtype in op.dtypes for channels in op.channels]
    image = None if op.role == "create" else picture(*draw(st.sampled_from(kinds)), (rows, columns), draw(st.integers(0, 3)))
    given = arguments(op, image)
    for parameter in op.parameters.describe():
        if parameter.name not in op.example and parameter.type.startswith("picture"):
            continue
        if draw(st.booleans()):
            given[parameter.name] = draw(value_of(parameter, given[parameter.name]))
    return image, given


def value_of(parameter: Parameter, usual: Any) -> st.SearchStrategy[Any]:
    if parameter.choices:
        return st.sampled_from(parameter.choices)
    if parameter.type == "bool":
        return st.booleans()
    if parameter.type == "color":
        return st.sampled_from(["#000000", "#ff8000", "#00ff0080", "#ffffff"])
    if parameter.type not in {"int", "float"} or parameter.lower is None or parameter.upper is None:
        return st.just(usual)
    low, high = parameter.lower, parameter.upper
    if parameter.unit == "px" and high > 64:
        low, high = max(low, -64), 64
    if parameter.type == "int":
        return st.integers(int(low), int(high))
    return st.floats(low, high, allow_nan=False)


@EVERY
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_picture_with_any_parameters_gives_a_picture_or_a_clear_error(op: Op, data: st.DataObject) -> None:
    image, given = data.draw(calls(op))
    try:
        keeps_the_contract(op, image, op.parameters.parse(given))
    except SightlineError as error:
        assert len(str(error)) > 10  # noqa: PT017


@WITH_INPUT
def test_views_are_taken_as_they_are(op: Op) -> None:
    """Every second pixel, and mirrored: OpenCV cannot be handed such memory unprepared."""
    whole = picture(op.dtypes[0], op.channels[0], (24, 34))
    view = whole[::2, ::-2]
    given = arguments(op, np.ascontiguousarray(view))
    expected = op.draw(np.ascontiguousarray(view), given)
    assert np.array_equal(op.draw(op.check(view), given), expected)
    assert np.array_equal(Pipeline((Step(op.name, given),)).run(view), expected)
    turned = np.moveaxis(whole, 0, 1)
    given = arguments(op, np.ascontiguousarray(turned))
    assert op.draw(op.check(turned), given).flags.c_contiguous


@EVERY
def test_a_direct_call_checks_what_the_pipeline_checks(op: Op) -> None:
    function = getattr(sightline, op.name)
    image = next(pictures(op))
    given = arguments(op, image)
    input_ = () if image is None else (image,)
    result = function(*input_, **given)
    drawn = result.draw(image) if op.role == "measure" else result
    assert np.array_equal(drawn, Pipeline((Step(op.name, given),)).run(image))
    with pytest.raises(ParameterError, match="no parameter 'zzz'"):
        function(*input_, zzz=1)
    if image is not None:
        with pytest.raises(ImageError):
            function("picture.png")


@EVERY
def test_a_pipeline_with_it_survives_both_file_formats(op: Op, tmp_path: Path) -> None:
    image = next(pictures(op))
    pipeline = Pipeline((Step(op.name, arguments(op, image)),))
    for name in ("p.yaml", "p.json"):
        pipeline.save(tmp_path / name)
        loaded = Pipeline.load(tmp_path / name)
        assert loaded == pipeline
        assert loaded.hash == pipeline.hash
        assert np.array_equal(loaded.run(image), pipeline.run(image))


def test_every_operation_has_a_known_answer_test_of_its_own() -> None:
    """In the test file of its group, named `test_<operation>_...`."""
    for op in OPS:
        path = Path(__file__).parent / f"test_{op.group}.py"
        names = [node.name for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)]
        assert any(name.startswith(f"test_{op.name}_") for name in names), f"{path.name} lacks test_{op.name}_..."


@EVERY
def test_it_says_what_it_and_every_parameter_is(op: Op) -> None:
    assert op.summary.endswith(".")
    assert ">>> " in (op.function.__doc__ or "")
    for parameter in op.parameters.describe():
        assert parameter.text
    assert set(op.dtypes) <= set(DTYPES)
    assert set(op.channels) <= set(CHANNELS)


def test_there_are_at_least_ninety_in_eleven_groups() -> None:
    assert len(OPS) >= 90
    assert len({op.group for op in OPS}) == 11
