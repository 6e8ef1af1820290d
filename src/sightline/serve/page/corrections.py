"""What people say that a picture really is, kept as class folders that a training takes."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from sightline.files import write_bytes
from sightline.image import Image, encode

__all__ = ["Corrections", "Saved"]

SPECIAL = re.compile(r"[^\w .+-]|^[. ]|[. ]$")
LONGEST = 120  # bytes; file systems take 255


@dataclass(frozen=True)
class Saved:
    """A correction: its file, and how many of its model there are now."""

    path: Path
    count: int
    folder: Path


class Corrections:
    """`<folder>/<model>/<label>/<picture>.png`; the same picture of the same label is there once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, model: str, label: str, image: Image) -> Saved:
        """Keep a picture as one of `label`."""
        data = encode(image, ".png")
        home = self.folder / _safe(model)
        path = home / _safe(label) / f"{hashlib.sha256(data).hexdigest()[:16]}.png"
        write_bytes(path, data)
        return Saved(path, sum(1 for _ in home.glob("*/*.png")), home)

    def undo(self, saved: Path) -> None:
        """Take a correction back."""
        saved.unlink(missing_ok=True)


def _safe(name: str) -> str:
    """A folder's name that is one on every system, leads nowhere else, and is of no other label: as addresses write such signs.

    >>> _safe("T-shirt/top"), _safe("../../etc"), _safe("7"), _safe("Schuhe für 100 %")
    ('T-shirt%2Ftop', '%2E.%2F..%2Fetc', '7', 'Schuhe für 100 %25')
    """
    written = SPECIAL.sub(lambda found: f"%{ord(found[0]):02X}", name) or "%"
    if len(written.encode()) <= LONGEST:
        return written
    return f"{written[:40]}%{hashlib.sha256(name.encode()).hexdigest()[:16]}"
