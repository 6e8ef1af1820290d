"""What stands for a model: every job takes a run as it takes its path, and says of anything else that it is none."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import sightline as sl
from sightline import jobs
from sightline.cli.app import build
from sightline.errors import ParameterError

PICTURE = np.zeros((8, 8), np.uint8)

JOBS: dict[str, Callable[[Any, Path], Any]] = {
    "load": lambda model, _: sl.load(model),
    "evaluate": lambda model, _: sl.evaluate(model),
    "suspects": lambda model, _: sl.suspects(model),
    "robustness": lambda model, _: sl.robustness(model, pictures=20, corruptions="rotate"),
    "explain": lambda model, _: sl.explain(model, PICTURE, method="occlusion"),
    "compare": lambda model, _: sl.compare(model, model),
    "find": lambda model, _: sl.find(PICTURE, model),
    "calibrate": lambda model, _: sl.calibrate(model),
    "export": lambda model, folder: sl.export(model, folder / "model.onnx", replay=10),
    "preview": lambda model, folder: jobs.preview(model, folder / "preview.png"),
    "report": lambda model, _: sl.report(model),
    "resume": lambda model, _: sl.resume(model),
    "reproduce": lambda model, folder: sl.reproduce(model, out=folder),
    "weights": lambda model, folder: sl.train("digits", weights=model, epochs=1, out=folder),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> sl.Run:
    return sl.train("digits", epochs=1, out=tmp_path_factory.mktemp("runs"), name="run")


@pytest.mark.parametrize("name", JOBS)
def test_every_job_takes_a_run(name: str, run: sl.Run, tmp_path: Path) -> None:
    assert JOBS[name](run, tmp_path) is not None


@pytest.mark.parametrize("name", JOBS)
@pytest.mark.parametrize("model", [3, b"mnist", ["mnist"], PICTURE])
def test_what_stands_for_no_model_is_refused(name: str, model: object, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="invalid model: expected a path, a name or a Run, received"):
        JOBS[name](model, tmp_path)
    assert not list(tmp_path.iterdir())


def test_nothing_is_no_model() -> None:
    jobs_of_one: list[Callable[[Any], object]] = [sl.robustness, sl.suspects, sl.evaluate, sl.resume]
    for job in jobs_of_one:
        with pytest.raises(ParameterError, match="received None"):
            job(None)


def test_a_run_survives_pickling(run: sl.Run) -> None:
    again = pickle.loads(pickle.dumps(run))
    assert again == run
    assert again.metrics == run.metrics


def test_the_command_says_of_a_long_name_that_there_is_no_such_model() -> None:
    ran = CliRunner().invoke(build(["calibrate"]), ["calibrate", "x" * 300])
    assert type(ran.exception).__name__ == "UnknownNameError"
