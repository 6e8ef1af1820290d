"""What a batch has done so far, so that an interrupted one can go on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from sightline.errors import RunError
from sightline.files import write_text

__all__ = ["Journal", "journal_line"]

NAME = ".sightline-apply.jsonl"


class Journal:
    """A file in the output folder: the first line says what is being done, each further one names a finished picture.

    A picture is the same if its name, place, size and time are. The file is deleted when the batch has ended without a failure.
    A line that a crash has cut off names no picture.
    """

    def __init__(self, out: Path, job: dict[str, object]) -> None:
        self.path = out / NAME
        self.job = json.dumps(job)
        self._file: IO[str] | None = None

    def finished(self) -> set[str] | None:
        """The lines of what an interrupted batch of the same job has finished; None if there was none, RunError if another."""
        try:
            job, *lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
        except FileNotFoundError:
            return None
        if job != self.job:
            raise RunError(
                f"cannot go on in {str(self.path.parent)!r}",
                expected="the pipeline and options of the interrupted batch",
                received="others",
                fix="Use them again, or another output folder.",
            )
        return set(lines)

    def start(self, finished: Iterable[str]) -> None:
        """Begin to write, with the lines of what was finished before."""
        write_text(self.path, "".join(line + "\n" for line in (self.job, *sorted(finished))))
        self._file = open(self.path, "a", encoding="utf-8")  # noqa: SIM115 - open as long as the batch runs

    def add(self, line: str) -> None:
        """Note a finished picture by its `journal_line`."""
        assert self._file is not None
        self._file.write(line + "\n")
        self._file.flush()

    def close(self, *, done: bool) -> None:
        """Stop writing; `done` deletes the file, as nothing is left to go on with."""
        if self._file is not None:
            self._file.close()
        if done:
            self.path.unlink(missing_ok=True)


def journal_line(item: str, source: Path) -> str:
    """What a journal calls a picture, as it is now."""
    try:
        status = source.stat()
        facts = [status.st_size, status.st_mtime_ns]
    except (OSError, ValueError):  # it will fail and say why
        facts = []
    return json.dumps([item, str(source.absolute()), *facts])
