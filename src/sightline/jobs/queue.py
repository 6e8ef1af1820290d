"""Trainings one after the other, each in a process of its own that outlives whoever asked for it.

`<runs>/.queue/` holds for each a ticket, which who asks for it writes once; a state, which its process writes; a lock, which its
process holds while it runs; and what it said. Whoever looks into the folder finds all of it, so a page may be closed and a service
begun anew.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sightline.errors import InputError, UnknownNameError
from sightline.files import write_json
from sightline.processes import own_environment, own_module

if TYPE_CHECKING:
    from sightline.training.config import TrainConfig

__all__ = ["Queued", "TrainingQueue"]

State = Literal["waiting", "starting", "running", "done", "stopped", "failed"]
ENDED: frozenset[State] = frozenset({"done", "stopped", "failed"})
START = 120.0
"""Seconds that a process may take from its start until it holds its lock."""


@dataclass(frozen=True)
class Queued:
    """A training that was asked for. `progress`: what its process last said of it; `message`: the last sentence for people."""

    number: int
    name: str
    config: dict[str, Any]
    state: State
    asked: float
    message: str = ""
    process: int | None = None
    progress: dict[str, Any] = field(default_factory=dict)


class TrainingQueue:
    """The trainings of a folder of runs. Several may look at it; `advance` by any of them starts what is next."""

    def __init__(self, runs: str | Path) -> None:
        self.runs = Path(runs)
        self.folder = self.runs / ".queue"

    def add(self, config: TrainConfig, name: str | None = None) -> Queued:
        """Ask for a training; it begins when those before it have ended. InputError for a name that is taken."""
        with self._changing():
            tickets = self.trainings()
            number = 1 + max((one.number for one in tickets), default=0)
            ticket = {
                "name": self._free_name(config, name, tickets),
                "config": config.model_dump(mode="json"),
                "asked": time.time(),
            }
            write_json(self._file(number, "ticket.json"), ticket)
        return self.get(number)

    def trainings(self) -> list[Queued]:
        """All, in the order in which they were asked for."""
        numbers = sorted(int(path.name.split(".")[0]) for path in self.folder.glob("*.ticket.json"))
        return [self.get(number) for number in numbers]

    def get(self, number: int) -> Queued:
        """The training of that number; UnknownNameError."""
        ticket = _read(self._file(number, "ticket.json"))
        if not ticket:
            raise UnknownNameError(f"there is no training {number}")
        said = _read(self._file(number, "state.json"))
        state: State = said.get("state", "waiting")
        message = said.get("message", "")
        if state == "running" and not self._held(number):
            said = _read(self._file(number, "state.json"))  # it may have ended in between, and said so
            state, message = said["state"], said.get("message", "")
            if state == "running":
                state, message = "failed", "its process has ended without a word; resume the run"
        elif state == "starting" and not self._held(number) and time.time() - said["time"] > START:
            state, message = "failed", "its process did not start"
        return Queued(
            number, ticket["name"], ticket["config"], state, ticket["asked"], message, said.get("process"), said.get("progress", {})
        )

    def advance(self) -> Queued | None:
        """Start the next training if none is under way; what was started."""
        with self._changing():
            every = self.trainings()
            waiting = [one for one in every if one.state == "waiting"]
            if not waiting or any(one.state in {"starting", "running"} for one in every):
                return None
            self._start(waiting[0].number)
        return self.get(waiting[0].number)

    def stop(self, number: int) -> None:
        """Have a training stop, its state saved, or not begin."""
        with self._changing():
            one = self.get(number)
            if one.state == "waiting":
                write_json(self._file(number, "state.json"), {"state": "stopped", "message": "it was stopped before it began"})
            elif one.state == "running" and one.process is not None:
                os.kill(one.process, signal.SIGTERM)  # it holds the lock: the number is still its own
            elif one.state == "starting":
                raise InputError("the training is just starting", fix="Try again in a few seconds.")

    def _start(self, number: int) -> None:
        write_json(self._file(number, "state.json"), {"state": "starting", "time": time.time()})
        with open(self._file(number, "log"), "wb") as log:
            process = subprocess.Popen(  # noqa: S603
                own_module("sightline.jobs.queue_worker", str(self.runs), str(number)),
                env=own_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # what ends the service does not end it
            )
        threading.Thread(
            target=process.wait, daemon=True
        ).start()  # the system keeps a process until somebody has asked how it ended

    def _free_name(self, config: TrainConfig, name: str | None, tickets: list[Queued]) -> str:
        from sightline.training.folder import fitted, free_run

        asked = {one.name for one in tickets if one.state not in ENDED}
        if name is None:
            stem = free_run(config, self.runs, None).name.rstrip("0123456789").rstrip("-")
            names = (fitted(stem, f"-{number}" if number > 1 else "") for number in count(1))
            return next(one for one in names if one not in asked and not (self.runs / one).exists())
        if name in asked:
            raise InputError(f"a training called {name!r} is waiting already", fix="Choose another name.")
        return free_run(config, self.runs, name).name

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Only one process or thread at a time adds, starts and stops."""
        from filelock import FileLock

        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / "lock"):
            yield

    def _held(self, number: int) -> bool:
        """Whether the process of a training runs."""
        from filelock import FileLock, Timeout

        lock = FileLock(self._file(number, "lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        lock.release()
        return False

    def _file(self, number: int, ending: str) -> Path:
        return self.folder / f"{number:06}.{ending}"


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
