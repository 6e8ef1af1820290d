"""Damage that grows, and what it does to a real model on real digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import sightline as sl
from sightline.data import Split
from sightline.errors import DatasetError, ParameterError, UnknownNameError
from sightline.evaluation.corruptions import CORRUPTIONS, LEVELS, Corruption, Scene
from sightline.evaluation.robustness import Robustness, drawn_sample, robustness
from sightline.evaluation.robustness_sheet import save_robustness
from sightline.events import Event, Note

from .test_report import Page

COUNT = 60
DIGITS = Scene(28, 28, 1.0, "dark")
MNIST_C = {
    "shot_noise", "impulse_noise", "glass_blur", "motion_blur", "shear", "scale", "rotate", "brightness", "translate", "stripe",
    "fog", "spatter", "dotted_line", "zigzag",
}  # fmt: skip


@pytest.fixture(scope="module")
def test_split() -> Split:
    split = sl.load_dataset("mnist").test
    assert split is not None
    return split


@pytest.fixture(scope="module")
def found(test_split: Split) -> Robustness:
    return robustness(sl.load("mnist"), test_split, name="mnist", data="MNIST, test", ground="dark", count=COUNT)


def test_the_table_has_what_mnist_c_has_and_the_classics() -> None:
    names = set(CORRUPTIONS.names())
    assert names >= MNIST_C
    assert names >= {"gaussian_noise", "gaussian_blur", "contrast", "jpeg_compression", "occlusion", "thicker", "thinner"}
    for name in names:
        assert len(CORRUPTIONS.get(name).values) == LEVELS


@pytest.mark.parametrize("name", CORRUPTIONS.names())
def test_damage_to_digits_grows_with_severity(name: str, test_split: Split) -> None:
    corruption = CORRUPTIONS.get(name)
    assert not corruption.pipeline(0, DIGITS).steps
    damage = []
    for severity in range(1, LEVELS + 1):
        pipeline = corruption.pipeline(severity, DIGITS)
        parts = []
        for index in range(60):
            clear = test_split.read(index)
            bad = pipeline.run(clear, item=index)
            assert (bad.shape, bad.dtype.name) == (clear.shape, "uint8")
            parts.append(np.abs(bad.astype(int) - clear).mean())
        damage.append(np.mean(parts))
    assert damage[0] > 1
    assert (np.diff(damage) > 0).all(), damage
    with pytest.raises(ParameterError, match="expected 0 to 5, received 6"):
        corruption.pipeline(6, DIGITS)


@pytest.mark.parametrize("name", [name for name in CORRUPTIONS.names() if not CORRUPTIONS.get(name).drawn])
def test_damage_to_a_photo_grows_with_severity(name: str, shared: Path) -> None:
    """A colour photo eight times as large as the network's input: pixels of the table are the network's."""
    photo = sl.resize(sl.read(shared / "exif/Landscape_6.jpg"), width=300, height=224)
    scene = Scene(224, 300, 300 / 37.5)
    damage = [
        np.abs(CORRUPTIONS.get(name).pipeline(severity, scene).run(photo, item=3).astype(int) - photo).mean()
        for severity in range(1, LEVELS + 1)
    ]
    assert damage[0] > 0.5
    assert damage[-1] > 1.5 * damage[0]


def test_a_corruption_is_a_pipeline_like_any_other(tmp_path: Path, test_split: Split) -> None:
    for name in CORRUPTIONS.names():
        pipeline = CORRUPTIONS.get(name).pipeline(3, DIGITS)
        pipeline.save(tmp_path / "damage.yaml")
        again = sl.Pipeline.load(tmp_path / "damage.yaml")
        assert np.array_equal(again.run(test_split.read(5), item=5), pipeline.run(test_split.read(5), item=5))


def test_known_degrees_do_what_they_say(test_split: Split) -> None:
    def at(name: str, value: float) -> sl.Pipeline:
        corruption: Corruption = CORRUPTIONS.get(name)
        return corruption.at(value, DIGITS)

    picture = test_split.read(0)
    assert np.array_equal(at("rotate", 0).run(picture), picture)
    assert np.array_equal(at("translate", 0).run(picture), picture)
    assert not at("translate", 28).run(picture).any()
    assert np.array_equal(at("stripe", 100).run(picture), 255 - picture)
    assert np.array_equal(at("scale", 100).run(picture), picture)
    covered = at("occlusion", 50).run(np.zeros((28, 28), np.uint8))
    assert (covered == 128).sum() == 14 * 14
    salted = at("impulse_noise", 20).run(np.full((28, 28), 90, np.uint8))
    assert (salted != 90).mean() == pytest.approx(0.2, abs=0.05)
    bar = np.zeros((28, 28), np.uint8)
    bar[:, 12:16] = 255
    for name, sign in (("thicker", 1), ("thinner", -1)):
        row = at(name, 2).run(bar)[14].astype(float)
        assert row.sum() / 255 == pytest.approx(4 + 2 * sign, abs=0.5)


def test_strokes_are_of_drawings_only(test_split: Split) -> None:
    for name in ("thicker", "thinner"):
        assert not CORRUPTIONS.get(name).applies(Scene(28, 28))
        light = CORRUPTIONS.get(name).pipeline(2, Scene(28, 28, 1.0, "light")).run(255 - test_split.read(0))
        dark = CORRUPTIONS.get(name).pipeline(2, DIGITS).run(test_split.read(0))
        assert np.abs((255 - light).astype(int) - dark).max() <= 1
    with pytest.raises(ParameterError, match="no corruption applies"):
        robustness(sl.load("mnist"), test_split, count=10, corruptions=["thicker"])


def test_clear_pictures_give_the_clear_accuracy(found: Robustness, test_split: Split) -> None:
    indices = drawn_sample(test_split, COUNT, 0)
    assert len(indices) == len(found) == COUNT
    shares = np.bincount(test_split.labels) / len(test_split)
    assert np.bincount(test_split.labels[indices]).tolist() == pytest.approx(COUNT * shares, abs=1)
    model = sl.load("mnist")
    right = [model.predict(test_split.read(int(i))).index == test_split.labels[i] for i in indices]
    assert found.clear.tolist() == right
    assert found.accuracy == np.mean(right)


def test_accuracy_falls_and_is_measured_on_damaged_pictures(found: Robustness, test_split: Split) -> None:
    rows = {row.corruption.name: row for row in found.rows}
    assert set(rows) == set(CORRUPTIONS.names())
    assert found.mean < found.accuracy - 0.1
    low, high = found.mean_interval
    assert low < found.mean < high
    model, indices = sl.load("mnist"), drawn_sample(test_split, COUNT, 0)
    for name, severity in (("gaussian_noise", 4), ("rotate", 5), ("zigzag", 1)):
        pipeline = CORRUPTIONS.get(name).pipeline(severity, DIGITS)
        right = [model.predict(pipeline.run(test_split.read(int(i)), item=int(i))).index == test_split.labels[i] for i in indices]
        assert rows[name].right[severity - 1].tolist() == right
        assert rows[name].accuracy[severity - 1] == np.mean(right)
    assert rows["thicker"].mean > 0.95
    assert rows["gaussian_noise"].accuracy[4] < 0.6


def test_the_same_seed_gives_the_same_and_another_other_pictures(found: Robustness, test_split: Split) -> None:
    def run(seed: int) -> Robustness:
        some = ["gaussian_noise", "rotate"]
        return robustness(sl.load("mnist"), test_split, ground="dark", count=COUNT, seed=seed, corruptions=some)

    again, rows = run(0), {row.corruption.name: row for row in found.rows}
    for row in again.rows:
        assert np.array_equal(row.right, rows[row.corruption.name].right)
    assert not np.array_equal(run(1).rows[0].right, again.rows[0].right)
    with pytest.raises(ParameterError, match="invalid seed: expected 0 or more, received -1"):
        run(-1)


def test_what_has_left_the_frame_is_guessed(test_split: Split) -> None:
    """Nothing of the digit is left: every picture gets the same answer, right as often as that class is there."""
    gone = Corruption("gone", "Gone", "px", (28.0,) * LEVELS, CORRUPTIONS.get("translate").build)
    found = robustness(sl.load("mnist"), test_split, ground="dark", count=200, corruptions=[gone])
    shares = np.bincount(test_split.labels[drawn_sample(test_split, 200, 0)]) / 200
    (row,) = found.rows
    assert len(set(row.accuracy)) == 1
    assert min(abs(shares - row.accuracy[0])) < 1e-9


@pytest.mark.parametrize(
    ("sizes", "count"), [((1, 1, 1), 2), ((100,) * 10, 1), ((2,) * 10, 15), ((1000, *[2] * 100), 300), ((3, 4), 9)]
)
def test_a_sample_has_as_many_pictures_as_asked_for(sizes: tuple[int, ...], count: int) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    split = Split(np.zeros((len(labels), 2, 2), np.uint8), labels, tuple(map(str, range(len(labels)))))
    drawn = drawn_sample(split, count, 0)
    assert len(set(drawn.tolist())) == min(count, len(labels))


def test_small_pictures_are_damaged_as_the_network_sees_them() -> None:
    digits = sl.load_dataset("digits").test
    assert digits is not None
    model = sl.load("mnist")
    found = robustness(model, digits, ground="dark", count=40, corruptions=["gaussian_blur", "thinner"])
    for row in found.rows:
        assert all(example.shape == model.input_shape[:2] for example in row.examples)
        assert len(row.examples) == 1 + LEVELS
        pixels = [np.abs(one.astype(int) - row.examples[0]).mean() for one in row.examples]
        assert (np.diff(pixels) > 0).all()


def test_errors_come_before_the_work(test_split: Split, tmp_path: Path) -> None:
    model = sl.load("mnist")
    with pytest.raises(UnknownNameError, match="gaussian_noise"):
        robustness(model, test_split, corruptions=["gausian_noise"])
    with pytest.raises(ParameterError, match="invalid number of pictures"):
        robustness(model, test_split, count=0)
    (tmp_path / "a.png").write_bytes(b"no picture")
    broken = Split((tmp_path / "a.png",), np.array([0]), ("a",))
    with pytest.raises(DatasetError, match="none of the 1 pictures can be used"):
        robustness(model, broken)


def test_what_cannot_be_read_is_counted_in_a_note(test_split: Split, tmp_path: Path) -> None:
    for index in range(4):
        sl.write(tmp_path / f"{index}.png", test_split.read(index))
    (tmp_path / "0.png").write_bytes(b"no picture")
    paths = tuple(tmp_path / f"{index}.png" for index in range(4))
    split = Split(paths, test_split.labels[:4], tuple(path.name for path in paths))
    events: list[Event] = []
    found = robustness(sl.load("mnist"), split, ground="dark", corruptions=["brightness"], on_event=events.append)
    assert len(found) == 3
    (note,) = [event for event in events if isinstance(event, Note)]
    assert note.warning
    assert "Left out 1 of 4 pictures" in note.text


@pytest.mark.parametrize("suffix", [".html", ".png", ".svg"])
def test_robustness_is_written_as_one_file(found: Robustness, tmp_path: Path, suffix: str) -> None:
    path = save_robustness(found, tmp_path / f"found{suffix}")
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    if suffix == ".html":
        page = Page(path.read_text(encoding="utf-8"))
        assert all(source.startswith(("data:image/png;base64,", "#")) for source in page.loaded)
        assert len(page.ids) == len(set(page.ids))
        assert f"{COUNT} of 10,000 pictures of MNIST, test, drawn class by class with seed 0" in page.text
        for row in found.rows:
            assert row.corruption.title in page.text
    if suffix == ".png":
        assert min(sl.read(path).shape[:2]) > 1000
    with pytest.raises(ParameterError, match="a path that ends in"):
        save_robustness(found, tmp_path / "found.pdf")


class Colours:
    """A classifier of photos by their mean colour, as the network reads them at 64 x 64."""

    labels: tuple[str, ...] = ("red", "green", "blue")
    input_shape = (64, 64, 3)
    pipeline = sl.Pipeline((sl.Step("to_depth8"), sl.Step("to_rgb"), sl.Step("letterbox", {"width": 64, "height": 64})))

    def prepare(self, source: sl.Image) -> NDArray[np.uint8]:
        return np.asarray(self.pipeline.run(source), np.uint8)

    def probabilities(self, inputs: NDArray[np.uint8]) -> NDArray[np.float32]:
        means = inputs.mean(axis=(1, 2))
        return np.asarray(means / means.sum(axis=1, keepdims=True), np.float32)


def test_photos_of_any_size_and_kind_are_damaged(shared: Path, tmp_path: Path) -> None:
    """Portrait and landscape, gray, with transparency, of 16 bits, and one that is much larger than the network's input."""
    photo = sl.resize_longest(sl.read(shared / "exif/Landscape_6.jpg"), size=800)
    small = sl.resize_longest(photo, size=150)
    kinds = [photo, small, sl.rot90(small), sl.to_rgba(small), sl.to_gray(small), sl.to_depth16(small)]
    for number, picture in enumerate(kinds):
        sl.write(tmp_path / f"{number}.png", picture)
    paths = tuple(tmp_path / f"{number}.png" for number in range(len(kinds)))
    split = Split(paths, np.zeros(len(paths), np.int64), tuple(path.name for path in paths))
    found = robustness(Colours(), split, data="photos")
    assert len(found) == len(kinds)
    assert {row.corruption.name for row in found.rows} == {name for name in CORRUPTIONS.names() if not CORRUPTIONS.get(name).drawn}
    for row in found.rows:
        pixels = [np.abs(one.astype(int) - row.examples[0]).mean() for one in row.examples]
        assert pixels[-1] > pixels[1] > 0.3, row.corruption.name
    assert save_robustness(found, tmp_path / "photos.png").is_file()
