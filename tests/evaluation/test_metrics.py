"""The numbers, against scikit-learn, published values and sums done by hand."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as oracle

from sightline.errors import DatasetError, ParameterError
from sightline.evaluation import Evaluation, wilson

from .conftest import evaluation_of, random_evaluation, with_confidence


def test_accuracy_loss_and_top_k_agree_with_scikit_learn(digits: Evaluation) -> None:
    probabilities = digits.probabilities.astype(np.float64)
    assert digits.accuracy == pytest.approx(oracle.accuracy_score(digits.labels, digits.predictions))
    clipped = np.clip(probabilities, 1e-12, 1)
    expected = -np.mean([np.log(row[label]) for row, label in zip(clipped, digits.labels, strict=True)])
    assert digits.loss == pytest.approx(expected)
    for k in (2, 3, 5):
        assert digits.top_k(k) == pytest.approx(oracle.top_k_accuracy_score(digits.labels, probabilities, k=k, labels=range(10)))


def test_scores_of_the_classes_agree_with_scikit_learn(digits: Evaluation) -> None:
    precision, recall, f1, support = oracle.precision_recall_fscore_support(digits.labels, digits.predictions, labels=range(10))
    for number, score in enumerate(digits.per_class):
        expected = pytest.approx((precision[number], recall[number], f1[number], support[number]))
        assert (score.precision, score.recall, score.f1, score.support) == expected
    assert digits.macro.f1 == pytest.approx(oracle.f1_score(digits.labels, digits.predictions, average="macro"))


def test_confusion_counts_each_picture_once_with_the_truth_in_rows() -> None:
    evaluation = evaluation_of([0, 0, 0, 1, 2, 2], [0, 1, 1, 1, 2, 0], 3)
    assert evaluation.confusion.tolist() == [[1, 2, 0], [0, 1, 0], [1, 0, 1]]
    assert evaluation.confusion_shares.tolist() == [[pytest.approx(1 / 3), pytest.approx(2 / 3), 0], [0, 1, 0], [0.5, 0, 0.5]]


# Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), table I, method 3.
@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_published_intervals(right: int, total: int, low: float, high: float) -> None:
    assert wilson(right, total) == pytest.approx((low, high), abs=5e-5)


def test_wilson_is_symmetric_and_holds_the_ends() -> None:
    assert wilson(29, 29)[1] == 1.0
    low, high = wilson(7, 50)
    assert wilson(43, 50) == pytest.approx((1 - high, 1 - low))
    with pytest.raises(ParameterError, match="3 of 0"):
        wilson(3, 0)


def test_expected_calibration_error_by_hand() -> None:
    # Four pictures in the bin of 0.9, three right; two in the bin of 0.55, none right.
    sure = np.array([0.9, 0.9, 0.9, 0.9, 0.55, 0.55])
    evaluation = with_confidence([0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 0, 0], sure, 2)
    assert evaluation.ece == pytest.approx(4 / 6 * abs(0.75 - 0.9) + 2 / 6 * abs(0 - 0.55), abs=1e-6)
    assert evaluation.reliability.count.tolist() == [0] * 8 + [2] + [0] * 4 + [4, 0]


def test_full_confidence_falls_into_the_last_bin_and_an_edge_into_the_bin_below() -> None:
    evaluation = with_confidence([0, 0], [0, 0], np.array([1.0, 0.5]), 2)
    bins = evaluation.reliability
    assert bins.count[-1] == 1
    assert bins.count[7] == 1  # (7/15, 8/15] holds 0.5
    assert np.isnan(bins.accuracy[0])


def test_most_confused_is_ordered_by_count_then_by_class() -> None:
    evaluation = evaluation_of([0, 0, 1, 2, 2, 2, 2], [1, 1, 0, 0, 1, 1, 2], 3)
    found = [(pair.true, pair.predicted, pair.count, pair.share) for pair in evaluation.most_confused(3)]
    assert found == [("class 0", "class 1", 2, 1.0), ("class 2", "class 1", 2, 0.5), ("class 1", "class 0", 1, 1.0)]
    assert len(evaluation.most_confused(50)) == 4


def test_worst_are_mistakes_the_surest_first_and_ties_in_order() -> None:
    sure = np.array([0.99, 0.7, 0.8, 0.8, 0.95])
    evaluation = with_confidence([0, 0, 0, 0, 0], [0, 1, 1, 1, 1], sure, 2)
    assert evaluation.worst(3) == [4, 2, 3]
    assert evaluation.worst(99) == [4, 2, 3, 1]


def test_a_sample_depends_on_the_seed_alone(digits: Evaluation) -> None:
    assert digits.sample(24, seed=3) == digits.sample(24, seed=3)
    assert digits.sample(24, seed=3) != digits.sample(24, seed=4)
    assert len(set(digits.sample(24))) == 24
    assert digits.sample(10_000) == list(range(len(digits)))


def test_ties_between_classes_are_won_by_the_first_everywhere() -> None:
    even = np.full((2, 4), 0.25, np.float32)
    evaluation = Evaluation(("a", "b", "c", "d"), np.array([0, 2]), even, ("x", "y"), "test")
    assert evaluation.predictions.tolist() == [0, 0]
    assert [evaluation.top_k(k) for k in (1, 2, 3, 4, 9)] == [0.5, 0.5, 1.0, 1.0, 1.0]
    with pytest.raises(ParameterError, match="at least 1"):
        evaluation.top_k(0)


def test_a_class_without_pictures_has_no_score_and_hides_nothing() -> None:
    evaluation = evaluation_of([0, 0, 1, 1], [0, 0, 1, 0], 4)
    missing = evaluation.per_class[2]
    assert missing.support == 0
    assert np.isnan([missing.precision, missing.recall, missing.f1]).all()
    assert evaluation.confusion.shape == (4, 4)
    assert evaluation.to_dict()["classes"][2]["recall"] is None


def test_classes_may_bear_the_names_of_averages() -> None:
    evaluation = evaluation_of([0, 1, 2], [0, 1, 1], 3, ("accuracy", "macro avg", "weighted avg"))
    assert [score.recall for score in evaluation.per_class] == [1.0, 1.0, 0.0]
    assert "weighted avg" in evaluation.report()


@pytest.mark.parametrize(
    ("labels", "predictions", "sentence"),
    [
        ([0, 1], [0, 1], "No mistakes: 2 pictures labelled, each rightly."),
        ([0, 0, 0, 1], [1, 1, 0, 1], "Most frequent mistake: “class 0” taken for “class 1” (2 of 3 pictures)."),
        ([1, 0], [0, 0], "Most frequent mistake: “class 1” taken for “class 0” (1 of 1 picture)."),
        ([0, 1], [1, 0], "Mistakes are scattered: 2 in 2 pictures, and no two of the same kind."),
    ],
)
def test_the_finding_is_a_sentence(labels: list[int], predictions: list[int], sentence: str) -> None:
    assert evaluation_of(labels, predictions, 2).finding() == sentence


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_the_summary_is_json_and_holds_the_numbers(classes: int) -> None:
    evaluation = random_evaluation(classes, 300)
    read = json.loads(json.dumps(evaluation.to_dict(), allow_nan=False))
    assert read["accuracy"] == evaluation.accuracy
    assert read["accuracy_interval_95"][0] < read["accuracy"] < read["accuracy_interval_95"][1]
    assert np.sum(read["confusion"]) == read["pictures"] == 300
    assert (read["top_5_accuracy"] is None) == (classes < 6)


def test_what_does_not_fit_together_is_refused() -> None:
    good = evaluation_of([0, 1], [0, 1], 2)
    fields: dict[str, Any] = {field.name: getattr(good, field.name) for field in dataclasses.fields(good)}
    for change, message in (
        ({"labels": np.array([0, 2])}, "a label is no class: expected 0 to 1, received 0 to 2"),
        ({"labels": np.array([0, 1], np.int32)}, "expected int64"),
        (
            {
                "labels": np.array([], np.int64),
                "probabilities": np.zeros((0, 2), np.float32),
                "names": (),
                "known": np.zeros(0, bool),
            },
            "nothing to evaluate",
        ),
        ({"names": ("only one",)}, "1 names, 2 labels"),
        ({"known": np.ones(3, bool)}, r"known do not fit: expected bool \(2,\)"),
        ({"classes": ("same", "same")}, "different names"),
        ({"probabilities": np.array([[3, -2], [0.5, 0.5]], np.float32)}, "softmax"),
        ({"probabilities": np.array([[0.5, np.nan], [0.5, 0.5]], np.float32)}, "no probabilities"),
        ({"probabilities": good.probabilities[:, :1]}, r"expected float32 \(2, 2\)"),
    ):
        with pytest.raises(DatasetError, match=message):
            Evaluation(**(fields | change))


def test_the_package_loads_neither_scikit_learn_nor_matplotlib() -> None:
    code = (
        "import sys\nfrom sightline.evaluation import Evaluation\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'sklearn', 'matplotlib', 'jinja2', 'scipy'}))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.strip() == "[]"


def test_every_public_name_is_there() -> None:
    package = import_module("sightline.evaluation")
    assert all(hasattr(package, name) for name in package.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        package.nonsense  # noqa: B018
