from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import pytest
from annotated_types import Interval, Unit
from typing_extensions import Doc

from sightline.errors import ParameterError
from sightline.ops import OPS
from sightline.params import Parameters, parse_text


def smooth(
    image: object,
    *,
    sigma: Annotated[float, Interval(ge=0.1, le=50), Unit("px"), Doc("Width of the kernel")] = 1.0,
    border: Annotated[Literal["reflect", "wrap"], Doc("Past the edge")] = "reflect",
    times: Annotated[int, Interval(ge=1)],
    box: tuple[int, int] = (1, 2),
) -> object:
    return image


PARAMETERS = Parameters(smooth)


def test_a_signature_is_read_once_and_whole() -> None:
    sigma, border, times, box = PARAMETERS.describe()
    assert (sigma.name, sigma.type, sigma.default, sigma.range, sigma.text) == (
        "sigma",
        "float",
        1.0,
        "0.1 to 50 px",
        "Width of the kernel",
    )
    assert (border.choices, border.range) == (("reflect", "wrap"), "reflect | wrap")
    assert (times.required, times.range) == (True, "at least 1")
    assert box.default == (1, 2)


def test_defaults_are_in_the_form_that_parsing_gives_and_what_is_required_has_none() -> None:
    parameters = OPS.get("circle").parameters
    required = {"x": 1, "y": 1, "radius": 1}
    assert {**parameters.defaults, **required} == parameters.parse(required)
    assert not required.keys() & parameters.defaults.keys()
    assert parameters.defaults["color"] == "#ff0000"


def test_defaults_are_filled_in_and_lists_become_tuples() -> None:
    assert PARAMETERS.parse({"times": 2, "box": [3, 4]}) == {"sigma": 1.0, "border": "reflect", "times": 2, "box": (3, 4)}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"times": 1, "sigma": 0.0}, "invalid sigma of smooth: expected 0.1 to 50 px, received 0.0 px"),
        ({"times": 1, "sigma": 50.1}, "invalid sigma of smooth: expected 0.1 to 50 px, received 50.1 px"),
        ({"times": 1, "border": "wrapp"}, "invalid border of smooth: expected reflect | wrap, received 'wrapp'"),
        ({"times": 1, "sgima": 2}, "smooth has no parameter 'sgima'. Did you mean sigma?"),
        ({}, "smooth needs 'times': expected at least 1"),
        ({"times": 1, "box": [1]}, "invalid box of smooth: expected more values, received [1]"),
    ],
)
def test_a_wrong_value_is_an_error_with_rule_value_and_advice(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        PARAMETERS.parse(values)
    assert str(caught.value) == message


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_not_a_number_and_infinity_are_refused(value: float) -> None:
    with pytest.raises(ParameterError, match="invalid sigma"):
        PARAMETERS.parse({"times": 1, "sigma": value})


def test_text_from_a_shell_keeps_what_is_no_json() -> None:
    assert [parse_text(text) for text in ("3", "same", "true", "[1, 2]", "1,2", "a,b")] == [3, "same", True, [1, 2], [1, 2], "a,b"]
