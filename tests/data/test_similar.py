"""Near-duplicates and odd pictures among real photos, each altered in a known way; and silence where nothing is altered."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from sightline.data import Dataset, Finding, Split, check_dataset, findings_sheet, load_dataset
from sightline.data.similar import luminance, similar_groups, thumbnail
from sightline.image import encode, read, write

LABELS = ("dress", "hat", "pants", "shoes")


@pytest.fixture
def photos(shared: Path, tmp_path: Path) -> Path:
    """24 photos of clothing in four classes to train on, 4 for the test."""
    for label in LABELS:
        for number, path in enumerate(sorted((shared / "clothing" / "train" / label).iterdir())[:7]):
            folder = tmp_path / ("train" if number < 6 else "test") / label
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / f"{number}.jpg")
    return tmp_path


def found(root: Path) -> dict[str, Finding]:
    """The findings by their kinds, without those that are due to there being so few pictures."""
    findings = [one for one in check_dataset(load_dataset(root, strict=False, validation=0)) if one.kind not in {"tiny", "sizes"}]
    by_kind: dict[str, Finding] = {finding.kind: finding for finding in findings}
    assert len(by_kind) == len(findings)
    return by_kind


def altered(path: Path, how: str) -> bytes:
    """The picture of a file in another form, as the bytes of a JPEG or PNG."""
    image = read(path)
    high, wide = image.shape[:2]
    match how:
        case "resized":
            return encode(cv2.resize(image, (wide // 2, high // 2), interpolation=cv2.INTER_AREA), ".png")
        case "recompressed":
            return encode(image, ".jpg", quality=30)
        case "brightened":
            return encode(np.clip(image * 1.1 + 15, 0, 255).astype(np.uint8), ".png")
        case "cropped":
            down, right = round(0.03 * high), round(0.03 * wide)
            return encode(np.ascontiguousarray(image[down : high - down, right : wide - right]), ".png")
        case "mirrored":
            return encode(np.ascontiguousarray(image[:, ::-1]), ".jpg", quality=90)
        case _:
            return encode(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), ".jpg", quality=90)


@pytest.mark.parametrize("how", ["resized", "recompressed", "brightened", "cropped", "mirrored", "gray"])
def test_an_altered_picture_is_found(photos: Path, how: str) -> None:
    (photos / "train" / "hat" / "again.png").write_bytes(altered(photos / "train" / "hat" / "3.jpg", how))
    findings = found(photos)
    assert findings.pop("extension", None) is None or how in {"recompressed", "mirrored", "gray"}
    assert set(findings) - {"channels"} == {"near-duplicate"}
    assert findings["near-duplicate"].items == ("train/hat/3.jpg ~ train/hat/again.png",)
    assert findings["near-duplicate"].severity == "note"
    assert findings["near-duplicate"].pictures == ((("train", 9), ("train", 12)),)  # after six dresses


def test_an_altered_picture_in_another_split_is_a_leak(photos: Path) -> None:
    (photos / "test" / "pants" / "9.png").write_bytes(altered(photos / "train" / "pants" / "2.jpg", "cropped"))
    findings = found(photos)
    assert set(findings) == {"near-leak"}
    assert findings["near-leak"].items == ("train: train/pants/2.jpg ~ test: test/pants/9.png",)
    assert findings["near-leak"].severity == "warning"


def test_an_altered_picture_under_another_label_is_a_conflict(photos: Path) -> None:
    (photos / "train" / "shoes" / "9.png").write_bytes(altered(photos / "train" / "pants" / "2.jpg", "resized"))
    findings = found(photos)
    assert set(findings) == {"near-conflict", "near-duplicate"}
    assert findings["near-conflict"].items == ("train/pants/2.jpg (pants) ~ train/shoes/9.png (shoes)",)


def test_forms_of_one_picture_are_one_group(photos: Path) -> None:
    """An equal copy in another split belongs to the group, too."""
    source = photos / "train" / "dress" / "1.jpg"
    for name, how in (("7.png", "resized"), ("8.png", "mirrored")):
        (photos / "train" / "dress" / name).write_bytes(altered(source, how))
    shutil.copy(source, photos / "test" / "dress" / "7.jpg")
    findings = found(photos)
    assert set(findings) == {"leak", "near-leak", "extension"}
    assert findings["leak"].items == ("train: train/dress/1.jpg = test: test/dress/7.jpg",)
    members = "train: train/dress/1.jpg ~ test: test/dress/7.jpg ~ train: train/dress/7.png ~ train: train/dress/8.png"
    assert findings["near-leak"].items == (members,)


def test_unrelated_photos_are_no_near_duplicates(shared: Path) -> None:
    """300 photos of dresses, hats and pants, many of them alike on one floor."""
    paths = [path for label in LABELS[:3] for path in sorted((shared / "clothing" / "train" / label).iterdir())[:100]]
    images = [read(path) for path in paths]
    thumbnails = np.array([thumbnail(luminance(image)) for image in images])
    sides = np.array([min(image.shape[:2]) for image in images])
    assert len(images) == 300
    assert similar_groups(thumbnails, sides, lambda index: images[index]) == []


@pytest.mark.parametrize(("name", "label"), [("mnist", 1), ("fashion-mnist", 1)])
def test_simple_small_pictures_are_hardly_ever_candidates(name: str, label: int) -> None:
    """5,000 pictures, of the simplest class (ones, trousers) and of all: few are read again, none or few are found."""
    train = load_dataset(name, validation=0).train
    simple = np.flatnonzero(train.labels == label)[:2500]
    pictures = np.asarray(train.pictures)[np.concatenate([simple, np.flatnonzero(train.labels != label)[:2500]])]
    thumbnails = np.array([thumbnail(luminance(picture)) for picture in pictures])
    read_again: list[int] = []

    def load(index: int) -> np.ndarray:
        read_again.append(index)
        picture: np.ndarray = pictures[index]
        return picture

    groups = similar_groups(thumbnails, np.full(len(pictures), 28), load)
    assert len(read_again) < 500
    assert sum(len(group) * (len(group) - 1) // 2 for group in groups) <= 5  # pairs


def test_many_frames_of_one_scene_are_read_about_once(shared: Path) -> None:
    """And one picture of another scene stays apart."""
    scene, another = (
        cv2.resize(read(next((shared / "clothing/train" / label).iterdir()), "gray"), (64, 64)) for label in LABELS[:2]
    )
    random = np.random.default_rng(0)
    frames = [np.clip(scene * 0.9 + random.normal(10, 2, scene.shape), 0, 255).astype(np.uint8) for _ in range(300)]
    frames.insert(150, another)
    loads: list[int] = []

    def load(index: int) -> np.ndarray:
        loads.append(index)
        picture: np.ndarray = frames[index]
        return picture

    groups = similar_groups(np.array([thumbnail(frame) for frame in frames]), np.full(301, 64), load)
    assert groups == [[number for number in range(301) if number != 150]]
    assert len(loads) == 300


def test_small_pictures_made_again_are_found() -> None:
    """MNIST digits brightened, mirrored, and compressed a little."""
    train = load_dataset("mnist", validation=0).train
    pictures = np.asarray(train.pictures)[:500].copy()
    pictures[400] = np.rint(pictures[7] * 0.8)
    pictures[401] = pictures[8, :, ::-1]
    pictures[402] = read(encode(pictures[9], ".jpg", quality=98), "gray")
    dataset = Dataset("mnist", train_classes(), Split(pictures, train.labels[:500], train.names[:500]), None, None, "")
    items = [item for finding in check_dataset(dataset) for item in finding.items if finding.kind == "near-duplicate"]
    assert items == [f"train/{one:05d} ~ train/{other:05d}" for one, other in ((7, 400), (8, 401), (9, 402))]


def train_classes() -> tuple[str, ...]:
    return tuple(str(number) for number in range(10))


def test_odd_pictures_are_named(photos: Path) -> None:
    hats = photos / "train" / "hat"
    source = read(hats / "0.jpg")
    write(hats / "small.png", cv2.resize(read(hats / "1.jpg"), (40, 40), interpolation=cv2.INTER_AREA)[:, :20].copy())
    write(hats / "long.png", source[:60].copy())
    write(hats / "gray.png", read(photos / "train" / "pants" / "1.jpg", "gray")[::-1].copy())
    write(hats / "blank.png", np.full((400, 400, 3), (10, 200, 30), np.uint8))
    findings = found(photos)
    assert set(findings) == {"blank", "small", "proportions", "channels"}
    assert findings["channels"].items == ("train/hat/gray.png",)
    assert findings["channels"].message == "1 picture gray among coloured ones"
    assert findings["blank"].items == ("train/hat/blank.png",)
    assert findings["small"].items == ("train/hat/long.png: 400 x 60", "train/hat/small.png: 20 x 40")
    assert findings["proportions"].items == ("train/hat/long.png: 400 x 60",)


def test_a_transparent_picture_among_others_is_named(photos: Path) -> None:
    source = read(photos / "train" / "hat" / "0.jpg")
    write(photos / "train" / "hat" / "clear.png", np.dstack([source[::-1], np.full(source.shape[:2], 128, np.uint8)]))
    findings = found(photos)
    assert set(findings) == {"channels"}
    assert findings["channels"].items == ("train/hat/clear.png",)


def test_what_a_folder_holds_besides_is_named(photos: Path, shared: Path) -> None:
    """An empty class, a file of another kind, a picture in no class, a link to nothing; photos turned by EXIF are noted."""
    (photos / "train" / "socks").mkdir()
    (photos / "train" / "hat" / "Thumbs.db").write_bytes(b"x")
    shutil.copy(photos / "train" / "hat" / "0.jpg", photos / "train" / "loose.jpg")
    (photos / "train" / "hat" / "gone.jpg").symlink_to(photos / "nothing.jpg")
    (photos / "train" / "hat" / "1.jpg").rename(photos / "train" / "hat" / "1.png")
    shutil.copy(shared / "exif" / next((shared / "exif").rglob("Landscape_6.jpg")), photos / "train" / "hat" / "turned.jpg")
    findings = found(photos)
    assert {kind: finding.items for kind, finding in findings.items()} == {
        "empty": ("train/socks",),
        "broken-link": ("train/hat/gone.jpg",),
        "extension": ("train/hat/1.png: JPEG",),
        "rotated": ("train/hat/turned.jpg",),
        "stray": ("train/loose.jpg: outside a class folder", "train/hat/Thumbs.db: not pictures"),
    }
    assert findings["empty"].severity == "error"


def test_the_sheet_has_pairs_beside_each_other(photos: Path) -> None:
    (photos / "test" / "pants" / "9.png").write_bytes(altered(photos / "train" / "pants" / "2.jpg", "brightened"))
    dataset = load_dataset(photos, validation=0)
    sheet = findings_sheet(dataset, check_dataset(dataset))
    assert sheet is not None
    width = (sheet.shape[1] - 2 * 24 - 20) // 2
    left, right = (sheet[30:200, start + 10 : start + width - 10].mean(axis=2) for start in (24, 24 + width + 20))
    assert np.corrcoef(left.ravel(), right.ravel())[0, 1] > 0.98
    assert findings_sheet(dataset, []) is None
