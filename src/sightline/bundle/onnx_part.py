"""The part of an ONNX network that its probabilities need: without its distances, and without pixels that nothing reads.

ONNX Runtime computes every node of a graph, also those that only lead to an output that nobody asked for. And pooling leaves out
the last row of a map of odd height: of 28 x 28 px the three layers of `cnn3` with valid padding read the first 22 x 22, and half
of their arithmetic goes into the rest. Cutting the picture down before the first convolution gives the very same probabilities.

This works on the bytes, as `onnx_check` does: loading a bundle needs no package for it. Numbers of the fields: onnx.proto.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sightline.bundle.onnx_check import fields
from sightline.bundle.onnx_file import field

__all__ = ["probabilities_alone"]

IR_VERSION, GRAPH, OPSETS = 1, 7, 8  # of ModelProto
NODE, GRAPH_NAME, TENSOR, INPUT, OUTPUT, SPARSE_TENSOR = 1, 2, 5, 11, 12, 15  # of GraphProto
SLICE_OPSET = 10  # from which on Slice takes its limits as tensors
INT64 = 7  # TensorProto.DataType
SQUARE = ("Conv", "MaxPool")
SAME_SIZE = ("Relu",)


@dataclass(frozen=True)
class _Node:
    """What is looked at of a NodeProto, and its bytes. `numbers`: its attributes that are integers, by name."""

    data: memoryview
    kind: str
    inputs: list[str]
    outputs: list[str]
    numbers: dict[str, list[int]]
    texts: dict[str, str]


def probabilities_alone(network: bytes, height: int, width: int) -> bytes:
    """The ONNX `network`, which `check_network` has passed, with its first output only and what that needs.

    `height` and `width`: those of its pictures. `network` itself where there is nothing to leave out.
    """
    model = list(fields(memoryview(network)))
    graph = list(fields(memoryview(b"".join(value for number, value in model if number == GRAPH and not isinstance(value, int)))))
    if any(number == SPARSE_TENSOR for number, _ in graph) or _opset(model) < SLICE_OPSET:
        return network

    def of(kind: int) -> list[memoryview]:
        return [value for number, value in graph if number == kind and not isinstance(value, int)]

    outputs, tensors = of(OUTPUT), {_name(data, 8): data for data in of(TENSOR)}
    nodes = _needed([_node(data) for data in of(NODE)], _name(outputs[0], 1))
    cut = _cut(nodes, [_name(data, 1) for data in of(INPUT) if _name(data, 1) not in tensors], tensors, height, width)
    if len(outputs) == 1 and cut is None:
        return network
    used = {value for node in nodes for value in node.inputs}
    written = [field(NODE, bytes(node.data)) for node in nodes]
    numbers = [field(TENSOR, bytes(data)) for name, data in tensors.items() if name in used]
    if cut is not None:
        place, rows, columns = cut
        written[place : place + 1], more = _sliced(nodes[place], rows, columns)
        numbers += more
    inputs = [data for data in of(INPUT) if _name(data, 1) in used or _name(data, 1) not in tensors]
    ends = [*(field(INPUT, bytes(data)) for data in inputs), field(OUTPUT, bytes(outputs[0]))]
    body = b"".join([*written, field(GRAPH_NAME, b"network"), *numbers, *ends])
    version, opsets = (b"".join(_again(kind, value) for number, value in model if number == kind) for kind in (IR_VERSION, OPSETS))
    return version + field(GRAPH, body) + opsets  # in the order of their numbers: else OpenVINO takes it for something else


def _opset(model: list[tuple[int, memoryview | int]]) -> int:
    """The version of ONNX's own operators that the model is written in."""
    named = [value for number, value in model if number == OPSETS and not isinstance(value, int)]
    versions = [next(_whole(value, 2), 0) for value in named if _name(value, 1) in {"", "ai.onnx"}]
    return max(versions, default=0)


def _needed(nodes: list[_Node], output: str) -> list[_Node]:
    """The nodes that `output` needs; they stand in the order in which they can be computed."""
    needed, kept = {output}, []
    for node in reversed(nodes):
        if needed.intersection(node.outputs):
            needed.update(node.inputs)
            kept.append(node)
    return kept[::-1]


def _cut(
    nodes: list[_Node], inputs: list[str], tensors: dict[str, memoryview], height: int, width: int
) -> tuple[int, int, int] | None:
    """Before which node, a convolution, to cut the picture down, and to how many rows and columns; None if all is read.

    What is followed is the one way from the picture through convolutions and poolings without padding, up to anything else.
    """
    chain = _chain(nodes, inputs[0]) if len(inputs) == 1 else []
    start = int(bool(chain) and _only_moves_channels(chain[0], tensors, height, width))
    windows: list[tuple[_Node, list[list[int]]]] = []
    for node in chain[start:]:
        window = _window(node)
        if window is None and node.kind not in SAME_SIZE:
            break
        if window is not None:
            windows.append((node, window))
    if not windows or windows[0][0].kind != "Conv" or windows[0][0] is not chain[start]:
        return None
    rows, columns = (
        _read([(reach[axis], stride[axis]) for _, (reach, stride) in windows], side) for axis, side in enumerate((height, width))
    )
    if not (0 < rows <= height and 0 < columns <= width) or (rows, columns) == (height, width):
        return None
    return next(place for place, node in enumerate(nodes) if node is chain[start]), rows, columns


