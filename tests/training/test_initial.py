"""What a training begins with: published weights over a real HTTP server, our own models' weights, and fine-tuning from them."""

from __future__ import annotations

import hashlib
import io
import shutil
import socket
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sightline as sl
from sightline import jobs
from sightline.bundle import load_weights
from sightline.errors import Interrupted, ParameterError, SourceError, UnknownNameError
from sightline.events import Event, Note, ignore
from sightline.jobs import pretrained
from sightline.jobs.trainings import _begun
from sightline.models import MODELS, WeightsFile, backbones
from sightline.training.checkpoint import State, load_state, save_state
from sightline.training.config import Recipe, TrainConfig, make_config
from sightline.training.folds import out_of_fold
from sightline.training.initial import adopt, fetch_weights, imagenet_file, learnt_weights
from sightline.training.session import Inputs, begin_with, build, load_inputs, make_trainer, shipped_form
from tests.data.test_sources import server

NAME = "weights_mobilenet_v3_small_224_0.75_float_no_top_v2.h5"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))


@pytest.fixture(scope="module")
def published() -> tuple[bytes, list[Any]]:
    """A file in the form that Keras publishes (an HDF5 group for each layer), of random weights, and these."""
    import h5py
    import keras

    keras.utils.set_random_seed(7)
    network = keras.applications.MobileNetV3Small(include_top=False, weights=None, input_shape=(96, 96, 3), alpha=0.75)
    random = np.random.default_rng(0)
    network.set_weights([array + random.uniform(0, 0.01, array.shape).astype(np.float32) for array in network.get_weights()])
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in network.layers]
        for layer in network.layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}/{weight.name}:0" for weight in layer.weights]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, array in zip(names, layer.get_weights(), strict=True):
                group[name] = array
    return content.getvalue(), network.get_weights()


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Path:
    """A few real colour photos of three classes, unevenly many, and of validation pictures two each."""
    root = tmp_path_factory.mktemp("data") / "photos"
    for split, counts in (("train", (6, 4, 3)), ("validation", (2, 2, 2))):
        for label, count in zip(("dress", "hat", "shoes"), counts, strict=True):
            (root / split / label).mkdir(parents=True)
            for path in sorted((shared / "clothing" / split / label).glob("*.jpg"))[:count]:
                shutil.copy(path, root / split / label)
    return root


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/"


def test_weights_are_downloaded_once_and_checked(published: tuple[bytes, list[Any]], tmp_path: Path) -> None:
    content = published[0]
    with server({f"/{NAME}": content}) as (url, asked):
        file = WeightsFile(f"{url}{NAME}", hashlib.md5(content, usedforsecurity=False).hexdigest())
        path = fetch_weights(file)
        assert path == tmp_path / "cache" / "weights" / NAME
        assert path.read_bytes() == content
        assert fetch_weights(file) == path
        assert len(asked) == 1
    path.unlink()
    keras_own = tmp_path / "keras" / "models" / NAME
    keras_own.parent.mkdir(parents=True)
    keras_own.write_bytes(content)
    assert fetch_weights(file) == keras_own


def test_wrong_weights_are_refused_and_not_kept(tmp_path: Path) -> None:
    with server({f"/{NAME}": b"<html>Please sign in</html>"}) as (url, _), pytest.raises(SourceError, match="sends other weights"):
        fetch_weights(WeightsFile(f"{url}{NAME}", "0" * 32))
    assert not (tmp_path / "cache").exists()


def test_without_a_network_a_training_says_what_to_do(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backbones, "HOME", closed_port())
    stale = tmp_path / "cache" / "weights" / NAME
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"half a file")
    with pytest.raises(SourceError) as caught:
        sl.train(photos, model="mobilenet", arguments={"alpha": 0.75}, out=tmp_path / "runs")
    for part in (f"cannot get the weights '{NAME}'", "cannot be reached and the file in the cache has another MD5",
                 f"put the file at {str(stale)!r} by hand", "Begin at random with --weights none"):  # fmt: skip
        assert part in str(caught.value)
    assert not (tmp_path / "runs").exists()


