"""What people say that a picture really is, kept as class folders that a training takes."""

from __future__ import annotations

import asyncio
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sightline.errors import UnknownNameError
from sightline.files import write_bytes
from sightline.image import Image, encode, read
from sightline.ops import crop
from sightline.serve.page.calls import Asked, Call
from sightline.serve.page.pictures import Pictures
from sightline.serve.state import State

__all__ = ["Corrections", "Saved", "correction_call"]

SPECIAL = re.compile(r"[^\w .+-]|^[. ]|[. ]$")
LONGEST = 120  # bytes; file systems take 255


MARGIN = 0.25
"""How much of a mark's longer side is kept around it."""


class Corrected(Asked):
    """What a picture really is, or the mark in a box of it: x, y, width and height in pixels."""

    model: str
    picture: str
    label: str
    box: tuple[int, int, int, int] | None = None


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


def correction_call(state: State, pictures: Pictures, corrections: Corrections) -> Call[Corrected]:
    """How a tab is told what a picture really is."""

    async def correct(asked: Corrected) -> dict[str, Any]:
        served = state.models.get(asked.model)
        if asked.label not in served.predictor.labels:
            raise UnknownNameError(f"{served.name} knows no label {asked.label!r}")
        image = await asyncio.to_thread(read, pictures.shelf.get(asked.picture), "unchanged", max_pixels=state.config.max_pixels)
        part = image if asked.box is None else _cut(image, asked.box)
        saved = await asyncio.to_thread(corrections.save, served.name, asked.label, part)
        return {"path": str(saved.path), "folder": str(saved.folder), "count": saved.count}

    return Call(Corrected, correct)


def _cut(image: Image, box: tuple[int, int, int, int]) -> Image:
    """A mark with some of what is around it."""
    height, width = image.shape[:2]
    x, y, wide, high = box
    margin = round(MARGIN * max(wide, high))
    left, top = min(max(0, x - margin), width - 1), min(max(0, y - margin), height - 1)
    right, bottom = min(width, max(left + 1, x + wide + margin)), min(height, max(top + 1, y + high + margin))
    return crop(image, x=left, y=top, width=right - left, height=bottom - top)


def _safe(name: str) -> str:
    """A folder's name that is one on every system, leads nowhere else, and is of no other label: as addresses write such signs.

    >>> _safe("T-shirt/top"), _safe("../../etc"), _safe("7"), _safe("Schuhe für 100 %")
    ('T-shirt%2Ftop', '%2E.%2F..%2Fetc', '7', 'Schuhe für 100 %25')
    """
    written = SPECIAL.sub(lambda found: f"%{ord(found[0]):02X}", name) or "%"
    if len(written.encode()) <= LONGEST:
        return written
    return f"{written[:40]}%{hashlib.sha256(name.encode()).hexdigest()[:16]}"
