"""NumPy archives: `x_train, y_train, x_test, y_test[, x_val, y_val]` as Keras has them, or `images, labels`.

Nothing is unpickled, and sizes are checked in the archive's directory and in each array's header before memory is taken.
"""

from __future__ import annotations

import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.data.contents import UNSPLIT, Contents, array_contents
from sightline.errors import DatasetError

__all__ = ["read_npz"]

MAX_BYTES = 4 << 30
MAX_RATIO = 200  # real pictures pack to no less than a fiftieth
RATIO_FREE_BYTES = 64 << 20  # below this a high ratio harms nobody
KEYS = {"train": ("x_train", "y_train"), "validation": ("x_val", "y_val"), "test": ("x_test", "y_test")}
UNSPLIT_KEYS = ("images", "labels")


def read_npz(path: Path, *, max_bytes: int = MAX_BYTES) -> Contents:
    """Read pictures, uint8 `(N, H, W)`, `(N, H, W, 1)` or `(N, H, W, 3)`, and whole-number labels `(N,)` or `(N, 1)`.

    DatasetError for anything else: other keys, shapes and dtypes, Python objects, damage, more than `max_bytes` unpacked.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_size(archive, path, max_bytes)
            names = {info.filename.removesuffix(".npy"): info for info in archive.infolist() if info.filename.endswith(".npy")}
            arrays = {
                split: (_pictures(_read(archive, names[x], path), path, x), _labels(_read(archive, names[y], path), path, y))
                for split, (x, y) in _keys(path, set(names)).items()
            }
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, MemoryError) as error:
        raise DatasetError(f"cannot read {str(path)!r}", expected="a whole .npz archive", received=str(error)) from error
    except OSError as error:
        raise DatasetError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
    return array_contents(path.stem, arrays)


def _check_size(archive: zipfile.ZipFile, path: Path, max_bytes: int) -> None:
    total = sum(info.file_size for info in archive.infolist())
    packed = sum(info.compress_size for info in archive.infolist())
    if any(info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for info in archive.infolist()):
        raise DatasetError(f"{str(path)!r} is packed in an unknown way", expected="what numpy.savez or savez_compressed writes")
    if total > max_bytes:
        raise DatasetError(f"{str(path)!r} is too large", expected=f"at most {max_bytes:,} bytes", received=f"{total:,} unpacked")
    if total > RATIO_FREE_BYTES and total > packed * MAX_RATIO:
        raise DatasetError(
            f"{str(path)!r} looks like an archive bomb",
            expected=f"at most {MAX_RATIO} bytes out of each",
            received=f"{total:,} out of {packed:,}",
            fix="If it is yours, save it with numpy.savez, which does not pack.",
        )


def _keys(path: Path, names: set[str]) -> dict[str, tuple[str, str]]:
    if names >= set(UNSPLIT_KEYS):
        return {UNSPLIT: UNSPLIT_KEYS}
    found = {split: pair for split, pair in KEYS.items() if names & set(pair)}
    missing = sorted({key for pair in found.values() for key in pair} - names)
    if "train" not in found or missing:
        raise DatasetError(
            f"{str(path)!r} does not have the arrays of a dataset",
            expected="x_train and y_train, with or without x_test, y_test, x_val, y_val; or images and labels",
            received=", ".join(sorted(names)) or "no arrays",
        )
    return found


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> NDArray[np.generic]:
    """One array of the archive; its header is read first, and has to agree with the size in the directory."""
    where = f"{info.filename} in {str(path)!r}"
    try:
        shape, dtype, start = _header(archive, info, where)
        if dtype.hasobject:
            raise DatasetError(
                f"{where} holds Python objects, which are never loaded",
                expected="an array of numbers",
                received=f"dtype {dtype}",
                fix="Save it again with a numeric dtype.",
            )
        if start + math.prod(shape) * dtype.itemsize != info.file_size:
            raise DatasetError(
                f"{where} has the wrong length", expected=f"{shape} of {dtype}", received=f"{info.file_size:,} bytes"
            )
        with archive.open(info) as stream:
            array: NDArray[np.generic] = np.lib.format.read_array(stream, allow_pickle=False)
    except DatasetError:
        raise
    except ValueError as error:  # numpy's word for each fault of a header
        raise DatasetError(f"{where} is no array", received=str(error).splitlines()[0]) from error
    return array


def _header(archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    """Shape and dtype of an array as its header says, and where its values begin."""
    with archive.open(info) as stream:
        try:
            version = np.lib.format.read_magic(stream)
            header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, _, dtype = header(stream)
        except Exception as error:  # it is parsed as Python: of a damaged one come errors of any kind
            raise DatasetError(f"{where} is no array", received=(str(error) or repr(error)).splitlines()[0]) from error
        return shape, dtype, stream.tell()


def _pictures(array: NDArray[np.generic], path: Path, key: str) -> NDArray[np.uint8]:
    if array.dtype != np.uint8:
        raise DatasetError(
            f"{key} in {str(path)!r} has the wrong dtype",
            expected="uint8, 0 to 255",
            received=str(array.dtype),
            fix="Scale the pictures to 0..255 and save them as uint8.",
        )
    if array.ndim == 4 and array.shape[3] == 1:
        array = array[..., 0]
    if array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] != 3) or 0 in array.shape:
        raise DatasetError(
            f"{key} in {str(path)!r} has the wrong shape",
            expected="(N, H, W), (N, H, W, 1) or (N, H, W, 3)",
            received=str(array.shape),
        )
    return array.astype(np.uint8, copy=False)


def _labels(array: NDArray[np.generic], path: Path, key: str) -> NDArray[np.int64]:
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise DatasetError(
            f"{key} in {str(path)!r} is not a list of labels",
            expected="whole numbers of shape (N,)",
            received=f"{array.dtype} of shape {array.shape}",
            fix="Take the argmax of one-hot labels; number named ones.",
        )
    return array.astype(np.int64)
