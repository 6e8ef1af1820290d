"""What may be wrong with a dataset: damage, mix-ups, leaks, imbalance. Each finding names the pictures it is about."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from sightline.data.dataset import Dataset, Split
from sightline.data.download import Progress
from sightline.errors import ImageError
from sightline.image import decode, probe

__all__ = ["Finding", "Kind", "check_dataset"]

Kind = Literal["unreadable", "extension", "rotated", "duplicate", "leak", "conflict", "imbalance", "tiny", "sizes"]
Severity = Literal["error", "warning", "note"]

IMBALANCE = 3.0  # times as many pictures in the largest class as in the smallest
TINY = 20  # pictures of a class to train on
SUFFIXES = {
    "PNG": {".png"},
    "JPEG": {".jpg", ".jpeg"},
    "GIF": {".gif"},
    "BMP": {".bmp"},
    "PPM": {".ppm", ".pgm"},
    "WEBP": {".webp"},
    "TIFF": {".tif", ".tiff"},
    "AVIF": {".avif"},
    "JPEG2000": {".jp2"},
}


@dataclass(frozen=True)
class Finding:
    """Something to look at. `error`: training will stumble over it; `warning`: results may mislead; `note`: good to know.

    `items` names every picture or class concerned; equal pictures stand in one item, joined by ` = `.
    """

    kind: Kind
    severity: Severity
    message: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class _Seen:
    """What the checks keep of one picture. `digest` is None when it cannot be read."""

    split: str
    name: str
    label: int
    digest: bytes | None
    size: tuple[int, int] = (0, 0)
    trouble: str = ""
    wrong_suffix: str = ""
    rotated: bool = False


def check_dataset(dataset: Dataset, *, progress: Progress | None = None) -> list[Finding]:
    """Look at every picture once and report what may be wrong, most serious first; an empty list is the best result.

    Pictures are equal when their pixels are. `progress` is told (what, pictures done, pictures in all).

    >>> from sightline.data import load_dataset
    >>> check_dataset(load_dataset("digits"))
    []
    """
    seen = list(_look(dataset, progress))
    findings = [*_files(seen), *_equals(seen, dataset.classes), *_balance(dataset), *_sizes(seen)]
    rank = {"error": 0, "warning": 1, "note": 2}
    return sorted(findings, key=lambda finding: rank[finding.severity])


def _look(dataset: Dataset, progress: Progress | None) -> Iterator[_Seen]:
    splits = dataset.splits()
    total = sum(map(len, splits.values()))
    done = 0
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:  # reading and decoding release the interpreter's lock
        for name, split in splits.items():
            looks = _look_arrays(name, split) if split.in_memory else _look_files(name, split, pool)
            for seen in looks:
                yield seen
                done += 1
                if progress and (done % 100 == 0 or done == total):
                    progress(f"checking {dataset.name}", done, total)


def _look_arrays(name: str, split: Split) -> Iterator[_Seen]:
    for picture, label, item in zip(split.pictures, split.labels.tolist(), split.names, strict=True):
        assert isinstance(picture, np.ndarray)
        yield _Seen(name, item, label, hashlib.sha256(np.ascontiguousarray(picture).data).digest(), picture.shape[:2])


def _look_files(name: str, split: Split, pool: ThreadPoolExecutor) -> Iterator[_Seen]:
    def look(path: Path | np.ndarray, label: int, item: str) -> _Seen:
        assert isinstance(path, Path)
        return _look_file(name, path, label, item)

    yield from pool.map(look, split.pictures, split.labels.tolist(), split.names)


def _look_file(split: str, path: Path, label: int, item: str) -> _Seen:
    try:
        data = path.read_bytes()
        info = probe(data)
        image = decode(data, item, "unchanged")
    except ImageError as error:
        return _Seen(split, item, label, None, trouble=error.received or error.what)
    except OSError as error:
        return _Seen(split, item, label, None, trouble=error.strerror or str(error))
    digest = hashlib.sha256(f"{image.shape} {image.dtype}".encode() + np.ascontiguousarray(image).tobytes()).digest()
    wrong = "" if path.suffix.lower() in SUFFIXES[info.format] else info.format
    return _Seen(split, item, label, digest, image.shape[:2], wrong_suffix=wrong, rotated=info.orientation not in {None, 1})


def _files(seen: list[_Seen]) -> Iterator[Finding]:
    """What is wrong with single files."""
    unreadable = tuple(f"{one.name}: {one.trouble}" for one in seen if one.digest is None)
    if unreadable:
        yield Finding("unreadable", "error", f"{_pictures(unreadable)} cannot be read", unreadable)
    wrong = tuple(f"{one.name}: {one.wrong_suffix}" for one in seen if one.wrong_suffix)
    if wrong:
        yield Finding("extension", "note", f"{_pictures(wrong)} not of the format that the name says; read all the same", wrong)
    rotated = tuple(one.name for one in seen if one.rotated)
    if rotated:
        yield Finding("rotated", "note", f"{_pictures(rotated)} turned upright by the EXIF orientation when read", rotated)


def _equals(seen: list[_Seen], classes: tuple[str, ...]) -> Iterator[Finding]:
    """Pictures that are there more than once: within a split, in two splits, under two labels."""
    groups: dict[bytes, list[_Seen]] = defaultdict(list)
    for one in seen:
        if one.digest is not None:
            groups[one.digest].append(one)
    repeated = [group for group in groups.values() if len(group) > 1]
    for split in dict.fromkeys(one.split for one in seen):
        within = [[one for one in group if one.split == split] for group in repeated]
        items = tuple(" = ".join(one.name for one in group) for group in within if len(group) > 1)
        if items:
            yield Finding("duplicate", "warning", f"{_pictures(items)} more than once in {split}", items)
    leaks = tuple(
        " = ".join(f"{one.split}: {one.name}" for one in group) for group in repeated if len({one.split for one in group}) > 1
    )
    if leaks:
        yield Finding("leak", "warning", f"{_pictures(leaks)} in more than one split: the test flatters", leaks)
    conflicts = tuple(
        " = ".join(f"{one.name} ({classes[one.label]})" for one in group)
        for group in repeated
        if len({one.label for one in group}) > 1
    )
    if conflicts:
        yield Finding("conflict", "warning", f"{_pictures(conflicts)} under more than one label", conflicts)


def _balance(dataset: Dataset) -> Iterator[Finding]:
    """Classes with few pictures to train on, by themselves or beside the others."""
    counts = dict(zip(dataset.classes, dataset.train.counts(len(dataset.classes)).tolist(), strict=True))
    tiny = tuple(f"{name}: {count}" for name, count in counts.items() if count < TINY)
    if tiny:
        yield Finding("tiny", "warning", f"{len(tiny)} of {len(counts)} classes with fewer than {TINY} pictures to train on", tiny)
    ratio = max(counts.values()) / max(min(counts.values()), 1)
    if ratio > IMBALANCE:
        items = tuple(f"{name}: {count}" for name, count in sorted(counts.items(), key=lambda pair: pair[1]))
        yield Finding("imbalance", "warning", f"the largest class has {ratio:.1f} times the pictures of the smallest", items)


def _sizes(seen: list[_Seen]) -> Iterator[Finding]:
    sizes = sorted({one.size for one in seen if one.digest is not None}, key=lambda size: (size[0] * size[1], size))
    if len(sizes) > 1:
        ends = " to ".join(f"{width} x {height}" for height, width in (sizes[0], sizes[-1]))
        items = tuple(f"{width} x {height}" for height, width in sizes)
        yield Finding("sizes", "note", f"{len(sizes)} different sizes, {ends} pixels", items)


def _pictures(items: tuple[str, ...]) -> str:
    return f"{len(items):,} picture{'s' if len(items) != 1 else ''}"
