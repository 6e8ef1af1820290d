"""Chance in pipelines: values drawn from (seed, item, step), never from the order or the number of workers.

Numbers come from raw 64-bit draws of PCG64, whose stream NumPy promises never to change, unlike that of its
distributions: a seed gives the same pictures with every version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from sightline.errors import PipelineError, brief
from sightline.registry import nearest

__all__ = ["Among", "Between", "Chance", "Item", "chance_of", "random_value"]

Item = int | str
"""What names a picture among others: its index, or its path relative to where the batch begins."""


class Chance:
    """Uniform numbers of one step for one item.

    >>> chance_of(0, "a.png", 1).uniform() == chance_of(0, "a.png", 1).uniform()
    True
    """

    def __init__(self, entropy: list[int]) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(entropy))

    def uniform(self) -> float:
        """The next number in [0, 1), with all 53 bits of a float."""
        return float(int(self._bits.random_raw()) >> 11) * 2.0**-53

    def index(self, count: int) -> int:
        """The next whole number from 0 to `count` - 1."""
        return min(int(self.uniform() * count), count - 1)


def chance_of(seed: int, item: Item, step: int) -> Chance:
    """The chance of step number `step` for one item."""
    if isinstance(item, str):
        item = int.from_bytes(hashlib.sha256(item.encode("utf-8", "surrogatepass")).digest()[:8], "little")
    if not all(isinstance(number, int | np.integer) and number >= 0 for number in (seed, item)):
        raise PipelineError("invalid seed or item", expected="whole numbers from 0 up", received=f"{brief(seed)} and {brief(item)}")
    return Chance([int(seed), int(item), step])


@dataclass(frozen=True)
class Between:
    """A parameter drawn evenly from `low` to `high`, both possible; whole numbers where both are whole."""

    low: float
    high: float

    def draw(self, chance: Chance) -> float:
        """One value."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return self.low + chance.index(self.high - self.low + 1)
        return self.low + (self.high - self.low) * chance.uniform()

    def values(self) -> Iterator[float]:
        """Both ends: what has to be valid for every draw to be."""
        yield self.low
        yield self.high

    def with_values(self, values: list[Any]) -> Between:
        """The same choice between ends that have been checked."""
        low, high = values
        if low > high:
            raise PipelineError("invalid 'between'", expected="the smaller number first", received=f"[{low}, {high}]")
        return Between(low, high)

    def to_plain(self) -> dict[str, Any]:
        """The choice as it stands in a file."""
        return {"between": [self.low, self.high]}


@dataclass(frozen=True)
class Among:
    """A parameter drawn from a list of values, each as likely as the others."""

    choices: tuple[Any, ...]

    def draw(self, chance: Chance) -> Any:
        """One of the values."""
        return self.choices[chance.index(len(self.choices))]

    def values(self) -> Iterator[Any]:
        """Every value."""
        yield from self.choices

    def with_values(self, values: list[Any]) -> Among:
        """The same choice among values that have been checked."""
        return Among(tuple(values))

    def to_plain(self) -> dict[str, Any]:
        """The choice as it stands in a file."""
        return {"one_of": list(self.choices)}


def random_value(value: object) -> Between | Among | None:
    """The choice that `value` stands for: `{between: [low, high]}`, `{one_of: [a, b, ...]}`, or one made already."""
    if isinstance(value, Between | Among):
        return value
    if not isinstance(value, dict):
        return None
    if set(value) == {"between"}:
        ends = value["between"]
        numbers = isinstance(ends, list | tuple) and all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends)
        if not numbers or len(ends) != 2:
            raise PipelineError("invalid 'between'", expected="two numbers such as [0.5, 2]", received=brief(ends))
        return Between(*ends)
    if set(value) == {"one_of"}:
        choices = value["one_of"]
        if not isinstance(choices, list | tuple) or not 1 <= len(choices) <= 1000:
            raise PipelineError("invalid 'one_of'", expected="a list of values", received=brief(choices))
        return Among(tuple(choices))
    fix = nearest(str(next(iter(value))), ["between", "one_of"]) if len(value) == 1 else None
    expected = "a value, {between: [low, high]} or {one_of: [a, b]}"
    raise PipelineError("invalid value", expected=expected, received=brief(value), fix=fix)
