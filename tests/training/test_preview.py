from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

import sightline as sl
from sightline import jobs
from sightline.data import Split
from sightline.errors import DatasetError, InputError
from sightline.pipeline import Pipeline
from sightline.training.preview import TILE, _called, _told, preview_sheet

STEPS = (
    "invert",
    {"flip": {}, "p": 0.5, "when": "train"},
    {"one_of": [{"rotate": {"angle": {"between": [5, 30]}}}, "transpose"], "when": "train"},
)


def tiles_of(sheet: sl.Image, picture: sl.Image) -> int:
    """How often a picture stands on a sheet, enlarged by a whole factor."""
    factor = TILE // picture.shape[0]
    shown: sl.Image = np.kron(picture, np.ones((factor, factor))).astype(np.uint8)
    return int((cv2.matchTemplate(sheet[..., 0], shown, cv2.TM_SQDIFF) < 1e-3 * (shown.astype(float) ** 2).sum()).sum())


def test_the_sheet_shows_every_step_and_what_each_epoch_draws() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    split = Split(picture[None], np.zeros(1, np.int64), ("one",))
    pipeline = Pipeline(STEPS)  # type: ignore[arg-type]
    sheet = preview_sheet("title", split, [0], ["thing"], pipeline, draws=4, seed=7)
    inverted = 255 - picture
    flips = [pipeline.draw(2, seed=7, item=0, epoch=epoch) is not None for epoch in range(4)]
    assert flips.count(True) == 2
    assert tiles_of(sheet, picture) == 1
    assert tiles_of(sheet, inverted) == 1 + 2  # after the step, and in the two epochs without a flip
    assert tiles_of(sheet, np.ascontiguousarray(inverted[:, ::-1])) == 2
    for epoch in range(4):
        assert tiles_of(sheet, pipeline.run(picture, train=True, seed=7, item=0, epoch=epoch)) >= 1


def test_the_command_takes_data_and_a_pipeline(tmp_path: Path) -> None:
    out = jobs.preview("digits", tmp_path / "sheet.png", pictures=3, draws=2)
    first = sl.read(out)
    assert first.ndim == 3
    (tmp_path / "p.yaml").write_text("format: 1\nsteps:\n- letterbox: {width: 24, height: 24}\n", encoding="utf-8")
    second = sl.read(jobs.preview("digits", tmp_path / "own.png", pipeline=tmp_path / "p.yaml", pictures=1))
    assert second.shape[0] < first.shape[0]
    large = sl.read(jobs.preview("digits", tmp_path / "large.png", size=48, pictures=3, draws=2))
    assert large.shape != first.shape
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.yaml").write_text("data: digits\n", encoding="utf-8")
    with pytest.raises(InputError, match="a run has its own pipeline"):
        jobs.preview(run, tmp_path / "x.png", pipeline=tmp_path / "p.yaml")
    with pytest.raises(InputError, match="a run has its own pipeline"):
        jobs.preview(run, tmp_path / "x.png", size=48)


def test_the_captions_of_a_choice_say_what_was_drawn_and_nothing_else() -> None:
    fixed, blur = {"dilate": {"radius": 1}}, {"gaussian_blur": {"sigma": {"between": [0.4, 1.0]}}}
    (step,) = Pipeline([{"one_of": [fixed, blur], "when": "train"}]).steps  # type: ignore[arg-type]
    assert _called(step) == "one of dilate, gaussian_blur"
    told = {_told(step, drawn) for epoch in range(20) if (drawn := Pipeline([step]).draw(1, epoch=epoch))}  # type: ignore[arg-type]
    assert "dilate" in told
    others = told - {"dilate"}
    assert others
    assert all(re.fullmatch(r"gaussian_blur\nsigma 0\.\d+", caption) for caption in others)


def test_a_picture_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2, 12, 30, 30), dtype=np.uint8)
    for folder in ("whole", "part"):
        for label, pictures in zip("ab", noise, strict=True):
            (tmp_path / folder / label).mkdir(parents=True)
            for number, picture in enumerate(pictures):
                cv2.imwrite(str(tmp_path / folder / label / f"{number:02}.png"), picture)
    for number in range(11):  # whichever of them the split leaves for training
        (tmp_path / "part" / "a" / f"{number:02}.png").write_bytes(b"no picture")
    whole = sl.read(jobs.preview(tmp_path / "whole", tmp_path / "whole.png"))
    assert sl.read(jobs.preview(tmp_path / "part", tmp_path / "part.png")).shape[1] == whole.shape[1]
    assert jobs.data_preview(str(tmp_path / "part"), tmp_path / "classes.png").is_file()
    for file in (tmp_path / "part").rglob("*.png"):
        file.write_bytes(b"no picture")
    with pytest.raises(DatasetError):
        jobs.preview(tmp_path / "part", tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()
