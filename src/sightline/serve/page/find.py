"""The tab *Find*: everything that is written in a picture, read sign by sign."""

from __future__ import annotations

import asyncio
from typing import Any

from sightline.errors import UnknownNameError
from sightline.image import read
from sightline.jobs.findings import find
from sightline.ops import crop
from sightline.serve.page.calls import Asked, Call, Nothing
from sightline.serve.page.corrections import Corrections
from sightline.serve.page.draw import Seen, described_models
from sightline.serve.page.pictures import Kept, Pictures
from sightline.serve.page.samples import page_of_digits
from sightline.serve.state import State

__all__ = ["find_calls"]

MARGIN = 0.25
"""How much of a mark's longer side is kept around it as training picture."""


class Box(Asked):
    """A mark of a picture, and what it really is."""

    model: str
    picture: str
    box: tuple[int, int, int, int]
    label: str


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

    async def correct(asked: Box) -> dict[str, Any]:
        served = state.models.get(asked.model)
        if asked.label not in served.predictor.labels:
            raise UnknownNameError(f"{served.name} knows no label {asked.label!r}")
        image = await asyncio.to_thread(read, pictures.shelf.get(asked.picture), "unchanged", max_pixels=state.config.max_pixels)
        height, width = image.shape[:2]
        x, y, wide, high = asked.box
        margin = round(MARGIN * max(wide, high))
        left, top = min(max(0, x - margin), width - 1), min(max(0, y - margin), height - 1)
        right, bottom = min(width, max(left + 1, x + wide + margin)), min(height, max(top + 1, y + high + margin))
        part = crop(image, x=left, y=top, width=right - left, height=bottom - top)
        saved = await asyncio.to_thread(corrections.save, served.name, asked.label, part)
        return {"path": str(saved.path), "folder": str(saved.folder), "count": saved.count}

    return [Call(Nothing, models), Call(Nothing, page), Call(Kept, pictures.keep), Call(Seen, read_all), Call(Box, correct)]
