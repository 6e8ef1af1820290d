"""Looking at data and at finished models: evaluate, report, preview."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sightline.events import Listener, ignore
from sightline.jobs.models import model_folder

if TYPE_CHECKING:
    from sightline.evaluation import Evaluation

__all__ = ["evaluate", "preview", "report"]


def evaluate(path: str | Path, *, data: str | None = None, on_event: Listener = ignore) -> tuple[Evaluation, Path | None]:
    """Evaluate a run on its own test split, or a run or bundle on other `data` with the same classes.

    Other data leave a report beside the run's, in `evaluations/<data>/`; the path of the report is given back.
    """
    from sightline.training.again import evaluate_run

    return evaluate_run(Path(path), model_folder(path), data, on_event)


def preview(data: str, output: Path, *, each: int = 8, seed: int = 0, on_event: Listener = ignore) -> Path:
    """Draw `each` pictures of every class, drawn by `seed`, on a sheet in PNG or SVG; give back its path."""
    from sightline.evaluation.plots import save_sheet
    from sightline.training.session import load_data

    return save_sheet(load_data(data, on_event), output, each=each, seed=seed)


def report(path: str | Path, *, on_event: Listener = ignore) -> Path:
    """Make a run's plots and report again from what it has stored."""
    from sightline.training.folder import open_run
    from sightline.training.results import load_record, report

    folder = open_run(path)
    with folder.held():
        return report(folder, load_record(folder), on_event)
