"""Temperatures and thresholds against SciPy, a fine grid, and data whose true temperature is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from sightline.errors import DatasetError, ParameterError
from sightline.evaluation import Evaluation
from sightline.evaluation.calibration import TEMPERATURES, fit_temperature, fit_threshold
from sightline.tempering import tempered


def drawn(temperature: float, count: int = 40_000) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Probabilities, and labels drawn from them after their logarithms were divided by `temperature`."""
    random = np.random.default_rng(5)
    logits = random.normal(size=(count, 6)) * 3
    edges = softmax(logits / temperature, axis=1).cumsum(axis=1)
    labels = (random.random((count, 1)) > edges).sum(axis=1).clip(0, 5)
    return softmax(logits, axis=1).astype(np.float32), labels.astype(np.int64)


@pytest.mark.parametrize("true", [0.4, 1.0, 2.5])
def test_the_temperature_that_made_the_labels_is_found(true: float) -> None:
    probabilities, labels = drawn(true)
    assert fit_temperature(probabilities, labels) == pytest.approx(true, rel=0.03)


def test_the_same_temperature_as_scipy_and_a_fine_grid(digits: Evaluation) -> None:
    logs = np.log(np.maximum(digits.probabilities.astype(np.float64), np.finfo(np.float32).tiny))

    def loss(temperature: float) -> float:
        return float(-log_softmax(logs / temperature, axis=1)[np.arange(len(digits)), digits.labels].mean())

    found = fit_temperature(digits.probabilities, digits.labels)
    assert found == pytest.approx(minimize_scalar(loss, bounds=TEMPERATURES, method="bounded", options={"xatol": 1e-8}).x, rel=1e-4)
    assert loss(found) <= min(loss(value) for value in np.geomspace(*TEMPERATURES, 2000)) + 1e-12
    assert found > 1.5, "naive Bayes is known for being too sure"
    after = Evaluation(
        digits.classes,
        digits.labels,
        tempered(digits.probabilities, found).astype(np.float32),
        digits.names,
        "test",
        temperature=found,
    )
    assert after.ece < 0.8 * digits.ece
    assert after.accuracy == digits.accuracy
    assert after.uncalibrated.ece == pytest.approx(digits.ece, abs=1e-4)
    assert after.to_dict()["ece_before"] == pytest.approx(digits.ece, abs=1e-4)


def test_where_no_temperature_is_likeliest_it_stays_one_or_at_a_bound() -> None:
    sure = np.array([[0.9, 0.1], [0.2, 0.8]], np.float32)
    assert fit_temperature(sure, np.array([0, 1])) == 1
    assert fit_temperature(sure, np.array([1, 0])) == pytest.approx(TEMPERATURES[1], rel=1e-4)
    certain = np.array([[1, 0], [1, 0], [1, 0]], np.float32)  # and once wrong: no probability is exactly 0
    assert np.isfinite(fit_temperature(certain, np.array([0, 0, 1])))
    with pytest.raises(DatasetError, match="0 of 0"):
        fit_temperature(np.empty((0, 2)), np.empty(0, np.int64))


def test_a_threshold_turns_away_no_more_than_it_says() -> None:
    values = np.random.default_rng(1).gamma(2.0, size=1234)
    for rejection in (0.0, 0.01, 0.1, 0.29, 0.999):
        beyond = int((values > fit_threshold(values, rejection)).sum())
        assert rejection * 1234 - 1 < beyond <= rejection * 1234
    assert fit_threshold(np.ones(100), 0.02) == 1, "equal values are all kept"
    for wrong in (-0.1, 1.0, float("nan")):
        with pytest.raises(ParameterError, match="invalid rejection"):
            fit_threshold(values, wrong)


def test_what_is_unknown_is_counted() -> None:
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.2, 0.8]], np.float32)
    known = np.array([True, False, True, True])
    found = Evaluation(("a", "b"), np.array([0, 1, 1, 0]), probabilities, tuple("wxyz"), "test", known, 0.5)
    assert (found.unknown, found.accuracy) == (1, 0.5)
    assert found.known_accuracy == pytest.approx(2 / 3)
    # at a temperature of 1/2 the odds of 9 were 3 before
    assert found.uncalibrated.probabilities[0].tolist() == pytest.approx([0.75, 0.25])
    nothing = Evaluation(("a", "b"), np.array([0]), probabilities[:1], ("w",), "test", np.array([False]))
    assert nothing.to_dict()["known_accuracy"] is None
