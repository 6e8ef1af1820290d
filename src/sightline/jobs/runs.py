"""What runs there are in a folder, and how good they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sightline.errors import InputError, RunError

if TYPE_CHECKING:
    from sightline.training.folder import RunFolder

__all__ = ["RunSummary", "list_runs"]

State = Literal["finished", "running", "trained", "stopped", "damaged"]


@dataclass(frozen=True)
class RunSummary:
    """A run in a line. What is not known is None; `interval`: the accuracy's at 95 %; `epochs`: those that are done.

    `trained`: to its end, but not evaluated; `stopped`: before its end; either can be resumed; `damaged`: its files cannot be read.
    """

    name: str
    path: Path
    state: State
    data: str | None = None
    model: str | None = None
    preset: str | None = None
    seed: int | None = None
    epochs: int = 0
    of_epochs: int | None = None
    split: str | None = None
    pictures: int | None = None
    accuracy: float | None = None
    interval: tuple[float, float] | None = None
    loss: float | None = None
    ece: float | None = None
    parameters: int | None = None
    seconds: float | None = None
    started: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data for JSON."""
        return {**asdict(self), "path": str(self.path)}


def list_runs(folder: str | Path = "runs") -> list[RunSummary]:
    """The runs in `folder`, the best first, then those that are not finished; InputError where there is no such folder.

    >>> import sightline as sl
    >>> run = sl.train("digits", epochs=1, preset="plain")
    >>> [(one.name, one.state, one.epochs, one.pictures) for one in sl.list_runs()]
    [('digits', 'finished', 1, 359)]
    """
    home = Path(folder)
    if not home.is_dir():
        raise InputError(f"there is no folder {str(folder)!r}", fix="Runs are made by `sightline train`.")
    found = list(_summaries(home))
    return sorted(found, key=lambda one: (one.accuracy is None, -(one.accuracy or 0), one.name))


def _summaries(home: Path) -> Iterator[RunSummary]:
    from sightline.training.folder import RunFolder

    for path in sorted(home.iterdir()):
        run = RunFolder(path)
        if run.is_run:
            yield _summary(run)


def _summary(run: RunFolder) -> RunSummary:
    from sightline.training.config import TrainConfig
    from sightline.training.log import read_log

    try:
        config = TrainConfig.load(run.config)
        epochs = len(read_log(run.log)) if run.log.exists() else 0
        told: dict[str, Any] = {
            "data": Path(config.data).name,
            "model": config.model,
            "preset": config.preset,
            "seed": config.seed,
            "of_epochs": config.epochs,
        }
        if run.in_use:
            return RunSummary(run.name, run.path, "running", epochs=epochs, **told)
        if not run.metrics.exists():
            return RunSummary(run.name, run.path, "trained" if epochs == config.epochs else "stopped", epochs=epochs, **told)
        measured = json.loads(run.metrics.read_text(encoding="utf-8"))
        return RunSummary(run.name, run.path, "finished", epochs=epochs, **told, **_figures(measured))
    except (RunError, OSError, ValueError, LookupError, TypeError):
        return RunSummary(run.name, run.path, "damaged")


def _figures(measured: dict[str, Any]) -> dict[str, Any]:
    found, facts = measured["evaluation"], measured["run"]
    low, high = found["accuracy_interval_95"]
    return {
        "split": found["split"],
        "pictures": found["pictures"],
        "accuracy": found["accuracy"],
        "interval": (low, high),
        "loss": found["loss"],
        "ece": found["ece"],
        "parameters": facts["cost"]["parameters"],
        "seconds": facts["seconds"],
        "started": facts["started"],
    }
