"""The one formula of calibration."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["tempered"]


def tempered(probabilities: NDArray[np.floating[Any]], temperature: float) -> NDArray[np.float64]:
    """Probabilities `(N, C)` with their logarithms divided by `temperature`, as float64 that add up to 1.

    Above 1 they come nearer to each other, below 1 the largest grows; which it is never changes (Guo et al. 2017).

    >>> tempered(np.array([[0.8, 0.2]]), 2.0).round(3).tolist()
    [[0.667, 0.333]]
    """
    powers = probabilities.astype(np.float64)
    powers /= np.maximum.reduce(powers, axis=1, keepdims=True)  # the largest is 1: they never all vanish
    powers **= 1 / temperature
    powers /= np.add.reduce(powers, axis=1, keepdims=True)
    return powers
