"""Training again from a run's own record, and comparing what comes out."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from sightline.bundle import load_manifest
from sightline.errors import ParameterError
from sightline.events import Listener, Note
from sightline.jobs.models import Model, Run, place_of, trial_of
from sightline.jobs.trainings import train
from sightline.notebook import default_listener

__all__ = ["Reproduction", "reproduce"]

FIGURES = ("accuracy", "loss", "ece")


@dataclass(frozen=True)
class Reproduction:
    """How a run came out when it was trained again.

    `figures`: for each measure of the evaluation its value then and now. `agreement`: the share of pictures that get the same
    label. `identical`: the weights are the same to the last bit. `environment`: what differs of versions and machine, then and
    now. `reproduced`: identical, or the accuracy within `tolerance`.
    """

    run: Run
    figures: dict[str, tuple[float, float]]
    agreement: float
    identical: bool
    environment: dict[str, tuple[str, str]]
    tolerance: float

    @property
    def reproduced(self) -> bool:
        """Whether the result stands."""
        before, now = self.figures["accuracy"]
        return self.identical or abs(now - before) <= self.tolerance

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data for JSON."""
        return {
            "path": str(self.run.path),
            "reproduced": self.reproduced,
            "identical": self.identical,
            "agreement": self.agreement,
            "tolerance": self.tolerance,
            "figures": {name: {"before": before, "now": now} for name, (before, now) in self.figures.items()},
            "environment": {name: {"before": before, "now": now} for name, (before, now) in self.environment.items()},
        }


def reproduce(
    path: Model,
    *,
    out: str | Path | None = None,
    name: str | None = None,
    tolerance: float = 0.005,
    on_event: Listener = default_listener,
) -> Reproduction:
    """Train again from a finished run's configuration and compare the evaluations.

    The new run stands in `out`, by itself beside the old one, which is only read. On the same machine with the same versions
    the weights are the same to the last bit; elsewhere the accuracy should be within `tolerance`. DatasetError if the data is
    no longer what the run was trained on; RunError if the run is not finished; ParameterError unless 0 <= `tolerance` <= 1.

    >>> import sightline as sl
    >>> run = sl.train("digits", epochs=1, preset="plain")
    >>> again = sl.reproduce(run)
    >>> again.run.path.name, again.reproduced
    ('digits-again', True)
    """
    from sightline.training.checkpoint import load_state
    from sightline.training.config import TrainConfig
    from sightline.training.folder import open_run
    from sightline.training.results import load_record

    if not 0 <= tolerance <= 1:
        raise ParameterError("invalid tolerance", expected="0 to 1", received=repr(tolerance))
    folder = open_run(place_of(path))
    load_record(folder)  # says what is missing of an unfinished run
    trial_of(folder.path, None, on_event)  # says that the data has changed, before the training
    config = TrainConfig.load(folder.config)
    if extended := load_state(folder.checkpoint).extended_at:
        on_event(Note(f"The run was extended after epoch {extended}; trained in one go it follows another schedule.", warning=True))
    home = Path(out) if out is not None else folder.path.parent
    run = train(config, out=home, name=name or _free_name(home, folder.name), on_event=on_event)
    again = open_run(run.path)
    before, now = _metrics(folder.metrics), _metrics(again.metrics)
    figures = {figure: (before["evaluation"][figure], now["evaluation"][figure]) for figure in FIGURES}
    then, today = before["run"]["environment"], now["run"]["environment"]
    names = {**then, **today}
    environment = {key: (then.get(key, "none"), today.get(key, "none")) for key in names if then.get(key) != today.get(key)}
    hashes = [load_manifest(each.bundle).files["weights.safetensors"].sha256 for each in (folder, again)]
    agreement = _agreement(folder.predictions, again.predictions)
    return Reproduction(run, figures, agreement, hashes[0] == hashes[1], environment, tolerance)


def _free_name(home: Path, name: str) -> str:
    """What a run that is trained again is called in the folder `home`: the first name that nothing there has."""
    from sightline.training.folder import fitted

    names = (fitted(name, "-again" if number == 1 else f"-again-{number}") for number in count(1))
    return next(each for each in names if not (home / each).exists())


def _metrics(path: Path) -> dict[str, Any]:
    metrics: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return metrics


def _agreement(one: Path, other: Path) -> float:
    """The share of pictures in both tables of predictions that have the same label in both."""
    first, second = (_labels(path) for path in (one, other))
    both = first.keys() & second.keys()
    return sum(first[name] == second[name] for name in both) / max(len(both), 1)


def _labels(path: Path) -> dict[str, str]:
    with path.open(newline="", encoding="utf-8") as file:
        return {row["name"]: row["predicted"] for row in csv.DictReader(file)}
