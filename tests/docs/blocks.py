"""The blocks of code in a page of Markdown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CODE", "ROOT", "Block", "Command", "blocks", "commands", "pages"]

ROOT = Path(__file__).parents[2]
CODE = {"python", "console", "yaml", "diff"}
"""Kinds of blocks that are run, or written where their first line says and then used."""

OTHER = {"text", "nginx", ""}
"""What no program of ours runs: drawings and outputs, and the settings of a proxy."""

FENCE = re.compile(r"^(?P<fence>`{3,}|:{3,})(?P<kind>[^\n`]*)\n(?P<text>.*?)^(?P=fence)[ ]*$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: its kind, its text and the line that it begins on."""

    kind: str
    text: str
    line: int

    @property
    def file(self) -> str | None:
        """The file that it is: what a comment in the first line names, such as `# p.yaml`."""
        named = re.match(r"# (\S+\.(?:py|yaml))(?:, at the end)?\n|--- (\S+)\n", self.text)
        return (named[1] or named[2]) if named else None


@dataclass(frozen=True)
class Command:
    """A line for the shell, and the lines that are said to come of it."""

    line: str
    output: tuple[str, ...]


def pages() -> list[Path]:
    """Every page that people write: the README, its neighbours and docs. The chapters of the tour have tests of their own."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(path: Path) -> list[Block]:
    """The blocks of a page in their order."""
    text = path.read_text(encoding="utf-8")
    found = []
    for fence in FENCE.finditer(text):
        if not fence["kind"].startswith("{") and not fence["fence"].startswith(":"):
            kind = fence["kind"].strip()
            assert kind in CODE | OTHER, f"{path}: nobody knows what to do with a block of {kind!r}"
            found.append(Block(kind, fence["text"], text.count("\n", 0, fence.start()) + 1))
    return found


def commands(text: str) -> list[Command]:
    """The commands of a console block: what follows `$ `, without comments."""
    found = []
    for part in re.split(r"^\$ ", text.replace("\\\n", " "), flags=re.MULTILINE)[1:]:
        line, *output = part.rstrip("\n").split("\n")
        found.append(Command(re.sub(r"\s+#.*", "", line).strip(), tuple(output)))
    return found
