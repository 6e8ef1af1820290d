"""Whole runs in processes of their own: stopped, killed, resumed, extended, refused. On the 8x8 digits, which are always there."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import sightline as sl
from sightline.errors import RunError
from sightline.training.checkpoint import State, load_state
from sightline.training.folder import open_run
from sightline.training.log import read_log

SIGHTLINE = [sys.executable, "-m", "sightline"]
SETTINGS = ["digits", "--epochs", "4", "--seed", "5", "--name", "run"]


def sightline(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*SIGHTLINE, *arguments], cwd=folder, capture_output=True, text=True, timeout=200)


def train_until(folder: Path, line: str, number: int) -> tuple[int, str]:
    """Start a training, send it a signal once it has printed `line`, and give back its exit status and all it printed."""
    command = [*SIGHTLINE, "train", *SETTINGS]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = ""
        for text in process.stderr:
            said += text
            if text.startswith(line):
                process.send_signal(number)
                break
        said += process.stderr.read()
        return process.wait(), said


def state_of(folder: Path) -> State:
    return load_state(folder / "runs" / "run" / "checkpoint" / "state.safetensors")


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("uninterrupted")
    ran = sightline(folder, "train", *SETTINGS)
    assert ran.returncode == 0, ran.stderr
    return folder


def strip(row: dict[str, float]) -> dict[str, float]:
    return {key: value for key, value in row.items() if key not in {"seconds", "pictures_per_second"}}


def assert_same_run(a: Path, b: Path) -> None:
    """The same weights, optimizer and history to the last bit, and the same shipped files."""
    one, other = state_of(a), state_of(b)
    for name in ("network", "optimizer", "average"):
        for left, right in zip(getattr(one, name), getattr(other, name), strict=True):
            assert np.array_equal(left, right), name
    timeless = [[strip(row) for row in state.history] for state in (one, other)]
    assert timeless[0] == timeless[1]
    for name in ("model.onnx", "weights.safetensors", "sample.json"):
        left, right = (folder / "runs" / "run" / "bundle" / name for folder in (a, b))
        assert left.read_bytes() == right.read_bytes(), name


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_stopped_run_resumes_to_the_weights_of_one_never_stopped(tmp_path: Path, uninterrupted: Path, number: int) -> None:
    """Row 23 of the hazards."""
    status, said = train_until(tmp_path, "epoch 2/4", number)
    assert status == 130
    assert "Traceback" not in said
    assert f"Go on with `sightline train --resume {Path('runs') / 'run'}`." in said
    assert 2 <= state_of(tmp_path).epoch < 4
    resumed = sightline(tmp_path, "train", "--resume", "runs/run")
    assert resumed.returncode == 0, resumed.stderr
    assert_same_run(tmp_path, uninterrupted)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_run_resumes_to_the_weights_of_one_never_killed(tmp_path: Path, uninterrupted: Path) -> None:
    """Row 22 of the hazards, for a whole run: the lock of the dead process does not stand in the way."""
    status, _ = train_until(tmp_path, "epoch 1/4", signal.SIGKILL)
    assert status == -signal.SIGKILL
    resumed = sightline(tmp_path, "train", "--resume", "runs/run")
    assert resumed.returncode == 0, resumed.stderr
    assert_same_run(tmp_path, uninterrupted)


def test_a_run_leaves_everything_it_should(uninterrupted: Path) -> None:
    run = uninterrupted / "runs" / "run"
    files = {"config.yaml", "log.csv", "metrics.json", "predictions.csv", "record.safetensors", "report.html"}
    found = {path.name for path in run.iterdir() if not path.name.startswith(".")}
    assert found == files | {"plots", "checkpoint", "bundle"}
    history = read_log(run / "log.csv")
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    rows = (run / "predictions.csv").read_text(encoding="utf-8").splitlines()
    right = sum(row.split(",")[1] == row.split(",")[2] for row in rows[1:])
    assert len(rows) == 360
    assert metrics["evaluation"]["accuracy"] == right / 359


def test_an_extended_run_goes_on_from_where_it_stood(tmp_path: Path, uninterrupted: Path) -> None:
    shutil.copytree(uninterrupted / "runs", tmp_path / "runs")
    sl.resume(tmp_path / "runs" / "run", extend=2)
    before, after = state_of(uninterrupted), state_of(tmp_path)
    assert (after.epoch, after.history[:4]) == (6, before.history)
    assert after.history[4]["lr"] > after.history[5]["lr"] > 0
    again = sightline(tmp_path, "report", "runs/run")
    assert again.stdout.strip().endswith("report.html")


def test_a_second_process_in_a_run_is_refused_and_a_taken_name_too(tmp_path: Path, uninterrupted: Path) -> None:
    """Row 25 of the hazards."""
    run = uninterrupted / "runs" / "run"
    with open_run(run).held():
        resumed = sightline(uninterrupted, "train", "--resume", "runs/run")
    assert resumed.returncode == 2
    assert "is in use by another process" in resumed.stderr
    taken = sightline(uninterrupted, "train", *SETTINGS)
    assert taken.returncode == 2
    assert "there is a run 'runs/run' already" in taken.stderr
    with pytest.raises(RunError, match="is not a run"):
        open_run(tmp_path)


def test_a_run_on_changed_data_is_not_resumed(tmp_path: Path) -> None:
    pictures = tmp_path / "photos"
    random = np.random.default_rng(0)
    for label in ("dark", "light"):
        (pictures / label).mkdir(parents=True)
        for number in range(20):
            image = random.integers(0, 100, (28, 28), dtype=np.uint8) + (0 if label == "dark" else 150)
            cv2.imwrite(str(pictures / label / f"{number}.png"), image)
    run = sl.train(pictures, epochs=1, out=tmp_path, name="run")
    assert run.metrics["evaluation"]["pictures"] == 4
    (pictures / "dark" / "3.png").unlink()
    with pytest.raises(RunError, match="is not what it was trained with"):
        sl.resume(run, extend=1)


def test_a_loss_that_is_no_number_stops_with_a_clear_error_and_keeps_the_checkpoint(tmp_path: Path) -> None:
    ran = sightline(tmp_path, "train", "digits", "--preset", "plain", "--lr", "10", "--optimizer", "adamw", "--weight-decay", "1",
                    "--epochs", "30", "--name", "run", "--precision", "float32", "--set", "filters=512,512,512")  # fmt: skip
    assert ran.returncode == 1
    assert "the loss is no longer a number in epoch" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert all(np.isfinite(array).all() for array in state_of(tmp_path).network)
