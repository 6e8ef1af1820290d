"""A picture's way through a network on one sheet that can be printed, or as a page with all maps."""

from __future__ import annotations

from pathlib import Path

import cv2
import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sightline.evaluation.inspection import Inspection, LayerView, sides
from sightline.evaluation.page import Page, Section, check_target, figure_for_page, save_figure
from sightline.evaluation.pictures import fitted, place
from sightline.evaluation.style import BLUE, GRID, INK, MUTED, Sheet, heading_height, rendering, shortened, text_width, wrapped
from sightline.evaluation.words import dimensions, percent, short
from sightline.image import Image

__all__ = ["inspection_sheet", "save_inspection"]

WIDTH, LEFT = 760, 262  # of the sheet, and of the words beside the maps
CELL, GAP = 56, 6
ACROSS = 8  # maps in a row
LAYERS = 12  # on the sheet; of a deeper network the last at each size
MOST = 64  # maps of a layer on the page
THUMB, APART = 84, 24  # of the steps' pictures
LINE = 14


def save_inspection(found: Inspection, path: str | Path) -> Path:
    """Write the sheet as PNG or SVG, or an HTML page with up to 64 maps of every layer."""
    if check_target(path) != ".html":
        return save_figure(inspection_sheet(found), path)
    return _page(found).save(path)


@rendering()
def inspection_sheet(found: Inspection) -> Figure:
    """The steps to the network's input, its first kernels, what each layer makes of the picture, and the answer."""
    layers = found.main_layers(LAYERS)
    title, note = _title(found), f"{found.source}; {_about(found)}"
    top = heading_height(title, note, WIDTH) + 14
    blocks = [_height(layer) for layer in layers]
    filters = 0 if found.filters is None else 2 * 30 + 34
    answer = 26 + 20 * min(5, len(found.labels))
    sheet = Sheet(WIDTH, top + THUMB + 60 + filters + sum(blocks) + answer)
    sheet.heading(title, note)
    y = top
    _draw_steps(sheet, y, found)
    y += THUMB + 60
    if found.filters is not None:
        _describe(sheet, y, "the first kernels", "", _filters_note(found.filters, 32))
        _draw_filters(sheet, LEFT, y, found.filters, 16, 2)
        y += filters
    for layer, block in zip(layers, blocks, strict=True):
        _describe(sheet, y, layer.name, _cost(layer), layer.note)
        _draw_values(sheet, LEFT, y, layer, ACROSS, 1)
        y += block
    _describe(sheet, y, "the answer", "", "Calibrated, so that of many pictures that are 90 % sure 90 % are right.")
    _draw_answer(sheet, y, found)
    return sheet.figure


def _title(found: Inspection) -> str:
    answer = found.label if found.known else f"unknown ({found.label}?)"
    return f"From pixels to “{answer}”, {percent(found.probability, 0 if 0.1 <= found.probability < 0.99 else 1)}"


def _about(found: Inspection) -> str:
    return f"{found.model}: {found.parameters:,} parameters, {short(found.flops)}FLOP a picture"


def _cost(layer: LayerView) -> str:
    parameters = f", {layer.parameters:,} parameters" if layer.parameters else ""
    return f"{layer.kind}: {sides(layer.shape)}{parameters}"


def _filters_note(filters: NDArray[np.float32], most: int) -> str:
    rows, columns, channels, count = filters.shape
    colors = "Middle gray is 0" if channels == 3 else "Light: adds what it sees there, dark: takes it away"
    shown = f"; here {most} of them" if count > most else ""
    return f"{count} of {sides((rows, columns))}, learnt from pictures{shown}. {colors}."


def _height(layer: LayerView) -> float:
    lines = len(wrapped(layer.note, LEFT - 24, size=11))
    return max(40 + LINE * lines, CELL if layer.has_maps else 48) + 14


