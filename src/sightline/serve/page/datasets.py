"""What data a visitor may name: the named datasets, what was uploaded, and corrections. No path comes from a request."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sightline.data import DATASETS, Dataset, load_dataset
from sightline.data.unpack import Unpacked, unpack
from sightline.errors import InputError, UnknownNameError
from sightline.registry import nearest

__all__ = ["Data", "Source"]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,60}")


@dataclass(frozen=True)
class Source:
    """Data that can be trained on: what it is called here, what people read, and what `load_dataset` takes."""

    key: str
    title: str
    place: str


class Data:
    """The data that the page offers."""

    def __init__(self, uploads: Path, corrections: Path) -> None:
        self._uploads = uploads
        self._corrections = corrections
        self._kept = lru_cache(maxsize=2)(load_dataset)

    def sources(self) -> list[Source]:
        """All there is now."""
        named = [Source(spec.name, spec.title, spec.name) for spec in DATASETS]
        uploaded = [Source(f"upload: {path.name}", f"{path.name} (uploaded)", str(path)) for path in _folders(self._uploads)]
        corrected = [
            Source(f"corrections: {path.name}", f"Corrections of {path.name}", str(path)) for path in _folders(self._corrections)
        ]
        return [*named, *uploaded, *corrected]

    def get(self, key: str) -> Source:
        """What is called so; UnknownNameError."""
        known = {source.key: source for source in self.sources()}
        if key not in known:
            raise UnknownNameError(f"there is no data {key!r} here", fix=nearest(key, list(known)))
        return known[key]

    def add(self, name: str, archive: bytes) -> tuple[Source, Unpacked]:
        """Unpack a ZIP of class folders; DatasetError, InputError for a name that is none or taken."""
        if not NAME.fullmatch(name) or name.endswith((".", " ")):
            raise InputError("invalid name", expected="letters, digits, space, _ . -", received=repr(name[:80]))
        self._uploads.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(prefix=".sightline-", suffix=".zip", dir=self._uploads) as file:
            file.write(archive)
            file.flush()
            unpacked = unpack(Path(file.name), self._uploads / name)
        return self.get(f"upload: {name}"), unpacked

    def load(self, key: str) -> Dataset:
        """The data that is called so; the last two are kept, but of corrections, which change."""
        source = self.get(key)
        return load_dataset(source.place) if Path(source.place).parent == self._corrections else self._kept(source.place)


def _folders(home: Path) -> list[Path]:
    """The folders in a folder that are not hidden."""
    if not home.is_dir():
        return []
    return sorted(path for path in home.iterdir() if path.is_dir() and not path.name.startswith("."))
