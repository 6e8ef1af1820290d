"""The part of a network that its probabilities need: the same numbers, fewer nodes, and no pixel that nothing reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

import sightline as sl
from sightline.bundle import Predictor, load_bundle, load_network, read_parts
from sightline.bundle.network import BATCH, SHARE, SMALL, Classifier, Measured, Network
from sightline.bundle.onnx_check import check_network
from sightline.bundle.onnx_export import export_onnx
from sightline.bundle.onnx_part import probabilities_alone
from sightline.errors import BundleError
from sightline.jobs import pretrained
from sightline.models import MODELS
from sightline.models.distance import fit_gaussians, measure_features, with_distance

RNG = np.random.default_rng(0)


def answer(network: bytes, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {session.get_inputs()[0].name: pictures})[0])


def kinds(network: bytes) -> list[str]:
    return [node.op_type for node in onnx.load_from_string(network).graph.node]


def cut_to(network: bytes) -> list[int]:
    """To how many rows and columns a network cuts its pictures down."""
    graph = onnx.load_from_string(network).graph
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    ends = [tensors[node.input[2]].tolist() for node in graph.node if node.output[0].startswith("sightline.cut")]
    return ends[0] if ends else []


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_shipped_weights_give_the_very_same_probabilities_on_22_of_28_pixels(name: str) -> None:
    network = MODELS.get("cnn3").build({"input_shape": (28, 28, 1)})
    network.set_weights(load_network(pretrained()[name]).get_weights())
    test = sl.load_dataset(name).test
    assert test is not None
    raw = np.asarray(test.pictures)[:200, ..., None]
    features, _ = measure_features(network, raw)
    measuring = with_distance(network, fit_gaussians(features, test.labels[:200]))
    measuring(raw[:1] / np.float32(255))
    whole = export_onnx(measuring)
    alone = probabilities_alone(whole, 28, 28)
    check_network(alone)
    onnx.checker.check_model(onnx.load_from_string(alone), full_check=True)
    assert cut_to(alone) == [22, 22]
    assert len(kinds(alone)) == 18 < len(kinds(whole))
    assert len(alone) < len(whole) / 2
    pictures = np.divide(raw, np.float32(255), dtype=np.float32)
    assert np.array_equal(answer(alone, pictures), answer(whole, pictures))
    elsewhere = pictures.copy()  # the proof that they are not read, in Keras
    elsewhere[:, 22:], elsewhere[:, :, 22:] = 1, 1
    assert np.array_equal(network.predict_on_batch(elsewhere), network.predict_on_batch(pictures))
    elsewhere[:, 21, :22] = 1
    assert not np.allclose(network.predict_on_batch(elsewhere), network.predict_on_batch(pictures), atol=1e-2)


@pytest.mark.parametrize(
    ("shape", "arguments", "expected"),
    [
        ((28, 28, 1), {}, [22, 22]),
        ((28, 28, 3), {}, [22, 22]),
        ((23, 40, 1), {}, [22, 38]),
        ((22, 22, 1), {}, []),
        ((28, 28, 1), {"padding": "same"}, []),
        ((28, 28, 1), {"pool_first": True}, []),
        ((32, 40, 3), {}, [30, 38]),
    ],
)
def test_what_is_cut_away_of_cnn3(shape: tuple[int, int, int], arguments: dict[str, Any], expected: list[int]) -> None:
    model = MODELS.get("cnn3").build({"input_shape": shape, **arguments})
    model.set_weights([RNG.normal(0, 0.2, weight.shape).astype(np.float32) for weight in model.get_weights()])
    pictures = RNG.random((5, *shape), np.float32)
    predicted = model(pictures).numpy()
    whole = export_onnx(model)
    alone = probabilities_alone(whole, *shape[:2])
    assert cut_to(alone) == expected
    assert (alone is whole) == (not cut_to(alone))
    assert np.allclose(answer(alone, pictures), predicted, atol=1e-5)


@pytest.mark.parametrize("name", sorted(set(MODELS.names()) - {"cnn3"}))
def test_other_networks_keep_their_probabilities(name: str) -> None:
    pytest.importorskip("tf2onnx")
    model = MODELS.get(name).build({"input_shape": (32, 32, 3), "classes": 4})
    if model.count_params() > 3_000_000:
        pytest.skip("large")
    raw = RNG.integers(0, 256, (20, 32, 32, 3), np.uint8)
    features, _ = measure_features(model, raw)
    measuring = with_distance(model, fit_gaussians(features, np.arange(20) % 4))
    pictures = np.divide(raw[:3], np.float32(255), dtype=np.float32)
    predicted, _ = measuring(pictures)
    whole = export_onnx(measuring)
    alone = probabilities_alone(whole, 32, 32)
    assert len(kinds(alone)) < len(kinds(whole))
    assert np.allclose(answer(alone, pictures), predicted.numpy(), atol=1e-5)


def graph_of(
    nodes: Sequence[onnx.NodeProto],
    tensors: dict[str, NDArray[Any]],
    outputs: int = 1,
    shape: tuple[int, int, int] = (9, 9, 1),
    opset: int = 15,
) -> bytes:
    picture = helper.make_tensor_value_info("in", TensorProto.FLOAT, ["N", *shape])
    ends = [helper.make_tensor_value_info(f"out{number}", TensorProto.FLOAT, None) for number in range(outputs)]
    values = [numpy_helper.from_array(value, name) for name, value in tensors.items()]
    graph = helper.make_graph(list(nodes), "g", [picture], ends, values)
    return bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8).SerializeToString())


KERNEL = RNG.random((2, 1, 3, 3), np.float32)
FIRST = [
    helper.make_node("Reshape", ["in", "shape"], ["a"]),
    helper.make_node("Conv", ["a", "k"], ["b"], kernel_shape=[3, 3]),
]
TENSORS = {"shape": np.array([-1, 1, 9, 9]), "k": KERNEL}


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        ({"kernel_shape": [2, 2], "strides": [3, 3]}, [7, 7]),
        ({"kernel_shape": [2, 1], "strides": [3, 4]}, [7, 7]),
        ({"kernel_shape": [2, 2], "strides": [3, 3], "pads": [1, 1, 1, 1]}, []),
        ({"kernel_shape": [2, 2], "strides": [3, 3], "ceil_mode": 1}, []),
        ({"kernel_shape": [2, 2], "strides": [3, 3], "auto_pad": "SAME_UPPER"}, []),
        ({"kernel_shape": [2, 2], "strides": [3, 3], "auto_pad": "VALID"}, [7, 7]),
        ({"kernel_shape": [2, 2], "strides": [3, 3], "dilations": [2, 2]}, [8, 8]),
        ({"kernel_shape": [2, 2]}, []),
    ],
)
def test_windows_of_every_kind(pool: dict[str, Any], expected: list[int]) -> None:
    whole = graph_of([*FIRST, helper.make_node("MaxPool", ["b"], ["out0"], **pool)], TENSORS)
    alone = probabilities_alone(whole, 9, 9)
    pictures = RNG.random((2, 9, 9, 1), np.float32)
    assert cut_to(alone) == expected
    assert np.array_equal(answer(alone, pictures), answer(whole, pictures))


def test_what_is_read_twice_is_not_cut() -> None:
    """The picture's last rows reach the output past the pooling."""
    pool = helper.make_node("MaxPool", ["b"], ["c"], kernel_shape=[2, 2], strides=[3, 3])
    both = [helper.make_node("GlobalAveragePool", ["b"], ["d"]), helper.make_node("Add", ["c", "d"], ["out0"])]
    whole = graph_of([*FIRST, pool, *both], TENSORS)
    assert probabilities_alone(whole, 9, 9) is whole
    # but to a second output that nobody asks for
    whole = graph_of(
        [*FIRST, helper.make_node("MaxPool", ["b"], ["out0"], kernel_shape=[2, 2], strides=[3, 3]), *renamed(both[:1])], TENSORS, 2
    )
    alone = probabilities_alone(whole, 9, 9)
    assert cut_to(alone) == [7, 7]
    assert kinds(alone) == ["Reshape", "Slice", "Conv", "MaxPool"]
    pictures = RNG.random((2, 9, 9, 1), np.float32)
    assert np.array_equal(answer(alone, pictures), answer(whole, pictures))


