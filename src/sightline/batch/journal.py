"""What a batch has done so far, so that an interrupted one can go on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO

from sightline.errors import RunError
from sightline.files import write_text

__all__ = ["Journal"]

NAME = ".sightline-apply.jsonl"


class Journal:
    """A file in the output folder: the first line says what is being done, each further one names a finished picture.

    It is deleted when the batch has ended without a failure. A line that a crash has cut off is left out when it is read.
    """

    def __init__(self, out: Path, job: dict[str, object]) -> None:
        self.path = out / NAME
        self.job = json.loads(json.dumps(job))
        self._file: IO[str] | None = None

    def finished(self) -> set[str] | None:
        """The pictures that an interrupted batch of the same job has finished; None if there was none, RunError if another."""
        try:
            lines = self.path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return None
        rows = []
        for line in lines:
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError:
                continue
        if not rows or rows[0] != self.job:
            raise RunError(
                f"cannot go on in {str(self.path.parent)!r}",
                expected="the pipeline and options of the interrupted batch",
                received="others",
                fix="Use them again, or another output folder.",
            )
        return {row for row in rows[1:] if isinstance(row, str)}

    def start(self, finished: set[str]) -> None:
        """Begin to write, with what was finished before."""
        write_text(self.path, "".join(json.dumps(row) + "\n" for row in (self.job, *sorted(finished))))
        self._file = open(self.path, "a", encoding="utf-8")  # noqa: SIM115 - open as long as the batch runs

    def add(self, picture: str) -> None:
        """Note a finished picture."""
        assert self._file is not None
        self._file.write(json.dumps(picture) + "\n")
        self._file.flush()

    def close(self, *, done: bool) -> None:
        """Stop writing; `done` deletes the file, as nothing is left to go on with."""
        if self._file is not None:
            self._file.close()
        if done:
            self.path.unlink(missing_ok=True)
