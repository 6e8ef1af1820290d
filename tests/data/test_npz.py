"""NumPy archives: read, and refused when they are more or other than pictures and labels."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sightline.data import load_dataset
from sightline.data.npz import read_npz
from sightline.errors import DatasetError

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (60, 6, 5), np.uint8)
Y = np.arange(60) % 3


def save(path: Path, **arrays: Any) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def test_an_archive_like_that_of_keras(tmp_path: Path) -> None:
    dataset = load_dataset(save(tmp_path / "own.npz", x_train=X, y_train=Y.astype(np.uint8), x_test=X[:9], y_test=Y[:9]))
    assert dataset.name == "own"
    assert dataset.classes == ("0", "1", "2")
    assert {name: len(split) for name, split in dataset.splits().items()} == {"train": 54, "validation": 6, "test": 9}
    assert dataset.test is not None
    assert np.array_equal(np.asarray(dataset.test.pictures), X[:9])
    assert dataset.test.labels.dtype == np.int64


def test_its_own_validation_stays_and_nothing_becomes_a_test(tmp_path: Path) -> None:
    dataset = load_dataset(save(tmp_path / "own.npz", x_train=X, y_train=Y, x_val=X[:9], y_val=Y[:9]))
    assert dataset.test is None
    assert dataset.validation is not None
    assert np.array_equal(np.asarray(dataset.validation.pictures), X[:9])
    assert len(dataset.train) == 60


def test_colour_and_column_labels(tmp_path: Path) -> None:
    colour = RNG.integers(0, 256, (60, 6, 5, 3), np.uint8)
    dataset = load_dataset(save(tmp_path / "own.npz", images=colour, labels=Y[:, None]))
    assert dataset.train.read(0).shape == (6, 5, 3)
    assert {name: len(split) for name, split in dataset.splits().items()} == {"train": 48, "validation": 6, "test": 6}


def test_one_channel_is_gray(tmp_path: Path) -> None:
    assert load_dataset(save(tmp_path / "own.npz", images=X[..., None], labels=Y)).train.read(0).shape == (6, 5)


@pytest.mark.parametrize("key", ["x_train", "y_train"])
def test_object_arrays_are_refused(tmp_path: Path, key: str) -> None:
    """Hazard 15: npz with object arrays, which would be unpickled."""

    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    objects = np.empty(60, object)
    objects[:] = [Trap() for _ in range(60)]
    path = save(tmp_path / "own.npz", **{"x_train": X, "y_train": Y, key: objects})
    with pytest.raises(DatasetError, match="Python objects"):
        load_dataset(path)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"x_train": X}, "x_train and y_train"),
        ({"x_test": X, "y_test": Y}, "x_train and y_train"),
        ({"x_train": X, "y_train": Y, "x_test": X}, "x_train and y_train"),
        ({"other": X}, "received other"),
        ({"images": X / 255, "labels": Y}, "expected uint8"),
        ({"images": X[0], "labels": Y}, "wrong shape"),
        ({"images": X[..., None].repeat(4, 3), "labels": Y}, "wrong shape"),
        ({"images": X[:, :0], "labels": Y}, "wrong shape"),
        ({"images": X, "labels": np.eye(3)[Y]}, "argmax"),
        ({"images": X, "labels": Y + 0.5}, "whole numbers"),
        ({"images": X, "labels": Y[:-1]}, "60 pictures and 59 labels"),
        ({"images": X, "labels": Y - 1}, "without a gap"),
        ({"images": X, "labels": np.where(Y == 2, 255, Y)}, "without a gap, received 255"),
        ({"images": X, "labels": np.array([1, 2, 4])[Y]}, "without a gap, received 4\\."),
        ({"images": X, "labels": np.array([0, 2, 3])[Y]}, "without a gap, received 2, 3\\."),
        ({"images": X, "labels": Y + 2}, "without a gap, received 2, 3, 4\\."),
        ({"images": X, "labels": np.zeros(60, int)}, "too few classes"),
        ({"x_train": X, "y_train": Y % 2, "x_test": X, "y_test": Y}, "class '2' in 'test' but not in 'train'"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, arrays: dict[str, Any], reason: str) -> None:
    with pytest.raises(DatasetError, match=reason):
        load_dataset(save(tmp_path / "own.npz", **arrays))


def npy_header(shape: tuple[int, ...]) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return stream.getvalue()


def test_a_bomb_is_refused_by_its_ratio(tmp_path: Path) -> None:
    """Hazard 15: an npz bomb: a hundred megabytes of nothing in a hundred kilobytes."""
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", npy_header((100_000, 32, 32)) + bytes(100_000 * 32 * 32))
        archive.writestr("labels.npy", npy_header((100_000,)) + bytes(100_000))
    with pytest.raises(DatasetError, match="bomb"):
        load_dataset(path)


def test_a_bomb_is_refused_by_its_size(tmp_path: Path) -> None:
    """Hazard 15: the limit on what is unpacked, seen in the directory before anything is read."""
    path = save(tmp_path / "own.npz", images=X, labels=Y)
    with pytest.raises(DatasetError, match="at most 1,000 bytes"):
        read_npz(path, max_bytes=1000)
    assert len(read_npz(path, max_bytes=10_000).splits["all"]) == 60


def test_a_header_that_claims_more_than_there_is_is_refused(tmp_path: Path) -> None:
    """Hazard 15: a zip entry whose array header asks for terabytes."""
    path = tmp_path / "lie.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", npy_header((10**6, 10**3, 10**3)) + bytes(100))
        archive.writestr("labels.npy", npy_header((10,)) + bytes(10))
    with pytest.raises(DatasetError, match="wrong length"):
        load_dataset(path)


@pytest.mark.parametrize("keep", [0, 1, 100, -30])
def test_half_an_archive_is_refused(tmp_path: Path, keep: int) -> None:
    path = save(tmp_path / "own.npz", images=X, labels=Y)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DatasetError, match="archive"):
        load_dataset(path)


def test_a_changed_byte_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "own.npz", images=X, labels=Y)
    data = bytearray(path.read_bytes())
    data[800] ^= 1  # in the packed pictures
    path.write_bytes(data)
    with pytest.raises(DatasetError):
        load_dataset(path)


def test_an_entry_that_is_no_array_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", b"not an array at all")
        archive.writestr("labels.npy", b"")
    with pytest.raises(DatasetError, match=r"images\.npy in .* is no array"):
        load_dataset(path)


@pytest.mark.parametrize("text", ["{[]: 1}", "{1: 1, 'a': 2}", "{'descr': '|u1', (", "{'descr': '|u1'}", "", "(" * 5000])
def test_a_header_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    """Each fault has an error of its own in NumPy: TypeError, TokenError, ValueError, MemoryError."""
    path = tmp_path / "own.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode())
        archive.writestr("labels.npy", npy_header((10,)) + bytes(10))
    with pytest.raises(DatasetError, match=r"images\.npy in .* is no array"):
        load_dataset(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_packing_are_refused(tmp_path: Path, method: int) -> None:
    path = tmp_path / "own.npz"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("images.npy", npy_header((10, 2, 2)) + bytes(40))
    with pytest.raises(DatasetError, match="unknown way"):
        load_dataset(path)
