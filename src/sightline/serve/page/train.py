"""The tab *Train*: start a training, watch it, stop it. The trainings run in processes of their own."""

from __future__ import annotations

import asyncio
import base64
import binascii
from typing import Annotated, Any

from annotated_types import Interval
from pydantic import Field

from sightline.errors import DatasetError
from sightline.jobs.queue import Queued, TrainingQueue
from sightline.models import MODELS
from sightline.serve.models import ModelStore
from sightline.serve.page.calls import Asked, Call, Nothing
from sightline.serve.page.datasets import Data
from sightline.training.config import PRESETS, make_config

__all__ = ["train_calls"]

LISTED = 20
"""Trainings that are shown, the last ones."""

FROM_NOTHING = ("tuned", "fast", "plain")


class Wanted(Asked):
    """A training. `weights`: the model of the service to begin with, whose network it then is; None: random weights."""

    data: str
    weights: str | None = None
    model: str = "cnn3"
    preset: str = "tuned"
    epochs: Annotated[int, Interval(ge=1, le=1000)] = 25
    name: str | None = Field(None, max_length=100)


class Numbered(Asked):
    """A training that was asked for."""

    number: int


class Archive(Asked):
    """A ZIP of class folders, in base64."""

    name: str
    archive: str


def train_calls(queue: TrainingQueue, data: Data, models: ModelStore) -> list[Call[Any]]:
    """What the tab may ask."""

    async def choices(asked: Nothing) -> dict[str, Any]:
        sources = await asyncio.to_thread(data.sources)
        return {
            "data": [{"key": source.key, "title": source.title} for source in sources],
            "weights": [{"name": served.name, "model": served.predictor.manifest.architecture.name} for served in models],
            "models": [{"name": model.name, "summary": model.summary} for model in MODELS if model.imagenet is None],
            "presets": [{"name": name} for name in FROM_NOTHING if name in PRESETS],
        }

    async def start(asked: Wanted) -> dict[str, Any]:
        place = data.get(asked.data).place
        if asked.weights is None:
            config = make_config(place, model=asked.model, preset=asked.preset, epochs=asked.epochs)
        else:
            served = models.get(asked.weights)
            network = served.predictor.manifest.architecture
            arguments = dict(network.arguments)
            config = make_config(place, weights=served.source, model=network.name, arguments=arguments, epochs=asked.epochs)
        MODELS.get(config.model).arguments(config.arguments)
        one = await asyncio.to_thread(queue.add, config, asked.name or None)
        await asyncio.to_thread(queue.advance)
        return _described(one, queue)

    async def trainings(asked: Nothing) -> list[dict[str, Any]]:
        every = await asyncio.to_thread(queue.trainings)
        return [_described(one, queue) for one in reversed(every[-LISTED:])]

    async def stop(asked: Numbered) -> dict[str, Any]:
        await asyncio.to_thread(queue.stop, asked.number)
        return _described(queue.get(asked.number), queue)

    async def upload(asked: Archive) -> dict[str, Any]:
        try:
            archive = base64.b64decode(asked.archive, validate=True)
        except (binascii.Error, ValueError):
            raise DatasetError("the archive did not arrive whole", fix="Choose it again.") from None
        source, unpacked = await asyncio.to_thread(data.add, asked.name, archive)
        return {"key": source.key, "title": source.title, "pictures": unpacked.pictures, "ignored": unpacked.ignored}

    return [Call(Nothing, choices), Call(Wanted, start), Call(Nothing, trainings), Call(Numbered, stop), Call(Archive, upload)]


def _described(one: Queued, queue: TrainingQueue) -> dict[str, Any]:
    from sightline.training.folder import RunFolder
    from sightline.training.log import read_log

    log = RunFolder(queue.runs / one.name).log
    shown = one.state not in {"waiting", "starting"} and log.exists()
    return {
        "number": one.number,
        "name": one.name,
        "data": one.config["data"].rsplit("/", 1)[-1],
        "model": one.config["model"],
        "preset": one.config["preset"],
        "epochs": one.config["epochs"],
        "state": one.state,
        "message": one.message,
        "progress": one.progress,
        "history": [dict(row) for row in read_log(log)] if shown else [],
    }
