"""Every named dataset, as it is delivered."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from sightline.data import DATASETS, Dataset, DatasetSpec, load_dataset
from sightline.data.specs import IDX_FILES
from sightline.errors import UnknownNameError
from sightline.pipeline import Pipeline

# What everybody else has found in these files. The means and deviations are those used all over the field for normalising.
FIRST_LABELS = {"mnist": [5, 0, 4, 1, 9, 2, 1, 3, 1, 4], "fashion-mnist": [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]}
MEAN_AND_DEVIATION = {"mnist": (0.1307, 0.3081), "fashion-mnist": (0.2860, 0.3530)}


@pytest.fixture(params=DATASETS.names(), scope="module")
def spec(request: pytest.FixtureRequest) -> DatasetSpec:
    return DATASETS.get(request.param)


@pytest.fixture(scope="module")
def whole(spec: DatasetSpec) -> Dataset:
    return load_dataset(spec.name, validation=0)


def test_a_dataset_has_what_its_spec_says(spec: DatasetSpec, whole: Dataset) -> None:
    assert whole.name == spec.name
    assert whole.classes == spec.classes
    assert {name: len(split) for name, split in whole.splits().items()} == spec.counts
    for split in whole.splits().values():
        assert isinstance(split.pictures, np.ndarray)
        assert split.pictures.dtype == np.uint8
        assert split.pictures.shape[1:] == spec.shape[:2]
        assert set(split.labels.tolist()) == set(range(len(spec.classes)))
        assert len(set(split.names)) == len(split)


def test_a_dataset_says_where_it_is_from(spec: DatasetSpec, whole: Dataset) -> None:
    for key in ("title", "licence", "citation", "homepage"):
        assert whole.facts[key] == getattr(spec, key)
    assert whole.facts["source"]


@pytest.mark.parametrize("name", FIRST_LABELS)
def test_the_pictures_are_the_ones_that_everybody_has(name: str) -> None:
    train = load_dataset(name, validation=0).train
    assert train.labels[:10].tolist() == FIRST_LABELS[name]
    scaled = np.asarray(train.pictures, np.float32) / 255
    mean, deviation = MEAN_AND_DEVIATION[name]
    assert scaled.mean(dtype=np.float64) == pytest.approx(mean, abs=5e-5)
    assert scaled.std(dtype=np.float64) == pytest.approx(deviation, abs=6e-5)


def test_digits_are_those_of_scikit_learn() -> None:
    from sklearn.datasets import load_digits

    digits = load_dataset("digits")
    bunch = load_digits()
    indices = []
    for split in digits.splits().values():
        for position, name in enumerate(split.names):
            index = int(name.split("/")[1])
            indices.append(index)
            assert split.labels[position] == bunch.target[index]
            assert np.array_equal(np.round(split.read(position) / 255 * 16), bunch.images[index])
    assert sorted(indices) == list(range(1797))


def test_a_spec_with_files_has_all_four(spec: DatasetSpec) -> None:
    if spec.reader == "idx":
        assert {file.name for file in spec.files} == {name for pair in IDX_FILES.values() for name in pair}
        assert all(len(bytes.fromhex(file.sha256)) == 32 for file in spec.files)
        assert spec.mirrors
    steps = Pipeline(tuple(spec.augmentation)).steps  # type: ignore[arg-type]
    assert steps
    assert all(step.when == "train" for step in steps)
    assert any(str(year) in spec.citation for year in range(1990, date.today().year + 1))


def test_an_unknown_name_gets_the_nearest_one() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean fashion-mnist"):
        load_dataset("fashon-mnist")
    with pytest.raises(UnknownNameError, match="digits, fashion-mnist, mnist"):
        load_dataset("zebra")
