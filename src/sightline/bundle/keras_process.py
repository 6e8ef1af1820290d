"""Keras on another backend than this process's, which has one: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Literal

import sightline
from sightline.errors import JobError

__all__ = ["run_keras"]


def run_keras(backend: Literal["tensorflow", "torch"], module: str, *arguments: str, what: str, fix: str | None = None) -> None:
    """Run `module` with Keras on `backend`; JobError with the last it said, and `what` the model then cannot be, if it fails."""
    command = [sys.executable, "-P", "-m", module, *arguments]
    # in a session of its own, so that a key that stops this process reaches the other through it, and in its time
    ran = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, errors="replace", env=_environment(backend), check=False, start_new_session=True
    )
    if ran.returncode != 0:
        said = [line for line in ran.stderr.splitlines() if line.strip()]
        why = said[-1][:300] if said else f"status {ran.returncode}"
        raise JobError(f"the model cannot be {what}: {why}", fix=fix)


def _environment(backend: str) -> dict[str, str]:
    """This process's, with the Sightline that runs here found first. Exporting needs no accelerator."""
    home = str(Path(sightline.__file__).parents[1])
    path = os.pathsep.join(part for part in (home, os.environ.get("PYTHONPATH")) if part)
    changes = {"KERAS_BACKEND": backend, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    return {**os.environ, **changes}
