"""The pictures that files, folders and globs stand for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from glob import glob, has_magic
from pathlib import Path, PurePath

from sightline.batch.storage import TABLE, Place, Remote, find_remote, is_url, local_path
from sightline.batch.tables import Row, rows_of
from sightline.errors import InputError
from sightline.files import natural
from sightline.image import IMAGE_SUFFIXES

__all__ = ["Found", "Source", "find_pictures", "real"]

Source = Path | Remote | Row
"""Where a picture is: in a file, behind a URL, or in a table."""


@dataclass(frozen=True)
class Found:
    """A picture: where it is, as it was reached, and its place relative to the folder or table that was searched."""

    path: Source
    relative: PurePath


def find_pictures(patterns: str | Iterable[str], out: Place | None = None) -> list[Found]:
    """The pictures that files, folders and globs stand for, in order and each once; InputError for what stands for nothing.

    A folder stands for the files in it and below whose names end as a picture's, without hidden ones, sorted by name; a glob
    for the files that match it, whatever they are. URLs that fsspec opens stand for the same. A Parquet table stands for its
    rows; so does a folder that holds tables and no pictures. What is in the folder `out` is left out where that is below the
    searched one: it is what an earlier batch has made.
    """
    patterns = [patterns] if isinstance(patterns, str) else patterns
    found: dict[Source, Found] = {}
    place = _places()
    for typed in patterns:
        pattern = local_path(typed) or typed
        for item in _find_remote(pattern, out) if is_url(pattern) else _find(pattern, out):
            for picture in _rows(item):
                path = picture.path
                found.setdefault(place(path) if isinstance(path, Path) else path, picture)
    return list(found.values())


def _find_remote(pattern: str, out: Place | None) -> list[Found]:
    return [Found(remote, relative) for remote, relative in find_remote(pattern, out if isinstance(out, Remote) else None)]


def _rows(found: Found) -> list[Found]:
    """The pictures of a table, or the picture itself."""
    table = found.path
    if isinstance(table, Row) or found.relative.suffix.lower() != TABLE:
        return [found]
    folder = found.relative.with_suffix("")
    return [Found(row, folder / row.key if row.numbered else PurePath(row.key)) for row in rows_of(table)]


def _places() -> Callable[[Path], Path]:
    """A function that tells where a file is, whichever links to folders led to it."""
    folder = cache(real)
    return lambda file: folder(file.parent) / file.name


def real(path: Path) -> Path:
    """The path without links, as far as there is a way to follow them."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):  # links in a circle, or what is no path at all
        return path.absolute()


def _find(pattern: str, out: Place | None) -> list[Found]:
    path = Path(pattern)
    if path.is_dir():
        found = _below(path, _pictures_in(path, IMAGE_SUFFIXES), out) or _below(path, _pictures_in(path, {TABLE}), out)
        if not found:
            raise InputError(f"no pictures in {pattern!r}", expected=f"files ending in {' '.join(sorted(IMAGE_SUFFIXES))}")
        return found
    if has_magic(pattern) and not path.exists():
        base = _fixed_part(path)
        if ".." in path.parts[len(base.parts) :]:  # the results would be outside of the output folder
            raise InputError(f"{pattern!r} leads upwards after a wildcard", fix="Put .. before the first wildcard.")
        matches = map(Path, glob(pattern, recursive=True))  # noqa: PTH207 - takes any path
        found = _below(base, _shortest(match for match in matches if match.is_file()), out)
        if not found:
            raise InputError(f"nothing matches {pattern!r}")
        return found
    return [Found(path, PurePath(path.name))]


def _shortest(files: Iterable[Path]) -> list[Path]:
    """Each file once, by the shortest of its paths: a link to a folder above leads to the same files again and again."""
    place = _places()
    shortest: dict[Path, Path] = {}
    for file in sorted(files, key=lambda file: (len(file.parts), _order(file))):
        shortest.setdefault(place(file), file)
    return list(shortest.values())


def _below(base: Path, files: Iterable[Path], out: Place | None) -> list[Found]:
    """The files in order, with their places below `base`, without those in `out`."""
    made = real(out) if isinstance(out, Path) else None
    if made is not None and real(base) in made.parents:
        files = [file for file in files if made not in real(file).parents]
    return [Found(file, file.relative_to(base)) for file in sorted(files, key=_order)]


def _pictures_in(folder: Path, suffixes: Collection[str]) -> Iterator[Path]:
    for file in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if file.suffix.lower() in suffixes and not hidden and file.is_file():
            yield file


def _order(path: Path) -> list[list[tuple[int, str]]]:
    return [natural(part) for part in path.parts]


def _fixed_part(pattern: Path) -> Path:
    """The folder before the first part with a wildcard: below it the tree is mirrored."""
    fixed = []
    for part in pattern.parts:
        if has_magic(part):
            break
        fixed.append(part)
    return Path(*fixed) if fixed else Path()
