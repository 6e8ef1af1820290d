"""Looking for wrong labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sightline.errors import InputError, ParameterError
from sightline.events import Listener, ignore
from sightline.jobs.models import data_of, model_folder

if TYPE_CHECKING:
    from sightline.evaluation import Evaluation
    from sightline.evaluation.suspects import Suspect
    from sightline.training.again import Trial

__all__ = ["Suspicion", "suspects"]

SUFFIXES = (".png", ".svg")


@dataclass(frozen=True)
class Suspicion:
    """The labels of a split that are probably wrong, the most suspect first.

    `pictures`: how many were looked at; `doubtful`: how many look more like another class; `errors`: how many of these the
    confident joint counts as wrong. `found` holds as many of the doubtful ones as were asked for.
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
    model: str | Path,
    *,
    split: Literal["test", "validation", "train"] = "test",
    folds: int = 3,
    top: int = 25,
    output: str | Path | None = None,
    data: str | None = None,
    on_event: Listener = ignore,
) -> Suspicion:
    """Find the `top` labels of a run's or bundle's data that are probably wrong, by confident learning (Northcutt et al. 2021).

    The model must not have been trained on what it judges: of `train` a run's recipe trains `folds` networks anew, each on the
    other pictures. `output`: a PNG or SVG to draw the pictures on. InputError for what cannot be; nothing else is written.
    """
    from sightline.evaluation.suspects import find_suspects, suspect_sheet
    from sightline.training.again import open_trial

    target = None if output is None else Path(output)
    if target is not None and target.suffix.lower() not in SUFFIXES:
        raise ParameterError(f"cannot draw a sheet as {target.name!r}", expected="a path that ends in .png or .svg")
    if top < 1:
        raise ParameterError("invalid top", expected="at least 1", received=repr(top))
    path, bundle = Path(model), model_folder(model)
    if split == "train" and (data or not (path / "config.yaml").is_file()):
        raise InputError("the training pictures need the run that was trained on them", fix="Name a run, without --data.")
    trial = open_trial(path, bundle, data or data_of(path, bundle), on_event, split=split)
    evaluation, places = _out_of_sample(trial, folds, on_event)
    doubtful = find_suspects(evaluation)
    found = doubtful[:top]
    if target is not None and found:
        from sightline.evaluation.style import to_png, to_svg
        from sightline.files import write_bytes

        figure = suspect_sheet(found, [trial.split.read(places[suspect.index]) for suspect in found], len(evaluation))
        write_bytes(target, to_svg(figure) if target.suffix.lower() == ".svg" else to_png(figure))
    return Suspicion(split, len(evaluation), len(doubtful), sum(suspect.sure for suspect in doubtful), tuple(found))


def _out_of_sample(trial: Trial, folds: int, on_event: Listener) -> tuple[Evaluation, list[int]]:
    """The split judged by networks that have not seen it, and which of its pictures these are."""
    from sightline.training.results import evaluate_split

    if trial.name != "train":
        evaluation, _, kept = evaluate_split(trial.predictor, trial.split, trial.name, on_event)
        return evaluation, kept.tolist()
    from sightline.bundle.network import calibrate
    from sightline.evaluation import Evaluation
    from sightline.training.folds import out_of_fold
    from sightline.training.inputs import prepare
    from sightline.training.session import load_inputs

    assert trial.config is not None
    inputs = load_inputs(trial.config, on_event)
    # the training pictures once more, for which of them could be read
    _, kept = prepare(trial.split, inputs.pipeline, inputs.shape, on_event, what="training")
    probabilities = calibrate(out_of_fold(trial.config, inputs, folds, on_event), trial.predictor.manifest.temperature)
    names = tuple(trial.split.names[index] for index in kept)
    return Evaluation(trial.predictor.labels, trial.split.labels[kept], probabilities, names, "train"), kept.tolist()
