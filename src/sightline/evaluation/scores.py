"""Figures of an evaluation: confusion matrix, scores of the classes, calibration."""

from __future__ import annotations

from math import isfinite

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from sightline.evaluation.metrics import BINS, ClassScore, Confused, Evaluation, wilson
from sightline.evaluation.style import (
    BLUE,
    GRID,
    INK,
    MUTED,
    ON_BLUE,
    ORANGE,
    RAMP,
    Sheet,
    heading_height,
    rendering,
    shortened,
    text_width,
    wrapped,
)
from sightline.evaluation.words import percent, pictures

__all__ = ["calibration_finding", "class_finding", "confusion_matrix", "order_of_classes", "per_class", "reliability"]

LEGIBLE = 20  # classes: with more, a matrix has no numbers
NAMED = 100  # classes: with more, a matrix has no names either
LISTED = 30  # classes: with more, only the hardest have bars
NAME_SIZE, LIST_WIDTH = 12.0, 270


@rendering()
def confusion_matrix(evaluation: Evaluation, *, shares: bool = False, bare: bool = False) -> Figure:
    """True classes down, predicted across: the mistakes loud, the diagonal quiet, the five worst pairs listed beside.

    Cells hold counts or, with `shares`, per cent of the true class; the colour is the share in both. Above 20 classes there
    are no numbers, and classes that are confused stand together (`order_of_classes`). `bare` leaves out title and list, for a
    page that has both in its own text.
    """
    classes = len(evaluation.classes)
    order = order_of_classes(evaluation.confusion) if classes > LEGIBLE else list(range(classes))
    cell = _cell(classes)
    names = [evaluation.classes[i] for i in order] if classes <= NAMED else []
    size = min(NAME_SIZE, cell - 0.5)
    longest = max((text_width(name, size) for name in names), default=0.0)
    slant = 0 if longest <= cell - 4 else 45 if cell >= 18 else 90
    below = {0: size, 45: 0.71 * longest + size, 90: longest}[slant] + 16
    left, side = max(longest + 30, 60.0), cell * classes
    title, note = "" if bare else evaluation.finding().rstrip("."), _matrix_note(evaluation, shares, named=bool(names))
    listed = [] if bare else _pair_lines(evaluation.most_confused(5))
    width = left + side + (8 if bare else 26 + LIST_WIDTH)
    top = heading_height(title, note, width) + 12
    sheet = Sheet(width, top + max([side + below + 22, *(line[0] + 20 for line in listed)]))
    sheet.heading(title, note)
    for y, text, text_size, bold, color in listed:
        sheet.text(left + side + 26, top + y, text, size=text_size, bold=bold, color=color)

    axes = sheet.axes(left, top, side, side)
    axes.set(xlim=(0, classes), ylim=(classes, 0), xticks=[], yticks=[])
    _cells(axes, evaluation, order, cell, shares=shares)
    for number, name in enumerate(names):
        middle = (number + 0.5) * cell
        sheet.text(left - 7, top + middle, name, size=size, ha="right", va="center_baseline")
        place = {0: ("center", "top", 0.0), 45: ("right", "top", size / 3), 90: ("right", "center", 0.0)}[slant]
        sheet.text(left + middle + place[2], top + side + 9, name, size=size, ha=place[0], va=place[1], rotation=slant)
    sheet.text(12, top + side / 2, "true class", size=11, color=MUTED, ha="center", rotation=90)
    sheet.text(left + side / 2, top + side + below + 16, "predicted class", size=11, color=MUTED, ha="center")
    return sheet.figure


def _cell(classes: int) -> float:
    """How many pixels wide a cell is: room for its number, or else for a name, or else what a screen can show."""
    if classes <= LEGIBLE:
        return 64.0 if classes <= 4 else 46.0 if classes <= 10 else 36.0
    return max(560 / classes, 10.0) if classes <= NAMED else 1000 / classes


def _matrix_note(evaluation: Evaluation, shares: bool, *, named: bool) -> str:
    off = evaluation.confusion_shares * ~np.eye(len(evaluation.classes), dtype=bool)
    cells = "per cent of the true class" if shares else "pictures"
    parts = [f"cells: {cells}"] if len(evaluation.classes) <= LEGIBLE else ["classes that are confused stand together"]
    if off.any():
        parts.append(f"blue: share of the true class mistaken, up to {percent(float(off.max()))}")
    if not named:
        parts.append("too many classes to name them here")
    return "; ".join(parts)


