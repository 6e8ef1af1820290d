"""The notebook as a face: what a job says stands under the cell that runs it."""

from __future__ import annotations

import sys
import time
from importlib import import_module
from typing import Any

from sightline.events import EpochDone, Event, Note, Progress, TrialDone
from sightline.progress import line

__all__ = ["default_listener", "find_notebook"]

EVERY = 0.25  # seconds between what need not be seen
MOST = 100  # lines


def find_notebook() -> Any:
    """IPython's shell where it is the kernel of a notebook, else None; it is asked, not imported."""
    ipython = sys.modules.get("IPython")  # what is not loaded runs no notebook
    shell = ipython.get_ipython() if ipython is not None else None
    return shell if hasattr(shell, "kernel") else None  # IPython in a terminal has none


def default_listener(event: Event) -> None:
    """The listener of a job that is given none: in a notebook it shows what is said, elsewhere it is silent."""
    notebook = find_notebook()
    if notebook is not None:
        _output_of(notebook.execution_count).add(event)


_last: list[_Output] = []


def _output_of(cell: int) -> _Output:
    """The lines under the cell that is the `cell`-th to be run; those of the one before stay as they are."""
    if not _last or _last[0].cell != cell:
        _last[:] = [_Output(cell)]
    return _last[0]


class _Output:
    """Lines that stay, the last and the best epoch of a training, and a line of what is under way."""

    def __init__(self, cell: int) -> None:
        self.cell = cell
        self.lines: list[str] = []
        self.epochs: list[EpochDone] = []
        self.under_way = ""
        self.shown_at = time.monotonic()
        self.display: Any = None

    def add(self, event: Event) -> None:
        """Take in what is said, and show it unless that was done just now and more will come."""
        self.under_way = ""
        passing = False
        if isinstance(event, Note | TrialDone):
            self._settle()
            self.lines.append(line(event))
        elif isinstance(event, EpochDone):
            self._add_epoch(event)
        elif not (isinstance(event, Progress) and event.done == event.total):
            self.under_way = line(event)
            passing = time.monotonic() - self.shown_at < EVERY
        if not passing:
            self._show()

    def _add_epoch(self, event: EpochDone) -> None:
        if self.epochs and event.row["epoch"] <= self.epochs[-1].row["epoch"]:
            self._settle()  # another training
        kept = [] if event.best else [epoch for epoch in self.epochs if epoch.best]
        self.epochs = [*kept, event]

    def _settle(self) -> None:
        """Let the lines of a training stay where they are."""
        self.lines += map(line, self.epochs)
        self.epochs = []

    def _show(self) -> None:
        lines = [*self.lines, *map(line, self.epochs), *([self.under_way] if self.under_way else [])]
        if len(lines) > MOST:
            lines = [f"({len(lines) - MOST} lines before)", *lines[-MOST:]]
        if not lines and self.display is None:
            return
        data = {"text/plain": "\n".join(lines)} if lines else {"text/plain": "", "text/html": ""}  # an empty line has a height
        if self.display is None:
            self.display = import_module("IPython.display").display(data, raw=True, display_id=True)
        else:
            self.display.update(data, raw=True)
        self.shown_at = time.monotonic()
