"""What a job says while it runs. A face (command line, page) shows it; a job without a listener is silent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["EpochDone", "Event", "Listener", "Note", "Progress", "StepDone", "TrialDone", "ignore"]


@dataclass(frozen=True)
class Note:
    """A sentence for the user. `warning` marks what should not be overlooked."""

    text: str
    warning: bool = False


@dataclass(frozen=True)
class Progress:
    """`done` of `total` (None: unknown) `unit` of something; the last one has `done == total`."""

    what: str
    done: int
    total: int | None
    unit: str = "pictures"


@dataclass(frozen=True)
class StepDone:
    """Where a training stands within an epoch. Loss and accuracy are means over the epoch so far."""

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    accuracy: float
    pictures_per_second: float
    seconds_left: float


@dataclass(frozen=True)
class EpochDone:
    """An epoch's row of the log. `best`: the lowest validation loss so far."""

    row: Mapping[str, float]
    epochs: int
    best: bool
    seconds_left: float


@dataclass(frozen=True)
class TrialDone:
    """A trial of a tuning that has ended: `number` of `trials`, its values and what came of it, in words for a table.

    `score`: as a person reads it, and whether it is the best so far; empty of one that failed.
    """

    number: int
    trials: int
    values: Mapping[str, str]
    outcome: str
    score: str
    best: bool
    seconds: float


Event = Note | Progress | StepDone | EpochDone | TrialDone
Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The listener of those who do not listen."""