def renamed(nodes: list[onnx.NodeProto]) -> list[onnx.NodeProto]:
    return [helper.make_node(node.op_type, node.input, ["out1"]) for node in nodes]


@pytest.mark.parametrize(
    "change",
    [
        {"shape": np.array([-1, 1, 27, 3])},  # rows are no rows any more
        {"shape": np.array([1, 1, 9, 9])},
    ],
)
def test_other_shapes_are_left_alone(change: dict[str, NDArray[Any]]) -> None:
    pool = helper.make_node("MaxPool", ["b"], ["out0"], kernel_shape=[1, 1], strides=[3, 3])
    whole = graph_of([*FIRST, pool], TENSORS | change)
    assert probabilities_alone(whole, 9, 9) is whole


def test_what_is_turned_twice_is_left_alone() -> None:
    """After a second turn what were rows and columns are channels and rows."""
    turns = [helper.make_node("Transpose", [a], [b], perm=[0, 3, 1, 2]) for a, b in (("in", "t"), ("t", "a"))]
    convolution = helper.make_node("Conv", ["a", "k"], ["b"], kernel_shape=[3, 3])
    pool = helper.make_node("MaxPool", ["b"], ["out0"], kernel_shape=[2, 2], strides=[3, 3])
    tensors = {"k": RNG.random((2, 6, 3, 3), np.float32)}
    whole = graph_of([*turns, convolution, pool], tensors, shape=(9, 6, 5))
    assert answer(whole, RNG.random((1, 9, 6, 5), np.float32)).shape == (1, 2, 1, 2)
    assert probabilities_alone(whole, 9, 6) is whole


