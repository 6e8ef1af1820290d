"""Requests gathered into batches: what comes in while a batch is under way is the next one.

Nobody waits for others who may never come: a request that finds the model idle is answered at once. The more there is to do, the
larger the batches, and a picture of a large batch takes half the time of a single one. What is done sooner than it would be handed
to a thread and back is done in the event loop itself.
"""

from __future__ import annotations

import asyncio
import math
import time
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

SHORT = 0.01
"""Seconds that a batch may hold up the event loop: two turns of Python's threads, what the way to a thread and back can cost."""

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
        self._pace = math.inf  # seconds a picture, of late
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
            loop.call_soon(self._go_on, loop)
        return await answer

    def _go_on(self, loop: asyncio.AbstractEventLoop, batch: Sequence[_Request] = ()) -> None:
        """Answer `batch`, or the next one, where that is short; leave what is not to the thread. Runs in the loop."""
        batch = batch or self._next()
        if not batch:
            self._at_work = False
        elif self._is_short(batch):
            _answer(batch, self._results(batch))
            loop.call_soon(self._go_on, loop)
        else:
            self._thread.submit(self._work, loop, batch)

    def _work(self, loop: asyncio.AbstractEventLoop, batch: Sequence[_Request]) -> None:
        """Answer batch after batch until none is waiting, or a short one is; runs in the thread."""
        while True:
            loop.call_soon_threadsafe(_answer, batch, self._results(batch))
            batch = self._next()
            if not batch or self._is_short(batch):
                loop.call_soon_threadsafe(self._go_on, loop, batch)
                return

    def _is_short(self, batch: Sequence[_Request]) -> bool:
        return self._pace * _count(batch) <= SHORT

    def _results(self, batch: Sequence[_Request]) -> list[Result] | Exception:
        """What comes of a batch; how long it takes is noted by the processor's time, which leaves out who else is at work."""
        began = time.thread_time()
        try:
            return self._predicted([picture for request in batch for picture in request.pictures])
        except Exception as error:
            return error
        finally:
            pace = (time.thread_time() - began) / max(_count(batch), 1)
            self._pace = pace if math.isinf(self._pace) else (3 * self._pace + pace) / 4

    def _predicted(self, pictures: Sequence[bytes | Image]) -> list[Result]:
        return list(self._predictor.predict_many(pictures, MOST))

    def _next(self) -> list[_Request]:
        batch, room = [], MOST
        while self._waiting and len(self._waiting[0].pictures) <= room:
            request = self._waiting.popleft()
            if not request.answer.cancelled():  # by a client that has gone
                batch.append(request)
                room -= len(request.pictures)
        return batch


def _count(batch: Sequence[_Request]) -> int:
    return sum(len(request.pictures) for request in batch)


def _answer(batch: Sequence[_Request], results: list[Result] | Exception) -> None:
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