def test_a_backbone_is_fine_tuned_from_published_weights(
    published: tuple[bytes, list[Any]], photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way: download, class weights, both phases, ONNX, and predictions that are Keras's."""
    content, learnt = published
    monkeypatch.setitem(backbones.FILES, f"mobilenet_v3/{NAME}", hashlib.md5(content, usedforsecurity=False).hexdigest())
    events: list[Event] = []
    with server({f"/mobilenet_v3/{NAME}": content}) as (url, _):
        monkeypatch.setattr(backbones, "HOME", url)
        run = sl.train(photos, model="mobilenet", arguments={"alpha": 0.75}, size=32, epochs=2, freeze=1, batch_size=8,
                       class_weight="balanced", precision="float32", out=tmp_path, name="run", on_event=events.append)  # fmt: skip
    said = [event.text for event in events if isinstance(event, Note)]
    assert any(text.endswith("trained by the preset finetune; in epoch 1 only the dense layers learn, then all") for text in said)
    assert f"Weights: ImageNet's in {len(learnt)} of {len(learnt) + 2} arrays; the output layer begins at random" in said
    config = TrainConfig.load(run.path / "config.yaml")
    assert (config.weights, config.preset, config.recipe.freeze) == ("imagenet", "finetune", 1)
    network = MODELS.get("mobilenet").build(run.model.manifest.architecture.arguments)
    kept = list(load_weights(run.path / "bundle").values())
    network.set_weights(kept)
    pictures = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    expected = network(pictures.astype(np.float32) / 255, training=False).numpy()
    np.testing.assert_allclose(run.model.network.probabilities(pictures), expected, atol=1e-5)
    moved = {weight.path: np.abs(a - b).max() for weight, a, b in zip(network.weights, kept, learnt, strict=False)}
    assert all(distance == 0 for path, distance in moved.items() if "bn/" in path)
    assert 0 < max(moved.values()) < 0.01  # near to what it began with


def test_our_own_weights_go_from_digits_to_photos(photos: Path, tmp_path: Path) -> None:
    events: list[Event] = []
    run = sl.train(photos, weights="mnist", size=28, epochs=2, freeze=1, precision="float32", out=tmp_path, name="a",
                   on_event=events.append)  # fmt: skip
    said = [event.text for event in events if isinstance(event, Note)]
    assert "Weights: 8 of 10 arrays from 'mnist': conv1, conv2, conv3, dense; at random: probabilities" in said
    assert run.model.input_shape == (28, 28, 3)
    again = sl.train(
        photos, weights=run.path, size=28, epochs=1, precision="float32", out=tmp_path, name="b", on_event=events.append
    )
    assert TrainConfig.load(again.path / "config.yaml").weights == str(run.path)
    assert any("10 of 10 arrays from 'a'" in event.text for event in events if isinstance(event, Note))


@pytest.fixture(scope="module")
def digits() -> tuple[TrainConfig, Inputs]:
    """The 8x8 digits as large as those of the shipped model, standardized and in the form that pools first."""
    config = make_config("digits", weights="mnist", preset="tuned", recipe={"precision": "float32", "augment": False})
    learnt = learnt_weights(pretrained()["mnist"])
    inputs = load_inputs(config, ignore, learnt)
    assert inputs.shape == learnt.input_shape
    return config, inputs


def test_a_network_that_begins_with_weights_computes_what_their_model_did(digits: tuple[TrainConfig, Inputs]) -> None:
    """Though it is trained on standardized pictures and in another form."""
    config, inputs = digits
    network = build(config, inputs)
    text = begin_with(learnt_weights(pretrained()["mnist"]), config, inputs, network)
    assert text.startswith("Weights: 10 of 10 arrays from 'mnist'")
    trainer = make_trainer(config, inputs, network, ignore)
    mean, deviation = trainer.standard
    assert deviation != 1
    pictures = inputs.train[0][:50]
    found = network((pictures / np.float32(255) - mean) / deviation).numpy()
    np.testing.assert_allclose(found, sl.load("mnist").network.probabilities(pictures), atol=1e-4)


def test_networks_of_a_cross_validation_begin_as_the_run_did(digits: tuple[TrainConfig, Inputs]) -> None:
    config, inputs = digits
    still = Recipe(learning_rate=1e-7, batch_size=256, standardize=True)
    config = config.model_copy(update={"epochs": 1, "recipe": still})
    inputs = inputs.take(np.arange(0, len(inputs.train[1]), 4))
    learnt = learnt_weights(pretrained()["mnist"])
    network = build(config, inputs)
    begin_with(learnt, config, inputs, network)
    shipped, _ = shipped_form(config, inputs, network)
    expected = shipped.predict(inputs.train[0].astype(np.float32) / np.float32(255), verbose=0)
    assert abs(out_of_fold(config, inputs, 2, learnt, ignore) - expected).max() < 0.01
    assert abs(out_of_fold(config, inputs, 2, None, ignore) - expected).max() > 0.5


def test_a_gray_kernel_sees_in_colour_what_it_saw_in_gray() -> None:
    import keras

    mnist = learnt_weights(pretrained()["mnist"])
    height, width, _ = mnist.input_shape
    color = MODELS.get("cnn3").build({"input_shape": (height, width, 3)})
    taken, _ = adopt(color, mnist, mnist.labels)
    assert taken == ["conv1", "conv2", "conv3", "dense", "probabilities"]
    gray = MODELS.get("cnn3").build({"input_shape": (height, width, 1)})
    gray.set_weights(list(mnist.arrays.values()))
    pictures = np.random.default_rng(0).random((4, height, width, 1), np.float32)
    np.testing.assert_allclose(color(pictures.repeat(3, axis=-1)).numpy(), gray(pictures).numpy(), atol=1e-5)
    other = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(3, name="odd")])
    with pytest.raises(ParameterError, match="no layer of 'mnist' fits the network"):
        adopt(other, mnist, mnist.labels)


