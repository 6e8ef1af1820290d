"""Folders and tables of pictures: what is found, what is passed over, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sightline.data import load_dataset
from sightline.data.folders import read_csv, read_folder
from sightline.errors import DatasetError
from sightline.image import write


def picture(path: Path, value: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, np.full((4, 6), value, np.uint8))
    return path


def tree(root: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        picture(root / name, number)
    return root


def test_classes_and_pictures_are_in_natural_order(tmp_path: Path) -> None:
    tree(tmp_path, *(f"{label}/{number}.png" for label in ("10", "9", "b", "A") for number in (2, 10, 1)))
    contents = read_folder(tmp_path)
    assert contents.classes == ("9", "10", "A", "b")
    assert contents.splits["all"].names[:4] == ("9/1.png", "9/2.png", "9/10.png", "10/1.png")
    assert contents.splits["all"].labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert contents.splits["all"].read(1)[0, 0] == 3  # 9/2.png was the fourth to be written


@pytest.mark.parametrize("word", ["val", "valid", "validation", "Val"])
def test_split_folders_are_kept(tmp_path: Path, word: str) -> None:
    tree(tmp_path, "train/a/1.png", "train/b/1.png", f"{word}/a/2.png", "test/b/3.png")
    dataset = load_dataset(tmp_path)
    assert {name: split.names for name, split in dataset.splits().items()} == {
        "train": ("train/a/1.png", "train/b/1.png"),
        "validation": (f"{word}/a/2.png",),
        "test": ("test/b/3.png",),
    }


def test_flat_class_folders_are_split_in_three(tmp_path: Path) -> None:
    tree(tmp_path, *(f"{label}/{number}.png" for label in "ab" for number in range(10)))
    dataset = load_dataset(tmp_path)
    assert {name: split.counts(2).tolist() for name, split in dataset.splits().items()} == {
        "train": [8, 8],
        "validation": [1, 1],
        "test": [1, 1],
    }
    everything = [name for split in dataset.splits().values() for name in split.names]
    assert len(set(everything)) == 20


def test_a_train_folder_alone_gives_no_test(tmp_path: Path) -> None:
    tree(tmp_path, *(f"train/{label}/{number}.png" for label in "ab" for number in range(10)))
    dataset = load_dataset(tmp_path)
    assert dataset.test is None
    assert {name: len(split) for name, split in dataset.splits().items()} == {"train": 18, "validation": 2}


def test_a_class_may_be_called_test(tmp_path: Path) -> None:
    assert read_folder(tree(tmp_path, "test/1.png", "exam/1.png")).classes == ("exam", "test")


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    """Where it holds its pictures itself, beside other folders; with folders in it, it is the split, and the others are named."""
    tree(tmp_path, *(f"{label}/{number}.png" for label in ("bus", "car", "train") for number in range(2)))
    assert read_folder(tmp_path).classes == ("bus", "car", "train")
    tree(tmp_path, "train/steam/1.png", "train/diesel/1.png")
    contents = read_folder(tmp_path)
    assert contents.classes == ("diesel", "steam")
    assert {"bus", "car"} <= set(dict(contents.facts["strays"]))


def test_what_is_no_picture_is_counted(tmp_path: Path) -> None:
    tree(tmp_path, "train/a/1.png", "train/a/deeper/2.JPG", "train/b/1.png", "train/loose.png", "other/c/1.png")
    for name in ("train/a/notes.txt", "train/a/.hidden.png", "train/.git/config", "__MACOSX/train/a/._1.png", "README"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    contents = read_folder(tmp_path)
    assert contents.splits["train"].names == ("train/a/1.png", "train/a/deeper/2.JPG", "train/b/1.png")
    assert contents.facts["ignored"] == {
        "folders that are no split": 1,
        "hidden": 3,
        "not pictures": 1,
        "outside a class folder": 2,
    }
    assert dict(contents.facts["strays"]) == {
        "other": "folders that are no split",
        "README": "outside a class folder",
        "train/loose.png": "outside a class folder",
        "train/a/notes.txt": "not pictures",
    }


def test_an_empty_class_and_a_broken_link_are_named(tmp_path: Path) -> None:
    tree(tmp_path, *(f"train/{label}/{number}.png" for label in "ab" for number in range(3)), "val/c/1.png")
    (tmp_path / "train/c").mkdir()
    (tmp_path / "train/a/gone.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(DatasetError, match="class folders without pictures.*received train/c"):
        load_dataset(tmp_path)
    dataset = load_dataset(tmp_path, strict=False)
    assert dataset.facts["empty"] == ["train/c"]
    assert dataset.facts["strays"] == [["train/a/gone.png", "broken links"]]
    assert dataset.train.counts(3).tolist() == [3, 3, 0]
    assert dataset.fingerprint == ""


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    tree(tmp_path / "real", "1.png", "2.png")
    root = tree(tmp_path / "root", "a/1.png")
    (root / "b").symlink_to(tmp_path / "real")
    (root / "a" / "up").symlink_to(root / "a")
    (root / "a" / "top").symlink_to(root)
    (tmp_path / "real" / "again").symlink_to(root / "b")
    contents = read_folder(root)
    assert contents.classes == ("a", "b")
    assert {"a/1.png", "b/1.png", "b/2.png"} <= set(contents.splits["all"].names)
    assert contents.facts["ignored"]["links that lead back"] >= 2


@pytest.mark.parametrize(
    ("names", "empty", "reason"),
    [
        (("a/1.png",), "b", "class folders without pictures.*received b"),
        (("train/a/1.png", "train/b/1.png", "test/a/1.png"), "test/b", "class folders without pictures.*received test/b"),
        (("a/1.png",), None, "too few classes.*received a"),
        (("1.png", "2.png"), None, "no pictures to train on: received 2 files in no class folder"),
        (("test/a/1.png", "val/a/1.png"), None, "no pictures to train on: received only validation and test"),
        (("train/a/1.png", "train/b/1.png", "val/c/1.png"), None, "classes in 'validation' that are not in 'train'.*received c"),
        (("train/a/1.png", "train/b/1.png", "val/a/1.png", "valid/a/1.png"), None, "two folders for 'validation'"),
        ((), "train", "no pictures to train on: received nothing"),
        ((), "a", "no pictures to train on: received 1 empty class folder"),
    ],
)
def test_a_folder_that_is_no_dataset_is_refused(tmp_path: Path, names: tuple[str, ...], empty: str | None, reason: str) -> None:
    tree(tmp_path, *names)
    if empty:
        (tmp_path / empty).mkdir(parents=True)
    with pytest.raises(DatasetError, match=reason):
        load_dataset(tmp_path)


def test_real_photos(shared: Path) -> None:
    clothing = shared / "clothing"
    dataset = load_dataset(clothing)
    assert dataset.classes == ("dress", "hat", "longsleeve", "outwear", "pants", "shirt", "shoes", "shorts", "skirt", "t-shirt")
    for name, split in dataset.splits().items():
        listed = {path.relative_to(clothing).as_posix() for path in (clothing / name).glob("*/*.*")}
        assert set(split.names) == listed
        assert all(dataset.classes[label] in item for label, item in zip(split.labels, split.names, strict=True))
    assert dataset.test is None
    assert dataset.train.read(0).ndim == 3


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_gives_labels_and_splits(tmp_path: Path) -> None:
    tree(tmp_path, "x/1.png", "x/2.png", "y, z/3.png")
    text = '\ufeffpath,label,split\nx/1.png,10,train\n\nx/2.png,9,train\n"y, z/3.png",9,valid\n'
    contents = read_csv(table(tmp_path, text))
    assert contents.classes == ("9", "10")
    assert contents.splits["train"].labels.tolist() == [1, 0]
    assert contents.splits["validation"].names == ("y, z/3.png",)
    assert contents.splits["validation"].read(0)[0, 0] == 2


def test_a_table_without_splits_is_split(tmp_path: Path) -> None:
    tree(tmp_path, *(f"{number}.png" for number in range(20)))
    text = "label,path\n" + "".join(f"{'even' if number % 2 == 0 else 'odd'},{number}.png\n" for number in range(20))
    dataset = load_dataset(table(tmp_path, text))
    assert dataset.classes == ("even", "odd")
    assert {name: len(split) for name, split in dataset.splits().items()} == {"train": 16, "validation": 2, "test": 2}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "wrong header"),
        ("file,class\n1.png,a\n", "wrong header.*received file,class"),
        ("path,label,path\n", "wrong header"),
        ("path,label\n", "no pictures to train on"),
        ("path,label\n1.png,a\n2.png\n", "line 3 of .*2 fields"),
        ("path,label\n1.png,a\n,b\n", "line 3 of"),
        ("path,label\n1.png,a\n2.png,\n", "line 3 of"),
        ("path,label,split\n1.png,a,train\n2.png,b,holdout\n", "line 3 of .*holdout"),
        ("path,label,split\n1.png,a,train\n2.png,b,\n", "line 3 of"),
        ("path,label\n1.png,a\nno.png,b\nnone.png,b\n", "not there: received no.png, none.png"),
        ("path,label\n1.png,a\n2.png,a\n", "too few classes"),
        ("path,label,split\n1.png,a,train\n2.png,b,train\n1.png,c,test\n", "classes in 'test'.*received c"),
        ("path,label,split\n1.png,a,test\n2.png,b,test\n", "no pictures to train on"),
        ('path,label\n"1.png,a\n', "a CSV file in UTF-8"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    tree(tmp_path, "1.png", "2.png")
    with pytest.raises(DatasetError, match=reason):
        load_dataset(table(tmp_path, text))


def test_a_table_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"path,label\n\xff\xfe\x00\n")
    with pytest.raises(DatasetError, match="UTF-8"):
        load_dataset(path)
