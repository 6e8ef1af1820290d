"""What a training leaves calibrated, and a model calibrated again: whole or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

import sightline as sl
from sightline import jobs
from sightline.bundle import Calibration, load_bundle, load_manifest, load_weights, set_calibration, write_bundle
from sightline.errors import DatasetError, InputError, ParameterError
from sightline.evaluation.calibration import fit_temperature


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> sl.Run:
    light = tmp_path_factory.mktemp("calibrated")  # without normalization and at 28 px: one that is not right everywhere
    return sl.train("digits", epochs=3, batch_size=32, seed=4, size=28, normalize=False, out=light)


@pytest.fixture
def copy(run: sl.Run, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run.path, tmp_path / "run"))


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_training_fits_temperature_and_threshold_on_validation(run: sl.Run) -> None:
    manifest = load_manifest(run.path / "bundle")
    validation = sl.load_dataset("digits", seed=4).validation
    assert validation is not None
    inputs = np.stack([run.model.prepare(validation.read(index)) for index in range(len(validation))])
    raw = run.model.network.measure(inputs)
    assert manifest.temperature == pytest.approx(fit_temperature(raw.probabilities, validation.labels), rel=1e-4)
    assert manifest.unknown_score == "distance"
    assert raw.distances is not None
    assert (manifest.unknown_threshold, manifest.unknown_rejection) != (None, None)
    assert np.sum(raw.distances > (manifest.unknown_threshold or 0)) == int((manifest.unknown_rejection or 0) * len(validation))
    found = run.metrics["evaluation"]
    assert found["temperature"] == manifest.temperature
    assert found["ece_before"] != found["ece"]
    header = (run.path / "predictions.csv").read_text().splitlines()
    assert header[0].split(",")[4] == "known"
    assert sum(row.split(",")[4] == "no" for row in header[1:]) == found["unknown"]
    assert "Before calibration it was" in run.report.read_text()
    figures = (run.metrics, run.report.read_text())
    sl.report(run.path)
    assert (json.loads((run.path / "metrics.json").read_text()), run.report.read_text()) == figures, "nothing is lost on the way"


def test_noise_and_blank_pictures_are_unknown(run: sl.Run) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8)
    assert not run.model.predict(noise).known
    blank = run.model.predict(np.zeros((8, 8), np.uint8))
    assert not blank.known
    assert blank.to_dict()["distance"] > (load_manifest(run.path / "bundle").unknown_threshold or 0)


def test_calibrating_again_keeps_all_but_the_calibration(copy: Path) -> None:
    before = bytes_of(copy / "bundle")
    found = sl.calibrate(copy, rejection=0.2)
    manifest = load_manifest(copy / "bundle")
    assert (manifest.temperature, manifest.unknown_threshold) == (found.temperature, found.threshold)
    assert found.unknown == int(0.2 * found.pictures)
    after = bytes_of(copy / "bundle")
    assert {name for name in before if before[name] != after[name]} == {"manifest.json"}, "the temperature is the same"
    assert sl.evaluate(copy)[0].unknown > 0


def test_a_new_temperature_comes_with_a_new_sample(copy: Path) -> None:
    plain = load_bundle(copy / "bundle").predict(copy / "bundle" / "sample.png")
    hot = set_calibration(copy / "bundle", Calibration(5.0, "confidence", 0.9, 0.02))
    assert hot.predict(copy / "bundle" / "sample.png").confidence < plain.confidence
    sample = json.loads((copy / "bundle" / "sample.json").read_text())
    assert max(sample["probabilities"]) == pytest.approx(
        load_bundle(copy / "bundle").predict(copy / "bundle" / "sample.png").confidence
    )
    kept = bytes_of(copy / "bundle")
    for wrong in (Calibration(0.0, "confidence", 0.9, 0.02), Calibration(1.0, "confidence", 1.5, 0.02)):
        with pytest.raises(ParameterError):
            set_calibration(copy / "bundle", wrong)
    assert bytes_of(copy / "bundle") == kept
    assert sorted(path.name for path in copy.iterdir() if path.name.startswith(".bundle")) == []


def test_a_bundle_of_format_1_is_read_and_learns_distances(run: sl.Run, tmp_path: Path) -> None:
    """As the first version wrote them: a threshold on the confidence, a network with one output, a sample without distance."""
    from sightline.models import MODELS

    newest = load_manifest(run.path / "bundle")
    network = MODELS.get(newest.architecture.name).build(newest.architecture.arguments)
    network.set_weights(list(load_weights(run.path / "bundle").values()))
    old = write_bundle(
        tmp_path / "old",
        model=network,
        architecture=newest.architecture.name,
        arguments=newest.architecture.arguments,
        pipeline=run.model.pipeline,
        labels=newest.labels,
        input_shape=newest.input_shape,
        sample=(run.path / "bundle" / "sample.png").read_bytes(),
        metrics={},
        dataset=newest.dataset.model_dump(),
        name="old",
        unknown_threshold=0.3,
    )
    sample = (old / "sample.json").read_text().replace(',\n  "distance": null', "").encode()
    (old / "sample.json").write_bytes(sample)
    values = json.loads((old / "manifest.json").read_text())
    values["format"] = 1
    del values["unknown_score"], values["unknown_rejection"]
    values["files"]["sample.json"] = {"sha256": hashlib.sha256(sample).hexdigest(), "bytes": len(sample)}
    (old / "manifest.json").write_text(json.dumps(values))

    assert "distance" not in json.loads(sample)
    noise = np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8)
    before = load_bundle(old).predict(noise)
    assert before.distance is None
    assert before.known == (before.confidence >= 0.3)
    weights = (old / "weights.safetensors").read_bytes()
    sl.calibrate(old)
    after = load_bundle(old).predict(noise)
    assert load_manifest(old).format == 2
    assert after.distance is not None
    assert not after.known
    assert after.label == before.label
    assert (old / "weights.safetensors").read_bytes() == weights


def test_a_runs_own_data_named_again_fall_apart_as_in_its_training(copy: Path) -> None:
    by_itself = sl.calibrate(copy)
    named = sl.calibrate(copy, data="digits")  # the run has another seed than `load_dataset` by itself
    assert named == by_itself


def test_a_bundle_is_not_tried_on_other_data_of_the_same_name(copy: Path) -> None:
    path = copy / "bundle" / "manifest.json"
    values = json.loads(path.read_text())
    values["dataset"]["name"] = "mnist"  # as a folder of photos may well be called
    path.write_text(json.dumps(values))
    for job in (sl.calibrate, sl.suspects, sl.robustness, sl.export):
        with pytest.raises(DatasetError, match="other pictures than those of mnist.*Name some with --data"):
            job(copy / "bundle")


def test_a_wrong_rejection_changes_nothing(copy: Path) -> None:
    before = bytes_of(copy / "bundle")
    with pytest.raises(ParameterError, match="invalid rejection"):
        sl.calibrate(copy, rejection=1.5)
    assert bytes_of(copy / "bundle") == before


@pytest.mark.slow
def test_labels_of_the_training_pictures_are_judged_by_networks_that_have_not_seen_them(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for label, colour in (("blue", (200, 60, 30)), ("red", (30, 60, 200))):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number in range(30):
            picture = np.clip(np.array(colour) + random.integers(0, 50, (32, 32, 3)), 0, 255).astype(np.uint8)
            cv2.imwrite(str(tmp_path / "photos" / label / f"{number:02}.png"), picture)
    names = sorted((tmp_path / "photos" / "red").iterdir())[:2]
    for path in names:  # a red picture among the blue ones
        path.rename(tmp_path / "photos" / "blue" / f"wrong-{path.name}")
    run = sl.train(tmp_path / "photos", epochs=4, batch_size=8, out=tmp_path / "runs")
    found = sl.suspects(run.path, split="train", folds=2, output=tmp_path / "sheet.svg")
    wrong = {suspect.name for suspect in found.found if "wrong" in suspect.name}
    trained = {name for name in sl.load_dataset(str(tmp_path / "photos")).train.names if "wrong" in name}
    assert wrong == trained
    assert all((suspect.given, suspect.supposed) == ("blue", "red") for suspect in found.found if "wrong" in suspect.name)
    assert (tmp_path / "sheet.svg").read_text().lstrip().startswith("<?xml")


def test_what_comes_with_sightline_and_exports_stay_as_they_are(copy: Path, tmp_path: Path) -> None:
    shipped = jobs.pretrained()["mnist"]
    before = bytes_of(shipped)
    for model in ("mnist", shipped):
        with pytest.raises(InputError, match="comes with Sightline and stays as it is"):
            sl.calibrate(model, rejection=0.3)
    assert bytes_of(shipped) == before
    export = sl.export(copy, tmp_path / "digits.onnx", replay=20).path
    content = export.read_bytes()
    with pytest.raises(InputError, match="stays as it is: an export"):
        sl.calibrate(export)
    assert export.read_bytes() == content
