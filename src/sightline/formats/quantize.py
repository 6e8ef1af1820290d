"""A float32 ONNX network in 8-bit integers.

Every value x of a tensor becomes round(x / scale) + zero point; weights have a scale for each output channel, activations one
for the tensor, from the range seen on calibration pictures. The graph keeps its operations, with QuantizeLinear and
DequantizeLinear around them, which runtimes fuse into integer kernels (QDQ form). Weights take 7 of the 8 bits: where a processor
has no VNNI instructions the kernels add two products in 16 bits, which would overflow, and a file is to answer alike everywhere.
Source: https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.bundle.onnx_check import check_network
from sightline.bundle.onnx_export import quiet
from sightline.bundle.onnx_part import probabilities_alone
from sightline.errors import JobError

__all__ = ["quantized"]

BATCH = 50
KEPT = ("Softmax",)
"""Operations left in float32: steps of 1/256 are too coarse for small probabilities, and it is done in no time."""


def quantized(network: bytes, pictures: NDArray[np.uint8]) -> bytes:
    """The ONNX `network` in int8, calibrated on `pictures` uint8 `(N, H, W, C)`: probabilities only, no distances.

    The distance reads what lies between the layers; with it there the runtime could not join them to integer kernels. The same
    input gives the same bytes. JobError if ONNX Runtime cannot do it.
    """
    import onnx
    from onnxruntime.quantization import QuantFormat, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder:
        before, ready, after = (Path(folder) / f"{name}.onnx" for name in ("float32", "ready", "int8"))
        try:
            before.write_bytes(probabilities_alone(network, *pictures.shape[1:3]))
            with quiet():
                quant_pre_process(before, ready, skip_symbolic_shape=True)
                model = onnx.load(ready)
                kept = _pool_first(model.graph) + [node.name for node in model.graph.node if node.op_type in KEPT]
                onnx.save(model, ready)
                reader = _reader(pictures, model.graph.input[0].name)
                form = {"quant_format": QuantFormat.QDQ, "per_channel": True, "reduce_range": True}
                quantize_static(ready, after, reader, nodes_to_exclude=kept, **form)
                result = onnx.load(after)
        except Exception as error:  # onnx and ONNX Runtime raise whatever they meet
            raise JobError(f"the network cannot be brought to int8: {str(error)[:200]}") from error
    _make_plain(result)
    data = bytes(result.SerializeToString(deterministic=True))
    check_network(data)
    return data


def _pool_first(graph: Any) -> list[str]:
    """Of a first layer of convolution, ReLU and max-pooling put the pooling before the ReLU, in place; the names of its nodes.

    These stay in float32: a kernel over one or three channels is too short for integer kernels, which take four times as long for
    it. What follows then turns a quarter of the values into integers. The ReLU has to be the last of the three, since the
    runtime moves the change to integers to before a pooling, but not to before a ReLU. The result is the same.
    """
    readers: dict[str, list[Any]] = {}
    for node in graph.node:
        for value in node.input:
            readers.setdefault(value, []).append(node)
    layer: list[Any] = [node for node in graph.node if node.op_type == "Conv"][:1]
    for kind in ("Relu", "MaxPool"):
        following = readers.get(layer[-1].output[0], []) if layer else []
        if [node.op_type for node in following] != [kind]:
            return []
        layer += following
    convolution, relu, pool = layer
    relu_place, pool_place = (next(place for place, node in enumerate(graph.node) if node is each) for each in (relu, pool))
    between, end = relu.output[0], pool.output[0]
    pool.input[0], pool.output[0] = convolution.output[0], between
    relu.input[0], relu.output[0] = between, end
    swapped = [type(each).FromString(each.SerializeToString()) for each in (pool, relu)]
    for place, node in zip((relu_place, pool_place), swapped, strict=True):
        graph.node[place].CopyFrom(node)
    del graph.value_info[:]
    return [node.name for node in (convolution, *swapped)]


def _reader(pictures: NDArray[np.uint8], name: str) -> Any:
    """What ONNX Runtime asks for calibration inputs."""
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.batches = self.read()

        def read(self) -> Iterator[dict[str, NDArray[np.float32]]]:
            for start in range(0, len(pictures), BATCH):
                yield {name: np.divide(pictures[start : start + BATCH], np.float32(255), dtype=np.float32)}

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            return next(self.batches, None)

    return Reader()


def _make_plain(model: Any) -> None:
    """Drop from an `onnx.ModelProto` what the tools note of themselves: entries of metadata and domains that no node uses."""
    used = {node.domain for node in model.graph.node}
    domains = [entry for entry in model.opset_import if entry.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(domains)
    del model.metadata_props[:]
    del model.graph.value_info[:]
