from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import sightline as sl
from tests.cli.test_cli import sightline
from tests.test_package import HEAVY, RUN, loaded


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with the digits 7 2 1 0 4 of MNIST, an empty one, and a file that is no picture."""
    place = tmp_path_factory.mktemp("pages")
    test = sl.load_dataset("mnist").test
    assert test is not None
    page = np.full((120, 560), 235, np.uint8)
    for number in (0, 1, 2, 3, 4):
        digit = cv2.resize(test.read(number), (70, 70), interpolation=cv2.INTER_LINEAR)
        page[25:95, 30 + 100 * number : 100 + 100 * number] -= (digit * 0.8).astype(np.uint8)
    cv2.imwrite(str(place / "page.png"), page)
    cv2.imwrite(str(place / "empty.png"), np.full((120, 560), 235, np.uint8))
    (place / "broken.png").write_bytes(b"no picture")
    return place


def test_find_gives_boxes_and_probabilities_as_json(folder: Path) -> None:
    ran = sightline("predict", "page.png", "empty.png", "-m", "mnist", "--find", "--json", "--top", "2", cwd=folder)
    assert ran.returncode == 0
    page, empty = json.loads(ran.stdout)
    assert (page["source"], page["width"], page["height"], page["turned"]) == ("page.png", 560, 120, 0)
    assert [found["label"] for found in page["found"]] == ["7", "2", "1", "0", "4"]
    for number, found in enumerate(page["found"]):
        assert set(found) == {"box", "label", "confidence", "known", "top"}
        x, y, width, height = found["box"]
        assert 30 + 100 * number <= x < x + width <= 100 + 100 * number
        assert 25 <= y < y + height <= 95
        assert len(found["top"]) == 2
    assert empty["found"] == []


def test_find_for_people_names_what_holds_nothing_and_what_cannot_be_read(folder: Path) -> None:
    ran = sightline("predict", ".", "-m", "mnist", "--find", cwd=folder)
    assert ran.returncode == 2
    assert "empty.png: nothing found" in ran.stdout
    assert ran.stdout.count("page.png") == 5
    assert "broken.png" in ran.stderr
    assert "1 of 3 pictures could not be read." in ran.stderr


def test_find_writes_a_table_with_a_row_for_each(folder: Path, tmp_path: Path) -> None:
    assert sightline("predict", "page.png", "-m", "mnist", "--find", "--csv", str(tmp_path / "a.csv"), cwd=folder).returncode == 0
    rows = list(csv.DictReader((tmp_path / "a.csv").read_text().splitlines()))
    assert [row["label"] for row in rows] == ["7", "2", "1", "0", "4"]
    assert {row["known"] for row in rows} <= {"yes", "no"}, "as in every other table"
    assert sum(float(rows[0][f"p:{digit}"]) for digit in range(10)) == pytest.approx(1, abs=1e-4)
    assert all(int(row["width"]) > 5 for row in rows)


def test_find_writes_the_annotated_picture_at_its_size(folder: Path, tmp_path: Path) -> None:
    ran = sightline("predict", "page.png", "-m", "mnist", "--find", "-o", str(tmp_path / "out.png"), cwd=folder)
    assert ran.returncode == 0
    assert "drawn in" in ran.stdout
    assert "out.png" in ran.stdout
    drawn, page = sl.read(tmp_path / "out.png"), sl.read(folder / "page.png")
    assert drawn.shape == page.shape
    assert (drawn == (0, 114, 178)).all(axis=2).sum() > 500


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["page.png", "-o", "x.png"], "--output goes with --find"),
        (["page.png", "empty.png", "--find", "-o", "x.png"], "--output takes one picture: received 2 pictures"),
        (["page.png", "--find", "-o", "page.png"], "'page.png' is a file that is read"),
        (["page.png", "--csv", "page.png"], "'page.png' is a file that is read"),
        (["page.png", "--find", "-o", "x.doc"], "cannot write the picture"),
        (["page.png", "--find", "--json", "--csv", "x.csv"], "--json and --csv exclude each other"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(arguments: list[str], message: str, folder: Path) -> None:
    before = sorted(path.name for path in folder.iterdir())
    ran = sightline("predict", *arguments, "-m", "mnist", cwd=folder)
    assert ran.returncode == 2
    assert message in ran.stderr
    assert sorted(path.name for path in folder.iterdir()) == before


def test_finding_is_light(folder: Path) -> None:
    found = loaded(RUN, "predict", str(folder / "page.png"), "--model", "mnist", "--find")
    assert not found & HEAVY
