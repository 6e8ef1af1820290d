"""Tasks of the lab in processes that end with them where they take too long."""

from __future__ import annotations

import asyncio
import queue
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

from sightline.errors import ImageError
from sightline.processes import own_environment, own_module
from sightline.serve.batching import Busy
from sightline.serve.lab_worker import SMALLER, Applied, Stage, Task, read_message, write_message

__all__ = ["LabPool"]

START = 30.0
"""Seconds that the start of a process may take."""


class LabPool:
    """Up to `workers` processes, started when they are first needed."""

    def __init__(self, workers: int, timeout: float) -> None:
        self._timeout = timeout
        self._free = asyncio.Semaphore(workers)
        self._idle: queue.LifoQueue[_Worker] = queue.LifoQueue()
        self._threads = ThreadPoolExecutor(workers, "lab")

    async def apply(self, task: Task) -> Applied:
        """Run a task; Busy where no process is free in time, TimeoutError where it takes too long, ImageError where too much."""
        try:
            async with asyncio.timeout(self._timeout):
                await self._free.acquire()
        except TimeoutError:
            raise Busy from None
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._apply, task)
        finally:
            self._free.release()

    def _apply(self, task: Task) -> Applied:
        try:
            worker = self._idle.get_nowait()
        except queue.Empty:
            worker = _Worker()
        done = worker.do(task, self._timeout)
        self._idle.put(worker)
        return done

    def close(self) -> None:
        """End the processes, with what they are at."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        while not self._idle.empty():
            self._idle.get_nowait().end()


class _Worker:
    """A process and the lines to it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603
            own_module("sightline.serve.lab_worker"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=own_environment(),
            start_new_session=True,  # a key that stops the service reaches it through the service
        )

        self._answer(START)

    def do(self, task: Task, patience: float) -> Applied:
        """What comes of a task within `patience` seconds; TimeoutError, ImageError."""
        value = asdict(task)
        picture = value.pop("picture")
        found, blocks = self._answer(patience, value, *([] if picture is None else [picture]))
        stages = [Stage(data=data, **stage) for stage, data in zip(found["stages"], blocks, strict=True)]
        return Applied(stages, found["spelled"], found["error"], found["too_large"])

    def _answer(self, patience: float, task: dict[str, Any] | None = None, *blocks: bytes) -> tuple[dict[str, Any], list[bytes]]:
        """What the process says, to a task where there is one; it does not outlive its `patience`."""
        tasks, answers = self._process.stdin, self._process.stdout
        assert tasks is not None
        assert answers is not None
        late = threading.Event()

        def stop() -> None:
            late.set()
            self._process.kill()

        watch = threading.Timer(patience, stop)
        watch.start()
        try:
            if task is not None:
                write_message(tasks, task, *blocks)
            return read_message(answers)
        except (EOFError, OSError):
            self.end()
            if late.is_set():
                raise TimeoutError from None
            raise ImageError("the pipeline has ended its process: it needs too much memory", fix=SMALLER) from None
        finally:
            watch.cancel()

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
