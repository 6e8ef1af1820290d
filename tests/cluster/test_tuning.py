"""Tuning on a real cluster: trials side by side, none lost when a machine is, and the study of a tuning on one machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import sightline as sl
from sightline.cluster import connected, side_by_side
from sightline.events import Event, Note, Progress, TrialDone
from sightline.training.log import read_log
from tests.cluster.conftest import Nodes

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray and what it loads have warnings of their own


@pytest.fixture(autouse=True)
def on_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a user has it who does not say otherwise."""
    monkeypatch.delenv("KERAS_BACKEND", raising=False)


def test_trials_on_the_cluster_are_those_of_one_machine(nodes: Nodes, tmp_path: Path) -> None:
    said: list[Event] = []
    space = {"dense": {"one_of": [16, 48]}}
    with connected(nodes.cluster.address):
        tuned = sl.tune(
            "digits",
            preset="plain",
            trials=2,
            epochs=2,
            space=space,
            stop_early=False,
            out=tmp_path,
            search=side_by_side(),
            on_event=said.append,
        )
    assert sorted(event.number for event in said if isinstance(event, TrialDone)) == [1, 2]
    assert any(isinstance(event, Progress) and event.what == "2 trials side by side" for event in said)
    assert [trial.state for trial in tuned.trials] == ["done", "done"]
    assert not (tuned.path / ".ray").exists()
    best = tuned.trials[0]
    command = [sys.executable, "-m", "sightline", "train", "digits", "--out", str(tmp_path), "--name", "alone"]
    command += ["--preset", "plain", "--epochs", "2", "--set", f"dense={best.values['dense']}"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    here, there = read_log(tmp_path / "alone" / "log.csv"), read_log(tuned.run.path / "log.csv")
    for one, other in zip(here, there, strict=True):  # a worker's library of kernels may have another number of threads
        assert one["val_loss"] == pytest.approx(other["val_loss"], abs=2e-3)
    more = sl.resume_tuning(tuned, trials=3, on_event=said.append)  # on this machine: there are no more than two
    assert len(more.trials) == 2


@pytest.mark.slow
def test_a_machine_that_is_lost_costs_no_trial(nodes: Nodes, tmp_path: Path) -> None:
    killed: list[str] = []

    def kill(event: Event) -> None:
        if isinstance(event, Progress) and event.done >= 4 and not killed:
            killed.append(str(os.getpid()))
            nodes.kill()

    with connected(nodes.cluster.address):
        tuned = sl.tune("digits", trials=4, epochs=6, stop_early=False, out=tmp_path, search=side_by_side(), on_event=kill)
    nodes.restore()
    assert killed
    assert [trial.state for trial in tuned.trials] == ["done"] * 4
    assert {trial.epochs for trial in tuned.trials} == {6}


@pytest.mark.slow
def test_what_cannot_be_trained_fails_with_its_reason(nodes: Nodes, tmp_path: Path) -> None:
    said: list[Event] = []
    with connected(nodes.cluster.address), pytest.raises(sl.SightlineError, match="trials have failed") as caught:
        sl.tune(
            "digits",
            model="large",
            size=8,
            epochs=2,
            trials=4,
            space={"widths": {"one_of": [[16] * 6, [32] * 6]}, "warmup": "usual"},
            out=tmp_path,
            search=side_by_side(),
            on_event=said.append,
        )
    assert "pictures too small" in str(caught.value)
    assert not any(isinstance(event, Note) and event.warning for event in said)
