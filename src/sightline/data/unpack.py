"""Class folders in a ZIP, as people send them: unpacked into a folder that the data readers take.

What could reach beyond the folder or fill the disk is refused before anything is written; the folder is there whole, or not at all.
"""

from __future__ import annotations

import stat
import tempfile
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sightline.data.contents import SPLIT_NAMES
from sightline.errors import DatasetError, StorageError
from sightline.image import IMAGE_SUFFIXES

__all__ = ["Unpacked", "unpack"]

MAX_FILES = 200_000
MAX_BYTES = 4 << 30
MAX_DEPTH = 8
MAX_NAME = 200  # bytes of a folder's or file's name; file systems take 255
BLOCK = 1 << 20


@dataclass(frozen=True)
class Unpacked:
    """What was in an archive. `ignored`: how many files of which suffix are no pictures."""

    folder: Path
    pictures: int
    ignored: dict[str, int]


def unpack(archive: Path, target: Path, *, max_files: int = MAX_FILES, max_bytes: int = MAX_BYTES) -> Unpacked:
    """Unpack the pictures of a ZIP of class folders into the folder `target`, which must not be there yet.

    A folder around all class folders is left out. DatasetError for what is no such ZIP, for paths that lead out of it, links,
    passwords, and more than `max_files` or `max_bytes`.
    """
    if target.exists():
        raise DatasetError(f"there is something at {str(target)!r} already", fix="Choose another name.")
    try:
        with zipfile.ZipFile(archive) as opened:
            infos, ignored = _pictures(opened, max_files, max_bytes)
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".sightline-", dir=target.parent) as beside:
                whole = Path(beside) / "whole"
                for path, info in infos.items():
                    _write(opened, info, whole / path)
                whole.replace(target)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DatasetError("the archive cannot be read", expected="a whole ZIP file", received=str(error)) from error
    except OSError as error:
        raise StorageError(f"cannot unpack into {str(target)!r}: {error.strerror or error}") from error
    return Unpacked(target, len(infos), dict(ignored))


def _pictures(opened: zipfile.ZipFile, max_files: int, max_bytes: int) -> tuple[dict[PurePosixPath, zipfile.ZipInfo], Counter[str]]:
    """The pictures by their place in the target, all of whose names and sizes are in order."""
    found: dict[PurePosixPath, zipfile.ZipInfo] = {}
    ignored: Counter[str] = Counter()
    every = [info for info in opened.infolist() if not info.is_dir()]
    if len(every) > max_files:
        raise DatasetError("too many files in the archive", expected=f"at most {max_files:,}", received=f"{len(every):,}")
    for info in every:
        path = _place(info)
        if any(part.startswith(".") for part in path.parts) or path.parts[0] == "__MACOSX":
            ignored["hidden"] += 1
        elif path.suffix.lower() not in IMAGE_SUFFIXES:
            ignored[path.suffix.lower() or "without suffix"] += 1
        elif path in found:
            raise DatasetError("a file is twice in the archive", received=repr(str(path)))
        else:
            found[path] = info
    if not found:
        raise DatasetError(
            "no pictures in the archive", expected="<class>/picture.png", received=f"{sum(ignored.values())} other files"
        )
    total = sum(info.file_size for info in found.values())
    if total > max_bytes:
        raise DatasetError("the archive is too large", expected=f"at most {max_bytes:,} bytes unpacked", received=f"{total:,}")
    return _without_shell(found), ignored


def _place(info: zipfile.ZipInfo) -> PurePosixPath:
    """Where a file goes in the target; DatasetError for what leads out of it or is no plain file."""
    path = PurePosixPath(info.filename)
    kind = stat.S_IFMT(info.external_attr >> 16)
    if info.filename.startswith("/") or "\\" in info.filename or ":" in info.filename or ".." in path.parts or not path.parts:
        raise DatasetError("a path in the archive leads out of it", received=repr(info.filename[:80]))
    if kind not in (0, stat.S_IFREG):
        raise DatasetError("a link in the archive", expected="files and folders only", received=repr(info.filename[:80]))
    if info.flag_bits & 1:
        raise DatasetError("the archive has a password", fix="Pack it without.")
    if len(path.parts) > MAX_DEPTH or any(len(part.encode()) > MAX_NAME for part in path.parts):
        raise DatasetError("a path in the archive is too long", received=repr(info.filename[:80]))
    return path


def _without_shell(found: dict[PurePosixPath, zipfile.ZipInfo]) -> dict[PurePosixPath, zipfile.ZipInfo]:
    """The same without a folder that is around everything, as who packs a folder gets: below it there are classes."""
    first = {path.parts[0] for path in found}
    deep = all(len(path.parts) > 2 for path in found)
    if len(first) == 1 and deep and first.isdisjoint(SPLIT_NAMES):
        return {PurePosixPath(*path.parts[1:]): info for path, info in found.items()}
    if any(len(path.parts) == 1 for path in found):
        loose = next(str(path) for path in found if len(path.parts) == 1)
        raise DatasetError("a picture in the archive has no class", expected="<class>/picture.png", received=repr(loose[:80]))
    return found


def _write(opened: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> None:
    """Write one file, of no more bytes than the archive's directory says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    left = info.file_size
    with opened.open(info) as packed, path.open("xb") as file:
        while block := packed.read(min(BLOCK, left + 1)):
            left -= len(block)
            if left < 0:
                raise DatasetError("a file in the archive is larger than it says", received=repr(info.filename[:80]))
            file.write(block)
