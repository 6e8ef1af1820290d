"""Finding what the jobs work on: models by name or folder, pictures by path."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from sightline.batch import find_pictures
from sightline.bundle import Predictor, load_bundle, load_description
from sightline.errors import InputError, RunError, UnknownNameError
from sightline.image import MAX_PIXELS
from sightline.registry import nearest

__all__ = ["data_of", "find_sources", "load", "model_folder", "pretrained"]


def pretrained() -> dict[str, Path]:
    """The models that come with Sightline, by name."""
    home = Path(str(files("sightline"))) / "pretrained"
    return {folder.name: folder for folder in sorted(home.iterdir()) if (folder / "manifest.json").is_file()}


def load(model: str | Path, *, threads: int = 1, max_pixels: int = MAX_PIXELS) -> Predictor:
    """Load a model for prediction: a run's or bundle's folder, an exported ONNX file, or the name of one that comes with Sightline.

    Pictures of more than `max_pixels` will be refused.
    """
    return load_bundle(model_folder(model), threads=threads, max_pixels=max_pixels)


def model_folder(model: str | Path) -> Path:
    """Where the bundle is that a run, a bundle, a file or a name stands for; RunError, UnknownNameError."""
    path = Path(model)
    shipped = pretrained()
    try:
        for candidate in (path / "bundle", path):
            if (candidate / "manifest.json").is_file():
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


def data_of(path: Path, bundle: Path) -> str | None:
    """The name of the data that the bundle of a model at `path` was trained on; None for a run, which knows them better.

    InputError for a bundle of data without a name.
    """
    from sightline.data import DATASETS

    if (path / "config.yaml").is_file():
        return None
    name = load_description(bundle).dataset.name
    if name not in DATASETS:
        raise InputError(f"{str(path)!r} is a bundle, which does not know where its data are", fix="Name them with --data.")
    return name


def find_sources(patterns: Iterable[str]) -> list[str | bytes]:
    """The pictures that files, folders, globs and `-` (one picture on standard input) stand for, in order.

    A folder stands for the pictures in it and below, sorted by name. InputError for what stands for nothing.
    """
    found: list[str | bytes] = []
    for pattern in patterns:
        if pattern == "-":
            found.append(sys.stdin.buffer.read())
        else:
            found += [str(item.path) for item in find_pictures([pattern])]
    return found
