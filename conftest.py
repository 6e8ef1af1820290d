"""Where the examples in docstrings run: each in an empty folder of its own, in which it may write files."""

from __future__ import annotations

import pytest

import sightline.batch  # noqa: F401 - else pytest puts the file `apply` in the function's place when it collects it


@pytest.fixture(autouse=True)
def _folder_of_its_own(request: pytest.FixtureRequest) -> None:
    """Examples only: a test that needs a folder asks for one."""
    if isinstance(request.node, pytest.DoctestItem):
        monkeypatch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
        monkeypatch.chdir(request.getfixturevalue("tmp_path"))
