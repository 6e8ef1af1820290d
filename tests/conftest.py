"""What several test files share."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real pictures beside the repository; tests that need it are skipped where it is missing."""
    if not SHARED.is_dir():
        pytest.skip("the folder of shared test pictures is not here")
    return SHARED
