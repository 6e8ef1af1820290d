"""Photos on disk: a folder for each class, with or without folders for the splits above; or a table of paths and labels."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sightline.data.contents import SPLIT_NAMES, UNSPLIT, Contents, some
from sightline.data.dataset import Split
from sightline.errors import DatasetError
from sightline.files import natural
from sightline.image import IMAGE_SUFFIXES

__all__ = ["read_csv", "read_folder"]

LAYOUT = "train/<class>/, with or without val/<class>/ and test/<class>/; or only <class>/"


@dataclass
class _Found:
    """The pictures seen so far, (class, path, name in reports) by split; what was passed over and why; classes without any."""

    root: Path
    pictures: dict[str, list[tuple[str, Path, str]]] = field(default_factory=dict)
    ignored: Counter[str] = field(default_factory=Counter)
    strays: list[tuple[str, str]] = field(default_factory=list)
    empty: list[Path] = field(default_factory=list)

    def pass_over(self, path: Path, why: str) -> None:
        """Count and name what is not read."""
        why = "broken links" if path.is_symlink() and not path.exists() else why
        self.ignored[why] += 1
        self.strays.append((path.relative_to(self.root).as_posix(), why))


def read_folder(root: Path) -> Contents:
    """Read the paths of a folder of pictures; classes are the names of its folders, numbers in their own order.

    Hidden files, `__MACOSX` and what has no picture's suffix are passed over and counted in `facts["ignored"]`; but for hidden
    ones `facts["strays"]` names them. `facts["empty"]` names class folders without pictures. DatasetError names a class that is
    in another split but not in `train`.
    """
    found = _Found(root)
    for split, folder in _split_folders(root, found).items():
        found.pictures[split] = []
        for class_folder in _subfolders(folder, found):
            before = len(found.pictures[split])
            for path in _pictures_below(class_folder, found, ()):
                found.pictures[split].append((class_folder.name, path, path.relative_to(root).as_posix()))
            if len(found.pictures[split]) == before:
                found.empty.append(class_folder)
    return _contents(root.resolve().name, found)


def read_csv(table: Path) -> Contents:
    """Read a table with the columns `path`, `label` and perhaps `split`; paths are relative to the table's folder.

    DatasetError names the line that does not fit, and the files that are missing.
    """
    found = _Found(table.parent)
    missing = []
    for line, row in _rows(table):
        path, label = Path(row["path"]), row["label"]
        split = SPLIT_NAMES.get(row.get("split", UNSPLIT).lower(), UNSPLIT if "split" not in row else "")
        if not (row["path"] and label and split):
            raise DatasetError(
                f"line {line} of {str(table)!r} does not fit",
                expected=f"a path, a label and, if there is such a column, a split ({', '.join(SPLIT_NAMES)})",
                received=",".join(row.values()),
            )
        target = table.parent / path
        if not target.is_file():
            missing.append(row["path"])
        found.pictures.setdefault(split, []).append((label, target, path.as_posix()))
    if missing:
        raise DatasetError(
            f"{str(table)!r} names files that are not there",
            received=some(missing),
            fix=f"Give paths relative to {str(table.parent)!r}.",
        )
    return _contents(table.stem, found)


def _rows(table: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines of a table with their numbers, each checked to have as many fields as the header."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip().lower() for name in next(reader, [])]
            if not {"path", "label"} <= set(header) <= {"path", "label", "split"} or len(set(header)) != len(header):
                raise DatasetError(
                    f"{str(table)!r} has the wrong header", expected="path,label or path,label,split", received=",".join(header)
                )
            for fields in reader:
                if not fields:
                    continue
                if len(fields) != len(header):
                    raise DatasetError(
                        f"line {reader.line_num} of {str(table)!r} does not fit",
                        expected=f"{len(header)} fields",
                        received=str(len(fields)),
                    )
                yield reader.line_num, dict(zip(header, (text.strip() for text in fields), strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise DatasetError(f"cannot read {str(table)!r}", expected="a CSV file in UTF-8", received=str(error)) from error
    except OSError as error:
        raise DatasetError(f"cannot read {str(table)!r}: {error.strerror or error}") from error


def _split_folders(root: Path, found: _Found) -> dict[str, Path]:
    """The folders of the splits; the root itself, as one split, if it holds class folders."""
    beside = _Found(root)
    folders = _subfolders(root, beside)
    named: dict[str, Path] = {}
    for folder in folders:
        split = SPLIT_NAMES.get(folder.name.lower())
        if split and split in named:
            raise DatasetError(f"{str(root)!r} has two folders for {split!r}", received=f"{named[split].name} and {folder.name}")
        if split:
            named[split] = folder
    classes = "train" not in named or all(map(_is_class, named.values()))  # one may well be called "test", or "train" beside "bus"
    if not folders or (classes and len(named) < len(folders)):
        return {UNSPLIT: root}  # what lies beside the folders is found again where the classes are read
    found.ignored += beside.ignored
    found.strays += beside.strays
    for folder in folders:
        if folder not in named.values():
            found.pass_over(folder, "folders that are no split")
    return {split: named[split] for split in dict.fromkeys(SPLIT_NAMES.values()) if split in named}


def _is_class(folder: Path) -> bool:
    """Whether pictures lie in it directly, and no folders."""
    entries = _visible(folder, _Found(folder))
    return any(path.suffix.lower() in IMAGE_SUFFIXES for path in entries) and not any(path.is_dir() for path in entries)


def _subfolders(folder: Path, found: _Found) -> list[Path]:
    """The visible folders in `folder`, sorted; files that lie beside them belong to no class and are counted."""
    folders = []
    for path in _visible(folder, found):
        if path.is_dir():
            folders.append(path)
        else:
            found.pass_over(path, "outside a class folder")
    return folders


def _visible(folder: Path, found: _Found) -> list[Path]:
    try:
        entries = sorted(folder.iterdir(), key=lambda path: natural(path.name))
    except OSError as error:
        raise DatasetError(f"cannot read the folder {str(folder)!r}: {error.strerror or error}") from error
    shown = [path for path in entries if not path.name.startswith(".") and path.name != "__MACOSX"]
    found.ignored["hidden"] += len(entries) - len(shown)
    return shown


def _pictures_below(folder: Path, found: _Found, above: tuple[tuple[int, int], ...]) -> Iterator[Path]:
    """Every picture in `folder` and below. Links are followed, but not into a folder that we are in already."""
    status = folder.stat()
    here = (status.st_dev, status.st_ino)
    if here in above:
        found.pass_over(folder, "links that lead back")
        return
    for path in _visible(folder, found):
        if path.is_dir():
            yield from _pictures_below(path, found, (*above, here))
        elif path.suffix.lower() in IMAGE_SUFFIXES and path.is_file():
            yield path
        else:
            found.pass_over(path, "not pictures")


def _contents(name: str, found: _Found) -> Contents:
    labels = {split: {label for label, _, _ in items} for split, items in found.pictures.items()}
    for first in {"train", UNSPLIT} & set(labels) if any(labels.values()) else ():
        labels[first] |= {folder.name for folder in found.empty}
    classes = tuple(sorted(labels.get("train", labels.get(UNSPLIT, set())), key=natural))
    for split, present in labels.items():
        unknown = sorted(present - set(classes), key=natural)
        if unknown and classes:
            raise DatasetError(f"{name!r} has classes in {split!r} that are not in 'train'", received=some(unknown))
    if not classes:
        fix = f"Lay the pictures out as {LAYOUT}."
        raise DatasetError(f"{name!r} has no pictures to train on", received=_instead(found), fix=fix)
    numbers = {label: number for number, label in enumerate(classes)}
    splits = {
        split: Split(
            tuple(path for _, path, _ in found.pictures[split]),
            np.array([numbers[label] for label, _, _ in found.pictures[split]], np.int64),
            tuple(shown for _, _, shown in found.pictures[split]),
        )
        for split in (*dict.fromkeys(SPLIT_NAMES.values()), UNSPLIT)
        if split in found.pictures
    }
    ignored = {why: count for why, count in sorted(found.ignored.items()) if count}
    empty = [folder.relative_to(found.root).as_posix() for folder in found.empty]
    return Contents(name, classes, splits, {"ignored": ignored, "strays": [list(stray) for stray in found.strays], "empty": empty})


def _instead(found: _Found) -> str:
    """What there is where pictures to train on are missing."""
    if found.empty:
        return f"{len(found.empty)} empty class folder{'s' if len(found.empty) > 1 else ''}"
    if loose := found.ignored["outside a class folder"]:
        return f"{loose} file{'s' if loose > 1 else ''} in no class folder"
    splits = [split for split, items in found.pictures.items() if items]
    return f"only {' and '.join(splits)}" if splits else "nothing"
