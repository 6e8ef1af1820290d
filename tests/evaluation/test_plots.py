"""The figures: files that open, names that are there, words that agree with the numbers."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from sightline.data import Dataset, Split
from sightline.errors import ParameterError, StorageError
from sightline.evaluation import Evaluation, save_plots
from sightline.evaluation.curves import accuracy_finding, curves, loss_finding
from sightline.evaluation.pictures import Caption, caption_of, enlarged, png, tiles
from sightline.evaluation.plots import save_sheet
from sightline.evaluation.scores import calibration_finding, confusion_matrix, order_of_classes, per_class, reliability
from sightline.evaluation.style import inline_svg, shortened, text_width, to_png, to_svg, wrapped
from sightline.image import write

from .conftest import MakeRecord, evaluation_of, history, random_evaluation, with_confidence


def texts(svg: bytes) -> list[str]:
    """Every text of an SVG, as a reader sees it."""
    root = ElementTree.fromstring(svg)
    return ["".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text")]


def test_every_figure_is_saved_twice_and_opens(digits: Evaluation, make_record: MakeRecord, tmp_path: Path) -> None:
    saved = save_plots(make_record(digits), tmp_path / "plots")
    names = {"curves", "confusion", "confusion-shares", "classes", "calibration", "mistakes", "samples", "steps"}
    assert {path.name for path in saved} == {f"{name}.{suffix}" for name in names for suffix in ("png", "svg")}
    assert set(saved) == set((tmp_path / "plots").iterdir())
    for path in saved:
        if path.suffix == ".png":
            picture = cv2.imread(str(path))
            assert picture is not None
            assert min(picture.shape[:2]) > 200
            assert picture.std() > 5
        else:
            assert texts(path.read_bytes())


def test_what_the_record_does_not_hold_is_left_out(make_record: MakeRecord, tmp_path: Path) -> None:
    perfect = evaluation_of([0, 1], [0, 1], 2)
    saved = save_plots(make_record(perfect, history=(), traces=()), tmp_path)
    assert {path.stem for path in saved} == {"confusion", "confusion-shares", "classes", "calibration", "samples"}


def test_a_folder_that_cannot_be_written_is_an_error(digits: Evaluation, make_record: MakeRecord, tmp_path: Path) -> None:
    (tmp_path / "plots").write_text("a file")
    with pytest.raises(StorageError, match="cannot write"):
        save_plots(make_record(digits), tmp_path / "plots")


def test_equal_figures_give_equal_bytes_and_leave_the_settings_alone(digits: Evaluation) -> None:
    before = dict(mpl.rcParams)
    assert to_svg(confusion_matrix(digits)) == to_svg(confusion_matrix(digits))
    assert to_png(reliability(digits)) == to_png(reliability(digits))
    assert dict(mpl.rcParams) == before
    assert b"<dc:date>" not in to_svg(reliability(digits))


@pytest.mark.parametrize("classes", [2, 3, 10, 20, 25, 100])
def test_a_confusion_matrix_names_every_class_and_clips_none(classes: int) -> None:
    names = [f"a rather long class name {i}" for i in range(classes)]
    figure = confusion_matrix(random_evaluation(classes, 10 * classes, names))
    shown = texts(to_svg(figure))
    assert all(shown.count(name) == 2 for name in names)
    box = figure.get_tightbbox(FigureCanvasAgg(figure).get_renderer())  # in inches, around everything drawn
    assert box.x0 >= 0
    assert box.y0 >= 0
    width, height = figure.get_size_inches()
    assert box.x1 <= width
    assert box.y1 <= height


def test_a_matrix_holds_counts_or_shares_and_the_worst_pairs() -> None:
    evaluation = evaluation_of([0] * 8 + [1] * 4, [0] * 5 + [1] * 3 + [1] * 4, 2, ("cat", "dog"))
    counts, shares = texts(to_svg(confusion_matrix(evaluation))), texts(to_svg(confusion_matrix(evaluation, shares=True)))
    assert {"5", "3", "4", "cat → dog", "3 pictures, 37.5\N{NO-BREAK SPACE}% of the class"} <= set(counts)
    assert {"62.5", "37.5", "100.0"} <= set(shares)
    assert "cat → dog" not in texts(to_svg(confusion_matrix(evaluation, bare=True)))


def test_more_than_a_hundred_classes_have_no_names() -> None:
    shown = texts(to_svg(confusion_matrix(random_evaluation(150, 300), bare=True)))
    assert shown[-2:] == ["true class", "predicted class"]
    assert "too many classes to name them here" in " ".join(shown[:-2])
    assert not any(text.startswith("class ") for text in shown)


def test_the_most_confused_classes_stand_side_by_side() -> None:
    confusion = np.diag(np.full(30, 50))
    for first, second, count in ((3, 27, 20), (0, 15, 12), (15, 28, 9)):
        confusion[first, second] = count
    order = order_of_classes(confusion)
    assert sorted(order) == list(range(30))
    for first, second in ((3, 27), (0, 15), (15, 28)):
        assert abs(order.index(first) - order.index(second)) == 1


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ([1.0, 0.5, 0.3, 0.4, 0.5], "Validation loss rises after epoch 3"),
        ([1.0, 0.5, 0.3, 0.4], "Validation loss is lowest in epoch 3"),
        ([1.0, 0.5, 0.3, 0.2], "Both still fall at the last epoch"),
        ([1.0, 0.3, 0.3, 0.3, 0.299], "Validation loss is level from epoch 2"),
        ([0.5], "Validation loss 0.500 after one epoch"),
        ([0.5, float("nan"), float("nan")], "Validation loss rises after epoch 1"),
    ],
)
def test_the_title_of_the_loss_follows_from_the_numbers(losses: list[float], words: str) -> None:
    rows = [{"epoch": i, "loss": 1 / i, "accuracy": 0.5, "val_loss": loss} for i, loss in enumerate(losses, 1)]
    assert loss_finding(rows) == words


def test_findings_without_validation_or_numbers() -> None:
    assert loss_finding(history(3, validation=False)) == "Training loss still falls at the last epoch"
    assert accuracy_finding(history(6)).startswith("Validation accuracy reaches 90.0")
    broken = [{"epoch": 1, "loss": float("nan"), "accuracy": float("nan")}]
    assert loss_finding(broken) == "The loss is not a number"
    assert to_png(curves(broken)).startswith(b"\x89PNG")


def test_curves_label_their_ends_and_mark_the_epoch_that_is_kept() -> None:
    shown = texts(to_svg(curves(history(6), 4)))
    assert {"training 0.167", "validation 0.500", "epoch 4 kept", "learning rate", "0.001"} <= set(shown)
    assert shown.count("epoch") == 2
    assert not any("validation" in text for text in texts(to_svg(curves(history(3, validation=False)))))


def test_one_epoch_shows_points() -> None:
    svg = to_svg(curves(history(1), 1))
    markers = re.findall(rb"<use ", svg)
    assert len(markers) >= 4  # training and validation in both panels
    with pytest.raises(ParameterError, match="one epoch or more"):
        curves([])


def test_the_axis_says_where_it_begins_only_when_it_is_cut() -> None:
    rows = [{"epoch": i, "loss": loss, "accuracy": 0.99} for i, loss in enumerate((1.0, 0.1), 1)]
    shown = texts(to_svg(curves(rows)))
    assert "cross-entropy" in shown
    assert any(text.startswith("pictures labelled rightly; the axis begins at 8") for text in shown)


def test_bars_stand_for_the_hardest_classes_first() -> None:
    evaluation = evaluation_of([0] * 4 + [1] * 4, [0, 0, 0, 0, 1, 1, 1, 0], 3, ("easy", "hard", "absent"))
    shown = texts(to_svg(per_class(evaluation)))
    assert shown.index("hard") < shown.index("easy")
    assert "absent" not in shown
    assert "75.0\N{NO-BREAK SPACE}%" in shown
    many = texts(to_svg(per_class(random_evaluation(40, 2000))))
    assert "the 30 hardest of 40 classes" in many
    assert sum(text.startswith("class ") for text in many) == 30


def test_calibration_is_judged_with_the_interval() -> None:
    labels, right = [0] * 1000, [0] * 800 + [1] * 200
    for sure, verdict in ((0.95, "Too sure"), (0.81, "As right as it is sure"), (0.6, "Not sure enough")):
        assert calibration_finding(with_confidence(labels, right, np.full(1000, sure), 2)).startswith(f"{verdict}: ")


def test_small_pictures_are_enlarged_by_whole_factors() -> None:
    picture = np.arange(28 * 20, dtype=np.uint8).reshape(28, 20)
    large = enlarged(picture)
    assert large.shape == (112, 80)
    assert np.array_equal(large[::4, ::4], picture)
    assert enlarged(np.zeros((1000, 500, 4), np.uint16)).shape == (320, 160, 3)
    assert enlarged(np.full((2, 2), 0.5, np.float32)).max() == 128


def test_pixels_survive_in_the_saved_tile() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (28, 28)).astype(np.uint8)
    sheet = cv2.imdecode(np.frombuffer(to_png(tiles([picture], [Caption("a", "b")], "t")), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert sheet is not None
    margin, below = 2 * 16, 2 * (16 + 40)  # the sheet's edge and the title, at two pixels of the file for one
    found = sheet[below : below + 224, margin : margin + 224]
    inside = slice(8, -8)  # without the hairline
    assert np.array_equal(found[inside, inside], enlarged(picture, 224)[inside, inside])


def test_a_png_holds_the_pixels_in_rgb_order() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    read = cv2.imdecode(np.frombuffer(png(picture), np.uint8), cv2.IMREAD_COLOR_RGB)
    assert read is not None
    assert np.array_equal(read, picture)


def test_captions_say_right_and_wrong_in_signs() -> None:
    evaluation = with_confidence([0, 0], [0, 1], np.array([0.972, 0.9987]), 2, ("Shirt", "T-shirt/top"))
    space = "\N{NO-BREAK SPACE}"
    assert caption_of(evaluation, 0) == Caption(f"Shirt, 97{space}%", "picture-0.png", True)
    assert caption_of(evaluation, 1) == Caption(f"Shirt → T-shirt/top, 99.9{space}%", "picture-1.png", False)
    assert [Caption("", "", right).sign for right in (True, False, None)] == ["✓", "✗", ""]


def test_any_class_name_can_be_drawn() -> None:
    names = ("$x_1$ \\frac", "<script>alert(1)</script>", "猫", "two\nlines", "_hidden", "a\x07\x00b\x9f", "no\udcffUTF-8")
    evaluation = random_evaluation(len(names), 100, names)
    shown = texts(to_svg(confusion_matrix(evaluation)))
    assert {"$x_1$ \\frac", "<script>alert(1)</script>", "猫", "two lines", "_hidden", "a��b�", "no\\udcffUTF-8"} <= set(shown)
    assert to_png(confusion_matrix(evaluation)).startswith(b"\x89PNG")


def test_any_file_name_can_be_drawn(digits: Evaluation, make_record: MakeRecord, tmp_path: Path) -> None:
    strange = replace(digits, names=tuple(f"{index}\x1b\udcff.png" for index in range(len(digits))))
    traces = [("\udcff\x01.png", [("picture", np.zeros((8, 8), np.uint8))])]
    for path in save_plots(make_record(strange, traces=traces), tmp_path):
        if path.stem in {"mistakes", "samples", "steps"} and path.suffix == ".svg":
            assert any("\\udcff" in text and "�" in text for text in texts(path.read_bytes()))


def test_an_inline_figure_takes_the_colours_of_its_page(digits: Evaluation) -> None:
    svg = inline_svg(reliability(digits), "mine", 'says "this" & that')
    root = ElementTree.fromstring(svg)
    assert root.get("aria-label") == 'says "this" & that'
    assert "var(--blue, #0072b2)" in svg
    assert "var(--ink, #1b1f24)" in svg
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert all(str(name).startswith("mine-") for name in ids)


def test_lines_are_broken_at_spaces_and_long_words_shortened() -> None:
    lines = wrapped("one two three four five six", 60, size=12)
    assert " ".join(lines) == "one two three four five six"
    assert all(text_width(line, 12) <= 60 for line in lines)
    name = shortened("a-very-long-file-name-000123.png", 80, size=12)
    assert text_width(name, 12) <= 80
    assert name.startswith("a-")
    assert name.endswith("png")
    assert shortened("short", 80, size=12) == "short"


def a_dataset(classes: int, folder: Path | None = None) -> Dataset:
    """Two gray pictures of 28 x 28 for each class but the last, which has none; on disk when there is a `folder`."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(classes - 1), 2)
    pictures = random.integers(0, 256, (len(labels), 28, 28)).astype(np.uint8)
    names = tuple(f"{i}.png" for i in range(len(labels)))
    stored: np.ndarray[Any, Any] | tuple[Path, ...] = pictures
    if folder:
        stored = tuple(folder / name for name in names)
        for path, picture in zip(stored, pictures, strict=True):
            write(path, picture)
    titles = tuple(f"class {i}" for i in range(classes))
    return Dataset("made", titles, Split(stored, labels.astype(np.int64), names), None, None, "0")


