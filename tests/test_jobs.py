"""Jobs from Python, on small real trainings in this process."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

import sightline as sl
from sightline.errors import DatasetError, Interrupted, ParameterError, RunError
from sightline.events import EpochDone, Event, Note, StepDone
from sightline.training.checkpoint import load_state

RNG = np.random.default_rng(0)


def photos(folder: Path, count: int = 24) -> Path:
    """Colour JPEGs of two classes in sizes of their own, with one file that is none."""
    for label, colour in (("blue", (200, 60, 30)), ("red", (30, 60, 200))):  # BGR
        (folder / label).mkdir(parents=True)
        for number in range(count):
            height, width = (int(side) for side in RNG.integers(30, 90, 2))
            noise = RNG.integers(0, 50, (height, width, 3))
            cv2.imwrite(str(folder / label / f"{number:02}.jpg"), np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8))
    (folder / "blue" / "00.jpg").write_bytes(b"\xff\xd8 no picture")
    return folder


@pytest.fixture(scope="module")
def folder_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, sl.Run, list[Event]]:
    folder = tmp_path_factory.mktemp("folder")
    events: list[Event] = []
    run = sl.train(photos(folder / "photos"), epochs=6, batch_size=8, out=folder / "runs", on_event=events.append)
    return folder, run, events


def test_a_folder_of_colour_jpegs_of_many_sizes_is_learnt_and_predicted(folder_run: tuple[Path, sl.Run, list[Event]]) -> None:
    folder, run, _ = folder_run
    assert run.metrics["evaluation"]["accuracy"] == 1
    model = sl.load(run.path)
    assert model.input_shape == (64, 64, 3)
    assert [step.op for step in model.pipeline.steps] == ["to_depth8", "to_rgb", "letterbox"]
    assert model.predict(folder / "photos" / "red" / "03.jpg").label == "red"
    assert model.predict(np.full((9, 200, 3), (20, 40, 220), np.uint8)).label == "blue"


def test_an_unreadable_picture_is_named_and_noted_and_the_rest_is_learnt(folder_run: tuple[Path, sl.Run, list[Event]]) -> None:
    """Row 27 of the hazards, in training."""
    _, run, events = folder_run
    warnings = [event.text for event in events if isinstance(event, Note) and event.warning]
    assert len(warnings) == 1
    assert "00.jpg" in warnings[0]
    assert run.metrics["run"]["notes"] == ["1 picture could not be read and was left out."]


def test_other_data_are_evaluated_whole_and_reported_apart(folder_run: tuple[Path, sl.Run, list[Event]], tmp_path: Path) -> None:
    _, run, _ = folder_run
    others = photos(tmp_path / "others", count=10)
    evaluation, report = sl.evaluate(run.path, data=str(others))
    assert (len(evaluation), evaluation.split, evaluation.accuracy) == (19, "all pictures", 1)
    assert report == run.path / "evaluations" / "others" / "report.html"
    assert report.is_file()
    own, nothing = sl.evaluate(run.path)
    assert (own.accuracy, nothing) == (run.metrics["evaluation"]["accuracy"], None)
    with pytest.raises(DatasetError, match="has classes that the model does not know"):
        sl.evaluate(run.path, data="digits")


def test_a_bundle_that_was_put_aside_is_evaluated(
    folder_run: tuple[Path, sl.Run, list[Event]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a writer leaves it that was killed between its two renames."""
    monkeypatch.chdir(tmp_path)  # what is said of a bundle is written there
    copy = Path(shutil.copytree(folder_run[1].path, tmp_path / "run"))
    (copy / "bundle").rename(copy / ".bundle.bundle-old")
    others = photos(tmp_path / "others", count=10)
    for model in (copy, copy / "bundle"):
        evaluation, _ = sl.evaluate(model, data=str(others))
        assert (len(evaluation), evaluation.accuracy) == (19, 1)


def test_data_of_the_same_name_keep_their_own_reports(folder_run: tuple[Path, sl.Run, list[Event]], tmp_path: Path) -> None:
    run = Path(shutil.copytree(folder_run[1].path, tmp_path / "run"))
    months = [photos(tmp_path / month / "photos", count=count) for month, count in (("jan", 4), ("feb", 5), ("mar", 6))]
    reports = [sl.evaluate(run, data=str(month))[1] for month in [*months, *months]]
    assert len(set(reports)) == 3
    assert reports[:3] == reports[3:]
    marks = [sl.load_dataset(month).fingerprint for month in months]
    assert [path and path.parent.name for path in reports[:3]] == ["photos", f"photos-{marks[1][:8]}", f"photos-{marks[2][:8]}"]
    assert all(path and mark in path.read_text(encoding="utf-8") for path, mark in zip(reports, marks, strict=False))


