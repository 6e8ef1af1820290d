"""Every figure of a run, and the folder they are saved in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from matplotlib.figure import Figure

from sightline.data.dataset import Dataset
from sightline.errors import ParameterError
from sightline.evaluation.curves import accuracy_curve, curves, loss_curve
from sightline.evaluation.page import check_target, save_figure
from sightline.evaluation.pictures import caption_of, class_sheet, steps, tiles
from sightline.evaluation.record import SAMPLE, RunRecord
from sightline.evaluation.scores import confusion_matrix, per_class, reliability

__all__ = [
    "accuracy_curve",
    "confusion_matrix",
    "curves",
    "figures",
    "loss_curve",
    "per_class",
    "reliability",
    "save_plots",
    "save_sheet",
    "steps",
    "tiles",
]

MOST_EACH = 100  # pictures of a class: a sheet of more is wider than any screen


def figures(record: RunRecord) -> Iterator[tuple[str, Figure]]:
    """The figures of a run with their file names, one after the other; what the record does not hold is left out."""
    evaluation = record.evaluation
    if record.history:
        yield "curves", curves(record.history, record.chosen_epoch)
    yield "confusion", confusion_matrix(evaluation)
    yield "confusion-shares", confusion_matrix(evaluation, shares=True)
    yield "classes", per_class(evaluation)
    yield "calibration", reliability(evaluation)
    for name, title, indices in (
        ("mistakes", "The mistakes it is most sure of", evaluation.worst(SAMPLE)),
        ("samples", "A random sample", evaluation.sample(SAMPLE, record.seed)),
    ):
        if indices:
            yield name, tiles([record.pictures[i] for i in indices], [caption_of(evaluation, i) for i in indices], title)
    if record.traces:
        yield "steps", steps(record.traces)


def save_plots(record: RunRecord, folder: str | Path) -> tuple[Path, ...]:
    """Save every figure as PNG and SVG under `folder`, each file whole or not at all; give back their paths.

    StorageError where a file cannot be written.
    """
    saved: list[Path] = []
    for name, figure in figures(record):
        saved += [save_figure(figure, Path(folder) / f"{name}{suffix}") for suffix in (".png", ".svg")]
    return tuple(saved)


def save_sheet(dataset: Dataset, path: str | Path, *, each: int = 8, seed: int = 0) -> Path:
    """Save `class_sheet` as the PNG or SVG file `path`, whole or not at all, and give the path back.

    ParameterError for another suffix or for less than one picture each; StorageError where the file cannot be written.
    """
    check_target(path, (".png", ".svg"))
    if not 1 <= each <= MOST_EACH:
        raise ParameterError("invalid number of pictures for each class", expected=f"1 to {MOST_EACH}", received=repr(each))
    return save_figure(class_sheet(dataset, each=each, seed=seed), path)
