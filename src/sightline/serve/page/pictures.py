"""The pictures of visitors: taken once, and then called by keys that only their senders know."""

from __future__ import annotations

from typing import Any

from sightline.serve.inputs import picture_of_text
from sightline.serve.lab import check
from sightline.serve.lab_worker import Applied, Task
from sightline.serve.page.calls import Asked
from sightline.serve.page.shelf import Shelf
from sightline.serve.showing import data_url
from sightline.serve.state import State

__all__ = ["LONGEST", "Kept", "Pictures", "stages_of"]

LONGEST = 720
"""Pixels of the longer side of a picture on the page."""


class Kept(Asked):
    """A picture's file in base64."""

    picture: str


class Pictures:
    """Takes pictures. They are decoded in a process of the lab first, within its limits."""

    def __init__(self, state: State) -> None:
        self.shelf = Shelf()
        self._state = state

    async def keep(self, asked: Kept) -> dict[str, Any]:
        """Take a picture that was sent; see `taken`."""
        return await self.taken(picture_of_text(asked.picture, "what was sent"))

    async def taken(self, data: bytes) -> dict[str, Any]:
        """Take a picture: its key, its size, and how it looks."""
        task = Task({"format": 1, "steps": []}, data, "", self._state.config.max_pixels, preview=LONGEST)
        done = await self._state.lab.apply(task)
        check(done)
        return {"key": self.shelf.put(data), **stages_of(done)[0]}


def stages_of(done: Applied) -> list[dict[str, Any]]:
    """The pictures on the way of a pipeline as the page shows them."""
    return [
        {
            "op": stage.op,
            "width": stage.shape[1],
            "height": stage.shape[0],
            "channels": stage.shape[2] if len(stage.shape) == 3 else 1,
            "dtype": stage.dtype,
            "source": data_url(stage.kind, stage.data),
            "measured": stage.measured,
        }
        for stage in done.stages
    ]
