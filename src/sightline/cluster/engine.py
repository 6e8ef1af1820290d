"""Tasks over the machines of a Ray cluster, by Ray Data: streamed, tried again where a worker or a machine died, given once."""

from __future__ import annotations

import math
import os
import pickle
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import cv2
import ray
import ray.data
import ray.exceptions

from sightline.errors import JobError

__all__ = ["run_tasks"]

T = TypeVar("T")
R = TypeVar("R")

TURNS = 4  # a group is this part of what is left, shared among the workers: the last ones are small, so that all end together
TRIES = 3  # of a group, and then of each of its tasks alone: that often a worker or its machine may die of it, or during it
LARGEST = 64  # tasks of a group, each of which costs Ray some 15 ms, and which a worker that dies has to do again ...
MOST = 10_000  # ... unless there would be more groups than this: Ray keeps something of each


def run_tasks(do: Callable[[T], R], tasks: Iterable[T], workers: int | None, lost: Callable[[T], R]) -> Generator[R, None, None]:
    """Give `do(task)` for every task, in the order of the tasks, as `batch.run_tasks` does on one machine.

    `workers` is the most that are done at a time; None: as many as the cluster has processors. Files are named by the same paths
    on all machines. Ray tries again what a worker or a machine took along when it died; after three times the tasks of such a
    group are tried one by one, and for one that is no better then `lost(task)` is given at the end.
    """
    left = dict(enumerate(_groups(list(tasks), workers or int(ray.cluster_resources().get("CPU", 1)))))
    for number, results in _streamed(do, left, workers):
        del left[number]
        yield from results
    alone = dict(enumerate([task] for group in left.values() for task in group))
    for number, results in _streamed(do, alone, workers):
        del alone[number]
        yield from results
    yield from (lost(task) for group in alone.values() for task in group)


def _groups(tasks: list[T], workers: int) -> Iterator[list[T]]:
    """The tasks in groups: guided self-scheduling (Polychronopoulos and Kuck 1987), which begins with large ones."""
    least, start = math.ceil(len(tasks) / MOST), 0
    while start < len(tasks):
        size = max(least, min(LARGEST, math.ceil((len(tasks) - start) / (TURNS * workers))))
        yield tasks[start : start + size]
        start += size


def _streamed(do: Callable[[T], R], groups: dict[int, list[T]], workers: int | None) -> Generator[tuple[int, list[R]], None, None]:
    """The number and the results of every group that did not take its worker along again and again."""
    if not groups:
        return

    home = Path.cwd()

    def work(row: dict[str, Any]) -> dict[str, Any]:
        if _tries_before() >= TRIES:  # Ray itself would never give up
            return {"number": row["number"], "results": b"", "error": ""}
        cv2.setNumThreads(1)  # Ray gives a worker one processor
        try:
            os.chdir(home)  # so that paths mean on every machine what they mean here
            results = [do(task) for task in pickle.loads(row["tasks"])]  # noqa: S301 - made by this very process's driver
        except Exception as error:  # `do` raises nothing, so this is a fault of ours, or a machine that lacks something
            return {"number": row["number"], "results": b"", "error": f"{type(error).__name__}: {error}"}
        return {"number": row["number"], "results": pickle.dumps(results), "error": ""}

    with _settings():
        rows = ray.data.from_items(
            [{"number": number, "tasks": pickle.dumps(list(group))} for number, group in groups.items()],
            override_num_blocks=len(groups),
        )
        done = iter(rows.map(work, concurrency=workers).iter_rows())
    while (row := _next(done)) is not None:
        if row["error"]:
            raise JobError(f"a worker of the cluster failed: {row['error']}")
        if row["results"]:
            yield row["number"], pickle.loads(row["results"])  # noqa: S301 - made by our own workers


def _next(rows: Iterator[dict[str, Any]]) -> dict[str, Any] | None:
    """The next row, None after the last; JobError where the cluster cannot go on, such as without its first machine."""
    try:
        return next(rows, None)
    except ray.exceptions.RayError as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise JobError(f"the cluster cannot go on: {lines[-1][:300]}", fix="Go on with --resume when it runs again.") from error


def _tries_before() -> int:
    """In a worker: how often what it is about to do was begun before, by one that died."""
    with suppress(AttributeError):  # Ray's public face does not tell; where nothing does, Ray tries for ever
        return int(ray._private.worker.global_worker.core_worker.get_current_task_attempt_number())
    return 0


@contextmanager
def _settings() -> Generator[None, None, None]:
    """Make datasets in the block that keep their order and draw nothing."""
    context = ray.data.DataContext.get_current().copy()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    with ray.data.DataContext.current(context):
        yield
