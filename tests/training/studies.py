"""Studies whose trials were scored by a formula instead of a training: fast, and with a known answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sightline.training.config import make_config
from sightline.training.log import write_log
from sightline.training.proposals import proposed, proposer, tell
from sightline.training.space import space_from, usual_space
from sightline.training.study import Study
from sightline.training.tuning_config import make_study

EPOCHS = 5


def study_in(path: Path, space: dict[str, Any] | None = None, **told: Any) -> Study:
    """A new study of `cnn3` on MNIST in `path`."""
    config = make_config("mnist", epochs=EPOCHS)
    found = usual_space(config) if space is None else space_from({"format": 1, "space": space}, config)
    study = Study(path, make_study(training=config, space=found.spelled(), held_out=6000, **told))
    path.mkdir(parents=True)
    study.save()
    return study


def by_rate(values: Mapping[str, Any]) -> float:
    """An accuracy that the learning rate alone decides, best at 0.003."""
    return 0.95 - 0.02 * abs(math.log10(values["learning_rate"] / 0.003))


def search(study: Study, trials: int, accuracy: Callable[[Mapping[str, Any]], float] = by_rate) -> None:
    """Let `trials` more trials end, each with the accuracy of its values, which it comes near to from epoch to epoch."""
    proposals = proposer(study)
    for _ in range(trials):
        found = proposed(study, proposals)
        if found is None:
            return
        number, trial = found
        rows: list[dict[str, float]] = []
        weak = False
        for epoch in range(1, EPOCHS + 1):
            score = accuracy(study.trial(number).values) - 0.3 * math.exp(-epoch)
            rows.append({"epoch": epoch, "val_accuracy": score, "val_loss": 1 - score, "seconds": 2.0})
            trial.report(score, epoch)
            if weak := epoch < EPOCHS and trial.should_prune():
                break
        write_log(study.run(number).log, rows)
        study.settle(number, "ended" if weak else "done")
        tell(proposals, trial, study.trial(number))
