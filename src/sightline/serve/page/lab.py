"""The tab *Lab*: a picture, and steps that are built one by one."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import asdict
from typing import Any, Literal

from pydantic import Field

from sightline.errors import InputError
from sightline.image import read
from sightline.ops import OPS, Op, picture_to_text
from sightline.serve.failures import text_of
from sightline.serve.lab import check
from sightline.serve.lab_worker import Task
from sightline.serve.page.calls import Asked, Call, Nothing
from sightline.serve.page.pictures import LONGEST, Kept, Pictures, stages_of
from sightline.serve.page.samples import scene
from sightline.serve.page.shelf import Shelf
from sightline.serve.state import State

__all__ = ["lab_calls"]

Steps = list[dict[str, dict[str, Any]]]


class Tried(Asked):
    """What to do with a picture that was kept, or with none. A picture that is a parameter is `{"kept": KEY}`."""

    picture: str | None = None
    steps: Steps = Field(max_length=100)


class Whole(Asked):
    """What the whole result of a pipeline is wanted of, in which format."""

    picture: str | None = None
    pipeline: str
    format: Literal["png", "tiff"] = "png"


def lab_calls(state: State, pictures: Pictures) -> list[Call[Any]]:
    """What the tab may ask."""

    async def operations(asked: Nothing) -> list[dict[str, Any]]:
        return [_described(operation) for operation in OPS]

    async def sample(asked: Nothing) -> dict[str, Any]:
        return await pictures.taken(scene())

    async def apply(asked: Tried) -> dict[str, Any]:
        picture = None if asked.picture is None else pictures.shelf.get(asked.picture)
        steps = await asyncio.to_thread(_with_pictures, asked.steps, pictures.shelf, state.config.max_pixels)
        task = Task({"format": 1, "steps": steps}, picture, "", state.config.max_pixels, preview=LONGEST)
        done = await state.lab.apply(task)
        error = None if done.error is None else text_of(InputError(done.error.pop("what") or "", **done.error))
        return {"stages": stages_of(done), "spelled": done.spelled, "error": error}

    async def result(asked: Whole) -> dict[str, str]:
        picture = None if asked.picture is None else pictures.shelf.get(asked.picture)
        done = await state.lab.apply(Task(asked.pipeline, picture, f".{asked.format}", state.config.max_pixels))
        check(done)
        return {"data": base64.b64encode(done.stages[-1].data).decode()}

    return [Call(Nothing, operations), Call(Nothing, sample), Call(Kept, pictures.keep), Call(Tried, apply), Call(Whole, result)]


def _described(operation: Op) -> dict[str, Any]:
    """An operation with what its controls are made from."""
    told = {"name": operation.name, "group": operation.group, "role": operation.role, "summary": operation.summary}
    described = operation.parameters.describe()
    parameters = [asdict(one) for one in described if not one.name.endswith("_file")]  # pipelines from here may not name files
    for parameter in parameters:
        parameter["default"] = None if parameter["required"] else parameter["default"]
    return {**told, "parameters": parameters, "example": dict(operation.example)}


def _with_pictures(steps: Steps, shelf: Shelf, max_pixels: int) -> Steps:
    """The steps with the pictures that they name by keys written out."""

    def written(value: Any) -> Any:
        if isinstance(value, dict) and set(value) == {"kept"}:
            return picture_to_text(read(shelf.get(str(value["kept"])), "unchanged", max_pixels=max_pixels))
        return value

    return [{op: {name: written(value) for name, value in body.items()} for op, body in step.items()} for step in steps]
