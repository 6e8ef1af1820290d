"""The report: one file, whole, safe to open, and true to the record."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from sightline.errors import ImageError, ParameterError
from sightline.evaluation import Cost, DataFacts, Evaluation, RunRecord, shown_indices, write_report
from sightline.evaluation.words import measured

from .conftest import MakeRecord, evaluation_of, history, random_evaluation

VOID = {"meta", "img", "br", "hr", "input", "link"}


class Page(HTMLParser):
    """Reads a page: its text, what it refers to, its ids, and whether every element is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.elements: list[str] = []
        self.without_text: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.elements.append(tag)
        if tag not in VOID:
            self._open.append(tag)
        if tag == "img" and not found.get("alt"):
            self.without_text.append(str(found)[:80])
        for name, value in found.items():
            if name == "id":
                self.ids.append(str(value))
            elif name in ("src", "href", "xlink:href", "action", "data"):
                (self.links if tag == "a" else self.loaded).append(str(value))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\N{NO-BREAK SPACE}", " ").split())


def page_of(record: RunRecord, folder: Path) -> Page:
    return Page(write_report(record, folder).read_text(encoding="utf-8"))


def test_the_report_is_one_file_that_loads_nothing(digits: Evaluation, make_record: MakeRecord, tmp_path: Path) -> None:
    path = write_report(make_record(digits), tmp_path)
    assert [found.name for found in tmp_path.iterdir()] == ["report.html"]
    assert 50_000 < path.stat().st_size < 3_000_000
    html = path.read_text(encoding="utf-8")
    page = Page(html)
    assert all(source.startswith(("data:image/png;base64,", "#")) for source in page.loaded)
    assert [link for link in page.links if not link.startswith("#")] == ["https://example.org/"]
    assert not re.search(r"@import|url\((?!#)", html)
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


def test_the_report_says_what_was_measured(digits: Evaluation, make_record: MakeRecord, tmp_path: Path) -> None:
    text = page_of(make_record(digits), tmp_path).text
    number, uncertainty = (part.replace("\N{NO-BREAK SPACE}", " ") for part in measured(digits.accuracy, digits.accuracy_interval))
    for expected in (
        "cnn3 on digits",
        f"{number} {uncertainty}",
        f"{int(digits.correct.sum())} of 597 pictures labelled rightly",
        digits.finding(),
        "cnn3 trained on Handwritten digits, 9 January 2026, 14:03 UTC: 6 epochs in 4 min 12 s",
        "Validation loss rises after epoch 4",
        "nearest mean",
        f"{abs(100 * digits.accuracy - 80):.1f} points above",
        "93,322",
        "74 µs",
        "402 kB",
        "12.4 MFLOP",
        "evaluated on few pictures",
        "sightline predict bundle photo.jpg",
        "import sightline",
        "augment: - shift",
        "ab" * 32,
        "photo.jpg",
        f"Expected calibration error {100 * digits.ece:.1f} %",
    ):
        assert expected in text


def test_every_picture_has_words_and_every_section_a_heading(digits: Evaluation, make_record: MakeRecord, tmp_path: Path) -> None:
    page = page_of(make_record(digits), tmp_path)
    assert page.without_text == []
    assert page.elements.count("h1") == 1
    assert page.elements.count("h2") == page.elements.count("section")
    assert page.elements.count("img") == 24 + 24 + 2 + len(digits_examples(digits))


def digits_examples(evaluation: Evaluation) -> list[int]:
    pair = evaluation.most_confused(1)[0]
    return list(range(min(6, pair.count)))


def test_names_from_outside_stay_text(make_record: MakeRecord, tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    evaluation = random_evaluation(3, 60, (evil, "a & b", '"quoted"'))
    record = make_record(
        evaluation,
        title=evil,
        notes=(evil,),
        config={"name": evil},
        shell=(evil,),
        baseline=(evil, 0.5),
        dataset=DataFacts("x", evil, {"test": 60}, "0", homepage="javascript:alert(1)"),
    )
    html = write_report(record, tmp_path).read_text(encoding="utf-8")
    page = Page(html)
    assert "<script>alert" not in html
    assert "javascript:" not in html
    assert page.text.count(evil) >= 6
    assert page.elements.count("script") == 1


def test_a_bare_record_leaves_sections_out(make_record: MakeRecord, tmp_path: Path) -> None:
    perfect = evaluation_of([0, 1, 1], [0, 1, 1], 2)
    bare = make_record(
        perfect, history=(), baseline=None, traces=(), shell=(), python=(), notes=(), config={}, environment={},
        cost=Cost(10, 20, 30, None, ""), epochs=0,
    )  # fmt: skip
    page = page_of(bare, tmp_path)
    assert {"curves", "mistakes", "steps", "use"}.isdisjoint(page.ids)
    assert "cnn3 evaluated on Handwritten digits, 9 January 2026" in page.text
    assert "No mistakes: 3 pictures labelled, each rightly." in page.text
    assert "100 % 44 to 100 %" in page.text
    assert "not measured" in page.text


@pytest.mark.parametrize(("classes", "epochs"), [(2, 1), (25, 2), (60, 6)])
def test_few_and_many_classes_and_epochs(classes: int, epochs: int, make_record: MakeRecord, tmp_path: Path) -> None:
    evaluation = random_evaluation(classes, 400)
    page = page_of(make_record(evaluation, history=history(epochs, validation=epochs > 1), chosen_epoch=epochs), tmp_path)
    assert f"epoch {epochs} kept" in page.text
    assert all(f"class {i}" in page.text for i in range(classes))
    assert (f"All {classes} classes, the hardest first" in page.text) == (classes > 30)


def test_equal_records_give_equal_reports(digits: Evaluation, make_record: MakeRecord, tmp_path: Path) -> None:
    first, second = (write_report(make_record(digits), tmp_path / name).read_bytes() for name in ("a", "b"))
    assert first == second


def test_a_record_needs_the_pictures_it_will_show(digits: Evaluation, make_record: MakeRecord) -> None:
    shown = shown_indices(digits)
    assert set(digits.worst(24)) | set(digits.sample(24)) <= set(shown)
    assert shown == sorted(set(shown))
    blank = np.zeros((8, 8), np.uint8)
    with pytest.raises(ParameterError, match=f"none for \\[{shown[0]}\\]"):
        make_record(digits, pictures=dict.fromkeys(shown[1:], blank))
    with pytest.raises(ImageError, match="expected uint8"):
        make_record(digits, pictures=dict.fromkeys(shown, blank.astype(np.float32)))
