"""Probabilities of the training pictures by networks that have not seen them: cross-validation with a run's own recipe.

A teacher has no part in it, having seen the pictures.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.errors import DatasetError
from sightline.events import Listener, Note
from sightline.training.config import TrainConfig
from sightline.training.initial import Learnt
from sightline.training.session import Inputs, begin_with, build, make_trainer, shipped_form

__all__ = ["out_of_fold"]

BATCH = 500


def out_of_fold(
    config: TrainConfig, inputs: Inputs, folds: int, weights: Path | Learnt | None, on_event: Listener
) -> NDArray[np.float32]:
    """Train `folds` networks, each without one part of the training pictures, and ask it about that part: `(N, classes)`.

    The parts hold the classes in the same shares and are drawn by the seed. Every network begins with `weights`, as the run did
    (`begin_with`); None: random ones. DatasetError where a class is too small.
    """
    from sklearn.model_selection import StratifiedKFold

    pictures, labels = inputs.train
    counts = np.bincount(labels, minlength=len(inputs.dataset.classes))
    smallest = int(counts[counts > 0].min())
    if not 2 <= folds <= smallest:
        raise DatasetError(
            "the training pictures cannot be parted so",
            expected=f"2 to {smallest} folds, for the smallest class",
            received=str(folds),
        )
    result = np.empty((len(labels), len(counts)), np.float32)
    parts = StratifiedKFold(folds, shuffle=True, random_state=config.seed).split(labels, labels)
    for number, (rest, part) in enumerate(parts, 1):
        on_event(Note(f"Training network {number} of {folds}, on {len(rest):,} of {len(labels):,} pictures"))
        some = inputs.take(rest)
        network = build(config, some)
        if weights is not None:
            begin_with(weights, config, some, network)
        make_trainer(config, some, network, on_event).run(None)
        shipped, _ = shipped_form(config, some, network)
        for start in range(0, len(part), BATCH):
            chosen = part[start : start + BATCH]
            result[chosen] = shipped.predict_on_batch(pictures[chosen].astype(np.float32) / np.float32(255))
    return result
