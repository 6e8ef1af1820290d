"""Look for what may be wrong with a dataset: damage, mix-ups, leaks, oddities, imbalance. Each finding names its pictures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from statistics import median
from typing import get_args

import numpy as np

from sightline.data.dataset import Dataset
from sightline.data.download import Progress
from sightline.data.findings import Finding, Kind
from sightline.data.looks import Look, look
from sightline.data.similar import THUMBNAIL, similar_groups
from sightline.errors import SightlineError
from sightline.image import Image

__all__ = ["check_dataset"]

IMBALANCE = 3.0  # times as many pictures in the largest class as in the smallest
TINY = 20  # pictures of a class to train on
SMALL = 4  # times: a shorter side that is less than this part of the usual one
LONG = 3.0  # times as long as wide, and twice the usual proportions: an odd picture
FEW = 0.1  # of the pictures: as few that have no colours, or have some, or are transparent, are odd among the others


def check_dataset(dataset: Dataset, *, progress: Progress | None = None) -> list[Finding]:
    """Look at every picture once and report what may be wrong, most serious first; an empty list is the best result.

    Pictures are equal when their pixels are, nearly equal by `similar_groups`, which reads the few in question again.
    `progress` is told (what, pictures done, pictures in all). A dataset loaded with `strict=False` may have empty classes.

    >>> from sightline.data import load_dataset
    >>> check_dataset(load_dataset("digits"))
    []
    """
    seen = list(look(dataset, progress))
    findings = [
        *_files(seen),
        *_equals(seen, dataset.classes),
        *_nearly_equals(seen, dataset),
        *_odd(seen),
        *_balance(dataset),
        *_layout(dataset),
    ]
    kinds = get_args(Kind)
    rank = {"error": 0, "warning": 1, "note": 2}
    return sorted(findings, key=lambda finding: (rank[finding.severity], kinds.index(finding.kind)))


def _files(seen: list[Look]) -> Iterator[Finding]:
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
    blank = [one for one in seen if one.blank]
    if blank:
        message = f"{_pictures(blank)} all of one colour"
        yield Finding("blank", "warning", message, tuple(one.name for one in blank), _alone(blank))


def _equals(seen: list[Look], classes: tuple[str, ...]) -> Iterator[Finding]:
    """Pictures that are there more than once: within a split, in two splits, under two labels."""
    groups: dict[bytes, list[Look]] = defaultdict(list)
    for one in seen:
        if one.digest is not None:
            groups[one.digest].append(one)
    repeated = [group for group in groups.values() if len(group) > 1]
    for split in dict.fromkeys(one.split for one in seen):
        within = [same for group in repeated if len(same := [one for one in group if one.split == split]) > 1]
        if within:
            items = tuple(" = ".join(one.name for one in group) for group in within)
            yield Finding("duplicate", "warning", f"{_pictures(items)} more than once in {split}", items, _together(within))
    leaks = [group for group in repeated if _splits(group) > 1]
    if leaks:
        message = f"{_pictures(leaks)} in more than one split: the test flatters"
        items = tuple(" = ".join(f"{one.split}: {one.name}" for one in group) for group in leaks)
        yield Finding("leak", "warning", message, items, _together(_spread(group) for group in leaks))
    conflicts = [group for group in repeated if _labels(group) > 1]
    if conflicts:
        items = tuple(" = ".join(f"{one.name} ({classes[one.label]})" for one in group) for group in conflicts)
        pictures = _together(_opposed(group) for group in conflicts)
        yield Finding("conflict", "warning", f"{_pictures(conflicts)} under more than one label", items, pictures)


def _nearly_equals(seen: list[Look], dataset: Dataset) -> Iterator[Finding]:
    """Pictures that are there again, resized, recompressed, cropped or mirrored; of equal ones, one a split stands for all."""
    groups = _near_groups(seen, dataset)
    altered = "resized, recompressed, brightened, cropped or mirrored"
    for split in dict.fromkeys(one.split for one in seen):
        within = [group for group in groups if {one.split for one in group} == {split}]
        if within:
            items = tuple(" ~ ".join(one.name for one in group) for group in within)
            message = f"{_pictures(within)} nearly the same more than once in {split}: {altered}"
            yield Finding("near-duplicate", "note", message, items, _together(within))
    leaks = [group for group in groups if _splits(group) > 1]
    if leaks:
        message = f"{_pictures(leaks)} nearly the same in more than one split, {altered}: the test flatters"
        items = tuple(" ~ ".join(f"{one.split}: {one.name}" for one in group) for group in leaks)
        yield Finding("near-leak", "warning", message, items, _together(_spread(group) for group in leaks))
    conflicts = [group for group in groups if _labels(group) > 1]
    if conflicts:
        items = tuple(" ~ ".join(f"{one.name} ({dataset.classes[one.label]})" for one in group) for group in conflicts)
        message = f"{_pictures(conflicts)} nearly the same under more than one label"
        yield Finding("near-conflict", "warning", message, items, _together(_opposed(group) for group in conflicts))


def _near_groups(seen: list[Look], dataset: Dataset) -> list[list[Look]]:
    """Groups of nearly equal pictures, in order."""
    equal: dict[bytes, list[Look]] = defaultdict(list)
    for one in seen:
        if one.digest is not None and not one.blank and one.split not in {other.split for other in equal[one.digest]}:
            equal[one.digest].append(one)
    different = [looks for looks in equal.values() if looks]
    firsts = [looks[0] for looks in different]
    thumbnails = np.array([one.thumbnail for one in firsts], np.uint8).reshape(-1, THUMBNAIL, THUMBNAIL)
    sides = np.array([min(one.size) for one in firsts], np.int64)
    splits = dataset.splits()

    def load(number: int) -> Image | None:
        with suppress(SightlineError):
            return splits[firsts[number].split].read(firsts[number].index)
        return None

    return [[one for number in group for one in different[number]] for group in similar_groups(thumbnails, sides, load)]


def _odd(seen: list[Look]) -> Iterator[Finding]:
    """Sizes, proportions and colours unlike the others'."""
    read = [one for one in seen if one.digest is not None]
    sizes = sorted({one.size for one in read}, key=lambda size: (size[0] * size[1], size))
    if len(sizes) > 1:
        ends = " to ".join(f"{width} x {height}" for height, width in (sizes[0], sizes[-1]))
        items = tuple(f"{width} x {height}" for height, width in sizes)
        yield Finding("sizes", "note", f"{len(sizes)} different sizes, {ends} pixels", items)
        usual = median(min(one.size) for one in read)
        small = [one for one in read if min(one.size) * SMALL < usual]
        if small:
            message = f"{_pictures(small)} far smaller than the usual {usual:.0f} px"
            yield Finding("small", "note", message, _sized(small), _alone(small))
        usual = median(_proportions(one) for one in read)
        long = [one for one in read if _proportions(one) > max(LONG, 2 * usual)]
        if long:
            message = f"{_pictures(long)} very long or tall: in a square there is little left of them"
            yield Finding("proportions", "note", message, _sized(long), _alone(long))
    for odd, words in (
        ([one for one in read if one.gray], "gray among coloured ones"),
        ([one for one in read if not one.gray], "in colour among gray ones"),
        ([one for one in read if one.clear], "with transparent pixels among others without"),
    ):
        if 0 < len(odd) <= FEW * len(read):
            yield Finding("channels", "note", f"{_pictures(odd)} {words}", tuple(one.name for one in odd), _alone(odd))


