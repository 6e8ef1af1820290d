"""What a batch has done so far, so that an interrupted one can go on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from sightline.batch.sources import Source
from sightline.batch.storage import Place, Remote, put, read_text, remove
from sightline.errors import RunError

__all__ = ["Journal", "journal_line"]

NAME = ".sightline-apply.jsonl"
FLUSH = 500
"""Finished pictures between two files of a journal behind a URL, where nothing can be appended to a file."""


class Journal:
    """A file in the output folder: the first line says what is being done, each further one names a finished picture.

    A picture is the same if its name, place, size and time are. The file is deleted when the batch has ended without a failure.
    A line that a crash has cut off names no picture. Behind a URL further lines are in files of their own, numbered on; those of
    a crash's last moments may be missing, and then the pictures are made again.
    """

    def __init__(self, out: Place, job: dict[str, object]) -> None:
        self.out = out
        self.path: Place = out / NAME
        self.job = json.dumps(job)
        self._file: IO[str] | None = None
        self._waiting: list[str] = []
        self._files = 0

    def finished(self) -> set[str] | None:
        """The lines of what an interrupted batch of the same job has finished; None if there was none, RunError if another."""
        text = read_text(self.path)
        if text is None:
            return None
        job, *lines = text.splitlines() or [""]
        if job != self.job:
            raise RunError(
                f"cannot go on in {str(self.out)!r}",
                expected="the pipeline and options of the interrupted batch",
                received="others",
                fix="Use them again, or another output folder.",
            )
        number = 1
        while isinstance(self.path, Remote) and (text := read_text(self._further(number))) is not None:
            lines += text.splitlines()
            number += 1
        return set(lines)

    def start(self, finished: Iterable[str]) -> None:
        """Begin to write, with the lines of what was finished before."""
        self._remove_further()
        put(self.path, _text([self.job, *sorted(finished)]))
        if isinstance(self.path, Path):
            self._file = open(self.path, "a", encoding="utf-8")  # noqa: SIM115 - open as long as the batch runs

    def add(self, line: str) -> None:
        """Note a finished picture by its `journal_line`."""
        if self._file is not None:
            self._file.write(line + "\n")
            self._file.flush()
            return
        self._waiting.append(line)
        if len(self._waiting) >= FLUSH:
            self._flush()

    def close(self, *, done: bool) -> None:
        """Stop writing; `done` deletes the file, as nothing is left to go on with."""
        if self._file is not None:
            self._file.close()
        if done:
            remove(self.path)
            self._remove_further()
        elif self._waiting:
            self._flush()

    def _flush(self) -> None:
        self._files += 1
        put(self._further(self._files), _text(self._waiting))
        self._waiting = []

    def _further(self, number: int) -> Place:
        return self.out / f"{NAME}.{number:05}"

    def _remove_further(self) -> None:
        """Remove the files of further lines, the last first: what a crash leaves begins with the first and is found again."""
        count = 0
        while isinstance(self.path, Remote) and read_text(self._further(count + 1)) is not None:
            count += 1
        for number in range(count, 0, -1):
            remove(self._further(number))


def _text(lines: Iterable[str]) -> bytes:
    return "".join(line + "\n" for line in lines).encode("utf-8", "backslashreplace")


def journal_line(item: str, source: Source) -> str:
    """What a journal calls a picture, as it is now."""
    if not isinstance(source, Path):
        return json.dumps([item, str(source), *source.facts])
    try:
        status = source.stat()
        facts = [status.st_size, status.st_mtime_ns]
    except (OSError, ValueError):  # it will fail and say why
        facts = []
    return json.dumps([item, str(source.absolute()), *facts])
