"""Figures of a training: loss and accuracy by epoch, each over the learning rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from sightline.errors import ParameterError
from sightline.evaluation.record import History
from sightline.evaluation.style import BLUE, GRID, MUTED, ORANGE, ORANGE_TEXT, Sheet, heading_height, rendering
from sightline.evaluation.words import percent

__all__ = ["accuracy_curve", "accuracy_finding", "curves", "loss_curve", "loss_finding"]

WIDTH = 384  # of a panel: it is legible on a phone, and two of them stand side by side in the report
GAP = 28
LEFT, RIGHT, PLOT, STRIP, FOOT = 44, 116, 180, 24, 40
LEVEL = 0.02  # of the whole fall of the loss: what moves less is level


@dataclass(frozen=True)
class _Measure:
    """One of the two things a training is judged by."""

    key: str
    note: str
    finding: Callable[[History], str]
    shown: Callable[[float], str]


def loss_finding(history: History) -> str:
    """What the loss did, in a few words computed from the numbers.

    >>> loss_finding(tuple({"epoch": i, "loss": 1 / i, "val_loss": v} for i, v in enumerate([1, 0.6, 0.7, 0.8], 1)))
    'Validation loss rises after epoch 2'
    """
    epochs, training, validation = _column(history, "epoch"), _column(history, "loss"), _column(history, "val_loss")
    judged, name = (validation, "Validation loss") if np.isfinite(validation).any() else (training, "Training loss")
    if not np.isfinite(judged).any():
        return "The loss is not a number"
    if len(judged) == 1:
        return f"{name} {judged[0]:.3f} after one epoch"
    best = int(np.nanargmin(judged))
    level = LEVEL * (np.nanmax(judged) - judged[best])
    if not judged[-1] <= judged[best] + level:
        # One epoch after the best may be chance.
        return f"{name} {'rises after' if best < len(judged) - 2 else 'is lowest in'} epoch {epochs[best]:.0f}"
    settled = len(judged) - int(np.argmin((judged <= judged[best] + level)[::-1])) if (judged > judged[best] + level).any() else 0
    if settled < len(judged) - 1:
        return f"{name} is level from epoch {epochs[settled]:.0f}"
    both = judged is validation and training[-1] == np.nanmin(training)
    return "Both still fall at the last epoch" if both else f"{name} still falls at the last epoch"


def accuracy_finding(history: History) -> str:
    r"""Where the accuracy was highest.

    >>> accuracy_finding(({"epoch": 1, "accuracy": 0.8}, {"epoch": 2, "accuracy": 0.9}))
    'Training accuracy reaches 90.0\xa0% in epoch 2'
    """
    epochs, validation = _column(history, "epoch"), _column(history, "val_accuracy")
    name, judged = ("Validation", validation) if np.isfinite(validation).any() else ("Training", _column(history, "accuracy"))
    if not np.isfinite(judged).any():
        return "The accuracy is not a number"
    best = int(np.nanargmax(judged))
    return f"{name} accuracy reaches {percent(float(judged[best]))} in epoch {epochs[best]:.0f}"


_LOSS = _Measure("loss", "cross-entropy", loss_finding, lambda value: f"{value:.3f}")
_ACCURACY = _Measure("accuracy", "pictures labelled rightly", accuracy_finding, percent)


@rendering()
def curves(history: History, chosen_epoch: int | None = None) -> Figure:
    """Loss and accuracy side by side over the same epochs; the epoch whose weights are kept is marked.

    ParameterError where `history` has no epoch.
    """
    return _sheet(history, chosen_epoch, _LOSS, _ACCURACY)


@rendering()
def loss_curve(history: History, chosen_epoch: int | None = None) -> Figure:
    """The loss by epoch: training dashed, validation solid, the learning rate below."""
    return _sheet(history, chosen_epoch, _LOSS)


@rendering()
def accuracy_curve(history: History, chosen_epoch: int | None = None) -> Figure:
    """The accuracy by epoch: training dashed, validation solid, the learning rate below."""
    return _sheet(history, chosen_epoch, _ACCURACY)


def _sheet(history: History, chosen: int | None, *measures: _Measure) -> Figure:
    if not history:
        raise ParameterError("no curves to draw", expected="a history of one epoch or more", received="none")
    panels = [_Panel.of(history, measure, number * (WIDTH + GAP)) for number, measure in enumerate(measures)]
    top = max(heading_height(panel.title, panel.note, WIDTH) for panel in panels) + 14
    sheet = Sheet(len(measures) * (WIDTH + GAP) - GAP, top + PLOT + 12 + STRIP + FOOT)
    for panel in panels:
        _draw(sheet, panel, top, history, chosen)
    return sheet.figure


def _column(history: History, key: str) -> NDArray[np.float64]:
    return np.array([row.get(key, np.nan) for row in history], dtype=np.float64)


@dataclass(frozen=True)
class _Panel:
    """What one panel shows, and between which limits."""

    measure: _Measure
    left: float
    training: NDArray[np.float64]
    validation: NDArray[np.float64]
    low: float
    high: float
    title: str
    note: str

    @classmethod
    def of(cls, history: History, measure: _Measure, left: float) -> _Panel:
        """Read one measure out of a history."""
        training, validation = _column(history, measure.key), _column(history, f"val_{measure.key}")
        low, high, cut = _limits(np.concatenate([training, validation]), most=1.0 if measure is _ACCURACY else None)
        note = f"{measure.note}; the axis begins at {measure.shown(low)}" if cut else measure.note
        return cls(measure, left, training, validation, low, high, measure.finding(history), note)


def _draw(sheet: Sheet, panel: _Panel, top: float, history: History, chosen: int | None) -> None:
    sheet.heading(panel.title, panel.note, left=panel.left, width=WIDTH)
    epochs = _column(history, "epoch")
    width = WIDTH - LEFT - RIGHT
    axes = sheet.axes(panel.left + LEFT, top, width, PLOT)
    axes.set_ylim(panel.low, panel.high)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    if panel.measure is _ACCURACY:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_xticks([])
    _epoch_axis(axes, epochs)
    ends = _lines(axes, panel, epochs)
    for y, label, color in _apart([(top + PLOT * share, label, color) for share, label, color in ends]):
        sheet.text(panel.left + LEFT + width + 8, y, label, size=11.5, color=color, va="center_baseline")
    if chosen is not None and chosen in epochs:
        _mark(sheet, axes, panel, epochs, chosen, top)
    _strip(sheet, panel.left + LEFT, top + PLOT + 12, width, history)


def _lines(axes: Axes, panel: _Panel, epochs: NDArray[np.float64]) -> list[tuple[float, str, str]]:
    """Draw what there is of training and validation; give how far down each ends, its label and the label's colour."""
    ends: list[tuple[float, str, str]] = []
    for name, values, color, text_color, dash in (
        ("training", panel.training, ORANGE, ORANGE_TEXT, (0, (4, 2))),
        ("validation", panel.validation, BLUE, BLUE, "solid"),
    ):
        finite = values[np.isfinite(values)]
        if finite.size:
            # A line through one point is invisible: a short history shows its points.
            marker = "o" if len(epochs) < 4 else None
            axes.plot(epochs, values, color=color, linestyle=dash, linewidth=1.8, marker=marker, ms=5, clip_on=False)
            share = (panel.high - finite[-1]) / (panel.high - panel.low)
            ends.append((float(share), f"{name} {panel.measure.shown(float(finite[-1]))}", text_color))
    return ends


