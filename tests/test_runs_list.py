"""The list of runs says what their own files say, also of those that are not finished."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import sightline as sl
from sightline.errors import InputError
from sightline.training.config import make_config
from sightline.training.folder import RunFolder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that is finished, twice, one that has only begun, one whose metrics are cut off, and a folder that is no run."""
    folder = tmp_path_factory.mktemp("runs")
    sl.train("digits", arguments={"filters": (4, 4, 4)}, epochs=1, out=folder, name="done")
    shutil.copytree(folder / "done", folder / "better")
    metrics = json.loads((folder / "better/metrics.json").read_text())
    metrics["evaluation"]["accuracy"] = 0.99
    (folder / "better/metrics.json").write_text(json.dumps(metrics))
    shutil.copytree(folder / "done", folder / "cut")
    (folder / "cut/metrics.json").write_text('{"evaluation": {')
    (folder / "begun").mkdir()
    make_config("mnist", epochs=7, seed=3).save(folder / "begun/config.yaml")
    shutil.copytree(folder / "done", folder / "trained")
    (folder / "trained/metrics.json").unlink()
    (folder / "notes").mkdir()
    return folder


def test_runs_are_listed_the_best_first(runs: Path) -> None:
    found = sl.list_runs(runs)
    assert [(one.name, one.state) for one in found] == [
        ("better", "finished"),
        ("done", "finished"),
        ("begun", "stopped"),
        ("cut", "damaged"),
        ("trained", "trained"),
    ]
    done, begun = found[1], found[2]
    measured = sl.Run(runs / "done").metrics
    assert done.accuracy == measured["evaluation"]["accuracy"]
    assert done.interval == tuple(measured["evaluation"]["accuracy_interval_95"])
    assert (done.data, done.model, done.epochs, done.of_epochs) == ("digits", "cnn3", 1, 1)
    assert (done.parameters, done.seconds) == (measured["run"]["cost"]["parameters"], measured["run"]["seconds"])
    assert (begun.data, begun.epochs, begun.of_epochs, begun.seed, begun.accuracy) == ("mnist", 0, 7, 3, None)


def test_a_run_that_is_trained_is_running(runs: Path) -> None:
    with RunFolder(runs / "begun").held():
        ran = subprocess.run([sys.executable, "-m", "sightline", "runs", str(runs), "--json"], capture_output=True, text=True)
    assert {one["name"]: one["state"] for one in json.loads(ran.stdout)}["begun"] == "running"


def test_the_shell_shows_them_in_the_order_that_is_asked_for(runs: Path) -> None:
    ran = subprocess.run([sys.executable, "-m", "sightline", "runs", str(runs), "--sort", "name"], capture_output=True, text=True)
    assert [line.split()[0] for line in ran.stdout.splitlines()] == ["run", "begun", "better", "cut", "done", "trained"]
    assert "99.0%" in ran.stdout
    assert "0 of 7" in ran.stdout


def test_where_there_are_none_it_says_so(tmp_path: Path) -> None:
    assert sl.list_runs(tmp_path) == []
    with pytest.raises(InputError, match="Runs are made by `sightline train`"):
        sl.list_runs(tmp_path / "none")
