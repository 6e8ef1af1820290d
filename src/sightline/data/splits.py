"""Drawing pictures and setting them aside, class by class and the same for the same seed everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.errors import ParameterError

__all__ = ["proportional", "stratified"]

Indices = NDArray[np.int64]


def stratified(labels: NDArray[np.int64], fraction: float, seed: int) -> tuple[Indices, Indices]:
    """Hold out `fraction` of the pictures, in every class alike: (indices of the rest, indices held out), both ascending.

    Of n pictures round(n * fraction) are held out, up to this: a class of two or more has at least one on each side, a
    class of one stays in the rest. ParameterError unless 0 < fraction < 1.

    >>> rest, held_out = stratified(np.array([0, 0, 0, 0, 1, 1]), 0.25, seed=0)
    >>> len(rest), len(held_out)
    (4, 2)
    """
    if not 0 < fraction < 1:
        raise ParameterError("invalid fraction to hold out", expected="more than 0 and less than 1", received=repr(fraction))
    counts = np.bincount(labels)
    quota = _quota(counts * fraction, round(len(labels) * fraction))
    lowest = np.where(counts >= 2, 1, 0)
    return _drawn(labels, np.minimum(np.maximum(quota, lowest), np.maximum(counts - 1, 0)), seed)


def proportional(labels: NDArray[np.int64], count: int, seed: int) -> Indices:
    """Draw `count` of the pictures, of each class its share of them, rounded up or down: indices, ascending.

    >>> proportional(np.array([0, 0, 0, 0, 1, 1]), 3, seed=0).tolist()
    [2, 3, 4]
    """
    return _drawn(labels, _quota(np.bincount(labels) * count / len(labels), count), seed)[1]


def _drawn(labels: NDArray[np.int64], quota: Indices, seed: int) -> tuple[Indices, Indices]:
    """So many of each class: (indices of the rest, indices drawn), both ascending."""
    counts = np.bincount(labels)
    # Raw words of PCG64 rather than Generator.permutation: NumPy keeps the former equal across versions, the latter not.
    order = np.lexsort((np.random.PCG64(seed).random_raw(len(labels)), labels))
    rank = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)  # within the class, along `order`
    chosen = rank < np.repeat(quota, counts)
    return np.sort(order[~chosen]), np.sort(order[chosen])


def _quota(exact: NDArray[np.floating[Any]], total: int) -> Indices:
    """How many of each class, where `exact` is a share of each: by largest remainders, so that the sum is `total`."""
    quota: Indices = np.floor(exact).astype(np.int64)
    missing = total - int(quota.sum())
    quota[np.argsort(quota - exact, kind="stable")[: max(missing, 0)]] += 1
    return quota
