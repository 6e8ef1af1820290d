"""The pictures that files, folders and globs stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path, PurePath

from sightline.errors import InputError
from sightline.files import natural
from sightline.image import IMAGE_SUFFIXES

__all__ = ["Found", "find_pictures"]


@dataclass(frozen=True)
class Found:
    """A picture file: its path as it was reached, and its place relative to the folder that was searched."""

    path: Path
    relative: PurePath


def find_pictures(patterns: str | Iterable[str], out: Path | None = None) -> list[Found]:
    """The files that files, folders and globs stand for, in order and each once; InputError for what stands for nothing.

    A folder stands for the files in it and below whose names end as a picture's, without hidden ones, sorted by name; a glob
    for the files that match it, whatever they are. What is in the folder `out` is left out where that is below the searched one:
    it is what an earlier batch has made.
    """
    patterns = [patterns] if isinstance(patterns, str) else patterns
    found: dict[Path, Found] = {}
    for pattern in patterns:
        for item in _find(pattern, out):
            found.setdefault(item.path, item)
    return list(found.values())


def _find(pattern: str, out: Path | None) -> list[Found]:
    path = Path(pattern)
    if path.is_dir():
        found = _below(path, _pictures_in(path), out)
        if not found:
            raise InputError(f"no pictures in {pattern!r}", expected=f"files ending in {' '.join(sorted(IMAGE_SUFFIXES))}")
        return found
    if has_magic(pattern) and not path.exists():
        matches = map(Path, glob(pattern, recursive=True))  # noqa: PTH207 - takes any path
        found = _below(_fixed_part(path), (match for match in matches if match.is_file()), out)
        if not found:
            raise InputError(f"nothing matches {pattern!r}")
        return found
    return [Found(path, PurePath(path.name))]


def _below(base: Path, files: Iterable[Path], out: Path | None) -> list[Found]:
    """The files in order, with their places below `base`, without those in `out`."""
    made = out.resolve() if out is not None else None
    if made is not None and base.resolve() in made.parents:
        files = [file for file in files if made not in file.resolve().parents]
    return [Found(file, file.relative_to(base)) for file in sorted(files, key=_order)]


def _pictures_in(folder: Path) -> Iterator[Path]:
    for file in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if file.suffix.lower() in IMAGE_SUFFIXES and not hidden and file.is_file():
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
