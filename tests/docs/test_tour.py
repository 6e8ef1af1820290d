"""The tour: every chapter is run as the notebook that a reader gets, with small numbers where it says which."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

from sightline.errors import InputError, UnknownNameError
from sightline.tour import Chapter, chapters, find_chapters, to_notebook, write_notebooks

EVERY = pytest.mark.parametrize("chapter", chapters(), ids=lambda chapter: chapter.stem)


@pytest.fixture(autouse=True)
def with_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """`sightline` and `jupyter` are found, as in an environment that is activated."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


def executed(chapter: Chapter, folder: Path) -> Any:
    """The chapter's notebook with its outputs, written to `folder` and run there."""
    path = folder / f"{chapter.stem}.ipynb"
    if not path.exists():
        write_notebooks([chapter], folder)
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    if quick := chapter.parts[0].get("quick"):
        _make_quick(notebook, quick)
    client = nbclient.NotebookClient(notebook, kernel_name="python3", timeout=240, resources={"metadata": {"path": str(folder)}})
    return client.execute()


@EVERY
def test_it_runs(chapter: Chapter, tmp_path: Path) -> None:
    notebook = executed(chapter, tmp_path)
    said = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert said
    assert not [output.text for output in said if output.output_type == "stream" and output.name == "stderr"]
    if "sl.train(" in chapter.parts[1]:  # and where it stands is said under the cell
        shown = [output.data.get("text/plain", "") for output in said if output.output_type == "display_data"]
        assert any(re.search(r"^epoch (\d+)/\1  loss \d", text, re.MULTILINE) for text in shown)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_all_run_in_one_folder_and_again(tmp_path: Path) -> None:
    """As a reader does who runs one after the other, and a cell that has been changed once more."""
    for _ in range(2):
        for chapter in chapters():
            executed(chapter, tmp_path)


def _make_quick(notebook: Any, values: dict[str, Any]) -> None:
    """Let smaller values follow the cell that sets them."""
    (cell,) = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    for name in values:
        assert f"{name} =" in cell.source
    cell.source += "".join(f"\n{name} = {value!r}" for name, value in values.items())


@EVERY
def test_it_says_what_it_is_and_asks(chapter: Chapter) -> None:
    head, text = chapter.parts
    assert set(head) <= {"file_format", "kernelspec", "about", "seconds", "quick", "language_info"}
    assert text.startswith(f"# {chapter.title}\n")
    assert chapter.about
    assert chapter.seconds < 180
    assert text.count("<details>") == text.count("</details>") == text.count("<summary><b>Question.</b>") >= 3
    assert "**What to remember.**" in text


def test_chapters_are_numbered_from_one_and_lead_on() -> None:
    every = chapters()
    assert [chapter.number for chapter in every] == list(range(1, len(every) + 1))
    for chapter, after in pairwise(every):
        assert f"({after.stem}.md)" in chapter.parts[1]


def test_a_notebook_has_every_cell_of_the_text() -> None:
    (chapter,) = find_chapters(["kernels"])
    notebook = to_notebook(chapter)
    code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(code) == chapter.parts[1].count("```{code-cell}")
    whole = chapter.parts[1]
    assert all(part in whole for part in code)
    words = "".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    assert "(04-arrays.ipynb)" in words
    assert "```" not in words
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])


def test_what_a_reader_has_done_is_not_written_over(tmp_path: Path) -> None:
    first, second = find_chapters(["1", "kernels"])
    write_notebooks([first], tmp_path)
    (tmp_path / f"{first.stem}.ipynb").write_text("mine")
    with pytest.raises(InputError, match=r"there already.*01-pictures\.ipynb"):
        write_notebooks([first, second], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["01-pictures.ipynb"]
    write_notebooks([first, second], tmp_path, overwrite=True)
    assert json.loads((tmp_path / f"{first.stem}.ipynb").read_text())["nbformat"] == 4
    with pytest.raises(UnknownNameError, match="Did you mean kernels"):
        find_chapters(["kernel"])


def test_the_shell_lists_and_writes(tmp_path: Path) -> None:
    def said(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "sightline", "tour", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)

    listed = json.loads(said("--json").stdout)
    assert [one["name"] for one in listed] == [chapter.name for chapter in chapters()]
    assert all(chapter.title in said().stdout for chapter in chapters())
    written = said("3", "pictures", "-o", "here")
    assert sorted(path.name for path in (tmp_path / "here").iterdir()) == ["01-pictures.ipynb", "03-kernels.ipynb"]
    assert "here/03-kernels.ipynb" in written.stdout
    again = said("3", "-o", "here")
    assert (again.returncode, again.stdout) == (2, "")
    assert "--overwrite" in again.stderr
