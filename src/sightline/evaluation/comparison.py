"""Two models on the same pictures: which is better, by how much, where, and whether that may be chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.errors import DatasetError, ParameterError
from sightline.evaluation.metrics import Evaluation, wilson
from sightline.evaluation.words import pictures, signed

__all__ = ["Comparison", "RecallChange", "mcnemar", "paired_interval"]

CHANCE = 0.05  # a difference that chance makes this often, or more often, is none


def mcnemar(only_a: int, only_b: int) -> float:
    """How often chance splits the pictures that one alone reads right as unevenly as this, or more: McNemar's test, exact.

    Two-sided binomial test with p = 1/2 (McNemar 1947; exact form: Dietterich 1998, Neural Computation 10, section 3.1).

    >>> mcnemar(1, 9), mcnemar(5, 5)
    (0.021484375, 1.0)
    """
    if min(only_a, only_b) < 0:
        raise ParameterError("no counts", expected="at least 0", received=f"{only_a} and {only_b}")
    total = only_a + only_b
    tail = ways = 1  # of k pictures going to the rarer side, k = 0
    for k in range(min(only_a, only_b)):
        ways = ways * (total - k) // (k + 1)
        tail += ways
    return float(min(1.0, 2 * tail / 2**total))  # whole numbers of any size: nothing is rounded before the division


def paired_interval(both: int, only_a: int, only_b: int, neither: int) -> tuple[float, float]:
    """The 95 % interval of the accuracy of B less that of A on the same pictures.

    The score interval that takes into account how the two go together: method 10 of Newcombe 1998, Statistics in Medicine 17,
    2635-2650.

    >>> [round(bound, 4) for bound in paired_interval(36, 12, 2, 0)]
    [-0.3404, -0.0569]
    """
    total = both + only_a + only_b + neither
    if min(both, only_a, only_b, neither) < 0 or total == 0:
        raise ParameterError("no counts", expected="at least 0, and one picture", received=f"{both}, {only_a}, {only_b}, {neither}")
    right_a, right_b = both + only_a, both + only_b
    a, b = right_a / total, right_b / total
    (low_a, high_a), (low_b, high_b) = wilson(right_a, total), wilson(right_b, total)
    phi = _correlation(both, only_a, only_b, neither)
    down, up = b - low_b, high_b - b
    down_a, up_a = a - low_a, high_a - a
    low = (b - a) - sqrt(max(0.0, down**2 - 2 * phi * down * up_a + up_a**2))
    high = (b - a) + sqrt(max(0.0, up**2 - 2 * phi * up * down_a + down_a**2))
    return max(-1.0, low), min(1.0, high)


def _correlation(both: int, only_a: int, only_b: int, neither: int) -> float:
    """How far the two are right together, from -1 to 1; with Newcombe's correction for continuity where it is positive."""
    margins = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    if margins == 0:
        return 0.0
    together = both * neither - only_a * only_b
    half = (both + only_a + only_b + neither) / 2
    return (max(together - half, 0.0) if together > 0 else together) / sqrt(margins)


