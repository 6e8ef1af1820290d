"""One ONNX file is a whole classifier: it answers as its bundle does, others can read it, and a damaged one is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

import sightline as sl
from sightline.bundle import Exported, Predictor, Sample, calibrate, onnx_file_bytes
from sightline.bundle.onnx_check import fields
from sightline.bundle.onnx_export import export_onnx
from sightline.bundle.onnx_file import LONGEST, _entry, _seal, _varint, read_onnx_file
from sightline.bundle.parts import read_parts
from sightline.data import Split
from sightline.errors import BundleError, InputError
from sightline.events import Note
from sightline.formats.quantize import quantized
from sightline.models import MODELS


@pytest.fixture(scope="module")
def prepared(model: Predictor, pictures: Split) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.stack([model.prepare(pictures.read(index)) for index in range(len(pictures))])


def test_it_answers_as_the_bundle_bit_for_bit(one_file: Path, model: Predictor, prepared: Any) -> None:
    loaded = sl.load(one_file)
    assert (loaded.labels, loaded.input_shape, loaded.pipeline.hash) == (model.labels, model.input_shape, model.pipeline.hash)
    assert np.array_equal(loaded.probabilities(prepared), model.probabilities(prepared))


def test_int8_loses_at_most_three_tenths_of_a_point(int8_file: Path, model: Predictor, prepared: Any, pictures: Split) -> None:
    found, expected = sl.load(int8_file).probabilities(prepared), model.probabilities(prepared)
    accuracies = [float((shares.argmax(1) == pictures.labels).mean()) for shares in (found, expected)]
    assert accuracies[0] >= accuracies[1] - 0.003
    assert 1e-5 < abs(found - expected).mean() < 2e-3
    assert int8_file.stat().st_size < 100_000
    kinds = {node.op_type for node in onnx.load(int8_file).graph.node}
    assert {"QuantizeLinear", "DequantizeLinear", "Conv"} <= kinds


def test_weights_have_a_scale_for_each_output_channel(int8_file: Path) -> None:
    graph = onnx.load(int8_file).graph
    tensors = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    made = {node.output[0]: node for node in graph.node}
    first, *convolutions = [node for node in graph.node if node.op_type == "Conv"]
    assert tensors[first.input[1]].dtype == np.float32, "over one channel the integer kernels are slower"
    scaled = [made[node.input[1]] for node in convolutions]
    assert [tensors[node.input[0]].dtype for node in scaled] == [np.int8] * 2
    assert [tensors[node.input[1]].shape for node in scaled] == [(64,), (32,)]
    assert [abs(tensors[node.input[0]].astype(int)).max() for node in scaled] == [64] * 2, "with more an AVX2 kernel overflows"


def test_int8_of_a_residual_network_keeps_its_accuracy(tmp_path: Path) -> None:
    """Its large sums overflow first: with 8-bit weights it loses 1.6 points on a processor without VNNI."""
    model, test = sl.load("fashion-mnist-small"), sl.load_dataset("fashion-mnist").test
    assert test is not None
    small = sl.load(sl.export("fashion-mnist-small", tmp_path / "small.onnx", int8=True).path)
    pictures = np.stack([model.prepare(test.read(index)) for index in range(2000)])
    accuracies = [(each.probabilities(pictures).argmax(1) == test.labels[:2000]).mean() for each in (small, model)]
    assert accuracies[0] >= accuracies[1] - 0.003


@pytest.mark.parametrize(("side", "cut"), [(22, []), (28, ["Slice"])])
def test_the_first_layer_is_pooled_before_it_becomes_integers(side: int, cut: list[str], tmp_path: Path) -> None:
    """The ReLU comes last, for ONNX Runtime moves the change to integers over a pooling: what it then runs are fast kernels."""
    network = MODELS.get("cnn3").build({"input_shape": (side, side, 1)})
    pictures = np.random.default_rng(0).integers(0, 256, (50, side, side, 1), np.uint8)
    network(pictures.astype(np.float32))  # Keras exports no network that was never called
    int8_file = tmp_path / "int8.onnx"
    int8_file.write_bytes(quantized(export_onnx(network), pictures))
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(int8_file.with_name("optimized.onnx"))
    options.log_severity_level = 4
    onnxruntime.InferenceSession(int8_file, options, providers=["CPUExecutionProvider"])
    kinds = [node.op_type for node in onnx.load(int8_file).graph.node if "quantize" not in node.op_type.lower()]
    assert kinds[: 4 + len(cut)] == ["Reshape", *cut, "Conv", "MaxPool", "Relu"]
    made = {node.output[0]: node for node in onnx.load(options.optimized_model_filepath).graph.node}
    quantizing = [node for node in made.values() if node.op_type == "QuantizeLinear"]
    assert len(quantizing) == 1
    before = made[quantizing[0].input[0]]
    while before.op_type in ("ReorderOutput", "Relu"):
        before = made[before.input[0]]
    assert before.op_type == "MaxPool"


def test_other_programs_read_it_and_find_the_labels(one_file: Path, int8_file: Path, mnist: Path, prepared: Any) -> None:
    for path in (one_file, int8_file):
        onnx.checker.check_model(onnx.load(path), full_check=True)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        described = json.loads(session.get_modelmeta().custom_metadata_map["sightline.manifest"])
        assert described["labels"] == [str(digit) for digit in range(10)]
        assert "fit_subject" in [next(iter(step)) for step in described["pipeline"]["steps"]]
    session = onnxruntime.InferenceSession(one_file, providers=["CPUExecutionProvider"])
    shares = session.run(None, {"pictures": (prepared[:9] / 255).astype(np.float32)})[0]
    assert abs(shares - sl.load(mnist).network.probabilities(prepared[:9])).max() < 1e-6


def test_same_input_same_bytes(tmp_path: Path, one_file: Path, int8_file: Path) -> None:
    for path, int8 in ((one_file, False), (int8_file, True)):
        again = sl.export("mnist", tmp_path / f"{int8}.onnx", int8=int8, replay=10)
        assert again.path.read_bytes() == path.read_bytes()


def test_calibration_and_threshold_travel(tmp_path: Path, mnist: Path, prepared: Any, note_hash: Callable[..., None]) -> None:
    import shutil

    bundle = Path(shutil.copytree(mnist, tmp_path / "bundle"))
    described = json.loads((bundle / "manifest.json").read_text())
    network = sl.load(mnist).network
    answer = Sample.of(network.measure(sl.load(mnist).prepare((mnist / "sample.png").read_bytes())[None]), 2.0)
    (bundle / "sample.json").write_text(answer.model_dump_json())
    note_hash(bundle, described, "sample.json", temperature=2.0, unknown_threshold=0.75)
    exported = sl.export(bundle, tmp_path / "warm.onnx", replay=30)
    loaded = sl.load(exported.path)
    expected = calibrate(network.probabilities(prepared), 2.0)
    assert abs(loaded.probabilities(prepared) - expected).max() < 1e-6
    assert loaded.manifest.unknown_threshold == 0.75


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.97, 0.99, 1.0])
def test_truncated(one_file: Path, tmp_path: Path, share: float) -> None:
    data = one_file.read_bytes()
    (tmp_path / "cut.onnx").write_bytes(data[: min(int(len(data) * share), len(data) - 1)])
    with pytest.raises(BundleError, match="cut.onnx"):
        sl.load(tmp_path / "cut.onnx")


def test_a_flipped_bit_anywhere_is_refused(one_file: Path, tmp_path: Path) -> None:
    """In the weights, the description, the sample, the seal: nothing is left out."""
    data = one_file.read_bytes()
    places = {*range(0, len(data), 7919), *range(len(data) - 2200, len(data), 13), len(data) - 1}
    for place in sorted(places):
        flipped = bytearray(data)
        flipped[place] ^= 1 << (place % 8)
        (tmp_path / "bit.onnx").write_bytes(flipped)
        with pytest.raises(BundleError) as caught:
            sl.load(tmp_path / "bit.onnx")
        assert len(str(caught.value)) < 1000


def forged(one_file: Path, path: Path, network: bytes | None = None, **changes: Any) -> Path:
    """The file with another network or other values in its description, and a seal that fits: what a forger would do."""
    found = read_onnx_file(one_file)
    plain = onnx.load(one_file)
    del plain.metadata_props[:]
    described = found.description.model_copy(update=changes)
    path.write_bytes(onnx_file_bytes(network or plain.SerializeToString(), described, found.picture, found.answer))
    return path


def test_forged(one_file: Path, tmp_path: Path) -> None:
    labels = tuple("0123456789")
    fake = tmp_path / "fake.onnx"
    sl.load(forged(one_file, fake, name="still whole"))
    for changes, match in (
        ({"labels": labels[:9]}, "10 labels, one for each output, received 9"),
        ({"labels": (*labels[:9], "\x1b[31mred")}, "text without control characters"),
        ({"labels": (*labels[:9], "0")}, "labels that differ"),
        ({"input_shape": (28, 28, 3)}, "input_shape does not fit the network"),
        ({"pipeline": {"format": 1, "steps": [{"rm": {}}]}}, "rm"),
        ({"temperature": 5.0}, "the sample picture gets other probabilities"),
        ({"precision": "int4"}, "precision"),
    ):
        with pytest.raises(BundleError, match=match):
            sl.load(forged(one_file, fake, **changes))


def test_a_network_that_reads_files_or_holds_code_is_refused(one_file: Path, tmp_path: Path) -> None:
    model = onnx.load(one_file)
    del model.metadata_props[:]
    (tmp_path / "numbers").write_bytes(bytes(4096))
    outside = onnx.ModelProto.FromString(model.SerializeToString())
    tensor = next(tensor for tensor in outside.graph.initializer if tensor.raw_data)
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="numbers")
    foreign = onnx.ModelProto.FromString(model.SerializeToString())
    foreign.graph.node[1].domain = "com.example"
    for network, match in ((outside, "numbers in another file"), (foreign, "operations outside the ONNX standard")):
        with pytest.raises(BundleError, match=match):
            sl.load(forged(one_file, tmp_path / "fake.onnx", network.SerializeToString()))


def test_hostile_metadata(one_file: Path, tmp_path: Path) -> None:
    body = one_file.read_bytes()[: -len(_seal(b""))]
    path = tmp_path / "hostile.onnx"
    for extra, match in (
        (_entry("sightline.manifest", b"{}"), "no ONNX file, or a damaged one"),
        (_entry("sightline.seal", b"0" * 64), "no ONNX file, or a damaged one"),
    ):
        path.write_bytes(body + extra + _seal(body + extra))
        with pytest.raises(BundleError, match=match):
            sl.load(path)
    plain = onnx.load(one_file)
    entries = {entry.key: entry.value.encode() for entry in plain.metadata_props}
    del plain.metadata_props[:]
    for key, value, match in (
        ("sightline.manifest", b"[" * 100_000, "metadata"),
        ("sightline.manifest", b"\xff\xfe", "metadata"),
        ("sightline.sample", b"!" * 100, "does not decode"),
        ("sightline.sample", b"", "hostile.onnx"),
        ("sightline.answer", b"[]", "sample.json does not fit"),
        ("sightline.answer", b" " * (LONGEST["sightline.answer"] + 1), "no ONNX file, or a damaged one"),
    ):
        changed = {**entries, key: value}
        changed.pop("sightline.seal")
        data = plain.SerializeToString() + b"".join(_entry(*item) for item in changed.items())
        path.write_bytes(data + _seal(data))
        with pytest.raises(BundleError, match=match):
            sl.load(path)


def test_a_file_of_tiny_fields_is_not_walked_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = 0

    def counted(message: memoryview) -> Iterator[tuple[int, memoryview | int]]:
        nonlocal seen
        for found in fields(message):
            seen += 1
            yield found

    monkeypatch.setattr("sightline.bundle.onnx_file.fields", counted)
    tiny = b"\x08\x01" * 1_000_000
    for data in (tiny, b"\x72" + _varint(len(tiny)) + tiny):  # in the model, and in an entry of its metadata
        (tmp_path / "tiny.onnx").write_bytes(data)
        with pytest.raises(BundleError, match="no ONNX file, or a damaged one"):
            sl.load(tmp_path / "tiny.onnx")
    assert seen < 20_000


def test_an_onnx_file_from_elsewhere_says_how_to_export(mnist: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="without labels and pipeline.*sightline export RUN -o FILE.onnx"):
        sl.load(mnist / "model.onnx")
    (tmp_path / "photo.png").write_bytes((mnist / "sample.png").read_bytes())
    for name in ("photo.png", "empty.onnx"):
        (tmp_path / "empty.onnx").touch()
        with pytest.raises(BundleError, match=f"{name}' is no ONNX file"):
            sl.load(tmp_path / name)


def test_too_large(tmp_path: Path) -> None:
    with open(tmp_path / "huge.onnx", "wb") as file:
        file.truncate((1 << 30) + 1)  # takes no room on the disk
    with pytest.raises(BundleError, match="expected at most 1,073,741,824 bytes"):
        sl.load(tmp_path / "huge.onnx")


def test_a_link_is_followed_and_metadata_of_others_is_kept_out(one_file: Path, tmp_path: Path) -> None:
    (tmp_path / "latest.onnx").symlink_to(one_file)
    assert sl.load(tmp_path / "latest.onnx").labels == sl.load(one_file).labels
    (tmp_path / "DIGITS.ONNX").write_bytes(one_file.read_bytes())
    assert sl.load(tmp_path / "DIGITS.ONNX").labels == sl.load(one_file).labels, "known by what it holds, not by its name"
    found = read_onnx_file(one_file)
    assert isinstance(found.description, Exported)
    assert found.answer == read_parts(one_file).answer


LIGHT = """
import sys
from sightline.cli import main
sys.argv = ["sightline", *sys.argv[1:]]
try:
    main()
