"""What several test files share."""

from __future__ import annotations

import gc
import signal
from pathlib import Path

import pytest

gc.set_threshold(50_000, 20, 50)  # as the shell's command does
SHARED = Path(__file__).parents[2] / "shared" / "data"

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # as in the background of a shell, from which the tests' own processes would have it
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real pictures beside the repository; tests that need it are skipped where it is missing."""
    if not SHARED.is_dir():
        pytest.skip("the folder of shared test pictures is not here")
    return SHARED