def _describe(sheet: Sheet, y: float, name: str, cost: str, note: str) -> None:
    """A layer in words, to the left of its maps."""
    sheet.text(0, y + 11, shortened(name, LEFT - 24, size=12.5), size=12.5, bold=True)
    if cost:
        sheet.text(0, y + 27, shortened(cost, LEFT - 16, size=11), size=11, color=MUTED)
    for number, line in enumerate(wrapped(note, LEFT - 24, size=11)):
        sheet.text(0, y + (27 if not cost else 43) + LINE * number, line, size=11)


def _draw_steps(sheet: Sheet, y: float, found: Inspection) -> None:
    """The picture as it came and what every step gave, from left to right; of many steps the first and the last."""
    room = (WIDTH + APART) // (THUMB + APART)
    steps = list(found.steps)
    shown = steps if len(steps) <= room else [steps[0], *steps[-(room - 1) :]]
    for column, (name, picture) in enumerate(shown):
        x = column * (THUMB + APART)
        small = fitted(picture, THUMB)
        place(sheet, x, y, small)
        below = y + small.shape[0]
        sheet.text(x, below + 15, shortened(name, THUMB + APART - 6, size=11), size=11)
        sheet.text(x, below + 29, dimensions(picture), size=10.5, color=MUTED)
        if column:
            sign = "⋯" if column == 1 and len(shown) < len(steps) else "→"
            sheet.text(x - APART / 2, y + THUMB / 2, sign, size=14, color=MUTED, ha="center", va="center_baseline")


