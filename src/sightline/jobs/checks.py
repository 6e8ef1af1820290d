"""Checking data before a training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sightline.events import Listener, Progress
from sightline.files import check_not_read
from sightline.notebook import default_listener

if TYPE_CHECKING:
    from sightline.data import Dataset, Finding

__all__ = ["check_spared", "data_check"]


def check_spared(dataset: Dataset, output: str | Path | None) -> None:
    """Refuse to write `output` over one of the pictures that the dataset reads from files: InputError."""
    for split in dataset.splits().values():
        if output is not None and not split.in_memory:
            check_not_read(output, split.pictures)


def data_check(
    data: str, *, sheet: str | Path | None = None, on_event: Listener = default_listener
) -> tuple[list[Finding], Path | None]:
    """Report what may be wrong with data, most serious first, and draw the pictures concerned on `sheet`.

    The path of the sheet is given back, None if there is nothing to draw. See `sightline.data.check_dataset`.
    """
    from sightline.data import check_dataset, findings_sheet, load_dataset
    from sightline.image import write

    dataset = load_dataset(data, strict=False, progress=lambda what, done, total: on_event(Progress(what, done, total, "bytes")))
    check_spared(dataset, sheet)
    findings = check_dataset(dataset, progress=lambda what, done, total: on_event(Progress(what, done, total)))
    drawn = findings_sheet(dataset, findings) if sheet is not None else None
    if sheet is None or drawn is None:
        return findings, None
    write(sheet, drawn)
    return findings, Path(sheet)
