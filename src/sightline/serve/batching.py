"""Requests gathered into batches: what comes in while a batch is under way is the next one.

Nobody waits for others who may never come: a request that finds the model idle is answered at once. The more there is to do, the
larger the batches, and a picture of a large batch takes half the time of a single one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sightline.bundle import Failure, Prediction, Predictor
from sightline.cores import usable_cores
from sightline.errors import SightlineError
from sightline.image import Image
from sightline.image.header import probe_bytes

__all__ = ["Batcher", "Busy"]

MOST = 64
"""Pictures in a batch."""

WAITING = 4096
"""Requests that may wait; more would only wait longer than anybody listens."""

SMALL_FILE = 4096  # bytes that cannot hold a picture worth a look at its size
SMALL_PICTURE = 512 * 512  # px that are ready in a few milliseconds

Result = Prediction | Failure


class Busy(Exception):  # noqa: N818 - it is no error of anybody
    """There is more to do than can be done."""


@dataclass(frozen=True)
class _Request:
    pictures: Sequence[bytes | Image]
    answer: asyncio.Future[list[Result]]


class Batcher:
    """Predicts for many requests at a time, in threads of its own; to be used from one event loop."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._waiting: deque[_Request] = deque()
        self._at_work = False
        self._thread = ThreadPoolExecutor(1, "batches")
        self._threads = ThreadPoolExecutor(usable_cores(), "pictures")

    async def predict(self, pictures: Sequence[bytes | Image]) -> list[Result]:
        """A prediction or failure for each picture. `Busy` where too much is waiting."""
        loop = asyncio.get_running_loop()
        if len(pictures) > MOST or any(_is_large(picture) for picture in pictures):  # others shall not wait for it
            return await loop.run_in_executor(self._threads, self._predicted, pictures)
        if len(self._waiting) >= WAITING:
            raise Busy
        answer: asyncio.Future[list[Result]] = loop.create_future()
        self._waiting.append(_Request(pictures, answer))
        if not self._at_work:
            self._at_work = True
            self._thread.submit(self._work, loop)
        return await answer

    def _predicted(self, pictures: Sequence[bytes | Image]) -> list[Result]:
        return list(self._predictor.predict_many(pictures, MOST))

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """Answer batch after batch until none is waiting; runs in the thread."""
        while batch := self._next():
            pictures = [picture for request in batch for picture in request.pictures]
            try:
                results: list[Result] | Exception = self._predicted(pictures)
            except Exception as error:
                results = error
            loop.call_soon_threadsafe(_answer, batch, results)
        loop.call_soon_threadsafe(self._rest, loop)

    def _next(self) -> list[_Request]:
        batch, room = [], MOST
        while self._waiting and len(self._waiting[0].pictures) <= room:
            request = self._waiting.popleft()
            if not request.answer.cancelled():  # by a client that has gone
                batch.append(request)
                room -= len(request.pictures)
        return batch

    def _rest(self, loop: asyncio.AbstractEventLoop) -> None:
        """End the work, unless something has come since the thread last looked; runs in the loop."""
        if self._waiting:
            self._thread.submit(self._work, loop)
        else:
            self._at_work = False


def _answer(batch: list[_Request], results: list[Result] | Exception) -> None:
    done = 0
    for request in batch:
        end = done + len(request.pictures)
        if not request.answer.done():
            if isinstance(results, Exception):
                request.answer.set_exception(results)
            else:
                request.answer.set_result(results[done:end])
        done = end


def _is_large(picture: bytes | Image) -> bool:
    """Whether a picture takes so long to read and prepare that others should not wait for it."""
    if not isinstance(picture, bytes):
        return int(picture.shape[0]) * int(picture.shape[1]) > SMALL_PICTURE
    if len(picture) <= SMALL_FILE:
        return False
    try:
        header = probe_bytes(picture, "picture", 1 << 62)
    except SightlineError:
        return False
    return header.width * header.height > SMALL_PICTURE
