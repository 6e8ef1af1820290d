"""What a bundle is read into, whether it is a folder or one ONNX file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sightline.bundle.manifest import Description, Precision, load_manifest
from sightline.bundle.onnx_file import read_onnx_file
from sightline.bundle.store import read_files

__all__ = ["Parts", "load_description", "read_parts"]


@dataclass(frozen=True)
class Parts:
    """The parts of a bundle as they were found: whole, but not yet tried together.

    `network`: ONNX. `picture` and `answer`: the sample's file and, in JSON, the probabilities it must get.
    """

    description: Description
    network: bytes
    picture: bytes
    answer: bytes
    precision: Precision = "float32"


def load_description(path: str | Path) -> Description:
    """What a bundle's folder or ONNX file says of itself; BundleError. The network is not looked at."""
    if os.path.isfile(path):  # noqa: PTH113 - no error for a name that is too long
        return read_onnx_file(path).description
    return load_manifest(path)


def read_parts(path: str | Path) -> Parts:
    """Read a bundle's folder or ONNX file, every size and hash checked; BundleError."""
    if os.path.isfile(path):  # noqa: PTH113 - no error for a name that is too long
        file = read_onnx_file(path)
        return Parts(file.description, file.data, file.picture, file.answer, file.description.precision)
    manifest = load_manifest(path)
    files = read_files(path, manifest)
    return Parts(manifest, files["model.onnx"], files["sample.png"], files["sample.json"])
