"""Looking for wrong labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sightline.errors import InputError, ParameterError
from sightline.events import Listener, Note
from sightline.jobs.checks import check_spared
from sightline.jobs.models import Model, place_of, trial_of
from sightline.jobs.trainings import first_weights
from sightline.notebook import default_listener

if TYPE_CHECKING:
    from sightline.evaluation import Evaluation
    from sightline.evaluation.suspects import Suspect
    from sightline.training.again import Trial

__all__ = ["Suspicion", "suspects"]


@dataclass(frozen=True)
class Suspicion:
    """The labels of a split that are probably wrong, the most suspect first.

    `pictures`: how many were looked at; `doubtful`: how many look more like another class; `errors`: how many of these the
    confident joint counts as wrong. `found` holds as many as were asked for, the most doubtful first.
    """

    split: str
    pictures: int
    doubtful: int
    errors: int
    found: tuple[Suspect, ...]

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data for JSON."""
        from dataclasses import asdict

        return asdict(self)


def suspects(
    model: Model,
    *,
    split: Literal["test", "validation", "train"] = "test",
    folds: int = 3,
    top: int = 25,
    output: str | Path | None = None,
    data: str | None = None,
    on_event: Listener = default_listener,
) -> Suspicion:
    """Find the `top` labels of a run's or bundle's data that are probably wrong, by confident learning (Northcutt et al. 2021).

    The model must not have been trained on what it judges: of `train` a run's recipe trains `folds` networks anew, each on the
    other pictures, and without a teacher. `output`: a PNG or SVG to draw the pictures on. InputError for what cannot be; nothing
    else is written. UnknownNameError for a model or data, DatasetError for a split that there is not or too many `folds`,
    ParameterError for a `top` below 1 or another ending of `output`.

    >>> import sightline as sl
    >>> found = sl.suspects("mnist", data="digits", top=1)
    >>> found.split, found.pictures, found.found[0].given, found.found[0].supposed
    ('test', 359, '9', '3')
    """
    from sightline.evaluation.page import check_target, save_figure
    from sightline.evaluation.suspects import find_suspects, suspect_sheet
    from sightline.training.folder import RunFolder

    if output is not None:
        check_target(output, (".png", ".svg"))
    if top < 1:
        raise ParameterError("invalid top", expected="at least 1", received=repr(top))
    if split == "train" and (data or not RunFolder(Path(place_of(model))).is_run):
        raise InputError("the training pictures need the run that was trained on them", fix="Name a run, without --data.")
    trial = trial_of(model, data, on_event, split=split)
    check_spared(trial.dataset, output)
    evaluation, places = _out_of_sample(trial, folds, on_event)
    ranked = find_suspects(evaluation, top)
    found = ranked[:top]
    doubtful = [suspect for suspect in ranked if suspect.margin < 0]
    if output is not None and found:
        images = [trial.split.read(places[suspect.index]) for suspect in found]
        save_figure(suspect_sheet(found, images, len(evaluation)), output)
    return Suspicion(split, len(evaluation), len(doubtful), sum(suspect.sure for suspect in doubtful), tuple(found))


def _out_of_sample(trial: Trial, folds: int, on_event: Listener) -> tuple[Evaluation, list[int]]:
    """The split judged by networks that have not seen it, and which of its pictures these are."""
    from sightline.training.results import evaluate_split

    if trial.name != "train":
        evaluation, _, kept = evaluate_split(trial.predictor, trial.split, trial.name, on_event)
        return evaluation, kept.tolist()
    from sightline.bundle import calibrate
    from sightline.evaluation import Evaluation
    from sightline.training.folds import out_of_fold
    from sightline.training.initial import Learnt
    from sightline.training.session import load_inputs

    config = trial.config
    assert config is not None
    weights = first_weights(config, on_event)
    inputs = load_inputs(config, on_event)
    if isinstance(weights, Learnt) and weights.fingerprint == inputs.dataset.fingerprint:
        on_event(Note(f"The weights of {weights.name!r}, with which the run began, have seen these pictures.", warning=True))
    if config.teacher != "none":
        on_event(Note("These networks learn from the labels alone: the run's teacher has seen the pictures."))
    kept = inputs.source.items  # the pictures that could be read
    found = out_of_fold(config, inputs, folds, weights, on_event)
    probabilities = calibrate(found, trial.predictor.manifest.temperature)
    names = tuple(trial.split.names[index] for index in kept)
    return Evaluation(trial.predictor.labels, trial.split.labels[kept], probabilities, names, "train"), kept.tolist()
