"""Every kind of finding, on data that has just that fault; and silence where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from sightline.data import Dataset, Finding, Split, check_dataset, findings_sheet, load_dataset
from sightline.image import write

RNG = np.random.default_rng(0)


def arrays(labels: Iterable[int], test: Split | None = None) -> Dataset:
    """A dataset of different random pictures with these labels."""
    numbers = np.array(list(labels), np.int64)
    pictures = RNG.integers(0, 256, (len(numbers), 6, 6), np.uint8)
    train = Split(pictures, numbers, tuple(f"train/{index}" for index in range(len(numbers))))
    return Dataset("made-up", ("cat", "dog"), train, None, test, "")


def photos(root: Path, count: int = 60) -> Path:
    for number in range(count):
        path = root / ("cat", "dog")[number % 2] / f"{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, RNG.integers(0, 256, (6, 8, 3), np.uint8))
    return root


def found(dataset: Dataset) -> dict[str, Finding]:
    findings = check_dataset(dataset)
    by_kind: dict[str, Finding] = {finding.kind: finding for finding in findings}
    assert len(by_kind) == len(findings)
    return by_kind


def test_sound_data_gives_no_finding(tmp_path: Path) -> None:
    assert check_dataset(arrays([0, 1] * 30)) == []
    assert check_dataset(load_dataset(photos(tmp_path))) == []


@pytest.mark.slow
@pytest.mark.parametrize(("name", "near"), [("mnist", 0), ("fashion-mnist", 34)])
def test_the_classics_have_no_equal_pictures(name: str, near: int) -> None:
    """NumPy, in its own way, finds none either. The 34 nearly equal ones of Fashion-MNIST are one picture each, seen by eye."""
    dataset = load_dataset(name, validation=0)
    flat = np.concatenate([np.asarray(split.pictures).reshape(-1, 784) for split in dataset.splits().values()])
    assert len(np.unique(flat.view("V784"))) == len(flat) == 70_000
    findings = check_dataset(dataset)
    assert {finding.kind for finding in findings} == ({"near-duplicate", "near-leak"} if near else set())
    assert sum(len(finding.items) for finding in findings) == near


def test_equal_pictures_are_named() -> None:
    dataset = arrays([0, 1] * 30)
    assert isinstance(dataset.train.pictures, np.ndarray)
    dataset.train.pictures[[4, 8]] = dataset.train.pictures[2]
    findings = found(dataset)
    assert set(findings) == {"duplicate"}
    assert findings["duplicate"].items == ("train/2 = train/4 = train/8",)
    assert findings["duplicate"].severity == "warning"


def test_equal_pictures_under_two_labels_are_a_conflict() -> None:
    dataset = arrays([0, 1] * 30)
    assert isinstance(dataset.train.pictures, np.ndarray)
    dataset.train.pictures[5] = dataset.train.pictures[2]
    findings = found(dataset)
    assert set(findings) == {"duplicate", "conflict"}
    assert findings["conflict"].items == ("train/2 (cat) = train/5 (dog)",)


def test_one_file_under_two_labels_is_drawn_with_both(tmp_path: Path) -> None:
    """The sheet is that of two equal files of one name; only the rows of the table tell the two apart."""
    sheets = []
    for folders in ("aa", "ab"):
        for folder in folders:
            (tmp_path / folder).mkdir(exist_ok=True)
            write(tmp_path / folder / "0.png", np.full((6, 6), 90, np.uint8) + np.arange(6, dtype=np.uint8))
        rows = [f"{folder}/0.png,{label},train\n" for folder, label in zip(folders, ("dog", "cat"), strict=True)]
        (tmp_path / "table.csv").write_text("path,label,split\n" + "".join(rows))
        dataset = load_dataset(tmp_path / "table.csv", validation=0)
        findings = check_dataset(dataset)
        assert next(one for one in findings if one.kind == "conflict").pictures == ((("train", 0), ("train", 1)),)
        sheet = findings_sheet(dataset, findings)
        assert sheet is not None
        sheets.append(sheet)
    assert np.array_equal(sheets[0], sheets[1])


def test_a_picture_in_two_splits_is_a_leak() -> None:
    train = arrays([0, 1] * 30).train
    assert isinstance(train.pictures, np.ndarray)
    test = Split(train.pictures[7:8].copy(), train.labels[7:8], ("test/0",))
    findings = found(Dataset("made-up", ("cat", "dog"), train, None, test, ""))
    assert set(findings) == {"leak"}
    assert findings["leak"].items == ("train: train/7 = test: test/0",)


def test_equal_pixels_in_other_files_are_equal(tmp_path: Path) -> None:
    """A picture saved again in another lossless format leaks all the same."""
    root = photos(tmp_path)
    dataset = load_dataset(root)
    assert dataset.test is not None
    source = root / dataset.test.names[0]
    write(root / "cat" / "copy.bmp", dataset.test.read(0))
    again = load_dataset(root)
    joined = " ".join(item for finding in check_dataset(again) for item in finding.items if finding.kind in ("leak", "duplicate"))
    assert "cat/copy.bmp" in joined
    assert source.relative_to(root).as_posix() in joined


def test_few_pictures_and_uneven_classes_are_seen() -> None:
    tiny = found(arrays([0] * 30 + [1] * 12))
    assert set(tiny) == {"tiny"}
    assert tiny["tiny"].items == ("dog: 12",)
    uneven = found(arrays([0] * 91 + [1] * 30))
    assert set(uneven) == {"imbalance"}
    assert uneven["imbalance"].items == ("dog: 30", "cat: 91")
    assert check_dataset(arrays([0] * 90 + [1] * 30)) == []
    assert set(found(arrays([0] * 30))) == {"tiny", "imbalance"}


def test_unreadable_pictures_are_named_and_come_first(tmp_path: Path) -> None:
    """Hazards 1 to 3: an empty file, text called .png and half a picture; the others are checked all the same."""
    root = photos(tmp_path)
    (root / "cat" / "empty.png").touch()
    (root / "cat" / "text.png").write_text("no picture")
    half = (root / "dog" / "01.png").read_bytes()
    (root / "dog" / "half.png").write_bytes(half[: len(half) // 2])
    first = check_dataset(load_dataset(root))[0]
    assert (first.kind, first.severity) == ("unreadable", "error")
    assert sorted(item.split(":")[0] for item in first.items) == ["cat/empty.png", "cat/text.png", "dog/half.png"]
    assert first.message.startswith("3 pictures")


def test_a_file_that_went_away_is_named(tmp_path: Path) -> None:
    dataset = load_dataset(photos(tmp_path))
    (tmp_path / dataset.train.names[0]).unlink()
    assert [item.split(":")[0] for item in found(dataset)["unreadable"].items] == [dataset.train.names[0]]


def test_a_suffix_that_lies_and_other_sizes_are_noted(tmp_path: Path) -> None:
    root = photos(tmp_path)
    write(root / "cat" / "big.png", RNG.integers(0, 256, (10, 20, 3), np.uint8))
    (root / "cat" / "00.png").rename(root / "cat" / "00.jpg")
    findings = found(load_dataset(root))
    assert {kind: finding.severity for kind, finding in findings.items()} == {"extension": "note", "sizes": "note"}
    assert findings["extension"].items == ("cat/00.jpg: PNG",)
    assert findings["sizes"].items == ("8 x 6", "20 x 10")


def test_rotated_photos_are_noted(shared: Path, tmp_path: Path) -> None:
    """The file names of these photos say their orientation; 1 is upright and 0 is not known."""
    for path in (shared / "exif").rglob("*.jpg"):
        folder = tmp_path / path.stem.split("_")[0]
        folder.mkdir(exist_ok=True)
        shutil.copy(path, folder)
    items = found(load_dataset(tmp_path))["rotated"].items
    assert sorted(Path(item).stem for item in items) == sorted(
        f"{kind}_{turn}" for kind in ("Landscape", "Portrait") for turn in range(2, 9)
    )


def test_real_photos(shared: Path) -> None:
    told: list[int] = []
    dataset = load_dataset(shared / "clothing")
    total = sum(map(len, dataset.splits().values()))
    findings = check_dataset(dataset, progress=lambda _, done, __: told.append(done))
    assert told[-1] == total
    assert {finding.kind for finding in findings} == {"imbalance", "sizes", "stray", "near-duplicate", "near-conflict"}
    twice = next(finding for finding in findings if finding.kind == "near-conflict")
    first, second = (
        "6075b4a5-5b1a-4ce0-aea0-9dbfbca7c35c",
        "637a56e4-7fa6-4f75-8859-0f8902461554",
    )  # of one photo, as is seen by eye
    assert twice.items == (f"train/shorts/{first}.jpg (shorts) ~ train/skirt/{second}.jpg (skirt)",)
