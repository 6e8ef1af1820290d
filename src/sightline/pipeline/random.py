"""Chance in pipelines: values drawn from (seed, epoch, item, step), never from the order or the number of workers.

Numbers come from SplitMix64, begun with what the four words are mixed to. `Chance` draws for one item, `Chances` for many at
once, each the same as alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.errors import PipelineError, brief
from sightline.registry import nearest
from sightline.splitmix import GAMMA, MASK, absorbed, mixed, unit

__all__ = ["Among", "Between", "Chance", "Chances", "Item", "random_value"]

Item = int | str
"""What names a picture among others: its index, or its path relative to where the batch begins."""


class Chance:
    """What is left to chance in one step for one item: of every epoch anew, of a seed always the same.

    >>> Chance(0, "a.png", 1).uniform() == Chance(0, "a.png", 1).uniform()
    True
    """

    def __init__(self, seed: int, item: Item, step: int, epoch: int = 0) -> None:
        """PipelineError unless all are whole numbers from 0 to 2**64 - 1; an item may be a text as well."""
        number = _number_of(item) if isinstance(item, str) else item
        for word in (seed, number, epoch):
            if not (isinstance(word, int | np.integer) and 0 <= word <= MASK):
                expected, received = "whole numbers from 0 to 2**64 - 1", f"{brief(seed)}, {brief(item)} and {brief(epoch)}"
                raise PipelineError("invalid seed, item or epoch", expected=expected, received=received)
        self._epoch = int(epoch)
        self._always = absorbed(int(seed), int(number), step)
        self._now = absorbed(self._always, self._epoch)

    def uniform(self) -> float:
        """The next number in [0, 1), with all 53 bits of a float."""
        self._now = (self._now + GAMMA) & MASK
        return float(unit(mixed(self._now)))

    def index(self, count: int) -> int:
        """The next whole number from 0 to `count` - 1."""
        return min(int(self.uniform() * count), count - 1)

    def happens(self, p: float) -> bool:
        """Whether something of probability `p` does, in its share of an item's epochs as evenly as can be.

        With 0.5 in every other epoch, half of the items in the first one: two epochs show both sides of each picture, where a
        coin would show one side twice to half of them (Jordan 2024, arXiv:2404.00498).
        """
        self._always = (self._always + GAMMA) & MASK
        first = float(unit(mixed(self._always)))
        return (first + self._epoch * p) % 1.0 < p


class Chances:
    """`Chance` for many items at once, named by their indices: what each draws, as arrays `(N,)`.

    >>> alone = [Chance(0, item, 1).uniform() for item in (5, 9)]
    >>> Chances(0, np.array([5, 9], np.uint64), 1).uniform().tolist() == alone
    True
    """

    def __init__(self, seed: int, items: NDArray[np.uint64], step: int, epoch: int = 0) -> None:
        self._epoch = epoch
        self._always: NDArray[np.uint64] = absorbed(seed, items, step)
        self._now: NDArray[np.uint64] = absorbed(self._always, epoch)

    def uniform(self) -> NDArray[np.float64]:
        """The next number in [0, 1) of each."""
        self._now = self._now + np.uint64(GAMMA)
        numbers: NDArray[np.float64] = unit(mixed(self._now))
        return numbers

    def index(self, count: int) -> NDArray[np.int64]:
        """The next whole number from 0 to `count` - 1 of each."""
        return np.minimum((self.uniform() * count).astype(np.int64), count - 1)

    def happens(self, p: float) -> NDArray[np.bool_]:
        """For which of them something of probability `p` does."""
        self._always = self._always + np.uint64(GAMMA)
        happening: NDArray[np.bool_] = (unit(mixed(self._always)) + self._epoch * p) % 1.0 < p
        return happening

    def take(self, rows: NDArray[np.intp]) -> Chances:
        """The chances of some of them, as they stand."""
        taken = object.__new__(Chances)
        taken._epoch, taken._always, taken._now = self._epoch, self._always[rows], self._now[rows]
        return taken


def _number_of(item: str) -> int:
    return int.from_bytes(hashlib.sha256(item.encode("utf-8", "surrogatepass")).digest()[:8], "little")


MOST = 1000
"""Values that a choice may have."""


@dataclass(frozen=True)
class Between:
    """A parameter drawn evenly from `low` to `high`, both possible; whole numbers where both are whole.

    Both are in the parameter's unit and range, which a `Step` checks: ParameterError for one that does not fit, PipelineError where
    the larger stands first. Of a parameter that may be a fraction both become one. In a file: `{between: [low, high]}`.

    >>> import sightline as sl
    >>> turn = sl.Pipeline((sl.Step("rotate", {"angle": sl.Between(-10, 10)}),))
    >>> [round(turn.record(seed=1, item=item).steps[0].parameters["angle"], 1) for item in range(5)]
    [-5.8, -9.6, -0.8, 7.0, 0.9]
    """

    low: float
    high: float

    def draw(self, chance: Chance) -> float:
        """One value."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return self.low + chance.index(self.high - self.low + 1)
        return self.low + (self.high - self.low) * chance.uniform()

    def draws(self, chances: Chances) -> list[float]:
        """One value for each item."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            whole: list[float] = (self.low + chances.index(self.high - self.low + 1)).tolist()
            return whole
        numbers: list[float] = (self.low + (self.high - self.low) * chances.uniform()).tolist()
        return numbers

    def values(self) -> Iterator[float]:
        """Both ends: what has to be valid for every draw to be."""
        yield self.low
        yield self.high

    def with_values(self, values: list[Any]) -> Between:
        """The same choice between ends that have been checked; PipelineError where the larger stands first."""
        low, high = values
        if low > high:
            raise PipelineError("invalid 'between'", expected="the smaller number first", received=f"[{low}, {high}]")
        return Between(low, high)

    def to_plain(self) -> dict[str, Any]:
        """The choice as it stands in a file."""
        return {"between": [self.low, self.high]}


@dataclass(frozen=True)
class Among:
    """A parameter drawn from a list of values, each as likely as the others.

    `choices` are in the parameter's unit and range, which a `Step` checks: ParameterError for one that does not fit. In a file:
    `{one_of: [a, b, c]}`. PipelineError for none, or more than a thousand.

    >>> import sightline as sl
    >>> turn = sl.Pipeline((sl.Step("rotate", {"angle": sl.Among((0, 90, 180))}),))
    >>> [turn.record(seed=1, item=item).steps[0].parameters["angle"] for item in range(5)]
    [0.0, 0.0, 90.0, 180.0, 90.0]
    """

    choices: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.choices) <= MOST:
            raise PipelineError("invalid 'one_of'", expected=f"a list of 1 to {MOST:,} values", received=f"{len(self.choices):,}")

    def draw(self, chance: Chance) -> Any:
        """One of the values."""
        return self.choices[chance.index(len(self.choices))]

    def draws(self, chances: Chances) -> list[Any]:
        """One of the values for each item."""
        return [self.choices[index] for index in chances.index(len(self.choices)).tolist()]

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
        if not isinstance(choices, list | tuple):
            raise PipelineError("invalid 'one_of'", expected="a list of values", received=brief(choices))
        return Among(tuple(choices))
    fix = nearest(str(next(iter(value))), ["between", "one_of"]) if len(value) == 1 else None
    expected = "a value, {between: [low, high]} or {one_of: [a, b]}"
    raise PipelineError("invalid value", expected=expected, received=brief(value), fix=fix)
