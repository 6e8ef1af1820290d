"""What a report is made of: a run's facts, its history, its evaluation and the pictures to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sightline.data.dataset import Dataset
from sightline.errors import ParameterError
from sightline.evaluation.metrics import Evaluation
from sightline.image import Image, check_image

__all__ = [
    "SAMPLE",
    "Cost",
    "DataFacts",
    "History",
    "RunRecord",
    "Trace",
    "example_indices",
    "shown_indices",
    "worst_indices",
]

SAMPLE = 24
EXAMPLES = 6

History = Sequence[Mapping[str, float]]
"""A row for each epoch: epoch (from 1), loss, accuracy, lr, seconds, pictures_per_second and, where there is validation,
val_loss and val_accuracy."""

Trace = tuple[str, Sequence[tuple[str, Image]]]
"""A picture's name and, step by step, what the step is called and what it gave."""


@dataclass(frozen=True)
class DataFacts:
    """What a report says of the data; `counts` are the pictures of each split, `homepage` a link or nothing."""

    name: str
    title: str
    counts: Mapping[str, int]
    fingerprint: str
    licence: str = ""
    citation: str = ""
    split_rule: str = ""
    homepage: str = ""

    @classmethod
    def of(cls, dataset: Dataset, split_rule: str = "") -> DataFacts:
        """Gather the facts of a loaded dataset."""
        known = {key: str(dataset.facts.get(key) or "") for key in ("licence", "citation", "homepage")}
        counts = {name: len(split) for name, split in dataset.splits().items()}
        title = str(dataset.facts.get("title") or dataset.name)
        return cls(dataset.name, title, counts, dataset.fingerprint, split_rule=split_rule, **known)


@dataclass(frozen=True)
class Cost:
    """What the model needs: weights, operations and time for one picture, bytes of the bundle.

    `latency_us` in microseconds, None where it was not measured; `latency_text` says on what and how ("one thread, ...").
    """

    parameters: int
    flops: int
    bundle_bytes: int
    latency_us: float | None = None
    latency_text: str = ""


@dataclass(frozen=True, eq=False)
class RunRecord:
    """Everything that plots and report are made from.

    `started`: an ISO 8601 time. `seconds`: how long training took. `history`: empty where nothing was trained.
    `pictures`: the network's input by index, uint8 `(H, W)` or `(H, W, 3)`, for `shown_indices(evaluation, seed)` at least.
    `traces`: what the pipeline makes of some pictures. `baseline`: what a plain method reaches, as (what it is, accuracy in
    [0, 1]). `chosen_epoch`: whose weights are kept. `shell`, `python`: lines that use this run. `notes`: what a reader must
    know before trusting the numbers. `maps`: for the worst mistakes, by index, what of the wrong answer's probability each place
    of the picture holds: float32 `(H, W)`, as `occlusion` gives it. ParameterError names a picture that is missing.
    """

    title: str
    dataset: DataFacts
    model: str
    preset: str
    epochs: int
    started: str
    seconds: float
    evaluation: Evaluation
    pictures: Mapping[int, Image]
    cost: Cost
    history: History = ()
    chosen_epoch: int | None = None
    traces: Sequence[Trace] = ()
    baseline: tuple[str, float] | None = None
    config: Mapping[str, object] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    shell: tuple[str, ...] = ()
    python: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seed: int = 0
    maps: Mapping[int, NDArray[np.float32]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        missing = [index for index in shown_indices(self.evaluation, self.seed) if index not in self.pictures]
        if missing:
            raise ParameterError(
                "pictures are missing from the record",
                expected="those of shown_indices(evaluation, seed)",
                received=f"none for {missing[:5]}",
            )
        for index, picture in self.pictures.items():
            check_image(picture, what=f"picture {index}", dtypes=("uint8",), channels=(1, 3))
        for index, found in self.maps.items():
            if index not in self.pictures or found.shape != self.pictures[index].shape[:2]:
                raise ParameterError("a map does not fit its picture", expected="the same size", received=f"map {index}")


def shown_indices(evaluation: Evaluation, seed: int = 0) -> list[int]:
    """The pictures a report shows, by index and ascending: the worst mistakes, a random sample, the most frequent mistake."""
    shown = {*evaluation.worst(SAMPLE), *evaluation.sample(SAMPLE, seed), *example_indices(evaluation)}
    return sorted(shown)


def worst_indices(evaluation: Evaluation) -> list[int]:
    """The mistakes a report shows, the most confident first: those that have a map."""
    return evaluation.worst(SAMPLE)


def example_indices(evaluation: Evaluation) -> list[int]:
    """Up to six pictures of the most frequent mistake, the most confident first."""
    pairs = evaluation.most_confused(1)
    if not pairs:
        return []
    true, predicted = (evaluation.classes.index(name) for name in (pairs[0].true, pairs[0].predicted))
    mistakes = evaluation.worst(len(evaluation))
    return [i for i in mistakes if evaluation.labels[i] == true and evaluation.predictions[i] == predicted][:EXAMPLES]
