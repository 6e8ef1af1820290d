"""The report of a tuning: its best trial, how the parameters went together with the scores, and which of them mattered."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes as Plot
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sightline.evaluation.page import Page, Section, Table, figure_for_page, save_figure
from sightline.evaluation.style import BLUE, GRID, INK, MUTED, ORANGE_TEXT, Sheet, heading_height, rendering, shortened, text_width
from sightline.evaluation.tuning import Axis, TuningFound, TuningTrial, spelled
from sightline.evaluation.words import duration, measured, percent

__all__ = ["learning_curves", "parallel_coordinates", "parameter_importance", "save_tuning"]

LISTED = 12  # trials in the table
SHOWN = 3  # reasons why trials failed
TALL = 250  # of the parallel axes
CURVES = (620, 240)
ROW, BAR = 26, 360
APART, NARROW = 118, 96  # between parallel axes, and what their names may take
SPACE = "\N{NO-BREAK SPACE}"
_WORDS = {"done": "", "ended": f"{SPACE}(ended)", "failed": f"{SPACE}(failed)", "open": f"{SPACE}(open)"}
FEW = 20  # trials, with fewer of which the weights of parameters are hardly more than chance


def save_tuning(found: TuningFound, folder: Path) -> Path:
    """Write `report.html` and `plots/` in the study's folder, and give the report's path."""
    drawn: dict[str, tuple[Figure, str]] = {}
    if found.ranked:
        drawn["parallel-coordinates"] = parallel_coordinates(found), "One line a trial through the values of its parameters"
        drawn["learning-curves"] = learning_curves(found), "The score of every trial by epoch"
    if found.importance:
        drawn["importance"] = parameter_importance(found), "How much each parameter explains"
    for name, (figure, _) in drawn.items():
        (folder / "plots").mkdir(exist_ok=True)
        for suffix in ("png", "svg"):
            save_figure(figure, folder / "plots" / f"{name}.{suffix}")
    return _page(found, drawn, folder).save(folder / "report.html")


def _page(found: TuningFound, drawn: dict[str, tuple[Figure, str]], folder: Path) -> Page:
    wide = {"parallel-coordinates": 760, "learning-curves": 520}
    figures = {name: figure_for_page(figure, name, text, least=wide.get(name, 0)) for name, (figure, text) in drawn.items()}
    sections = [Section("Trials", _trials_text(found), table=_table(found))] if found.trials else []
    if "parallel-coordinates" in figures:
        lead = "A line is a trial. Solid: trained to its end, the thick one the best; dashed: ended early."
        sections.append(Section("The parameters side by side", lead, figure=figures["parallel-coordinates"]))
    if "importance" in figures:
        sections.append(Section("What made the difference", _importance_text(found), figure=figures["importance"]))
    if "learning-curves" in figures:
        sections.append(Section("Epoch by epoch", _curves_text(found), figure=figures["learning-curves"]))
    tried = Table(("Parameter", "Tried"), [(axis.name, _joined(_range(axis))) for axis in found.axes])
    sections.append(Section("What was tried", _commands(found, folder), table=tried))
    number, uncertainty, text = _number(found)
    beside, beside_text = _beside(found)
    return Page(
        kind="tuning",
        title=found.name,
        about=f"{len(found.trials)} trials of {found.model} on {found.data}, of up to {found.epochs} epochs",
        number=number,
        uncertainty=uncertainty,
        number_text=text,
        beside=beside,
        beside_text=beside_text,
        finding=f"{found.finding()}.",
        sections=sections,
    )


def _number(found: TuningFound) -> tuple[str, str, str]:
    if found.test is not None:
        number, uncertainty = measured(*found.test)
        return number, uncertainty, "test accuracy of the best trial, 95\N{NO-BREAK SPACE}% interval; the test set chose nothing"
    if found.best is not None and found.best.score is not None:
        return found.shown(found.best.score), "", f"held-out {found.by} of the best trial; the test set is not measured yet"
    return "\N{EN DASH}", "", "no trial has come to its end"


def _beside(found: TuningFound) -> tuple[str, str]:
    if found.best is None or found.best.score is None or found.test is None:
        return "", ""
    text, done = f"on the {found.held_out:,} held-out pictures", sum(one.state == "done" for one in found.trials)
    if done > 1:
        text += f" that chose it among {done}, and so a little flattering"
    return found.shown(found.best.score), text


def _trials_text(found: TuningFound) -> str:
    states: list[str] = [one.state for one in found.trials]
    parts = [
        f"{states.count(state)} {word}"
        for state, word in (
            ("done", "trained to the end"),
            ("ended", "ended early"),
            ("failed", "failed"),
            ("open", "not ended yet"),
        )
        if states.count(state)
    ]
    why = sorted({one.error for one in found.trials if one.error})
    time = duration(sum(one.seconds for one in found.trials))
    first = f" The {LISTED} that came farthest." if len(found.trials) > LISTED else ""
    failed = f" Why trials failed: {'; '.join(why[:SHOWN])}." if why else ""
    return f"{', '.join(parts)}; {time} of training in all.{first}{failed}"


def _table(found: TuningFound) -> Table:
    names = [axis.name for axis in found.axes]
    rows = [
        (
            f"{one.number}",
            "" if one.score is None else found.shown(one.score),
            f"{one.epochs}{_WORDS[one.state]}",
            _joined(duration(one.seconds)),
            *(spelled(one.values[name]) for name in names),
        )
        for one in (*found.ranked, *(one for one in found.trials if one.score is None))[:LISTED]
    ]
    return Table(("Trial", f"Held-out {found.by}", "Epochs", "Time", *(name.replace("_", " ") for name in names)), rows)


def _joined(text: str) -> str:
    """What must not be broken into lines."""
    return text.replace(" ", SPACE)


def _importance_text(found: TuningFound) -> str:
    text = (
        "How much of what sets the best third of the trials apart each parameter explains by itself (PED-ANOVA, "
        "Watanabe et al. 2023), all together 100\N{NO-BREAK SPACE}%."
    )
    return f"{text} With {len(found.ranked)} trials that is a hint, no more." if len(found.ranked) < FEW else text


def _curves_text(found: TuningFound) -> str:
    before = f"Lines that end before epoch {found.epochs} are trials that were too weak, or stopped"
    return f"Held-out {found.by} after every epoch. {before}."


def _range(axis: Axis) -> str:
    """What a parameter could be."""
    words = list(map(spelled, axis.marks))
    if not axis.ranges:
        return ", ".join(words)
    return f"{words[0]} to {words[-1]}, half of it below {words[1]}"


def _commands(found: TuningFound, folder: Path) -> str:
    """How to go on, in a sentence."""
    place = shlex.quote(str(folder))
    text = f"More trials: sightline tune --resume {place} --trials {max(30, 2 * len(found.trials))}"
    if found.best is None:
        return text
    return f"{text}. Use the best: sightline predict photo.png --model {shlex.quote(str(folder / found.best.name))}"


@rendering()
def parallel_coordinates(found: TuningFound) -> Figure:
    """An axis for each parameter and one for the score, a line through them for each trial."""
    names = [axis.name for axis in found.axes]
    columns = len(names) + 1
    left = 12 + max(text_width(spelled(mark), 11) for mark in found.axes[0].marks)
    title, note = _parallel_title(found), f"the right-hand axis: held-out {found.by}"
    width = left + APART * (columns - 1) + 70
    top = heading_height(title, note, width) + 44
    sheet = Sheet(width, top + TALL + 24)
    sheet.heading(title, note)
    axes = sheet.axes(left, top, APART * (columns - 1), TALL)
    axes.set(xlim=(0, columns - 1), ylim=(-0.04, 1.04), xticks=[], yticks=[])
    low, high = _scores(found)
    for column, axis in enumerate(found.axes):
        axes.axvline(column, color=MUTED, linewidth=1)
        for mark in axis.marks:
            at = top + TALL * (1.04 - axis.share(mark)) / 1.08
            x = left + column * APART - 8
            sheet.text(x, at, spelled(mark), size=11, color=MUTED, ha="right", va="center_baseline", backed=True)
    axes.axvline(columns - 1, color=INK, linewidth=1.5, clip_on=False)
    for column, name in enumerate((*names, f"held-out {found.by}")):
        place = "left" if column == 0 else "right" if column == columns - 1 else "center"
        shift = {"left": -left, "right": 70, "center": 0}[place]
        sheet.text(left + column * APART + shift, top - 12, shortened(name, NARROW + 20, size=11.5), size=11.5, bold=True, ha=place)
    for one in reversed(found.ranked):
        heights = [axis.share(one.values[axis.name]) for axis in found.axes]
        if one.state == "done":  # the scores of others are from other epochs
            heights.append((_score(one) - low) / max(high - low, 1e-12))
        _line(axes, heights, one, found)
    for value in (low, high) if high > low else (low,):
        at = top + TALL * (1.04 - (value - low) / max(high - low, 1e-12)) / 1.08
        sheet.text(left + APART * (columns - 1) + 8, at, found.shown(value), size=11, color=MUTED, va="center_baseline")
    return sheet.figure


def _line(axes: Plot, heights: Sequence[float], one: TuningTrial, found: TuningFound) -> None:
    if one is found.best:
        axes.plot(range(len(heights)), heights, color=ORANGE_TEXT, linewidth=2.6, marker="o", markersize=5, clip_on=False, zorder=4)
        return
    full = one.state == "done"
    axes.plot(
        range(len(heights)),
        heights,
        color=BLUE if full else MUTED,
        linewidth=1.4 if full else 0.8,
        linestyle="-" if full else "--",
        alpha=0.8 if full else 0.45,
        clip_on=False,
        zorder=3 if full else 2,
    )


def _scores(found: TuningFound) -> tuple[float, float]:
    """The ends of the axis of scores: those of the trials that came to their end, or of all where none has."""
    every = [_score(one) for one in found.ranked if one.state == "done"] or [_score(one) for one in found.ranked]
    return min(every), max(every)


def _score(one: TuningTrial) -> float:
    assert one.score is not None
    return one.score


def _parallel_title(found: TuningFound) -> str:
    best = found.best
    if best is None:
        return "No trial has come to its end"
    told = ", ".join(f"{axis.name} {spelled(best.values[axis.name])}" for axis in found.axes)
    return f"The best: {told}"


@rendering()
def parameter_importance(found: TuningFound) -> Figure:
    """A bar for each parameter, the heaviest first."""
    items = list(found.importance.items())
    left = 14 + max(text_width(name, 12) for name, _ in items)
    name, share = items[0]
    title = f"{name} made the most difference" if share > 0 else "No parameter made a difference"
    note = "share of what sets the best third of the trials apart"
    width = left + BAR + 60
    top = heading_height(title, note, width) + 12
    sheet = Sheet(width, top + ROW * len(items) + 8)
    sheet.heading(title, note)
    axes = sheet.axes(left, top, BAR, ROW * len(items))
    axes.set(xlim=(0, max(share, 1e-9) * 1.02), ylim=(len(items), 0), xticks=[], yticks=[])
    axes.barh([number + 0.5 for number in range(len(items))], [value for _, value in items], height=0.55, color=BLUE)
    for number, (name, value) in enumerate(items):
        y = top + (number + 0.5) * ROW
        sheet.text(left - 10, y, name, ha="right", va="center_baseline")
        sheet.text(left + BAR * value / (max(share, 1e-9) * 1.02) + 6, y, percent(value, 0), size=11.5, va="center_baseline")
    return sheet.figure


@rendering()
def learning_curves(found: TuningFound) -> Figure:
    """What trials were judged by after every epoch, the best labelled at its end."""
    width, height = CURVES
    best = found.best
    title = f"Trial {best.number} is the best after {best.epochs} epochs" if best else "No trial has come to its end"
    note = f"held-out {found.by} by epoch; dashed: ended early" + ("; the axis is cut" if found.by == "accuracy" else "")
    left, right = 56, 110
    top = heading_height(title, note, width) + 12
    sheet = Sheet(left + width + right, top + height + 42)
    sheet.heading(title, note)
    axes = sheet.axes(left, top, width, height)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    shown = [one for one in found.ranked if one.curve]
    for one in reversed(shown):
        kind = (ORANGE_TEXT, 2.4, "-", 4) if one is best else (BLUE, 1.1, "-", 3) if one.state == "done" else (MUTED, 0.9, "--", 2)
        color, thick, dash, layer = kind
        axes.plot(
            range(1, one.epochs + 1),
            one.curve,
            color=color,
            linewidth=thick,
            linestyle=dash,
            zorder=layer,
            marker="o" if one.epochs == 1 else None,
            markersize=3,
        )
    low, high = _legible([value for one in shown for value in one.curve], found)
    last = max(found.epochs, 2)
    axes.set(xlim=(1 - 0.015 * (last - 1), last), ylim=(low, high))  # room for the dots of those that ended in the first
    ticks = [tick for tick in axes.get_yticks() if low <= tick <= high]
    axes.set_yticks(
        ticks, [percent(tick, 0 if high - low > 0.04 else 1) if found.by == "accuracy" else f"{tick:.2f}" for tick in ticks]
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    sheet.text(left + width / 2, top + height + 36, "epoch", size=11, color=MUTED, ha="center")
    if best is not None and best.score is not None:
        y = top + height * (1 - (best.curve[-1] - low) / (high - low))
        sheet.text(
            left + width + 8,
            y,
            f"{found.shown(best.curve[-1])}, trial {best.number}",
            size=11.5,
            color=ORANGE_TEXT,
            bold=True,
            va="center_baseline",
        )
    return sheet.figure


def _legible(values: Sequence[float], found: TuningFound) -> tuple[float, float]:
    """Ends of the axis between which what matters can be told apart: the worst tenth may lie outside."""
    low, high = (
        (float(np.quantile(values, 0.1)), max(values)) if found.by == "accuracy" else (min(values), float(np.quantile(values, 0.9)))
    )
    room = max(high - low, 1e-3) * 0.06
    return low - room, high + room
