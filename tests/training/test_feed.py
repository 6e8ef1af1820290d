from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import sightline as sl
from sightline.data import Dataset, Split
from sightline.errors import DatasetError, ParameterError, PipelineError
from sightline.events import Note, ignore
from sightline.models import MODELS
from sightline.pipeline import Pipeline
from sightline.training import make_config
from sightline.training.feed import Feed
from sightline.training.inputs import make_pipeline, prepare, source_of

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(1, 256, (40, 12, 10), dtype=np.uint8)  # no zeros: a shift shows
LABELS = np.arange(40, dtype=np.int64)
SHAPE = (12, 10, 1)
MOVES = {"one_of": [-2, -1, 0, 1, 2]}
AUGMENT: list[Any] = [
    {"flip": {}, "p": 0.5, "when": "train"},
    {"translate": {"x": MOVES, "y": MOVES}, "when": "train"},
    {"rotate": {"angle": {"between": [-9, 9]}}, "when": "train"},
]


def split_of(pictures: NDArray[np.uint8] | tuple[Path, ...]) -> Split:
    labels = np.arange(len(pictures), dtype=np.int64)
    return Split(pictures, labels, tuple(f"picture {number}" for number in labels))


def feed_of(steps: list[Any], *, split: Split | None = None, seed: int = 3, workers: int = 1) -> Feed:
    split = split or split_of(PICTURES)
    pipeline = Pipeline(tuple(steps))
    prepared, kept = prepare(split, pipeline.always, SHAPE, ignore, what="training")
    return Feed(source_of(split, kept, prepared, pipeline), split.labels[kept], pipeline, SHAPE, seed, workers)


def epoch(feed: Feed, number: int) -> NDArray[np.uint8]:
    """The pictures of an epoch, each back in its own place: labels are the places."""
    pictures, labels = feed.epoch(number)
    back = np.empty_like(pictures)
    back[labels] = pictures
    return back[..., 0]


def test_without_augmentation_an_epoch_is_the_pictures_in_another_order() -> None:
    before = PICTURES.copy()
    feed = feed_of([])
    assert np.array_equal(epoch(feed, 0), PICTURES)
    assert np.array_equal(epoch(feed, 1), PICTURES)
    assert np.array_equal(PICTURES, before)
    orders = [feed.epoch(number)[1].tolist() for number in (0, 1)]
    assert orders[0] != orders[1] != list(range(40))


@pytest.mark.parametrize("steps", [AUGMENT, ["invert", *AUGMENT], [*AUGMENT, "invert"], [{"invert": {}, "p": 0.5}, *AUGMENT]])
def test_every_picture_is_what_the_pipeline_makes_of_it_for_seed_epoch_and_item(steps: list[Any]) -> None:
    pipeline = Pipeline(tuple(steps))
    shown = epoch(feed_of(steps), 5)
    for item, picture in enumerate(PICTURES):
        assert np.array_equal(shown[item], pipeline.run(picture, seed=3, item=item, epoch=5, train=True))
    assert not np.array_equal(shown, epoch(feed_of(steps), 6))
    assert not np.array_equal(shown, epoch(feed_of(steps, seed=4), 5))


def test_neither_workers_nor_earlier_epochs_matter() -> None:
    many = RNG.integers(0, 256, (3000, 12, 10), dtype=np.uint8)
    alone = feed_of(AUGMENT, split=split_of(many)).epoch(2)
    feed = feed_of(AUGMENT, split=split_of(many), workers=3)
    feed.epoch(0)
    again = feed.epoch(2)
    assert np.array_equal(alone[0], again[0])
    assert np.array_equal(alone[1], again[1])


def test_flips_alternate_so_that_two_epochs_show_both_sides_of_each() -> None:
    first, second, third = (epoch(feed_of(AUGMENT[:1]), number) for number in range(3))
    mirrored = PICTURES[:, :, ::-1]
    flipped = [(first[i] == mirrored[i]).all() for i in range(40)]
    assert 5 < sum(flipped) < 35
    for i in range(40):
        assert np.array_equal(first[i], mirrored[i] if flipped[i] else PICTURES[i])
        assert np.array_equal(second[i], PICTURES[i] if flipped[i] else mirrored[i])
    assert np.array_equal(first, third)


