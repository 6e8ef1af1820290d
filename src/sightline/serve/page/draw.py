"""The tab *Draw & classify*: what the model sees in a picture, what it says, where it looked, and what people say to that."""

from __future__ import annotations

import asyncio
from typing import Any

from sightline.bundle import Failure, Predictor
from sightline.evaluation.explanation import occlusion
from sightline.image import read
from sightline.serve.models import Served
from sightline.serve.page.calls import Asked, Call, Nothing
from sightline.serve.page.corrections import Corrections, correction_call
from sightline.serve.page.inside import Inside
from sightline.serve.page.pictures import Kept, Pictures
from sightline.serve.page.samples import typical
from sightline.serve.showing import tile
from sightline.serve.state import State

__all__ = ["described_models", "draw_calls"]

LONGEST = 320
"""Pixels of the longer side of what the model sees."""


class Seen(Asked):
    """A picture that was kept, and the model that shall look at it."""

    model: str
    picture: str


class Sampled(Asked):
    """The model whose own picture is wanted."""

    model: str


def draw_calls(state: State, pictures: Pictures, corrections: Corrections, inside: Inside) -> list[Call[Any]]:
    """What the tab may ask."""

    async def models(asked: Nothing) -> list[dict[str, Any]]:
        return described_models(state)

    async def typical_picture(asked: Sampled) -> dict[str, Any]:
        return await pictures.taken(typical(state.models.get(asked.model).source))

    async def look(asked: Seen) -> dict[str, Any]:
        served, data = state.models.get(asked.model), pictures.shelf.get(asked.picture)
        (said,) = await state.predict(served, [data])
        if isinstance(said, Failure):
            raise said.error
        stages = await asyncio.to_thread(_stages, served, data, state.config.max_pixels)
        return {**said.to_dict(len(said.labels)), "stages": stages}

    async def where(asked: Seen) -> dict[str, Any]:
        served, data = state.models.get(asked.model), pictures.shelf.get(asked.picture)
        async with asyncio.timeout(state.config.timeout):
            return await asyncio.to_thread(_where, served.predictor, data)

    async def look_inside(asked: Seen) -> dict[str, Any]:
        served, data = state.models.get(asked.model), pictures.shelf.get(asked.picture)
        return {"page": f"inside/{await inside.page(served, data)}"}

    return [
        Call(Nothing, models),
        Call(Kept, pictures.keep),
        Call(Sampled, typical_picture),
        Call(Seen, look),
        Call(Seen, where),
        Call(Seen, look_inside),
        correction_call(state, pictures, corrections),
    ]


def described_models(state: State) -> list[dict[str, Any]]:
    """The models that may be asked."""
    return [
        {
            "name": served.name,
            "labels": list(served.predictor.labels),
            "data": served.predictor.manifest.dataset.name,
            "reads_signs": all(len(label) == 1 for label in served.predictor.labels),
            "accuracy": served.predictor.manifest.metrics.get("accuracy"),
        }
        for served in state.models
    ]


def _stages(served: Served, data: bytes, max_pixels: int) -> list[dict[str, Any]]:
    """The picture after each step of the model's pipeline."""
    image = read(data, "unchanged", max_pixels=max_pixels)
    way = [("picture", image), *((step.op, result) for step, result in served.predictor.pipeline.trace(image))]
    return [{"op": op, **tile(result, LONGEST)} for op, result in way]


def _where(predictor: Predictor, data: bytes) -> dict[str, Any]:
    """Where the model looked: how much of its answer is lost where a patch covers the picture."""
    from sightline.evaluation.maps import most_lost, tinted

    found = occlusion(predictor, predictor.prepare(data))
    return {**tile(tinted(found.picture, found.map), LONGEST), "lost": most_lost(found.map)}
