"""Keras on another backend than this process's, which has one: in a process of its own."""

from __future__ import annotations

import subprocess
from typing import Literal

from sightline.errors import JobError
from sightline.processes import own_environment, own_module

__all__ = ["run_keras"]


def run_keras(backend: Literal["tensorflow", "torch"], module: str, *arguments: str, what: str, fix: str | None = None) -> None:
    """Run `module` with Keras on `backend`; JobError with the last it said, and `what` the model then cannot be, if it fails."""
    # exporting needs no accelerator
    changes = {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    # in a session of its own, so that a key that stops this process reaches the other through it, and in its time
    ran = subprocess.run(  # noqa: S603
        own_module(module, *arguments),
        capture_output=True,
        text=True,
        errors="replace",
        env=own_environment(**changes),
        check=False,
        start_new_session=True,
    )
    if ran.returncode != 0:
        said = [line for line in ran.stderr.splitlines() if line.strip()]
        why = said[-1][:300] if said else f"status {ran.returncode}"
        raise JobError(f"the model cannot be {what}: {why}", fix=fix)
