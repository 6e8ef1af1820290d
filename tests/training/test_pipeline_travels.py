"""One pipeline from the first training picture to the shipped model's answer."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import sightline as sl
from sightline.bundle import load_manifest
from sightline.errors import RunError
from sightline.events import Event, Note
from sightline.pipeline import Pipeline

STEPS: list[Any] = [
    "to_gray",
    {"letterbox": {"width": 30, "height": 24}},
    {"flip": {}, "p": 0.5, "when": "train"},
    {"rotate": {"angle": {"between": [-9, 9]}}, "when": "train"},
    "invert",
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[sl.Run, list[Event]]:
    folder = tmp_path_factory.mktemp("travels")
    (folder / "p.yaml").write_text(yaml.safe_dump({"format": 1, "steps": STEPS}), encoding="utf-8")
    events: list[Event] = []
    return sl.train("digits", epochs=1, out=folder, pipeline=folder / "p.yaml", on_event=events.append), events


def test_the_bundle_has_the_steps_that_are_always_taken_and_the_run_all(trained: tuple[sl.Run, list[Event]]) -> None:
    run, events = trained
    shipped = Pipeline.from_dict(load_manifest(run.path / "bundle").pipeline)
    assert [step.op for step in shipped.steps] == ["to_gray", "letterbox", "invert"]
    config = yaml.safe_load((run.path / "config.yaml").read_text(encoding="utf-8"))
    assert Pipeline.from_dict(config["pipeline"]) == Pipeline(tuple(STEPS))
    said = [event.text for event in events if isinstance(event, Note)]
    assert "Augmentation: flip, rotate, drawn anew for each picture in every epoch" in said


def test_a_raw_picture_goes_through_the_same_steps_to_the_network(trained: tuple[sl.Run, list[Event]], tmp_path: Path) -> None:
    run, _ = trained
    model = run.model
    assert model.input_shape == (24, 30, 1)
    picture = sl.sample(width=90, height=50)
    sl.write(tmp_path / "a.png", picture)
    by_hand = sl.invert(sl.letterbox(sl.to_gray(picture), width=30, height=24))
    assert np.array_equal(model.prepare(tmp_path / "a.png")[..., 0], by_hand)
    expected = model.probabilities(by_hand[None])[0]
    assert np.array_equal(model.predict(tmp_path / "a.png").probabilities, expected)


def test_a_run_goes_on_with_the_pipeline_it_was_told(trained: tuple[sl.Run, list[Event]]) -> None:
    run, _ = trained
    before = (run.path / "config.yaml").read_text(encoding="utf-8")
    extended = sl.resume(run.path, extend=1)
    assert len(extended.history) == 2
    after = yaml.safe_load((run.path / "config.yaml").read_text(encoding="utf-8"))
    assert {**after, "epochs": 1} == yaml.safe_load(before)


def test_a_run_whose_pipeline_was_changed_does_not_go_on(trained: tuple[sl.Run, list[Event]], tmp_path: Path) -> None:
    run = Path(shutil.copytree(trained[0].path, tmp_path / "run"))
    config = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    config["pipeline"]["steps"].pop()
    (run / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    with pytest.raises(RunError, match="the pipeline of .* is not what it was trained with") as caught:
        sl.resume(run, extend=1)
    assert f"fingerprint {caught.value.received}" != caught.value.expected
    assert str(caught.value).endswith("Restore the steps in config.yaml, or train anew.")


def test_without_augmentation_a_run_says_so_and_has_no_such_steps(tmp_path: Path) -> None:
    events: list[Event] = []
    pipeline = {"format": 1, "steps": STEPS}
    run = sl.train("digits", epochs=1, out=tmp_path, pipeline=pipeline, augment=False, on_event=events.append)
    assert "Augmentation is off" in [event.text for event in events if isinstance(event, Note)]
    steps = yaml.safe_load((run.path / "config.yaml").read_text(encoding="utf-8"))["pipeline"]["steps"]
    assert [next(iter(step)) for step in steps] == ["to_gray", "letterbox", "invert"]
