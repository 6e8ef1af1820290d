"""The tab *Runs*: every training, its figures, its mistakes, and two of them side by side."""

from __future__ import annotations

import asyncio
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from sightline.errors import InputError, UnknownNameError
from sightline.events import ignore
from sightline.jobs.runs import list_runs
from sightline.serve.page.calls import Asked, Call, Nothing
from sightline.serve.showing import tile

__all__ = ["RunShelf", "runs_calls"]

MOST = 12
"""Pictures of one cell or of the worst mistakes."""

LONGEST = 160


class Named(Asked):
    """A run."""

    name: str


class Cell(Asked):
    """A cell of a run's confusion matrix: labels by their places."""

    name: str
    true: int = Field(ge=0)
    predicted: int = Field(ge=0)


class Two(Asked):
    """Two runs."""

    first: str
    second: str


class RunShelf:
    """The runs in a folder, found by their names only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._trial = lru_cache(maxsize=2)(_trial)

    def summaries(self) -> list[dict[str, Any]]:
        """All runs in a line each, the best first."""
        return [{**one.to_dict(), "path": one.name} for one in list_runs(self.folder)] if self.folder.is_dir() else []

    def path(self, name: str) -> Path:
        """The folder of a run; UnknownNameError."""
        known = {one.name: one.path for one in list_runs(self.folder)} if self.folder.is_dir() else {}
        if name not in known:
            raise UnknownNameError(f"there is no run {name!r} here", fix="Reload the list.")
        return known[name]

    def contents(self, name: str) -> dict[str, Any]:
        """What a run's own files say."""
        from sightline.training.folder import RunFolder
        from sightline.training.log import read_log

        run = RunFolder(self.path(name))
        history = [dict(row) for row in read_log(run.log)] if run.log.exists() else []
        found: dict[str, Any] = {"name": name, "history": history, "report": run.report.exists()}
        if not run.metrics.exists():
            return found
        worst = _worst(run)  # first: it says what is wrong where the run's files are damaged
        measured = json.loads(run.metrics.read_text(encoding="utf-8"))
        facts = {
            key: measured["run"][key]
            for key in ("title", "model", "preset", "seconds", "started", "chosen_epoch", "notes", "baseline")
        }
        return {
            **found,
            **facts,
            "data": measured["run"]["dataset"]["title"],
            "evaluation": measured["evaluation"],
            "worst": worst,
        }

    def cell(self, asked: Cell) -> list[dict[str, Any]]:
        """The pictures of a cell of the confusion matrix, the surest first."""
        from sightline.training.folder import RunFolder
        from sightline.training.results import load_record

        path = self.path(asked.name)
        evaluation = load_record(RunFolder(path)).evaluation
        here = np.flatnonzero((evaluation.labels == asked.true) & (evaluation.predictions == asked.predicted))
        order = here[np.argsort(-evaluation.confidence[here], kind="stable")][:MOST]
        split = self._trial(path).split
        places = {str(one): place for place, one in enumerate(split.names)}
        return [
            {**tile(split.read(places[name]), LONGEST), "name": name, "confidence": float(evaluation.confidence[row])}
            for row in order.tolist()
            if (name := str(evaluation.names[row])) in places
        ]

    def compare(self, asked: Two) -> dict[str, Any]:
        """What two runs say of the same test pictures, by what each has recorded; InputError where these differ."""
        from sightline.evaluation.comparison import Comparison
        from sightline.training.folder import RunFolder
        from sightline.training.results import load_record

        first, second = (load_record(RunFolder(self.path(name))) for name in (asked.first, asked.second))
        same = first.dataset.fingerprint == second.dataset.fingerprint and first.evaluation.names == second.evaluation.names
        if asked.first == asked.second or not same or first.evaluation.classes != second.evaluation.classes:
            raise InputError(
                "the two cannot be compared here",
                expected="two runs on the same data and split",
                received=f"{asked.first} and {asked.second}",
                fix="Choose two of one dataset, or use `sightline compare A B --data ...`.",
            )
        found = Comparison((asked.first, asked.second), first.evaluation, second.evaluation, first.dataset.title)
        counts = {
            "only_first": len(found.only_a),
            "only_second": len(found.only_b),
            "both_wrong": int((~found.a.correct & ~found.b.correct).sum()),
        }
        classes = [{"name": one.name, "first": one.a, "second": one.b} for one in found.per_class if one.support]
        low, high = found.interval
        return {
            "finding": found.finding(),
            "chance": found.chance,
            "pictures": len(found),
            "difference": found.difference,
            "low": low,
            "high": high,
            **counts,
            "classes": classes,
        }


def runs_calls(shelf: RunShelf) -> list[Call[Any]]:
    """What the tab may ask."""

    async def runs(asked: Nothing) -> dict[str, Any]:
        return {"folder": str(shelf.folder), "runs": await asyncio.to_thread(shelf.summaries)}

    async def run(asked: Named) -> dict[str, Any]:
        return await asyncio.to_thread(shelf.contents, asked.name)

    async def cell(asked: Cell) -> list[dict[str, Any]]:
        return await asyncio.to_thread(shelf.cell, asked)

    async def compare(asked: Two) -> dict[str, Any]:
        return await asyncio.to_thread(shelf.compare, asked)

    return [Call(Nothing, runs), Call(Named, run), Call(Cell, cell), Call(Two, compare)]


def _trial(path: Path) -> Any:
    from sightline.jobs.models import trial_of

    return trial_of(path, None, ignore)


def _worst(run: Any) -> list[dict[str, Any]]:
    """The most confident mistakes, as the run has kept them."""
    from sightline.evaluation.record import worst_indices
    from sightline.training.results import load_record

    record = load_record(run)
    evaluation = record.evaluation
    return [
        {
            **tile(record.pictures[index], LONGEST),
            "name": evaluation.names[index],
            "true": evaluation.classes[evaluation.labels[index]],
            "predicted": evaluation.classes[evaluation.predictions[index]],
            "confidence": float(evaluation.confidence[index]),
        }
        for index in worst_indices(evaluation)
    ]
