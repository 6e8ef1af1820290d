"""Keras's own exporters, each in a process of its own.

Keras has one backend in a process, and its exporters write to the terminal and count names up from one export to the next.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from sightline.bundle.keras_process import run_keras
from sightline.formats.source import Source

__all__ = ["export_in_process"]


def export_in_process(source: Source, target: Path, kind: str, backend: Literal["tensorflow", "torch"]) -> None:
    """Let `sightline.formats.keras_worker` write `target`; JobError with the last it said if it fails."""
    calibration: list[str] = []
    if source.calibration is not None:
        file = target.with_name("calibration.npy")
        np.save(file, source.calibration)
        calibration = [str(file)]
    run_keras(
        backend, "sightline.formats.keras_worker", kind, str(source.bundle), str(target), *calibration, what=f"exported as {kind}"
    )
