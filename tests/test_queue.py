"""Trainings in a queue: one at a time, found again by whoever looks, stopped, killed and followed by the next."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import sightline as sl
from sightline.errors import InputError, RunError, UnknownNameError
from sightline.jobs.queue import Queued, TrainingQueue
from sightline.training.config import TrainConfig, make_config

PATIENCE = 120


def until(queue: TrainingQueue, number: int, found: Callable[[Queued], bool]) -> Queued:
    """Wait for what must come; fail if it does not."""
    end = time.monotonic() + PATIENCE
    while not found(one := queue.get(number)):
        assert time.monotonic() < end, one
        time.sleep(0.05)
    return one


@pytest.fixture
def config() -> Callable[[int], TrainConfig]:
    return lambda epochs: make_config("digits", arguments={"filters": (4, 4, 4)}, epochs=epochs)


def test_trainings_run_one_after_the_other_and_are_found_again(tmp_path: Path, config: Callable[[int], TrainConfig]) -> None:
    queue = TrainingQueue(tmp_path / "runs")
    long, short = queue.add(config(5000)), queue.add(config(1), "short")
    assert [(one.number, one.name, one.state) for one in queue.trainings()] == [
        (1, "digits", "waiting"),
        (2, "short", "waiting"),
    ]
    started = queue.advance()
    assert started is not None
    assert started.number == long.number
    assert queue.advance() is None  # one at a time
    running = until(queue, 1, lambda one: "epoch" in one.progress)
    assert (running.state, running.progress["epochs"]) == ("running", 5000)
    other = TrainingQueue(tmp_path / "runs")  # a service begun anew
    assert [one.state for one in other.trainings()] == ["running", "waiting"]
    assert other.advance() is None
    other.stop(1)
    stopped = until(other, 1, lambda one: one.state != "running")
    assert stopped.state == "stopped"
    assert "--resume" in stopped.message
    assert other.advance() is not None
    done = until(queue, short.number, lambda one: one.state in {"done", "failed"})
    assert (done.state, done.message) == ("done", "")
    assert sl.Run(tmp_path / "runs" / "short").metrics["evaluation"]["accuracy"] > 0.1
    assert queue.advance() is None


def test_a_training_that_is_killed_has_failed_and_is_not_in_the_way(tmp_path: Path, config: Callable[[int], TrainConfig]) -> None:
    queue = TrainingQueue(tmp_path)
    queue.add(config(5000))
    queue.advance()
    running = until(queue, 1, lambda one: "epoch" in one.progress)
    assert running.process is not None
    os.kill(running.process, signal.SIGKILL)
    failed = until(queue, 1, lambda one: one.state != "running")
    assert (failed.state, "resume" in failed.message) == ("failed", True)
    broken = make_config("digits").model_copy(update={"data": str(tmp_path / "gone")})
    queue.add(broken)
    assert queue.advance() is not None
    assert "gone" in until(queue, 2, lambda one: one.state == "failed").message


def test_a_training_that_waits_can_be_taken_back(tmp_path: Path, config: Callable[[int], TrainConfig]) -> None:
    queue = TrainingQueue(tmp_path)
    queue.add(config(1))
    queue.stop(1)
    assert (queue.get(1).state, queue.advance()) == ("stopped", None)


def test_names_are_free_or_refused(tmp_path: Path, config: Callable[[int], TrainConfig]) -> None:
    queue = TrainingQueue(tmp_path)
    assert [queue.add(config(1)).name for _ in range(3)] == ["digits", "digits-2", "digits-3"]
    with pytest.raises(InputError, match="waiting already"):
        queue.add(config(1), "digits-2")
    with pytest.raises(RunError, match="invalid --name"):
        queue.add(config(1), "../x")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "config.yaml").touch()
    with pytest.raises(RunError, match="there is a run"):
        queue.add(config(1), "taken")
    with pytest.raises(UnknownNameError, match="no training 9"):
        queue.get(9)