def test_weights_of_this_data_may_have_seen_what_is_held_out(tmp_path: Path) -> None:
    narrow = {"filters": (8, 8, 8)}
    first = sl.train("digits", arguments=narrow, epochs=1, out=tmp_path, name="first")
    for seed, warned in ((0, 0), (1, 1)):
        events: list[Event] = []
        _begun(make_config("digits", weights=first.path, arguments=narrow, seed=seed), events.append)
        warnings = [event.text for event in events if isinstance(event, Note) and event.warning]
        assert len([text for text in warnings if "may have learnt from pictures that are held out" in text]) == warned


@pytest.mark.slow
def test_normalization_that_begins_at_random_is_not_kept(tmp_path: Path) -> None:
    first = sl.train("digits", model="tiny", epochs=1, out=tmp_path, name="first")
    with pytest.raises(ParameterError, match="keep_norm needs statistics to keep: .* received [0-9]+ that begin at random"):
        sl.train("digits", model="small", weights=first, epochs=1, out=tmp_path, name="other")
    assert not (tmp_path / "other").exists()


def test_a_folder_of_pictures_does_not_hide_a_model_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("mnist", "mine"):
        (tmp_path / name).mkdir()
    (tmp_path / "mine" / "manifest.json").touch()
    assert make_config("digits", weights="mnist").weights == "mnist"
    assert make_config("digits", weights="mine").weights == str(tmp_path / "mine")


def test_patience_begins_when_all_layers_learn(digits: tuple[TrainConfig, Inputs]) -> None:
    config, inputs = digits
    config = config.model_copy(update={"patience": 2, "recipe": config.recipe.model_copy(update={"freeze": 3})})
    trainer = make_trainer(config, inputs, tiny_network(inputs.shape), ignore)
    losses = [1.0, 2.0, 2.0, 0.9, 0.8, 0.85, 0.86]
    over = [trainer._patience_is_over(State(epoch=n, history=[{"val_loss": one} for one in losses[:n]])) for n in range(8)]
    assert over == [False] * 7 + [True]


def test_weights_that_are_not_there_are_named_before_the_data_is_read(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="no run, bundle or pretrained model 'mnits'. Did you mean mnist"):
        sl.train("no-such-data", weights="mnits", out=tmp_path)
    with pytest.raises(UnknownNameError, match="no run, bundle or pretrained model 'mmm"):
        sl.train("no-such-data", weights="m" * 400, out=tmp_path)
    with pytest.raises(ParameterError, match="there are no ImageNet weights for cnn3: expected one of mobilenet, efficientnet"):
        imagenet_file("cnn3", {})


def test_a_dry_run_begins_with_the_weights_too() -> None:
    with pytest.raises(UnknownNameError, match="no run, bundle or pretrained model 'mnits'. Did you mean mnist"):
        jobs.dry_run(make_config("no-such-data", weights="mnits"))
    with pytest.raises(ParameterError, match="no layer of 'fashion-mnist' fits the network"):
        jobs.dry_run(make_config("digits", weights="fashion-mnist", arguments={"filters": (4, 4, 4)}))


