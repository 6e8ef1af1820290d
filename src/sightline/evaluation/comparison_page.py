"""A comparison of two models as a page or a figure: the numbers, the classes, and the pictures they disagree on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from sightline.evaluation.comparison import Comparison, RecallChange
from sightline.evaluation.page import Page, Section, Table, check_target, figure_for_page, save_figure
from sightline.evaluation.pictures import LEAST, fitted, place
from sightline.evaluation.report import TILE, embedded
from sightline.evaluation.style import (
    BLUE,
    GREEN_TEXT,
    GRID,
    INK,
    MUTED,
    ORANGE,
    VERMILLION_TEXT,
    Sheet,
    heading_height,
    rendering,
    shortened,
    text_width,
)
from sightline.evaluation.words import bounds, measured, percent, pictures, points, signed
from sightline.image import Image

__all__ = ["comparison_sheet", "recall_changes", "save_comparison", "shown_disagreements"]

SHOWN = 18  # pictures of each kind
IN_FIGURE = 6
LISTED = 30  # classes: with more, only those that change most have bars


def shown_disagreements(found: Comparison) -> list[int]:
    """The pictures that page and figure show, by index."""
    return sorted({int(index) for indices in (found.only_a, found.only_b, found.both_wrong) for index in indices[:SHOWN]})


def save_comparison(found: Comparison, shown: Mapping[int, Image], path: str | Path) -> Path:
    """Write the comparison as an HTML page, PNG or SVG; `shown`: the network's input for `shown_disagreements`."""
    if check_target(path) == ".html":
        return _page(found, shown).save(path)
    return save_figure(comparison_sheet(found, shown), path)


def _kinds(found: Comparison) -> list[tuple[str, Any]]:
    a, b = found.names
    return [
        (f"Only {b} is right", found.only_b),
        (f"Only {a} is right", found.only_a),
        ("Both wrong, differently", found.both_wrong),
    ]


def _page(found: Comparison, shown: Mapping[int, Image]) -> Page:
    a, b = found.names
    low, high = found.interval
    accuracies = [
        (name, *measured(one.accuracy, one.accuracy_interval), f"{one.loss:.3f}", percent(one.ece))
        for name, one in zip(found.names, found.sides, strict=True)
    ]
    both = int((found.a.correct & found.b.correct).sum())
    table = Table(("Model", "Accuracy", "95 % interval", "Loss", "Calibration error"), accuracies)
    square = Table(
        ("", f"{b} right", f"{b} wrong"),
        [
            (f"{a} right", f"{both:,}", f"{len(found.only_a):,}"),
            (f"{a} wrong", f"{len(found.only_b):,}", f"{len(found) - both - len(found.only_a) - len(found.only_b):,}"),
        ],
    )
    changes = figure_for_page(recall_changes(found), "recall", f"Recall of each class. {_class_finding(found)}.")
    sections = [
        Section("Both on the same pictures", table=table),
        Section("Right and wrong, picture by picture", _test_text(), table=square),
        Section("Class by class", f"{_class_finding(found)}.", figure=changes),
    ]
    for title, indices in _kinds(found):
        if len(indices):
            note = f"The {SHOWN} of {pictures(len(indices))} where the mistake is most confident." if len(indices) > SHOWN else ""
            tiles = [_tile(found, int(index), shown[int(index)]) for index in indices[:SHOWN]]
            widest = max(tile["image"]["width"] for tile in tiles)
            sections.append(Section(f"{title}: {pictures(len(indices))}", note, tiles=tiles, widest=widest))
    return Page(
        kind="comparison",
        title=f"{a} and {b}",
        about=f"on {pictures(len(found))} of {found.data}, {found.a.split}",
        number=signed(found.difference, 2 if high - low < 0.004 else 1),
        uncertainty="points",
        number_text=f"accuracy of {b} less that of {a}; 95\N{NO-BREAK SPACE}% interval {signed(low)} to {signed(high)} points",
        beside=f"p {found.chance}",
        beside_text="how often chance alone makes so great a difference",
        finding=f"{found.finding()}.",
        sections=sections,
    )


def _test_text() -> str:
    return (
        "Only the pictures that one model alone reads rightly tell the two apart. The p-value is McNemar's exact test on them: "
        "how often a fair coin would split them as unevenly. The interval is Newcombe's for paired shares (1998, method 10)."
    )


def _class_finding(found: Comparison) -> str:
    changes = [change for change in found.per_class if change.support]
    least, most = min(changes, key=lambda change: change.change), max(changes, key=lambda change: change.change)
    parts = []
    if most.change > 0:
        parts.append(f"{found.names[1]} gains most on “{most.name}” ({signed(most.change)} points)")
    if least.change < 0:
        parts.append(f"loses most on “{least.name}” ({signed(least.change)})")
    if len(parts) == 1 and least.change < 0:
        parts[0] = f"{found.names[1]} {parts[0]}"
    return " and ".join(parts) if parts else "The same recall of every class"


def _tile(found: Comparison, index: int, picture: Image) -> dict[str, Any]:
    label = found.a.classes[int(found.a.labels[index])]
    return {
        "image": embedded(picture, LEAST, TILE),
        "name": f"{label}; {found.a.names[index]}",
        "lines": [{"text": text, "right": right} for text, right in _said(found, index)],
    }


