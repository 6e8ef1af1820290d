"""Tuning on this machine: trials in processes of their own, of which the best is a run like any other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import sightline as sl
from sightline.errors import JobError, RunError
from sightline.events import EpochDone, Event, Progress, TrialDone
from sightline.jobs import Tuned
from sightline.jobs.trainings import train_only
from sightline.jobs.tunings import check_failures
from sightline.training.config import make_config
from sightline.training.log import read_log, write_log
from sightline.training.space import space_from, usual_space
from sightline.training.study import Study
from sightline.training.tuning_config import make_study

SPACE = {"dense": {"one_of": [16, 48]}}


def children(word: str) -> list[int]:
    """Processes whose command line has `word` in it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:  # it has just ended
                continue
            if word in command and str(os.getpid()) != entry.name:
                found.append(int(entry.name))
    return found


def log_of(run: Path) -> list[dict[str, float]]:
    """What does not depend on the time of day."""
    return [
        {key: row[key] for key in ("epoch", "loss", "accuracy", "val_loss", "val_accuracy")} for row in read_log(run / "log.csv")
    ]


def test_the_best_trial_is_the_run_that_training_with_its_values_gives(tmp_path: Path) -> None:
    said: list[Event] = []
    tuned = sl.tune("digits", trials=5, epochs=2, seed=3, space=SPACE, stop_early=False, out=tmp_path, on_event=said.append)
    assert [event.number for event in said if isinstance(event, TrialDone)] == [1, 2]  # there are no more than two
    assert [trial.state for trial in tuned.trials] == ["done", "done"]
    best, other = tuned.trials
    assert best.score is not None
    assert other.score is not None
    assert best.score >= other.score
    run = tuned.run
    assert run.path == tmp_path / "tune-digits" / best.name
    assert (run.path / "bundle" / "manifest.json").exists()
    assert not {"bundle", "metrics.json", "report.html"} & {file.name for file in (tuned.path / other.name).iterdir()}
    assert tuned.found.test is not None
    assert tuned.found.test[0] == run.metrics["evaluation"]["accuracy"]
    assert "is the best" in tuned.report.read_text()
    # in a process of its own, as the trial was: what tests before this one made of TensorFlow's threads changes the last bits
    command = [sys.executable, "-m", "sightline", "train", "digits", "--out", str(tmp_path), "--name", "alone", "--seed", "3"]
    command += ["--epochs", "2", "--set", f"dense={best.values['dense']}"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert log_of(tmp_path / "alone") == log_of(run.path)


def test_pictures_that_have_changed_are_told_before_a_trial_is_touched(tmp_path: Path) -> None:
    for split, count in (("train", 6), ("test", 2)):
        for label in ("a", "b"):
            (tmp_path / "data" / split / label).mkdir(parents=True)
            for number in range(count):
                sl.write(
                    tmp_path / "data" / split / label / f"{number}.png",
                    sl.blank(width=8, height=8, color=f"#{number + 1:02d}{label * 4}"),
                )
    config = make_config(str(tmp_path / "data"), epochs=1, validation=0.5)
    space = space_from({"format": 1, "space": SPACE}, config)
    study = Study(tmp_path / "study", make_study(training=config, space=space.spelled(), fingerprint="that of before"))
    study.path.mkdir()
    study.save()
    with pytest.raises(RunError, match="are not what the trials were trained with"):
        sl.resume_tuning(study.path)
    assert {file.name for file in study.path.iterdir()} <= {"study.yaml", ".lock"}


def test_trials_that_fail_before_an_epoch_end_it_but_not_while_others_are_under_way(tmp_path: Path) -> None:
    config = make_config("digits")
    study = Study(tmp_path, make_study(training=config, space=usual_space(config).spelled()))
    for number in range(1, 5):
        study.begin({"number": number})
    study.settle(1, "failed", "first")
    check_failures(study)
    study.settle(2, "failed", "second")
    check_failures(study)
    study.settle(3, "failed", "third", again=True)
    with pytest.raises(JobError, match="the first 3 trials have failed, the last with: third"):
        check_failures(study)
    write_log(study.run(4).log, [{"epoch": 1, "val_accuracy": 0.5, "val_loss": 1.0, "seconds": 1.0}])
    check_failures(study)


class Enough(Exception):  # noqa: N818 - it is none
    """What ends a training in the middle."""


@pytest.mark.slow
def test_a_trial_that_begins_with_weights_goes_on_with_their_pictures(tmp_path: Path) -> None:
    first = sl.train("digits", size=24, preset="fast", epochs=1, out=tmp_path, name="first")
    config = make_config("digits", weights=first.path, epochs=2, recipe={"freeze": 0})
    path = tmp_path / "trial"

    def enough(event: Event) -> None:
        if isinstance(event, EpochDone):
            raise Enough

    with pytest.raises(Enough):
        train_only(path, config, on_event=enough)
    assert len(read_log(path / "log.csv")) == 1
    train_only(path, config)
    assert len(read_log(path / "log.csv")) == 2
    assert not (path / "metrics.json").exists()


@pytest.mark.slow
def test_a_tuning_that_is_stopped_goes_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sightline", "tune"]
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "random.py").write_text("raise SystemExit('no module of Python')")  # what a user may have lying about
    first = [*command, "digits", "--trials", "3", "--epochs", "3", "--out", str(tmp_path), "--no-stop-early"]
    command[1:1] = first[1:1] = ["-P"]
    said = []
    with subprocess.Popen(first, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=tmp_path / "here") as process:
        assert process.stderr is not None
        for line in process.stderr:
            said.append(line)
            if line.startswith("trial 1/3"):
                process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130, said
    study = tmp_path / "tune-digits"
    assert said[-1] == f"Go on with `sightline tune --resume {study}`.\n"
    assert not children(str(study))
    before = (study / "trial-001" / "log.csv").read_text()
    ran = subprocess.run([*command, "--resume", str(study)], capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    assert "trial 1/3" not in ran.stderr
    assert "trial 3/3" in ran.stderr
    assert (study / "trial-001" / "log.csv").read_text() == before
    assert f"Report: {study / 'report.html'}" in ran.stdout
    assert [trial.state for trial in Tuned(study).trials] == ["done"] * 3


@pytest.mark.slow
def test_a_trial_whose_process_dies_has_failed_and_the_others_go_on(tmp_path: Path) -> None:
    killed: list[int] = []

    def kill(event: Event) -> None:
        if isinstance(event, Progress) and event.unit == "steps" and not killed:
            killed.extend(children("trial_worker"))
            os.kill(killed[0], signal.SIGKILL)

    tuned = sl.tune("digits", trials=2, epochs=1, space=SPACE, out=tmp_path, on_event=kill)
    assert len(killed) == 1
    failed, done = sorted(tuned.found.trials, key=lambda trial: trial.state == "done")
    assert failed.state == "failed"
    assert "signal 9" in failed.error
    assert done.state == "done"
    assert "1 failed" in tuned.report.read_text()


@pytest.mark.slow
def test_a_tuning_whose_time_is_over_keeps_what_it_has(tmp_path: Path) -> None:
    tuned = sl.tune("digits", trials=100, time="25s", epochs=2, out=tmp_path)
    assert 1 <= len(tuned.trials) < 100
    assert tuned.run.metrics["evaluation"]["accuracy"] > 0.5
    again = sl.resume_tuning(tuned, trials=1)
    assert len(again.trials) == len(tuned.trials)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["nowhere"], "nowhere"),
        (["digits", "--trials", "0"], "1 to 10000"),
        (["digits", "--time", "soon"], "90s, 30m or 1h30m"),
        (["digits", "--space", "none.yaml"], "none.yaml"),
        (["digits", "--lr", "3", "--model", "cnn33"], "cnn3"),
        (["--resume", "nowhere"], "is no tuning"),
        (["--resume", "nowhere", "--epochs", "3"], "no other settings"),
        (["digits", "--address", "auto"], "--engine ray"),
        ([], "no data to train on"),
    ],
)
def test_a_mistake_is_told_before_anything_is_made(arguments: list[str], text: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sightline", "tune", *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert ran.returncode == 2
    assert text in ran.stderr
    assert "Traceback" not in ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_space_is_printed_as_a_file_that_can_be_given_back(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sightline", "tune", "digits", "--show-space"]
    first = subprocess.run([*command, "--lr", "0.01"], capture_output=True, text=True, timeout=60)
    assert "learning_rate" not in first.stdout
    assert "weight_decay" in first.stdout
    (tmp_path / "space.yaml").write_text(first.stdout)
    again = subprocess.run([*command, "--space", str(tmp_path / "space.yaml")], capture_output=True, text=True, timeout=60)
    assert again.stdout == first.stdout
