"""The folder of a bundle: which files it has, how they are read, and how a whole folder is replaced."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sightline.errors import BundleError, StorageError

if TYPE_CHECKING:
    from sightline.bundle.manifest import Manifest

__all__ = ["FILES", "LIMITS", "MANIFEST", "MAX_TOTAL_BYTES", "locate", "read_files", "read_regular", "replacing_folder"]

MANIFEST = "manifest.json"
FILES = ("model.onnx", "weights.safetensors", "sample.png", "sample.json")
"""The files of a bundle beside its manifest: all of these and no others."""

MAX_TOTAL_BYTES = 1 << 30
LIMITS = {
    MANIFEST: 8 << 20,
    "model.onnx": MAX_TOTAL_BYTES,
    "weights.safetensors": MAX_TOTAL_BYTES,
    "sample.png": 32 << 20,
    "sample.json": 1 << 20,
}
"""The most bytes each file may have; the sizes are checked before anything is read."""

AGAIN = "Get the bundle again from where it came, or export it anew."


def locate(folder: str | Path) -> Path:
    """Where the bundle `folder` is now; BundleError if there is none.

    A writer that was killed between the two renames of `replacing_folder` has left the previous bundle beside its place.
    """
    place = Path(folder)
    try:
        if not place.exists():
            previous = _beside(place, "old")
            place = previous if previous.is_dir() else place
        received = _kind(place)
    except OSError as error:  # a name that is too long, a folder that may not be looked into
        received = error.strerror or str(error)
    if received != "a folder":
        raise BundleError(f"no bundle at {str(folder)!r}", expected=f"a folder with {MANIFEST}, or an ONNX file", received=received)
    return place


def read_files(folder: str | Path, manifest: Manifest) -> dict[str, bytes]:
    """The content of every file of the bundle by name, checked against the manifest.

    BundleError if the folder holds anything that the manifest does not list, if a file is missing or no regular file
    (a link, a device, a pipe), or if its size or SHA-256 is another.
    """
    place = locate(folder)
    try:
        extra = sorted({entry.name for entry in place.iterdir()} - {MANIFEST, *FILES})
    except OSError as error:
        raise BundleError(f"cannot list bundle {str(folder)!r}: {error.strerror or error}") from error
    if extra:
        raise BundleError(f"bundle {str(folder)!r} holds more than its manifest lists", received=repr(extra[0][:100]), fix=AGAIN)
    return {name: _read_listed(place, name, manifest) for name in FILES}


def _read_listed(folder: Path, name: str, manifest: Manifest) -> bytes:
    note = manifest.files[name]
    data = read_regular(folder, name, note.bytes)
    if len(data) != note.bytes:
        raise _damaged(folder, name, f"{note.bytes:,} bytes", f"{len(data):,}")
    found = hashlib.sha256(data).hexdigest()
    if found != note.sha256:
        raise _damaged(folder, name, f"SHA-256 {note.sha256}", found)
    return data


def read_regular(folder: Path, name: str, limit: int) -> bytes:
    """The bytes of a regular file of at most `limit` bytes; BundleError otherwise. Links are not followed."""
    path = folder / name
    # Asked of the open file, not of the path: nothing can be put in its place in between. NONBLOCK: a pipe must not hang us.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        if path.is_symlink():  # Windows has no O_NOFOLLOW
            raise _damaged(folder, name, "a regular file", "a link")
        with open(os.open(path, flags), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise _damaged(folder, name, "a regular file", _kind(path))
            if status.st_size > limit:
                raise _damaged(folder, name, f"at most {limit:,} bytes", f"{status.st_size:,}")
            return file.read(limit + 1)
    except FileNotFoundError:
        raise _damaged(folder, name, "the file", "none") from None
    except OSError as error:
        raise _damaged(folder, name, "a file that can be read", error.strerror or str(error)) from error


def _damaged(folder: Path, name: str, expected: str, received: str) -> BundleError:
    return BundleError(f"{name} of bundle {str(folder)!r} does not fit", expected=expected, received=received, fix=AGAIN)


def _kind(path: Path) -> str:
    if path.is_dir():
        return "a folder"
    if path.is_file():
        return "a file"
    return "a special file" if path.exists() else "nothing"


@contextmanager
def replacing_folder(folder: str | Path) -> Iterator[Path]:
    """Give an empty folder beside `folder`; when the block ends well it becomes `folder`, else it is removed.

    A folder cannot be renamed onto a full one, so the previous one steps aside, the new one takes its place, and the
    previous one is removed. Killed at any point: before the first rename the previous bundle is in place; between the two
    it stands beside, where `locate` finds it and the next writer puts it back; after the second the new one is in place.
    One writer at a time. Only a bundle or an empty folder is ever replaced (BundleError); a full disk is a StorageError.
    """
    target = Path(os.path.abspath(folder))  # noqa: PTH100 - a link at `folder` itself must stay visible
    new, old = _beside(target, "new"), _beside(target, "old")
    try:
        _check_replaceable(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        _settle(target)
        try:
            new.mkdir()
            yield new
            if target.exists():
                target.rename(old)
            new.rename(target)
        finally:
            _settle(target)
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(
            f"cannot write bundle {str(folder)!r}: {error.strerror or error}",
            fix="What was there before is untouched. Free some space or choose another folder, then try again.",
        ) from error


def _settle(target: Path) -> None:
    """Put back a bundle that stepped aside for one that never came, and remove what a writer left behind."""
    new, old = _beside(target, "new"), _beside(target, "old")
    if old.exists() and not target.exists():
        old.rename(target)
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)


def _check_replaceable(target: Path) -> None:
    if not target.exists() and not target.is_symlink():
        return
    names = {entry.name for entry in target.iterdir()} if target.is_dir() and not target.is_symlink() else None
    if names is None or (names and (MANIFEST not in names or names - {MANIFEST, *FILES})):
        raise BundleError(
            f"cannot write a bundle to {str(target)!r}",
            expected="a new folder, an empty one or a bundle to replace",
            received="a link" if target.is_symlink() else f"{_kind(target)} with something else",
            fix="Choose another folder.",
        )


def _beside(target: Path, role: str) -> Path:
    return target.parent / f".{target.name}.bundle-{role}"
