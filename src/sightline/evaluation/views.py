"""Averaging what a model says of a few views of a picture: a little more accurate, and as many times the work.

An accuracy of several views is not one of the model alone: whoever quotes it says so, and what is made here is marked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["VIEWS", "Views", "views_of"]

Views = Literal["one", "mirror", "shift", "mirror-shift"]

Change = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]


def _mirrored(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(pictures[:, :, ::-1])


def _shifted(by: int) -> Change:
    """All pictures moved by as many pixels down and to the right; their edges are continued."""

    def change(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
        rows, columns = (np.clip(np.arange(side) - by, 0, side - 1) for side in pictures.shape[1:3])
        return pictures[:, rows[:, None], columns]

    return change


VIEWS: dict[str, tuple[Change, ...]] = {
    "one": (),
    "mirror": (_mirrored,),
    "shift": (_shifted(-1), _shifted(1)),
    "mirror-shift": (
        _shifted(-1),
        _shifted(1),
        _mirrored,
        lambda pictures: _mirrored(_shifted(-1)(pictures)),
        lambda pictures: _mirrored(_shifted(1)(pictures)),
    ),
}
"""What is seen beside the picture itself. The six of `mirror-shift` are those of airbench (K. Jordan, arXiv:2404.00498)."""


def views_of(pictures: NDArray[np.uint8], views: Views) -> list[NDArray[np.uint8]]:
    """Pictures uint8 `(N, H, W, C)` as they are, and the other `views` of all of them.

    >>> [view[0, 0, :, 0].tolist() for view in views_of(np.array([[[[1], [2], [3]]]], np.uint8), "mirror")]
    [[1, 2, 3], [3, 2, 1]]
    """
    return [pictures, *(change(pictures) for change in VIEWS[views])]
