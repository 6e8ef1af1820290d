"""The steps of a pipeline: one operation with its parameters, or a choice of one among several."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any, Literal, cast, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from sightline.errors import ImageError, PipelineError, brief
from sightline.image import Image, Kind, kind_of
from sightline.ops import NO_FILES, OPS, Alike, Op, picture_to_text
from sightline.pipeline.random import Among, Between, Chance, Chances, random_value
from sightline.registry import nearest

__all__ = ["AnyStep", "Draws", "OneOf", "Step", "When", "applied", "step_from"]

When = Literal["always", "train"]


class _Canonical(ABC):
    """Equal when what is done is equal: pictures among the parameters are compared by their pixels."""

    @abstractmethod
    def canonical(self) -> str:
        """The step in one form of text, with pictures named by their pixels."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Canonical) and self.canonical() == other.canonical()

    def __hash__(self) -> int:
        return hash(self.canonical())


@dataclass(frozen=True)
class Draws:
    """What one step does to some of many pictures: `rows` says to which, `drawn` holds a value for each of them."""

    operation: Op
    rows: NDArray[np.intp]
    fixed: dict[str, Any]
    drawn: dict[str, list[Any]]

    def parameters(self, place: int) -> dict[str, Any]:
        """The parameters for the picture `rows[place]`."""
        return {**self.fixed, **{name: values[place] for name, values in self.drawn.items()}} if self.drawn else self.fixed


def applied(operation: Op, image: Image | None, parameters: dict[str, Any]) -> Image:
    """The picture that `operation` makes with checked parameters of one that it takes; ImageError where it fails."""
    try:
        return operation.draw(image, parameters)
    except cv2.error as error:
        raise ImageError(f"{operation.name} failed on this picture: {error.err or error}") from error
    except MemoryError as error:
        raise ImageError(f"there is not enough memory for {operation.name} on this picture") from error


@dataclass(frozen=True, eq=False)
class Step(_Canonical):
    """One operation with its parameters, checked when made. `when`: always, or only while training; `p`: how often.

    A parameter may be a `Between` or an `Among`: it is then drawn anew for every item. `p` is a probability, from 0 to 1. A
    picture among the parameters may be a path, which begins at the folder `context`. UnknownNameError for the operation,
    ParameterError for a parameter, PipelineError for `when` and `p`.

    >>> import sightline as sl
    >>> sl.Step("gaussian_blur", {"sigma": 2}, when="train", p=0.5).to_dict()
    {'gaussian_blur': {'sigma': 2.0, 'border': 'reflect'}, 'p': 0.5, 'when': 'train'}
    """

    op: str
    parameters: dict[str, Any] = field(default_factory=dict)
    when: When = "always"
    p: float = 1.0
    context: object = field(default=None, repr=False)

    def __post_init__(self) -> None:
        _check_when(self.op, self.when, self.p)
        operation = OPS.get(self.op)
        if operation.role == "create" and (self.p < 1 or self.when != "always"):
            expected = "neither 'p' nor 'when', as it makes the picture"
            raise PipelineError(f"invalid step {self.op}", expected=expected, received=f"p {self.p}, when {self.when}")
        given = dict(self.parameters)
        chances = {name: choice for name, value in given.items() if (choice := random_value(value))}
        fixed = {name: value for name, value in given.items() if name not in chances}
        first = {name: next(choice.values()) for name, choice in chances.items()}
        checked = operation.parameters.parse({**fixed, **first}, self.context)
        for name, choice in chances.items():
            parse = operation.parameters.parse
            checked[name] = choice.with_values(
                [parse({**fixed, **first, name: value}, self.context)[name] for value in choice.values()]
            )
        for name, value in checked.items():
            if isinstance(value, np.ndarray) and (value.flags.writeable or not value.flags.owndata):
                checked[name] = value.copy()  # the caller may change his
                checked[name].flags.writeable = False
        object.__setattr__(self, "parameters", checked)
        object.__setattr__(self, "context", None)

    @property
    def operation(self) -> Op:
        """What the step does."""
        return OPS.get(self.op)

    @cached_property
    def choices(self) -> dict[str, Between | Among]:
        """The parameters that are left to chance."""
        return {name: value for name, value in self.parameters.items() if isinstance(value, Between | Among)}

    @cached_property
    def is_random(self) -> bool:
        """Whether anything is left to chance."""
        return self.p < 1 or bool(self.choices)

    def record(self, chance: Chance) -> Step | None:
        """The plain step of one draw; None if it is left out."""
        if self.p < 1 and not chance.happens(self.p):
            return None
        drawn = {
            name: value.draw(chance) if isinstance(value, Between | Among) else value for name, value in self.parameters.items()
        }
        return Step(self.op, drawn)

    def draws(self, chances: Chances, rows: NDArray[np.intp]) -> list[Draws]:
        """What is drawn for many pictures at once, `rows` with their `chances`: for each what `record` draws."""
        chances, rows = _hit(self.p, chances, rows)
        drawn = {name: choice.draws(chances) for name, choice in self.choices.items()}
        fixed = {name: value for name, value in self.parameters.items() if name not in drawn}
        return [Draws(self.operation, rows, fixed, drawn)]

    @property
    def plain(self) -> Step:
        """The step itself where nothing is left to chance or to training, else a copy without these marks."""
        return self if self.p == 1 and self.when == "always" else Step(self.op, self.parameters)

    def apply(self, image: Image | None) -> Image:
        """Run a plain step on a picture that its operation takes; ImageError where it fails."""
        return applied(self.operation, image, self.parameters)

    def results(self, kind: Kind) -> set[Kind]:
        """Every kind of picture it may give for one of `kind`; PipelineError if it does not take that."""
        operation = self.operation
        if operation.role != "create" and not operation.takes(kind):
            raise PipelineError(f"{self.op} does not take {kind}", expected=operation.accepts, fix=_bridge(operation, kind))
        settings = list(self._settings())
        for name, alike in operation.parameters.marked(Alike).items():
            _hold_against(kind, [each[name] for each in settings], alike, f"{name} of {self.op}")
        found = {operation.result(kind, each) for each in settings}
        return found | {kind} if self.p < 1 else found

    def _settings(self) -> Iterator[dict[str, Any]]:
        """The parameters with every value that a choice may take, but of numbers one: no kind of picture depends on them."""
        choices = {name: list(choice.values()) for name, choice in self.choices.items()}
        told = [_telling(values) for values in choices.values()]
        for values in product(*told):
            yield {**self.parameters, **dict(zip(choices, values, strict=True))}

    def to_dict(self) -> dict[str, Any]:
        """The step as it stands in a file; pictures are written out, so that it needs no other file."""
        return _with_marks({self.op: {name: _plain(value, picture_to_text) for name, value in self.parameters.items()}}, self)

    def canonical(self) -> str:
        """The step in one form of text, with pictures named by their pixels."""
        body = {self.op: {name: _plain(value, _digest) for name, value in self.parameters.items()}}
        return _canonical_text(_with_marks(body, self))


