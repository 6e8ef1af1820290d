"""What came of the trials of a tuning: which is the best, how sure that is, and which parameters made the difference."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from sightline.evaluation.words import percent

__all__ = ["Axis", "By", "TuningFound", "TuningTrial", "spelled"]

By = Literal["accuracy", "loss"]
TrialState = Literal["open", "done", "ended", "failed"]


@dataclass(frozen=True)
class TuningTrial:
    """A training with values of its own. `curve`: what trials are judged by, after every epoch, on held-out pictures.

    `open`: under way or stopped; `done`: trained to its end; `ended`: too weak to go on with; `failed`: see `error`.
    """

    number: int
    name: str
    values: Mapping[str, Any]
    state: TrialState
    curve: Sequence[float] = ()
    score: float | None = None
    error: str = ""
    seconds: float = 0.0

    @property
    def epochs(self) -> int:
        """Those that were trained."""
        return len(self.curve)


@dataclass(frozen=True)
class Axis:
    """A parameter that was tuned: where a value lies between the ends, from 0 to 1, and values to write beside it.

    `ranges`: the marks are low, middle and high of a range; else they are all values there are.
    """

    name: str
    share: Callable[[Any], float]
    marks: Sequence[Any]
    ranges: bool


@dataclass(frozen=True)
class TuningFound:
    """A tuning with its trials, in the order in which they began. `held_out`: the pictures that trials are judged by.

    `told`: the number of the trial of the training as it was told, with nothing changed, if there is one.
    `importance`: how much of what is special about the best third each parameter explains, all together 1; empty where there are
    too few trials to say. `test`: the best trial's accuracy on the test set with its interval, once it is measured.
    """

    name: str
    data: str
    model: str
    by: By
    epochs: int
    held_out: int
    trials: Sequence[TuningTrial]
    axes: Sequence[Axis]
    told: int | None = None
    importance: Mapping[str, float] = field(default_factory=dict)
    test: tuple[float, tuple[float, float]] | None = None

    @property
    def ranked(self) -> list[TuningTrial]:
        """The best first: those trained to the end, then those that came farthest."""
        return sorted((one for one in self.trials if one.score is not None), key=self._rank)

    @property
    def best(self) -> TuningTrial | None:
        """The best of those that were trained to their end; None if there is none."""
        done = [one for one in self.ranked if one.state == "done"]
        return done[0] if done else None

    @property
    def first(self) -> TuningTrial | None:
        """The trial of the training as it was told, if it came to its end."""
        first = next((one for one in self.trials if one.number == self.told), None)
        return first if first is not None and first.state == "done" else None

    @property
    def near(self) -> list[TuningTrial]:
        """Others that came to their end and are no worse than the best by more than the best's standard error; by accuracy only."""
        if self.best is None or self.by != "accuracy":
            return []
        least = _score(self.best) - self.error_of(_score(self.best))
        return [one for one in self.ranked if one.state == "done" and one is not self.best and _score(one) >= least]

    def error_of(self, share: float) -> float:
        """The standard error of an accuracy on the held-out pictures: sqrt(p (1 - p) / n)."""
        return math.sqrt(share * (1 - share) / max(self.held_out, 1))

    def _rank(self, one: TuningTrial) -> tuple[bool, int, float, int]:
        score = _score(one)
        return (
            one.state != "done",
            0 if one.state == "done" else -one.epochs,
            -score if self.by == "accuracy" else score,
            one.number,
        )

    def shown(self, score: float) -> str:
        """A score as a person reads it."""
        return percent(score, 2) if self.by == "accuracy" else f"{score:.4f}"

    def finding(self) -> str:
        """In a sentence or two, what is best and how much that means."""
        if self.best is None:
            return "No trial has come to its end"
        text = f"Trial {self.best.number} is the best, with {self._told(self.best)}"
        if self.first is not None and self.first is not self.best:
            text += f"; the training as it was told has {self.shown(_score(self.first))}"
        elif self.first is not None:
            text += ": the training as it was told"
        if self.near:
            count = len(self.near)
            others = f"{count} other{'' if count == 1 else 's'} {'is' if count == 1 else 'are'}"
            text += (
                f". {others} within its standard error of {100 * self.error_of(_score(self.best)):.2f} points: chance may decide"
            )
        return text

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data for JSON."""
        return {
            "data": self.data,
            "model": self.model,
            "by": self.by,
            "epochs": self.epochs,
            "held_out": self.held_out,
            "trials": [asdict(one) | {"curve": list(one.curve)} for one in self.trials],
            "importance": dict(self.importance),
            "test_accuracy": None if self.test is None else self.test[0],
        }

    def _told(self, one: TuningTrial) -> str:
        what = (
            f"{self.shown(_score(one))} of the held-out pictures right"
            if self.by == "accuracy"
            else f"a held-out loss of {self.shown(_score(one))}"
        )
        epochs = f"{one.epochs} epoch{'' if one.epochs == 1 else 's'}"
        return f"{what} after {epochs}" if one.score == one.curve[-1] else f"{what} in the best of {epochs}"


def _score(one: TuningTrial) -> float:
    assert one.score is not None
    return one.score


def spelled(value: Any) -> str:
    """A value of a parameter, with the digits a person needs.

    >>> spelled(0.0123456), spelled([64, 64, 32]), spelled("muon")
    ('0.0123', '64,64,32', 'muon')
    """
    if isinstance(value, list | tuple):
        return ",".join(spelled(one) for one in value)
    if isinstance(value, float):
        return f"{value:.3g}"
    return str(value)
