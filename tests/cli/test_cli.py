from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import sightline as sl

SIGHTLINE = [sys.executable, "-m", "sightline"]


def sightline(
    *arguments: str, cwd: Path | None = None, data: bytes | None = None, columns: int = 100
) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"COLUMNS": str(columns), "NO_COLOR": "1"}
    ran = subprocess.run([*SIGHTLINE, *arguments], cwd=cwd, capture_output=True, input=data, env=environment, timeout=200)
    result = subprocess.CompletedProcess(ran.args, ran.returncode, ran.stdout.decode(), ran.stderr.decode())
    assert "Traceback" not in result.stderr + result.stdout, result.stderr
    return result


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real test digits of MNIST as PNG files, `<label>-<number>.png`, the background dark as in MNIST."""
    folder = tmp_path_factory.mktemp("digits")
    test = sl.load_dataset("mnist").test
    assert test is not None
    for index in range(12):
        cv2.imwrite(str(folder / f"{test.labels[index]}-{index:02}.png"), test.read(index))
    return folder


def test_predict_names_each_picture_its_label_and_the_next_ones(digits: Path) -> None:
    ran = sightline("predict", "7-00.png", "--model", "mnist", cwd=digits)
    assert ran.returncode == 0
    words = ran.stdout.split()
    assert words[:2] == ["7-00.png", "7"]
    assert ran.stdout.count("%") == 3


def test_predict_reads_folders_globs_and_standard_input_as_json(digits: Path) -> None:
    everything = json.loads(sightline("predict", str(digits), "-m", "mnist", "--json").stdout)
    assert len(everything) == 12
    right = sum(Path(row["source"]).name[0] == row["label"] for row in everything)
    assert right >= 11
    some = json.loads(sightline("predict", "7-*.png", "-m", "mnist", "--json", "--top", "2", cwd=digits).stdout)
    assert {len(row["top"]) for row in some} == {2}
    piped = json.loads(sightline("predict", "-", "-m", "mnist", "--json", data=(digits / "7-00.png").read_bytes()).stdout)
    assert piped[0]["label"] == "7"


def test_predict_writes_a_table_with_every_probability(digits: Path, tmp_path: Path) -> None:
    assert sightline("predict", str(digits), "-m", "mnist", "--csv", str(tmp_path / "a.csv")).returncode == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "a.csv").read_text(encoding="utf-8"))))
    assert len(rows) == 12
    for row in rows:
        shares = {label: float(row[f"p:{label}"]) for label in map(str, range(10))}
        assert sum(shares.values()) == pytest.approx(1, abs=1e-4)
        assert max(shares, key=lambda label: shares[label]) == row["label"]


def test_one_unreadable_picture_among_many_is_named_and_the_rest_goes_on(digits: Path, tmp_path: Path) -> None:
    """Row 27 of the hazards, on the command line."""
    (tmp_path / "a.png").write_bytes((digits / "7-00.png").read_bytes())
    (tmp_path / "b.png").write_bytes(b"no picture")
    ran = sightline("predict", str(tmp_path), "-m", "mnist")
    assert ran.returncode == 2
    assert "a.png" in ran.stdout
    assert "b.png" in ran.stderr
    assert "1 of 2 pictures could not be read" in ran.stderr
    rows = json.loads(sightline("predict", str(tmp_path), "-m", "mnist", "--json").stdout)
    assert "error" in rows[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["predict", "a.png", "-m", "mnits"], "no run, bundle or pretrained model 'mnits' | Did you mean mnist?"),
        (["predict", "nowhere.png", "-m", "mnist"], "there is no such file"),
        (["predict", "*.xyz", "-m", "mnist"], "nothing matches '*.xyz'"),
        (["train"], "no data to train on"),
        (["train", "fashion-mnits", "--dry-run"], "Did you mean fashion-mnist?"),
        (["train", "digits", "--model", "cnn4"], "unknown model 'cnn4' | Did you mean cnn3?"),
        (["train", "digits", "--set", "filter=3"], "cnn3 has no parameter 'filter' | Did you mean filters?"),
        (["train", "digits", "--set", "filters"], "invalid --set: expected KEY=VALUE, received 'filters'"),
        (["train", "digits", "--epochs", "0"], "invalid epochs of training: expected 1 to 100000, received 0"),
        (["train", "digits", "--extend", "2"], "--extend needs the run to go on with | Add --resume RUN."),
        (["train", "--resume", "x", "--epochs", "3"], "--resume goes on as the run was told"),
        (["train", "--resume", "x", "--out", "y"], "--resume goes on as the run was told"),
        (["train", "--resume", "nowhere"], "'nowhere' is not a run"),
        (["train", "digits", "--name", "../x"], "invalid --name"),
        (["train", "digits", "--size", "16", "--dry-run"], "expected at least 22 x 22 px, received 16 x 16 px"),
        (["evaluate", "nowhere"], "no run, bundle or pretrained model 'nowhere'"),
        (["report", "nowhere"], "'nowhere' is not a run"),
        (["models", "cnn"], "Did you mean cnn3?"),
        (["data", "info", "nowhere"], "nowhere"),
        (["data", "get", "mnits"], "Did you mean mnist?"),
    ],
)
def test_a_users_mistake_is_two_lines_and_exit_2(tmp_path: Path, arguments: list[str], message: str) -> None:
    ran = sightline(*arguments, cwd=tmp_path, columns=400)
    assert ran.returncode == 2
    lines = [line for line in ran.stderr.splitlines() if not line.startswith(("digits: ", "Augmentation: "))]
    assert len(lines) <= 2
    assert lines[0].startswith("Error: ")
    assert message in " | ".join(lines)
    assert not list(tmp_path.iterdir())


def test_options_and_help_come_from_the_configuration() -> None:
    from sightline.training import Recipe

    text = sightline("train", "--help").stdout
    flags = {"--lr" if name == "learning_rate" else f"--{name.replace('_', '-')}" for name in Recipe.model_fields}
    for flag in {*flags, "--epochs", "--preset", "--patience", "--resume", "--extend", "--dry-run", "--class-weight"}:
        assert flag in text


def test_help_fits_a_screen_and_begins_with_an_example() -> None:
    lines = sightline("--help", columns=80).stdout.splitlines()
    assert len(lines) < 40
    assert not [line for line in lines if line.startswith("│      ")]  # one line each
    assert any("sightline predict photo.png --model mnist" in line for line in lines[:8])


def test_a_dry_run_estimates_and_writes_nothing(tmp_path: Path) -> None:
    ran = sightline("train", "digits", "--dry-run", "--json", cwd=tmp_path)
    found = json.loads(ran.stdout)
    assert (found["pictures"], found["parameters"], found["steps_per_epoch"]) == (1294, 57_418, 11)
    assert found["seconds"] == pytest.approx(found["seconds_per_epoch"] * 25, rel=0.2)
    assert not list(tmp_path.iterdir())


def test_data_check_tells_by_its_status_and_draws_what_it_found(tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    root, sheet = tmp_path / "photos", tmp_path / "sheet.png"
    for number in range(60):
        sl.write(root / "ab"[number % 2] / f"{number}.png", noise.integers(0, 256, (30, 30), np.uint8))
    assert sightline("data", "check", str(root), "--strict").returncode == 0
    sl.write(root / "a" / "blank.png", np.full((30, 30), 7, np.uint8))
    assert sightline("data", "check", str(root)).returncode == 0
    ran = sightline("data", "check", str(root), "--strict", "--json", "--quiet", "-o", str(sheet))
    assert (ran.returncode, ran.stderr) == (1, "")
    (found,) = json.loads(ran.stdout)
    assert (found["kind"], found["severity"], found["items"]) == ("blank", "warning", ["a/blank.png"])
    assert sl.read(sheet).shape[0] > 200
    (root / "c").mkdir()
    ran = sightline("data", "check", str(root))
    assert ran.returncode == 1
    assert "error: 1 class folder without pictures" in ran.stdout
    ran = sightline("train", str(root), cwd=tmp_path)
    assert ran.returncode == 2
    assert "'photos' has class folders without pictures: expected at least one in each, received c" in ran.stderr


def test_data_commands_tell_what_is_there(tmp_path: Path) -> None:
    assert {row["name"] for row in json.loads(sightline("data", "list", "--json").stdout)} == {"digits", "mnist", "fashion-mnist"}
    info = json.loads(sightline("data", "info", "fashion-mnist", "--json").stdout)
    assert {name: sum(counts) for name, counts in info["counts"].items()} == {"train": 54_000, "validation": 6_000, "test": 10_000}
    assert set(info["counts"]["validation"]) == {600}
    assert sightline("data", "check", "digits").returncode == 0
    assert sightline("data", "preview", "digits", "-o", str(tmp_path / "sheet.png"), "--each", "3").returncode == 0
    sheet = sl.read(tmp_path / "sheet.png")
    assert min(sheet.shape[:2]) > 300


def test_models_and_checks_are_read_by_programs() -> None:
    models = json.loads(sightline("models", "--json").stdout)
    assert {row["name"] for row in models["networks"]} == {
        "cnn3", "tiny", "small", "base", "large", "wide", "efficientnet", "mobilenet", "resnet",
    }  # fmt: skip
    assert {row["name"] for row in models["pretrained"]} == {"fashion-mnist", "fashion-mnist-small", "mnist", "mnist-small"}
    assert json.loads(sightline("version", "--json").stdout) == {"sightline": sl.__version__}
    assert sightline("--version").stdout.strip() == sl.__version__
    assert json.loads(sightline("checks", "--json").stdout)["packages"]["keras"]
    assert "57,418" in sightline("models", "cnn3").stdout


def test_a_reader_that_has_seen_enough_ends_the_command_without_a_word() -> None:
    for words in (["ops"], ["ops", "--json"]):
        reading, writing = os.pipe()
        os.close(reading)
        ran = subprocess.run([*SIGHTLINE, *words], stdout=writing, stderr=subprocess.PIPE, timeout=60)
        os.close(writing)
        assert (ran.returncode, ran.stderr) == (128 + 13, b"")
