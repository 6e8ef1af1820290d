"""The pictures that files, folders and globs stand for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path, PurePath

from sightline.errors import InputError
from sightline.image import IMAGE_SUFFIXES

__all__ = ["Found", "find_pictures"]


@dataclass(frozen=True)
class Found:
    """A picture file: its path as it was reached, and its place relative to the folder that was searched."""

    path: Path
    relative: PurePath


def find_pictures(patterns: Iterable[str]) -> list[Found]:
    """The files that files, folders and globs stand for, in order and each once; InputError for what stands for nothing.

    A folder stands for the pictures in it and below, sorted by name; a glob for the files that match it, whatever they are.
    """
    found: dict[Path, Found] = {}
    for pattern in patterns:
        for item in _find(pattern):
            found.setdefault(item.path, item)
    return list(found.values())


def _find(pattern: str) -> list[Found]:
    path = Path(pattern)
    if path.is_dir():
        inside = sorted(file for file in path.rglob("*") if file.suffix.lower() in IMAGE_SUFFIXES and file.is_file())
        if not inside:
            raise InputError(f"no pictures in {pattern!r}", expected=f"files ending in {' '.join(sorted(IMAGE_SUFFIXES))}")
        return [Found(file, file.relative_to(path)) for file in inside]
    if has_magic(pattern) and not path.exists():
        matches = sorted(Path(match) for match in glob(pattern, recursive=True))  # noqa: PTH207 - takes any path
        files = [match for match in matches if match.is_file()]
        if not files:
            raise InputError(f"nothing matches {pattern!r}")
        base = _fixed_part(path)
        return [Found(file, file.relative_to(base)) for file in files]
    return [Found(path, PurePath(path.name))]


def _fixed_part(pattern: Path) -> Path:
    """The folder before the first part with a wildcard: below it the tree is mirrored."""
    fixed = []
    for part in pattern.parts:
        if has_magic(part):
            break
        fixed.append(part)
    return Path(*fixed) if fixed else Path()
