"""Find the marks in a picture and cut each out, clean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from sightline.image import Image, check_image, check_values
from sightline.marks.ink import Components, Ink, components, find_ink, resized
from sightline.marks.patch import cut_out
from sightline.marks.rulings import without_rulings

__all__ = ["Mark", "find_marks"]

LEVELS = (1280, 320, 80)  # px, the longest side at which marks are looked for; each sees those too large for the last
LEAST, MOST = 14, 0.12  # the longer side of a mark on the first level: at least so many px, at most this share of the longest side
COARSE = 30, 0.75  # the same on the others
STRONG, GHOSTLY = 8.0, 20.0  # gray levels that ink differs from the paper near it; on the others even a fall of light may show
THIN, FULL = 0.12, 0.95  # the share of its box that a mark's ink fills
SLIM = 8.0  # times that a mark may be longer than wide
SIZES = 0.4, 2.5  # times the typical size that marks of one picture have
LONG = 1.35  # typical sizes from which on what is slim is a piece of a line
REST = 0.65  # typical sizes up to which what touched a line is a rest of it
DASH = 2.0  # times that a mark may be longer across the direction of writing than along it
CLEAR = 0.6  # the share of marks that must be taller than wide, or wider than tall, to tell the direction
FAINT = 0.3  # of the typical contrast
RULE = 1.5  # typical sizes from which on a straight line is a ruling
FREE = 5  # marks that tell it
SOLID = 0.75  # the share of a broad stroke that is dark, looked at closely; of small marks that run together it is less
GAP = 0.08  # typical sizes between parts of one mark


@dataclass(frozen=True, eq=False)
class Mark:
    """One mark: a digit, a letter, a sign.

    `box`: x, y, width and height in pixels of the picture. `patch`: uint8 `(S, S)`, light on black, without neighbours and
    lines, the mass in the middle, and the longer side of the mark 20/28 of S as in MNIST (LeCun et al., 1998).
    """

    box: tuple[int, int, int, int]
    patch: Image


class Level(NamedTuple):
    """What one level of the search has found: the ink, its parts, which of them are marks, and pixels here for one there."""

    ink: Ink
    parts: Components
    chosen: NDArray[np.intp]
    scale: float


def find_marks(image: Image) -> list[Mark]:
    """Find digits, letters and other marks of about one size, dark on light or light on dark, in no order.

    Any size and kind of picture, under uneven light, on plain, ruled or squared paper. Marks are at least 1/90 of the
    picture's longest side. What is surely none is left out: lines, dots, what is much smaller, larger or fainter than the
    rest. ImageError if `image` is none.

    >>> page = np.full((300, 400), 230, np.uint8)
    >>> page[100:140, 50:56] = page[100:140, 200:206] = 40
    >>> sorted(mark.box for mark in find_marks(page))
    [(50, 100, 6, 40), (200, 100, 6, 40)]
    """
    image = check_values(check_image(image))
    height, width = image.shape[:2]
    marks = []
    for level, number in _settled([_search(image, longest) for longest in LEVELS]):
        x, y, w, h = (int(side) for side in level.parts.boxes[number][:4])
        left, top = max(0, round(x / level.scale)), max(0, round(y / level.scale))
        right, bottom = min(width, round((x + w) / level.scale)), min(height, round((y + h) / level.scale))
        box = left, top, max(1, right - left), max(1, bottom - top)
        marks.append(Mark(box, cut_out(level.ink, level.parts, number)))
    return marks


def _search(image: Image, longest: int) -> Level:
    gray = resized(image, longest)
    ink = find_ink(gray, STRONG if longest == LEVELS[0] else GHOSTLY)
    least, most = (LEAST, MOST) if longest == LEVELS[0] else COARSE
    limits = least, most * longest
    parts = components(ink.mask)
    sizes = _sizes(parts)[_possible(parts, limits)]
    if len(sizes) < FREE:  # most may touch lines
        parts = components(without_rulings(ink.mask, limits[1]))
        sizes = _sizes(parts)[_possible(parts, limits)]
    typical = _typical(sizes) if len(sizes) else limits[1] / 2
    bare = without_rulings(ink.mask, RULE * typical)
    parts = _joined(components(bare), typical)
    chosen = np.flatnonzero(_possible(parts, limits))
    if len(chosen):
        chosen = chosen[_alike(ink, parts, chosen, ink.mask & ~bare)]
    return Level(ink, parts, chosen, longest / max(image.shape[:2]))


def _alike(ink: Ink, parts: Components, chosen: NDArray[np.intp], rulings: Image) -> NDArray[np.bool_]:
    """Which marks fit the others in size, darkness and direction, and are no rests of lines."""
    width, height = parts.boxes[chosen, 2], parts.boxes[chosen, 3]
    sizes, strength = np.maximum(width, height), _strength(ink, parts)[chosen]
    typical = _typical(sizes)
    good: NDArray[np.bool_] = (sizes > SIZES[0] * typical) & (sizes < SIZES[1] * typical) & (strength > FAINT * np.median(strength))
    good &= (sizes < LONG * typical) | (4 * np.minimum(width, height) > sizes)
    beside = cv2.dilate(rulings, np.ones((5, 5), np.uint8))
    for index in np.flatnonzero(good & (sizes < REST * typical)):
        x, y, w, h = parts.boxes[chosen[index], :4]
        good[index] = not (beside[y : y + h, x : x + w] & (parts.labels[y : y + h, x : x + w] == chosen[index])).any()
    if good.sum() >= FREE:  # what lies across the direction of writing is a dash
        upright = float((height >= width)[good].mean())
        if upright > CLEAR:
            good &= width <= DASH * height
        elif upright < 1 - CLEAR:  # a page on its side
            good &= height <= DASH * width
    return good


def _possible(parts: Components, limits: tuple[float, float]) -> NDArray[np.bool_]:
    """Which parts have the size and the shape of a mark."""
    width, height, area = (parts.boxes[:, column].astype(float) for column in (2, 3, 4))
    longer, shorter = np.maximum(width, height), np.maximum(1, np.minimum(width, height))
    filled = area / np.maximum(1, width * height)
    slim = shorter < longer / 3  # an upright one of print fills its box
    possible: NDArray[np.bool_] = (
        (longer >= limits[0]) & (longer <= limits[1]) & (shorter * SLIM >= longer) & (filled > THIN) & (slim | (filled < FULL))
    )
    possible[0] = False
    return possible


def _sizes(parts: Components) -> NDArray[np.int32]:
    """The longer side of each part."""
    sides: NDArray[np.int32] = parts.boxes[:, 2:4].max(axis=1)
    return sides


def _typical(sizes: NDArray[np.int32]) -> float:
    """The size below which half of all that is written lies: the median, each mark weighing as its area."""
    ordered = np.sort(sizes).astype(float)
    weight = np.cumsum(ordered**2)
    return float(ordered[np.searchsorted(weight, weight[-1] / 2)])


def _strength(ink: Ink, parts: Components) -> NDArray[np.float64]:
    """The mean contrast of each part."""
    total = np.bincount(parts.labels.ravel(), ink.contrast.ravel(), minlength=len(parts.boxes))
    return total / np.maximum(1, parts.boxes[:, 4])


def _joined(parts: Components, typical: float) -> Components:
    """Join strokes that lie near each other and together have the size of one mark, such as the bar of a 5 and the rest of it."""
    labels, boxes = parts
    small = (boxes[:, 2:4] <= 1.3 * typical).all(axis=1) & (boxes[:, 4] >= (0.1 * typical) ** 2)
    small[0] = False
    reach = max(1, round(GAP * typical))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    strokes = small.astype(np.uint8)[labels]
    _, grown = cv2.connectedComponents(cv2.dilate(strokes, disc), connectivity=8)
    group = np.zeros(len(boxes), np.int32)
    group[labels[strokes > 0]] = grown[strokes > 0]
    boxes, number = boxes.copy(), np.arange(len(boxes), dtype=np.int32)
    for members in _together(group):
        left, top = boxes[members, :2].min(axis=0)
        right, bottom = (boxes[members, :2] + boxes[members, 2:4]).max(axis=0)
        whole = (boxes[members, 2:4].max(axis=1) >= 0.75 * typical).sum()
        if whole <= 1 and max(right - left, bottom - top) <= 1.35 * typical:
            number[members] = members[0]
            area = boxes[members, 4].sum()
            boxes[members] = 0
            boxes[members[0]] = left, top, right - left, bottom - top, area
    return Components(number[labels], boxes)


def _together(group: NDArray[np.int32]) -> list[NDArray[np.intp]]:
    """The indices that have a group in common, of groups above 0 with two to four members."""
    names, counts = np.unique(group[group > 0], return_counts=True)
    return [np.flatnonzero(group == name) for name, count in zip(names, counts, strict=True) if 2 <= count <= 4]


def _settled(levels: list[Level]) -> list[tuple[Level, int]]:
    """The marks of all levels, each seen by one of them, of about the size of those on the level that sees most."""
    deepest = max((_depth(level) for level in levels if len(level.chosen)), default=0.0)
    kept = [set(level.chosen.tolist()) if _depth(level) > FAINT * deepest else set() for level in levels]
    for at, fine in enumerate(levels):
        for coarse in range(at + 1, len(levels)):
            _settle(fine, levels[coarse], kept[at], kept[coarse])
    sizes = [{number: _sizes(level.parts)[number] / level.scale for number in of} for level, of in zip(levels, kept, strict=True)]
    most = max(sizes, key=len)
    if not most:
        return []
    typical = float(np.median(list(most.values())))
    fits = SIZES[0] * typical, SIZES[1] * typical
    return [
        (level, number)
        for level, of in zip(levels, sizes, strict=True)
        for number, size in sorted(of.items())
        if of is most or fits[0] < size < fits[1]
    ]


def _depth(level: Level) -> float:
    """The mean contrast of all ink."""
    inked = level.ink.mask > 0
    return float(level.ink.contrast[inked].mean()) if inked.any() else 0.0


def _settle(fine: Level, coarse: Level, small: set[int], large: set[int]) -> None:
    """Where marks of two levels meet, leave one: it is large and solid, a run of small ones, or a frame about small ones."""
    if fine.ink.light != coarse.ink.light:  # a light page on a dark table, with dark marks on it
        large.difference_update(list(large) if small else ())
        return
    ratio = coarse.scale / fine.scale
    darkness = cv2.resize(fine.ink.darkness, coarse.parts.labels.shape[::-1], interpolation=cv2.INTER_NEAREST)
    limits = np.array(coarse.parts.labels.shape) - 1
    for other in sorted(large):
        within, on = [], []
        for number in small:
            x, y, w, h = fine.parts.boxes[number, :4]
            if _holds(coarse.parts.boxes[other], (x + w / 2) * ratio, (y + h / 2) * ratio):
                within.append(number)
                ink = np.argwhere(fine.parts.labels[y : y + h, x : x + w] == number) + np.array([y, x])
                rows, columns = np.minimum((ink * ratio).astype(int), limits).T
                on.append(float((coarse.parts.labels[rows, columns] == other).mean()))
        left, top, wide, tall = coarse.parts.boxes[other, :4]
        window = np.s_[top : top + tall, left : left + wide]
        own = darkness[window][coarse.parts.labels[window] == other]
        middle = (np.percentile(darkness[window], 10) + np.percentile(own, 90)) / 2
        solid = (own > middle).mean() > SOLID
        if within and not (solid and min(on) > 0.5):
            large.discard(other)
        else:  # pieces of the edges of broad strokes
            small.difference_update(within)


def _holds(box: NDArray[np.int32], x: float, y: float) -> bool:
    left, top, width, height = box[:4]
    return bool(left < x < left + width and top < y < top + height)
