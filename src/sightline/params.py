"""What a signature says about its parameters, read once.

A function states each parameter in one place, its signature: type, range (`annotated_types`), unit, text (`Doc`)
and default. `Parameters.of(function)` turns the keyword-only part of it into a pydantic model, from which checking, the
command line, files, documentation and tests are derived.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import annotated_types as at
from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticUndefined
from typing_extensions import Doc

from sightline.errors import ParameterError
from sightline.registry import nearest

__all__ = ["Parameter", "Parameters", "explain", "parse_text"]


@dataclass(frozen=True)
class Parameter:
    """One parameter as every face shows it; `lower` and `upper` are the ends of its range, None where there is none."""

    name: str
    type: str
    default: Any
    required: bool
    text: str
    unit: str | None
    lower: float | None
    upper: float | None
    choices: tuple[Any, ...]

    @property
    def range(self) -> str:
        """The accepted values in words, for help and errors: `0.1 to 50 px`, `nearest | linear`."""
        if self.choices:
            return " | ".join(str(choice) for choice in self.choices)
        unit = f" {self.unit}" if self.unit else ""
        if self.lower is not None and self.upper is not None:
            return f"{self.lower:g} to {self.upper:g}{unit}"
        if self.lower is not None:
            return f"at least {self.lower:g}{unit}"
        if self.upper is not None:
            return f"at most {self.upper:g}{unit}"
        return self.unit or ""


@dataclass(frozen=True)
class Parameters:
    """The checked keyword parameters of one function or configuration."""

    owner: str
    model: type[BaseModel]

    @classmethod
    def of(cls, function: Callable[..., Any], *, without: frozenset[str] = frozenset()) -> Parameters:
        """Read the keyword-only parameters of `function`, leaving out those named in `without`."""
        hints = _hints(function)
        fields: dict[str, Any] = {}
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.kind is not inspect.Parameter.KEYWORD_ONLY or name in without:
                continue
            default = ... if parameter.default is inspect.Parameter.empty else parameter.default
            fields[name] = (hints[name], default)
        owner = function.__name__
        config = ConfigDict(extra="forbid", allow_inf_nan=False, validate_default=True, frozen=True)
        return cls(owner, create_model(owner, __config__=config, **fields))

    def parse(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Check `values`, fill in the defaults, and give back a plain dict; ParameterError says what does not fit."""
        try:
            checked = self.model.model_validate(dict(values))
        except ValidationError as error:
            raise explain(error, self.owner, self.model) from None
        return {name: getattr(checked, name) for name in self.model.model_fields}

    def describe(self) -> list[Parameter]:
        """Every parameter, in the order of the signature."""
        return [_describe(name, field) for name, field in self.model.model_fields.items()]

    def schema(self) -> dict[str, Any]:
        """The JSON schema of the parameters."""
        return self.model.model_json_schema()


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    # not the return type: a builder's `keras.Model` would have to be imported to be looked up
    wanted = {name: hint for name, hint in function.__annotations__.items() if name != "return"}
    holder = type("Holder", (), {"__annotations__": wanted})
    return get_type_hints(holder, globalns=function.__globals__, include_extras=True)


def explain(error: ValidationError, owner: str, model: type[BaseModel]) -> ParameterError:
    """Turn pydantic's first complaint into an error of Sightline's form."""
    detail = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in detail["loc"]) or "value"
    known = list(model.model_fields)
    name = str(detail["loc"][0]) if detail["loc"] else ""
    if detail["type"] == "extra_forbidden":
        return ParameterError(f"{owner} has no parameter {where!r}", fix=nearest(where, known))
    described = _describe(name, model.model_fields[name]) if name in known else None
    if detail["type"] == "missing" and len(detail["loc"]) > 1:
        return ParameterError(f"invalid {name} of {owner}", expected="more values", received=repr(detail["input"]))
    if detail["type"] == "missing":
        return ParameterError(f"{owner} needs {where!r}", expected=described.range or described.type if described else None)
    unit = f" {described.unit}" if described and described.unit else ""
    return ParameterError(f"invalid {where} of {owner}", expected=_rule(detail, described), received=f"{detail['input']!r}{unit}")


def _rule(detail: ErrorDetails, described: Parameter | None) -> str:
    bounds = detail["type"] in {"greater_than_equal", "less_than_equal", "greater_than", "less_than", "literal_error"}
    if described and described.range and bounds and len(detail["loc"]) == 1:
        return described.range
    return detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ").removeprefix("a valid ")


def _describe(name: str, field: FieldInfo) -> Parameter:
    lower: float | None = None
    upper: float | None = None
    unit: str | None = None
    text = field.description or ""
    for item in field.metadata:
        if isinstance(item, at.Interval):
            lower, upper = _number(item.ge, item.gt, lower), _number(item.le, item.lt, upper)
        elif isinstance(item, at.Ge | at.Gt):
            lower = _number(getattr(item, "ge", None), getattr(item, "gt", None), lower)
        elif isinstance(item, at.Le | at.Lt):
            upper = _number(getattr(item, "le", None), getattr(item, "lt", None), upper)
        elif isinstance(item, at.Unit):
            unit = item.unit
        elif isinstance(item, Doc):
            text = item.documentation
    default = None if field.default is PydanticUndefined else field.default
    return Parameter(
        name=name,
        type=_type_name(field.annotation),
        default=default,
        required=field.is_required(),
        text=text,
        unit=unit,
        lower=lower,
        upper=upper,
        choices=_choices(field.annotation),
    )


def _number(*candidates: Any) -> float | None:
    return next((float(value) for value in candidates if value is not None), None)


def _choices(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    for part in get_args(annotation):
        if get_origin(part) is Literal:
            return get_args(part)
    return ()


def _type_name(annotation: Any) -> str:
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) is Literal:
        return "choice"
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation.__name__
    return str(annotation).replace("typing.", "")


def parse_text(text: str) -> Any:
    """A value typed in a shell: JSON where it is JSON (`3`, `true`, `[1, 2]`), numbers with commas as a list, else text.

    >>> parse_text("32,32,16"), parse_text("same"), parse_text("0.5")
    ([32, 32, 16], 'same', 0.5)
    """
    for candidate in (text, f"[{text}]" if "," in text else text):
        try:
            return json.loads(candidate)
        except json.JSONDecodeError:
            continue
    return text
