"""Tasks over worker processes: each with one OpenCV thread, a few tasks ahead, none lost when a worker dies."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

import cv2

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

__all__ = ["run_tasks"]

T = TypeVar("T")
R = TypeVar("R")
AHEAD = 2  # tasks handed to each worker beforehand: it never waits, and memory stays flat


def run_tasks(do: Callable[[T], R], tasks: Iterable[T], workers: int, lost: Callable[[T], R]) -> Iterator[R]:
    """Give `do(task)` for every task, in the order in which they end.

    With one worker everything runs in this process. `do` and its tasks must be picklable and `do` must not raise. When a worker
    process dies, its tasks are tried again one by one in a process of their own; for one that kills that too, `lost(task)`
    is given.
    """
    if workers == 1:
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        try:
            yield from map(do, tasks)
        finally:
            cv2.setNumThreads(threads)
        return
    waiting = iter(tasks)
    while True:
        unfinished: list[T] = []
        yield from _until_broken(do, waiting, workers, unfinished)
        if not unfinished:
            return
        for task in unfinished:
            yield from _alone(do, task, lost)


def _until_broken(do: Callable[[T], R], waiting: Iterator[T], workers: int, unfinished: list[T]) -> Iterator[R]:
    """Run tasks until there are none or a worker has died: then `unfinished` gets those that were under way."""
    from concurrent.futures import FIRST_COMPLETED, wait
    from concurrent.futures.process import BrokenProcessPool

    pool = _pool(workers)
    running: dict[Future[R], T] = {}
    done: deque[R] = deque()
    try:
        exhausted = broken = False
        while running or not exhausted:
            while not broken and not exhausted and len(running) < workers * AHEAD:
                try:
                    task = next(waiting)
                except StopIteration:
                    exhausted = True
                    break
                try:
                    running[pool.submit(do, task)] = task
                except BrokenProcessPool:
                    unfinished.append(task)
                    broken = True
            ended, _ = wait(running, return_when=FIRST_COMPLETED) if running else (set(), set())
            for future in ended:
                task = running.pop(future)
                try:
                    done.append(future.result())
                except BrokenProcessPool:
                    unfinished.append(task)
                    broken = True
            while done:
                yield done.popleft()
            if broken and not running:
                return
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _alone(do: Callable[[T], R], task: T, lost: Callable[[T], R]) -> Iterator[R]:
    from concurrent.futures.process import BrokenProcessPool

    with _pool(1) as pool:
        try:
            yield pool.submit(do, task).result()
        except BrokenProcessPool:
            yield lost(task)


def _pool(workers: int) -> ProcessPoolExecutor:
    import multiprocessing  # these cost the start of every command that only imports this file
    from concurrent.futures import ProcessPoolExecutor

    # spawn: a fork would copy the locks of threads that OpenCV or the caller may hold
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_begin)


def _begin() -> None:
    """Prepare a worker: one thread, no word on interrupts (the parent decides), and an end when the parent is gone."""
    import multiprocessing

    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
