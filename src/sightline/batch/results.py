"""Where the results of `apply` go: each into a file of its own, or many into the parts of a Parquet table."""

from __future__ import annotations

import math
from collections.abc import Collection, Generator
from contextlib import closing
from pathlib import PurePath
from typing import Protocol

from sightline.batch.storage import TABLE, Place, list_files, remove, taken_in
from sightline.batch.tables import rows_of
from sightline.batch.work import Done, FileWork, Part, PartWork, Task, lost_part, lost_task
from sightline.batch.workers import Engine
from sightline.errors import ParameterError

__all__ = ["Results", "is_table", "results_in"]

PARTS = 64  # parts that a table is made of, as long as each has no more pictures than ...
MOST = 1000


class Results(Protocol):
    """Where results go."""

    def taken(self, task: Task) -> bool:
        """Whether there is a result in the task's place."""

    def finished(self, task: Task, lines: Collection[str]) -> bool:
        """Whether an interrupted batch that has noted `lines` has made the task's result."""

    def clear(self) -> None:
        """Remove what is not to be there when the work begins."""

    def make(self, work: FileWork, todo: list[Task], engine: Engine, workers: int | None) -> Generator[list[Done], None, None]:
        """Do the tasks and say what became of them."""


def is_table(out: Place) -> bool:
    """Whether results in `out` are rows of a table."""
    return out.suffix.lower() == TABLE


def results_in(out: Place, *, skip_existing: bool, overwrite: bool) -> Results:
    """Where results in `out` go: a folder whose name ends in .parquet is a table."""
    if not is_table(out):
        return _Files(out)
    if skip_existing:
        raise ParameterError(
            "skip_existing has no effect on a table", expected="a folder of files", fix="Use --resume, which adds what is missing."
        )
    return _Table(out, overwrite=overwrite)


class _Files:
    def __init__(self, out: Place) -> None:
        self._taken = taken_in(out)

    def taken(self, task: Task) -> bool:
        return self._taken(task.target)

    def finished(self, task: Task, lines: Collection[str]) -> bool:
        return task.line in lines and self.taken(task)

    def clear(self) -> None:
        pass  # every result replaces the one in its place

    def make(self, work: FileWork, todo: list[Task], engine: Engine, workers: int | None) -> Generator[list[Done], None, None]:
        with closing(engine(work, todo, _enough(workers, len(todo)), lost_task)) as results:
            yield from results


class _Table:
    """Rows that are there stay: that a part was written is seen by its file, whatever was noted of it before a crash."""

    def __init__(self, out: Place, *, overwrite: bool) -> None:
        self._out = out
        self._before = list_files(out, TABLE)
        self._names = set() if overwrite else {row.key for part in self._before for row in rows_of(part)}
        self._overwrite = overwrite

    def taken(self, task: Task) -> bool:
        return task.result in self._names

    def finished(self, task: Task, lines: Collection[str]) -> bool:
        return self.taken(task)

    def clear(self) -> None:
        for part in self._before if self._overwrite else ():
            remove(part)

    def make(self, work: FileWork, todo: list[Task], engine: Engine, workers: int | None) -> Generator[list[Done], None, None]:
        first = 0 if self._overwrite else 1 + max((_number(part) for part in self._before), default=-1)
        size = max(1, min(MOST, math.ceil(len(todo) / PARTS)))
        parts = [self._part(first + number, todo[at : at + size]) for number, at in enumerate(range(0, len(todo), size))]
        lost: list[Part] = []

        def note(part: Part) -> list[Done]:
            lost.append(part)
            return []

        with closing(engine(PartWork(work), parts, _enough(workers, len(parts)), note)) as results:
            yield from results
        tasks = [task for part in lost for task in part.tasks]  # one of each part has killed its worker: try them one by one
        singles = [self._part(first + len(parts) + number, [task]) for number, task in enumerate(tasks)]
        if singles:
            with closing(engine(PartWork(work), singles, _several(workers), lost_part)) as results:
                yield from results

    def _part(self, number: int, tasks: list[Task]) -> Part:
        return Part(self._out / f"part-{number:06}{TABLE}", tuple(tasks))


def _number(part: Place) -> int:
    """A part's number; that of a file of another's making is taken to be 0."""
    digits = PurePath(str(part)).stem.removeprefix("part-")
    return int(digits) if digits.isdigit() else 0


def _several(workers: int | None) -> int | None:
    """In processes of their own, even one by one: this one is not to die."""
    return None if workers is None else max(2, workers)


def _enough(workers: int | None, tasks: int) -> int | None:
    """No more workers than tasks; one task is done in this process."""
    return workers if workers is None and tasks > 1 else min(workers or 1, max(1, tasks))