def test_the_name_of_a_bundle_does_not_lead_its_report_astray(
    folder_run: tuple[Path, sl.Run, list[Event]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = Path(shutil.copytree(folder_run[1].path / "bundle", tmp_path / "bundle"))
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    (bundle / "manifest.json").write_text(json.dumps(manifest | {"name": "../../elsewhere"}), encoding="utf-8")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    _, report = sl.evaluate(bundle, data=str(photos(tmp_path / "others", count=3)))
    assert report == Path("evaluations/elsewhere/others/report.html")


def test_a_shipped_model_is_evaluated_on_the_data_it_knows_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    evaluation, report = sl.evaluate("mnist")
    noted = sl.load("mnist").manifest.metrics["accuracy"]
    assert (len(evaluation), evaluation.split) == (10_000, "test")
    assert evaluation.accuracy == pytest.approx(noted, abs=5e-4)
    assert report == Path("evaluations/mnist/mnist/report.html")
    assert report.is_file()


def test_changed_data_are_not_called_the_test_set(folder_run: tuple[Path, sl.Run, list[Event]]) -> None:
    folder, run, _ = folder_run
    extra = folder / "photos" / "red" / "extra.jpg"
    extra.write_bytes((folder / "photos" / "red" / "03.jpg").read_bytes())
    try:
        with pytest.raises(DatasetError, match="its test pictures may be ones it was trained on"):
            sl.evaluate(run.path)
        with pytest.raises(RunError, match="is not what it was trained with"):
            sl.resume(run.path, extend=1)
    finally:
        extra.unlink()
    assert load_state(run.path / "checkpoint" / "state.safetensors").epoch == 6


def test_patience_stops_early_keeps_the_best_epoch_and_can_be_extended(tmp_path: Path) -> None:
    settings = {"preset": "plain", "learning_rate": 0.05, "patience": 2, "epochs": 30, "seed": 1}
    run = sl.train("digits", out=tmp_path, name="run", **settings)  # type: ignore[arg-type]
    losses = [row["val_loss"] for row in run.history]
    best = int(np.argmin(losses)) + 1
    assert len(losses) == best + 2 < 30
    assert run.metrics["run"]["chosen_epoch"] == best
    digits = sl.load_dataset("digits", seed=1).validation
    assert digits is not None
    shares = np.array([run.model.predict(digits.read(i)).probabilities[digits.labels[i]] for i in range(len(digits))])
    assert -np.log(np.maximum(shares, 1e-7)).mean() == pytest.approx(losses[best - 1], abs=1e-3)
    with pytest.raises(ParameterError, match="invalid extension"):
        sl.resume(run.path, extend=-1)
    check_a_stopped_extension(run)


def check_a_stopped_extension(run: sl.Run) -> None:
    """One that is stopped in its first epoch, of a run whose patience is over, is trained when resumed."""
    done = len(run.history)
    assert done < 30

    def stop(event: Event) -> None:
        if isinstance(event, StepDone):
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        sl.resume(run.path, extend=5, on_event=stop)
    state = load_state(run.path / "checkpoint" / "state.safetensors")
    assert (state.epoch, state.extended_at) == (done, done)
    assert len(sl.resume(run.path).history) > done


@pytest.mark.slow
def test_balanced_classes_raise_the_recall_of_the_rare_one(tmp_path: Path) -> None:
    digits = sl.load_dataset("digits")
    assert digits.test is not None
    rare = np.flatnonzero(digits.train.labels == 8)[:12]
    kept = np.sort(np.concatenate([np.flatnonzero(digits.train.labels != 8), rare]))
    arrays = {"x_train": np.asarray(digits.train.pictures)[kept], "y_train": digits.train.labels[kept]}
    np.savez(tmp_path / "rare.npz", x_test=np.asarray(digits.test.pictures), y_test=digits.test.labels, **arrays)
    recalls = {}
    for weight in ("none", "balanced"):
        run = sl.train(tmp_path / "rare.npz", epochs=4, class_weight=weight, out=tmp_path, name=weight)
        recalls[weight] = run.metrics["evaluation"]["classes"][8]["recall"]
    assert recalls["balanced"] > recalls["none"]


def test_a_mistake_leaves_no_folder_behind(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="expected at least 22 x 22 px"):
        sl.train("digits", size=16, out=tmp_path, name="run")
    with pytest.raises(ParameterError, match="follows from the data"):
        sl.train("digits", arguments={"classes": 3}, out=tmp_path, name="run")
    with pytest.raises(ParameterError, match="train has no setting 'epoch'. Did you mean epochs"):
        sl.train("digits", epoch=3, out=tmp_path)
    with pytest.raises(ParameterError, match="weight_decay has no effect: expected optimizer"):
        sl.train("digits", preset="plain", weight_decay=0.1, out=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_run_stopped_before_its_first_state_starts_again(tmp_path: Path) -> None:
    from sightline.training import make_config

    (tmp_path / "run").mkdir()
    make_config("digits", epochs=1).save(tmp_path / "run" / "config.yaml")
    assert len(sl.resume(tmp_path / "run").history) == 1


def test_events_tell_every_epoch(folder_run: tuple[Path, sl.Run, list[Event]]) -> None:
    _, run, events = folder_run
    rows = [event.row for event in events if isinstance(event, EpochDone)]
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [row["val_loss"] for row in run.history] == pytest.approx([row["val_loss"] for row in rows], rel=1e-6)


def test_a_run_that_is_none_says_so(tmp_path: Path) -> None:
    run = sl.Run(str(tmp_path))  # type: ignore[arg-type]  # a text is taken for a path
    assert run.path == tmp_path
    for name in ("metrics", "history"):
        with pytest.raises(RunError, match="holds no finished run: expected a file"):
            getattr(run, name)
