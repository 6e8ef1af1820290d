"""The site is built without a warning, which a broken link within it would be, and finds what one looks for without a server."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pytest

import sightline as sl
from sightline.data import DATASETS
from sightline.models import MODELS

from .blocks import ROOT


@pytest.fixture(scope="module")
def site() -> Path:
    """The site without what the tour's cells give: the chapters are run in tests of their own."""
    command = [sys.executable, "tools/build_site.py", "--no-execute", "--out", "build/site-of-tests"]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
    assert built.stderr == ""
    return ROOT / "build" / "site-of-tests"


def test_every_link_and_picture_of_its_pages_is_there(site: Path) -> None:
    """Sphinx checks the links that it makes itself; those in raw HTML it does not see."""
    pages = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html") if "_static" not in path.parts}
    places = {path: {unescape(name) for name in re.findall(r'\sid="([^"]+)"', text)} for path, text in pages.items()}
    assert len(pages) > 60
    broken = []
    for path, text in pages.items():
        for target in re.findall(r'\s(?:href|src)="([^"]+)"', text):
            place, _, anchor = unquote(unescape(target)).partition("#")
            if re.match(r"[a-z]+:|//", place):
                continue
            there = (path.parent / place.partition("?")[0]).resolve() if place else path
            if not there.is_file() or (anchor and there in places and anchor not in places[there]):
                broken.append(f"{path.relative_to(site)}: {target}")
    assert not broken


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for path in site.rglob("*.html"):
        loaded = re.findall(r'<(?:script|img|iframe|source)[^>]*\ssrc="([^"]+)"', path.read_text(encoding="utf-8"))
        loaded += re.findall(r'<link[^>]*rel="(?:stylesheet|preload|icon)"[^>]*href="([^"]+)"', path.read_text(encoding="utf-8"))
        assert not [address for address in loaded if re.match(r"https?:|//", address)], path


def test_the_search_knows_every_operation_command_network_and_dataset(site: Path) -> None:
    """The index is a script that the search page loads: it works from a folder, without a server."""
    text = (site / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(text[text.index("(") + 1 : text.rindex(")")])
    named = {entry[-1] if isinstance(entry, list) else entry for entry in index["objects"].get("sightline", [])}
    assert {op.name for op in sl.OPS} <= named
    assert set(sl.__all__) <= named | {op.name for op in sl.OPS}
    titles = " ".join(index["alltitles"])
    for name in ["sightline train", "sightline tour", *MODELS.names(), *DATASETS.names()]:
        assert name in titles, name


def test_the_four_kinds_of_pages_are_kept_apart(site: Path) -> None:
    text = (site / "index.html").read_text(encoding="utf-8")
    for part in ("tour", "howto", "reference", "explanation"):
        assert f'href="{part}/index.html"' in text