def test_pictures_on_disk_are_read_anew_where_steps_follow_the_augmentation(tmp_path: Path) -> None:
    paths = []
    for number in range(8):
        paths.append(tmp_path / f"{number}.png")
        sl.write(paths[-1], RNG.integers(0, 256, (20 + number, 30, 3), dtype=np.uint8))
    (tmp_path / "3.png").write_bytes(b"no picture")
    split = split_of(tuple(paths))
    steps: list[Any] = [
        "to_gray",
        {"rotate": {"angle": {"between": [-40, 40]}}, "when": "train"},
        {"letterbox": {"width": 10, "height": 12}},
    ]
    feed = feed_of(steps, split=split, workers=2)
    assert sorted(feed.labels.tolist()) == [0, 1, 2, 4, 5, 6, 7]
    pictures, labels = feed.epoch(1)
    for picture, item in zip(pictures, labels.tolist(), strict=True):
        alone = Pipeline(tuple(steps)).run(sl.read(paths[item], "unchanged"), seed=3, item=item, epoch=1, train=True)
        assert np.array_equal(picture[..., 0], alone)
    paths[5].unlink()
    with pytest.raises(PipelineError, match=r"picture 5: .*5\.png"):
        feed.epoch(1)


def test_pictures_that_do_not_go_through_the_pipeline_are_named_and_left_out(tmp_path: Path) -> None:
    paths = [tmp_path / f"{width}.png" for width in (10, 9, 12, 8)]
    for path in paths:
        sl.write(path, RNG.integers(0, 256, (12, int(path.stem)), dtype=np.uint8))
    notes: list[Any] = []
    crop = Pipeline(({"crop": {"x": 0, "y": 0, "width": 10, "height": 12}},))  # type: ignore[arg-type]
    pictures, kept = prepare(split_of(tuple(paths)), crop, SHAPE, notes.append, what="training")
    assert kept.tolist() == [0, 2]
    assert np.array_equal(pictures[1, ..., 0], sl.read(paths[2], "unchanged")[:, :10])
    warnings = [note.text for note in notes if isinstance(note, Note)]
    assert [text.partition(" (crop)")[0] for text in warnings] == ["Left out: picture 1: step 1", "Left out: picture 3: step 1"]


def test_a_picture_that_does_not_go_through_does_not_hide_what_the_others_become(tmp_path: Path) -> None:
    crop = Pipeline(({"crop": {"x": 0, "y": 0, "width": 10, "height": 12}},))  # type: ignore[arg-type]
    config = make_config("digits", pipeline=crop)
    for widths, expected in (((10, 9, 12), (12, 10, 1)), ((8, 9), None), ((), None)):
        paths = [tmp_path / f"{width}.png" for width in widths] or [tmp_path / "nothing.png"]
        for path in paths[: len(widths)]:
            sl.write(path, RNG.integers(0, 256, (12, int(path.stem)), dtype=np.uint8))
        dataset = Dataset("some", ("a",), split_of(tuple(paths)), None, None, "")
        if expected is not None:
            assert make_pipeline(config, dataset)[1] == expected
        else:
            with pytest.raises((PipelineError, DatasetError), match=r"step 1 \(crop\)|looked at can be read"):
                make_pipeline(config, dataset)


def test_where_no_picture_goes_through_the_first_is_named() -> None:
    crop = Pipeline(({"crop": {"x": 0, "y": 0, "width": 99, "height": 1}},))  # type: ignore[arg-type]
    with pytest.raises(DatasetError, match=r"none of the 3 training pictures can be used: received picture 0: step 1 \(crop\)"):
        prepare(split_of(PICTURES[:3]), crop, SHAPE, ignore, what="training")