finally:
    print("LOADED", *sorted({name.split(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.mark.parametrize("kind", ["one_file", "int8_file"])
def test_predicting_with_it_is_light(kind: str, request: pytest.FixtureRequest, mnist: Path, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes((mnist / "sample.png").read_bytes())
    answers = []
    for model in ("mnist", str(request.getfixturevalue(kind))):
        command = [sys.executable, "-c", LIGHT, "predict", str(picture), "--model", model, "--json"]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert ran.returncode == 0, ran.stderr
        answers.append(json.loads(ran.stdout)[0])
    assert answers[0]["label"] == answers[1]["label"]
    assert answers[0]["confidence"] == pytest.approx(answers[1]["confidence"], abs=0.02)
    modules = set(ran.stderr.split("LOADED")[1].split())
    assert not modules & {"tensorflow", "keras", "onnx", "sklearn", "matplotlib"}
    assert "onnxruntime" in modules


def test_it_knows_its_data_as_its_bundle_does(one_file: Path) -> None:
    """Comparing needs no --data: the description in the file names the dataset."""
    found = sl.compare("mnist", one_file)
    assert len(found) == 10_000
    assert len(found.only_a) == len(found.only_b) == len(found.both_wrong) == 0


def test_explaining_with_it_says_why_by_occlusion(one_file: Path, pictures: Split) -> None:
    said: list[str] = []
    sl.explain(one_file, pictures.read(0), on_event=lambda event: said.append(event.text) if isinstance(event, Note) else None)
    assert said == ["Explained by occlusion: an exported file holds no weights to derive"]
    with pytest.raises(InputError, match="Grad-CAM needs the model's weights"):
        sl.explain(one_file, pictures.read(0), method="grad-cam")
