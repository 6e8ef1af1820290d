"""What a signature says about its parameters, read once.

A function states each parameter in one place, its signature: type, range (`annotated_types`), unit, text (`Doc`)
and default. `Parameters.of(function)` turns the keyword-only part of it into a pydantic model, from which checking, the
command line, files, documentation and tests are derived.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal, NotRequired, TypeVar, get_args, get_origin, get_type_hints

import annotated_types as at
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticUndefined
from typing_extensions import Doc, TypedDict

from sightline.errors import ParameterError, brief
from sightline.registry import nearest

__all__ = ["Parameter", "Parameters", "Tunable", "TypeName", "describe", "explain", "marked", "parse_text"]

T = TypeVar("T")


@dataclass(frozen=True)
class TypeName:
    """Metadata of an annotated type: what people call it, such as `color` or `picture`."""

    name: str


@dataclass(frozen=True)
class Tunable:
    """Metadata of a parameter that tuning tries values of, and where it looks unless it is told: a part of the accepted range.

    From `low` to `high`, with `log` as often below their geometric mean as above it; or among `values`.
    """

    low: float | None = None
    high: float | None = None
    log: bool = False
    values: tuple[Any, ...] = ()


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
            return f"{_brief(self.lower)} to {_brief(self.upper)}{unit}"
        if self.lower is not None:
            return f"at least {_brief(self.lower)}{unit}"
        if self.upper is not None:
            return f"at most {_brief(self.upper)}{unit}"
        return self.unit or ""

    def from_text(self, text: str) -> Any:
        """The value that `text`, typed in a shell, stands for; it is checked when it is used."""
        words = self.choices and all(isinstance(choice, str) for choice in self.choices)
        plain = words or self.type in {"str", "color", "picture", "picture or number", "points"}
        return text if plain else parse_text(text)


def _brief(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 1e6 else f"{number:g}"


class Parameters:
    """The checked keyword parameters of one function.

    The signature is read when it is first needed, so that a hundred registered functions cost nothing until one is used.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.owner = function.__name__
        self._function = function

    def parse(self, values: Mapping[str, Any], context: object = None) -> dict[str, Any]:
        """Check `values`, fill in the defaults, and give back a dict in the order of the signature.

        `context` reaches the validators of the types. ParameterError says what does not fit.
        """
        template, validate = self._checker
        try:
            checked = {**template, **validate(values, context=context)}
        except ValidationError as error:
            raise explain(error, self.owner, self.model) from None
        if self._required and any(checked[name] is PydanticUndefined for name in self._required):
            missing = next(parameter for parameter in self.describe() if checked[parameter.name] is PydanticUndefined)
            raise ParameterError(f"{self.owner} needs {missing.name!r}", expected=missing.range or missing.type)
        return checked

    @property
    def defaults(self) -> dict[str, Any]:
        """The parameters that have a default, with it as `parse` gives it."""
        return {name: value for name, value in self._checker[0].items() if value is not PydanticUndefined}

    @cached_property
    def _checker(self) -> tuple[dict[str, Any], Callable[..., dict[str, Any]]]:
        """The defaults, checked once, and the check of what is given: calls pay for nothing else."""
        fields = {name: NotRequired[hint] for name, hint, _ in self._fields}
        typed: Any = TypedDict(self.owner, fields)  # type: ignore[misc]  # its names are known at run time only
        config = ConfigDict(extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=True)
        setattr(typed, "__pydantic_config__", config)  # noqa: B010
        validate = TypeAdapter(typed).validator.validate_python
        given = {name: default for name, _, default in self._fields if default is not ...}
        checked = validate(given)
        return {name: checked.get(name, PydanticUndefined) for name in fields}, validate

    @cached_property
    def _required(self) -> tuple[str, ...]:
        return tuple(name for name, _, default in self._fields if default is ...)

    @cached_property
    def _fields(self) -> list[tuple[str, Any, Any]]:
        """Name, type and default (`...` for none) of each parameter."""
        hints = _hints(self._function)
        return [
            (name, hints[name], ... if parameter.default is inspect.Parameter.empty else parameter.default)
            for name, parameter in inspect.signature(self._function).parameters.items()
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY
        ]

    @cached_property
    def model(self) -> type[BaseModel]:
        """The parameters as a pydantic model: what descriptions and schemas are made from."""
        config = ConfigDict(extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=True)
        fields: dict[str, Any] = {name: (hint, default) for name, hint, default in self._fields}
        return create_model(self.owner, __config__=config, **fields)

    def describe(self) -> list[Parameter]:
        """Every parameter, in the order of the signature."""
        return describe(self.model)

    def marked(self, mark: type[T]) -> dict[str, T]:
        """The parameters whose type carries metadata of the class `mark`, with it."""
        return _with_mark({name: getattr(hint, "__metadata__", ()) for name, hint, _ in self._fields}, mark)

    def schema(self) -> dict[str, Any]:
        """The JSON schema of the parameters."""
        return self.model.model_json_schema()