def _balance(dataset: Dataset) -> Iterator[Finding]:
    """Classes with few pictures to train on, by themselves or beside the others; empty folders are told elsewhere."""
    counts = dict(zip(dataset.classes, dataset.train.counts(len(dataset.classes)).tolist(), strict=True))
    if dataset.facts.get("empty"):
        counts = {name: count for name, count in counts.items() if count}
    tiny = tuple(f"{name}: {count}" for name, count in counts.items() if count < TINY)
    if tiny:
        yield Finding("tiny", "warning", f"{len(tiny)} of {len(counts)} classes with fewer than {TINY} pictures to train on", tiny)
    ratio = max(counts.values()) / max(min(counts.values()), 1)
    if ratio > IMBALANCE:
        items = tuple(f"{name}: {count}" for name, count in sorted(counts.items(), key=lambda pair: pair[1]))
        yield Finding("imbalance", "warning", f"the largest class has {ratio:.1f} times the pictures of the smallest", items)


def _layout(dataset: Dataset) -> Iterator[Finding]:
    """Class folders without pictures, and files that no class has."""
    empty = tuple(dataset.facts.get("empty", ()))
    if empty:
        message = f"{len(empty)} class folder{'s' if len(empty) > 1 else ''} without pictures: fill or remove them before training"
        yield Finding("empty", "error", message, empty)
    strays = [(name, why) for name, why in dataset.facts.get("strays", ())]
    broken = tuple(name for name, why in strays if why == "broken links")
    if broken:
        yield Finding("broken-link", "warning", f"{len(broken):,} link{'s' if len(broken) > 1 else ''} to nothing", broken)
    others = tuple(f"{name}: {why}" for name, why in strays if why != "broken links")
    if others:
        yield Finding(
            "stray", "note", f"passed over: {len(others):,} that {'are' if len(others) > 1 else 'is'} no picture of a class", others
        )


def _pictures(items: list[Look] | list[list[Look]] | tuple[str, ...]) -> str:
    return f"{len(items):,} picture{'s' if len(items) != 1 else ''}"


def _splits(group: list[Look]) -> int:
    return len({one.split for one in group})


def _labels(group: list[Look]) -> int:
    return len({one.label for one in group})


def _spread(group: list[Look]) -> list[Look]:
    """The group with the first picture of another split in the second place."""
    return sorted(group, key=lambda one: (one is not group[0], one.split == group[0].split))


def _opposed(group: list[Look]) -> list[Look]:
    """The group with the first picture of another label in the second place."""
    return sorted(group, key=lambda one: (one is not group[0], one.label == group[0].label))


def _together(groups: Iterable[list[Look]]) -> tuple[tuple[tuple[str, int], ...], ...]:
    return tuple(tuple((one.split, one.index) for one in group) for group in groups)


def _alone(looks: list[Look]) -> tuple[tuple[tuple[str, int], ...], ...]:
    return _together([one] for one in looks)


def _proportions(one: Look) -> float:
    return max(one.size) / min(one.size)


def _sized(looks: list[Look]) -> tuple[str, ...]:
    return tuple(f"{one.name}: {one.size[1]} x {one.size[0]}" for one in looks)
