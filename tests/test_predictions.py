"""Predictions as a job: in chunks on an engine, and a table that can be gone on with."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from sightline import jobs
from sightline.batch.workers import run_tasks
from sightline.bundle import Failure, Picture, Prediction
from sightline.errors import RunError

MODEL = jobs.model_folder("mnist")
LABELS = jobs.load("mnist").labels


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Picture]:
    """Two hundred digits, drawn, and one file that holds none."""
    folder = tmp_path_factory.mktemp("digits")
    for number in range(200):
        image = np.zeros((28, 28), np.uint8)
        cv2.putText(image, str(number % 10), (6 + number % 3, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.7 + number % 5 / 20, 255, 2)
        cv2.imwrite(str(folder / f"{number:03}.png"), image)
    (folder / "101.png").write_bytes(b"no picture")
    return [str(path) for path in sorted(folder.glob("*.png"))]


def plainly(pictures: Sequence[Picture]) -> Iterator[Prediction | Failure]:
    return jobs.load("mnist").predict_many(pictures)


def stopping_after(count: int) -> jobs.Predict:
    def predict(pictures: Sequence[Picture]) -> Iterator[Prediction | Failure]:
        for number, result in enumerate(plainly(pictures)):
            if number == count:
                raise KeyboardInterrupt
            yield result

    return predict


def test_workers_in_processes_say_what_one_predictor_says(pictures: list[Picture]) -> None:
    local = list(plainly(pictures))
    parallel = list(jobs.predict_many(MODEL, pictures, run_tasks, workers=2))
    assert len(parallel) == 200
    for here, there in zip(local, parallel, strict=True):
        assert here.source == there.source
        if isinstance(here, Prediction) and isinstance(there, Prediction):
            assert np.array_equal(here.probabilities, there.probabilities)
        else:
            assert "101.png" in here.source


class Deadly(str):
    """A path that ends the process that reads it from another."""

    parent = os.getpid()

    def __fspath__(self) -> str:
        if os.getpid() != self.parent:
            os._exit(1)
        return str(self)

    def __reduce__(self) -> tuple[object, ...]:
        return _deadly, (str(self), self.parent)


def _deadly(text: str, parent: int) -> str:
    if os.getpid() != parent:
        os._exit(1)
    return text


def test_a_picture_that_kills_its_worker_fails_alone(pictures: list[Picture]) -> None:
    some: list[Picture] = [*pictures[:70], Deadly(pictures[70]), *pictures[71:100]]
    results = list(jobs.predict_many(MODEL, some, run_tasks, workers=2))
    assert [result.source for result in results] == [str(picture) for picture in some]
    assert [number for number, result in enumerate(results) if isinstance(result, Failure)] == [70]
    assert "the process that worked on it died" in str(results[70].error)  # type: ignore[union-attr]


def test_the_table_holds_what_predictions_say(pictures: list[Picture], tmp_path: Path) -> None:
    made = jobs.table_predictions(tmp_path / "t.csv", pictures, plainly, MODEL, LABELS)
    assert (made.pictures, made.before, len(made.failures)) == (200, 0, 1)
    with open(tmp_path / "t.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["source"] for row in rows] == pictures
    for row, result in zip(rows, plainly(pictures), strict=True):
        if isinstance(result, Prediction):
            assert row["label"] == result.label
            assert float(row["confidence"]) == pytest.approx(result.confidence, rel=1e-5)
            assert sum(float(row[f"p:{label}"]) for label in LABELS) == pytest.approx(1, abs=1e-4)
            assert row["error"] == ""
        else:
            assert "cannot read" in row["error"]
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.parametrize(("count", "kept"), [(0, 0), (64, 0), (65, 64), (130, 128), (199, 192)])
def test_an_interrupted_table_goes_on_to_the_same_bytes(count: int, kept: int, pictures: list[Picture], tmp_path: Path) -> None:
    jobs.table_predictions(tmp_path / "whole.csv", pictures, plainly, MODEL, LABELS)
    target = tmp_path / "t.csv"
    with pytest.raises(KeyboardInterrupt):
        jobs.table_predictions(target, pictures, stopping_after(count), MODEL, LABELS)
    assert not target.exists()
    made = jobs.table_predictions(target, pictures, plainly, MODEL, LABELS, resume=True)
    assert (made.pictures, made.before) == (200, kept)
    assert target.read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_a_table_that_a_crash_has_cut_goes_on_too(pictures: list[Picture], tmp_path: Path) -> None:
    jobs.table_predictions(tmp_path / "whole.csv", pictures, plainly, MODEL, LABELS)
    with pytest.raises(KeyboardInterrupt):
        jobs.table_predictions(tmp_path / "t.csv", pictures, stopping_after(150), MODEL, LABELS)
    partial = tmp_path / ".t.csv.partial"
    partial.write_bytes(partial.read_bytes()[:-37])
    made = jobs.table_predictions(tmp_path / "t.csv", pictures, plainly, MODEL, LABELS, resume=True)
    assert made.before == 128
    assert (tmp_path / "t.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_a_table_of_another_model_or_other_pictures_is_not_gone_on_with(pictures: list[Picture], tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        jobs.table_predictions(tmp_path / "t.csv", pictures, stopping_after(150), MODEL, LABELS)
    before = (tmp_path / ".t.csv.partial").read_bytes()
    with pytest.raises(RunError, match="cannot go on with"):
        jobs.table_predictions(tmp_path / "t.csv", pictures[1:], plainly, MODEL, LABELS, resume=True)
    with pytest.raises(RunError, match="expected the model and the pictures of the interrupted job"):
        other = jobs.model_folder("mnist-small")
        jobs.table_predictions(tmp_path / "t.csv", pictures, plainly, other, LABELS, resume=True)
    assert (tmp_path / ".t.csv.partial").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--address", "auto"], "--address goes with --engine ray"),
        (["--workers", "2"], "--workers goes with --engine ray"),
        (["--resume"], "--resume goes with --csv"),
        (["--engine", "ray", "--find"], "--engine ray takes neither --find nor --threads"),
        (["--engine", "ray", "--address", "nowhere"], "expected auto or HOST:PORT, received 'nowhere'"),
        (["--engine", "ray", "--address", "127.0.0.1:1"], "no Ray cluster answers at 127.0.0.1:1"),
    ],
)
def test_options_that_do_not_fit_are_said_in_the_shell(options: list[str], message: str, pictures: list[Picture]) -> None:
    command = [sys.executable, "-m", "sightline", "predict", str(pictures[0]), "--model", "mnist", *options]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 2
    assert message in ran.stderr
    assert "Traceback" not in ran.stderr


def test_without_ray_the_error_says_how_to_install_it(pictures: list[Picture]) -> None:
    code = "import sys; sys.modules['ray'] = None; from sightline.cli import main; main()"
    command = [sys.executable, "-c", code, "predict", str(pictures[0]), "--model", "mnist", "--engine", "ray"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 2
    assert "pip install 'sightline[cluster]'" in ran.stderr


def test_failures_before_an_interruption_are_told_after_it(pictures: list[Picture], tmp_path: Path) -> None:
    bad = [str(tmp_path / f"missing-{number}.png") for number in range(130)]
    with pytest.raises(KeyboardInterrupt):
        jobs.table_predictions(tmp_path / "t.csv", bad, stopping_after(100), MODEL, LABELS)
    made = jobs.table_predictions(tmp_path / "t.csv", bad, plainly, MODEL, LABELS, resume=True)
    assert (made.before, [failure.source for failure in made.failures]) == (64, bad)
    assert "there is no such file" in made.failures[0].error.problem


def test_a_crash_within_a_letter_is_gone_on_from(tmp_path: Path) -> None:
    names = [str(tmp_path / f"grün-{number}.png") for number in range(130)]
    with pytest.raises(KeyboardInterrupt):
        jobs.table_predictions(tmp_path / "t.csv", names, stopping_after(100), MODEL, LABELS)
    partial = tmp_path / ".t.csv.partial"
    data = partial.read_bytes()
    partial.write_bytes(data[: data.rindex("ü".encode()) + 1])
    assert jobs.table_predictions(tmp_path / "t.csv", names, plainly, MODEL, LABELS, resume=True).before == 64


def test_a_table_goes_down_a_pipe(pictures: list[Picture]) -> None:
    command = [sys.executable, "-m", "sightline", "predict", str(pictures[3]), "--model", "mnist", "--csv", "/dev/stderr"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.startswith("source,label,confidence")


def test_a_model_that_was_trained_anew_is_loaded_anew(pictures: list[Picture], tmp_path: Path) -> None:
    for name in ("mnist", "mnist-small"):
        shutil.copytree(jobs.model_folder(name), tmp_path / "model", dirs_exist_ok=True)
        here = list(jobs.load(tmp_path / "model", threads=1).predict_many(pictures[:9]))
        there = list(jobs.predict_many(tmp_path / "model", pictures[:9], run_tasks, workers=1))
        for one, other in zip(here, there, strict=True):
            assert np.array_equal(one.probabilities, other.probabilities)  # type: ignore[union-attr]
