"""Where the examples in docstrings run: each in an empty folder of its own, in which it may write files."""

from __future__ import annotations

import pytest

import sightline.batch  # noqa: F401 - else pytest puts the file `apply` in the function's place when it collects it

SLOW = {"sightline.api.tune", "sightline.jobs.reproductions.reproduce", "sightline.jobs.tunings.resume_tuning"}
"""Examples that train several times, left to `make slow`."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the slow examples before marks are looked at."""
    for item in items:
        if isinstance(item, pytest.DoctestItem) and item.name in SLOW:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def _folder_of_its_own(request: pytest.FixtureRequest) -> None:
    """Examples only: a test that needs a folder asks for one."""
    if isinstance(request.node, pytest.DoctestItem):
        monkeypatch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
        monkeypatch.chdir(request.getfixturevalue("tmp_path"))
