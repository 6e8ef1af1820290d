"""What the shell shows: progress, tables and errors, with restraint."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column, Table
from rich.text import Text

from sightline.errors import SightlineError
from sightline.events import EpochDone, Event, Listener, Note, StepDone, TrialDone
from sightline.progress import duration, line, progress_facts, step_facts

__all__ = ["columns_that_fit", "counted", "listening", "out", "print_json", "say", "show_error", "table"]


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Let `main` end the command quietly: Rich would make it a failure, and so would Typer if the error had its number."""
        raise BrokenPipeError


err = _Console(stderr=True, highlight=False)
out = _Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 1000)  # a pipe has no edge to wrap at
TRIALS = 12  # that a live table shows
LONG = 24  # letters of why a trial failed, in it
PLAIN_EVERY = 10.0  # seconds between plain lines about the same thing


def say(text: str) -> None:
    """A line on standard output, as it is: no markup is read into it."""
    out.print(text, markup=False)


def counted(number: int, what: str) -> str:
    """A number of things in words.

    >>> counted(1, "picture"), counted(1200, "picture")
    ('1 picture', '1,200 pictures')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def print_json(value: Any) -> None:
    """JSON on standard output and nothing else."""
    try:
        sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        out.on_broken_pipe()


class Rows(Table):
    """A table whose cells are text as it is: class names and paths are never read as markup."""

    def add_row(self, *cells: Any, **options: Any) -> None:
        """Add a row of plain strings."""
        super().add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells), **options)


def table(*columns: str) -> Rows:
    """A quiet table; a column whose name starts with `>` is aligned to the right. Without names there is no header."""
    result = Rows(box=None, pad_edge=False, header_style="bold", show_edge=False, show_header=any(c.strip(">") for c in columns))
    for column in columns:
        justify: Literal["right", "left"] = "right" if column.startswith(">") else "left"
        result.add_column(Text(column.removeprefix(">")), justify=justify, overflow="fold")
    return result


def show_error(error: SightlineError) -> None:
    """One red line of what is wrong, one line of what to do."""
    err.print(f"Error: {error.problem}", style="bold red" if error.exit_code != 130 else "yellow", markup=False, soft_wrap=True)
    if error.fix:
        err.print(error.fix, markup=False, soft_wrap=True)


@contextmanager
def listening(*, quiet: bool = False) -> Iterator[Listener]:
    """A listener that shows a job's events on standard error: a live line on a terminal, else plain lines.

    `quiet` leaves only warnings.
    """
    if quiet:
        plain = Plain()
        yield lambda event: plain(event) if isinstance(event, Note) and event.warning else None
    elif err.is_terminal:
        with Live() as live:
            yield live
    else:
        yield Plain()


class Plain:
    """Plain lines, for logs and pipes: one for each note and epoch, and now and then one within a long stretch."""

    def __init__(self) -> None:
        self.last = time.monotonic()

    def __call__(self, event: Event) -> None:
        """Print the event if it is worth a line."""
        if isinstance(event, Note | EpochDone | TrialDone) or time.monotonic() - self.last > PLAIN_EVERY:
            err.print(line(event), markup=False, soft_wrap=True)
            self.last = time.monotonic()


class _Progress(Progress):
    """A live line, under a live table of trials where there are any."""

    def __init__(self, *columns: Any, **options: Any) -> None:
        self.trials: list[TrialDone] = []
        super().__init__(*columns, **options)

    def get_renderables(self) -> Iterator[RenderableType]:
        """The table and the line."""
        if self.trials:
            yield _trials(self.trials)
        yield from super().get_renderables()


class Live:
    """One live line under the lines that stay."""

    def __init__(self) -> None:
        self.progress = _Progress(
            TextColumn("{task.description}", table_column=Column(no_wrap=True)),
            BarColumn(bar_width=12),
            TextColumn("{task.fields[facts]}", table_column=Column(no_wrap=True)),
            console=err,
            transient=True,
        )
        self.task: TaskID | None = None

    def __enter__(self) -> Live:
        self.progress.start()
        return self

    def __exit__(self, *details: object) -> None:
        self.progress.stop()

    def __call__(self, event: Event) -> None:
        """Move the line, or print one above it."""
        if isinstance(event, Note):
            self._clear()
            self.progress.console.print(line(event), markup=False)
        elif isinstance(event, EpochDone):
            self.progress.console.print(line(event), markup=False)
        elif isinstance(event, TrialDone):
            self._clear()
            self.progress.trials.append(event)
        elif isinstance(event, StepDone):
            self._move(f"epoch {event.epoch}/{event.epochs}", event.step, event.steps, step_facts(event))
        elif event.done == event.total:
            self._clear()
        else:
            self._move(event.what, event.done, event.total, progress_facts(event))

    def _move(self, what: str, done: int, total: int | None, facts: str) -> None:
        if self.task is None:
            self.task = self.progress.add_task(what, total=total, facts=facts)
        self.progress.update(self.task, description=what, completed=done, total=total, facts=facts)

    def _clear(self) -> None:
        if self.task is not None:
            self.progress.remove_task(self.task)
            self.task = None


def columns_that_fit(columns: Mapping[str, Sequence[str]], room: int) -> list[str]:
    """The first of `columns`, by their heads, that go side by side into `room` letters; a head is broken between its words.

    >>> columns_that_fit({"batch size": ["128"], "rate": ["0.00123"], "filters": ["64,64,32"]}, 22)
    ['batch size', 'rate']
    """
    shown = []
    for head, cells in columns.items():
        room -= max(len(text) for text in (*head.split(), *cells)) + 2  # between columns
        if room < 0:
            break
        shown.append(head)
    return shown


def _trials(events: list[TrialDone]) -> Table:
    """The last trials and the best of those before them, with as many of their values as there is room for."""
    last = events[-max(3, min(TRIALS, err.height - 8)) :]
    best = [event for event in events if event.best][-1:]
    shown = [*(event for event in best if event not in last), *last]
    outcomes = [event.outcome if len(event.outcome) <= LONG else f"{event.outcome[: LONG - 1]}…" for event in shown]
    values = {name.replace("_", " "): [event.values[name] for event in shown] for name in events[0].values}
    heads = columns_that_fit(values, err.width - 29 - max(map(len, outcomes)))
    rows = table(">trial", ">score", "", ">time", "", *(f">{head}" for head in heads))
    for number, (event, outcome) in enumerate(zip(shown, outcomes, strict=True)):
        mark = "*" if event in best else ""
        cells = (values[head][number] for head in heads)
        rows.add_row(str(event.number), event.score, mark, duration(event.seconds), outcome, *cells)
    return rows
