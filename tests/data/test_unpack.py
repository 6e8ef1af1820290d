"""ZIPs of class folders: what is in them arrives, and what would reach beyond or fill the disk does not."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest

from sightline.data import load_dataset
from sightline.data.unpack import unpack
from sightline.errors import DatasetError
from sightline.image import encode

PNG = encode(np.zeros((4, 6), np.uint8), ".png")


def packed(path: Path, *names: str, data: bytes = PNG) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("shell", ["", "photos/", "my photos (1)/"])
def test_class_folders_arrive_with_or_without_a_folder_around_them(tmp_path: Path, shell: str) -> None:
    names = [f"{shell}{label}/{number}.png" for label in ("cat", "dog") for number in range(10)]
    junk = [f"{shell}notes.txt", f"{shell}cat/.DS_Store", "__MACOSX/cat/._1.png"]
    found = unpack(packed(tmp_path / "a.zip", *names, *junk), tmp_path / "data")
    assert (found.pictures, found.ignored) == (20, {".txt": 1, "hidden": 2})
    dataset = load_dataset(tmp_path / "data")
    assert dataset.classes == ("cat", "dog")
    assert sum(len(split) for split in dataset.splits().values()) == 20
    assert (tmp_path / "data/cat/3.png").read_bytes() == PNG


def test_splits_are_kept(tmp_path: Path) -> None:
    train = [f"set/train/{label}/{number}.png" for label in "ab" for number in range(10)]
    packed(tmp_path / "a.zip", *train, "set/test/a/x.png")
    unpack(tmp_path / "a.zip", tmp_path / "data")
    assert {name: len(split) for name, split in load_dataset(tmp_path / "data").splits().items()}["test"] == 1
    packed(tmp_path / "b.zip", "train/a/1.png", "train/b/1.png")
    unpack(tmp_path / "b.zip", tmp_path / "other")
    assert (tmp_path / "other/train/a/1.png").is_file()


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["a/1.png", "../evil/2.png"], "leads out of it"),
        (["a/1.png", "/etc/cron.d/2.png"], "leads out of it"),
        (["a/1.png", "a/../../2.png"], "leads out of it"),
        (["a/1.png", "C:/2.png"], "leads out of it"),
        (["a/1.png", "1.png"], "has no class"),
        (["a/notes.txt"], "no pictures in the archive"),
        ([], "no pictures in the archive"),
        (["a/" * 9 + "1.png"], "too long"),
        (["a/" + "x" * 201 + ".png"], "too long"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(tmp_path: Path, names: list[str], text: str) -> None:
    archive = packed(tmp_path / "a.zip", *names)
    with pytest.raises(DatasetError, match=text):
        unpack(archive, tmp_path / "in" / "data")
    assert not list(tmp_path.rglob("*.png"))
    assert not (tmp_path / "in" / "data").exists()


def test_links_passwords_and_doubles_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("a/1.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    data = bytearray(packed(tmp_path / "a.zip", "a/1.png").read_bytes())
    for place in (data.index(b"PK\x03\x04") + 6, data.index(b"PK\x01\x02") + 8):
        data[place] |= 1
    (tmp_path / "locked.zip").write_bytes(data)
    with zipfile.ZipFile(tmp_path / "twice.zip", "w") as archive:
        archive.writestr("a/1.png", PNG)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a/1.png", PNG)
    for name, text in (("link", "a link"), ("locked", "has a password"), ("twice", "is twice")):
        with pytest.raises(DatasetError, match=text):
            unpack(tmp_path / f"{name}.zip", tmp_path / "data")


def test_bombs_and_damage_are_refused(tmp_path: Path) -> None:
    large = packed(tmp_path / "large.zip", "a/1.png", "a/2.png", data=bytes(1_000_000))
    assert large.stat().st_size < 10_000
    with pytest.raises(DatasetError, match="at most 1,999,999 bytes unpacked"):
        unpack(large, tmp_path / "data", max_bytes=1_999_999)
    with pytest.raises(DatasetError, match="at most 1"):
        unpack(large, tmp_path / "data", max_files=1)
    whole = packed(tmp_path / "a.zip", "a/1.png").read_bytes()
    for damaged in (whole[:60], whole[:-5], b"", b"no archive"):
        (tmp_path / "b.zip").write_bytes(damaged)
        with pytest.raises(DatasetError, match="cannot be read"):
            unpack(tmp_path / "b.zip", tmp_path / "data")
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        archive.writestr("a/1.png", PNG)
    (tmp_path / "b.zip").write_bytes(stored.getvalue().replace(PNG[20:30], bytes(10)))
    with pytest.raises(DatasetError, match="cannot be read"):
        unpack(tmp_path / "b.zip", tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(DatasetError, match="already"):
        unpack(packed(tmp_path / "a.zip", "a/1.png"), tmp_path / "data")
