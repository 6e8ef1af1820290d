"""The order in which marks are read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["reading_order"]

Box = tuple[int, int, int, int]

NEIGHBOURS = 8.0  # heights, up to which the next mark to the right may be away to show how the rows lie


def reading_order(boxes: Sequence[Box]) -> list[int]:
    """Indices of boxes (x, y, width, height) by rows from top to bottom, each from left to right; rows may be tilted a little.

    >>> reading_order([(50, 4, 10, 20), (0, 0, 10, 20), (20, 40, 10, 20), (25, 2, 10, 20)])
    [1, 3, 0, 2]
    """
    if len(boxes) == 0:
        return []
    edges = np.asarray(boxes, float)
    centres = edges[:, :2] + edges[:, 2:] / 2
    height = float(np.median(edges[:, 3]))
    depth = centres[:, 1] - centres[:, 0] * _slope(centres, height)
    rows: list[list[int]] = []
    last = -np.inf
    for index in np.argsort(depth, kind="stable").tolist():
        if depth[index] - last > height / 2:
            rows.append([])
        rows[-1].append(index)
        last = depth[index]
    return [index for row in rows for index in sorted(row, key=lambda one: (centres[one, 0], one))]


def _slope(centres: np.ndarray, height: float) -> float:
    """How far rows fall for each pixel to the right: the median over the marks and their next ones to the right."""
    falls = []
    for centre in centres:  # one at a time: all pairs of a full page would take a gigabyte
        across, down = (centres - centre).T
        beside = np.flatnonzero((across > height / 4) & (across < NEIGHBOURS * height) & (abs(down) < height / 2))
        if len(beside):
            nearest = beside[np.hypot(across[beside], down[beside]).argmin()]
            falls.append(down[nearest] / max(across[nearest], 1))
    return float(np.median(falls)) if falls else 0.0
