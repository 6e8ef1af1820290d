"""Refuses a network file that is more than plain operations and their numbers, before ONNX Runtime sees it.

An ONNX tensor may name another file to take its numbers from, and ONNX Runtime (1.32) reads that file, relative to the
working folder, even when the network comes from memory. Loops and conditions could keep a loaded bundle busy for ever, and
operations outside the standard may do what their makers please. A trained image classifier needs none of these.

The file is protobuf; walking its wire format needs no schema and no package beyond the numbers below, which are those of
onnx.proto and are held against the onnx package by a test. Every field of every message on the way to a tensor is seen, also
one that a later field of the same number overrides.
Source of the format: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator

from sightline.errors import BundleError

__all__ = ["check_network", "fields"]

INSIDE = {
    "ModelProto": {7: "GraphProto"},
    "GraphProto": {1: "NodeProto", 5: "TensorProto", 15: "SparseTensorProto"},
    "NodeProto": {5: "AttributeProto"},
    "AttributeProto": {5: "TensorProto", 10: "TensorProto", 22: "SparseTensorProto", 23: "SparseTensorProto"},
    "SparseTensorProto": {1: "TensorProto", 2: "TensorProto"},
    "TensorProto": {},
}
"""The messages that are walked: field number to message, for each message."""

REFUSED = {
    ("ModelProto", 20): "steps for training",
    ("ModelProto", 25): "functions of its own",
    ("AttributeProto", 6): "a loop or condition",
    ("AttributeProto", 11): "a loop or condition",
    ("TensorProto", 13): "numbers in another file",
}
"""The fields that must not occur."""

DOMAIN = ("NodeProto", 7)
STANDARD_DOMAINS = frozenset({b"", b"ai.onnx", b"ai.onnx.ml"})
DATA_LOCATION = ("TensorProto", 14)

MAX_FIELDS = 1_000_000
"""Bounds the time on a file that is all tiny fields; exported networks have some thousands."""


def check_network(data: bytes) -> None:
    """Refuse ONNX `data` that is malformed or holds anything but standard operations and their numbers: BundleError."""
    pending: list[tuple[str, memoryview]] = [("ModelProto", memoryview(data))]
    left = MAX_FIELDS
    while pending:
        kind, message = pending.pop()
        for number, value in fields(message):
            left -= 1
            if left < 0:
                raise _refusal(f"more than {MAX_FIELDS:,} fields")
            _check_field((kind, number), value)
            if isinstance(value, memoryview) and number in INSIDE[kind]:
                pending.append((INSIDE[kind][number], value))


def _check_field(field: tuple[str, int], value: memoryview | int) -> None:
    if field in REFUSED:
        raise _refusal(REFUSED[field])
    if field == DATA_LOCATION and value != 0:
        raise _refusal("numbers in another file")
    if field == DOMAIN and (isinstance(value, int) or bytes(value) not in STANDARD_DOMAINS):
        raise _refusal("operations outside the ONNX standard")


def fields(message: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """Each field of one protobuf message: its number, and its bytes or number; BundleError where it is malformed."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        value: memoryview | int
        size = 0
        match tag & 7:
            case 0:
                value, position = _varint(message, position)
            case 1:
                size = 8
            case 2:
                size, position = _varint(message, position)
            case 5:
                size = 4
            case _:  # groups, which ONNX never had
                raise _refusal("malformed bytes")
        if tag & 7:
            value = message[position : position + size]
            position += size
        # Parsers cut a longer tag to 32 bits, which would make it another field than the one seen here.
        if position > len(message) or tag >= 1 << 32 or tag < 8:
            raise _refusal("malformed bytes")
        yield tag >> 3, value


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    """A number of seven bits a byte, least first, and the position behind it."""
    value = 0
    for count, byte in enumerate(message[position : position + 10]):
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value, position + count + 1
    raise _refusal("malformed bytes")


def _refusal(received: str) -> BundleError:
    return BundleError("the network is refused", expected="ONNX with standard operations and all numbers inside", received=received)
