"""What a check has found, in words and as pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sightline.data.dataset import Dataset
from sightline.errors import SightlineError
from sightline.image import Image
from sightline.sheet import contact_sheet, fitted

__all__ = ["Finding", "Kind", "Severity", "findings_sheet"]

Kind = Literal[
    "unreadable",
    "empty",
    "leak",
    "near-leak",
    "conflict",
    "near-conflict",
    "duplicate",
    "near-duplicate",
    "blank",
    "broken-link",
    "imbalance",
    "tiny",
    "small",
    "proportions",
    "channels",
    "extension",
    "rotated",
    "sizes",
    "stray",
]
Severity = Literal["error", "warning", "note"]

TILE, COLUMNS = 200, 6  # of a sheet; pairs stand beside each other, so that the columns are even
MOST = 30  # items of one kind on a sheet


@dataclass(frozen=True)
class Finding:
    """Something to look at. `error`: training will stumble over it; `warning`: results may mislead; `note`: good to know.

    `items` names every picture or class concerned; equal pictures stand in one item, joined by ` = `, nearly equal ones by ` ~ `.
    `pictures`: (split, place in it) of the pictures of each item, as far as the finding is about readable pictures.
    """

    kind: Kind
    severity: Severity
    message: str
    items: tuple[str, ...]
    pictures: tuple[tuple[tuple[str, int], ...], ...] = ()


def findings_sheet(dataset: Dataset, findings: Sequence[Finding]) -> Image | None:
    """Draw the pictures of the findings, the two of a pair beside each other; None if no finding has any.

    Of a group the first two are drawn, and 30 items at most of a kind.
    """
    singles = [cell for finding in findings for cell in _cells(dataset, finding, 1)]
    pairs = [cell for finding in findings for cell in _cells(dataset, finding, 2)]
    cells = [*pairs, *singles]
    if not cells:
        return None
    columns = COLUMNS if len(cells) > 2 else len(cells)
    return contact_sheet([image for image, _ in cells], [title for _, title in cells], columns=columns, tile=TILE)


def _cells(dataset: Dataset, finding: Finding, size: int) -> Iterator[tuple[Image, str]]:
    """Pictures with their titles of the items of one picture, or the first two of the items of several."""
    splits = dataset.splits()
    group = [item for item in finding.pictures if min(len(item), 2) == size]
    for number, item in enumerate(group[:MOST], start=1):
        shown = []
        for split, index in item[:2]:
            label = dataset.classes[int(splits[split].labels[index])]
            try:
                image = fitted(splits[split].read(index), TILE)
            except SightlineError:  # it went away since
                continue
            shown.append((image, f"{Path(splits[split].names[index]).name}\n{finding.kind} {number}: {split}, {label}"))
        if len(shown) == size:
            yield from shown
