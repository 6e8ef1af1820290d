"""What answers look like, for the description of the interface; they are not checked against it one by one."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

__all__ = ["ERRORS", "Answer", "Error", "Likely", "PredictionOut"]


class Error(BaseModel):
    """What was wrong, and what to do."""

    error: str


class Likely(BaseModel):
    """A label and its probability."""

    label: str
    probability: float = Field(ge=0, le=1)


class PredictionOut(BaseModel):
    """What the model sees in a picture, or why it cannot tell.

    `known` is false where the picture is probably of none of the labels.
    """

    source: str
    label: str | None = None
    index: int | None = None
    confidence: float | None = None
    known: bool | None = None
    distance: float | None = None
    top: list[Likely] | None = None
    error: str | None = None
    status: int | None = None


class Answer(BaseModel):
    """A prediction for each picture, in the order in which they were sent."""

    model: str
    predictions: list[PredictionOut]


TEXTS = {
    400: "The request cannot be read",
    404: "There is no such model",
    408: "The request came too slowly",
    413: "Too large, or too many pictures",
    415: "This kind of content is not taken",
    422: "A picture or a value does not fit",
    503: "There is too much to do, or it took too long",
}
ERRORS: dict[int | str, dict[str, Any]] = {status: {"model": Error, "description": text} for status, text in TEXTS.items()}
