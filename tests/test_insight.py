"""explain, compare and robustness from the shell and from Python, on runs, bundles and names, with real pictures."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sightline as sl
from sightline.bundle import Failure
from sightline.errors import BundleError, DatasetError, InputError, ParameterError, UnknownNameError
from sightline.events import Event, Note
from sightline.jobs import explain_many, find_many
from sightline.training.folder import RunFolder
from sightline.training.results import load_record

SIGHTLINE = [sys.executable, "-m", "sightline"]


def sightline(*arguments: str, cwd: Path | None = None, code: int = 0) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"COLUMNS": "200", "NO_COLOR": "1"}
    ran = subprocess.run([*SIGHTLINE, *arguments], cwd=cwd, capture_output=True, text=True, env=environment, timeout=200)
    assert "Traceback" not in ran.stderr + ran.stdout, ran.stderr
    assert ran.returncode == code, ran.stderr
    return ran


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two trainings on real 8x8 digits: a network of the usual width for three epochs, and a narrow one."""
    folder = tmp_path_factory.mktemp("runs")
    good = sl.train("digits", epochs=3, out=folder, name="good")
    poor = sl.train("digits", epochs=1, arguments={"filters": (4, 4, 4)}, seed=5, out=folder, name="poor")
    return good.path, poor.path


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real test digits of MNIST as PNG files."""
    folder = tmp_path_factory.mktemp("digits")
    test = sl.load_dataset("mnist").test
    assert test is not None
    for index in range(3):
        sl.write(folder / f"{test.labels[index]}-{index}.png", test.read(index))
    return folder


def test_the_shell_explains_pictures_on_a_sheet(runs: tuple[Path, Path], pictures: Path, tmp_path: Path) -> None:
    ran = sightline("explain", str(runs[0]), str(pictures), "--label", "3", cwd=tmp_path)
    assert ran.stdout.splitlines()[-1] == "Sheet: explanation.png"
    assert ran.stdout.count("grad-cam") >= 4  # one a picture and one for the label that is no answer
    sheet = sl.read(tmp_path / "explanation.png")
    assert sheet.shape[0] > 3 * 2 * 200
    target = tmp_path / "sheet.svg"
    sightline("explain", str(runs[0] / "bundle"), str(pictures / "7-0.png"), "--method", "occlusion", "-o", str(target))
    assert "points lost" in target.read_text(encoding="utf-8")


def test_the_shell_gives_maps_as_numbers(pictures: Path, tmp_path: Path) -> None:
    ran = sightline("explain", "mnist", "7-0.png", "2-1.png", "--label", "2", "--json", "--method", "occlusion", cwd=pictures)
    found = json.loads(ran.stdout)
    assert [(one["source"], one["label"], one["predicted"]) for one in found] == [
        ("7-0.png", "7", "7"), ("7-0.png", "2", "7"), ("2-1.png", "2", "2"),
    ]  # fmt: skip
    numbers = np.array(found[0]["map"])
    assert numbers.shape == sl.load("mnist").input_shape[:2]
    same = sl.explain("mnist", pictures / "7-0.png", method="occlusion")
    np.testing.assert_allclose(numbers, same.map, atol=6e-5)
    assert not [file for file in pictures.iterdir() if file.name.startswith("explanation")]


def test_what_is_none_of_the_labels_is_called_unknown_here_too(shared: Path, tmp_path: Path) -> None:
    garment = sl.load_dataset("fashion-mnist").test
    assert garment is not None
    sl.write(tmp_path / "garment.png", garment.read(1))
    (said,) = sl.load("mnist").predict_many([tmp_path / "garment.png"])
    assert isinstance(said, sl.Prediction)
    assert not said.known
    ran = sightline("explain", "mnist", "garment.png", "--method", "occlusion", "-o", "sheet.png", cwd=tmp_path)
    assert f"unknown ({said.label}?)" in ran.stdout
    found = sl.explain("mnist", tmp_path / "garment.png", method="occlusion")
    assert (found.label, found.known, found.to_dict()["known"]) == (said.label, False, False)


def test_a_picture_that_cannot_be_read_is_named_and_the_others_are_explained(pictures: Path, tmp_path: Path) -> None:
    shutil.copy(pictures / "7-0.png", tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no picture")
    ran = sightline("explain", "mnist", str(tmp_path), "-o", "sheet.png", "-q", cwd=tmp_path, code=2)
    assert "a.png" in ran.stdout
    assert "b.png" in ran.stderr
    assert (tmp_path / "sheet.png").is_file()


def test_a_sheet_or_page_never_takes_the_place_of_a_picture(pictures: Path, tmp_path: Path) -> None:
    """By whichever path; also not that of a picture of the data, which lie in class folders."""
    folder = Path(shutil.copytree(pictures, tmp_path / "photos"))
    shutil.copy(folder / "7-0.png", folder / "explanation.png")
    test = sl.load_dataset("mnist").test
    assert test is not None
    for index in range(100):
        sl.write(tmp_path / "data" / str(test.labels[index]) / f"{index}.png", test.read(index))
    (tmp_path / "link").symlink_to(folder)
    taken, data = "data/7/0.png", str(tmp_path / "data")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.png")}
    for words in (
        ["explain", "mnist", "explanation.png", "2-1.png"],
        ["explain", "mnist", "7-0.png", "-o", "../link/7-0.png"],
        ["show", "7-0.png", "--save", "7-0.png"],
        ["suspects", "mnist", "--data", data, "-o", f"../{taken}"],
        ["robustness", "mnist", "--data", data, "-o", f"../{taken}"],
        ["compare", "mnist", "mnist", "--data", data, "-o", f"../{taken}"],
        ["preview", data, "-o", f"../{taken}"],
        ["data", "preview", data, "-o", f"../{taken}"],
        ["data", "check", data, "-o", f"../{taken}"],
    ):
        assert "is a file that is read" in sightline(*words, cwd=folder, code=2).stderr, words
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.png")} == before


def test_a_picture_goes_by_one_name_in_every_result(pictures: Path) -> None:
    model, path = sl.load("mnist"), pictures / "7-0.png"
    bad = np.zeros((28, 28), np.int64)  # its values written out would fill pages
    sources = [path, str(path), path.read_bytes(), sl.read(path), bad, bad.tolist()]
    names = [str(path), str(path), "picture", "array", "array", "picture"]
    explained = [one if isinstance(one, Failure) else one[0] for one in explain_many(model, sources)]  # type: ignore[arg-type]
    found = list(find_many(sources, model))  # type: ignore[arg-type]
    for results in (list(model.predict_many(sources)), found, explained):  # type: ignore[arg-type]
        assert [one.source for one in results] == names
        assert [isinstance(one, Failure) for one in results] == [False] * 4 + [True] * 2


def test_without_weights_to_rebuild_from_occlusion_explains(runs: tuple[Path, Path], pictures: Path, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(runs[0] / "bundle", tmp_path / "bundle"))
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["architecture"]["name"] = "another"
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    events: list[Event] = []
    found = sl.explain(bundle, pictures / "7-0.png", on_event=events.append)
    assert found.method == "occlusion"
    assert events == [Note("Explained by occlusion: unknown model 'another'")]
    with pytest.raises(UnknownNameError, match="unknown model 'another'"):
        sl.explain(bundle, pictures / "7-0.png", method="grad-cam")


def test_explain_says_what_does_not_fit(runs: tuple[Path, Path], pictures: Path) -> None:
    with pytest.raises(UnknownNameError, match="no label '11'"):
        sl.explain(runs[0], pictures / "7-0.png", "11")
    with pytest.raises(UnknownNameError, match="no label 11"):
        sl.explain(runs[0], pictures / "7-0.png", 11)  # type: ignore[arg-type]
    assert sl.explain("mnist", pictures / "7-0.png", 0).label == "0"  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="expected grad-cam or occlusion"):
        sl.explain(runs[0], pictures / "7-0.png", method="shap")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="needs the model's weights"):
        sl.explain(sl.load("mnist"), pictures / "7-0.png", method="grad-cam")
    with pytest.raises(BundleError):
        next(explain_many(pictures, [pictures / "7-0.png"]))
    ran = sightline("explain", "mnist", str(pictures), "-o", "sheet.pdf", cwd=pictures, code=2)
    assert "a path that ends in .png or .svg" in ran.stderr


def test_two_runs_are_compared_on_their_test_set(runs: tuple[Path, Path], tmp_path: Path) -> None:
    good, poor = runs
    ran = sightline("compare", str(good), str(poor), "-o", str(tmp_path / "page.html"))
    found = sl.compare(good, poor)
    evaluations = [json.loads((path / "metrics.json").read_text())["evaluation"] for path in runs]
    assert (found.a.accuracy, found.b.accuracy) == (evaluations[0]["accuracy"], evaluations[1]["accuracy"])
    assert len(found) == 359
    assert found.finding().startswith("good is better by ")
    assert found.finding() in ran.stdout
    assert (tmp_path / "page.html").stat().st_size < 1_000_000
    plain = json.loads(sightline("compare", str(poor), str(good / "bundle"), "--data", "digits", "--json", "-q").stdout)
    assert plain["models"] == ["poor", "good"]
    assert (plain["pictures"], plain["split"]) == (359, "test")
    assert plain["accuracy"] == [found.b.accuracy, found.a.accuracy]


def test_shipped_models_are_compared_by_name_on_data_they_know(runs: tuple[Path, Path]) -> None:
    found = sl.compare("mnist", runs[0], data="digits")
    assert found.names == ("mnist", "good")
    same = sl.compare("mnist", "mnist")
    assert (len(same), same.difference, same.p_value) == (10_000, 0, 1)
    assert same.finding().startswith("No difference at all: both read the same ")


def test_models_of_different_data_need_pictures_to_be_named(runs: tuple[Path, Path]) -> None:
    ran = sightline("compare", "mnist", str(runs[0]), code=2)
    assert "trained on different data" in ran.stderr
    assert "Name pictures to compare them on with --data." in ran.stderr
    with pytest.raises(DatasetError, match="classes that the model does not know"):
        sl.compare("mnist", "fashion-mnist", data="mnist")


def test_robustness_of_a_run_in_the_shell(runs: tuple[Path, Path], tmp_path: Path) -> None:
    target = tmp_path / "sheet.png"
    some = ["--corruption", "rotate", "--corruption", "gaussian_noise"]
    ran = sightline("robustness", str(runs[0]), "--pictures", "50", *some, "-o", str(target))
    lines = [line.split() for line in ran.stdout.splitlines()]
    (row,) = [line for line in lines if line[:1] == ["Rotation"]]
    found = sl.robustness(runs[0], pictures=50, corruptions=["rotate", "gaussian_noise"])
    assert [row.corruption.name for row in sl.robustness(runs[0], pictures=20, corruptions="rotate").rows] == ["rotate"]
    shares = [found.accuracy, *found.rows[0].accuracy, found.rows[0].mean]
    assert row[1:8] == [f"{100 * share:.1f}" for share in shares]
    assert f"{len(found)} of 359 pictures" in ran.stdout
    assert target.is_file()


def test_robustness_of_a_whole_split_starts_at_the_clear_accuracy(runs: tuple[Path, Path]) -> None:
    evaluation, _ = sl.evaluate(runs[0])
    found = sl.robustness(runs[0].joinpath("bundle"), pictures=10_000, corruptions=["jpeg_compression"])
    assert found.accuracy == evaluation.accuracy
    assert found.sampled().startswith("all 359 pictures of ")
    plain: dict[str, Any] = found.to_dict()
    assert plain["corruptions"][0]["values"] == [25, 18, 15, 10, 7]


def test_a_bundle_of_unnamed_data_needs_pictures_to_be_named(tmp_path: Path) -> None:
    digits = sl.load_dataset("digits")
    assert digits.test is not None
    some, tried = digits.train.take(np.arange(200)), digits.test
    x_train, x_test = np.asarray(some.pictures), np.asarray(tried.pictures)
    np.savez(tmp_path / "own.npz", x_train=x_train, y_train=some.labels, x_test=x_test, y_test=tried.labels)
    run = sl.train(tmp_path / "own.npz", epochs=1, out=tmp_path, name="run")
    with pytest.raises(InputError, match="Name some with --data."):
        sl.robustness(run.path / "bundle")
    with pytest.raises(InputError, match="Name some with --data."):
        sl.compare(run, run.path / "bundle")
    found = sl.robustness(run.path / "bundle", data=str(tmp_path / "own.npz"), pictures=20, corruptions=["fog"])
    assert found.sampled() == "20 of 359 pictures of own, test, drawn class by class with seed 0"


def test_a_run_keeps_maps_of_its_worst_mistakes_and_reports_them(runs: tuple[Path, Path]) -> None:
    record = load_record(RunFolder(runs[1]))
    worst = record.evaluation.worst(24)
    assert sorted(record.maps) == sorted(worst)
    model = sl.load(runs[1])
    again = sl.explain(model, record.pictures[worst[0]])
    np.testing.assert_allclose(record.maps[worst[0]], again.map, atol=1e-3)
    page = (runs[1] / "report.html").read_text(encoding="utf-8")
    assert page.count("What the wrong answer to") == len(worst)
    assert len(page) < 1_500_000


def test_a_run_from_before_maps_is_still_reported(runs: tuple[Path, Path], tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    run = Path(shutil.copytree(runs[1], tmp_path / "old"))
    kept = {key: value for key, value in load_file(run / "record.safetensors").items() if not key.startswith("map.")}
    save_file(kept, run / "record.safetensors")
    page = sl.report(run).read_text(encoding="utf-8")
    assert "What the wrong answer to" not in page
    assert "The mistakes it is most sure of" in page


def test_results_fit_a_line_in_a_notebook() -> None:
    test = sl.load_dataset("mnist").test
    assert test is not None
    results = [
        sl.compare("mnist", "mnist-small"),
        sl.compare("mnist", "mnist-small").a,
        sl.inspect("mnist", test.read(0)),
        sl.inspect("mnist", test.read(0)).layers[0],
        sl.robustness("mnist", pictures=20, corruptions=["rotate"]),
    ]
    texts = [repr(result) for result in results]
    assert all(text.startswith("<") and len(text) < 130 for text in texts), texts
    assert "99.5" in texts[0]
    assert "'7'" in texts[2]
    assert "640 parameters" in texts[3]