def _said(found: Comparison, index: int) -> list[tuple[str, bool]]:
    """What each model says to a picture, and whether that is right."""
    lines = []
    for name, one in zip(found.names, found.sides, strict=True):
        sure = percent(float(one.confidence[index]), 0)
        lines.append((f"{name}: {one.classes[int(one.predictions[index])]}, {sure}", bool(one.correct[index])))
    return lines


@rendering()
def recall_changes(found: Comparison) -> Figure:
    """For each class the recall of both and a bar of the change, the largest loss first."""
    changes = _listed(found)
    sheet = Sheet(_bars_width(changes), _bars_height(changes))
    _bars(sheet, 0, found, changes)
    return sheet.figure


ROW, NUMBERS, BAR, CHANGE = 26, 150, 330, 66


def _listed(found: Comparison) -> list[RecallChange]:
    """The classes that have bars, the largest loss first: of many those that change most."""
    changes = sorted((one for one in found.per_class if one.support), key=lambda one: -abs(one.change))[:LISTED]
    return sorted(changes, key=lambda one: one.change)


def _names_width(changes: list[RecallChange]) -> float:
    return max(text_width(one.name, 12) for one in changes) + 14


def _bars_width(changes: list[RecallChange]) -> float:
    return _names_width(changes) + NUMBERS + BAR + CHANGE


def _bars_height(changes: list[RecallChange]) -> float:
    return 26 + ROW * len(changes) + 38


def _bars(sheet: Sheet, top: float, found: Comparison, changes: list[RecallChange]) -> None:
    """Draw names, recalls, bars and changes below `top`."""
    left, top = _names_width(changes), top + 26
    for x, name in ((left + 56, found.names[0]), (left + 128, found.names[1])):
        sheet.text(x, top - 8, shortened(name, 66, size=11.5), size=11.5, bold=True, ha="right")
    title = shortened(f"{found.names[1]} less {found.names[0]}", BAR, size=11.5)
    sheet.text(left + NUMBERS + BAR / 2, top - 8, title, size=11.5, bold=True, ha="center")
    most = 1.08 * max(max(abs(one.low), abs(one.high)) for one in changes)
    axes = sheet.axes(left + NUMBERS, top, BAR, ROW * len(changes))
    axes.set(xlim=(-most, most), ylim=(len(changes), 0), yticks=[])
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.axvline(0, color=MUTED, linewidth=1)
    for number, one in enumerate(changes):
        y = top + (number + 0.5) * ROW
        axes.barh(number + 0.5, one.change, height=0.5, color=BLUE if one.change >= 0 else ORANGE)
        axes.plot([one.low, one.high], [number + 0.5] * 2, color=INK, linewidth=1.2, alpha=0.75)
        sheet.text(left - 10, y, one.name, ha="right", va="center_baseline")
        sheet.text(left + 56, y, percent(one.a), size=11.5, ha="right", va="center_baseline")
        sheet.text(left + 128, y, percent(one.b), size=11.5, ha="right", va="center_baseline")
        sheet.text(left + NUMBERS + BAR + CHANGE, y, signed(one.change), size=11.5, ha="right", va="center_baseline")
    ticks = [tick for tick in axes.get_xticks() if -most <= tick <= most]
    axes.set_xticks(ticks, [points(tick) for tick in ticks])
    below = top + ROW * len(changes) + 34
    sheet.text(left + NUMBERS + BAR / 2, below, "points of recall; lines: 95 % intervals", size=11, color=MUTED, ha="center")


@rendering()
def comparison_sheet(found: Comparison, shown: Mapping[int, Image]) -> Figure:
    """The finding, a bar a class, and a few of the pictures of each kind of disagreement."""
    kinds = [(title, indices) for title, indices in _kinds(found) if len(indices)]
    changes = _listed(found)
    cell, gap, line = LEAST, 22, 15
    width = max(IN_FIGURE * (cell + gap) - gap, _bars_width(changes))
    note = f"{pictures(len(found))} of {found.data}, {found.a.split}"
    y = heading_height(found.finding(), note, width) + 30
    bars, block = 56 + _bars_height(changes) + 26, 28 + cell + 3 * line + 26
    sheet = Sheet(width, y + bars + block * len(kinds) - 20)
    sheet.heading(found.finding(), note)
    for number, (name, one) in enumerate(zip(found.names, found.sides, strict=True)):
        text = f"{name}: {percent(one.accuracy)} ({bounds(one.accuracy_interval)})"
        sheet.text(0, y + 20 * number, shortened(text, width, size=12.5), size=12.5)
    _bars(sheet, y + 36, found, changes)
    y += bars
    for title, indices in kinds:
        sheet.text(0, y, f"{title}: {pictures(len(indices))}", size=12.5, bold=True)
        for column, index in enumerate(indices[:IN_FIGURE]):
            x = column * (cell + gap)
            picture = fitted(shown[int(index)], cell)
            place(sheet, x, y + 12, picture)
            below = y + 14 + picture.shape[0]
            for number, (text, right) in enumerate(_said(found, int(index)), 1):
                color = GREEN_TEXT if right else VERMILLION_TEXT
                said = shortened(f"{'✓' if right else '✗'} {text}", cell + 14, size=10.5)
                sheet.text(x, below + line * number, said, size=10.5, color=color)
            label = found.a.classes[int(found.a.labels[index])]
            detail = shortened(f"{label}; {found.a.names[index]}", cell + 14, size=10.5)
            sheet.text(x, below + line * 3, detail, size=10.5, color=MUTED)
        y += block
    return sheet.figure
