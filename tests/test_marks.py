"""Marks on pages that the tests make themselves, of real digits of MNIST, so that every box is known; and on a real page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import sightline as sl
from sightline.errors import ImageError
from sightline.jobs import Findings, annotate
from sightline.marks import find_marks, reading_order

Box = tuple[int, int, int, int]
Page = tuple[sl.Image, list[Box], list[str]]
"""A picture, and the box and the label of each digit on it, by rows from left to right."""


@pytest.fixture(scope="module")
def digits() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    test = sl.load_dataset("mnist").test
    assert test is not None
    return np.stack([test.read(index) for index in range(200)]), np.asarray(test.labels[:200])


@pytest.fixture(scope="module")
def model() -> sl.Predictor:
    return sl.load("mnist")


@pytest.fixture(scope="module")
def page(digits: tuple[NDArray[np.uint8], NDArray[np.int64]]) -> Callable[..., Page]:
    """Digits in rows and columns as dark ink on light paper, lit from one side, with noise."""

    def make(
        rows: int = 5, columns: int = 8, pitch: int = 90, size: int = 60, first: int = 0, below: sl.Image | None = None
    ) -> Page:
        pictures, labels = digits
        height, width = (rows + 1) * pitch, (columns + 1) * pitch
        ink = np.zeros((height, width), np.float32) if below is None else below.astype(np.float32)
        boxes, said = [], []
        for number in range(rows * columns):
            digit = cv2.resize(pictures[first + number], (size, size), interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
            down, right = divmod(number, columns)
            y, x = pitch // 2 + down * pitch + (pitch - size) // 2, pitch // 2 + right * pitch + (pitch - size) // 2
            part = ink[y : y + size, x : x + size]
            part[:] = np.maximum(part, np.clip(digit, 0, 1))
            ys, xs = np.nonzero(digit > 0.3)
            boxes.append((x + int(xs.min()), y + int(ys.min()), int(np.ptp(xs)) + 1, int(np.ptp(ys)) + 1))
            said.append(str(labels[first + number]))
        return on_paper(ink), boxes, said

    return make


def on_paper(ink: NDArray[np.float32], paper: float = 230, dark: float = 0.7) -> sl.Image:
    """Ink from 0 to 1 on paper whose light falls to less than half from left to right, with grain."""
    light = np.linspace(1, 0.45, ink.shape[1], dtype=np.float32)[None]
    grain = np.random.default_rng(0).normal(0, 3, ink.shape)
    return np.clip(paper * light * (1 - dark * ink) + grain, 0, 255).astype(np.uint8)


def iou(a: Box, b: Box) -> float:
    across = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    down = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(0, across) * max(0, down)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def matched(found: Findings, boxes: list[Box]) -> list[int | None]:
    """For each known box the find that overlaps it by at least half, if there is one."""
    best = [max(range(len(found)), key=lambda k: iou(found.found[k].box, box), default=None) for box in boxes]
    return [k if k is not None and iou(found.found[k].box, box) >= 0.5 else None for k, box in zip(best, boxes, strict=True)]


def check(found: Findings, boxes: list[Box], labels: list[str], *, share: float, missed: int = 0) -> None:
    """All but `missed` are found and nothing else, and at least `share` of the labels are right."""
    hits = matched(found, boxes)
    assert hits.count(None) <= missed, [box for box, hit in zip(boxes, hits, strict=True) if hit is None]
    assert len(found) <= len(boxes)
    right = [found.found[hit].prediction.label == label for hit, label in zip(hits, labels, strict=True) if hit is not None]
    assert np.mean(right) >= share


def test_every_digit_under_uneven_light_is_found_read_and_in_reading_order(page: Callable[..., Page], model: sl.Predictor) -> None:
    picture, boxes, labels = page()
    found = sl.find(picture, model)
    check(found, boxes, labels, share=0.95)
    assert matched(found, boxes) == list(range(len(boxes)))
    assert (found.width, found.height, found.turned) == (810, 540, 0)


def test_white_on_a_black_board_is_found_as_well(page: Callable[..., Page], model: sl.Predictor) -> None:
    picture, boxes, labels = page(first=40)
    check(sl.find(255 - picture, model), boxes, labels, share=0.95)


def test_digits_across_ruled_lines_are_freed_of_them(page: Callable[..., Page], model: sl.Predictor) -> None:
    lines = np.zeros((540, 810), np.float32)
    for y in range(20, 540, 30):  # narrower than the digits: each is crossed by two
        cv2.line(lines, (0, y), (810, y + 12), 0.45, 2, cv2.LINE_AA)
    picture, boxes, labels = page(first=80, below=lines)
    check(sl.find(picture, model), boxes, labels, share=0.85, missed=2)  # bars of digits that lie along a line go with it


def test_digits_in_a_squared_frame_are_freed_of_it(page: Callable[..., Page], model: sl.Predictor) -> None:
    squares = np.zeros((540, 810), np.float32)
    for at in range(45, 800, 90):
        squares[45:496, at - 2 : at + 2] = squares[min(at, 495) - 2 : min(at, 495) + 2, 45:766] = 0.9
    picture, boxes, labels = page(first=0, size=84, below=squares)  # some touch the lines
    check(sl.find(picture, model), boxes, labels, share=0.9)


def test_rows_that_nearly_touch_stay_apart(page: Callable[..., Page], model: sl.Predictor) -> None:
    picture, boxes, labels = page(pitch=54, size=60, rows=6, columns=10)
    check(sl.find(picture, model), boxes, labels, share=0.9)


@pytest.mark.parametrize("angle", [-6, 4])
def test_a_tilted_page_is_read_row_by_row(angle: int, page: Callable[..., Page], model: sl.Predictor) -> None:
    picture, boxes, labels = page(rows=3, columns=7, first=100)
    height, width = picture.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    tilted = cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    moved = []
    for x, y, w, h in boxes:
        centre = turn @ (x + w / 2, y + h / 2, 1)
        moved.append((int(centre[0] - w / 2), int(centre[1] - h / 2), w, h))
    found = sl.find(tilted, model)
    check(found, moved, labels, share=0.9)
    assert matched(found, moved) == list(range(len(boxes)))


@pytest.mark.parametrize("turns", [1, 3])
def test_a_page_on_its_side_is_read_as_it_stands(turns: int, page: Callable[..., Page], model: sl.Predictor) -> None:
    picture, _, labels = page(first=20)
    found = sl.find(np.rot90(picture, turns), model)
    assert found.turned == {1: 270, 3: 90}[turns]  # clockwise; NumPy turns the other way
    assert len(found) == len(labels)
    assert np.mean([one.prediction.label == label for one, label in zip(found, labels, strict=True)]) >= 0.95


@pytest.mark.parametrize("longest", [200, 640, 4000])
def test_the_size_of_the_picture_does_not_matter(longest: int, page: Callable[..., Page], model: sl.Predictor) -> None:
    picture, boxes, labels = page(rows=3, columns=5)
    scale = longest / max(picture.shape)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    resized = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=way)
    moved = [(round(x * scale), round(y * scale), round(w * scale), round(h * scale)) for x, y, w, h in boxes]
    check(sl.find(resized, model), moved, labels, share=0.9)


@pytest.mark.parametrize("side", [28, 300, 1500])
def test_a_single_large_digit_is_one_find(
    side: int, digits: tuple[NDArray[np.uint8], NDArray[np.int64]], model: sl.Predictor
) -> None:
    pictures, labels = digits
    finds = [sl.find(cv2.resize(pictures[index], (side, side), interpolation=cv2.INTER_CUBIC), model) for index in range(10)]
    said = ["".join(one.prediction.label for one in found) for found in finds]
    assert np.mean([label == str(number) for label, number in zip(said, labels[:10], strict=True)]) >= 0.9, said


@pytest.mark.parametrize("kind", ["rgb", "rgba", "uint16", "float32"])
def test_every_kind_of_picture_gives_the_same_boxes(kind: str, page: Callable[..., Page]) -> None:
    picture, boxes, _ = page(rows=2, columns=4)
    forms: dict[str, Callable[[], sl.Image]] = {
        "rgb": lambda: np.dstack([picture] * 3),
        "rgba": lambda: np.dstack([picture] * 3 + [np.full_like(picture, 255)]),
        "uint16": lambda: picture.astype(np.uint16) * 257,
        "float32": lambda: picture.astype(np.float32) / 255,
    }
    image = forms[kind]()
    before = image.copy()
    assert sorted(mark.box for mark in find_marks(image)) == sorted(mark.box for mark in find_marks(picture))
    assert np.array_equal(image, before)
    assert len(find_marks(picture)) == len(boxes)


def test_coloured_ink_is_ink(page: Callable[..., Page]) -> None:
    """Red print and blue pen on yellowish paper."""
    picture, boxes, _ = page(rows=2, columns=6)
    ink = (1 - picture / picture.max(axis=0, keepdims=True))[..., None]
    half = np.arange(picture.shape[1])[None, :, None] < picture.shape[1] // 2
    colour = np.where(half, np.array([200, 40, 40]), np.array([40, 60, 180]))
    image = np.clip((1 - ink) * np.array([245, 235, 190]) + ink * colour, 0, 255).astype(np.uint8)
    assert len(find_marks(image)) == len(boxes)


def test_patches_are_square_light_on_black_and_centred_by_mass(page: Callable[..., Page]) -> None:
    picture, _, _ = page(rows=2, columns=5)
    for mark in find_marks(picture):
        side = mark.patch.shape[0]
        assert mark.patch.shape == (side, side)
        assert mark.patch.dtype == np.uint8
        assert (mark.patch[0].max(), mark.patch[-1].max(), mark.patch.max()) == (0, 0, 255)
        rows, columns = np.nonzero(mark.patch > 64)
        assert max(np.ptp(rows), np.ptp(columns)) + 1 == pytest.approx(side * 20 / 28, abs=1)
        mass = mark.patch / mark.patch.sum()
        centre = (mass.sum(axis=1) @ np.arange(side), mass.sum(axis=0) @ np.arange(side))
        assert centre == pytest.approx([(side - 1) / 2] * 2, abs=side * 0.03)


def test_neighbours_and_lines_are_not_on_a_patch(digits: tuple[NDArray[np.uint8], NDArray[np.int64]]) -> None:
    """A digit beside another and under a line gives the patch that it gives alone."""
    alone = np.zeros((200, 400), np.float32)
    seven = cv2.resize(digits[0][0], (90, 90), interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
    alone[60:150, 60:150] = np.clip(seven, 0, 1)
    crowded = alone.copy()
    crowded[40:44] = 1
    crowded[60:150, 130:220] = np.maximum(crowded[60:150, 130:220], np.clip(seven, 0, 1))
    (single,) = find_marks(on_paper(alone))
    first = min(find_marks(on_paper(crowded)), key=lambda mark: mark.box[0])
    small = [cv2.resize(mark.patch, (28, 28), interpolation=cv2.INTER_AREA).astype(float) for mark in (single, first)]
    assert np.abs(small[0] - small[1]).mean() < 4


@pytest.mark.parametrize("value", [0, 90, 255])
def test_nothing_is_found_where_nothing_is(value: int, model: sl.Predictor) -> None:
    rng = np.random.default_rng(1)
    assert len(sl.find(np.full((400, 600), value, np.uint8), model)) == 0
    paper = np.clip(np.linspace(value, value * 0.4, 600)[None] + rng.normal(0, 4, (400, 600)), 0, 255).astype(np.uint8)
    assert len(sl.find(paper, model)) == 0
    assert len(sl.find(np.full((1, 1), value, np.uint8), model)) == 0


def test_squared_paper_alone_holds_nothing(model: sl.Predictor) -> None:
    squares = np.zeros((600, 800), np.float32)
    squares[::40] = squares[:, ::40] = 0.5
    assert len(sl.find(on_paper(cv2.GaussianBlur(squares, (0, 0), 1).astype(np.float32)), model)) == 0


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(ImageError, match="wrong shape"):
        find_marks(np.zeros((3, 4, 5), np.uint8))
    with pytest.raises(ImageError, match="outside its range"):
        find_marks(np.full((30, 40), 2, np.float32))


def test_reading_order_follows_tilted_rows() -> None:
    grid = [(column * 50, row * 60 + round(column * 50 * 0.08), 30, 40) for row in range(4) for column in range(12)]
    shuffled = np.random.default_rng(0).permutation(len(grid)).tolist()
    order = reading_order([grid[index] for index in shuffled])
    assert [shuffled[index] for index in order] == list(range(len(grid)))
    assert reading_order([]) == []


def test_a_real_page_of_print_and_pen(shared: Path, model: sl.Predictor) -> None:
    """A filled sudoku: its 81 digits are known; the page holds headings as well."""
    lines = (shared / "sudoku" / "image2003.dat").read_text().splitlines()[2:11]
    truth = "".join("".join(line.split()) for line in lines)
    found = sl.find(shared / "sudoku" / "image2003.jpg", model)
    inside = [one for one in found if 50 < one.box[0] < 880 and 325 < one.box[1] < 1100]
    assert len(inside) == 81, [one.box for one in inside]
    assert np.mean([one.prediction.label == label for one, label in zip(inside, truth, strict=True)]) >= 0.85


def test_the_annotated_picture_frames_what_was_found(page: Callable[..., Page], model: sl.Predictor) -> None:
    picture, _, _ = page(rows=2, columns=4)
    before = picture.copy()
    found = sl.find(picture, model)
    drawn = annotate(picture, found)
    assert drawn.shape == (*picture.shape, 3)
    assert np.array_equal(picture, before)
    changed = (drawn != picture[..., None]).any(axis=2)
    for reading in found:
        x, y, width, height = reading.box
        colour = (213, 94, 0) if reading.doubtful else (0, 114, 178)
        assert (drawn[y - 2 : y + height + 2, x - 2] == colour).all(axis=1).mean() > 0.4
        changed[max(0, y - 40) : y + height + 3, max(0, x - 3) : x + max(width, 40) + 3] = False
    assert not changed.any()
