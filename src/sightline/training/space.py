"""What tuning tries: for each parameter the values it may take, as the parameters' own types state them or a file narrows them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sightline.errors import InputError, ParameterError, PipelineError, brief
from sightline.models import MODELS
from sightline.params import Parameter, Tunable, describe, marked
from sightline.pipeline.document import from_text
from sightline.registry import nearest
from sightline.training.config import Recipe, TrainConfig

__all__ = ["Dimension", "Space", "check_space", "read_space", "space_from", "usual_space"]

Owner = Literal["recipe", "model", "training"]
USUAL = "usual"
FORM = "usual, {between: [low, high], log: true} or {one_of: [...]}"
NOT_TUNED = {"data", "arguments", "recipe", "preset", "model", "weights", "teacher", "pipeline", "seed", "validation"} | {
    "epochs", "patience", "unknown_rejection", "workers"
}  # fmt: skip
"""Fields of a training that all trials share: with others their scores would not compare, or would be the same."""


@dataclass(frozen=True)
class Dimension:
    """A parameter that is tuned: from `low` to `high`, with `log` on a logarithmic scale; or among `values`."""

    name: str
    owner: Owner
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    values: tuple[Any, ...] = ()

    def holds(self, value: Any) -> bool:
        """Whether a trial may take `value`."""
        if self.values:
            return _plain(value) in [_plain(one) for one in self.values]
        return isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high

    @property
    def ends(self) -> tuple[Any, ...]:
        """The values that say whether all will be accepted: each of `values`, or both ends."""
        if self.values:
            return self.values
        return (int(self.low), int(self.high)) if self.whole else (self.low, self.high)

    def share(self, value: Any) -> float:
        """Where `value` lies between the ends, from 0 to 1, as the scale has it; values of a list stand at equal distances."""
        if self.values:
            return [_plain(one) for one in self.values].index(_plain(value)) / max(len(self.values) - 1, 1)
        low, high, at = (math.log(x) for x in (self.low, self.high, value)) if self.log else (self.low, self.high, value)
        return (at - low) / (high - low)

    @property
    def marks(self) -> tuple[Any, ...]:
        """Values to write beside an axis: all of `values`, or the ends and what lies in the middle."""
        if self.values:
            return self.values
        middle = math.sqrt(self.low * self.high) if self.log else (self.low + self.high) / 2
        return (self.ends[0], round(middle) if self.whole else middle, self.ends[1])

    def spelled(self) -> dict[str, Any]:
        """The entry of a file that says this."""
        if self.values:
            return {"one_of": [_plain(value) for value in self.values]}
        return {"between": list(self.ends), **({"log": True} if self.log else {})}


@dataclass(frozen=True)
class Space:
    """What is tuned, in the order in which it is stated."""

    dimensions: tuple[Dimension, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    """What would be tuned but has no effect in this training, and why."""

    @property
    def size(self) -> float:
        """How many different trials there are; infinite where a parameter may be any number between two."""
        counts = [len(one.values) if one.values else one.high - one.low + 1 if one.whole else math.inf for one in self.dimensions]
        return math.prod(counts)

    def spelled(self) -> dict[str, Any]:
        """The content of a file that says this space."""
        return {"format": 1, "space": {dimension.name: dimension.spelled() for dimension in self.dimensions}}

    def config(self, training: TrainConfig, values: Mapping[str, Any]) -> TrainConfig:
        """The configuration of the trial that takes `values`; ParameterError where they do not go together."""
        owned: dict[Owner, dict[str, Any]] = {"recipe": {}, "model": {}, "training": {}}
        for dimension in self.dimensions:
            if dimension.name in values:
                owned[dimension.owner][dimension.name] = _plain(values[dimension.name])
        return training.changed(recipe=owned["recipe"], arguments=owned["model"], **owned["training"])

    def values_of(self, training: TrainConfig) -> dict[str, Any]:
        """What `training` itself has for the parameters, as far as trials may take that."""
        stated = {
            "recipe": training.recipe.model_dump(),
            "model": {**MODELS.get(training.model).parameters.defaults, **training.arguments},
            "training": training.model_dump(exclude={"recipe", "arguments"}),
        }
        found = [(one, stated[one.owner][one.name]) for one in self.dimensions if one.name in stated[one.owner]]
        return {one.name: _plain(value) for one, value in found if one.holds(value)}


def usual_space(training: TrainConfig, fixed: Collection[str] = ()) -> Space:
    """What the types of the recipe's and the architecture's parameters say is worth trying, without those that are `fixed`.

    What has no effect in this training is left out. InputError where nothing is left.
    """
    kept: list[Dimension] = []
    left_out: dict[str, str] = {}
    for name in _known(training):
        if name in fixed or (dimension := _usual(name, training)) is None:
            continue
        if dimension.owner == "model" and training.weights not in {"none", "imagenet"}:
            left_out[name] = "it is that of the weights to begin with"
            continue
        try:
            check_space(Space((*kept, dimension)), training)
            kept.append(dimension)
        except ParameterError as error:
            left_out[name] = error.what
    if not kept:
        raise InputError("nothing is left to tune", fix="Give fewer of the parameters, or name some in a file with --space.")
    return Space(tuple(kept), left_out)


def read_space(path: str | Path, training: TrainConfig, fixed: Collection[str] = ()) -> Space:
    """The space that a file names: exactly its parameters are tuned. InputError says what does not fit."""
    place = Path(path)
    try:
        content = from_text(place.read_text(encoding="utf-8"), is_json=place.suffix.lower() == ".json")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {str(path)!r}: {getattr(error, 'strerror', None) or error}") from None
    except PipelineError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.problem}") from None
    return space_from(content, training, fixed, where=repr(str(path)))


def space_from(content: object, training: TrainConfig, fixed: Collection[str] = (), *, where: str = "the space") -> Space:
    """The space that the `content` of a file names; see `read_space`."""
    if not isinstance(content, Mapping) or set(content) != {"format", "space"} or content["format"] != 1:
        raise InputError(
            f"{where} is no space to tune in", expected="`format: 1` and `space:` with parameters", received=brief(content)
        )
    entries = content["space"]
    if not isinstance(entries, Mapping) or not entries:
        raise InputError(f"{where} names no parameters", expected=f"a name and {FORM}", received=brief(entries))
    space = Space(tuple(_dimension(name, entry, training, fixed, where) for name, entry in entries.items()))
    try:
        check_space(space, training)
    except ParameterError as error:
        raise InputError(f"{where} cannot be tuned in: {error.problem}", fix=error.fix) from None
    return space


def check_space(space: Space, training: TrainConfig) -> None:
    """ParameterError unless each value of each parameter is accepted beside the first of all others."""
    first = {dimension.name: dimension.ends[-1] for dimension in space.dimensions}
    for dimension in space.dimensions:
        for value in dimension.ends:
            space.config(training, {**first, dimension.name: value})


def _known(training: TrainConfig) -> dict[str, tuple[Owner, Parameter]]:
    """Every parameter that could be tuned, by name."""
    architecture = MODELS.get(training.model).parameters.describe()
    derived = {"input_shape", "classes", "pool_first", "normalize"}
    found: dict[str, tuple[Owner, Parameter]] = {one.name: ("recipe", one) for one in describe(Recipe)}
    found |= {one.name: ("training", one) for one in describe(TrainConfig) if one.name not in NOT_TUNED}
    return found | {one.name: ("model", one) for one in architecture if one.name not in derived}


def _usual(name: str, training: TrainConfig) -> Dimension | None:
    owner, parameter = _known(training)[name]
    marks = {
        "recipe": marked(Recipe, Tunable),
        "training": marked(TrainConfig, Tunable),
        "model": MODELS.get(training.model).parameters.marked(Tunable),
    }[owner]
    mark = marks.get(name)
    if mark is None:
        return None
    if mark.values:
        return Dimension(name, owner, values=mark.values)
    assert mark.low is not None and mark.high is not None  # noqa: PT018 - a mark has both or values
    return Dimension(name, owner, float(mark.low), float(mark.high), mark.log, parameter.type == "int")


def _dimension(name: object, entry: object, training: TrainConfig, fixed: Collection[str], where: str) -> Dimension:
    known = _known(training)
    if name not in known or not isinstance(name, str):
        raise InputError(f"{where} names {brief(name)}, which is no parameter to tune", fix=nearest(str(name), list(known)))
    if name in fixed:
        raise InputError(f"{name} is given and tuned at the same time", fix=f"Leave it out of {where}, or do not give it.")
    owner, parameter = known[name]
    if entry == USUAL:
        usual = _usual(name, training)
        if usual is None:
            raise InputError(f"{name} has no usual range", expected=FORM.removeprefix("usual, "), received=f"{USUAL} in {where}")
        return usual
    number = parameter.type in {"int", "float"}
    if isinstance(entry, Mapping) and set(entry) == {"one_of"} and isinstance(entry["one_of"], list) and entry["one_of"]:
        return Dimension(name, owner, values=tuple(_read(value) if number else value for value in entry["one_of"]))
    if isinstance(entry, Mapping) and {"between"} <= set(entry) <= {"between", "log"} and number:
        return _between(name, owner, entry, parameter.type == "int", where)
    raise InputError(f"cannot tune {name} in {brief(entry)}", expected=FORM, received=f"that in {where}")


def _between(name: str, owner: Owner, entry: Mapping[str, Any], whole: bool, where: str) -> Dimension:
    ends, log = entry["between"], entry.get("log", False)
    ends = list(map(_read, ends)) if isinstance(ends, list) else ends
    kinds = int if whole else (int, float)
    right = isinstance(ends, list) and len(ends) == 2 and all(isinstance(x, kinds) and not isinstance(x, bool) for x in ends)
    if not right or not isinstance(log, bool) or not ends[0] < ends[1] or (log and ends[0] <= 0):
        rule = f"two {'whole ' if whole else ''}numbers, the lower first" + (", above 0 with log" if log is True else "")
        raise InputError(f"cannot tune {name} in {brief(dict(entry))}", expected=rule, received=f"that in {where}")
    return Dimension(name, owner, float(ends[0]), float(ends[1]), log, whole)


def _read(value: Any) -> Any:
    """A number that YAML takes for text, as it does `1e-4`."""
    if isinstance(value, str):
        with suppress(ValueError):
            number = float(value)
            return int(number) if number.is_integer() and "." not in value else number
    return value


def _plain(value: Any) -> Any:
    """Tuples as the lists that files have."""
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value
