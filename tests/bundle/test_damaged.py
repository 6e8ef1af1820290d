"""A bundle that is damaged, forged or does not fit together is refused, and nothing is written."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from safetensors.numpy import save

from sightline.bundle import load_bundle, load_network, load_weights
from sightline.bundle.network import Network
from sightline.bundle.onnx_check import INSIDE, MAX_FIELDS, REFUSED, check_network
from sightline.errors import BundleError, ParameterError

FILES = ("manifest.json", "model.onnx", "weights.safetensors", "sample.png", "sample.json")
Snapshot = Callable[[], dict[str, tuple[int, int]]]
Edit = Callable[..., None]
Replace = Callable[[str, bytes], None]


def refused(
    folder: Path, snapshot: Snapshot, match: str, *, by: Sequence[Callable[[Path], Any]] = (load_bundle, load_weights)
) -> None:
    """The ways to read a bundle refuse it and leave no trace: files, sizes and hashes, which all of them check."""
    before = snapshot()
    for reader in by:
        with pytest.raises(BundleError, match=match):
            reader(folder)
    assert snapshot() == before


def not_loaded(folder: Path, snapshot: Snapshot, match: str) -> None:
    """Whole files that do not fit together are refused, and leave no trace, where they are put together."""
    refused(folder, snapshot, match, by=[load_bundle])


@pytest.mark.parametrize("name", FILES)
def test_truncated(copy: Path, snapshot: Snapshot, name: str) -> None:
    data = (copy / name).read_bytes()
    for kept in (0, 1, len(data) // 2, len(data) - 1 if name != "manifest.json" else len(data) - 3):
        (copy / name).write_bytes(data[:kept])
        refused(copy, snapshot, re.escape(name))


@pytest.mark.parametrize("name", FILES[1:])
def test_one_flipped_bit(copy: Path, snapshot: Snapshot, name: str) -> None:
    data = (copy / name).read_bytes()
    for place in (0, len(data) // 3, len(data) - 1):
        flipped = bytearray(data)
        flipped[place] ^= 0x10
        (copy / name).write_bytes(flipped)
        refused(copy, snapshot, f"{name} .* SHA-256")


def test_flipped_bits_in_the_manifest_never_escape(copy: Path) -> None:
    """A flip in the name or a metric still is a manifest; any other is refused as what it is."""
    data = (copy / "manifest.json").read_bytes()
    for place in range(0, len(data), 37):
        flipped = bytearray(data)
        flipped[place] ^= 1 << (place % 8)
        (copy / "manifest.json").write_bytes(flipped)
        try:
            load_bundle(copy)
        except BundleError as error:
            assert len(str(error)) < 1000  # noqa: PT017 - that it may be raised is the point


def test_wrong_hash(copy: Path, edit_manifest: Edit, snapshot: Snapshot) -> None:
    files = json.loads((copy / "manifest.json").read_text())["files"]
    files["model.onnx"]["sha256"] = "0" * 64
    edit_manifest(files=files)
    refused(copy, snapshot, "model.onnx .* SHA-256 0000")


@pytest.mark.parametrize(
    "name", ["../model.onnx", "/etc/passwd", "sub/../model.onnx", "model.onnx\0", "README.md", "manifest.json"]
)
def test_foreign_file_name(copy: Path, edit_manifest: Edit, snapshot: Snapshot, name: str) -> None:
    files = json.loads((copy / "manifest.json").read_text())["files"]
    edit_manifest(files={**files, name: files["model.onnx"]})
    refused(copy, snapshot, "exactly the files")
    files[name] = files.pop("model.onnx")
    edit_manifest(files=files)
    refused(copy, snapshot, "exactly the files")


@pytest.mark.parametrize("name", FILES)
def test_link(copy: Path, tmp_path: Path, snapshot: Snapshot, name: str) -> None:
    (copy / name).rename(tmp_path / name)
    (copy / name).symlink_to(tmp_path / name)
    refused(copy, snapshot, "a link")


@pytest.mark.parametrize("name", FILES)
def test_pipe_and_folder(copy: Path, snapshot: Snapshot, name: str) -> None:
    (copy / name).unlink()
    os.mkfifo(copy / name)
    refused(copy, snapshot, "a special file")
    (copy / name).unlink()
    (copy / name).mkdir()
    refused(copy, snapshot, re.escape(name))


@pytest.mark.parametrize("name", FILES)
def test_missing_file(copy: Path, snapshot: Snapshot, name: str) -> None:
    (copy / name).unlink()
    refused(copy, snapshot, f"{name} .* received none")


def test_extra_file(copy: Path, snapshot: Snapshot) -> None:
    (copy / "README.md").write_text("hello")
    refused(copy, snapshot, "README.md")


def test_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="received nothing"):
        load_bundle(tmp_path / "none")
    (tmp_path / "file").write_text("")
    with pytest.raises(BundleError, match="no ONNX file"):
        load_bundle(tmp_path / "file")
    with pytest.raises(BundleError, match="no bundle at"):
        load_bundle(tmp_path / ("x" * 300))


@pytest.mark.parametrize("size", [1 << 40, 1 << 70, 0, -1, 1.5, "12"])
def test_declared_size(copy: Path, edit_manifest: Edit, snapshot: Snapshot, size: Any) -> None:
    files = json.loads((copy / "manifest.json").read_text())["files"]
    files["model.onnx"]["bytes"] = size
    edit_manifest(files=files)
    refused(copy, snapshot, "files")


@pytest.mark.parametrize("name", FILES)
def test_real_size_is_looked_at_before_reading(copy: Path, snapshot: Snapshot, name: str) -> None:
    os.truncate(copy / name, 1 << 40)  # a sparse file: reading it would take the machine down
    refused(copy, snapshot, f"{re.escape(name)} .* at most .* received 1,099,511,627,776")


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"code": "print()"}, "no parameter 'code'"),
        ({"format": 3}, "format"),
        ({"labels": ["a"]}, "labels"),
        ({"labels": ["a"] * 10}, "differ"),
        ({"labels": ["", *"bcdefghij"]}, "labels"),
        ({"labels": ["\x1b[2J", *"bcdefghij"]}, "control characters"),
        ({"labels": ["cat\u2028", *"bcdefghij"]}, "control characters"),
        ({"labels": ["\u202egod", *"bcdefghij"]}, "control characters"),
        ({"labels": [str(number) for number in range(10_001)]}, "labels"),
        ({"labels": list("abc")}, "expected 10 labels"),
        ({"labels": list("abcdefghijk")}, "expected 10 labels"),
        ({"input_shape": [28, 28, 3]}, "input_shape"),
        ({"input_shape": [28, 28]}, "input_shape"),
        ({"input_shape": [28, 1 << 40, 1]}, "input_shape"),
        ({"scale": "exec"}, "scale"),
        ({"temperature": 0}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"temperature": "1.0"}, "temperature"),
        ({"unknown_threshold": 2}, "unknown_threshold"),
        ({"unknown_threshold": -1}, "unknown_threshold"),
        ({"unknown_threshold": float("nan")}, "unknown_threshold"),
        ({"unknown_score": "mood"}, "unknown_score"),
        ({"unknown_score": "distance", "unknown_threshold": 2}, "unknown_score does not fit the network"),
        ({"unknown_rejection": 2}, "unknown_rejection"),
        ({"created": "yesterday"}, "created"),
        ({"pipeline": {"format": 1, "steps": [{"no_such_step": {}}]}}, "no_such_step"),
        ({"pipeline": {"format": 1, "steps": [{"resize": {"width": -1}}]}}, "width"),
        ({"pipeline": {"format": 9, "steps": []}}, "pipeline format"),
        ({"pipeline": {"format": 1, "steps": []}}, "no input for the network"),
        ({"pipeline": {"format": 1, "steps": ["to_gray", {"resize": {"width": 28, "height": 28}}]}}, "other probabilities"),
        ({"temperature": 3}, "other probabilities"),
    ],
)
def test_manifest_that_does_not_fit(
    copy: Path, edit_manifest: Edit, snapshot: Snapshot, changes: dict[str, Any], match: str
) -> None:
    edit_manifest(**changes)
    not_loaded(copy, snapshot, match)


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"metrics":' * 50_000, b'{"name": "\\ud800"}']
)
def test_manifest_that_is_none(copy: Path, snapshot: Snapshot, data: bytes) -> None:
    (copy / "manifest.json").write_bytes(data)
    refused(copy, snapshot, "manifest.json")


@pytest.mark.parametrize(
    "answer",
    [{}, {"probabilities": []}, {"probabilities": [0.1] * 10}, {"probabilities": ["x"] * 10}, {"probabilities": [0.5, 0.5]}],
)
def test_wrong_sample_answer(copy: Path, replace_file: Replace, snapshot: Snapshot, answer: dict[str, Any]) -> None:
    replace_file("sample.json", json.dumps(answer).encode())
    not_loaded(copy, snapshot, "sample")


@pytest.mark.parametrize("picture", [b"x", b"text, not pixels", b"\x89PNG\r\n\x1a\n"])
def test_wrong_sample_picture(copy: Path, replace_file: Replace, snapshot: Snapshot, picture: bytes) -> None:
    replace_file("sample.png", picture)
    not_loaded(copy, snapshot, "cannot read")


def make_external(data: bytes, location: str) -> bytes:
    """The same network, with the numbers of its largest tensor in another file."""
    network = onnx.load_from_string(data)
    tensor = max(network.graph.initializer, key=lambda item: len(item.raw_data))
    length = len(tensor.raw_data)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", str(length))):
        tensor.external_data.add(key=key, value=value)
    return bytes(network.SerializeToString())


@pytest.mark.parametrize("location", ["numbers.bin", "../numbers.bin", "/etc/passwd", "*/_ORT_MEM_ADDR_/*"])
def test_external_data(
    copy: Path, replace_file: Replace, snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, location: str
) -> None:
    (tmp_path / "numbers.bin").write_bytes(bytes(1 << 20))
    monkeypatch.chdir(tmp_path)  # where ONNX Runtime would look for it
    replace_file("model.onnx", make_external((copy / "model.onnx").read_bytes(), location))
    not_loaded(copy, snapshot, "numbers in another file")


def tensor(**values: Any) -> Any:
    """A tensor whose numbers lie in another file, marked by either sign alone."""
    made = helper.make_tensor("t", TensorProto.FLOAT, [1], [0.0])
    if "location" in values:
        made.data_location = values["location"]
    else:
        made.external_data.add(key="location", value="numbers.bin")
    return made


def graph_with(part: Any) -> bytes:
    return bytes(helper.make_model(helper.make_graph([part], "g", [], [])).SerializeToString())


def node_with(**attributes: Any) -> bytes:
    node = helper.make_node("Constant", [], ["x"])
    attribute = node.attribute.add(name="a")
    for name, value in attributes.items():
        field = getattr(attribute, name)
        field.append(value) if hasattr(field, "append") else field.CopyFrom(value)
    return graph_with(node)


def sparse() -> Any:
    return onnx.SparseTensorProto(values=tensor(), dims=[1])


def hidden_everywhere() -> dict[str, bytes]:
    """Every place of a network in which something is refused."""
    inner = helper.make_graph([], "inner", [], [], initializer=[tensor()])
    network = onnx.ModelProto()
    network.graph.initializer.add().CopyFrom(tensor(location=TensorProto.EXTERNAL))
    sparse_network = onnx.ModelProto()
    sparse_network.graph.sparse_initializer.add().CopyFrom(sparse())
    functions = onnx.ModelProto(functions=[onnx.FunctionProto(name="f")])
    training = onnx.ModelProto(training_info=[onnx.TrainingInfoProto(initialization=inner)])
    return {
        "location only": bytes(network.SerializeToString()),
        # The last value counts, also for a reader; the first must not go unseen by a stricter one.
        "location taken back": bytes(network.SerializeToString()) + b"\x3a\x06\x2a\x04\x70\x01\x70\x00",
        "sparse initializer": bytes(sparse_network.SerializeToString()),
        "attribute": node_with(t=tensor()),
        "attributes": node_with(tensors=tensor()),
        "sparse attribute": node_with(sparse_tensor=sparse()),
        "sparse attributes": node_with(sparse_tensors=sparse()),
        "graph": node_with(g=inner),
        "graphs": node_with(graphs=inner),
        "function": bytes(functions.SerializeToString()),
        "training": bytes(training.SerializeToString()),
        "foreign operation": graph_with(helper.make_node("EPContext", [], ["x"], domain="com.microsoft")),
    }


@pytest.mark.parametrize("data", [pytest.param(data, id=place) for place, data in hidden_everywhere().items()])
def test_hidden_in_the_network(data: bytes) -> None:
    with pytest.raises(BundleError, match="the network is refused"):
        check_network(data)


@pytest.mark.parametrize(
    "data", [b"\x0b", b"\x3a\xff", b"\x3a", b"\xff" * 20, b"\x00\x00", b"\xba\x80\x80\x80\x10\x00", b"\x39\x00"]
)
def test_malformed_bytes(data: bytes) -> None:
    with pytest.raises(BundleError, match="malformed"):
        check_network(data)


def test_endless_fields() -> None:
    with pytest.raises(BundleError, match="fields"):
        check_network(b"\x08\x01" * (MAX_FIELDS + 1))


def test_check_knows_every_way_to_a_tensor() -> None:
    """Held against the schema that the onnx package brings: no message that can hold a tensor goes unseen."""
    seen: dict[str, bool] = {}

    def leads_to_tensor(message: Any) -> bool:
        if message.name == "TensorProto":
            return True
        if message.name not in seen:
            seen[message.name] = False
            seen[message.name] = any(field.message_type and leads_to_tensor(field.message_type) for field in message.fields)
        return seen[message.name]

    for name in INSIDE:
        for field in getattr(onnx, name).DESCRIPTOR.fields:
            if field.message_type and leads_to_tensor(field.message_type):
                assert (name, field.number) in REFUSED or INSIDE[name][field.number] == field.message_type.name
    numbers = {field.name: field.number for field in TensorProto.DESCRIPTOR.fields}
    assert (numbers["external_data"], numbers["data_location"]) == (13, 14)
    assert onnx.NodeProto.DESCRIPTOR.fields_by_name["domain"].number == 7


@pytest.mark.parametrize("data", [b"\x00\x00\x00\x00ORTM" + bytes(64), b"", b"\x08\x08"])
def test_no_network(copy: Path, replace_file: Replace, snapshot: Snapshot, data: bytes) -> None:
    if data:
        replace_file("model.onnx", data)
        not_loaded(copy, snapshot, "network")
    with pytest.raises(BundleError, match="network"):
        Network(data)


def relu_network(shape: list[Any], output: list[Any], kind: int = TensorProto.FLOAT) -> bytes:
    values = [helper.make_tensor_value_info(name, kind, sides) for name, sides in (("x", shape), ("y", output))]
    graph = helper.make_graph([helper.make_node("Flatten", ["x"], ["y"])], "g", values[:1], values[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    return bytes(model.SerializeToString())


@pytest.mark.parametrize(
    "data",
    [
        relu_network([1, 28, 28, 1], [1, 784]),
        relu_network(["N", 784], ["N", 784]),
        relu_network(["N", "H", "W", 1], ["N", "M"]),
        relu_network(["N", 28, 28, 1], ["N", 784], TensorProto.DOUBLE),
    ],
)
def test_network_of_another_kind(data: bytes) -> None:
    with pytest.raises(BundleError, match="no picture classifier"):
        Network(data)


def test_output_that_is_no_probability(copy: Path, replace_file: Replace, edit_manifest: Edit, snapshot: Snapshot) -> None:
    replace_file("model.onnx", relu_network(["N", 28, 28, 1], ["N", 784]))
    edit_manifest(labels=[str(number) for number in range(784)])
    not_loaded(copy, snapshot, "no probabilities")


def safetensors_with(header: bytes) -> bytes:
    return len(header).to_bytes(8, "little") + header


@pytest.mark.parametrize(
    "data",
    [
        b"x",
        bytes(64),
        b"\xff" * 8 + b"{}",
        safetensors_with(b'{"a":1}'),
        safetensors_with(b"[" * 999),
        safetensors_with(b'{"0:a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}'),
        safetensors_with(b'{"0:a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}') + b"\0",
        safetensors_with(b'{"0:a":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}}') + b"\0",
        safetensors_with(b'{"0:a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}'),
    ],
)
def test_weights_that_are_none(copy: Path, replace_file: Replace, data: bytes) -> None:
    replace_file("weights.safetensors", data)
    with pytest.raises(BundleError, match="weights"):
        load_weights(copy)


def test_weights_of_another_kind(copy: Path, replace_file: Replace) -> None:
    for arrays in ({"0:a": np.zeros(2)}, {"a": np.zeros(2, np.float32)}, {"1:a": np.zeros(2, np.float32)}):
        replace_file("weights.safetensors", save(arrays))
        with pytest.raises(BundleError, match="do not fit"):
            load_weights(copy)


def test_weights_of_another_architecture(copy: Path, edit_manifest: Edit) -> None:
    edit_manifest(architecture={"name": "cnn3", "arguments": {"filters": [8, 64, 32]}})
    with pytest.raises(BundleError, match="the weights of bundle .* do not fit cnn3"):
        load_network(copy)


def test_threads_are_the_callers_fault(copy: Path) -> None:
    with pytest.raises(ParameterError, match="threads"):
        load_bundle(copy, threads=0)