def _cells(axes: Axes, evaluation: Evaluation, order: list[int], cell: float, *, shares: bool) -> None:
    counts, portions = (m[np.ix_(order, order)] for m in (evaluation.confusion, evaluation.confusion_shares))
    mistakes = portions * ~np.eye(len(order), dtype=bool)
    # Opacity instead of a ramp to white: the paper shows through, be it light or dark.
    opacity = np.where(mistakes > 0, 0.05 + 0.9 * mistakes / (mistakes.max() or 1), 0)
    if len(order) > LEGIBLE:
        _raster(axes, opacity)
        return
    digits = max(len(f"{counts.max():,}"), 3)
    size = min(12.5, cell / digits / 0.66) * 0.72
    for i, j in np.ndindex(*counts.shape):
        quiet = i == j
        face, alpha = (MUTED, 0.10) if quiet else (RAMP, float(opacity[i, j]))
        axes.add_patch(Rectangle((j, i), 1, 1, facecolor=face, alpha=alpha, linewidth=0))
        if counts[i, j] or quiet:
            text = f"{100 * portions[i, j]:.1f}" if shares else f"{counts[i, j]:,}"
            color = MUTED if quiet else ON_BLUE if opacity[i, j] > 0.72 else INK
            axes.text(j + 0.5, i + 0.52, text, ha="center", va="center", fontsize=size, color=color)
    for edge in range(len(order) + 1):
        axes.axhline(edge, color=GRID, linewidth=0.8, clip_on=False)
        axes.axvline(edge, color=GRID, linewidth=0.8, clip_on=False)


