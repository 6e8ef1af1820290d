"""Probable label errors by confident learning: where a classifier surely sees another class than the label says.

Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels" (JAIR 2021). The probabilities must be
out of sample: of pictures that the classifier was not trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sightline.errors import ParameterError
from sightline.evaluation.metrics import Evaluation
from sightline.evaluation.pictures import Caption, tiles
from sightline.evaluation.words import percent, pictures
from sightline.image import Image

__all__ = ["Suspect", "class_thresholds", "confident_class", "find_suspects", "suspect_sheet"]


@dataclass(frozen=True)
class Suspect:
    """A picture whose label may be wrong: `given` is the label, `supposed` the class it looks like.

    `index` is its place in the split, `confidence` the probability of `supposed`, `self_confidence` that of `given`. `margin` is
    the latter less the largest of the other classes, in [-1, 1]: the lower, the more suspect. `sure`: the confident joint counts
    it as an error, since `confidence` reaches the class's threshold.
    """

    index: int
    name: str
    given: str
    supposed: str
    confidence: float
    self_confidence: float
    margin: float
    sure: bool


def class_thresholds(probabilities: NDArray[np.floating[Any]], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """How sure the classifier is of a class on average, where it is the label: float64 `(C,)`, infinite without a picture.

    Equation 2 of the paper: whoever is at least that sure of a class counts as confidently of it.
    """
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    own = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    sums = np.bincount(labels, weights=own, minlength=probabilities.shape[1])
    return np.asarray(np.divide(sums, counts, out=np.full(len(counts), np.inf), where=counts > 0))


def confident_class(probabilities: NDArray[np.floating[Any]], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """The class each picture is confidently of, int64 `(N,)`: of those that reach their threshold the likeliest; -1 if none.

    With the labels these are the rows and columns of the confident joint, equation 1 of the paper.

    >>> odds = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.3, 0.7], [0.2, 0.8]])
    >>> confident_class(odds, np.array([0, 0, 0, 1, 1])).tolist()
    [0, 0, 1, -1, 1]
    """
    reached = np.where(probabilities >= class_thresholds(probabilities, labels), probabilities, -1.0)
    return np.where(reached.max(axis=1) >= 0, reached.argmax(axis=1), -1).astype(np.int64)


def find_suspects(evaluation: Evaluation, at_least: int = 0) -> list[Suspect]:
    """The pictures that look more like another class than their label's, the most suspect first, by the normalized margin.

    Where these are fewer than `at_least`, those follow that look almost as much like another class: a good classifier has learnt
    many of the wrong labels, too, and is right by them.
    """
    probabilities, labels = evaluation.probabilities.astype(np.float64), evaluation.labels
    confident = confident_class(probabilities, labels)
    rows = np.arange(len(labels))
    own = probabilities[rows, labels]
    others = probabilities.copy()
    others[rows, labels] = -1
    margin = own - others.max(axis=1)
    sure = (confident >= 0) & (confident != labels)
    supposed = np.where(sure, confident, others.argmax(axis=1))
    order = np.argsort(margin, kind="stable")
    found = order[: max(int((margin < 0).sum()), at_least)]
    return [
        Suspect(
            index=int(index),
            name=evaluation.names[index],
            given=evaluation.classes[labels[index]],
            supposed=evaluation.classes[supposed[index]],
            confidence=float(probabilities[index, supposed[index]]),
            self_confidence=float(own[index]),
            margin=float(margin[index]),
            sure=bool(sure[index]),
        )
        for index in found
    ]


def suspect_sheet(suspects: Sequence[Suspect], images: Sequence[Image], total: int) -> Figure:
    """The suspects as tiles: the picture, the label given → the label supposed, and how sure. `total`: of how many pictures."""
    if not suspects:
        raise ParameterError("no suspects to draw", expected="at least 1", received="none")
    captions = [
        Caption(f"{suspect.given} → {suspect.supposed}, {percent(suspect.confidence, 1)}", suspect.name) for suspect in suspects
    ]
    return tiles(images, captions, f"The {len(suspects):,} most doubtful labels of {pictures(total)}: given → supposed")
