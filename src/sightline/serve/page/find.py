"""The tab *Find*: everything that is written in a picture, read sign by sign."""

from __future__ import annotations

import asyncio
from typing import Any

from sightline.jobs.findings import find
from sightline.serve.page.calls import Call, Nothing
from sightline.serve.page.corrections import Corrections, correction_call
from sightline.serve.page.draw import Seen, described_models
from sightline.serve.page.pictures import Kept, Pictures
from sightline.serve.page.samples import page_of_digits
from sightline.serve.state import State

__all__ = ["find_calls"]


def find_calls(state: State, pictures: Pictures, corrections: Corrections) -> list[Call[Any]]:
    """What the tab may ask."""

    async def models(asked: Nothing) -> list[dict[str, Any]]:
        return described_models(state)

    async def page(asked: Nothing) -> dict[str, Any]:
        return await pictures.taken(await asyncio.to_thread(page_of_digits))

    async def read_all(asked: Seen) -> dict[str, Any]:
        served, data = state.models.get(asked.model), pictures.shelf.get(asked.picture)
        async with asyncio.timeout(state.config.timeout):
            found = await asyncio.to_thread(find, data, served.predictor, max_pixels=state.config.max_pixels)
        readings = [{**reading.to_dict(3), "doubtful": reading.doubtful} for reading in found]
        return {"width": found.width, "height": found.height, "turned": found.turned, "found": readings}

    return [
        Call(Nothing, models),
        Call(Nothing, page),
        Call(Kept, pictures.keep),
        Call(Seen, read_all),
        correction_call(state, pictures, corrections),
    ]
