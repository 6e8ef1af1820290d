"""Functions that the page calls in the service: checked data in, plain data out, and an error as words."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from sightline.errors import InputError, SightlineError
from sightline.params import explain
from sightline.serve.batching import Busy
from sightline.serve.failures import text_of

__all__ = ["Answering", "Asked", "Call", "Nothing", "answering"]

LOG = logging.getLogger("sightline.serve")


class Asked(BaseModel):
    """What a function of the page is asked."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Nothing(Asked):
    """What a function is asked that needs no more than to be called."""


Given = TypeVar("Given", bound=Asked)


@dataclass(frozen=True)
class Call(Generic[Given]):
    """A function that the page may call by its name, and what it is asked."""

    asked: type[Given]
    function: Callable[[Given], Awaitable[Any]]

    @property
    def name(self) -> str:
        """What the page calls it by."""
        return self.function.__name__


class Answering(Protocol):
    """What answers all calls of one tab."""

    __name__: str

    async def __call__(self, data: Any) -> dict[str, Any]:
        """`{"name": ..., "question": ...}` to `{"answer": ...}`, or `{"error": ...}` with what is wrong and what to do."""


def answering(calls: list[Call[Any]]) -> Answering:
    """All of `calls` as the one function that a tab has."""
    known = {each.name: each for each in calls}

    async def ask(data: Any) -> dict[str, Any]:
        try:
            return {"answer": await _answer(known, data)}
        except SightlineError as error:
            return {"error": text_of(error)}
        except Busy:
            return {"error": "There is more to do than can be done. Try again in a second."}
        except TimeoutError:
            return {"error": "It took too long. Take a smaller picture, or fewer steps."}
        except Exception:
            LOG.exception("the page")
            return {"error": "The service has made a mistake; its log says which."}

    return ask


async def _answer(known: dict[str, Call[Any]], data: Any) -> Any:
    if not isinstance(data, dict) or data.get("name") not in known:
        raise InputError("the page asks for something that is not there", fix="Reload it.")
    wanted = known[data["name"]]
    try:
        asked = wanted.asked.model_validate(data.get("question") or {})
    except ValidationError as error:
        raise explain(error, wanted.name, wanted.asked) from None
    return await wanted.function(asked)
