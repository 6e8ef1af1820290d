"""What a worker does to the tasks of `apply`: one picture into a file, or some into a part of a table."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sightline.batch.convert import Options, convert
from sightline.batch.sources import Source
from sightline.batch.storage import Place, put, put_file
from sightline.batch.tables import TableWriter
from sightline.errors import SightlineError, StorageError
from sightline.pipeline import Pipeline

__all__ = ["Done", "FileWork", "Part", "PartWork", "Task", "lost_part", "lost_task"]

FATAL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
"""What befalls every file that follows: the storage is full, read-only or broken."""

DIED = "the process that worked on it died; it may be out of memory"


@dataclass(frozen=True)
class Task:
    """One picture: where it is, where its result goes, the name that its chance is drawn by, and its line in the journal.

    `result`: the name of its result below the output folder.
    """

    source: Source
    target: Place
    item: str
    line: str
    result: str


@dataclass(frozen=True)
class Done:
    """What became of a task."""

    task: Task
    error: str | None = None
    frames: int = 1
    fatal: bool = False


@dataclass(frozen=True)
class FileWork:
    """A worker's work where every result is a file; it is sent to the workers and never raises."""

    pipeline: Pipeline
    options: Options

    def __call__(self, task: Task) -> list[Done]:
        """Convert one file."""
        return [self.convert(task, lambda encoded: put(task.target, encoded, durable=False))]

    def convert(self, task: Task, keep: Callable[[bytes], None]) -> Done:
        """Convert one picture and give the bytes of its result to `keep`."""
        try:
            encoded, frames = convert(task.source, task.target.suffix.lower(), self.pipeline, task.item, self.options)
            keep(encoded)
        except StorageError as error:
            return Done(task, error.problem, fatal=getattr(error.__cause__, "errno", None) in FATAL)
        except SightlineError as error:
            return Done(task, str(error))
        except Exception as error:  # a fault of ours may cost one picture, never the batch
            return Done(task, f"internal error: {type(error).__name__}: {error}")
        return Done(task, frames=frames)


@dataclass(frozen=True)
class Part:
    """Some tasks whose results become the Parquet file `target`."""

    target: Place
    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class PartWork:
    """A worker's work where results are rows of a table."""

    work: FileWork

    def __call__(self, part: Part) -> list[Done]:
        """Convert the part's pictures and write those that succeed as one file, whole or not at all."""
        try:
            with tempfile.TemporaryDirectory(prefix="sightline-") as folder:
                file = Path(folder) / "part.parquet"
                table = TableWriter(file)
                done = [self.work.convert(task, lambda encoded, task=task: table.add(task.result, encoded)) for task in part.tasks]  # type: ignore[misc]
                table.close()
                if any(one.error is None for one in done):
                    put_file(part.target, file)
        except StorageError as error:
            fatal = getattr(error.__cause__, "errno", None) in FATAL
            return [Done(task, error.problem, fatal=fatal) for task in part.tasks]
        except Exception as error:  # a fault of ours, or a full disk for temporary files
            fatal = getattr(error, "errno", None) in FATAL
            return [Done(task, f"{type(error).__name__}: {error}", fatal=fatal) for task in part.tasks]
        return done


def lost_task(task: Task) -> list[Done]:
    """What became of a task whose worker died again and again."""
    return [Done(task, DIED)]


def lost_part(part: Part) -> list[Done]:
    """The same of a part."""
    return [Done(task, DIED) for task in part.tasks]
