"""Files that are not on this machine: behind a URL that fsspec opens."""

from __future__ import annotations

import posixpath
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from glob import has_magic
from pathlib import Path, PurePath
from types import ModuleType
from typing import Any

from sightline.errors import ImageError, InputError, StorageError
from sightline.files import natural, replacing, write_bytes
from sightline.image import IMAGE_SUFFIXES
from sightline.image.header import MAX_BYTES

__all__ = [
    "NEEDED",
    "TABLE",
    "Place",
    "Remote",
    "exists",
    "find_remote",
    "first_line",
    "is_url",
    "list_files",
    "local_path",
    "opened",
    "place_at",
    "put",
    "put_file",
    "read_text",
    "remove",
    "taken_in",
]

NEEDED = "Install it with `pip install 'sightline[cluster]'`."
"""What to do where the packages are not there that URLs and tables need."""


@dataclass(frozen=True)
class Remote:
    """A file behind a URL; `facts` are what its storage tells of its size and age."""

    url: str
    facts: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.url

    def __truediv__(self, relative: PurePath | str) -> Remote:
        head, separator, chain = self.url.partition("::")
        return Remote(f"{head.rstrip('/')}/{PurePath(relative).as_posix()}{separator}{chain}")

    @property
    def name(self) -> str:
        """What errors call it by."""
        return self.url

    @property
    def suffix(self) -> str:
        """The ending of the file's name."""
        return PurePath(self.url.partition("::")[0]).suffix

    def read(self, size: int = -1, /) -> bytes:
        """The file's bytes, whatever is asked for; ImageError if it cannot be read or is larger than a picture may be."""
        files, path = opened(self.url)
        try:
            length = files.info(path).get("size") or 0
            if length <= MAX_BYTES:
                data: bytes = files.cat_file(path)
                return data
        except Exception as error:  # every storage has its own
            raise ImageError(f"cannot read {self.url!r}: {first_line(error)}") from error
        raise ImageError(f"cannot read {self.url!r}", expected=f"at most {MAX_BYTES:,} bytes", received=f"{length:,}")


Place = Path | Remote
"""Where a file may be read and written."""

TABLE = ".parquet"
"""How the name of a table ends that holds pictures."""


def is_url(text: str) -> bool:
    """Whether a text is a URL rather than a path.

    >>> is_url("s3://photos/2026"), is_url("photos/2026")
    (True, False)
    """
    return "://" in text


def place_at(text: str | Path) -> Place:
    """The place that a path or a URL names, as its storage writes it; InputError for a URL that cannot be opened."""
    if not (isinstance(text, str) and is_url(text)):
        return Path(text)
    if (local := local_path(text)) is not None:
        return Path(local)
    files, path = opened(text)
    return Remote(_urls(text, files, path)(path))


def local_path(url: str) -> str | None:
    """The path that a URL of this machine's own files stands for; None for another.

    >>> local_path("file:///photos/a.png"), local_path("s3://photos/a.png")
    ('/photos/a.png', None)
    """
    head, separator, rest = url.partition("://")
    return rest if separator and head in {"file", "local"} and "::" not in rest else None


def find_remote(pattern: str, out: Remote | None = None) -> list[tuple[Remote, PurePath]]:
    """The files that a URL of a file, a folder or a glob stands for, in order, with their places below the folder searched.

    What lies in `out` is left out where that is below the searched folder. InputError for what stands for nothing or cannot be
    opened.
    """
    files, path = opened(pattern)
    try:
        if has_magic(path):
            base = path[: path.index(next(char for char in path if char in "*?["))].rpartition("/")[0]
            found = {name: facts for name, facts in files.glob(path, detail=True).items() if facts.get("type") == "file"}
        elif files.isdir(path):
            base, found = path, _pictures_in(files, path)
        else:
            base, found = posixpath.dirname(path), {path: files.info(path)}
    except FileNotFoundError:
        raise InputError(f"there is nothing at {pattern!r}") from None
    except Exception as error:  # every storage has its own
        raise InputError(f"cannot look into {pattern!r}: {first_line(error)}") from error
    if not found:
        raise InputError(f"no pictures at {pattern!r}", expected=f"files ending in {' '.join(sorted(IMAGE_SUFFIXES))}")
    url = _urls(pattern, files, path)
    if out is not None and out.url.startswith(f"{url(base)}/"):
        found = {name: facts for name, facts in found.items() if not url(name).startswith(f"{out.url}/")}
    items = [(Remote(url(name), _facts(found[name])), PurePath(_below(base, name))) for name in found]
    return sorted(items, key=lambda item: [natural(part) for part in item[1].parts])


def _pictures_in(files: Any, folder: str) -> dict[str, Any]:
    """The pictures of a folder and below, or where there are none its tables."""
    found = files.find(folder, detail=True).items()
    every = {name: facts for name, facts in found if not any(part.startswith(".") for part in _below(folder, name).split("/"))}
    pictures = {name: facts for name, facts in every.items() if PurePath(name).suffix.lower() in IMAGE_SUFFIXES}
    return pictures or {name: facts for name, facts in every.items() if PurePath(name).suffix == TABLE}


def _below(base: str, name: str) -> str:
    return name.removeprefix(base).lstrip("/")


