"""A trial of a tuning in a process of its own, which gives back all its memory, and takes nothing along when it dies.

It says on standard output how far it is, an event a line as JSON, and hears on standard input after every epoch whether to go on.
What it cannot go on for is its last line.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sightline.errors import InputError, Interrupted, JobError, SightlineError, TrainingError
from sightline.events import EpochDone, Event, Note, Progress, StepDone
from sightline.processes import own_environment, own_module

__all__ = ["END", "GO", "TrialProcess"]

EVENTS = {kind.__name__: kind for kind in (Note, Progress, StepDone, EpochDone)}
ENDS = {kind.__name__: kind for kind in (Interrupted, InputError, TrainingError, JobError)}
GO, END = "go", "end"


class TrialProcess:
    """A trial under way in a process of its own."""

    def __init__(self, study: Path, number: int, log: Path) -> None:
        """Begin; `log` is the file that gets what the process says beside its events."""
        self._log = log
        self._stopped = False
        with open(log, "wb") as error:
            self._process = subprocess.Popen(  # noqa: S603
                own_module("sightline.jobs.trial_worker", str(study), str(number)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=error,
                encoding="utf-8",
                env=own_environment(),
                start_new_session=True,  # a key that stops the tuning reaches it through the tuning
            )

    def events(self) -> Iterator[Event]:
        """What the training says, to its end; Interrupted where it was stopped, InputError or JobError where it cannot go on."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said: dict[str, Any] = json.loads(line)
            kind = said.pop("event")
            if kind in ENDS:
                self._process.wait()
                raise ENDS[kind](said["what"], fix=said["fix"])
            yield EVENTS[kind](**said)
        if not (status := self._process.wait()):
            return
        if self._stopped:
            raise Interrupted("stopped")
        if status < 0:
            memory = ", as when there is too little memory" if -status == signal.SIGKILL else ""
            raise JobError(f"its process has ended with signal {-status}{memory}")
        said_last = [line for line in self._log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
        raise JobError(f"its process has ended with status {status}" + (f": {said_last[-1][:300]}" if said_last else ""))

    def answer(self, word: str) -> None:
        """Say after an epoch whether to `GO` on or to `END`."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended, and `events` says how
            self._process.stdin.write(f"{word}\n")
            self._process.stdin.flush()

    def stop(self) -> None:
        """Have the training save its state and end, if it has not."""
        if not self._stopped and self._process.poll() is None:  # a second signal would end it at once
            self._stopped = True
            self._process.terminate()

    def close(self) -> None:
        """End the process and what leads to it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()
        if not self._log.stat().st_size:
            self._log.unlink()


class _TooWeakError(Exception):
    """The trial is not to go on."""


def main() -> None:
    """Train trial `sys.argv[2]` of the study in `sys.argv[1]`."""
    from sightline.jobs.trainings import train_only
    from sightline.training.study import open_study

    lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no event

    def say(event: str, **fields: Any) -> None:
        lines.write(json.dumps({"event": event, **fields}) + "\n")
        lines.flush()

    def listen(event: Event) -> None:
        say(type(event).__name__, **asdict(event))
        if isinstance(event, EpochDone) and sys.stdin.readline().strip() != GO:  # also where nobody is there any more
            raise _TooWeakError

    try:
        study, number = open_study(sys.argv[1]), int(sys.argv[2])
        train_only(study.run(number).path, study.training(number), on_event=listen)
    except _TooWeakError:
        pass
    except SightlineError as error:
        say(next(name for name, kind in ENDS.items() if isinstance(error, kind)), what=error.problem, fix=error.fix)
    except KeyboardInterrupt:
        say("Interrupted", what="stopped", fix=None)
    except BrokenPipeError:
        sys.exit(1)  # nobody listens any more


if __name__ == "__main__":
    main()
