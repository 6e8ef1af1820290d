from __future__ import annotations

import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sightline as sl
from sightline import jobs
from sightline.data import Dataset
from sightline.errors import DatasetError, InputError, RunError, StorageError
from sightline.training import make_config
from sightline.training.config import TrainConfig
from sightline.training.folder import free_run
from sightline.training.names import check_names


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return sl.load_dataset("digits")


def photos(folder: Path, *labels: str) -> Path:
    """Ten gray pictures a class."""
    for number, label in enumerate(labels):
        (folder / label).mkdir(parents=True)
        for index in range(10):
            sl.write(folder / label / f"{index}.png", np.full((28, 28), 20 * number + index, np.uint8))
    return folder


@pytest.mark.skipif(sys.platform != "linux", reason="only there a file's name is any bytes")
@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("a\x1b[31m", r"a class cannot be called 'a\x1b[31m': expected text without control characters. Rename its folder"),
        (os.fsdecode(b"caf\xe9"), r"a class cannot be called 'caf\udce9': expected text without halves of characters. Rename"),
        ("x" * 201, "xxx': expected at most 200 characters. Rename its folder"),
    ],
)
def test_a_class_that_no_bundle_takes_is_named_before_the_run_is_made(label: str, said: str, tmp_path: Path) -> None:
    data = photos(tmp_path / "data", "good", label)
    with pytest.raises(DatasetError, match=re.escape(said)):
        sl.train(data, epochs=1, out=tmp_path / "runs")
    with pytest.raises(DatasetError, match=re.escape(said)):
        jobs.dry_run(make_config(str(data), epochs=1))
    assert not (tmp_path / "runs").exists()


def test_names_are_held_to_the_rules_of_the_manifest(digits: Dataset) -> None:
    check_names(digits, "run")
    many = tuple(map(str, range(10_001)))
    check_names(replace(digits, classes=many[:-1]), "run")
    with pytest.raises(DatasetError, match="'digits' do not make a classifier: expected at most 10000 items, received 10,001"):
        check_names(replace(digits, classes=many), "run")
    with pytest.raises(DatasetError, match=r"data cannot be called 'a\\nb': .*Rename the folder or file"):
        check_names(replace(digits, name="a\nb"), "run")
    with pytest.raises(RunError, match=r"a run cannot be called 'a\\nb': .*Rename its folder"):
        check_names(digits, "a\nb")


def test_a_folder_called_as_a_dataset_does_not_get_its_baseline(tmp_path: Path) -> None:
    run = sl.train(photos(tmp_path / "mnist", "dark", "light"), epochs=1, out=tmp_path / "runs")
    assert (run.metrics["run"]["dataset"]["name"], run.metrics["run"]["baseline"]) == ("mnist", None)
    assert "plain Keras script" not in run.report.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("data", "name"),
    [("_data", "data"), ("a b.csv", "a-b"), (".hidden", "hidden"), ("日本", "unnamed"), ("x" * 300, "x" * 100), ("mnist", "mnist")],
)
def test_a_run_gets_a_name_that_could_be_given_to_it(data: str, name: str, tmp_path: Path) -> None:
    found = []
    for _ in range(3):
        run = free_run(TrainConfig(data=data), tmp_path, None)
        assert free_run(TrainConfig(data="digits"), tmp_path, run.name) == run
        (run.path / "something").mkdir(parents=True)
        found.append(run.name)
    assert found == [name, name[:98] + "-2", name[:98] + "-3"]


@pytest.mark.slow
def test_a_run_of_any_name_is_reproduced(tmp_path: Path) -> None:
    run = sl.train("digits", epochs=1, out=tmp_path, name="a" * 100)
    assert sl.reproduce(run.path).run.path.name == "a" * 94 + "-again"
    odd = run.path.rename(tmp_path / "_odd name")
    assert sl.reproduce(odd).run.path.name == "odd-name-again"


def test_names_that_no_file_system_takes_are_refused_as_such(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="aaa"):
        sl.train("a" * 300, out=tmp_path)
    with pytest.raises(RunError, match="invalid --name: expected letters, .*, at most 100"):
        sl.train("digits", name="a" * 101, out=tmp_path)
    with pytest.raises(StorageError, match="cannot make a run in .*Choose another --out"):
        sl.train("digits", out=tmp_path / ("a" * 300))
