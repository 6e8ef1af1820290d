"""The log of a training: one row an epoch, as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from sightline.files import write_text

__all__ = ["read_log", "write_log"]


def write_log(path: Path, history: Sequence[Mapping[str, float]]) -> None:
    """Write the rows of a history, its keys as the header."""
    text = io.StringIO()
    if history:
        writer = csv.DictWriter(text, list(history[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: f"{value:.9g}" for key, value in row.items()} for row in history)
    write_text(path, text.getvalue())


def read_log(path: Path) -> list[dict[str, float]]:
    """Read what `write_log` wrote."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    return [{**row, "epoch": int(row["epoch"])} for row in rows]