def _read(windows: list[tuple[int, int]], side: int) -> int:
    """How many of the first `side` pixels are read through windows of a reach and a stride, one after the other.

    >>> _read([(3, 1), (2, 2), (3, 1), (2, 2), (3, 1), (2, 2)], 28)
    22
    """
    for reach, stride in windows:
        side = (side - reach) // stride + 1
    for reach, stride in reversed(windows):
        side = (side - 1) * stride + reach
    return side


def _chain(nodes: list[_Node], value: str) -> list[_Node]:
    """The nodes one after the other from `value` on, as long as each has one reader."""
    readers: dict[str, list[_Node]] = {}
    for node in nodes:
        for name in node.inputs:
            readers.setdefault(name, []).append(node)
    found: list[_Node] = []
    while len(readers.get(value, [])) == 1 and len(found) < len(nodes):
        node = readers[value][0]
        if node.inputs[0] != value or len(node.outputs) != 1:
            break
        found.append(node)
        value = node.outputs[0]
    return found


def _only_moves_channels(node: _Node, tensors: dict[str, memoryview], height: int, width: int) -> bool:
    """Whether the node makes `(N, C, H, W)` of the pictures `(N, H, W, C)`: with one channel that is another shape, no more."""
    if node.kind == "Transpose":
        return node.numbers.get("perm") == [0, 3, 1, 2]
    if node.kind != "Reshape" or node.inputs[1] not in tensors:
        return False
    return _integers(tensors[node.inputs[1]]) == [-1, 1, height, width]


def _window(node: _Node) -> list[list[int]] | None:
    """How far a convolution or pooling without padding reaches, and its strides, each for rows and columns; else None."""
    numbers = node.numbers
    kernel = numbers.get("kernel_shape", [])
    if node.kind not in SQUARE or len(kernel) != 2 or node.texts.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        return None
    strides, dilations = numbers.get("strides", [1, 1]), numbers.get("dilations", [1, 1])
    if any(numbers.get("pads", [])) or any(numbers.get("ceil_mode", [])) or len(strides) != 2 or len(dilations) != 2:
        return None
    if min(*kernel, *strides, *dilations) < 1:
        return None
    return [[(side - 1) * step + 1 for side, step in zip(kernel, dilations, strict=True)], strides]


def _sliced(node: _Node, rows: int, columns: int) -> tuple[list[bytes], list[bytes]]:
    """The node that reads the first `rows` and `columns` of its first input, after the node that cuts it; and their tensors."""
    names = [f"sightline.cut.{name}" for name in ("input", "starts", "ends", "axes")]
    values = ([0, 0], [rows, columns], [2, 3])
    tensors = [
        field(TENSOR, field(1, 2) + field(2, INT64) + field(8, name.encode()) + field(9, np.array(value, "<i8").tobytes()))
        for name, value in zip(names[1:], values, strict=True)
    ]
    inputs = [node.inputs[0], *names[1:]]
    slicing = b"".join(field(1, name.encode()) for name in inputs) + field(2, names[0].encode()) + field(4, b"Slice")
    reading = [field(1, name.encode()) for name in [names[0], *node.inputs[1:]]]
    rest = [_again(number, value) for number, value in fields(node.data) if number != 1]
    return [field(NODE, slicing), field(NODE, b"".join([*reading, *rest]))], tensors


def _again(number: int, value: memoryview | int) -> bytes:
    """A field as it was read."""
    return field(number, value if isinstance(value, int) else bytes(value))


def _node(data: memoryview) -> _Node:
    node = _Node(data, _name(data, 4), list(_names(data, 1)), list(_names(data, 2)), {}, {})
    for number, value in fields(data):
        if number == 5 and not isinstance(value, int):
            name = _name(value, 1)
            node.numbers[name] = [each for part in (3, 8) for each in _whole(value, part)]
            node.texts[name] = _name(value, 4)
    return node


def _whole(message: memoryview, number: int) -> Iterator[int]:
    """The integers of a field, whether each stands alone or all are packed together."""
    for found, value in fields(message):
        if found == number:
            yield from (value,) if isinstance(value, int) else _packed(value)


def _packed(data: memoryview) -> Iterator[int]:
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield value
            value = shift = 0


def _integers(tensor: memoryview) -> list[int]:
    """The numbers of a tensor of int64."""
    raw = [value for number, value in fields(tensor) if number == 9 and not isinstance(value, int)]
    if raw:
        return [int(each) for each in np.frombuffer(raw[-1], "<i8")] if len(raw[-1]) % 8 == 0 else []
    return [each - (1 << 64) if each >> 63 else each for each in _whole(tensor, 7)]


def _name(message: memoryview, number: int) -> str:
    """The last text of a field, which is the one that counts, or nothing."""
    return next(iter([*_names(message, number)][::-1]), "")


def _names(message: memoryview, number: int) -> Iterator[str]:
    for found, value in fields(message):
        if found == number and not isinstance(value, int):
            yield bytes(value).decode("utf-8", "replace")
