"""Training on a real cluster: the same run as on one machine, and none lost when a worker dies."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster.conftest import Nodes

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray and what it loads have warnings of their own


def train(nodes: Nodes | None, out: Path, *options: str, on_line: Callable[[str], None] = lambda line: None) -> dict[str, float]:
    """Train on digits in the shell, on the nodes or in one process on JAX; every line it says goes to `on_line`."""
    where = ["--engine", "ray", "--address", nodes.cluster.address, "--processes", "2"] if nodes else []
    command = [sys.executable, "-m", "sightline", "train", "digits", "--out", str(out), "--json", *where, *options]
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, text=True, env=environment, **pipes)  # type: ignore[call-overload]
    said = []
    for line in process.stderr:
        said.append(line)
        on_line(line)
    result = process.stdout.read()
    assert process.wait(timeout=60) == 0, "".join(said)[-3000:]
    found: dict[str, float] = json.loads(result)
    return found


def history(run: Path) -> list[dict[str, float]]:
    with open(run / "log.csv", encoding="utf-8", newline="") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def workers() -> list[int]:
    """The processes of Ray's group of workers."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                title = (entry / "cmdline").read_bytes()
            except OSError:  # it has just ended
                continue
            if title.startswith(b"ray::") and b"TrainWorker" in title:
                found.append(int(entry.name))
    return sorted(found)


@pytest.mark.slow
def test_a_run_on_two_nodes_is_a_run_like_any_other(nodes: Nodes, tmp_path: Path) -> None:
    found = train(nodes, tmp_path, "--name", "two", "--preset", "plain", "--epochs", "1")
    train(None, tmp_path, "--name", "one", "--preset", "plain", "--epochs", "1")
    (two,), (one,) = history(tmp_path / "two"), history(tmp_path / "one")
    for key in ("loss", "accuracy", "val_loss", "lr"):
        assert two[key] == pytest.approx(one[key], abs=1e-4)
    assert two["val_accuracy"] == pytest.approx(one["val_accuracy"], abs=1.5 / 144)  # a picture may stand on the border
    names = {path.name for path in (tmp_path / "one").iterdir()}
    assert {path.name for path in (tmp_path / "two").iterdir()} == names
    command = [sys.executable, "-m", "sightline", "evaluate", str(tmp_path / "two"), "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert json.loads(ran.stdout)["accuracy"] == found["accuracy"], ran.stderr


@pytest.mark.slow
def test_a_worker_that_dies_costs_an_epoch_at_most(nodes: Nodes, tmp_path: Path) -> None:
    undisturbed = train(nodes, tmp_path, "--name", "whole", "--epochs", "8")
    killed: list[int] = []

    def kill(line: str) -> None:
        if line.startswith("epoch 4/8") and not killed:
            killed.append(workers()[-1])
            os.kill(killed[0], signal.SIGKILL)

    disturbed = train(nodes, tmp_path, "--name", "broken", "--epochs", "8", on_line=kill)
    assert killed
    assert disturbed["accuracy"] == pytest.approx(undisturbed["accuracy"], abs=0.005)
    rows, others = history(tmp_path / "broken"), history(tmp_path / "whole")
    assert [row["epoch"] for row in rows] == [row["epoch"] for row in others] == list(range(1, 9))
    for row, other in zip(rows[:4], others[:4], strict=True):  # of the first group
        assert row["loss"] == pytest.approx(other["loss"], abs=1e-4)


@pytest.mark.slow
def test_a_loss_that_is_no_number_ends_the_job_at_once(nodes: Nodes, tmp_path: Path) -> None:
    options = ["--preset", "plain", "--lr", "10", "--optimizer", "adamw", "--weight-decay", "1", "--epochs", "3"]
    with pytest.raises(AssertionError, match=r"Error: .*(no longer a number|no longer numbers)"):
        train(nodes, tmp_path, *options)
