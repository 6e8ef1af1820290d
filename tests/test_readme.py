"""What the README shows is run, and what it names exists."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
import yaml

import sightline as sl

ROOT = Path(__file__).parents[1]
RUN = [sys.executable, "-m", "sightline"]
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


@pytest.mark.parametrize(("page", "index"), [("README.md", 1), ("docs/pictures.md", 0)])
def test_the_lines_about_pictures_work_as_they_stand(tmp_path: Path, page: str, index: int) -> None:
    code = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)[index]
    ran = subprocess.run(
        [sys.executable, "-c", f"import sightline as sl\n{code}"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr


def test_the_pipeline_in_the_documentation_loads_and_runs(tmp_path: Path) -> None:
    text = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/pictures.md").read_text(encoding="utf-8"), re.DOTALL)[0]
    (tmp_path / "p.yaml").write_text(text, encoding="utf-8")
    assert sl.Pipeline.load(tmp_path / "p.yaml").run(sl.sample(width=60, height=40), train=True).shape == (28, 28)


def test_the_space_in_the_documentation_can_be_tuned_in(tmp_path: Path) -> None:
    text = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/tuning.md").read_text(encoding="utf-8"), re.DOTALL)[0]
    (tmp_path / "space.yaml").write_text(text, encoding="utf-8")
    command = [*RUN, "tune", "fashion-mnist", "--space", str(tmp_path / "space.yaml"), "--show-space"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert yaml.safe_load(ran.stdout)["space"] == {
        **yaml.safe_load(text)["space"],
        "weight_decay": {"between": [0.001, 0.3], "log": True},
    }


@pytest.mark.slow
def test_the_training_pipeline_in_the_documentation_trains(tmp_path: Path) -> None:
    text = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/training.md").read_text(encoding="utf-8"), re.DOTALL)[0]
    (tmp_path / "p.yaml").write_text(text, encoding="utf-8")
    commands = re.findall(r"^\$ sightline (.*?)(?: +#.*)?$", (ROOT / "docs/training.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(commands) >= 3
    for line in (command for command in commands if "p.yaml" in command):
        words = shlex.split(line.replace("mnist", "digits"))  # the same, but small
        if words[0] == "train":
            words += ["--epochs", "1", "--dry-run"]
        ran = subprocess.run([*RUN, *words], cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert ran.returncode == 0, ran.stderr
        assert ("Augmentation is off" in ran.stderr) == ("--no-augment" in words)


def test_the_picture_commands_in_the_documentation_work_as_they_stand(shared: Path, tmp_path: Path) -> None:
    """Each line that begins with `$ sightline`, in turn, in a folder with a real photo; a mistake must be shown as it is."""
    shutil.copy(shared / "exif/Landscape_6.jpg", tmp_path / "photo.jpg")
    shutil.copy(shared / "exif/Landscape_1.jpg", tmp_path / "coins.jpg")
    for folder in ("photos", "photos/more"):
        (tmp_path / folder).mkdir()
        shutil.copy(shared / "exif/Portrait_1.jpg", tmp_path / folder / "a.jpg")
    text = (ROOT / "docs/pictures.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\$ sightline (.*)\n(Error: .*)?", text, re.MULTILINE)
    assert len(lines) >= 7
    for line, error in lines:
        ran = subprocess.run([*RUN, *shlex.split(line)], cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert ran.returncode == (2 if error else 0), f"{line}: {ran.stderr}"
        assert not error or ran.stderr.startswith(error)
    assert sl.read(tmp_path / "out.png").shape == (200, 200, 3)
    assert {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.webp")} == {
        "a.webp",
        "more/a.webp",
    }


def test_every_command_and_option_that_is_named_exists() -> None:
    from typer.main import get_command

    from sightline.cli.app import build

    commands = get_command(build()).commands  # type: ignore[attr-defined]
    every = {**commands, **commands["data"].commands}
    known = {option for command in every.values() for parameter in command.params for option in parameter.opts}
    known |= {option for command in every.values() for parameter in command.params for option in parameter.secondary_opts}
    known |= {"--help", "--p", "--when", "--data-binary"}  # the last is an option of curl
    known |= {"--" + parameter.name.replace("_", "-") for op in sl.OPS for parameter in op.parameters.describe()}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for name in re.findall(r"(?:`|\$ )sightline ([a-z]+)", text):
            assert name in commands, f"{page.name}: sightline {name}"
        for option in re.findall(r"(?<![\w-])(--[a-z][a-z0-9-]+)", text):
            assert option in known, f"{page.name}: {option}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target
