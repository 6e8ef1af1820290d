"""What the jobs work on: runs, models by name or folder, pictures by path."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sightline.batch import find_pictures
from sightline.bundle import Predictor, load_bundle, locate
from sightline.errors import BundleError, ParameterError, RunError, UnknownNameError, brief
from sightline.events import Listener
from sightline.image import MAX_PIXELS, Source
from sightline.registry import nearest

if TYPE_CHECKING:
    from sightline.training.again import Trial

__all__ = ["Model", "Run", "find_sources", "load", "model_folder", "place_of", "pretrained", "trial_of"]


@dataclass(frozen=True)
class Run:
    """A finished training and where its things are.

    `path`: its folder, with config.yaml, log.csv, metrics.json, predictions.csv, report.html, plots, checkpoint and bundle.

    >>> import sightline as sl
    >>> run = sl.train("digits", epochs=1, preset="plain")
    >>> run.path.name, run.report.name, run.model.labels[:3]
    ('digits', 'report.html', ('0', '1', '2'))
    >>> list(run.history[0])
    ['epoch', 'loss', 'accuracy', 'val_loss', 'val_accuracy', 'lr', 'seconds', 'pictures_per_second']
    >>> 0 <= run.metrics["evaluation"]["accuracy"] <= 1
    True
    """

    path: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path))

    def _there(self, name: str) -> Path:
        path = self.path / name
        if not path.is_file():
            fix = "`sightline runs` lists the runs of a folder; `--resume` goes on with one that was stopped."
            raise RunError(f"{str(self.path)!r} holds no finished run", expected=f"a file {name}", fix=fix)
        return path

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """What was measured: the content of metrics.json; RunError where there is none."""
        result: dict[str, Any] = json.loads(self._there("metrics.json").read_text(encoding="utf-8"))
        return result

    @property
    def history(self) -> list[dict[str, float]]:
        """A row for each epoch; RunError where there is no log."""
        from sightline.training.log import read_log

        return read_log(self._there("log.csv"))

    @property
    def report(self) -> Path:
        """The report, a page that opens in any browser."""
        return self.path / "report.html"

    @cached_property
    def model(self) -> Predictor:
        """The trained model, ready to predict; BundleError if it is damaged or not there."""
        return load_bundle(self.path / "bundle")


Model = str | Path | Run
"""A run, the folder of a run or a bundle, an exported file, or the name of a model that comes with Sightline."""


def place_of(model: Model) -> str | Path:
    """The path or name that stands for a model: of a `Run` its path. ParameterError for what is none of these."""
    if isinstance(model, Run):
        return model.path
    if not isinstance(model, str | Path):
        raise ParameterError("invalid model", expected="a path, a name or a Run", received=brief(model))
    return model


def pretrained() -> dict[str, Path]:
    """The models that come with Sightline, by name."""
    home = Path(str(files("sightline"))) / "pretrained"
    return {folder.name: folder for folder in sorted(home.iterdir()) if (folder / "manifest.json").is_file()}


def load(model: Model, *, threads: int | None = None, max_pixels: int = MAX_PIXELS) -> Predictor:
    """Load a model for prediction: a run's or bundle's folder, an exported ONNX file, or the name of one that comes with Sightline.

    Pictures of more than `max_pixels` will be refused. One picture is predicted on one processor thread, many on all processors;
    `threads` is the most that may be taken. UnknownNameError where there is no such model, RunError for a run that has none yet,
    BundleError for a damaged one, ParameterError for fewer than one thread.

    >>> import sightline as sl
    >>> model = sl.load("mnist")
    >>> page = sl.text(sl.blank(width=64, height=64), text="7", x=32, y=32, anchor="center", size=40, color="black")
    >>> model.input_shape, model.predict(page).label
    ((22, 22, 1), '7')
    """
    return load_bundle(model_folder(model), threads=threads, max_pixels=max_pixels)


def model_folder(model: Model) -> Path:
    """Where the bundle is that a run, a bundle, a file or a name stands for; RunError, UnknownNameError."""
    model = place_of(model)
    path = Path(model)
    shipped = pretrained()
    try:
        for candidate in (path / "bundle", path):
            if _holds_bundle(candidate):
                return candidate
        if str(model) in shipped:
            return shipped[str(model)]
        if (path / "config.yaml").is_file():
            raise RunError(f"run {str(model)!r} has no model yet", fix=f"Finish it with `sightline train --resume {path}`.")
        if path.exists():
            return path  # loading says what is missing
    except OSError:  # a name that is too long for the file system
        pass
    raise UnknownNameError(f"there is no run, bundle or pretrained model {str(model)!r}", fix=nearest(str(model), list(shipped)))


def _holds_bundle(folder: Path) -> bool:
    """Whether a bundle is in its place, or beside it where a writer that was killed has left it."""
    try:
        return (locate(folder) / "manifest.json").is_file()
    except BundleError:
        return False


def trial_of(model: Model, data: str | None, on_event: Listener, *, split: str | None = None) -> Trial:
    """A model with labelled pictures: `data`, or those it was trained on, as `open_trial` finds them."""
    from sightline.training.again import open_trial

    return open_trial(Path(place_of(model)), model_folder(model), data, on_event, split=split)


def find_sources(patterns: Iterable[str]) -> list[Source]:
    """The pictures that files, folders, globs, URLs, tables and `-` (one picture on standard input) stand for, in order.

    A folder stands for the pictures in it and below, sorted by name. InputError for what stands for nothing.
    """
    found: list[Source] = []
    for pattern in patterns:
        if pattern == "-":
            found.append(sys.stdin.buffer.read())
        else:
            places = (item.path for item in find_pictures([pattern]))
            found += [str(place) if isinstance(place, Path) else place for place in places]
    return found
