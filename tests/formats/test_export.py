"""Exports are written, proven by replay and opened in their own runtimes; what is not proven leaves nothing behind."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import sightline as sl
from sightline.bundle import Network, Predictor, Sample
from sightline.data import Split
from sightline.errors import BundleError, InputError, JobError, ParameterError, SightlineError, UnknownNameError
from sightline.events import Event, Note, Progress
from sightline.formats import FORMATS
from sightline.formats.replay import Limits, raw_files, replay, spread_over_classes
from sightline.formats.side_file import write_side_file
from sightline.formats.source import Source
from sightline.formats.writing import _replace_folder, find_format, open_export, settle_target, write_export

SIGHTLINE = [sys.executable, "-m", "sightline"]


def sightline(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*SIGHTLINE, *arguments], capture_output=True, text=True, timeout=200, cwd=cwd)


def everything(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.fixture
def as_files(pictures: Split, tmp_path: Path) -> Path:
    """Forty of MNIST's test pictures as PNG and JPEG files in class folders."""
    folder = tmp_path / "digits"
    for index in range(40):
        kind = ".png" if index % 2 else ".jpg"
        sl.write(folder / str(pictures.labels[index]) / f"{index:03}{kind}", pictures.read(index))
    return folder


@pytest.mark.parametrize("name", ["onnx", "litert", "saved_model", "openvino", "torch"])
def test_every_format_of_a_run_answers_as_the_run_does(run: sl.Run, name: str, tmp_path: Path) -> None:
    form = FORMATS.get(name)
    if form.missing:
        pytest.skip(f"not installed: {' '.join(form.missing)}")
    target = tmp_path / f"model{form.suffix}"
    events: list[Event] = []
    found = sl.export(run.path, target, format=name, replay=60, on_event=events.append)
    assert (found.path, found.format, found.precision) == (target, name, "float32")
    assert (found.replay.split, found.replay.pictures, found.replay.agreement) == ("test", 60, 1.0)
    assert found.replay.largest <= 1e-5
    assert found.replay.accuracy == found.replay.accuracy_before > 0.2
    assert all(path.is_file() for path in found.files)
    assert found.bytes == sum(path.stat().st_size for path in found.files)
    assert [event for event in events if isinstance(event, Progress)][-1] == Progress("Replaying", 60, 60)
    test = sl.load_dataset("digits").test
    assert test is not None
    opened = open_export(target, form)
    for index in range(5):  # of another size than the network's input, and in colour: the pipeline is the run's
        picture = np.dstack([sl.resize(test.read(index), width=40, height=31)] * 3)
        assert abs(opened.predict(picture).probabilities - run.model.predict(picture).probabilities).max() < 1e-5
    if name == "litert":  # not by its suffix
        with pytest.raises(BundleError, match="is a LiteRT file, for other programs"):
            sl.load(target.rename(tmp_path / "model.bin"))
    if found.side is not None:
        side = json.loads(found.side.read_text())
        assert (side["labels"], side["kind"], side["file"]) == (list(run.model.labels), name, target.name)
    assert not [name for name in everything(tmp_path) if ".sightline" in name]


def test_weights_that_do_not_fit_are_named_by_the_process_that_exports(mnist: Path, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(mnist, tmp_path / "bundle"))
    described = json.loads((bundle / "manifest.json").read_text())
    described["architecture"]["arguments"]["filters"] = [8, 8, 8]
    (bundle / "manifest.json").write_text(json.dumps(described))
    with pytest.raises(JobError, match="the weights of bundle .* do not fit cnn3"):
        sl.export(bundle, tmp_path / "model.tflite", replay=10)


