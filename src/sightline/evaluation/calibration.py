"""Making a classifier as right as it is sure, and letting it say that it does not know: one temperature, one threshold."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.errors import DatasetError, ParameterError

__all__ = ["TEMPERATURES", "fit_temperature", "fit_threshold"]

TEMPERATURES = (0.05, 20.0)
"""Where a temperature is looked for; one at a bound says that the probabilities are far from any calibration."""

GOLDEN = (5**0.5 - 1) / 2
PRECISION = 1e-6  # of the logarithm of the temperature


def fit_temperature(probabilities: NDArray[np.floating[Any]], labels: NDArray[np.int64]) -> float:
    """The temperature in `TEMPERATURES` that makes the labels `(N,)` likeliest under probabilities `(N, C)`.

    Above 1 the classifier was too sure, below 1 not sure enough; which label is the likeliest never changes. Fit it on pictures
    that were not trained on. Where every picture is labelled rightly no temperature is the likeliest, and it stays 1. Guo et
    al., "On Calibration of Modern Neural Networks" (ICML 2017), section 4.2. DatasetError without pictures.

    >>> from sightline.tempering import tempered
    >>> surely = np.array([[0.99, 0.01]] * 4)
    >>> round(float(tempered(surely, fit_temperature(surely, np.array([0, 0, 0, 1])))[0, 0]), 3)
    0.75
    """
    if len(labels) == 0 or len(labels) != len(probabilities):
        raise DatasetError(
            "no temperature can be fitted", expected="as many labels as rows", received=f"{len(labels)} of {len(probabilities)}"
        )
    logs = _logs(probabilities)
    true = logs[np.arange(len(labels)), labels]
    if not true.any():
        return 1.0

    def loss(exponent: float) -> float:
        """The mean negative log-likelihood, which is convex in 1 / temperature and so has one lowest point."""
        inverse = np.exp(-exponent)
        return float((np.log(np.exp(logs * inverse).sum(axis=1)) - true * inverse).mean())

    low, high = np.log(TEMPERATURES)
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    left_loss, right_loss = loss(left), loss(right)
    while high - low > PRECISION:  # the golden section search (Kiefer 1953)
        if left_loss <= right_loss:
            high, right, right_loss = right, left, left_loss
            left = high - GOLDEN * (high - low)
            left_loss = loss(left)
        else:
            low, left, left_loss = left, right, right_loss
            right = low + GOLDEN * (high - low)
            right_loss = loss(right)
    return float(np.exp((low + high) / 2))


def fit_threshold(strangeness: NDArray[np.floating[Any]], rejection: float) -> float:
    """The lowest value of `strangeness` `(N,)` that at most a share `rejection` of the pictures lies beyond.

    The larger a picture's value, the less it is like the others. ParameterError unless 0 <= rejection < 1.

    >>> fit_threshold(np.arange(100.0), 0.02)
    97.0
    """
    if not 0 <= rejection < 1:
        raise ParameterError("invalid rejection", expected="at least 0 and less than 1", received=repr(rejection))
    if len(strangeness) == 0:
        raise DatasetError("no threshold can be fitted", expected="at least 1 picture", received="none")
    beyond = int(rejection * len(strangeness) + 1e-9)  # 0.29 x 100 is 28.999...
    return float(np.sort(strangeness)[len(strangeness) - 1 - beyond])


def _logs(probabilities: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """The logarithms, less the largest of each row; a probability that float32 has rounded to 0 counts as its smallest."""
    logs = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny), dtype=np.float64)
    return np.asarray(logs - logs.max(axis=1, keepdims=True))
