"""Tasks on a real cluster: the same results as on one machine, each once, whatever dies."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from sightline import jobs
from sightline.batch import Engine, apply, find_pictures
from sightline.bundle import Failure
from sightline.data import Split, load_dataset
from sightline.errors import Interrupted, JobError
from sightline.events import Event, Progress
from sightline.image import write
from sightline.pipeline import Between, Pipeline, Step
from tests.cluster.conftest import Nodes

CHANCE = Pipeline((Step("rotate", {"angle": Between(-30, 30)}), Step("gaussian_blur", {"sigma": 2})))
pytestmark = pytest.mark.filterwarnings("ignore")  # Ray and what it loads have warnings of their own


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three hundred files of MNIST's test set, and one that is none."""
    folder = tmp_path_factory.mktemp("digits")
    test = mnist_test()
    for number in range(300):
        write(folder / f"{number % 3}/{number:03}.png", test.read(number))
    (folder / "1/bad.png").write_bytes(b"no picture")
    return folder


def mnist_test() -> Split:
    test = load_dataset("mnist").test
    assert test is not None
    return test


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.png")}


def test_pictures_are_the_same_to_the_last_byte(engine: Engine, digits: Path, tmp_path: Path) -> None:
    local = apply(CHANCE, str(digits), tmp_path / "local")
    done: list[int] = []

    def count(event: Event) -> None:
        if isinstance(event, Progress):
            done.append(event.done)

    ray = apply(CHANCE, str(digits), tmp_path / "ray", workers=None, engine=engine, on_event=count)
    assert (ray.written, ray.failed) == (local.written, local.failed) == (300, local.failed)
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")
    assert (tmp_path / "ray/failures.csv").read_bytes() == (tmp_path / "local/failures.csv").read_bytes()
    assert done == list(range(1, 302))


def test_a_table_goes_through_the_cluster(engine: Engine, digits: Path, tmp_path: Path) -> None:
    apply(CHANCE, str(digits / "0"), tmp_path / "local")
    apply(Pipeline(()), str(digits / "0"), tmp_path / "in.parquet", workers=None, engine=engine)
    assert apply(CHANCE, str(tmp_path / "in.parquet"), tmp_path / "ray", workers=None, engine=engine).written == 100
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")


def test_an_interrupted_batch_goes_on(engine: Engine, digits: Path, tmp_path: Path) -> None:
    apply(CHANCE, str(digits / "2"), tmp_path / "local")

    def stop(event: Event) -> None:
        if isinstance(event, Progress) and event.done >= 20:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="stopped after 20 of 100"):
        apply(CHANCE, str(digits / "2"), tmp_path / "ray", workers=None, engine=engine, on_event=stop)
    summary = apply(CHANCE, str(digits / "2"), tmp_path / "ray", workers=None, engine=engine, resume=True)
    assert summary.skipped >= 20
    assert summary.written + summary.skipped == 100
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")


def test_predictions_are_the_same_to_the_last_bit(engine: Engine, digits: Path) -> None:
    model = jobs.model_folder("mnist")
    pictures = [str(found.path) for found in find_pictures(str(digits))]
    local = list(jobs.load("mnist").predict_many(pictures))
    ray = list(jobs.predict_many(model, pictures, engine))
    assert [one.source for one in ray] == pictures
    for here, there in zip(local, ray, strict=True):
        if isinstance(here, Failure) or isinstance(there, Failure):
            assert str(here.error) == str(there.error)  # type: ignore[union-attr]
        else:
            assert (here.label, here.known, here.distance) == (there.label, there.known, there.distance)
            assert np.array_equal(here.probabilities, there.probabilities)


def test_a_model_that_workers_do_not_find_is_said(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(JobError, match="a worker cannot load the model"):
        list(jobs.predict_many(tmp_path / "nowhere", ["a.png"], engine))


def deadly(folder: Path, number: int) -> tuple[int, int]:
    """End the process of task 7; the others leave a file for each time they are done."""
    if number == 7:
        os._exit(1)
    (folder / f"{number}-{time.monotonic_ns()}").touch()
    return number, os.getpid()


@pytest.mark.slow
def test_a_task_that_kills_its_worker_is_lost_alone(engine: Engine, tmp_path: Path) -> None:
    results = list(engine(partial(deadly, tmp_path), range(40), None, lambda number: (number, -1)))
    assert sorted(number for number, _ in results) == list(range(40))
    assert [number for number, process in results if process == -1] == [7]
    assert len({process for _, process in results} - {-1}) >= 2  # on both nodes


def test_faults_of_ours_end_the_job_with_a_sentence(engine: Engine) -> None:
    def wrong(number: int) -> int:
        return 1 // number

    with pytest.raises(JobError, match="a worker of the cluster failed: ZeroDivisionError"):
        list(engine(wrong, [0], None, lambda number: number))


@pytest.mark.slow
@pytest.mark.parametrize("job", ["apply", "predict"])
def test_a_node_that_dies_costs_nothing(job: str, nodes: Nodes, engine: Engine, digits: Path, tmp_path: Path) -> None:
    killed = False

    def kill(done: int) -> None:
        nonlocal killed
        if done >= 60 and not killed:
            killed = True
            nodes.kill()

    try:
        if job == "apply":
            slow = Pipeline((*CHANCE.steps, Step("resize", {"width": 1200, "height": 1200}), Step("median_blur", {"radius": 3})))
            apply(slow, str(digits), tmp_path / "local")
            listen = partial(lambda event: kill(event.done) if isinstance(event, Progress) else None)
            summary = apply(slow, str(digits), tmp_path / "ray", workers=None, engine=engine, on_event=listen)
            assert (summary.written, len(summary.failed)) == (300, 1)
            assert contents(tmp_path / "ray") == contents(tmp_path / "local")
        else:
            pictures = [str(found.path) for found in find_pictures(str(digits))] * 30
            sources = []
            for number, result in enumerate(jobs.predict_many(jobs.model_folder("mnist"), pictures, engine)):
                sources.append(result.source)
                kill(number)
            assert sources == pictures
        assert killed
    finally:
        nodes.restore()
