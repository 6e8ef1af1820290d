"""Learning from a larger network: targets by hand, the loss against Keras's, and a run from its teacher to its bundle."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

import sightline as sl
from sightline.errors import BundleError, InputError, ParameterError, RunError
from sightline.events import Event, Note, ignore
from sightline.pipeline import Pipeline
from sightline.tempering import tempered
from sightline.training import make_config
from sightline.training.backend import load_keras
from sightline.training.feed import Feed
from sightline.training.inputs import source_of
from sightline.training.session import build, load_inputs, make_trainer

keras = load_keras()
from sightline.training.parts import taught, taught_crossentropy  # noqa: E402
from sightline.training.teaching import Teacher  # noqa: E402

RNG = np.random.default_rng(0)


def test_targets_are_the_label_and_the_softened_answer() -> None:
    pixels = keras.Input((2, 2, 1))
    network = keras.Model(pixels, keras.layers.Dense(3, activation="softmax")(keras.layers.Flatten()(pixels)))
    pictures = RNG.integers(0, 256, (700, 2, 2, 1), np.uint8)  # more than one batch
    labels = RNG.integers(0, 3, 700)
    teacher = Teacher(network, 2.0, Pipeline(()), Pipeline(()), "")
    assert teacher.shape == (2, 2, 1)
    assert teacher.finished(pictures, (2, 2, 1)) is pictures
    rows = teacher.targets(pictures, labels)
    said = network.predict(pictures / np.float32(255), verbose=0)
    softened = np.sqrt(said) / np.sqrt(said).sum(axis=1, keepdims=True)
    assert rows.dtype == np.float32
    assert np.array_equal(rows[:, 0], labels)
    assert np.allclose(rows[:, 1:], softened, atol=1e-5)


def test_a_teacher_is_interrupted_between_two_batches() -> None:
    asked: list[int] = []

    def look_up() -> None:
        asked.append(1)
        if len(asked) == 2:
            raise KeyboardInterrupt

    teacher = Teacher(keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten()]), 1.0, Pipeline(()), Pipeline(()), "")
    with pytest.raises(KeyboardInterrupt):
        teacher.targets(np.zeros((5000, 2, 2, 1), np.uint8), np.zeros(5000, np.int64), look_up)
    assert len(asked) == 2


@pytest.mark.slow
def test_a_teacher_looks_at_pictures_before_the_last_steps(tmp_path: Path) -> None:
    """It learnt on 28 x 28; whom it teaches reads 22 x 22: they are drawn once, for both."""
    wide = sl.train("digits", arguments={"filters": (8, 8, 8)}, size=28, epochs=1, out=tmp_path, name="wide")
    config = make_config("digits", teacher=wide.path)
    inputs = load_inputs(config, ignore, teacher=wide.path / "bundle")
    assert inputs.shape == (22, 22, 1)
    teacher = make_trainer(config, inputs, build(config, inputs), ignore).teacher
    assert teacher is not None
    assert teacher.shape == (28, 28, 1)
    feed = Feed(inputs.source, inputs.train[1], teacher.before, teacher.shape, 0)
    large, labels = feed.epoch(3)
    assert np.array_equal(labels, inputs.train[1][np.random.default_rng([0, 0, 3]).permutation(len(labels))])
    always = inputs.pipeline.always
    plain = np.stack([always.run(inputs.dataset.train.read(int(item))) for item in inputs.source.items[:50]])
    assert np.array_equal(inputs.train[0][:50, ..., 0], plain)
    source = source_of(inputs.dataset.train, inputs.source.items, inputs.train[0], inputs.pipeline)
    small, _ = Feed(source, inputs.train[1], inputs.pipeline, (22, 22, 1), 0).epoch(3)
    assert np.array_equal(teacher.finished(large, (22, 22, 1)), small)
    assert not np.array_equal(small, inputs.train[0])
    found = sl.load(wide).network.probabilities(large[:50])
    assert np.allclose(teacher.targets(large[:50], labels[:50])[:, 1:], tempered(found, 3.0), atol=0.02)


def test_the_loss_is_keras_categorical_crossentropy_and_metrics_look_at_the_label() -> None:
    labels, probabilities = RNG.integers(0, 5, 40), RNG.dirichlet(np.ones(5), 40).astype(np.float32)
    targets = RNG.dirichlet(np.ones(5), 40).astype(np.float32)
    rows = np.concatenate([labels[:, None], targets], axis=1).astype(np.float32)
    expected = keras.losses.categorical_crossentropy(targets, probabilities)
    plain = keras.losses.sparse_categorical_crossentropy(labels, probabilities)
    loss = taught_crossentropy(1.0, 1.0, 0.0)
    assert np.allclose(loss(rows, probabilities), expected, atol=1e-5)
    assert np.allclose(loss(labels, probabilities), plain)
    assert np.allclose(taught_crossentropy(0.25, 1.0, 0.0)(rows, probabilities), 0.25 * expected + 0.75 * plain, atol=1e-5)
    cubed = np.cbrt(probabilities.astype(np.float64))
    softer = keras.losses.categorical_crossentropy(targets, cubed / cubed.sum(axis=1, keepdims=True))
    assert np.allclose(taught_crossentropy(1.0, 3.0, 0.0)(rows, probabilities), 9 * np.asarray(softer), rtol=1e-4)
    smooth = keras.losses.categorical_crossentropy(np.eye(5)[labels] * 0.8 + 0.04, probabilities)
    assert np.allclose(taught_crossentropy(0.0, 1.0, 0.2)(rows, probabilities), smooth, atol=1e-5)
    six = loss(labels[:6], probabilities[:6])  # as many as a row has places
    assert np.allclose(six, plain[:6])
    accuracy = taught(keras.metrics.sparse_categorical_accuracy, "accuracy")
    hits = probabilities.argmax(axis=1) == labels
    assert np.array_equal(np.asarray(accuracy(rows, probabilities)), hits)
    assert np.array_equal(np.asarray(accuracy(labels, probabilities)), hits)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> sl.Run:
    return sl.train("digits", epochs=4, out=tmp_path_factory.mktemp("teacher"), name="teacher")


@pytest.fixture(scope="module")
def learnt(teacher: sl.Run) -> tuple[sl.Run, list[Event]]:
    """A small network that the teacher taught, and what was said."""
    events: list[Event] = []
    narrow = {"filters": (8, 8, 8)}
    run = sl.train("digits", teacher=teacher, arguments=narrow, epochs=2, out=teacher.path.parent, on_event=events.append)
    return run, events


def test_a_small_network_learns_from_a_run_and_goes_on_with_it(
    teacher: sl.Run, learnt: tuple[sl.Run, list[Event]], tmp_path: Path
) -> None:
    run, events = learnt
    config = yaml.safe_load((run.path / "config.yaml").read_text())
    assert (config["preset"], config["teacher"], config["recipe"]["distill"] > 0.5) == ("distilled", str(teacher.path), True)
    assert any("learns from" in event.text for event in events if isinstance(event, Note))
    page = (run.path / "report.html").read_text()
    assert f"Taught by {teacher.path}: its answers were 90\N{NO-BREAK SPACE}% of the target" in page
    assert all(0 < row["accuracy"] < 1 and row["val_loss"] > 0 for row in run.history)
    copy = Path(shutil.copytree(run.path, tmp_path / "copy"))
    longer = sl.resume(copy, extend=1)
    assert len(longer.history) == 3
    text = (copy / "config.yaml").read_text()
    (copy / "config.yaml").write_text(text.replace(f"teacher: {teacher.path}", f"teacher: {run.path}"))
    with pytest.raises(RunError, match="the teacher of .* is not what it was trained with"):
        sl.resume(copy, extend=1)


def test_from_the_same_weights_a_taught_network_comes_to_other_losses(teacher: sl.Run) -> None:
    losses = []
    for bundle in (teacher.path / "bundle", None):
        config = make_config("digits", arguments={"filters": (8, 8, 8)}, epochs=1, teacher=bundle or "none")
        inputs = load_inputs(config, ignore, teacher=bundle)
        losses.append(make_trainer(config, inputs, build(config, inputs), ignore).run(None).history[0]["loss"])
    assert losses[0] != losses[1]


def test_the_teacher_that_was_read_is_the_one_that_is_noted(teacher: sl.Run, tmp_path: Path) -> None:
    """Whatever becomes of its folder during the training."""
    bundle = Path(shutil.copytree(teacher.path / "bundle", tmp_path / "bundle"))
    inputs = load_inputs(make_config("digits", teacher=bundle), ignore, teacher=bundle)
    before = inputs.fingerprint
    shutil.rmtree(bundle)
    assert inputs.fingerprint == before


def test_a_damaged_teacher_is_refused_before_the_training(teacher: sl.Run, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(teacher.path / "bundle", tmp_path / "bundle"))
    (bundle / "weights.safetensors").write_bytes(b"no weights")
    with pytest.raises(BundleError, match="weights.safetensors"):
        sl.train("digits", teacher=bundle, epochs=1, out=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_folds_of_a_taught_run_learn_from_labels_alone_and_say_so(learnt: tuple[sl.Run, list[Event]]) -> None:
    events: list[Event] = []
    found = sl.suspects(learnt[0], split="train", folds=2, on_event=events.append)
    assert found.pictures == 1294
    assert any("learn from the labels alone" in event.text for event in events if isinstance(event, Note))


def test_what_cannot_teach_is_refused_before_the_training(teacher: sl.Run, tmp_path: Path) -> None:
    steps = {side: {"format": 1, "steps": ["to_gray", {"resize": {"width": side, "height": side}}]} for side in (22, 40)}
    for model, what, pipeline in (
        ("fashion-mnist", "labels", None),
        (teacher, "input", steps[40]),
        (teacher, "pipeline", steps[22]),
    ):
        with pytest.raises(InputError, match=f"cannot teach: it has another {what}"):
            sl.train("digits", teacher=model, pipeline=pipeline, epochs=1, out=tmp_path)
    assert not list(tmp_path.iterdir())
    with pytest.raises(ParameterError, match="a teacher and what is learnt from it go together"):
        make_config("digits", preset="distilled")
    with pytest.raises(ParameterError, match="a teacher and what is learnt from it go together"):
        make_config("digits", preset="tuned", teacher=teacher.path)


def test_fast_trains_few_epochs_unless_told() -> None:
    assert make_config("mnist", preset="fast").epochs < 10 < make_config("mnist").epochs
    assert make_config("mnist", preset="fast", epochs=12).epochs == 12
