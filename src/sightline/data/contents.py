"""What a reader found in a source, before validation pictures are set aside."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.data.dataset import Split
from sightline.errors import DatasetError

__all__ = ["SPLIT_NAMES", "UNSPLIT", "Contents", "array_contents", "some"]

UNSPLIT = "all"
"""The split's name where a source does not say which pictures are for training and which for the test."""

SPLIT_NAMES = {"train": "train", "val": "validation", "valid": "validation", "validation": "validation", "test": "test"}
"""The words for a split in folders, tables and archives."""


@dataclass(frozen=True)
class Contents:
    """Classes and splits of a source. `splits` has `train` with or without `validation` and `test`, or only `all`.

    `facts` are what the reader knows of the source. DatasetError if there are fewer than two classes or no pictures.
    """

    name: str
    classes: tuple[str, ...]
    splits: dict[str, Split]
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not {"train", UNSPLIT} & set(self.splits):
            raise DatasetError(f"{self.name!r} has no pictures to train on", received=f"only {', '.join(self.splits) or 'nothing'}")
        if len(self.classes) < 2:
            raise DatasetError(f"{self.name!r} has too few classes", expected="at least 2", received=some(self.classes) or "none")
        for split, pictures in self.splits.items():
            if not len(pictures):
                where = "" if split == UNSPLIT else f" in {split!r}"
                raise DatasetError(f"{self.name!r} has no pictures{where}", fix="Fill it or leave it out.")

    def fingerprint(self) -> str:
        """SHA-256 over class names, labels and pictures of all splits, in order; of files their relative names and bytes.

        It is taken before pictures are set aside for validation, and so does not depend on the seed.
        """
        digest = hashlib.sha256(json.dumps(self.classes).encode())
        for name, split in self.splits.items():
            digest.update(f"{name} {len(split)} ".encode() + split.labels.astype("<i8").tobytes())
            if isinstance(split.pictures, np.ndarray):
                digest.update(repr(split.pictures.shape).encode())
                digest.update(np.ascontiguousarray(split.pictures).data)
                continue
            for path, relative in zip(split.pictures, split.names, strict=True):
                digest.update(relative.encode(errors="surrogateescape") + b"\0" + _file_digest(path))
        return digest.hexdigest()


def _file_digest(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise DatasetError(f"cannot read {str(path)!r}: {error.strerror or error}") from error


def array_contents(
    name: str,
    arrays: dict[str, tuple[NDArray[np.uint8], NDArray[np.int64]]],
    classes: tuple[str, ...] | None = None,
    facts: dict[str, Any] | None = None,
) -> Contents:
    """Contents of pictures `(N, H, W)` or `(N, H, W, 3)` and labels `(N,)` for each split, checked against each other.

    Without `classes`, the labels have to be whole numbers without a gap, from 0 or 1 upwards, and name the classes.
    DatasetError says which split and label do not fit.
    """
    for split, (pictures, labels) in arrays.items():
        if len(pictures) != len(labels):
            raise DatasetError(
                f"{name!r} does not fit together in {split!r}",
                expected="as many labels as pictures",
                received=f"{len(pictures):,} pictures and {len(labels):,} labels",
            )
    first = 0
    if classes is None:
        values = np.unique(np.concatenate([labels for _, labels in arrays.values()]))
        first = int(values[0]) if len(values) else 0
        wrong = values[values != np.arange(len(values)) + min(max(first, 0), 1)]
        if len(wrong):
            raise DatasetError(
                f"{name!r} has labels that are no classes",
                expected="whole numbers from 0 or 1 upwards without a gap",
                received=some([str(value) for value in wrong]),
                fix="Number the classes 0, 1, 2, ... and correct labels that are none of them.",
            )
        classes = tuple(str(value) for value in values)
    shifted = {split: (pictures, labels - first) for split, (pictures, labels) in arrays.items()}
    _check_labels(name, {split: labels for split, (_, labels) in shifted.items()}, classes)
    splits = {
        split: Split(pictures, labels, tuple(f"{split}/{index:05d}" for index in range(len(labels))))
        for split, (pictures, labels) in shifted.items()
    }
    return Contents(name, classes, splits, facts or {})


def _check_labels(name: str, labels: dict[str, NDArray[np.int64]], classes: tuple[str, ...]) -> None:
    """Refuse labels out of range, and classes that appear elsewhere but not among the pictures to train on."""
    trained = set(np.unique(labels.get("train", labels.get(UNSPLIT, np.empty(0, np.int64)))).tolist())
    for split, values in labels.items():
        for value in np.unique(values).tolist():
            if not 0 <= value < len(classes):
                raise DatasetError(
                    f"{name!r} has a wrong label in {split!r}", expected=f"0 to {len(classes) - 1}", received=str(value)
                )
            if value not in trained:
                raise DatasetError(f"{name!r} has class {classes[value]!r} in {split!r} but not in 'train'")


def some(names: Iterable[str], most: int = 5) -> str:
    """The first few of `names`, and how many more there are.

    >>> some(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    listed = list(names)
    rest = f" and {len(listed) - most:,} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + rest
