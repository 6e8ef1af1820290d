"""How a process of our own is started: with this Sightline, and with nothing of the folder that the user happens to be in."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["own_environment", "own_module"]


def own_module(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of this package; a file `random.py` in the current folder is no module of Python's for it."""
    return [sys.executable, "-P", "-m", module, *arguments]


def own_environment(**changes: str) -> dict[str, str]:
    """The environment of this process with `changes`, and the Sightline that runs here found first."""
    home = str(Path(__file__).parents[1])
    path = os.pathsep.join(part for part in (home, os.environ.get("PYTHONPATH")) if part)
    return {**os.environ, "PYTHONPATH": path, **changes}