def _draw_filters(sheet: Sheet, x: float, y: float, filters: NDArray[np.float32], across: int, down: int) -> None:
    side, gap = 26, 5
    for number, picture in enumerate(_kernel_pictures(filters)[: across * down]):
        large = cv2.resize(picture, (side, side), interpolation=cv2.INTER_NEAREST)
        place(sheet, x + number % across * (side + gap), y + number // across * (side + gap), large)


def _kernel_pictures(filters: NDArray[np.float32]) -> list[Image]:
    """Each kernel as a picture whose middle gray is 0; kernels of other than one or three channels by their mean."""
    most = float(np.abs(filters).max()) or 1.0
    scaled = np.rint(127.5 + 127.5 * filters / most).astype(np.uint8)
    if filters.shape[2] != 3:
        scaled = np.rint(127.5 + 127.5 * filters.mean(axis=2, keepdims=True) / most).astype(np.uint8)[:, :, [0, 0, 0]]
    return [np.ascontiguousarray(scaled[..., number]) for number in range(filters.shape[3])]


def _draw_values(sheet: Sheet, x: float, y: float, layer: LayerView, across: int, down: int) -> None:
    """The strongest maps of a layer, or its numbers as bars."""
    if not layer.has_maps:
        _draw_bars(sheet, x, y, layer.values, across * (CELL + GAP) - GAP)
        return
    for place_number, picture in enumerate(_map_pictures(layer, across * down)):
        place(sheet, x + place_number % across * (CELL + GAP), y + place_number // across * (CELL + GAP), picture)


def _map_pictures(layer: LayerView, count: int) -> list[Image]:
    """The strongest maps in viridis, all on the layer's scale, each `CELL` pixels on its longer side."""
    low, high = min(0.0, float(layer.values.min())), float(np.quantile(layer.values, 0.999))
    share = np.clip((layer.values - low) / max(high - low, 1e-9), 0, 1)
    colors = matplotlib.colormaps["viridis"]
    shown = []
    for index in layer.strongest(count):
        picture = np.rint(255 * colors(share[..., index])[..., :3]).astype(np.uint8)
        factor = CELL / max(picture.shape[:2])
        size = (max(1, round(picture.shape[1] * factor)), max(1, round(picture.shape[0] * factor)))
        shown.append(cv2.resize(picture, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_NEAREST))
    return shown


def _draw_bars(sheet: Sheet, x: float, y: float, values: NDArray[np.float32], width: float) -> None:
    """Numbers as bars beside each other; of more than 256 each bar is the largest of some neighbours."""
    size = -(-len(values) // 256)
    padded = np.pad(values, (0, -len(values) % size))
    heights = padded.reshape(-1, size)[np.arange(len(padded) // size), np.abs(padded.reshape(-1, size)).argmax(axis=1)]
    axes = sheet.axes(x, y + 2, width, 42)
    axes.set(xticks=[], yticks=[], xlim=(-0.5, len(heights) - 0.5))
    axes.bar(range(len(heights)), heights, width=0.8 if len(heights) < 100 else 1.0, color=BLUE)
    axes.axhline(0, color=GRID, linewidth=0.8)


def _draw_answer(sheet: Sheet, y: float, found: Inspection) -> None:
    top = found.top(5)
    widest = min(168.0, max(text_width(label, 12) for label, _ in top))
    names = widest + 12
    room = WIDTH - LEFT - names - 60
    for number, (label, probability) in enumerate(top):
        middle = y + 10 + 20 * number
        short = shortened(label, widest, size=12)
        sheet.text(LEFT + names - 10, middle, short, ha="right", va="center_baseline", bold=not number)
        axes = sheet.axes(LEFT + names, middle - 6, room, 12)
        axes.set(xlim=(0, 1), ylim=(-0.5, 0.5), xticks=[], yticks=[])
        axes.barh(0, probability, height=1, color=BLUE)
        sheet.text(LEFT + names + room * probability + 6, middle, percent(probability), size=11.5, color=INK, va="center_baseline")


def _page(found: Inspection) -> Page:
    sections = [
        Section("The way to the network", _way(found), figure=_figure(_steps_figure(found), "steps", "What each step gave"))
    ]
    if found.filters is not None:
        figure = _figure(_filters_figure(found.filters), "filters", "The kernels of the first convolution")
        sections.append(Section("The first kernels", _filters_note(found.filters, MOST), figure=figure))
    for number, layer in enumerate(found.main_layers(3 * LAYERS)):
        shown = f" The {MOST} strongest maps." if layer.has_maps and layer.shape[-1] > MOST else ""
        figure = _figure(_layer_figure(layer), f"layer-{number}", f"What leaves {layer.name}")
        sections.append(Section(f"{layer.name}, {_cost(layer)}", f"{layer.note}{shown}", figure=figure))
    return Page(
        kind="inspection",
        title=_title(found),
        about=f"{found.source}; {_about(found)}",
        number=percent(found.probability, 0 if 0.1 <= found.probability < 0.99 else 1),
        uncertainty="",
        number_text=f"for “{found.label}”" + ("" if found.known else ", but it is probably none of the labels"),
        beside=", ".join(f"{label} {percent(probability)}" for label, probability in found.top(3)[1:]),
        beside_text="next",
        finding=f"{found.finding()}.",
        sections=sections,
    )


def _way(found: Inspection) -> str:
    return f"The same {len(found.steps) - 1} steps as in training, from the picture as it came to what the network reads."


def _figure(figure: Figure, name: str, text: str) -> Markup:
    return figure_for_page(figure, name, text, least=420)


@rendering()
def _steps_figure(found: Inspection) -> Figure:
    sheet = Sheet(WIDTH, THUMB + 40)
    _draw_steps(sheet, 0, found)
    return sheet.figure


@rendering()
def _filters_figure(filters: NDArray[np.float32]) -> Figure:
    count = min(MOST, filters.shape[3])
    down = -(-count // 24)
    sheet = Sheet(WIDTH, down * 31)
    _draw_filters(sheet, 0, 0, filters, 24, down)
    return sheet.figure


@rendering()
def _layer_figure(layer: LayerView) -> Figure:
    across = WIDTH // (CELL + GAP)
    down = -(-min(MOST, layer.shape[-1]) // across) if layer.has_maps else 1
    sheet = Sheet(WIDTH, down * (CELL + GAP))
    _draw_values(sheet, 0, 0, layer, across, down)
    return sheet.figure
