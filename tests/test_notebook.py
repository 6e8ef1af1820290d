"""What a job says in a notebook, by a real kernel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest

EVENTS = """
from sightline.events import EpochDone, Note, Progress, StepDone
from sightline.notebook import default_listener as say

def epoch(number, loss):
    row = {"epoch": number, "loss": loss, "accuracy": 0.5, "val_loss": loss, "val_accuracy": 0.5}
    say(StepDone(number, 3, 1, 10, loss, 0.5, 1000, 1))
    say(EpochDone(row, 3, loss < 0.6, 1))
"""
FIRST = """
say(Note("begins"))
epoch(1, 0.9), epoch(2, 0.5), epoch(3, 0.7)
epoch(1, 0.8), epoch(2, 0.9)
say(Note("odd", warning=True))
say(Progress("reading", 5, 10))
"""
SECOND = """
say(Progress("reading", 1, 2))
say(Progress("reading", 2, 2))
say(Note("done"))
for number in range(200):
    say(Note(str(number)))
"""
SHORT = """
say(Progress("reading", 1, 2))
say(Progress("reading", 2, 2))
"""


def shown(folder: Path, *cells: str) -> list[str]:
    """The text under each cell; there is one output or none."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, kernel_name="python3", timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    outputs = [cell.outputs for cell in notebook.cells]
    assert all(len(every) <= 1 for every in outputs), outputs
    return [every[0].data["text/plain"] if every else "" for every in outputs]


def test_under_a_cell_stand_notes_the_best_and_the_last_epoch_and_what_is_under_way(tmp_path: Path) -> None:
    _, first, second, short = shown(tmp_path, EVENTS, FIRST, SECOND, SHORT)
    begins, best, last, other, odd, *under_way = first.splitlines()
    assert begins == "begins"
    assert best.startswith("epoch 2/3  loss 0.5000")
    assert last.startswith("epoch 3/3  loss 0.7000")
    assert other.startswith("epoch 2/3  loss 0.9000")
    assert odd == "Warning: odd"
    assert under_way in ([], ["reading: 5 of 10 pictures"])  # it changes no oftener than can be read
    assert short == ""
    assert second.splitlines() == ["(101 lines before)", *map(str, range(100, 200))]


@pytest.mark.parametrize("load", ["", "import IPython; "])
def test_elsewhere_it_is_silent(load: str) -> None:
    code = f"{load}from sightline.notebook import default_listener as say; from sightline.events import Note; say(Note('x'))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("", "")