@dataclass(frozen=True, eq=False)
class OneOf(_Canonical):
    """A choice: one of several steps is drawn, each as likely as the others.

    `options`: steps that edit a picture, without `when`; `when` and `p` are those of the choice, as in a `Step`. PipelineError for
    no step, or one that does not fit.

    >>> import sightline as sl
    >>> choice = sl.Pipeline((sl.OneOf((sl.Step("erode"), sl.Step("dilate"))),))
    >>> [choice.record(seed=1, item=item).steps[0].op for item in range(5)]
    ['erode', 'erode', 'erode', 'dilate', 'dilate']
    """

    options: tuple[Step, ...]
    when: When = "always"
    p: float = 1.0

    op = "one_of"
    is_random = True

    def __post_init__(self) -> None:
        _check_when(self.op, self.when, self.p)
        if not self.options:
            raise PipelineError("one_of has no steps", expected="at least one step")
        options = tuple(one if isinstance(one, Step | OneOf) else step_from(one) for one in self.options)
        object.__setattr__(self, "options", options)
        for option in options:
            if isinstance(option, OneOf):
                raise PipelineError("invalid one_of", expected="operations", received="another one_of")
            if option.operation.role == "create" or option.when != "always":
                raise PipelineError(f"{option.op} cannot be one of several", expected="a step that edits a picture, without 'when'")

    def record(self, chance: Chance) -> Step | None:
        """The plain step of one draw; None if none is taken."""
        if self.p < 1 and not chance.happens(self.p):
            return None
        return self.options[chance.index(len(self.options))].record(chance)

    def draws(self, chances: Chances, rows: NDArray[np.intp]) -> list[Draws]:
        """What is drawn for many pictures at once, `rows` with their `chances`: for each what `record` draws."""
        chances, rows = _hit(self.p, chances, rows)
        choice = chances.index(len(self.options))
        places = [np.flatnonzero(choice == number) for number in range(len(self.options))]
        found = [option.draws(chances.take(some), rows[some]) for option, some in zip(self.options, places, strict=True)]
        return [draws for each in found for draws in each]

    def results(self, kind: Kind) -> set[Kind]:
        """Every kind of picture it may give for one of `kind`; PipelineError if a step does not take that."""
        found = set().union(*(option.results(kind) for option in self.options))
        return found | {kind} if self.p < 1 else found

    def to_dict(self) -> dict[str, Any]:
        """The step as it stands in a file."""
        return _with_marks({"one_of": [option.to_dict() for option in self.options]}, self)

    def canonical(self) -> str:
        """The step in one form of text."""
        return _canonical_text(_with_marks({"one_of": [option.canonical() for option in self.options]}, self))