def test_a_sheet_shows_every_class_from_memory_and_from_disk(tmp_path: Path) -> None:
    for dataset in (a_dataset(4), a_dataset(4, tmp_path)):
        svg = save_sheet(dataset, tmp_path / "sheet.svg", each=3).read_bytes()
        assert {"class 0", "class 3", "no pictures", "made: 6 training pictures of 4 classes"} <= set(texts(svg))
        assert svg.count(b"<image ") == 6
    (tmp_path / "0.png").write_bytes(b"no picture")  # of the dataset on disk, the last of the two
    assert save_sheet(dataset, tmp_path / "sheet.svg", each=3).read_bytes().count(b"<image ") == 5
    assert cv2.imread(str(save_sheet(a_dataset(25), tmp_path / "sheet.png"))) is not None
    assert "class 100" not in texts(save_sheet(a_dataset(120), tmp_path / "many.svg", each=1).read_bytes())


def test_a_sheet_refuses_what_it_cannot_draw(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"\.png or \.svg"):
        save_sheet(a_dataset(3), tmp_path / "sheet.txt")
    with pytest.raises(ParameterError, match="1 to 100, received 0"):
        save_sheet(a_dataset(3), tmp_path / "sheet.png", each=0)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("side", "shown"), [(8, 112), (28, 112), (32, 128), (64, 128), (75, 75), (96, 96), (112, 112), (150, 150)])
def test_pictures_of_any_size_come_out_about_as_large(side: int, shown: int) -> None:
    assert enlarged(np.zeros((side, side), np.uint8)).shape == (shown, shown)
