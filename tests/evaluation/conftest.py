"""A real evaluation, small ones that say exactly what they hold, and records made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.naive_bayes import GaussianNB

from sightline.evaluation import Cost, DataFacts, Evaluation, RunRecord, shown_indices

MakeRecord = Callable[..., RunRecord]


def history(epochs: int, *, validation: bool = True) -> list[dict[str, float]]:
    """A training that gets better, its validation until epoch 4."""
    rows = []
    for epoch in range(1, epochs + 1):
        row = {"epoch": epoch, "loss": 1 / epoch, "accuracy": 1 - 0.5 / epoch, "lr": 0.001, "seconds": 2.0}
        row["pictures_per_second"] = 1000.0 + epoch
        if validation:
            row |= {"val_loss": 0.3 + abs(epoch - 4) / 10, "val_accuracy": 0.9 - abs(epoch - 4) / 100}
        rows.append(row)
    return rows


def evaluation_of(labels: Sequence[int], predictions: Sequence[int], classes: int, names: Sequence[str] = ()) -> Evaluation:
    """An evaluation with these labels and predictions, each made with a confidence of about 0.9."""
    sure = np.full(len(labels), 0.9)
    return with_confidence(labels, predictions, sure, classes, names)


def with_confidence(
    labels: Sequence[int], predictions: Sequence[int], sure: NDArray[np.float64], classes: int, names: Sequence[str] = ()
) -> Evaluation:
    """An evaluation with these labels, predictions and confidences; the other classes share the rest evenly."""
    probabilities = np.repeat(((1 - sure) / (classes - 1))[:, None], classes, axis=1)
    probabilities[np.arange(len(labels)), predictions] = sure
    titles = tuple(names) or tuple(f"class {i}" for i in range(classes))
    files = tuple(f"picture-{i}.png" for i in range(len(labels)))
    return Evaluation(titles, np.array(labels, np.int64), probabilities.astype(np.float32), files, "test")


def random_evaluation(classes: int, count: int, names: Sequence[str] = (), seed: int = 0) -> Evaluation:
    """An evaluation with about three mistakes in ten."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, count)
    predictions = np.where(random.random(count) < 0.7, labels, random.integers(0, classes, count))
    return with_confidence(labels.tolist(), predictions.tolist(), random.uniform(0.6, 0.999, count), classes, names)


@pytest.fixture(scope="session")
def digits() -> Evaluation:
    """A naive Bayes classifier on the last third of scikit-learn's digits."""
    data = load_digits()
    pixels, labels = data.data / 16, data.target
    model = GaussianNB(var_smoothing=0.05).fit(pixels[:1200], labels[:1200])
    probabilities = model.predict_proba(pixels[1200:]).astype(np.float32)
    names = tuple(f"digits[{i}]" for i in range(1200, len(labels)))
    return Evaluation(tuple("0123456789"), labels[1200:].astype(np.int64), probabilities, names, "test")


@pytest.fixture
def make_record() -> MakeRecord:
    """A function that makes a record of an evaluation; keywords replace its other fields."""

    def make(evaluation: Evaluation, **changes: Any) -> RunRecord:
        random = np.random.default_rng(1)
        photo = random.integers(0, 256, (60, 40, 3)).astype(np.uint8)
        fields: dict[str, Any] = {
            "title": "cnn3 on digits",
            "dataset": DataFacts(
                "digits", "Handwritten digits", {"train": 1200, "test": 597}, "ab" * 32, homepage="https://example.org/"
            ),
            "model": "cnn3",
            "preset": "quick",
            "epochs": 6,
            "started": "2026-01-09T14:03:59+00:00",
            "seconds": 252.0,
            "evaluation": evaluation,
            "pictures": {i: random.integers(0, 256, (8, 8)).astype(np.uint8) for i in shown_indices(evaluation)},
            "cost": Cost(93322, 12_400_000, 402_113, 74.3, "one thread"),
            "history": history(6),
            "chosen_epoch": 4,
            "traces": [("photo.jpg", [("picture", photo), ("to_gray", photo[..., 0] / np.float32(255))])],
            "baseline": ("nearest mean", 0.8),
            "config": {"seed": 0, "augment": ["shift"]},
            "environment": {"python": "3.11"},
            "shell": ("sightline predict bundle photo.jpg",),
            "python": ("import sightline",),
            "notes": ("evaluated on few pictures",),
        }
        return RunRecord(**(fields | changes))

    return make
