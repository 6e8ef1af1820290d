"""What a classifier's probabilities are worth: accuracy with its interval, mistakes, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from math import isnan, sqrt
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from sightline.errors import DatasetError, ParameterError
from sightline.evaluation.words import pictures
from sightline.tempering import tempered

__all__ = ["BINS", "ClassScore", "Confused", "Evaluation", "Reliability", "wilson"]

BINS = 15
"""Equal-width bins of confidence, as in Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017)."""

Z95 = 1.959963984540054  # the 97.5 % point of the normal distribution
SMALLEST = 1e-12  # a probability of zero for the true class would make the loss infinite


@dataclass(frozen=True)
class ClassScore:
    """How one class fares; a score is NaN where it is undefined (no picture of the class, or none predicted)."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Confused:
    """`count` pictures of class `true` were taken for `predicted`: `share` of all pictures of `true`."""

    true: str
    predicted: str
    count: int
    share: float


@dataclass(frozen=True, eq=False)
class Reliability:
    """Confidence against accuracy in `BINS` bins; mean confidence and accuracy are NaN in an empty bin.

    `edges` float64 `(BINS + 1,)`; `count` int64, `confidence` and `accuracy` float64, each `(BINS,)`.
    """

    edges: NDArray[np.float64]
    count: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share of `right` out of `total` (Wilson 1927, score interval without correction).

    >>> [round(bound, 4) for bound in wilson(81, 263)]
    [0.2553, 0.3662]
    """
    if not 0 <= right <= total or total == 0:
        raise ParameterError("no share", expected="0 <= right <= total and 1 <= total", received=f"{right} of {total}")
    share, square = right / total, Z95 * Z95
    centre = (share + square / (2 * total)) / (1 + square / total)
    half = Z95 / (1 + square / total) * sqrt(share * (1 - share) / total + square / (4 * total * total))
    # At the ends the bound is exact; the sum above may miss it by a rounding error.
    return (0.0 if right == 0 else centre - half, 1.0 if right == total else centre + half)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """True labels and predicted probabilities of one split, and everything computed from them.

    `classes`: the class names. `labels`: int64 `(N,)`, indices into `classes`. `probabilities`: float32 `(N, C)` in [0, 1],
    each row summing to 1. `names`: what each picture is called. `split`: where the pictures come from ("test").
    DatasetError where these do not fit together. A tie between two classes is won by the first.

    `known`: bool `(N,)`, False where the model says that the picture is of none of the classes; all True where it is not
    given. `temperature`: what the logarithms of the probabilities were divided by.

    >>> evaluation = Evaluation(
    ...     ("cat", "dog"), np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], np.float32), ("a", "b", "c"), "test"
    ... )
    >>> round(evaluation.accuracy, 3), evaluation.finding()
    (0.667, 'Most frequent mistake: “dog” taken for “cat” (1 of 2 pictures).')
    """

    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    names: tuple[str, ...]
    split: str
    known: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    temperature: float = 1.0

    def __post_init__(self) -> None:
        count, classes = len(self.labels), len(self.classes)
        if not len(self.known):
            object.__setattr__(self, "known", np.ones(count, bool))
        _check("known", self.known, "bool", (count,))
        if classes < 2 or len(set(self.classes)) != classes:
            raise DatasetError("the classes do not fit", expected="two or more different names", received=repr(self.classes)[:80])
        _check("labels", self.labels, "int64", (count,))
        _check("probabilities", self.probabilities, "float32", (count, classes))
        if len(self.names) != count or count == 0:
            raise DatasetError(
                "nothing to evaluate" if count == 0 else "names and labels do not fit together",
                expected=f"{max(count, 1)} of each",
                received=f"{len(self.names)} names, {count} labels",
            )
        if self.labels.min() < 0 or self.labels.max() >= classes:
            raise DatasetError(
                "a label is no class", expected=f"0 to {classes - 1}", received=f"{self.labels.min()} to {self.labels.max()}"
            )
        sums = self.probabilities.sum(axis=1, dtype=np.float64)
        if not (np.abs(sums - 1).max() <= 0.01 and self.probabilities.min() >= 0):  # written so that NaN fails too
            worst = int(np.argmax(np.nan_to_num(np.abs(sums - 1), nan=np.inf)))
            raise DatasetError(
                "these are no probabilities",
                expected="rows of at least 0 that sum to 1",
                received=f"row {worst} from {self.probabilities[worst].min():.3g}, sum {sums[worst]:.3g}",
                fix="Give the network's softmax output, not its logits.",
            )

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def predictions(self) -> NDArray[np.int64]:
        """The most probable class of each picture: int64 `(N,)`."""
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)

    @cached_property
    def confidence(self) -> NDArray[np.float64]:
        """The probability of the predicted class: float64 `(N,)`."""
        return np.asarray(self.probabilities.max(axis=1), dtype=np.float64)

    @cached_property
    def correct(self) -> NDArray[np.bool_]:
        """Where the prediction is the label: bool `(N,)`."""
        return np.asarray(self.predictions == self.labels)

    @cached_property
    def accuracy(self) -> float:
        """The share of pictures labelled rightly, in [0, 1]."""
        return float(self.correct.mean())

    @cached_property
    def accuracy_interval(self) -> tuple[float, float]:
        """The 95 % interval of the accuracy, by `wilson`."""
        return wilson(int(self.correct.sum()), len(self))

    @cached_property
    def loss(self) -> float:
        """Mean cross-entropy in nats; probabilities below 1e-12 count as that."""
        true = self.probabilities[np.arange(len(self)), self.labels].astype(np.float64)
        return float(-np.log(np.clip(true, SMALLEST, 1)).mean())

    def top_k(self, k: int) -> float:
        """The share of pictures whose label is among the `k` most probable classes; 1 when there are no more than `k`."""
        if k < 1:
            raise ParameterError("invalid k", expected="at least 1", received=repr(k))
        true = self.probabilities[np.arange(len(self)), self.labels][:, None]
        first = np.arange(len(self.classes)) < self.labels[:, None]  # on a tie the first class wins, as in argmax
        rank = (self.probabilities > true).sum(axis=1) + ((self.probabilities == true) & first).sum(axis=1)
        return float((rank < k).mean())

    @cached_property
    def _report(self) -> dict[str, Any]:
        # Under numbers instead of names: a class may well be called "accuracy", a key of its own in this report.
        return cast("dict[str, Any]", self._classification_report([str(i) for i in range(len(self.classes))], output_dict=True))

    def _classification_report(self, names: Sequence[str], *, output_dict: bool) -> object:
        from sklearn.metrics import classification_report

        return classification_report(
            self.labels,
            self.predictions,
            labels=range(len(names)),
            target_names=names,
            output_dict=output_dict,
            digits=3,
            zero_division=np.nan,
        )

    def report(self) -> str:
        """Precision, recall, F1 and support of every class as a plain text table, by scikit-learn."""
        return str(self._classification_report(self.classes, output_dict=False))

    @cached_property
    def per_class(self) -> tuple[ClassScore, ...]:
        """The scores of every class, in the order of `classes`."""
        rows = [self._report[str(i)] for i in range(len(self.classes))]
        return tuple(
            ClassScore(name, float(row["precision"]), float(row["recall"]), float(row["f1-score"]), int(row["support"]))
            for name, row in zip(self.classes, rows, strict=True)
        )

    @property
    def macro(self) -> ClassScore:
        """The plain means over the classes where a score is defined; its support is N."""
        row = self._report["macro avg"]
        return ClassScore("mean of the classes", float(row["precision"]), float(row["recall"]), float(row["f1-score"]), len(self))

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """How often each true class (row) got each label (column): int64 `(C, C)`."""
        from sklearn.metrics import confusion_matrix

        matrix = confusion_matrix(self.labels, self.predictions, labels=range(len(self.classes)))
        return np.asarray(matrix, dtype=np.int64)

    @cached_property
    def confusion_shares(self) -> NDArray[np.float64]:
        """`confusion` divided by the pictures of each true class: float64 `(C, C)`, rows sum to 1 or, without pictures, to 0."""
        return np.asarray(self.confusion / np.maximum(self.confusion.sum(axis=1, keepdims=True), 1))

    def most_confused(self, n: int) -> list[Confused]:
        """The `n` most frequent mistakes, or as many as there are; on a tie in the order of the classes."""
        counts = self.confusion * ~np.eye(len(self.classes), dtype=bool)
        order = np.argsort(-counts, axis=None, kind="stable")[:n]
        pairs = [divmod(int(cell), len(self.classes)) for cell in order]
        return [
            Confused(self.classes[i], self.classes[j], int(counts[i, j]), float(self.confusion_shares[i, j]))
            for i, j in pairs
            if counts[i, j]
        ]

    def worst(self, n: int) -> list[int]:
        """The indices of the `n` mistakes made with the most confidence, or of all; on a tie the first picture first."""
        mistakes = np.flatnonzero(~self.correct)
        order = np.argsort(-self.confidence[mistakes], kind="stable")[:n]
        return [int(index) for index in mistakes[order]]

    def sample(self, n: int, seed: int = 0) -> list[int]:
        """The indices of `n` pictures, or of all, drawn without replacement by `seed` alone; in ascending order."""
        drawn = np.random.default_rng(seed).choice(len(self), size=min(n, len(self)), replace=False)
        return sorted(int(index) for index in drawn)

    @cached_property
    def reliability(self) -> Reliability:
        """Confidence against accuracy, in bins that hold their upper edge."""
        edges = np.linspace(0, 1, BINS + 1)
        where = np.clip(np.digitize(self.confidence, edges, right=True) - 1, 0, BINS - 1)
        count = np.bincount(where, minlength=BINS)
        sums = [np.bincount(where, weights=values, minlength=BINS) for values in (self.confidence, self.correct)]
        confidence, accuracy = (np.divide(s, count, out=np.full(BINS, np.nan), where=count > 0) for s in sums)
        return Reliability(edges, count.astype(np.int64), confidence, accuracy)

    @cached_property
    def ece(self) -> float:
        """The expected calibration error in [0, 1]: how far confidence is from accuracy, averaged over the pictures.

        The mean of |accuracy - confidence| over the bins, weighed by their pictures (Guo et al. 2017, equation 3).
        """
        bins = self.reliability
        return float(np.nansum(np.abs(bins.accuracy - bins.confidence) * bins.count) / len(self))

    @cached_property
    def uncalibrated(self) -> Evaluation:
        """The same with the probabilities as they were before the temperature."""
        before = tempered(self.probabilities, 1 / self.temperature).astype(np.float32)
        return replace(self, probabilities=before, temperature=1.0)

    @property
    def unknown(self) -> int:
        """How many pictures the model says are of none of the classes."""
        return len(self) - int(self.known.sum())

    @property
    def known_accuracy(self) -> float:
        """The accuracy on the pictures that are known; NaN where none is."""
        return float(self.correct[self.known].mean()) if self.known.any() else float("nan")

    def __repr__(self) -> str:
        return f"<Evaluation of {pictures(len(self))} ({self.split}): accuracy {self.accuracy:.2%}>"

    def finding(self) -> str:
        """The mistakes in one sentence."""
        pairs = self.most_confused(1)
        if not pairs:
            return f"No mistakes: {pictures(len(self))} labelled, each rightly."
        worst = pairs[0]
        mistakes = len(self) - int(self.correct.sum())
        if worst.count == 1 and mistakes > 1:
            return f"Mistakes are scattered: {mistakes:,} in {pictures(len(self))}, and no two of the same kind."
        support = int(self.confusion[self.classes.index(worst.true)].sum())
        return f"Most frequent mistake: “{worst.true}” taken for “{worst.predicted}” ({worst.count:,} of {pictures(support)})."

    def to_dict(self) -> dict[str, Any]:
        """Everything measured as plain values that JSON takes; a score that is undefined is None."""
        low, high = self.accuracy_interval
        return {
            "split": self.split,
            "pictures": len(self),
            "accuracy": self.accuracy,
            "accuracy_interval_95": [low, high],
            "top_5_accuracy": self.top_k(5) if len(self.classes) > 5 else None,
            "loss": self.loss,
            "ece": self.ece,
            "ece_before": self.uncalibrated.ece,
            "temperature": self.temperature,
            "unknown": self.unknown,
            "known_accuracy": None if isnan(self.known_accuracy) else self.known_accuracy,
            "macro": _plain(self.macro),
            "classes": [_plain(score) for score in self.per_class],
            "confusion": self.confusion.tolist(),
            "most_confused": [asdict(pair) for pair in self.most_confused(10)],
            "finding": self.finding(),
        }


def _check(what: str, array: object, dtype: str, shape: tuple[int, ...]) -> None:
    if not isinstance(array, np.ndarray) or array.dtype != dtype or array.shape != shape:
        received = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
        raise DatasetError(f"the {what} do not fit", expected=f"{dtype} {shape}", received=received)


def _plain(score: ClassScore) -> dict[str, Any]:
    return {key: None if isinstance(value, float) and isnan(value) else value for key, value in asdict(score).items()}
