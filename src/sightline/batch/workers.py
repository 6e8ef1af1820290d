"""Tasks over worker processes: each with one OpenCV thread, a few tasks ahead, none lost when a worker dies."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import cv2

from sightline.cores import usable_cores
from sightline.errors import JobError

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor
    from multiprocessing.synchronize import Event

__all__ = ["Engine", "check_not_starting", "run_tasks"]

T = TypeVar("T")
R = TypeVar("R")
GUARD = 'Put what a script does under `if __name__ == "__main__":`, as each process reads the script, or use one worker.'
AHEAD = 2  # tasks handed to each worker beforehand: it never waits, and memory stays flat


class Engine(Protocol):
    """Where tasks are done: `run_tasks` on this machine, that of `sightline.cluster.connected` on many."""

    def __call__(
        self, do: Callable[[T], R], tasks: Iterable[T], workers: int | None, lost: Callable[[T], R]
    ) -> Generator[R, None, None]:
        """Give `do(task)` once for every task, on at most `workers` processors, and `lost(task)` for one that kills its worker."""


def run_tasks(do: Callable[[T], R], tasks: Iterable[T], workers: int | None, lost: Callable[[T], R]) -> Generator[R, None, None]:
    """Give `do(task)` for every task, in the order in which they end.

    With one worker everything runs in this process; None: one for each processor. `do` and its tasks must be picklable and `do`
    must not raise. When a worker process dies, its tasks are tried again one by one in a process of their own; for one that kills
    that too, `lost(task)` is given. With several workers SIGINT and SIGTERM are held back: what is under way is ended and given,
    then comes the KeyboardInterrupt.
    """
    workers = usable_cores() if workers is None else workers
    if workers == 1:
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        try:
            yield from map(do, tasks)
        finally:
            cv2.setNumThreads(threads)
        return
    with _held_back() as stopped:
        yield from _over_processes(do, iter(tasks), workers, lost, stopped)
    if stopped():
        raise KeyboardInterrupt


def check_not_starting() -> None:
    """JobError in a worker that still reads the script it was started by: it would do all of that once more."""
    multiprocessing = sys.modules.get("multiprocessing.process")  # what is not loaded has started nothing
    if multiprocessing is not None and getattr(multiprocessing.current_process(), "_inheriting", False):
        raise JobError("a worker process reads the script that started it, and would do it again", fix=GUARD)


@contextmanager
def _held_back() -> Iterator[Callable[[], bool]]:
    """Turn SIGINT and SIGTERM into a question; an exception while a pool is shut down would leave it waiting for ever."""
    came: list[int] = []  # no Event: a signal within another's handler would wait for its lock
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield lambda: False
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    heard = {number: handler for number, handler in before.items() if handler not in (None, signal.SIG_IGN)}
    for number in heard:
        signal.signal(number, lambda number, _: came.append(number))
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in heard.items():
            signal.signal(number, handler)


def _over_processes(
    do: Callable[[T], R], waiting: Iterator[T], workers: int, lost: Callable[[T], R], stopped: Callable[[], bool]
) -> Iterator[R]:
    while True:
        unfinished: list[T] = []
        yield from _until_broken(do, waiting, workers, unfinished, stopped)
        for task in unfinished:
            if not stopped():
                yield from _alone(do, task, lost)
        if stopped() or not unfinished:
            return


def _until_broken(
    do: Callable[[T], R], waiting: Iterator[T], workers: int, unfinished: list[T], stopped: Callable[[], bool]
) -> Iterator[R]:
    """Run tasks until there are none, a signal has come, or a worker has died: then `unfinished` gets those under way."""
    from concurrent.futures import FIRST_COMPLETED, wait
    from concurrent.futures.process import BrokenProcessPool

    pool, begun = _pool(do, workers)
    running: dict[Future[R], T] = {}
    try:
        while True:
            room = 0 if unfinished or stopped() else workers * AHEAD - len(running)
            for task in islice(waiting, room):
                try:
                    running[_submit(pool, task)] = task
                except BrokenProcessPool:
                    unfinished.append(task)
            if stopped():
                running = {future: task for future, task in running.items() if not future.cancel()}
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                task = running.pop(future)
                try:
                    result = future.result()
                except BrokenProcessPool:
                    unfinished.append(task)
                else:
                    yield result
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    if unfinished and not begun.is_set() and not stopped():
        raise JobError("the worker processes could not start", fix=GUARD)


def _alone(do: Callable[[T], R], task: T, lost: Callable[[T], R]) -> Iterator[R]:
    from concurrent.futures.process import BrokenProcessPool

    pool, _ = _pool(do, 1)
    with pool:
        try:
            result = _submit(pool, task).result()
        except BrokenProcessPool:
            result = lost(task)
    yield result


def _submit(pool: ProcessPoolExecutor, task: object) -> Future[Any]:
    """Hand out a task; a process that this starts inherits the mask, and so says nothing about Ctrl-C before `_begin`."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        return pool.submit(_do, task)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return pool.submit(_do, task)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _pool(do: Callable[[T], R], workers: int) -> tuple[ProcessPoolExecutor, Event]:
    """Processes that each get `do` once, as a pipeline may hold large pictures, and whether any of them has begun."""
    import multiprocessing  # these cost the start of every command that only imports this file
    from concurrent.futures import ProcessPoolExecutor

    if sys.platform == "win32":
        workers = min(workers, 61)  # it cannot wait for more
    # spawn: a fork would copy the locks of threads that OpenCV or the caller may hold
    context = multiprocessing.get_context("spawn")
    begun = context.Event()
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(do, begun)), begun


_work: Callable[[Any], Any]
"""In a worker: what it does to every task."""


def _do(task: object) -> object:
    return _work(task)


def _begin(do: Callable[[Any], Any], begun: Event) -> None:
    """Prepare a worker: its work, one thread, no word on interrupts (the parent decides), and an end when the parent is gone."""
    import multiprocessing

    global _work
    _work = do
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
    begun.set()
