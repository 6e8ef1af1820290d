"""The table of networks is up to date."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from sightline.models import MODELS

ROOT = Path(__file__).parents[1]


def test_the_page_is_what_the_tool_makes_and_names_every_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    tool = import_module("build_models")
    page = tool.PAGE.read_text(encoding="utf-8")
    assert tool.make() == page, "run `make docs`"
    assert set(re.findall(r"^\| `(\w+)` \| \w.*\| [0-9,]+ \|", page, re.MULTILINE)) == set(MODELS.names())