def test_networks_that_cannot_be_cut_down_are_left_alone() -> None:
    pool = helper.make_node("MaxPool", ["b"], ["out0"], kernel_shape=[2, 2], strides=[3, 3])
    assert cut_to(probabilities_alone(graph_of([*FIRST, pool], TENSORS), 9, 9)) == [7, 7]
    old = graph_of([*FIRST, pool], TENSORS, opset=9)  # its Slice has its limits as attributes
    assert probabilities_alone(old, 9, 9) is old
    sparse = onnx.load_from_string(graph_of([*FIRST, pool], TENSORS))
    values, places = numpy_helper.from_array(np.ones(1, np.float32), "s"), numpy_helper.from_array(np.array([0]), "places")
    sparse.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, [3]))
    data = sparse.SerializeToString()
    assert probabilities_alone(data, 9, 9) is data


def test_a_part_that_fails_ends_the_others() -> None:
    begun: list[int] = []

    def run(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        begun.append(len(inputs))
        raise KeyboardInterrupt

    network = Classifier((4, 4, 1), 2, run)
    network.workers = 4
    with pytest.raises(KeyboardInterrupt):
        network.probabilities(np.zeros((200 * BATCH, 4, 4, 1), np.uint8))
    assert len(begun) <= 4


def test_many_files_keep_all_threads_busy(bundle: Path) -> None:
    seen: list[int] = []

    class Counting(Network):
        def measure(self, pictures: NDArray[np.uint8]) -> Measured:
            seen.append(len(pictures))
            return super().measure(pictures)

    loaded = load_bundle(bundle)
    predictor = Predictor(loaded.manifest, loaded.pipeline, Counting((bundle / "model.onnx").read_bytes(), threads=8))
    assert len(list(predictor.predict_many([np.zeros((28, 28), np.uint8)] * 600))) == 600
    assert seen == [8 * SHARE, 8 * SHARE, 600 - 16 * SHARE]


def test_many_pictures_on_many_threads_are_those_of_one(bundle: Path) -> None:
    data = (bundle / "model.onnx").read_bytes()
    pictures = RNG.integers(0, 256, (5 * BATCH * 4 + 3, 28, 28, 1), np.uint8)
    single = Network(data, threads=1)
    expected = np.concatenate([single.measure(pictures[start : start + 1]).probabilities for start in range(40)])
    for threads in (1, 2, 3, None):
        network = Network(data, threads=threads)
        found = network.probabilities(pictures)
        assert found.shape == (len(pictures), 10)
        assert np.allclose(found[:40], expected, atol=1e-6)
        assert np.allclose(found, single.measure(pictures).probabilities, atol=1e-6)
    with pytest.raises(BundleError, match="rows of 7"):
        network.classes = 7
        network.probabilities(pictures)


def test_distances_of_many_keep_their_order() -> None:
    network = Network(read_parts(pretrained()["mnist"]).network, threads=3)
    test = sl.load_dataset("mnist").test
    assert test is not None
    model = sl.load("mnist")
    pictures = np.stack([model.prepare(picture) for picture in np.asarray(test.pictures)[: 20 * BATCH + 5]])
    whole = network.measure(pictures)
    assert whole.distances is not None
    assert network.measure(pictures[:0]).distances is not None
    for place in (0, BATCH, 7 * BATCH + 3, len(pictures) - 1):
        one = network.measure(pictures[place : place + 1])
        assert one.distances is not None
        assert np.allclose(whole.distances[place], one.distances[0], rtol=1e-4)
        assert np.allclose(whole.probabilities[place], one.probabilities[0], atol=1e-6)
        assert np.allclose(network.probabilities(pictures[place : place + 1])[0], one.probabilities[0], atol=1e-6)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("value", [float("nan"), -0.5, 0.3])
def test_what_is_no_probability_is_refused_for_one_picture_and_for_more(value: float, count: int) -> None:
    reshape = helper.make_node("Reshape", ["in", "shape"], ["a"])
    nodes = [reshape, helper.make_node("ReduceMax", ["a"], ["b"], axes=[1]), helper.make_node("Add", ["b", "c"], ["out0"])]
    tensors = {"shape": np.array([-1, 81]), "c": np.array([[value, 0.5]], np.float32)}
    data = graph_of(nodes, tensors)
    model = onnx.load_from_string(data)
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("out0", TensorProto.FLOAT, ["N", 2]))
    network = Network(model.SerializeToString())
    for give in (network.probabilities, network.measure):
        with pytest.raises(BundleError, match="no probabilities"):
            give(np.zeros((count, 9, 9, 1), np.uint8))


def test_a_large_network_is_held_once(bundle: Path) -> None:
    model = onnx.load(bundle / "model.onnx")
    model.doc_string = "x" * SMALL
    network = Network(model.SerializeToString(), threads=2)
    assert network._alone is network._session
    assert network.workers == 1
    network = Network((bundle / "model.onnx").read_bytes(), threads=2)
    assert network._alone is not network._session
    assert network._alone is network._alone
    assert network.workers == 2


def test_a_softmax_of_a_sequential_network(model: keras.Model) -> None:
    pictures = RNG.random((3, 28, 28, 1), np.float32)
    expected = model(pictures).numpy()
    assert np.allclose(answer(probabilities_alone(export_onnx(model), 28, 28), pictures), expected, atol=1e-6)
