from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

import sightline as sl
from sightline import jobs
from sightline.cli.app import build
from sightline.errors import InputError, RunError
from sightline.files import write_json


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> sl.Run:
    return sl.train("digits", epochs=2, out=tmp_path_factory.mktemp("runs"), name="first")


def test_a_run_gives_the_same_weights_again(run: sl.Run) -> None:
    before = {file.name: file.read_bytes() for file in run.path.iterdir() if file.is_file()}
    found = sl.reproduce(run.path)
    assert found.run.path == run.path.parent / "first-again"
    assert found.identical
    assert found.reproduced
    assert found.agreement == 1
    assert found.environment == {}
    assert all(then == now for then, now in found.figures.values())
    assert {file.name: file.read_bytes() for file in run.path.iterdir() if file.is_file()} == before


@pytest.mark.slow
def test_a_run_is_gone_on_with_and_reproduced_from_inside(run: sl.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = Path(shutil.copytree(run.path, tmp_path / "moved"))
    monkeypatch.chdir(inside)
    longer = sl.resume(".", extend=1)
    assert (longer.path, len(longer.history), longer.model.manifest.name) == (inside, 3, "moved")
    assert sl.reproduce(Path()).run.path == tmp_path / "moved-again"
    monkeypatch.chdir(inside / "bundle")
    assert sl.report("..") == inside / "report.html"


def test_the_command_says_what_differs_and_ends_with_1(run: sl.Run, tmp_path: Path) -> None:
    record = json.loads((run.path / "metrics.json").read_text(encoding="utf-8"))
    changed = json.loads(json.dumps(record))
    changed["evaluation"]["accuracy"] -= 0.2
    changed["run"]["environment"]["keras"] = "1.0"
    config = (run.path / "config.yaml").read_text(encoding="utf-8")
    try:
        write_json(run.path / "metrics.json", changed)
        (run.path / "config.yaml").write_text(config.replace("learning_rate: 0.01", "learning_rate: 0.02"), encoding="utf-8")
        command = ["reproduce", str(run.path), "--out", str(tmp_path), "--name", "again", "--quiet"]
        ran = CliRunner().invoke(build(["reproduce"]), [*command, "--json"])
        assert ran.exit_code == 1, ran.output
        found = json.loads(ran.stdout)
        assert not found["identical"]
        assert not found["reproduced"]
        assert found["environment"]["keras"]["before"] == "1.0"
        assert found["figures"]["accuracy"]["before"] == pytest.approx(changed["evaluation"]["accuracy"])
    finally:
        write_json(run.path / "metrics.json", record)
        (run.path / "config.yaml").write_text(config, encoding="utf-8")


def test_what_was_never_finished_cannot_be_reproduced(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is not a run"):
        sl.reproduce(tmp_path)
    (tmp_path / "config.yaml").write_text("data: digits\n", encoding="utf-8")
    with pytest.raises(RunError, match="has no results yet"):
        sl.reproduce(tmp_path)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def short_row(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8") + "row\n", encoding="utf-8")


def without_traces(path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    save_file({key: value for key, value in load_file(path).items() if not key.startswith("trace.")}, path)


def nested(path: Path) -> None:
    path.write_text(100_000 * "[", encoding="utf-8")


def of_another_form(path: Path) -> None:
    path.write_text('{"run": []}', encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("record.safetensors", cut),
        ("record.safetensors", without_traces),
        ("predictions.csv", short_row),
        ("log.csv", short_row),
        ("metrics.json", cut),
        ("metrics.json", nested),
        ("metrics.json", of_another_form),
    ],
)
def test_damaged_results_are_a_run_error_and_are_made_again(
    run: sl.Run, name: str, damage: Callable[[Path], None], tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(run.path, tmp_path / "copy"))
    damage(copy / name)
    with pytest.raises(RunError, match=r"the results of .* cannot be read: .*Make them again with `sightline train --resume"):
        sl.report(copy)
    if damage is cut and name == "record.safetensors":
        sl.resume(copy)
        assert sl.report(copy).is_file()


@pytest.mark.parametrize("job", [sl.reproduce, sl.resume, sl.report])
def test_a_name_longer_than_any_file_system_takes_is_no_run(job: Callable[[str], object]) -> None:
    with pytest.raises(RunError, match="is not a run"):
        job("x" * 300)
    with pytest.raises(InputError, match="xxx"):
        jobs.preview("x" * 300, "preview.png")
