"""Run the blocks of one page in their order, in the working folder: `python -m docs.run_page PAGE`. An error names the block.

Python goes on with the names of the blocks before it. A block whose first line names a file becomes that file; a `diff` changes
one.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from .blocks import Block, Command, blocks, commands
from .shorter import shorter_command, shorter_python

NUMBER = re.compile(r"\d[\d.,]*")
READY = 90  # s


class Page:
    """A page under way: the names that its Python knows, and the services that its commands have begun."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.services: list[subprocess.Popen[str]] = []
        self.port = ""

    def run(self) -> None:
        """Run all blocks; AssertionError or whatever a block raises."""
        try:
            for block in blocks(self.path):
                try:
                    self._block(block)
                except BaseException as error:
                    error.add_note(f"in the block at {self.path}:{block.line}")
                    raise
        finally:
            for service in self.services:
                service.send_signal(signal.SIGTERM)
                service.wait()

    def _block(self, block: Block) -> None:
        if block.kind == "diff":
            _change(block)
        elif block.file:
            _write(block)
        elif block.kind == "python":
            exec(compile(shorter_python(block.text), f"{self.path}:{block.line}", "exec"), self.names)
        elif block.kind == "console":
            for command in commands(block.text):
                self._command(command)
        else:
            assert block.kind != "yaml", "a block of YAML names its file in its first line"

    def _command(self, command: Command) -> None:
        line = shorter_command(command.line)
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            os.environ[name] = value
        elif line.startswith("pip install "):
            _check_requirements(line)
        elif line.startswith("sightline serve"):
            self._serve(line, command)
        else:
            if self.port:
                line = line.replace(":8000", f":{self.port}")
            ran = subprocess.run(["bash", "-c", line], capture_output=True, text=True, stdin=subprocess.DEVNULL)
            wanted = 2 if command.output and command.output[0].startswith("Error:") else 0
            assert ran.returncode == wanted, f"{line}: {ran.returncode}\n{ran.stdout[-1500:]}\n{ran.stderr[-1500:]}"
            _check_output(command, ran.stdout + ran.stderr)

    def _serve(self, line: str, command: Command) -> None:
        service = subprocess.Popen(["bash", "-c", f"exec {line} --port 0"], stdout=subprocess.PIPE, text=True)
        self.services.append(service)
        assert service.stdout is not None
        said = ""
        for said in service.stdout:
            if found := re.search(r"^Serving .*:(\d+)$", said):
                self.port = found[1]
                _check_output(command, said)
                return
        raise AssertionError(f"{line} does not serve: {said}")


def _check_output(command: Command, said: str) -> None:
    """Every line that the page shows is among those that came, numbers aside."""
    came = {NUMBER.sub("0", line.rstrip()) for line in said.splitlines()}
    for line in command.output:
        assert NUMBER.sub("0", line.rstrip()) in came, f"{command.line}: {line!r} is not in\n{said[-1500:]}"


def _check_requirements(line: str) -> None:
    """`pip install '.[serve]'`: there is such an extra."""
    for word in line.split()[2:]:
        requirement = Requirement(re.sub(r"^\.(?=\[)", "sightline", word.strip("'\"")))
        if requirement.name == "sightline":
            assert requirement.extras <= set(metadata("sightline").get_all("Provides-Extra", []))


def _write(block: Block) -> None:
    """Make the block the file that it names, or its end."""
    assert block.file is not None
    path = Path(block.file)
    head, _, text = block.text.partition("\n")
    if head.endswith("at the end"):
        path.write_text(path.read_text(encoding="utf-8") + "\n\n" + text, encoding="utf-8")
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")


def _change(block: Block) -> None:
    """What stands with ` ` and `-` must be in the file, and becomes what stands with ` ` and `+`."""
    assert block.file is not None
    path = Path(block.file)
    text = path.read_text(encoding="utf-8")
    for part in block.text.split("\n", 1)[1].split("@@\n"):
        lines = part.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] in " -")
        after = "".join(line[1:] for line in lines if line[0] in " +")
        assert before in text, f"{path} has no\n{before}"
        text = text.replace(before, after, 1)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    Page(Path(sys.argv[1])).run()