@dataclass(frozen=True)
class RecallChange:
    """The recall of one class by both models, in [0, 1], NaN without pictures; `low` to `high`: 95 % interval of B less A."""

    name: str
    a: float
    b: float
    low: float
    high: float
    support: int

    @property
    def change(self) -> float:
        """B less A."""
        return self.b - self.a


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two evaluations of the same pictures; `names` are what the models are called. DatasetError if they are of other ones."""

    names: tuple[str, str]
    a: Evaluation
    b: Evaluation
    data: str = ""

    def __post_init__(self) -> None:
        a, b = self.a, self.b
        if a.classes != b.classes:
            raise DatasetError("the models have different labels", expected=", ".join(a.classes), received=", ".join(b.classes))
        if a.names != b.names or not np.array_equal(a.labels, b.labels):
            raise DatasetError("the models were evaluated on different pictures", fix="Name the pictures with --data.")

    def __len__(self) -> int:
        return len(self.a)

    def __repr__(self) -> str:
        a, b = self.names
        return f"<Comparison of {a} ({self.a.accuracy:.2%}) and {b} ({self.b.accuracy:.2%}) on {pictures(len(self))}>"

    @cached_property
    def only_a(self) -> NDArray[np.intp]:
        """Pictures that A alone labels rightly, those first where B is most sure of its mistake."""
        return _sorted_by(self.b.confidence, self.a.correct & ~self.b.correct)

    @cached_property
    def only_b(self) -> NDArray[np.intp]:
        """Pictures that B alone labels rightly, those first where A is most sure of its mistake."""
        return _sorted_by(self.a.confidence, self.b.correct & ~self.a.correct)

    @cached_property
    def both_wrong(self) -> NDArray[np.intp]:
        """Pictures that both label wrongly, and differently, the most confident first."""
        differ = ~self.a.correct & ~self.b.correct & (self.a.predictions != self.b.predictions)
        return _sorted_by(np.maximum(self.a.confidence, self.b.confidence), differ)

    @property
    def difference(self) -> float:
        """The accuracy of B less that of A."""
        return self.b.accuracy - self.a.accuracy

    @cached_property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the difference, by `paired_interval`."""
        return paired_interval(*_counts(self.a.correct, self.b.correct))

    @cached_property
    def p_value(self) -> float:
        """How often chance alone makes so great a difference, by `mcnemar`."""
        return mcnemar(len(self.only_a), len(self.only_b))

    @property
    def chance(self) -> str:
        """The p-value as it follows the letter: "= 0.03", "< 0.0001"."""
        value = self.p_value
        return "< 0.0001" if value < 0.0001 else f"= {value:.2g}" if value < 0.995 else "= 1"

    @cached_property
    def per_class(self) -> tuple[RecallChange, ...]:
        """The recall of every class by both, in the order of the classes."""
        found = []
        for index, name in enumerate(self.a.classes):
            of = self.a.labels == index
            support = int(of.sum())
            if not support:
                found.append(RecallChange(name, *4 * (float("nan"),), 0))
                continue
            a, b = self.a.correct[of], self.b.correct[of]
            found.append(RecallChange(name, float(a.mean()), float(b.mean()), *paired_interval(*_counts(a, b)), support))
        return tuple(found)

    def finding(self) -> str:
        """Which is better and how sure that is, in one sentence."""
        only = f"{pictures(len(self.only_b))} only {self.names[1]} reads right, {len(self.only_a):,} only {self.names[0]}"
        chance = f"p {self.chance}"
        if not len(self.only_a) and not len(self.only_b):
            return f"No difference at all: both read the same {pictures(int(self.a.correct.sum()))} right"
        if self.p_value >= CHANCE:
            low, high = (signed(bound, self._digits) for bound in self.interval)
            return f"No difference can be shown ({low} to {high} points, {chance}): {only}"
        better, size, interval = (self.names[1], self.difference, self.interval)
        if size < 0:
            better, size, interval = self.names[0], -size, (-self.interval[1], -self.interval[0])
        low, high = (f"{100 * bound:.{self._digits}f}".replace("-", "\N{MINUS SIGN}") for bound in interval)
        return f"{better} is better by {100 * size:.{self._digits}f} points ({low} to {high}), {chance}: {only}"

    @property
    def _digits(self) -> int:
        return 2 if self.interval[1] - self.interval[0] < 0.004 else 1

    def to_dict(self) -> dict[str, Any]:
        """Everything compared as plain values that JSON takes; a recall that is undefined is None."""
        low, high = self.interval
        return {
            "models": list(self.names),
            "data": self.data,
            "split": self.a.split,
            "pictures": len(self),
            "accuracy": [self.a.accuracy, self.b.accuracy],
            "difference": self.difference,
            "difference_interval_95": [low, high],
            "p_value": self.p_value,
            "both_right": int((self.a.correct & self.b.correct).sum()),
            "only_first_right": len(self.only_a),
            "only_second_right": len(self.only_b),
            "both_wrong_differently": len(self.both_wrong),
            "classes": [_plain(change) for change in self.per_class],
            "disagreements": [
                {"kind": kind, "pictures": [self._disagreement(int(index)) for index in indices]}
                for kind, indices in (
                    ("only first right", self.only_a),
                    ("only second right", self.only_b),
                    ("both wrong differently", self.both_wrong),
                )
            ],
            "finding": self.finding(),
        }

    def _disagreement(self, index: int) -> dict[str, Any]:
        classes = self.a.classes
        said = [{"label": classes[int(one.predictions[index])], "confidence": float(one.confidence[index])} for one in self.sides]
        return {"name": self.a.names[index], "label": classes[int(self.a.labels[index])], "predicted": said}

    @property
    def sides(self) -> Sequence[Evaluation]:
        """Both evaluations."""
        return self.a, self.b


def _sorted_by(confidence: NDArray[np.float64], where: NDArray[np.bool_]) -> NDArray[np.intp]:
    found = np.flatnonzero(where)
    return found[np.argsort(-confidence[found], kind="stable")]


def _counts(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    return int((a & b).sum()), int((a & ~b).sum()), int((~a & b).sum()), int((~a & ~b).sum())


def _plain(change: RecallChange) -> dict[str, Any]:
    known = change.support > 0
    recall = [change.a, change.b] if known else [None, None]
    interval = [change.low, change.high] if known else None
    difference = change.change if known else None
    return {
        "name": change.name,
        "recall": recall,
        "difference": difference,
        "difference_interval_95": interval,
        "support": change.support,
    }