def test_a_pipeline_of_ones_own_decides_the_input() -> None:
    digits = sl.load_dataset("digits")
    config = make_config("digits", pipeline={"format": 1, "steps": [{"resize": {"width": 24, "height": 30}}, *AUGMENT]})
    pipeline, shape = make_pipeline(config, digits)
    assert shape == (30, 24, 1)
    assert [step.op for step in pipeline.steps] == ["resize", "flip", "translate", "rotate"]
    off = make_config("digits", pipeline=pipeline, recipe={"augment": False})
    assert [step.op for step in make_pipeline(off, digits)[0].steps] == ["resize"]
    textbook = make_config("digits", preset="plain", pipeline=pipeline)
    assert len(make_pipeline(textbook, digits)[0].steps) == 4


def test_the_default_pipeline_augments_as_the_preset_says() -> None:
    digits = sl.load_dataset("digits")
    for preset, recipe, augmented, side in (
        ("tuned", {}, True, 22),
        ("tuned", {"augment": False, "fit_input": False}, False, 28),
        ("plain", {}, False, 28),
    ):
        pipeline, shape = make_pipeline(make_config("digits", preset=preset, recipe=recipe), digits)
        assert shape == (side, side, 1)
        assert any(step.when == "train" for step in pipeline.steps) == augmented


@pytest.mark.parametrize(
    ("options", "side"),
    [
        ({}, 22),
        ({"size": 28}, 28),
        ({"model": "small"}, 28),
        ({"arguments": {"padding": "same"}}, 28),
        ({"weights": "mnist", "preset": "tuned"}, 28),
        ({"size": 32}, 32),
    ],
)
def test_pictures_are_made_as_small_as_what_a_new_network_looks_at(options: dict[str, Any], side: int) -> None:
    digits = sl.load_dataset("digits")
    pipeline, shape = make_pipeline(make_config("digits", **options), digits)
    assert shape == (side, side, 1)
    assert pipeline.always.run(digits.train.read(0)).shape == (side, side)


@pytest.mark.parametrize(("height", "width"), [(28, 28), (29, 37), (22, 64), (38, 23)])
def test_no_pixel_beyond_what_it_sees_moves_the_network_and_the_last_one_does(height: int, width: int) -> None:
    """The oracle is the network itself: one pixel is changed in the middle of each row and of each column."""
    cnn3 = MODELS.get("cnn3")
    assert cnn3.sees is not None
    arguments = cnn3.arguments({"input_shape": (height, width, 1)})
    rows, columns = cnn3.sees(arguments)
    network = cnn3.build(arguments)
    random = np.random.default_rng(0)
    network.set_weights([random.normal(0, 0.15, array.shape) for array in network.get_weights()])
    gray = np.full((height, width, 1), 0.5, np.float32)
    changed = np.stack([gray] * (1 + height + width))
    changed[range(1, 1 + height), range(height), :columns] = random.random((height, columns, 1))
    changed[range(1 + height, 1 + height + width), :rows, range(width)] = random.random((width, rows, 1))
    said = network(changed).numpy()
    moved = abs(said - said[0]).max(axis=1) > 1e-6  # more than the rounding of one place in the batch and another
    assert moved[1 : 1 + height].tolist() == [row < rows for row in range(height)]
    assert moved[1 + height :].tolist() == [column < columns for column in range(width)]


@pytest.mark.parametrize(
    ("steps", "options", "error", "message"),
    [
        ([{"resize": {"width": {"between": [20, 30]}}}], {}, None, ""),  # a picture alone is item 0: always the same
        ([{"resize": {"width": {"between": [20, 30]}}, "when": "train"}], {}, PipelineError, "pictures of different sizes"),
        (["to_float"], {}, PipelineError, "expected uint8, received float32. Add to_depth8"),
        (["flip"], {"size": 32}, ParameterError, "size has no effect"),
        (["flip"], {"channels": "gray"}, ParameterError, "channels has no effect"),
    ],
)
def test_a_pipeline_that_makes_no_inputs_is_refused(steps: list[Any], options: Any, error: Any, message: str) -> None:
    config = make_config("digits", pipeline={"format": 1, "steps": steps}, **options)
    if error is None:
        assert make_pipeline(config, sl.load_dataset("digits"))[1][2] == 1
        return
    with pytest.raises(error, match=message):
        make_pipeline(config, sl.load_dataset("digits"))
