"""Files written beside their place and renamed into it, so that a reader sees the old content or the new, never a mix."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sightline.errors import InputError, StorageError

__all__ = ["check_not_read", "natural", "replacing", "sha256", "write_bytes", "write_json", "write_text"]


FULL = {errno.ENOSPC, errno.EDQUOT}
UMASK = os.umask(0)  # it can only be read by setting it: once, before there are threads
os.umask(UMASK)


@contextmanager
def replacing(path: str | Path, *, durable: bool = True) -> Iterator[Path]:
    """Give a temporary path beside `path`; when the block ends well its file becomes `path`, else it is removed.

    With `durable` the bytes are flushed to the disk before the rename, for what must survive a loss of power. A full disk is a
    StorageError, and `path` stays as it was. A file that was there keeps its permissions. A device or pipe cannot be replaced and
    is written to directly.
    """
    target = Path(path)
    if target.exists() and not target.is_file() and not target.is_dir():
        yield target
        return
    temporary: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".sightline-", suffix=target.suffix, dir=target.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        if durable:
            with open(temporary, "rb+") as file:
                os.fsync(file.fileno())
        temporary.chmod(stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666 & ~UMASK)
        temporary.replace(target)
        temporary = None
        if durable:
            _sync(target.parent)
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        mend = "Free some space" if error.errno in FULL else "Choose another place"
        fix = f"What was there before is untouched. {mend}, then try again."
        raise StorageError(f"cannot write {str(target)!r}: {error.strerror or error}", fix=fix) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Flush the rename itself to the disk, where the system can: the file is in its place already."""
    if os.name == "posix":
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def write_bytes(path: str | Path, data: bytes, *, durable: bool = True) -> None:
    """Write `data` as the file `path`, whole or not at all. See `replacing`."""
    with replacing(path, durable=durable) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` in UTF-8 as the file `path`, whole or not at all; what it cannot hold, as in some file names, is escaped."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` as indented JSON, whole or not at all; NaN and infinity are refused because JSON has none."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def check_not_read(target: str | Path, sources: Iterable[object]) -> None:
    """Refuse to write `target` over one of `sources`, by whichever path: InputError. What is no path among them is no file."""
    for given in sources:
        source = getattr(given, "table", given)  # a row is read out of its table
        if isinstance(source, str | Path) and _same(target, source):
            raise InputError(f"{str(target)!r} is a file that is read", fix="Choose another name for the result.")


def _same(one: str | Path, other: str | Path) -> bool:
    try:
        return Path(one).samefile(other)
    except (OSError, ValueError):  # one is not there, or cannot be looked at
        return False


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file's bytes in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def natural(text: str) -> list[tuple[int, str]]:
    """A sorting key with numbers in their own order.

    >>> sorted(["10", "9", "a10", "a9"], key=natural)
    ['9', '10', 'a9', 'a10']
    """
    parts = re.split(r"([0-9]+)", text)
    key = [(int(part), "") if index % 2 else (0, part.casefold()) for index, part in enumerate(parts)]
    return [*key, (0, text)]
