"""The rules that hold for every source: what is set aside, what stays, what names the data."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sightline.data
from sightline.data import Dataset, Split, load_dataset
from sightline.errors import DatasetError, ParameterError, UnknownNameError
from sightline.image import write


def photos(root: Path, count: int = 20) -> Path:
    for number in range(count):
        path = root / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, np.full((4, 6), number, np.uint8))
    return root


def names_of(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    return {name: split.names for name, split in dataset.splits().items()}


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_a_tenth_of_training_is_for_validation_and_the_test_is_left_alone(name: str) -> None:
    whole, split = load_dataset(name, validation=0), load_dataset(name)
    assert whole.validation is None
    assert split.validation is not None
    assert split.test is not None
    assert whole.test is not None
    assert len(split.validation) == 6000
    assert split.test.names == whole.test.names
    assert np.array_equal(np.asarray(split.test.pictures), np.asarray(whole.test.pictures))
    assert sorted([*split.train.names, *split.validation.names]) == list(whole.train.names)
    shares = split.validation.counts(10) / whole.train.counts(10)
    assert np.abs(shares - 0.1).max() < 0.001
    for part in (split.train, split.validation):
        index = int(part.names[7].removeprefix("train/"))
        assert np.array_equal(part.read(7), whole.train.read(index))


def test_the_seed_chooses_the_validation_and_nothing_else() -> None:
    first, again, other = load_dataset("digits"), load_dataset("digits", seed=0), load_dataset("digits", seed=1)
    assert names_of(first) == names_of(again)
    assert names_of(first)["validation"] != names_of(other)["validation"]
    assert names_of(first)["test"] == names_of(other)["test"]
    assert first.fingerprint == again.fingerprint == other.fingerprint == load_dataset("digits", validation=0.3).fingerprint


def test_a_test_of_our_own_making_is_the_same_for_every_seed(tmp_path: Path) -> None:
    """Else a run of one seed would be tested on what a run of another has learned."""
    photos(tmp_path)
    tests = {names_of(load_dataset(tmp_path, seed=seed))["test"] for seed in range(5)}
    assert len(tests) == 1
    assert len({names_of(load_dataset(tmp_path, seed=seed))["validation"] for seed in range(5)}) > 1


@pytest.mark.parametrize("share", [-0.1, 0.6, float("nan")])
def test_a_share_out_of_range_is_refused(share: float) -> None:
    with pytest.raises(ParameterError, match=r"0 to 0\.5"):
        load_dataset("digits", validation=share)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ParameterError, match="seed"):
        load_dataset("digits", seed=-1)


def test_the_facts_are_plain_and_complete(tmp_path: Path) -> None:
    named, own = load_dataset("digits").facts, load_dataset(photos(tmp_path)).facts
    assert set(named) == set(own)
    assert {
        "title",
        "licence",
        "citation",
        "homepage",
        "source",
        "augmentation",
        "subject",
        "background",
        "split",
        "own_splits",
        "ignored",
        "strays",
        "empty",
    } == set(named)
    assert json.loads(json.dumps(named)) == named
    assert "seed 0" in named["split"]
    assert own["source"] == str(tmp_path)
    assert own["augmentation"] is None
    assert [next(iter(step)) for step in named["augmentation"]] == ["shear", "rotate", "one_of", "translate"]


def test_the_fingerprint_of_files_names_their_content_and_not_their_place(tmp_path: Path) -> None:
    one, two = photos(tmp_path / "one"), photos(tmp_path / "two")
    print_of_one = load_dataset(one).fingerprint
    assert load_dataset(two).fingerprint == print_of_one
    write(two / "a" / "0.png", np.full((4, 6), 99, np.uint8))
    assert load_dataset(two).fingerprint != print_of_one
    (one / "a" / "0.png").rename(one / "a" / "zero.png")
    assert load_dataset(one).fingerprint != print_of_one


def test_the_fingerprint_of_arrays_sees_pixels_labels_and_classes(tmp_path: Path) -> None:
    pictures, labels = np.random.default_rng(0).integers(0, 256, (40, 5, 5), np.uint8), np.arange(40) % 2
    changed, swapped = pictures.copy(), labels.copy()
    changed[-1, -1, -1] ^= 1
    swapped[[0, 1]] = [1, 0]
    prints = set()
    for number, (x, y) in enumerate([(pictures, labels), (changed, labels), (pictures, swapped), (pictures, labels + 1)]):
        np.savez(tmp_path / f"{number}.npz", images=x, labels=y)
        prints.add(load_dataset(tmp_path / f"{number}.npz").fingerprint)
    assert len(prints) == 4


def test_mnist_is_the_same_data_in_whatever_wrapping(tmp_path: Path) -> None:
    """The same pictures as an archive give the same splits and the same fingerprint."""
    mnist = load_dataset("mnist", validation=0)
    arrays: dict[str, Any] = {}
    for name, split in mnist.splits().items():
        arrays |= {f"x_{name}": split.pictures, f"y_{name}": split.labels}
    np.savez(tmp_path / "mnist.npz", **arrays)
    again = load_dataset(tmp_path / "mnist.npz", seed=3)
    assert again.fingerprint == mnist.fingerprint
    assert names_of(again) == names_of(load_dataset("mnist", seed=3))


@pytest.mark.parametrize("validation", [0.1, 0])
def test_too_few_pictures_to_split_are_refused(tmp_path: Path, validation: float) -> None:
    with pytest.raises(DatasetError, match="too few pictures"):
        load_dataset(photos(tmp_path, 2), validation=validation)


def test_a_name_comes_before_a_folder_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos(tmp_path / "digits")
    monkeypatch.chdir(tmp_path)
    assert load_dataset("digits").classes[9] == "9"
    assert load_dataset("./digits/").classes == ("a", "b")
    assert load_dataset(Path("digits")).classes == ("a", "b")


def test_what_is_not_there_or_not_known_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DatasetError, match=r"notes\.txt.*class folders"):
        load_dataset(tmp_path / "notes.txt")
    with pytest.raises(DatasetError, match="no such file or folder"):
        load_dataset(tmp_path / "nowhere" / "data.csv")
    with pytest.raises(DatasetError, match="File name too long"):
        load_dataset("x" * 5000)
    with pytest.raises(UnknownNameError, match=r"unknown dataset 'mnits'.*Did you mean mnist"):
        load_dataset("mnits")


def test_a_split_checks_and_takes() -> None:
    split = Split(np.arange(12, dtype=np.uint8).reshape(3, 2, 2), np.array([0, 1, 0]), ("a", "b", "c"))
    taken = split.take([2, 0])
    assert taken.names == ("c", "a")
    assert np.array_equal(taken.read(0), [[8, 9], [10, 11]])
    with pytest.raises(DatasetError, match="3, 3 and 2"):
        Split(split.pictures, split.labels, ("a", "b"))


def test_the_public_names_are_these() -> None:
    assert sorted(sightline.data.__all__) == sorted(
        ["DATASETS", "Dataset", "DatasetSpec", "Finding", "Split", "check_dataset", "findings_sheet", "load_dataset"]
    )


def test_importing_is_light() -> None:
    heavy = {"keras", "tensorflow", "sklearn", "scipy", "matplotlib", "pooch", "requests", "PIL", "pandas"}
    code = f"import sys, sightline.data; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
