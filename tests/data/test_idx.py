"""IDX files: read as plain NumPy reads them, and refused when anything does not fit."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sightline.data import load_dataset
from sightline.data.idx import parse_idx, read_idx
from sightline.data.sources import fetch
from sightline.data.specs import DATASETS, IDX_FILES
from sightline.errors import DatasetError

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (40, 5, 7), np.uint8)
LABELS = np.arange(40, dtype=np.uint8) % 4


def idx(array: NDArray[np.uint8]) -> bytes:
    """The bytes of an IDX file, by the description of the format."""
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_pair(folder: Path, pictures: bytes, labels: bytes, stem: str = "", *, packed: bool = False) -> Path:
    images = folder / f"{stem}images-idx3-ubyte{'.gz' if packed else ''}"
    images.write_bytes(gzip.compress(pictures) if packed else pictures)
    (folder / f"{stem}labels-idx1-ubyte").write_bytes(labels)
    return images


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_real_files_are_read_as_numpy_reads_their_bytes(name: str) -> None:
    contents = fetch(DATASETS.get(name)).contents
    dataset = load_dataset(name, validation=0)
    for split, (images, labels) in IDX_FILES.items():
        loaded = dataset.splits()[split]
        assert np.array_equal(np.asarray(loaded.pictures), np.frombuffer(contents[images], np.uint8, offset=16).reshape(-1, 28, 28))
        assert np.array_equal(loaded.labels, np.frombuffer(contents[labels], np.uint8, offset=8))


@pytest.mark.parametrize("packed", [False, True])
def test_a_pair_is_a_dataset(tmp_path: Path, packed: bool) -> None:
    images = write_pair(tmp_path, idx(PICTURES), idx(LABELS), "letters-", packed=packed)
    dataset = load_dataset(images)
    assert dataset.name == "letters"
    assert dataset.classes == ("0", "1", "2", "3")
    assert {name: len(split) for name, split in dataset.splits().items()} == {"train": 32, "validation": 4, "test": 4}
    for split in dataset.splits().values():
        for position, name in enumerate(split.names):
            index = int(name.removeprefix("all/"))
            assert np.array_equal(split.read(position), PICTURES[index])
            assert split.labels[position] == LABELS[index]


def test_a_folder_of_the_four_files_keeps_its_test(tmp_path: Path) -> None:
    write_pair(tmp_path, idx(PICTURES), idx(LABELS), "train-", packed=True)
    write_pair(tmp_path, idx(PICTURES[:8]), idx(LABELS[:8]), "t10k-")
    dataset = load_dataset(tmp_path, validation=0.2)
    assert dataset.test is not None
    assert np.array_equal(np.asarray(dataset.test.pictures), PICTURES[:8])
    assert {name: len(split) for name, split in dataset.splits().items()} == {"train": 32, "validation": 8, "test": 8}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "an empty file"),
        (b"\x00", "magic number"),
        (b"P5 28 28 255\n" + bytes(100), "magic number"),
        (idx(LABELS), "magic number"),
        (b"\x00\x00\x0d\x03" + idx(PICTURES)[4:], "magic number"),  # floats
        (idx(PICTURES)[:12], "cut off in its header"),
        (idx(PICTURES)[:-1], "impossible sizes|wrong length"),
        (idx(PICTURES) + b"x", "wrong length"),
        (b"\x00\x00\x08\x03" + struct.pack(">3I", 41, 5, 7) + PICTURES.tobytes(), "impossible sizes|wrong length"),
        (b"\x00\x00\x08\x03" + struct.pack(">3I", 2**32 - 1, 2**32 - 1, 2**32 - 1) + bytes(100), "impossible sizes"),
        (b"\x00\x00\x08\x03" + struct.pack(">3I", 60_000, 2000, 28) + bytes(100), "impossible sizes"),
        (b"\x00\x00\x08\x03" + struct.pack(">3I", 0, 28, 28), "impossible sizes"),
    ],
)
def test_a_wrong_magic_count_or_length_is_refused(tmp_path: Path, data: bytes, reason: str, packed: bool) -> None:
    """Hazard 15: IDX with a wrong magic or count; the sizes are refused before memory is taken for them."""
    images = write_pair(tmp_path, data, idx(LABELS), packed=packed)
    with pytest.raises(DatasetError, match=reason) as caught:
        load_dataset(images)
    assert str(images) in str(caught.value)


def test_label_255_is_refused(tmp_path: Path) -> None:
    """Hazard 15: IDX with label 255."""
    labels = LABELS.copy()
    labels[17] = 255
    images = write_pair(tmp_path, idx(PICTURES), idx(labels))
    with pytest.raises(DatasetError, match="without a gap, received 255"):
        load_dataset(images)


def test_labels_may_begin_at_one(tmp_path: Path) -> None:
    dataset = load_dataset(write_pair(tmp_path, idx(PICTURES), idx(LABELS + np.uint8(1))))
    assert dataset.classes == ("1", "2", "3", "4")
    assert set(dataset.train.labels.tolist()) == {0, 1, 2, 3}


def test_another_number_of_labels_is_refused(tmp_path: Path) -> None:
    """Hazard 15: IDX with a wrong count."""
    images = write_pair(tmp_path, idx(PICTURES), idx(LABELS[:-1]))
    with pytest.raises(DatasetError, match="40 pictures and 39 labels"):
        load_dataset(images)


def test_missing_labels_are_named(tmp_path: Path) -> None:
    images = write_pair(tmp_path, idx(PICTURES), idx(LABELS))
    (tmp_path / "labels-idx1-ubyte").unlink()
    with pytest.raises(DatasetError, match="labels-idx1-ubyte"):
        load_dataset(images)


@pytest.mark.parametrize("keep", [0.5, 0.99])
def test_half_a_gzip_file_is_refused(tmp_path: Path, keep: float) -> None:
    path = tmp_path / "images-idx3-ubyte.gz"
    data = gzip.compress(idx(PICTURES))
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(DatasetError, match=r"whole gzip file"):
        read_idx(path, 3)


def test_a_gzip_bomb_is_refused(tmp_path: Path) -> None:
    """Hazard 15: far more comes out than the header says; no more than that is read."""
    path = tmp_path / "images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(idx(PICTURES) + bytes(100_000_000), 1))
    with pytest.raises(DatasetError, match="wrong length"):
        read_idx(path, 3)


def test_pictures_cannot_be_changed_through_the_dataset() -> None:
    array = parse_idx(idx(PICTURES), 3, "pictures")
    with pytest.raises(ValueError, match="read-only"):
        array[0, 0, 0] = 1