AnyStep = Step | OneOf


def step_from(item: object, context: object = NO_FILES) -> AnyStep:
    """The step that a file describes. `context`: the folder from which it may name pictures, or NO_FILES."""
    if isinstance(item, str):
        item = {item: {}}
    names = [key for key in item if key not in {"when", "p"}] if isinstance(item, dict) else []
    if not isinstance(item, dict) or len(names) != 1 or not isinstance(names[0], str):
        expected = "one operation such as 'flip: {}', and 'when' or 'p' if need be"
        marks = [name for name in names if name not in OPS and name != "one_of"]
        fix = nearest(str(marks[0]), ["when", "p"]) if len(names) - len(marks) == 1 else None
        raise PipelineError("not a step", expected=expected, received=brief(item), fix=fix)
    name, body = names[0], item[names[0]]
    when, p = item.get("when", "always"), item.get("p", 1.0)
    if name == "one_of":
        if not isinstance(body, list):
            raise PipelineError("invalid one_of", expected="a list of steps", received=brief(body))
        options = [step_from(option, context) for option in body]
        return OneOf(tuple(cast(list[Step], options)), when, p)
    if body is not None and not isinstance(body, dict):
        raise PipelineError(f"invalid step {name}", expected="a mapping of parameters", received=brief(body))
    return Step(name, body or {}, when, p, context)


def _hit(p: float, chances: Chances, rows: NDArray[np.intp]) -> tuple[Chances, NDArray[np.intp]]:
    """Those of many pictures to which something of probability `p` happens."""
    if p == 1:
        return chances, rows
    hit = np.flatnonzero(chances.happens(p))
    return chances.take(hit), rows[hit]


def _check_when(op: str, when: object, p: object) -> None:
    if when not in get_args(When):
        raise PipelineError(f"invalid 'when' of step {op}", expected=" | ".join(get_args(When)), received=brief(when))
    if not isinstance(p, int | float) or isinstance(p, bool) or not 0 <= p <= 1:
        raise PipelineError(f"invalid 'p' of step {op}", expected="a probability from 0 to 1", received=brief(p))


def _with_marks(body: dict[str, Any], step: AnyStep) -> dict[str, Any]:
    if step.p != 1:
        body["p"] = step.p
    if step.when != "always":
        body["when"] = step.when
    return body


def _hold_against(kind: Kind, values: list[Any], alike: Alike, what: str) -> None:
    """Refuse second pictures that do not fit a first one of `kind`."""
    for second in (kind_of(value) for value in values if isinstance(value, np.ndarray)):
        gray, colored = kind.channels == 1, second.channels > 1
        if second.dtype != kind.dtype or (gray and colored) or (alike.colored and not gray and not colored):
            raise PipelineError(f"{what} is {second}, but the picture {kind}", fix="Bring one to the kind of the other.")


def _telling(values: list[Any]) -> list[Any]:
    """Of values those that may decide about the kind of the result: words, each once, pictures, and one number."""
    words = list(dict.fromkeys(value for value in values if isinstance(value, str | bool | None)))
    pictures = [value for value in values if isinstance(value, np.ndarray)]
    others = [value for value in values if not isinstance(value, str | bool | None | np.ndarray)]
    return [*words, *pictures, *others[:1]]


def _plain(value: Any, of_picture: Any) -> Any:
    if isinstance(value, Between | Among):
        return {key: [_plain(one, of_picture) for one in values] for key, values in value.to_plain().items()}
    if isinstance(value, np.ndarray):
        return of_picture(value)
    if isinstance(value, tuple):
        return [_plain(one, of_picture) for one in value]
    return str(value) if isinstance(value, Path) else value


def _digest(image: Image) -> str:
    pixels = hashlib.sha256(np.ascontiguousarray(image).data).hexdigest()
    return f"{image.dtype.name} {image.shape} {pixels}"


def _canonical_text(body: dict[str, Any]) -> str:
    return json.dumps(body, sort_keys=True, separators=(",", ":"))


def _bridge(operation: Op, kind: Kind) -> str:
    """The operations that would make the picture fit, as advice."""
    needed = []
    if kind.channels not in operation.channels:
        needed.append({1: "to_gray", 3: "to_rgb", 4: "to_rgba"}[min(operation.channels)])
    if kind.dtype not in operation.dtypes:
        needed.append({"uint8": "to_depth8", "uint16": "to_depth16", "float32": "to_float"}[operation.dtypes[0]])
    return f"Put {' and '.join(needed)} before it."