def _mark(sheet: Sheet, axes: Axes, panel: _Panel, epochs: NDArray[np.float64], chosen: int, top: float) -> None:
    """Show the epoch whose weights are kept."""
    judged = panel.validation if np.isfinite(panel.validation).any() else panel.training
    color = BLUE if judged is panel.validation else ORANGE
    axes.axvline(chosen, color=MUTED, linewidth=1, linestyle=(0, (1, 2)))
    axes.plot([chosen], judged[epochs == chosen][:1], marker="o", ms=8, mfc="none", mec=color, mew=1.5, clip_on=False)
    start, stop = axes.get_xlim()
    x = panel.left + LEFT + (WIDTH - LEFT - RIGHT) * (chosen - start) / (stop - start)
    late = chosen > (start + stop) / 2
    sheet.text(x + (-5 if late else 5), top + 2, f"epoch {chosen} kept", size=11, color=MUTED, ha="right" if late else "left")


def _strip(sheet: Sheet, left: float, top: float, width: float, history: History) -> None:
    """The learning rate, thin, under a panel; it carries the epochs' axis."""
    axes = sheet.axes(left, top, width, STRIP)
    epochs, rates = _column(history, "epoch"), _column(history, "lr")
    if np.isfinite(rates).any():
        wide = np.array([epochs[0] - 0.5, epochs[0] + 0.5]) if len(epochs) == 1 else epochs
        tall = np.repeat(rates, 2) if len(epochs) == 1 else rates
        axes.fill_between(wide, tall, color=MUTED, alpha=0.25, linewidth=0)
        axes.plot(wide, tall, color=MUTED, linewidth=1)
        axes.set_ylim(0, 1.1 * float(np.nanmax(rates)) or 1)
        first, last = (f"{rate:.2g}".replace("e-0", "e-") for rate in (rates[0], rates[-1]))
        sheet.text(left + width + 8, top + 9, "learning rate", size=11, color=MUTED)
        sheet.text(left + width + 8, top + 23, first if first == last else f"{first} → {last}", size=11, color=MUTED)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    _epoch_axis(axes, epochs)
    sheet.text(left + width / 2, top + STRIP + FOOT - 6, "epoch", size=11, color=MUTED, ha="center")


def _epoch_axis(axes: Axes, epochs: NDArray[np.float64]) -> None:
    if len(epochs) == 1:
        axes.set_xlim(epochs[0] - 0.5, epochs[0] + 0.5)
    else:
        axes.set_xlim(epochs[0], epochs[-1])


def _limits(values: NDArray[np.float64], most: float | None) -> tuple[float, float, bool]:
    """Where a vertical axis begins and ends, and whether that cuts off zero; zero is kept where it costs little room."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0, False
    low, high = float(finite.min()), float(finite.max())
    # One epoch has no course to show: a close view of its two points would make much of little.
    room = 0.08 * (high - low) if len(values) > 2 and high > low else 0.1 * (abs(high) or 1)
    # What lies at 100 % still gets some air above, or its line would be cut in half.
    top = high + room if most is None else min(high + room, most + 0.015 * (most - low) + 1e-6)
    if low < 0.4 * high:
        return 0.0, top, False
    return max(0.0, low - room), top, low - room > 0


def _apart(ends: list[tuple[float, str, str]], least: float = 16) -> list[tuple[float, str, str]]:
    """Move two labels apart, each by as much, until `least` pixels lie between them."""
    if len(ends) < 2:
        return ends
    upper, lower = sorted(ends)
    push = max(0.0, least - (lower[0] - upper[0])) / 2
    return [(upper[0] - push, *upper[1:]), (lower[0] + push, *lower[1:])]
