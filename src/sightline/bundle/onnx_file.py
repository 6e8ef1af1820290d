"""One ONNX file that is a whole classifier: what a bundle keeps in other files rides in the metadata of its network.

ONNX is protobuf, in which fields may be appended to a message. So the file is the network's own bytes, then four entries of
`metadata_props`: the description in JSON, the sample picture in Base64, the probabilities it must get in JSON, and a seal, the
SHA-256 of everything before it. Any ONNX runtime reads the file as the network it is; reading and writing it here needs no
package. Numbers of the fields: onnx.proto; source of the encoding: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from sightline.bundle.manifest import Exported, refusal
from sightline.bundle.onnx_check import fields
from sightline.bundle.store import LIMITS, MAX_TOTAL_BYTES, read_regular
from sightline.errors import BundleError

__all__ = ["OnnxFile", "field", "onnx_file_bytes", "read_onnx_file"]

GRAPH, METADATA = 7, 14  # ModelProto.graph, ModelProto.metadata_props
KEY, VALUE = 1, 2  # of StringStringEntryProto
DESCRIPTION, PICTURE, ANSWER, SEAL = (f"sightline.{name}" for name in ("manifest", "sample", "answer", "seal"))
LONGEST = {
    DESCRIPTION: LIMITS["manifest.json"],
    PICTURE: LIMITS["sample.png"] * 4 // 3 + 4,
    ANSWER: LIMITS["sample.json"],
    SEAL: 64,
}
"""The most bytes of each entry."""
MOST_FIELDS, MOST_PARTS = 10_000, 16  # of a model and of an entry: walking a gigabyte of tiny ones would take minutes


@dataclass(frozen=True)
class OnnxFile:
    """The content of an ONNX file that `onnx_file_bytes` made. `data`: the whole file, which is the network."""

    description: Exported
    data: bytes
    picture: bytes
    answer: bytes


def onnx_file_bytes(network: bytes, description: Exported, picture: bytes, answer: bytes) -> bytes:
    """The bytes of one file with everything in it, the same for the same input.

    `network`: ONNX without metadata. `picture`: a PNG file. `answer`: what `sample.json` holds.
    """
    body = network + b"".join(
        _entry(key, value)
        for key, value in (
            (DESCRIPTION, description.model_dump_json().encode()),
            (PICTURE, base64.b64encode(picture)),
            (ANSWER, answer),
        )
    )
    return body + _seal(body)


def read_onnx_file(path: str | Path) -> OnnxFile:
    """Read such a file and check its seal; BundleError if it is damaged, too large, or an ONNX file from elsewhere."""
    place = Path(path).resolve()
    data = read_regular(place.parent, place.name, MAX_TOTAL_BYTES)
    if data[4:8] == LITERT:
        raise BundleError(
            f"{str(path)!r} is a LiteRT file, for other programs",
            expected="an ONNX file",
            fix="Give the run, or an ONNX export.",
        )
    try:
        found = _entries(data)
    except BundleError:
        raise BundleError(f"{str(path)!r} is no ONNX file, or a damaged one", fix=AGAIN) from None
    missing = [key for key in LONGEST if key not in found]
    if len(missing) == len(LONGEST):
        raise BundleError(
            f"{str(path)!r} is an ONNX network without labels and pipeline",
            expected="the metadata that `sightline export` writes",
            fix="Export it from its run or bundle: sightline export RUN -o FILE.onnx",
        )
    body = data[: -len(_seal(b""))]
    if missing or data != body + _seal(body):
        raise BundleError(f"{str(path)!r} is damaged or was changed: its seal does not fit", fix=AGAIN)
    try:
        description = Exported.model_validate_json(found[DESCRIPTION])
        return OnnxFile(description, data, base64.b64decode(found[PICTURE], validate=True), found[ANSWER])
    except ValidationError as error:
        raise refusal(error, f"the metadata of {str(path)!r}", Exported) from None
    except binascii.Error as error:
        raise BundleError(f"the sample picture of {str(path)!r} does not decode: {error}", fix=AGAIN) from None


LITERT = b"TFL3"  # the identifier in the file
AGAIN = "Get the file again from where it came, or export it anew."


def _entries(data: bytes) -> dict[str, bytes]:
    """Our entries of the metadata by key; BundleError for what is no ONNX, has too many fields, or an entry twice or too long."""
    found: dict[str, bytes] = {}
    graph = False
    for number, entry in _few(memoryview(data), MOST_FIELDS):
        graph = graph or number == GRAPH
        if number != METADATA or isinstance(entry, int):
            continue
        parts = {part: bytes(value) for part, value in _few(entry, MOST_PARTS) if not isinstance(value, int)}
        key = parts.get(KEY, b"").decode("utf-8", "replace")
        if key not in LONGEST:
            continue
        if key in found or len(parts.get(VALUE, b"")) > LONGEST[key]:
            raise BundleError("malformed metadata")
        found[key] = parts.get(VALUE, b"")
    if not graph:
        raise BundleError("no network")
    return found


def _few(message: memoryview, most: int) -> Iterator[tuple[int, memoryview | int]]:
    """The fields of a message; BundleError if there are more than `most`."""
    for count, found in enumerate(fields(message), 1):
        if count > most:
            raise BundleError("too many fields")
        yield found


def _entry(key: str, value: bytes) -> bytes:
    name = key.encode()
    content = field(KEY, name) + field(VALUE, value)
    return field(METADATA, content)


def field(number: int, content: bytes | int) -> bytes:
    """A field of a message: its number and kind, then an integer, or the length of bytes and themselves."""
    if isinstance(content, int):
        return _varint(number << 3) + _varint(content)
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    """A number of seven bits a byte, least first.

    >>> _varint(300).hex()
    'ac02'
    """
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def _seal(body: bytes) -> bytes:
    return _entry(SEAL, hashlib.sha256(body).hexdigest().encode())