@pytest.mark.parametrize("name", ["onnx", pytest.param("litert", marks=pytest.mark.slow)])
def test_int8_is_small_and_near(run: sl.Run, name: str, tmp_path: Path) -> None:
    # a run of two epochs is unsure of much
    large = sl.export(run.path, tmp_path / f"large{FORMATS.get(name).suffix}", replay=20)
    small = sl.export(run.path, tmp_path / f"small{FORMATS.get(name).suffix}", int8=True, calibration=100, agreement=0.9)
    assert (small.precision, small.format, small.replay.pictures) == ("int8", name, 200)
    assert small.path.stat().st_size < 0.4 * large.path.stat().st_size
    assert 1e-6 < small.replay.mean < 0.02
    assert small.replay.accuracy > small.replay.accuracy_before - 0.03
    opened, validation = open_export(small.path, FORMATS.get(name)), sl.load_dataset("digits").validation
    assert validation is not None
    known = [opened.predict(validation.read(index)).known for index in spread_over_classes(validation.labels, 100)]
    assert (opened.manifest.unknown_score, opened.manifest.unknown_rejection) == ("confidence", 0.02)
    assert known.count(False) == 2, "the run's rejection, by a threshold of its own"


def test_an_int8_export_of_a_bundle_that_does_not_tell_its_rejection_has_no_threshold(mnist: Path, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(mnist, tmp_path / "bundle"))
    described = json.loads((bundle / "manifest.json").read_text())
    (bundle / "manifest.json").write_text(json.dumps(described | {"unknown_rejection": None}))
    found = sl.load(sl.export(bundle, tmp_path / "small.onnx", int8=True, replay=20).path).manifest
    assert (found.unknown_score, found.unknown_threshold) == ("confidence", None)


def test_pictures_on_disk_are_replayed_themselves(as_files: Path, model: Predictor, tmp_path: Path) -> None:
    split = sl.load_dataset(as_files).test
    assert split is not None
    files = raw_files(split, tmp_path / "unused")
    assert files == list(split.pictures)
    assert not (tmp_path / "unused").exists()
    found = sl.export("mnist", tmp_path / "model.onnx", data=str(as_files))
    assert (found.replay.split, found.replay.pictures, found.replay.largest) == ("all pictures", 40, 0.0)
    assert found.replay.accuracy > 0.9
    assert sl.load(found.path).predict(files[0]).label == model.predict(files[0]).label


def test_pictures_in_memory_become_files_of_the_same_pixels(pictures: Split, tmp_path: Path) -> None:
    files = raw_files(pictures.take([3, 5]), tmp_path)
    assert [path.suffix for path in files] == [".png", ".png"]
    for path, index in zip(files, (3, 5), strict=True):
        assert np.array_equal(sl.read(path, "unchanged"), pictures.read(index))


def test_a_picture_that_nobody_can_read_is_left_out(as_files: Path, model: Predictor, pictures: Split) -> None:
    broken = next(as_files.rglob("*.jpg"))
    broken.write_bytes(b"\xff\xd8 no picture")
    files = sorted(as_files.rglob("*.*"))
    labels = np.array([int(path.parent.name) for path in files])
    found = replay(model, model, files, labels, "test", lambda event: None)
    assert (found.pictures, found.agreement, found.largest) == (39, 1.0, 0.0)


@pytest.fixture
def other(mnist: Path, tmp_path: Path, note_hash: Callable[..., None]) -> Any:
    """Make a bundle, whole in itself, of which weights or labels are others than the shipped model's."""

    def make(scale: float = 1.0, labels: str = "0123456789") -> Path:
        bundle = Path(shutil.copytree(mnist, tmp_path / f"other-{scale}-{labels}"))
        described = json.loads((bundle / "manifest.json").read_text())
        network = onnx.load(bundle / "model.onnx")
        kernels = {node.input[1] for node in network.graph.node if node.op_type == "Conv"}
        tensor = max((one for one in network.graph.initializer if one.name in kernels), key=lambda one: len(one.raw_data))
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * np.float32(scale), tensor.name))
        data = network.SerializeToString()
        (bundle / "model.onnx").write_bytes(data)
        described["labels"] = list(labels)
        shipped = sl.load("mnist")
        measured = Network(data).measure(shipped.prepare((bundle / "sample.png").read_bytes())[None])
        answer = Sample.of(measured, shipped.manifest.temperature)
        (bundle / "sample.json").write_text(answer.model_dump_json())
        for name in ("model.onnx", "sample.json"):
            note_hash(bundle, described, name)
        sl.load(bundle)
        return bundle

    return make


