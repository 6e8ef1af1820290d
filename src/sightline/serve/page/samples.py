"""Pictures to begin with, for people who have none at hand."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from sightline.data import load_dataset
from sightline.errors import InputError
from sightline.image import Image, encode
from sightline.jobs.models import model_folder
from sightline.ops import resize, sample

__all__ = ["page_of_digits", "scene", "typical"]

DIGITS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 3, 1, 4, 1, 5, 9, 2, 6)
COLUMNS, SIDE, STEP, ROW = 6, 72, 98, 120
PAPER, INK = (251, 246, 234), (38, 52, 96)


@lru_cache(maxsize=1)
def scene() -> bytes:
    """A drawn landscape, for the lab."""
    return encode(sample(width=480, height=320), ".png")


@lru_cache(maxsize=1)
def page_of_digits() -> bytes:
    """A page of digits that people wrote (scikit-learn's, 8 x 8 px), in ink on paper that is lit from the left."""
    test = load_dataset("digits").test
    assert test is not None
    chance = np.random.default_rng(0)
    height, width = ROW * -(-len(DIGITS) // COLUMNS) + 60, STEP * COLUMNS + 52
    page = np.full((height, width, 3), PAPER, np.float64)
    for place, digit in enumerate(DIGITS):
        writings = np.flatnonzero(test.labels == digit)
        ink = _ink(test.read(int(writings[place % 7])))
        row, column = divmod(place, COLUMNS)
        top, left = 40 + ROW * row + chance.integers(-6, 6), 40 + STEP * column + chance.integers(-6, 6)
        here = np.s_[top : top + SIDE, left : left + SIDE]
        page[here] += ink * (np.array(INK) - page[here])
    light = np.linspace(1, 0.78, width)[None, :, None] * np.linspace(1, 0.9, height)[:, None, None]
    return encode((page * light).astype(np.uint8), ".png")


def typical(source: str) -> bytes:
    """The picture that came with a model; InputError where there is none."""
    path = Path(model_folder(source)) / "sample.png"
    if not path.is_file():
        raise InputError("no picture came with this model", fix="Choose one.")
    return path.read_bytes()


def _ink(small: Image) -> Image:
    """How much ink is where, from 0 to 1: float64 `(SIDE, SIDE, 1)`."""
    large = resize(small, width=SIDE, height=SIDE, interpolation="cubic")
    return np.clip((large.astype(np.float64) - 60) / 150, 0, 1)[..., None]
