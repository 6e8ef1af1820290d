"""Keras's own exporters, each in a process of its own.

Keras has one backend in a process, and its exporters write to the terminal and count names up from one export to the next.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Literal

import numpy as np

import sightline
from sightline.errors import JobError
from sightline.formats.source import Source

__all__ = ["export_in_process"]


def export_in_process(source: Source, target: Path, kind: str, backend: Literal["tensorflow", "torch"]) -> None:
    """Let `sightline.formats.keras_worker` write `target`; JobError with the last it said if it fails."""
    calibration: list[str] = []
    if source.calibration is not None:
        file = target.with_name("calibration.npy")
        np.save(file, source.calibration)
        calibration = [str(file)]
    command = [sys.executable, "-m", "sightline.formats.keras_worker", kind, str(source.bundle), str(target), *calibration]
    ran = subprocess.run(command, capture_output=True, text=True, errors="replace", env=_environment(backend), check=False)  # noqa: S603
    if ran.returncode != 0:
        said = [line for line in ran.stderr.splitlines() if line.strip()]
        raise JobError(f"the model cannot be exported as {kind}: {said[-1][:300] if said else f'status {ran.returncode}'}")


def _environment(backend: str) -> dict[str, str]:
    """This process's, with the Sightline that runs here found first. Exporting needs no accelerator."""
    home = str(Path(sightline.__file__).parents[1])
    path = os.pathsep.join(part for part in (home, os.environ.get("PYTHONPATH")) if part)
    changes = {"KERAS_BACKEND": backend, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    return {**os.environ, **changes}
