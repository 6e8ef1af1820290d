"""How many digits of the sudoku pages `sl.find` finds and reads, of print and of pen apart, and what it finds beside them.

    python benchmarks/find_digits.py FOLDER [--model mnist]

FOLDER holds phone photos of https://github.com/wichtounet/sudoku_dataset (CC BY 4.0), each with a .dat of its 81 cells. A
digit is found if the centre of a find lies in its cell. Where the cells are is told by the grid's four corners, which this
script looks for; pages on which it does not find them are named and left out. How patches are made was chosen on the pages at
even places of the list; how marks are found was chosen on all pages, so that neither half is a test of it.
Print and pen stand on the same pages only where all cells are filled: there, blue ink is pen.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from common import publish, spread, table

import sightline as sl
from sightline.jobs import Findings

ON_ITS_SIDE = {"image2002"}  # its top is on the right
CELL = 50  # px of an unwarped cell
BLUE = 25  # gray levels that pen is bluer than the paper


def corners(gray: sl.Image) -> np.ndarray | None:
    """The grid's corners, float32 `(4, 2)` clockwise from the upper left: those of the largest part of the ink that is a square."""
    scale = 1200 / max(gray.shape)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    smooth = cv2.GaussianBlur(cv2.resize(gray, None, fx=scale, fy=scale, interpolation=way), (0, 0), 1.5)
    ink = cv2.adaptiveThreshold(smooth, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY_INV, 41, 4)
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    best, found = 0.0, None
    for number in np.flatnonzero(boxes[:, 2:4].min(axis=1) >= 300)[1:]:
        points = np.argwhere(labels == number)[:, ::-1].astype(np.float32)
        quad = np.array([points[np.argmin(points @ way)] for way in ([1, 1], [-1, 1], [-1, -1], [1, -1])])
        area = cv2.contourArea(quad)
        sides = np.linalg.norm(quad - np.roll(quad, 1, axis=0), axis=1)
        if area > max(best, 0.85 * cv2.contourArea(cv2.convexHull(points))) and sides.min() > 0.75 * sides.max():
            best, found = area, quad / scale
    return found


def pen(picture: sl.Image, quad: np.ndarray) -> np.ndarray:
    """Which cells are written with a blue pen, bool `(9, 9)`."""
    side = 9 * CELL
    square = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32)
    flat = cv2.warpPerspective(picture, cv2.getPerspectiveTransform(quad.astype(np.float32), square), (side, side)).astype(float)
    blue = np.zeros((9, 9), bool)
    for row, column in np.ndindex(9, 9):
        cell = flat[row * CELL + 8 : (row + 1) * CELL - 8, column * CELL + 8 : (column + 1) * CELL - 8].reshape(-1, 3)
        gray = cell.mean(axis=1)
        ink = cell[gray <= np.percentile(gray, 8)].mean(axis=0) - np.median(cell, axis=0)
        blue[row, column] = ink[2] - ink[0] > BLUE
    return blue


def score(found: Findings, truth: np.ndarray, written: np.ndarray, quad: np.ndarray) -> Counter[str]:
    """Counts of one page."""
    grid = np.array([[0, 0], [9, 0], [9, 9], [0, 9]], np.float32)
    home = cv2.getPerspectiveTransform(quad.astype(np.float32), grid)
    counts: Counter[str] = Counter()
    cells: dict[tuple[int, int], list[Any]] = {}
    for reading in found:
        x, y, width, height = reading.box
        across, down = cv2.perspectiveTransform(np.array([[[x + width / 2, y + height / 2]]], np.float32), home)[0, 0]
        if not (0 <= across < 9 and 0 <= down < 9):
            counts["outside"] += 1
        elif truth[int(down), int(across)] == 0:
            counts["false"] += 1
        else:
            cells.setdefault((int(down), int(across)), []).append(reading)
    for row, column in np.argwhere(truth > 0).tolist():
        kind = "pen" if written[row, column] else "print"
        counts[kind] += 1
        readings = cells.get((row, column), [])
        if readings:
            counts[f"{kind} found"] += 1
            counts["false"] += len(readings) - 1
            largest = max(readings, key=lambda one: one.box[2] * one.box[3])
            counts[f"{kind} read"] += largest.prediction.label == str(truth[row, column])
    return counts


def line(name: str, counts: Counter[str]) -> list[str]:
    """A row of the table."""

    def share(kind: str) -> list[str]:
        digits, found, read = counts[kind], counts[f"{kind} found"], counts[f"{kind} read"]
        return [f"{found} of {digits}", f"{read} ({read / found:.3f})"] if found else [f"0 of {digits}" if digits else "", ""]

    return [name, *share("print"), *share("pen"), str(counts["false"]), str(counts["outside"])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="mnist")
    options = parser.parse_args()
    model = sl.load(options.model)
    rows, missing, seconds = [], [], []
    halves = [Counter[str](), Counter[str]()]
    for index, path in enumerate(sorted(options.folder.glob("*.jpg"))):
        picture = sl.read(path)
        truth = np.array([line.split() for line in path.with_suffix(".dat").read_text().splitlines()[2:11]], int)
        quad = corners(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
        if quad is None:
            missing.append(path.stem)
            continue
        quad = np.roll(quad, -1, axis=0) if path.stem in ON_ITS_SIDE else quad
        written = pen(picture, quad) if (truth > 0).all() else np.zeros((9, 9), bool)
        start = time.perf_counter()
        found = sl.find(picture, model)
        seconds.append(time.perf_counter() - start)
        counts = score(found, truth, written, quad)
        halves[index % 2] += counts
        rows.append(line(path.stem, counts))
    rows += [line("even pages", halves[0]), line("odd pages", halves[1]), line("all pages", halves[0] + halves[1])]
    header = ["page", "print found", "print read", "pen found", "pen read", "false in the grid", "finds outside of it"]
    text = table(header, rows)
    text += (
        f"\n\nSeconds a page, finding and reading: {spread(seconds)}. Grid not located, left out: {', '.join(missing) or 'none'}."
    )
    publish(
        "find", "Digits found and read on photos of sudoku pages", text, "python benchmarks/find_digits.py ../shared/data/sudoku"
    )


if __name__ == "__main__":
    main()