def _urls(typed: str, files: Any, path: str) -> Callable[[str], str]:
    """A function that gives the URL of a path in the storage that the URL `typed`, of `path`, leads to.

    A host and a user stay as they were typed; a storage's own way to write a URL leaves them out.
    """
    head, chained, chain = typed.partition("::")
    protocol, _, rest = head.partition("://")
    bare, ending = rest.rstrip("/"), f"{chained}{chain}"
    if bare.endswith(path.rstrip("/")):
        host = bare.removesuffix(path.rstrip("/"))
        return lambda name: f"{protocol}://{host}{name}{ending}"
    return lambda name: f"{files.unstrip_protocol(name)}{ending}"


def _facts(info: dict[str, Any]) -> tuple[str, ...]:
    """What tells a file from one that has taken its place."""
    return tuple(
        str(info[name]) for name in ("size", "ETag", "etag", "md5Hash", "mtime", "LastModified", "created") if name in info
    )


def exists(place: Path) -> bool:
    """Whether there is a file; False for a name that the file system cannot have."""
    try:
        return place.exists()
    except OSError:
        return False


def taken_in(folder: Place) -> Callable[[Place], bool]:
    """A function that tells whether there is a file at a place in `folder`; behind a URL it looks there once, now."""
    if isinstance(folder, Path):
        return lambda place: isinstance(place, Path) and exists(place)
    files, path = opened(folder.url)
    with _as_storage(folder):
        there = set(files.find(path)) if files.exists(path) else set()
    return lambda place: isinstance(place, Remote) and opened(place.url)[1] in there


def list_files(folder: Place, suffix: str) -> list[Place]:
    """The files right in a folder whose names end in `suffix`, in order; none where there is no folder."""
    if isinstance(folder, Path):
        found = sorted(folder.glob(f"*{suffix}")) if folder.is_dir() else []
        return [path for path in found if path.is_file() and not path.name.startswith(".")]  # those are of writers that died
    files, path = opened(folder.url)
    with _as_storage(folder):
        names = sorted(files.find(path, maxdepth=1)) if files.exists(path) else []
    names = [posixpath.basename(name) for name in names]
    return [folder / name for name in names if name.endswith(suffix) and not name.startswith(".")]


def put(place: Place, data: bytes, *, durable: bool = True) -> None:
    """Write a file, whole or not at all where its storage can; StorageError."""
    if isinstance(place, Path):
        write_bytes(place, data, durable=durable)
        return
    files, path = opened(place.url)
    with _as_storage(place):
        files.makedirs(posixpath.dirname(path), exist_ok=True)
        files.pipe_file(path, data)


def put_file(place: Place, file: Path) -> None:
    """Copy a file of this machine to `place`, whole or not at all where its storage can; StorageError."""
    if isinstance(place, Path):
        with replacing(place, durable=False) as temporary:
            shutil.copyfile(file, temporary)
        return
    files, path = opened(place.url)
    with _as_storage(place):
        files.makedirs(posixpath.dirname(path), exist_ok=True)
        files.put_file(str(file), path)


def read_text(place: Place) -> str | None:
    """What a text file holds; None if there is none."""
    try:
        if isinstance(place, Path):
            return place.read_text(encoding="utf-8", errors="replace")
        files, path = opened(place.url)
        with _as_storage(place):
            return str(files.cat_file(path).decode("utf-8", "replace")) if files.exists(path) else None
    except FileNotFoundError:
        return None


def remove(place: Place) -> None:
    """Delete a file if it is there."""
    if isinstance(place, Path):
        place.unlink(missing_ok=True)
        return
    files, path = opened(place.url)
    with _as_storage(place):
        if files.exists(path):
            files.rm_file(path)


@contextmanager
def _as_storage(place: Remote) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # every storage has its own
        raise StorageError(f"cannot use {place.url!r}: {first_line(error)}") from error


def opened(url: str) -> tuple[Any, str]:
    """The file system behind a URL, and the path there."""
    head, chained, archive = url.partition("::")
    try:
        if chained and not is_url(archive) and Path(archive).is_file():  # its list of files is read once, not for every file
            files = _archive(head.partition("://")[0], archive, Path(archive).stat().st_mtime_ns)
            return files, str(files._strip_protocol(head))
        files, path = _fsspec(url).core.url_to_fs(url)
    except ImportError as error:  # of the storage's own package
        raise InputError(f"cannot open {url!r}: {error}", fix="Install what is missing beside Sightline.") from None
    except Exception as error:
        raise InputError(f"cannot open {url!r}: {first_line(error)}") from error
    return files, str(path)


@lru_cache(4)
def _archive(protocol: str, archive: str, changed: int) -> Any:
    return _fsspec(archive).core.url_to_fs(f"{protocol}://::{archive}")[0]


def _fsspec(url: str) -> ModuleType:
    try:
        import fsspec
        import fsspec.core
    except ModuleNotFoundError:
        raise InputError(f"{url!r} needs a package more: fsspec", fix=NEEDED) from None
    return fsspec  # type: ignore[no-any-return]


def first_line(error: Exception) -> str:
    """What an error of somebody else's code says, in a line."""
    return (str(error) or type(error).__name__).splitlines()[0][:200]