def test_the_recipe_follows_from_the_weights() -> None:
    cases: list[tuple[dict[str, Any], tuple[str, str]]] = [
        ({}, ("none", "tuned")),
        ({"model": "mobilenet"}, ("imagenet", "finetune")),
        ({"model": "mobilenet", "weights": "none"}, ("none", "tuned")),
        ({"weights": "fashion-mnist"}, ("fashion-mnist", "finetune")),
        ({"model": "resnet", "preset": "plain"}, ("imagenet", "plain")),
    ]
    for options, expected in cases:
        config = make_config("mnist", **options)
        assert (config.weights, config.preset) == expected
    with pytest.raises(ParameterError, match="fine-tuning needs weights that have learnt something"):
        make_config("mnist", preset="finetune")


def tiny_network(shape: tuple[int, int, int]) -> Any:
    """Convolution, batch normalization, dropout and a dense layer: all that behaves differently in training."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(3)
    picture = keras.Input(shape)
    x = layers.Conv2D(4, 5, strides=3, padding="same", activation="relu", name="conv")(picture)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Dropout(0.3)(layers.GlobalAveragePooling2D(name="pool")(x))
    return keras.Model(picture, layers.Dense(10, activation="softmax", name="probabilities")(x))


@pytest.fixture(scope="module")
def whole(digits: tuple[TrainConfig, Inputs]) -> list[State]:
    """The states of four epochs of fine-tuning, of which two are the head's, never interrupted."""
    return list(states(fine_tuning(), digits[1]))


def fine_tuning(**recipe: Any) -> TrainConfig:
    return make_config("digits", weights="mnist", epochs=4, recipe={"freeze": 2, "precision": "float32", "average": 0.9, **recipe})


def states(config: TrainConfig, inputs: Inputs, start: State | None = None, stop_after: int | None = None) -> Iterator[State]:
    """Every state that a training saves, as read back from its file."""
    import tempfile

    saved: list[State] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.safetensors"

        def save(state: State) -> None:
            save_state(path, state)
            saved.append(load_state(path))

        trainer = make_trainer(config, inputs, tiny_network(inputs.shape), ignore, lambda: len(saved) - 1 == stop_after, save)
        try:
            trainer.run(start)
        except Interrupted:
            assert len(saved) - 1 == stop_after
    yield from saved


def test_each_phase_moves_what_it_should(whole: list[State]) -> None:
    """Arrays in Keras's order: kernel, bias; gamma, beta, mean, variance; the dropout's seed; kernel, bias."""
    arrays = [[array for array in state.network if array.dtype == np.float32] for state in whole]
    same = [[bool(np.array_equal(a, b)) for a, b in zip(one, other, strict=True)] for one, other in pairwise(arrays)]
    head, everything = [True] * 6 + [False] * 2, [False] * 2 + [True] * 4 + [False] * 2
    assert same == [head, head, everything, everything]
    assert [len(state.optimizer) for state in whole] == [5, 5, 5, 9, 9]  # the step, and two moments of each that learns
    rates = [row["lr"] for row in whole[-1].history]
    assert rates[0] < rates[1]
    assert rates[2:] == rates[:2]  # each phase of two epochs climbs and falls by itself


@pytest.mark.parametrize("epoch", [pytest.param(1, marks=pytest.mark.slow), 2, pytest.param(3, marks=pytest.mark.slow)])
def test_a_stopped_fine_tuning_resumes_bit_for_bit(digits: tuple[TrainConfig, Inputs], whole: list[State], epoch: int) -> None:
    stopped = list(states(fine_tuning(), digits[1], stop_after=epoch))[-1]
    assert stopped.epoch == epoch
    *_, last = states(fine_tuning(), digits[1], stopped)
    for name in ("network", "optimizer", "average"):
        for left, right in zip(getattr(last, name), getattr(whole[-1], name), strict=True):
            assert np.array_equal(left, right), name


def test_the_body_learns_at_its_share_of_the_rate() -> None:
    """Adam's first step is the rate, whatever the gradient (Kingma and Ba 2015)."""
    import keras

    from sightline.training.parts import slow_down

    body, head = keras.Variable(np.ones(3, np.float32)), keras.Variable(np.ones(3, np.float32))
    optimizer = keras.optimizers.Adam(0.01)
    optimizer.build([body, head])
    slow_down(optimizer, [body], 0.1)
    optimizer.apply([keras.ops.convert_to_tensor(np.array([1.0, -2.0, 3.0], np.float32))] * 2)
    np.testing.assert_allclose(body.numpy() - 1, [-0.001, 0.001, -0.001], rtol=1e-3)
    np.testing.assert_allclose(head.numpy() - 1, [-0.01, 0.01, -0.01], rtol=1e-3)
