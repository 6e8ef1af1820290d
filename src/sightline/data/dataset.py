"""What a loaded dataset is: splits of labelled pictures, held in memory as arrays or on disk as paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.errors import DatasetError
from sightline.image import Image, read

__all__ = ["Dataset", "Split"]


@dataclass(frozen=True)
class Split:
    """Labelled pictures of one split.

    `pictures`: uint8 `(N, H, W)` gray or `(N, H, W, 3)` RGB in memory, or N paths.
    `labels`: int64 `(N,)`, indices into the dataset's classes. `names`: one for each picture, as reports show it.
    """

    pictures: NDArray[np.uint8] | tuple[Path, ...]
    labels: NDArray[np.int64]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if not len(self.pictures) == len(self.labels) == len(self.names):
            raise DatasetError(
                "pictures, labels and names do not fit together",
                expected="as many of each",
                received=f"{len(self.pictures)}, {len(self.labels)} and {len(self.names)}",
            )

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"<Split of {len(self):,} pictures>"

    @property
    def in_memory(self) -> bool:
        """Whether the pictures are one array, all of one size."""
        return isinstance(self.pictures, np.ndarray)

    def read(self, index: int) -> Image:
        """One picture as it is stored: upright, with its own size, channels and depth."""
        picture = self.pictures[index]
        return read(picture, "unchanged") if isinstance(picture, Path) else picture

    def take(self, indices: Sequence[int] | NDArray[np.intp]) -> Split:
        """The pictures at `indices`, in that order."""
        chosen = np.asarray(indices, dtype=np.intp)
        if isinstance(self.pictures, np.ndarray):
            pictures: NDArray[np.uint8] | tuple[Path, ...] = self.pictures[chosen]
        else:
            pictures = tuple(self.pictures[i] for i in chosen)
        return Split(pictures, self.labels[chosen], tuple(self.names[i] for i in chosen))

    @staticmethod
    def join(splits: Sequence[Split]) -> Split:
        """All pictures of several splits of one dataset, one after the other."""
        labels = np.concatenate([split.labels for split in splits])
        names = tuple(name for split in splits for name in split.names)
        arrays = [split.pictures for split in splits if isinstance(split.pictures, np.ndarray)]
        if len(arrays) == len(splits):
            return Split(np.concatenate(arrays), labels, names)
        return Split(tuple(path for split in splits for path in split.pictures), labels, names)

    def counts(self, classes: int) -> NDArray[np.int64]:
        """How many pictures there are of each class: `(classes,)`."""
        return np.bincount(self.labels, minlength=classes).astype(np.int64)


@dataclass(frozen=True)
class Dataset:
    """Pictures with labels, split for training, for choosing (validation) and for the one final test.

    `test` or `validation` are None where the data has none. `fingerprint` is a SHA-256 over classes, labels and pictures.
    `facts` holds what is known of it: title, licence, citation, source, homepage. A split has `labels`, int64 `(N,)`, indices into
    `classes`; its `read(index)` gives one picture as it is stored.

    >>> import sightline as sl
    >>> digits = sl.load_dataset("digits")
    >>> digits
    <Dataset digits: 10 classes; 1,294 train, 144 validation, 359 test>
    >>> digits.test.read(0).shape, digits.classes[digits.test.labels[0]]
    ((8, 8), '2')
    """

    name: str
    classes: tuple[str, ...]
    train: Split
    validation: Split | None
    test: Split | None
    fingerprint: str
    facts: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(split):,} {name}" for name, split in self.splits().items())
        return f"<Dataset {self.name}: {len(self.classes)} classes; {counts}>"

    def splits(self) -> dict[str, Split]:
        """The splits that exist, by name."""
        found = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: split for name, split in found.items() if split is not None}
