"""The models of a service: loaded at its start, swapped while it runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sightline.bundle import Predictor
from sightline.errors import InputError, UnknownNameError
from sightline.jobs.models import load, model_folder
from sightline.registry import nearest
from sightline.serve.batching import Batcher

__all__ = ["ModelStore", "Served"]


@dataclass(frozen=True)
class Served:
    """A model that is being served. `version` counts its loads; `loaded`: the time of the last one, in seconds since 1970."""

    name: str
    source: str
    version: int
    predictor: Predictor
    batcher: Batcher
    loaded: float = field(default_factory=time.time)


class ModelStore:
    """The models by name. The first is the one that answers where none is asked for."""

    def __init__(self, models: tuple[str, ...], *, max_pixels: int) -> None:
        """Load `models`, each a run, bundle, file or shipped name, or NAME=that; the errors of loading, InputError."""
        self._max_pixels = max_pixels
        self._served: dict[str, Served] = {}
        self._loading = threading.Lock()
        for text in models:
            name, source = _named(text)
            if name in self._served:
                raise InputError(f"two models are called {name!r}", fix="Name one of them otherwise: NAME=PATH.")
            self._served[name] = self._load(name, source, 1)

    def get(self, name: str | None) -> Served:
        """The model called `name`, or the first; UnknownNameError."""
        if name is None:
            return next(iter(self._served.values()))
        try:
            return self._served[name]
        except KeyError:
            raise UnknownNameError(f"there is no model {name!r} here", fix=nearest(name, list(self._served))) from None

    def __iter__(self) -> Iterator[Served]:
        return iter(list(self._served.values()))

    def reload(self, name: str) -> Served:
        """Load a model again from where it came, and serve it once its self-check has passed; till then the old one stays."""
        with self._loading:
            before = self.get(name)
            after = self._load(name, before.source, before.version + 1)
            self._served[name] = after
        return after

    def _load(self, name: str, source: str, version: int) -> Served:
        predictor = load(source, threads=1, max_pixels=self._max_pixels)
        return Served(name, source, version, predictor, Batcher(predictor))


def _named(text: str) -> tuple[str, str]:
    """The name that a model is served under, and where it is."""
    name, given, source = text.partition("=")
    if given and name and "/" not in name:
        return name, source
    folder = model_folder(text)
    path = folder.parent if folder.name == "bundle" else folder
    return Path(path).resolve().stem if folder.is_file() else Path(path).resolve().name, text
