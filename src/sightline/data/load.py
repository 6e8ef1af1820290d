"""From a name or a path to a dataset: read, check, split."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sightline.data.contents import UNSPLIT, Contents, array_contents, some
from sightline.data.dataset import Dataset, Split
from sightline.data.folders import read_csv, read_folder
from sightline.data.idx import idx_folder, is_idx_images, read_idx_folder, read_idx_pair, spec_contents
from sightline.data.npz import read_npz
from sightline.data.sources import Progress, fetch
from sightline.data.specs import DATASETS, DatasetSpec
from sightline.data.splits import stratified
from sightline.errors import DatasetError, ParameterError, UnknownNameError
from sightline.registry import nearest

__all__ = ["load_dataset"]

TEST_SHARE = 0.1
TEST_SEED = 0
"""The test pictures of a source that names none are the same for every seed: no run has ever trained on them."""

NOTHING_ODD: dict[str, Any] = {"ignored": {}, "strays": [], "empty": []}

KINDS = "a folder of class folders, a .csv table, an .npz archive, or *images-idx3-ubyte[.gz] with its labels beside it"


def load_dataset(
    source: str | Path, *, seed: int = 0, validation: float = 0.1, progress: Progress | None = None, strict: bool = True
) -> Dataset:
    """Load a dataset by its registered name, or from a path: a folder, a `.csv`, an `.npz` or an IDX pair.

    Of the training pictures the share `validation`, stratified and drawn by `seed`, is set aside, unless the source brings
    its own or the share is 0. Test pictures stay as they are; a source that names no splits at all gives a tenth to the test,
    whatever the seed. `progress` is told of downloads. An empty class folder and a file that cannot be opened are errors; with
    `strict` off they are left for `check_dataset` to find, and the fingerprint, which takes every file, is empty. Errors:
    UnknownNameError, DatasetError, SourceError, ParameterError.

    >>> digits = load_dataset("digits")
    >>> {name: len(split) for name, split in digits.splits().items()}
    {'train': 1294, 'validation': 144, 'test': 359}
    """
    if not 0 <= validation <= 0.5:
        raise ParameterError("invalid validation share", expected="0 to 0.5", received=repr(validation))
    if seed < 0:
        raise ParameterError("invalid seed", expected="0 or more", received=repr(seed))
    if isinstance(source, str) and source in DATASETS:
        contents = _named(DATASETS.get(source), progress)
    else:
        contents = _from_path(Path(source))
    if strict and contents.facts["empty"]:
        raise DatasetError(
            f"{contents.name!r} has class folders without pictures",
            expected="at least one in each",
            received=some(contents.facts["empty"]),
            fix="Fill them or remove them.",
        )
    splits, rule = _split(contents, seed, validation)
    return Dataset(
        name=contents.name,
        classes=contents.classes,
        train=splits["train"],
        validation=splits.get("validation"),
        test=splits.get("test"),
        fingerprint=contents.fingerprint() if strict else "",
        facts={**contents.facts, "split": rule, "own_splits": sorted(set(contents.splits) - {UNSPLIT})},
    )


def _named(spec: DatasetSpec, progress: Progress | None) -> Contents:
    """Read a registered dataset and add what its spec knows of it."""
    if spec.reader == "digits":
        contents, origin = _digits(spec), "scikit-learn, installed"
    else:
        fetched = fetch(spec, progress)
        contents, origin = spec_contents(spec, fetched.contents), fetched.origin
    about = {"title": spec.title, "licence": spec.licence, "citation": spec.citation, "homepage": spec.homepage}
    nature = {"subject": spec.subject, "augmentation": [dict(step) for step in spec.augmentation], "background": spec.background}
    facts: dict[str, Any] = {**about, "source": origin, **nature, **NOTHING_ODD, **contents.facts}
    return Contents(contents.name, contents.classes, contents.splits, facts)


def _digits(spec: DatasetSpec) -> Contents:
    """The 1,797 digits that come with scikit-learn, 0..16 scaled to 0..255, four fifths of them for training."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    pictures = np.rint(bunch.images * (255 / 16)).astype(np.uint8)  # (1797, 8, 8)
    whole = array_contents(spec.name, {UNSPLIT: (pictures, bunch.target.astype(np.int64))}, spec.classes).splits[UNSPLIT]
    train, test = _hold_out(spec.name, whole, 0.2, TEST_SEED)
    facts = {"split": "test: a fifth of all pictures, stratified, the same for every seed"}
    return Contents(spec.name, spec.classes, {"train": train, "test": test}, facts)


def _from_path(path: Path) -> Contents:
    try:
        contents = _read(path)
    except OSError as error:  # a name that is too long, a folder that may not be entered
        raise DatasetError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
    facts: dict[str, Any] = {"title": contents.name, "licence": None, "citation": None, "homepage": None}
    unknown = dict.fromkeys(("subject", "augmentation", "background"))
    facts |= {"source": str(path.absolute()), **unknown, **NOTHING_ODD, **contents.facts}
    return Contents(contents.name, contents.classes, contents.splits, facts)


def _read(path: Path) -> Contents:
    if path.is_dir():
        files = idx_folder(path)
        return read_idx_folder(path, files) if files else read_folder(path)
    if not path.exists():
        fix = f"{nearest(str(path), DATASETS.names())}; or give the path of {KINDS}."
        if len(path.parts) == 1 and not path.suffix:
            raise UnknownNameError(f"unknown dataset {str(path)!r}", fix=fix)
        raise DatasetError(f"cannot read {str(path)!r}: there is no such file or folder", fix=fix)
    if path.suffix.lower() == ".csv":
        return read_csv(path)
    if path.suffix.lower() == ".npz":
        return read_npz(path)
    if is_idx_images(path):
        return read_idx_pair(path)
    raise DatasetError(f"{str(path)!r} is no dataset", expected=KINDS, received=f"a file called {path.name!r}")


def _split(contents: Contents, seed: int, validation: float) -> tuple[dict[str, Split], str]:
    """The splits to work with, and in words how they came about."""
    splits = dict(contents.splits)
    words = []
    if UNSPLIT in splits:
        whole = splits.pop(UNSPLIT)
        splits["train"], splits["test"] = _hold_out(contents.name, whole, TEST_SHARE, TEST_SEED)
        validation /= 1 - TEST_SHARE  # of what is left, so that it is the asked share of the whole
        words.append(f"test: {TEST_SHARE:.0%} of all pictures, stratified, the same for every seed")
    else:
        words.append(contents.facts.get("split", f"test: {'as the source has it' if 'test' in splits else 'none in the source'}"))
    if "validation" in splits:
        words.append("validation: as the source has it")
    elif validation == 0:
        words.append("validation: none")
    else:
        splits["train"], splits["validation"] = _hold_out(contents.name, splits["train"], validation, seed)
        words.append(f"validation: {validation:.1%} of the other pictures, stratified, seed {seed}")
    return splits, "; ".join(words)


def _hold_out(name: str, split: Split, share: float, seed: int) -> tuple[Split, Split]:
    rest, held_out = stratified(split.labels, share, seed)
    if not len(held_out):
        raise DatasetError(
            f"{name!r} has too few pictures to set some aside", expected="a class with several", received=f"{len(split)} in all"
        )
    return split.take(rest), split.take(held_out)