def describe(model: type[BaseModel]) -> list[Parameter]:
    """Every field of a configuration, in its order."""
    return [_describe(name, field) for name, field in model.model_fields.items()]


def marked(model: type[BaseModel], mark: type[T]) -> dict[str, T]:
    """The fields of a configuration whose type carries metadata of the class `mark`, with it."""
    return _with_mark({name: field.metadata for name, field in model.model_fields.items()}, mark)


def _with_mark(found: Mapping[str, Sequence[Any]], mark: type[T]) -> dict[str, T]:
    return {name: item for name, metadata in found.items() for item in metadata if isinstance(item, mark)}


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
        return ParameterError(f"invalid {name} of {owner}", expected="more values", received=brief(detail["input"]))
    if detail["type"] == "missing":
        return ParameterError(f"{owner} needs {where!r}", expected=described.range or described.type if described else None)
    unit = f" {described.unit}" if described and described.unit else ""
    return ParameterError(
        f"invalid {where} of {owner}", expected=_rule(detail, described), received=f"{_shown(detail['input'])}{unit}"
    )


def _shown(value: Any) -> str:
    """A wrong value as it is written; of an array only what it is."""
    shape = getattr(value, "shape", None)
    return f"{value.dtype} {shape}" if shape else brief(value)


WORDS = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text",
    "string_unicode": "text without halves of characters",
    "tuple_type": "a list",
}
"""pydantic's kinds of mistakes, as people say it."""

PREAMBLE = re.compile(r"^(Value error, |Input should be (a valid )?|\w+ should have )")


def _rule(detail: ErrorDetails, described: Parameter | None) -> str:
    bounds = detail["type"] in {"greater_than_equal", "less_than_equal", "greater_than", "less_than", "literal_error"}
    if described and described.range and bounds and len(detail["loc"]) == 1:
        return described.range
    if (words := WORDS.get(detail["type"])) is not None:
        return f"{words}, {described.range}" if described and described.range and len(detail["loc"]) == 1 else words
    return PREAMBLE.sub("", detail["msg"]).partition(" after validation")[0]


def _describe(name: str, field: FieldInfo) -> Parameter:
    lower: float | None = None
    upper: float | None = None
    unit: str | None = None
    text = field.description or ""
    kind = _type_name(field.annotation)
    for item in (*_inner_metadata(field.annotation), *field.metadata):
        if isinstance(item, at.Interval):
            lower, upper = _number(item.ge, item.gt, lower), _number(item.le, item.lt, upper)
        elif isinstance(item, at.Ge | at.Gt):
            lower = _number(getattr(item, "ge", None), getattr(item, "gt", None), lower)
        elif isinstance(item, at.Le | at.Lt):
            upper = _number(getattr(item, "le", None), getattr(item, "lt", None), upper)
        elif isinstance(item, at.Unit):
            unit = item.unit
        elif isinstance(item, TypeName):
            kind = item.name
        elif isinstance(item, Doc):
            text = item.documentation
    return Parameter(
        name=name,
        type=kind,
        default=None if field.default is PydanticUndefined else field.default,
        required=field.is_required(),
        text=text,
        unit=unit,
        lower=lower,
        upper=upper,
        choices=_choices(field.annotation),
    )


def _inner_metadata(annotation: Any) -> tuple[Any, ...]:
    """What is annotated on the first part of a union, such as the range in `Annotated[int, Interval(ge=1)] | None`."""
    parts = get_args(annotation)
    return tuple(parts[0].__metadata__) if parts and get_origin(parts[0]) is Annotated else ()


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
    parts = [part for part in get_args(annotation) if part is not type(None)]
    if get_origin(annotation) is Annotated or (len(parts) == 1 and type(None) in get_args(annotation)):
        return _type_name(parts[0])
    if get_origin(annotation) is Literal:
        return "choice"
    if isinstance(annotation, type) and not parts:
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
        except (ValueError, RecursionError):  # no JSON, a number of thousands of digits, brackets without end
            continue
    return text
