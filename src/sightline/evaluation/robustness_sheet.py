"""Accuracy against severity, a small plot for each corruption over the pictures that show what the severities mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from sightline.evaluation.corruptions import LEVELS
from sightline.evaluation.metrics import wilson
from sightline.evaluation.page import Page, Section, Table, check_target, figure_for_page, save_figure
from sightline.evaluation.pictures import fitted, place
from sightline.evaluation.robustness import Resistance, Robustness
from sightline.evaluation.style import BLUE, GRID, MUTED, Sheet, heading_height, rendering, text_width
from sightline.evaluation.words import measured, percent

__all__ = ["robustness_sheet", "save_robustness"]

TILE, APART = 56, 6
LEFT, GAP, PLOT = 40, 36, 84
ACROSS = 2
UNITS = {"°": "degrees"}
BELOW = 40


def save_robustness(found: Robustness, path: str | Path) -> Path:
    """Write the small multiples as PNG or SVG, or with the numbers as an HTML page."""
    if check_target(path) != ".html":
        return save_figure(robustness_sheet(found), path)
    number, uncertainty = measured(found.mean, found.mean_interval)
    clear, about = measured(found.accuracy, found.accuracy_interval)
    rows = [
        (
            f"{row.corruption.title}, {UNITS.get(row.corruption.unit, row.corruption.unit)}",
            *map(percent, row.accuracy),
            percent(row.mean),
        )
        for row in found.hardest()
    ]
    figure = figure_for_page(robustness_sheet(found, bare=True), "robustness", f"Accuracy against severity. {found.finding()}.")
    counted = "1 corruption" if len(found.rows) == 1 else f"{len(found.rows)} corruptions"
    note = "Dashed: on clear pictures. Bars: 95 % intervals. Below: a picture at each severity, as the network reads it."
    return Page(
        kind="robustness",
        title=found.name,
        about=f"on {found.sampled()}",
        number=number,
        uncertainty=uncertainty,
        number_text=f"mean accuracy over {counted} at severities 1 to {LEVELS}, 95\N{NO-BREAK SPACE}% interval",
        beside=f"{clear} {about}" if about.startswith("±") else f"{clear} ({about})",
        beside_text="on the same pictures as they are",
        finding=f"{found.finding()}.",
        sections=[
            Section("Accuracy against severity", note, figure=figure),
            Section("The numbers", table=Table(("Corruption", *map(str, range(1, LEVELS + 1)), "Mean"), rows)),
        ],
    ).save(path)


@rendering()
def robustness_sheet(found: Robustness, *, bare: bool = False) -> Figure:
    """Small multiples, the corruption that hurts most first; `bare` leaves the heading to the page about it."""
    rows = found.hardest()
    panel = LEFT + (LEVELS + 1) * (TILE + APART) - APART
    across = min(ACROSS, len(rows))
    width = max(across * (panel + GAP) - GAP, 520)
    title = "" if bare else found.finding()
    note = (
        f"accuracy on {found.sampled()}; dashed: on clear pictures; bars: 95 % intervals; below: a picture as the network reads it"
    )
    top = heading_height(title, "" if bare else note, width) + (0 if bare else 16)
    height = 30 + PLOT + 8 + TILE + BELOW
    sheet = Sheet(width, top + height * -(-len(rows) // across) - 18)
    if not bare:
        sheet.heading(title, note)
    lowest = min(min(row.accuracy) for row in rows)
    for number, row in enumerate(rows):
        _panel(sheet, number % across * (panel + GAP), top + number // across * height, row, found, lowest)
    return sheet.figure


def _panel(sheet: Sheet, x: float, y: float, row: Resistance, found: Robustness, lowest: float) -> None:
    """One corruption: title, mean, curve, pictures, and its values in their unit."""
    width = (LEVELS + 1) * (TILE + APART) - APART
    title, unit = row.corruption.title, row.corruption.unit
    sheet.text(x + LEFT, y + 13, title, size=13, bold=True)
    sheet.text(x + LEFT + text_width(title, 13, bold=True) + 8, y + 13, UNITS.get(unit, unit), size=11, color=MUTED)
    sheet.text(x + LEFT + width, y + 13, f"mean {percent(row.mean)}", size=11.5, color=MUTED, ha="right")
    axes = sheet.axes(x + LEFT, y + 30, width, PLOT)
    half = TILE / 2 / (TILE + APART)
    bottom = 0.0 if lowest < 0.6 else max(0.0, np.floor(10 * (lowest - 0.05)) / 10)
    axes.set(xlim=(-half, LEVELS + half), ylim=(bottom, 1.02), xticks=[])
    ticks = [bottom, (bottom + 1) / 2, 1.0]
    axes.set_yticks(ticks, [percent(tick, 0) for tick in ticks])
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.axhline(found.accuracy, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    values = np.array([found.accuracy, *row.accuracy])
    bounds = [found.accuracy_interval, *(wilson(int(right.sum()), len(right)) for right in row.right)]
    places = np.arange(LEVELS + 1)
    axes.vlines(places, [low for low, _ in bounds], [high for _, high in bounds], color=BLUE, linewidth=3, alpha=0.45)
    axes.plot(places, values, color=BLUE, linewidth=1.8, marker="o", ms=4, clip_on=False)
    down = PLOT * (1 - (values[-1] - bottom) / (1.02 - bottom))
    at = x + LEFT + LEVELS * (TILE + APART) + TILE / 2
    sheet.text(at, y + 30 + down + (-8 if down > PLOT - 22 else 18), percent(row.accuracy[-1]), size=11, color=BLUE, ha="center")
    for severity, picture in enumerate(row.examples):
        left = x + LEFT + severity * (TILE + APART)
        place(sheet, left, y + 30 + PLOT + 8, fitted(picture, TILE))
        text = "clear" if severity == 0 else f"{row.corruption.values[severity - 1]:g}"
        sheet.text(left + TILE / 2, y + 30 + PLOT + 8 + TILE + 14, text, size=11, color=MUTED, ha="center")
