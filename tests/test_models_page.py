"""The table of networks is up to date, and so is what stands beside a run."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path

import pytest

from sightline.models import MODELS
from sightline.training.baselines import BASELINES

ROOT = Path(__file__).parents[1]


def test_the_page_is_what_the_tool_makes_and_names_every_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    tool = import_module("build_models")
    page = tool.PAGE.read_text(encoding="utf-8")
    assert tool.make() == page, "run `make docs`"
    assert set(re.findall(r"^\| `(\w+)` \| \w.*\| [0-9,]+ \|", page, re.MULTILINE)) == set(MODELS.names())


def test_the_baselines_beside_a_run_are_those_that_were_measured() -> None:
    kept = json.loads((ROOT / "benchmarks" / "accuracy.json").read_text(encoding="utf-8"))
    for data, row in {"fashion-mnist": "plain", "mnist": "mnist-plain"}.items():
        assert [seed["accuracy"] for seed in kept[row]["seeds"]] == [pytest.approx(BASELINES[data][1], abs=5e-5)]
