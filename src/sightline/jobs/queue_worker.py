"""The process of one training of a queue: it trains, and says in a file how far it is."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from sightline.errors import Interrupted, SightlineError
from sightline.events import EpochDone, Event, Note, Progress, StepDone
from sightline.files import write_json
from sightline.jobs.queue import TrainingQueue

EVERY = 0.5  # seconds between two words on the progress


class _Word:
    """What is said of a training, in the one file that its process writes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._said: dict[str, Any] = {"state": "running", "process": os.getpid(), "message": "", "progress": {}}
        self._last = 0.0

    def __call__(self, event: Event) -> None:
        """Follow the events of the job."""
        if isinstance(event, Note):
            self.say(message=event.text)
        elif isinstance(event, EpochDone):
            self.say(progress={"epoch": int(event.row["epoch"]), "epochs": event.epochs, "left": event.seconds_left})
        elif time.monotonic() - self._last >= EVERY:
            if isinstance(event, StepDone):
                share = (event.epoch - 1 + event.step / event.steps) / event.epochs
                steps = {"epoch": event.epoch, "epochs": event.epochs, "share": share, "left": event.seconds_left}
                self.say(progress={**steps, "loss": event.loss, "accuracy": event.accuracy})
            elif isinstance(event, Progress):
                self.say(progress={"what": event.what, "done": event.done, "total": event.total, "unit": event.unit})

    def say(self, **changes: Any) -> None:
        """Write the state with what has changed."""
        self._said.update(changes)
        self._last = time.monotonic()
        write_json(self._path, self._said)


def main() -> None:
    """Train what ticket `sys.argv[2]` of the queue in `sys.argv[1]` asks for."""
    from filelock import FileLock

    queue, number = TrainingQueue(sys.argv[1]), int(sys.argv[2])
    with FileLock(queue.folder / f"{number:06}.lock", timeout=5):
        word = _Word(queue.folder / f"{number:06}.state.json")
        word.say()
        try:
            _train(queue, number, word)
        except Interrupted as error:
            word.say(state="stopped", message=str(error))
        except SightlineError as error:
            word.say(state="failed", message=str(error))
        except BaseException:
            word.say(state="failed", message="the training has failed in a way that nobody foresaw; the log says how")
            raise
        else:
            word.say(state="done", message="")


def _train(queue: TrainingQueue, number: int, word: _Word) -> None:
    from sightline.jobs.trainings import train
    from sightline.training.config import TrainConfig

    one = queue.get(number)
    train(TrainConfig.model_validate(one.config), out=queue.runs, name=one.name, on_event=word)


if __name__ == "__main__":
    main()
