"""What the routes of one service share."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from fastapi import Request

from sightline.bundle import Failure, Prediction
from sightline.image import Image
from sightline.serve.config import ServeConfig
from sightline.serve.lab_pool import LabPool
from sightline.serve.metrics import Metrics
from sightline.serve.models import ModelStore, Served

__all__ = ["State", "state_of"]


@dataclass(frozen=True)
class State:
    """Settings, models, counters, and the processes of the lab."""

    config: ServeConfig
    models: ModelStore
    lab: LabPool
    metrics: Metrics = field(default_factory=Metrics)

    async def predict(self, served: Served, pictures: Sequence[bytes | Image]) -> list[Prediction | Failure]:
        """Predict for a request, within its time; TimeoutError, Busy."""
        async with asyncio.timeout(self.config.timeout):
            results = await served.batcher.predict(pictures)
        self.metrics.pictures(served.name, results)
        return results


def state_of(request: Request) -> State:
    """The state of the service that a request has come to."""
    state: State = request.app.state.sightline
    return state
