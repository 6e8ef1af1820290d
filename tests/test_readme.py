"""What the README shows is run, and what it names exists."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

import sightline as sl

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_first_lines_of_python_work_as_they_stand(tmp_path: Path) -> None:
    test = sl.load_dataset("mnist").test
    assert test is not None
    cv2.imwrite(str(tmp_path / "photo.png"), test.read(0))
    code = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("7 0.")
    assert "54000" in ran.stdout


def test_every_command_and_option_that_is_named_exists() -> None:
    from typer.main import get_command

    from sightline.cli.app import build

    commands = get_command(build()).commands  # type: ignore[attr-defined]
    known = {option for command in commands.values() for parameter in command.params for option in parameter.opts}
    known |= {option for command in commands.values() for parameter in command.params for option in parameter.secondary_opts}
    known.add("--help")
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for name in re.findall(r"(?:`|\$ )sightline ([a-z]+)", text):
            assert name in commands, f"{page.name}: sightline {name}"
        for option in re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", text):
            assert option in known, f"{page.name}: {option}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target