def _raster(axes: Axes, opacity: NDArray[np.float64]) -> None:
    classes = len(opacity)
    cells = np.zeros((classes, classes, 4))
    cells[..., :3] = [int(RAMP[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    cells[..., 3] = opacity
    cells[np.diag_indices(classes)] = [0.42, 0.45, 0.5, 0.18]
    axes.imshow(cells, extent=(0, classes, classes, 0), interpolation="none", aspect="auto")
    axes.add_patch(Rectangle((0, 0), classes, classes, fill=False, edgecolor=GRID, linewidth=1, clip_on=False))


def _pair_lines(pairs: list[Confused]) -> list[tuple[float, str, float, bool, str]]:
    """The list beside a matrix: each line's baseline, text, size, whether it is bold, and colour."""
    y = 12.0
    lines = [(y, "Most frequent mistakes" if pairs else "No mistakes", 12.0, True, INK)]
    for pair in pairs:
        y += 26
        for line in wrapped(f"{pair.true} → {pair.predicted}", LIST_WIDTH, size=12):
            lines.append((y, shortened(line, LIST_WIDTH, size=12), 12.0, False, INK))
            y += 16
        lines.append((y, f"{pictures(pair.count)}, {percent(pair.share)} of the class", 11.0, False, MUTED))
    return lines


def order_of_classes(confusion: NDArray[np.int64]) -> list[int]:
    """An order in which classes that are confused stand together.

    Pairs are joined into chains, the most confused first, as long as both are still ends of different chains (the greedy
    edge heuristic for the travelling salesman); so the most confused pair is always side by side.

    >>> order_of_classes(np.array([[9, 0, 3], [0, 9, 0], [4, 1, 9]]))
    [1, 2, 0]
    """
    classes = len(confusion)
    both = confusion + confusion.T
    chain_of = [[i] for i in range(classes)]
    rows, columns = np.triu_indices(classes, 1)
    for edge in np.argsort(-both[rows, columns], kind="stable"):
        i, j = int(rows[edge]), int(columns[edge])
        first, second = chain_of[i], chain_of[j]
        if first is second or i not in (first[0], first[-1]) or j not in (second[0], second[-1]):
            continue
        if first[-1] != i:
            first.reverse()
        first.extend(second if second[0] == j else second[::-1])
        for moved in second:
            chain_of[moved] = first
    return chain_of[0]


def class_finding(evaluation: Evaluation) -> str:
    """Which class is hardest, by F1."""
    scores = _hardest_first(evaluation)
    if not scores or scores[0].f1 == scores[-1].f1:
        return "All classes are equally hard"
    return f"“{scores[0].name}” is hardest: F1 {percent(scores[0].f1)}; “{scores[-1].name}” is easiest: {percent(scores[-1].f1)}"


def _hardest_first(evaluation: Evaluation) -> list[ClassScore]:
    return sorted((score for score in evaluation.per_class if isfinite(score.f1)), key=lambda score: score.f1)


@rendering()
def per_class(evaluation: Evaluation) -> Figure:
    """Bars of precision, recall and F1 with their numbers, the hardest class on top; of more than 30 classes the 30 hardest."""
    scores = _hardest_first(evaluation)[:LISTED]
    row, bar, gap = 24, 150, 62
    left = max((text_width(score.name, NAME_SIZE) for score in scores), default=0) + 14
    note = f"the {LISTED} hardest of {len(evaluation.classes)} classes" if len(evaluation.classes) > LISTED else ""
    width = max(left + 3 * (bar + gap), 560)
    top = heading_height(class_finding(evaluation), note, width) + 30
    sheet = Sheet(width, top + row * max(len(scores), 1) + 8)
    sheet.heading(class_finding(evaluation), note)
    for number, score in enumerate(scores):
        sheet.text(left - 10, top + (number + 0.5) * row, score.name, size=NAME_SIZE, ha="right", va="center_baseline")
    for column, key in enumerate(("precision", "recall", "f1")):
        x = left + column * (bar + gap)
        sheet.text(x, top - 8, {"f1": "F1"}.get(key, key), size=12, bold=True)
        axes = sheet.axes(x, top, bar, row * max(len(scores), 1))
        values = np.array([getattr(score, key) for score in scores])
        places = np.arange(len(scores)) + 0.5
        axes.barh(places, np.ones(len(scores)), height=0.56, color=GRID, alpha=0.5)
        axes.barh(places, np.nan_to_num(values), height=0.56, color=BLUE)
        axes.set(xlim=(0, 1), ylim=(max(len(scores), 1), 0), xticks=[], yticks=[])
        for place, value in zip(places, values, strict=True):
            sheet.text(x + bar + 6, top + place * row, percent(float(value)), size=11.5, va="center_baseline")
    return sheet.figure


def calibration_finding(evaluation: Evaluation) -> str:
    """Whether the model is as right as it is sure, in a few words."""
    sure, right = float(evaluation.confidence.mean()), evaluation.accuracy
    low, high = evaluation.accuracy_interval
    verdict = "As right as it is sure" if low <= sure <= high else "Too sure" if sure > right else "Not sure enough"
    return f"{verdict}: {percent(sure)} sure on average, {percent(right)} right"


@rendering()
def reliability(evaluation: Evaluation) -> Figure:
    """Accuracy against confidence in 15 bins with 95 % intervals, and below how many pictures each bin holds.

    Where a temperature was fitted the thin dashed line is the curve before it.
    """
    title, note = calibration_finding(evaluation), f"in {BINS} bins of confidence; bars: 95 % intervals"
    if evaluation.temperature != 1:
        note += "; thin: before calibration"
    left, side, strip, whole = 46.0, 250.0, 54.0, 384.0
    width, top = whole - left - 22, heading_height(title, note, whole) + 30
    sheet = Sheet(whole, top + side + strip + 82)
    sheet.heading(title, note)
    bins = evaluation.reliability
    filled = bins.count > 0
    confidence, accuracy, counts = bins.confidence[filled], bins.accuracy[filled], bins.count[filled]
    bounds = [wilson(round(a * n), int(n)) for a, n in zip(accuracy, counts, strict=True)]

    upper, lower = sheet.axes(left, top, width, side), sheet.axes(left, top + side + 34, width, strip)
    upper.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    if evaluation.temperature != 1:
        before = evaluation.uncalibrated.reliability
        some = before.count > 0
        upper.plot(before.confidence[some], before.accuracy[some], color=ORANGE, linewidth=1.2, linestyle=(0, (4, 2)))
    upper.vlines(confidence, [low for low, _ in bounds], [high for _, high in bounds], color=BLUE, linewidth=1.4, alpha=0.55)
    upper.plot(confidence, accuracy, color=BLUE, linewidth=1.8, marker="o", ms=5, clip_on=False)
    slope = float(np.degrees(np.arctan2(side, width)))
    upper.text(0.02, 0.05, "as right as sure", fontsize=8, color=MUTED, rotation=slope, rotation_mode="anchor")
    upper.set(ylim=(0, 1), xticks=[])
    upper.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    lower.bar(bins.edges[:-1], bins.count, width=0.9 * np.diff(bins.edges), align="edge", color=BLUE, alpha=0.55)
    lower.set(ylim=(0, int(bins.count.max())), yticks=[0, int(bins.count.max())])
    lower.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    lower.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    for axes in (upper, lower):
        axes.set_xlim(0, 1)
        axes.grid(axis="y", color=GRID, linewidth=0.8)
    sheet.text(left, top - 8, "right", size=11, color=MUTED)
    sheet.text(left, top + side + 26, "pictures", size=11, color=MUTED)
    sheet.text(left + width / 2, sheet.height - 4, "sure: the confidence in the predicted class", size=11, color=MUTED, ha="center")
    return sheet.figure
