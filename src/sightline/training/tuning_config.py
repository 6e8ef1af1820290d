"""What a tuning is told."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from annotated_types import Interval
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import Doc

from sightline.params import explain
from sightline.training.config import TrainConfig

__all__ = ["StudyConfig", "make_study"]

LAPSE = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def seconds_of(lapse: str) -> float:
    """The seconds of a time such as `90s`, `30m` or `1h30m`; ValueError.

    >>> seconds_of("1h30m")
    5400.0
    """
    found = LAPSE.fullmatch(lapse)
    hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    whole = 3600 * hours + 60 * minutes + seconds
    if not 0 < whole < 10**9:
        raise ValueError("a time such as 90s, 30m or 1h30m")
    return float(whole)


def _lapse(text: str | None) -> str | None:
    if text is not None:
        seconds_of(text)
    return text


class StudyConfig(BaseModel):
    """Everything that decides a tuning. Saved as study.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    format: Literal[1] = 1
    training: TrainConfig
    space: dict[str, Any]
    trials: Annotated[int, Interval(ge=1, le=10_000), Doc("Trainings to try, the one as it is told among them")] = 30
    time: Annotated[str | None, AfterValidator(_lapse), Doc("Stop after so long, such as 90s, 30m or 1h30m")] = None
    by: Annotated[Literal["accuracy", "loss"], Doc("What trials are judged by, on the held-out pictures")] = "accuracy"
    left_out: Annotated[dict[str, str], Doc("What would be tuned but has no effect, and why")] = Field(default_factory=dict)
    fingerprint: Annotated[str, Doc("Names the data, which must stay what they are")] = ""
    held_out: Annotated[int, Interval(ge=0), Doc("Pictures that trials are judged by")] = 0
    stop_early: Annotated[
        bool, Doc("End a trial that after a fifth or three fifths of its epochs is not among the best third there")
    ] = True

    @property
    def seconds(self) -> float | None:
        """The time in seconds; None for no end."""
        return None if self.time is None else seconds_of(self.time)


def make_study(**told: Any) -> StudyConfig:
    """A checked configuration of a tuning; ParameterError."""
    try:
        return StudyConfig.model_validate(told)
    except ValidationError as error:
        raise explain(error, "tuning", StudyConfig) from None
