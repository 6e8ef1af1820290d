"""IDX files, the format of MNIST: a magic number, the sizes, then bytes; plain or packed with gzip.

Source of the format: http://yann.lecun.com/exdb/mnist/ ("FILE FORMATS FOR THE MNIST DATABASE").
"""

from __future__ import annotations

import gzip
import io
import math
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from sightline.data.contents import UNSPLIT, Contents, array_contents
from sightline.data.specs import IDX_FILES, DatasetSpec
from sightline.errors import DatasetError

__all__ = ["idx_folder", "is_idx_images", "parse_idx", "read_idx", "read_idx_folder", "read_idx_pair", "spec_contents"]

MAX_BYTES = 4 << 30
DEFLATE_RATIO = 1032  # no more can come out of one byte of gzip (https://zlib.net/zlib_tech.html)
IMAGES_MARK, LABELS_MARK = "images-idx3-ubyte", "labels-idx1-ubyte"


def parse_idx(data: bytes, dimensions: int, name: str) -> NDArray[np.uint8]:
    """The array in the bytes of an IDX file: uint8 with 1 dimension (labels) or 3 (pictures).

    >>> parse_idx(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9]), 1, "labels")
    array([7, 9], dtype=uint8)
    """
    return _parse(io.BytesIO(data), dimensions, name, len(data))


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Read an IDX file, plain or packed; DatasetError for a wrong magic number, count or length.

    The header is checked against the file's size before memory is taken for the rest.
    """
    name = str(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            packed = stream.read(2) == b"\x1f\x8b"
            stream.seek(0)
            if not packed:
                return _parse(stream, dimensions, name, size)
            with gzip.open(stream) as unpacked:
                return _parse(unpacked, dimensions, name, size * DEFLATE_RATIO)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DatasetError(f"cannot read {name!r}", expected="a whole gzip file", received="one cut off or damaged") from error
    except OSError as error:
        raise DatasetError(f"cannot read {name!r}: {error.strerror or error}") from error


def _parse(stream: BinaryIO | gzip.GzipFile, dimensions: int, name: str, most: int) -> NDArray[np.uint8]:
    """Read header and array from `stream`, which can hold at most `most` bytes."""
    header = stream.read(4 + 4 * dimensions)
    magic = bytes([0, 0, 8, dimensions])  # 8: unsigned bytes
    if header[:4] != magic:
        raise DatasetError(
            f"{name!r} is no IDX file of {'pictures' if dimensions == 3 else 'labels'}",
            expected=f"the magic number {magic.hex()}",
            received=header[:4].hex() or "an empty file",
        )
    if len(header) < 4 + 4 * dimensions:
        raise DatasetError(f"{name!r} is cut off in its header")
    shape = struct.unpack(f">{dimensions}I", header[4:])
    size = math.prod(shape)
    if size == 0 or size > min(most, MAX_BYTES):
        raise DatasetError(
            f"{name!r} has impossible sizes",
            expected=f"more than nothing, and at most the file's {min(most, MAX_BYTES):,} bytes",
            received=" x ".join(f"{side:,}" for side in shape),
        )
    data = stream.read(size + 1)
    if len(data) != size:
        received = f"{len(data):,}" if len(data) < size else "more"
        raise DatasetError(f"{name!r} has the wrong length", expected=f"{size:,} bytes after the header", received=received)
    return np.frombuffer(data, np.uint8).reshape(shape)


def is_idx_images(path: Path) -> bool:
    """Whether a file is named as the pictures of an IDX pair are."""
    return path.name.removesuffix(".gz").endswith(IMAGES_MARK)


def read_idx_pair(path: Path) -> Contents:
    """Read a file of pictures and, by its usual name, the file of labels beside it."""
    stem = path.name.removesuffix(".gz").removesuffix(IMAGES_MARK)
    name = path.resolve().parent.name if stem in ("", "train-", "t10k-") else stem.strip("-_.")
    labels = _plain_or_packed(path.parent, stem + LABELS_MARK)
    if labels is None:
        raise DatasetError(f"{str(path)!r} has no labels", expected=f"{stem + LABELS_MARK}[.gz] beside it")
    arrays = {UNSPLIT: (read_idx(path, 3), read_idx(labels, 1).astype(np.int64))}
    return array_contents(name, arrays)


def idx_folder(folder: Path) -> dict[str, tuple[Path, Path]] | None:
    """The standard IDX files of a folder, (pictures, labels) for each split; None unless all four are there."""
    found = {}
    for split, names in IDX_FILES.items():
        images, labels = (_plain_or_packed(folder, name) for name in names)
        if images is None or labels is None:
            return None
        found[split] = (images, labels)
    return found


def read_idx_folder(folder: Path, files: Mapping[str, tuple[Path, Path]]) -> Contents:
    """Read the files that `idx_folder` has found."""
    arrays = {split: (read_idx(images, 3), read_idx(labels, 1).astype(np.int64)) for split, (images, labels) in files.items()}
    return array_contents(folder.resolve().name, arrays)


def spec_contents(spec: DatasetSpec, files: Mapping[str, bytes]) -> Contents:
    """A named dataset out of the bytes of its IDX files."""
    arrays = {
        split: (parse_idx(files[images], 3, images), parse_idx(files[labels], 1, labels).astype(np.int64))
        for split, (images, labels) in IDX_FILES.items()
    }
    return array_contents(spec.name, arrays, spec.classes)


def _plain_or_packed(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)