@pytest.mark.parametrize(
    ("changes", "received"),
    [
        ({"scale": 1.01}, r"received 100.0% and 0\.0"),
        ({"scale": -1.0}, r"received \d\d?\.\d%"),
        ({"labels": "1023456789"}, r"received 80.0% and (1 |0\.9)"),
        ({"labels": "abcdefghij"}, "other labels: expected 0, 1"),
    ],
)
def test_an_export_that_answers_otherwise_is_not_written(
    changes: dict[str, Any], received: str, other: Any, model: Predictor, pictures: Split, tmp_path: Path
) -> None:
    """What is exported is another model than the one it is replayed against, as a bad conversion would be."""
    form, out = FORMATS.get("onnx"), tmp_path / "out"
    some = pictures.take(spread_over_classes(pictures.labels, 100))
    out.mkdir()
    (out / "model.onnx").write_text("the one before")
    with pytest.raises(JobError, match=received):
        write_export(
            Source(other(**changes)), form, out / "model.onnx", model, some, "test", Limits.of("float32"), lambda event: None
        )
    assert everything(out) == ["model.onnx"]
    assert (out / "model.onnx").read_text() == "the one before"


def test_an_export_that_fails_its_own_check_is_not_written(
    mnist: Path, model: Predictor, pictures: Split, tmp_path: Path, note_hash: Callable[..., None]
) -> None:
    bundle = Path(shutil.copytree(mnist, tmp_path / "bundle"))
    (bundle / "sample.json").write_text(json.dumps({"probabilities": [0.1] * 10}))
    note_hash(bundle, json.loads((bundle / "manifest.json").read_text()), "sample.json")
    target = tmp_path / "out" / "model.onnx"
    arguments = (FORMATS.get("onnx"), target, model, pictures.take(range(9)), "test", Limits.of("float32"), lambda event: None)
    with pytest.raises(JobError, match="what was written as onnx does not work.*the sample picture gets other probabilities"):
        write_export(Source(bundle), *arguments)
    assert everything(tmp_path / "out") == []


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    for name in ("new", "target"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.txt").touch()
    _replace_folder(tmp_path / "new", tmp_path / "target", tmp_path / "aside")
    assert everything(tmp_path) == ["target", "target/new.txt"]
    with pytest.raises(FileNotFoundError):
        _replace_folder(tmp_path / "none", tmp_path / "target", tmp_path / "aside")
    assert everything(tmp_path) == ["target", "target/new.txt"]


@pytest.mark.parametrize("name", ["litert", "saved_model", "openvino", "torch"])
def test_a_file_that_is_no_export_does_not_open(name: str, tmp_path: Path) -> None:
    form = FORMATS.get(name)
    if form.missing:
        pytest.skip(f"not installed: {' '.join(form.missing)}")
    path = tmp_path / f"model{form.suffix}"
    path.write_text("no model")
    with pytest.raises(BundleError, match="does not open"):
        open_export(path, form)


def test_limits_decide(other: Any, model: Predictor, pictures: Split, tmp_path: Path) -> None:
    some = pictures.take(range(60))
    limits = Limits.of("float32", tolerance=0.2)
    arguments = (FORMATS.get("onnx"), tmp_path / "near.onnx", model, some, "test", limits, lambda event: None)
    found = write_export(Source(other(scale=1.01)), *arguments)
    assert 1e-4 < found.replay.largest < 0.2
    assert found.path.is_file()
    for values in ({"agreement": 1.5}, {"tolerance": -0.1}, {"tolerance": float("nan")}):
        with pytest.raises(ParameterError, match="expected 0 to 1"):
            Limits.of("int8", **values)


def test_the_files_beside_an_export_are_held_to_their_schema(run: sl.Run, tmp_path: Path) -> None:
    found = sl.export(run.path, tmp_path / "model.tflite", replay=10)
    assert found.side == tmp_path / "model.tflite.json"
    side = json.loads(found.side.read_text())
    for changes in ({"labels": ["a", "b"]}, {"labels": ["\x1b[2J"] * 10}, {"extra": 1}):
        found.side.write_text(json.dumps({**side, **changes}))
        with pytest.raises(BundleError):
            open_export(found.path, FORMATS.get("litert")).predict(np.zeros((8, 8), np.uint8))


def test_a_place_that_is_taken(mnist: Path, run: sl.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first = sl.export("mnist", replay=10)
    assert first.path == Path("mnist.onnx")
    with pytest.raises(InputError, match="there is 'mnist.onnx' already"):
        sl.export(mnist, replay=10)
    first.path.write_text("old")
    assert sl.export("mnist", replay=10, overwrite=True).path.stat().st_size > 200_000
    assert sl.export(run.path, int8=True, replay=10, agreement=0).path == Path("eights-int8.onnx")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "letters.txt").write_text("mine")
    (tmp_path / "folder" / "sightline.json").write_text("{}")
    with pytest.raises(InputError, match="is no export to replace"):
        sl.export("mnist", "folder", format="saved_model", overwrite=True)
    assert everything(tmp_path) == ["eights-int8.onnx", "folder", "folder/letters.txt", "folder/sightline.json", "mnist.onnx"]


@pytest.mark.parametrize(
    ("name", "taken"),
    [("openvino", "notes.bin"), ("openvino", "notes.xml.json"), ("litert", "notes.tflite.json"), ("torch", "notes.pt2.json")],
)
def test_what_lies_beside_an_export_is_replaced_only_where_it_belongs_to_it(
    name: str, taken: str, mnist: Path, tmp_path: Path
) -> None:
    form, description = FORMATS.get(name), Source(mnist).without_distance
    target, other = (tmp_path / f"{stem}{form.suffix}" for stem in ("notes", "other"))
    side = target.with_name(f"{target.name}.json")
    target.write_text("named by the user")
    assert settle_target(target, form, "mnist", "float32", overwrite=True) == target
    (tmp_path / taken).write_text("somebody's work")
    with pytest.raises(InputError, match=f"{taken}' is no export to replace"):
        settle_target(target, form, "mnist", "float32", overwrite=True)
    for kind, described in ((form, other), (FORMATS.get("saved_model"), target)):  # of another file, and of another format
        write_side_file(described, kind, description).replace(side)
        with pytest.raises(InputError, match="is no export to replace"):
            settle_target(target, form, "mnist", "float32", overwrite=True)
    write_side_file(target, form, description)
    assert settle_target(target, form, "mnist", "float32", overwrite=True) == target


@pytest.mark.parametrize(
    ("arguments", "kind", "match"),
    [
        ({"format": "onyx"}, UnknownNameError, "Did you mean onnx"),
        ({"output": "a.tflite", "format": "onnx"}, InputError, "expected a file that ends in .onnx"),
        ({"output": "a.zip"}, InputError, "Name the format with --format"),
        ({"output": "a.onnx", "format": "saved_model"}, InputError, "expected a folder"),
        ({"output": "A.ONNX"}, InputError, r"'A.ONNX' does not fit the format onnx: expected a file that ends in .onnx$"),
        ({"output": "A.TFLITE"}, InputError, "does not fit the format litert: expected a file that ends in .tflite"),
        ({"output": "A.XML"}, InputError, "does not fit the format openvino: expected a file that ends in .xml"),
        ({"output": "A.Pt2", "format": "torch"}, InputError, "expected a file that ends in .pt2"),
        ({"format": "saved_model", "int8": True}, InputError, "not exported in int8: expected the format onnx or litert"),
        ({"replay": 0}, ParameterError, "invalid replay"),
        ({"calibration": 0}, ParameterError, "invalid calibration"),
        ({"output": "x" * 300 + ".onnx"}, InputError, "too long"),
    ],
)
def test_mistakes_are_found_before_anything_is_read(
    arguments: dict[str, Any], kind: type[SightlineError], match: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kind, match=match):
        sl.export("mnist", **arguments)
    assert everything(tmp_path) == []


def test_a_format_whose_package_is_missing_says_what_to_install() -> None:
    missing = [form for form in FORMATS if form.missing]
    if not missing:
        pytest.skip("every package is installed")
    for form in missing:
        with pytest.raises(InputError, match=f"pip install {form.missing[0]}"):
            form.check(int8=False)


def test_a_name_that_the_side_file_cannot_hold_is_refused_and_leaves_nothing(run: sl.Run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="invalid name of a file"):
        sl.export(run.path, tmp_path / f"{'x' * 205}.tflite", replay=10)
    assert everything(tmp_path) == []


def test_an_export_is_not_exported_again_but_evaluated(one_file: Path, as_files: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is an export itself"):
        sl.export(one_file, tmp_path / "again.onnx")
    ran = sightline("evaluate", str(one_file), "--data", str(as_files), "--json", "--quiet", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["pictures"] == 40


def test_the_suffix_chooses_the_format() -> None:
    for name in ("a.onnx", "b.tflite", "c.xml", "d.pt2"):
        assert find_format(None, Path(name)).suffix == Path(name).suffix
    assert find_format(None, None).name == "onnx"


def test_spread_over_classes_is_even_and_complete() -> None:
    labels = np.repeat([0, 1, 2], [100, 7, 2])
    chosen = spread_over_classes(labels, 30)
    assert np.bincount(labels[chosen]).tolist() == [21, 7, 2]
    assert len(set(chosen.tolist())) == 30
    assert chosen[:21].tolist() == sorted(chosen[:21].tolist())
    assert chosen[20] - chosen[0] == 99
    assert len(spread_over_classes(labels, 1000)) == 109


def test_the_command(run: sl.Run, tmp_path: Path) -> None:
    ran = sightline("export", str(run.path), "-o", "eights.onnx", "--replay", "50", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "50 picture files (test): top-1 agreement 100.0%, largest difference of probabilities 0.0000" in ran.stdout
    assert "Use it: sightline predict photo.png --model eights.onnx" in ran.stdout
    sl.write(tmp_path / "photo.png", np.zeros((20, 30, 3), np.uint8))
    answers = [
        json.loads(sightline("predict", "photo.png", "--model", model, "--json", cwd=tmp_path).stdout)
        for model in ("eights.onnx", str(run.path))
    ]
    assert answers[0] == answers[1]
    again = sightline("export", str(run.path), "-o", "eights.onnx", "--replay", "50", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (2, "")
    asked = sightline("export", "mnist", "--json", "--quiet", "--replay", "20", cwd=tmp_path)
    facts = json.loads(asked.stdout)
    assert (facts["path"], facts["format"], facts["replay"]["pictures"], asked.stderr) == ("mnist.onnx", "onnx", 20, "")


def test_the_command_fails_above_the_tolerance(tmp_path: Path) -> None:
    ran = sightline("export", "mnist", "--int8", "--tolerance", "0", "--replay", "20", "--calibration", "20", cwd=tmp_path)
    assert ran.returncode == 1
    assert "answers otherwise" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert everything(tmp_path) == []


def test_a_bundle_of_unknown_data_asks_for_some(other: Any, tmp_path: Path) -> None:
    bundle = other()
    described = json.loads((bundle / "manifest.json").read_text())
    described["dataset"]["name"] = "my own"
    (bundle / "manifest.json").write_text(json.dumps(described))
    with pytest.raises(InputError, match="Name some with --data"):
        sl.export(bundle, tmp_path / "model.onnx")


def test_help_lists_the_formats_and_what_they_need(tmp_path: Path) -> None:
    text = " ".join(sightline("export", "--help", cwd=tmp_path).stdout.replace("│", " ").split())
    for form in FORMATS:
        assert f"{form.name} {form.summary.split()[0]}" in text
    assert "needs pip install openvino" in text
    assert "needs pip install torch" in text


def test_events_say_what_is_done(mnist: Path, tmp_path: Path) -> None:
    events: list[Event] = []
    sl.export(mnist, tmp_path / "model.onnx", replay=10, on_event=events.append)
    assert Note("Writing onnx") in events
