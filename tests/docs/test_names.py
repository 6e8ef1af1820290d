"""What the pages name exists: commands, options, files, places within pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sightline as sl

from .blocks import ROOT, pages

PAGES = [*pages(), *sorted((ROOT / "src/sightline/tour/text").glob("*.md"))]
OTHERS = {"--data-binary", "--period", "--head", "--disable-usage-stats"}
"""Options of curl, of the operation that a guide adds, and of Ray."""


@pytest.fixture(scope="module")
def known() -> tuple[set[str], set[str]]:
    """The names of all commands and of all their options."""
    from typer.main import get_command

    from sightline.cli.app import build

    commands = get_command(build()).commands  # type: ignore[attr-defined]
    every = [*commands.values(), *commands["data"].commands.values()]
    options = {option for command in every for parameter in command.params for option in parameter.opts}
    options |= {option for command in every for parameter in command.params for option in parameter.secondary_opts}
    options |= {"--" + parameter.name.replace("_", "-") for op in sl.OPS for parameter in op.parameters.describe()}
    return set(commands), options | OTHERS | {"--help", "--p", "--when"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_option_that_is_named_exists(page: Path, known: tuple[set[str], set[str]]) -> None:
    commands, options = known
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"(?:`|\$ )(?:\.venv/bin/)?sightline ([a-z]+)", text):
        assert name in commands, f"sightline {name}"
    for option in re.findall(r"(?<![\w-])(--[a-z][a-z0-9-]+)", text):
        assert option in options, option


def anchors(page: Path) -> set[str]:
    """The places within a page that GitHub and the site can be led to: its headings."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http", "mailto")):
            there = page.parent / target if target else page
            assert there.exists(), target
            assert not anchor or there.suffix != ".md" or anchor in anchors(there), f"{target}#{anchor}"
