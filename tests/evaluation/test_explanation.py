"""Explanations, worked again by hand and by loops."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
import pytest
from keras import layers
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation
from scipy.signal import correlate

import sightline as sl
from sightline.errors import BundleError, ImageError, ParameterError, UnknownNameError
from sightline.evaluation import occlusion
from sightline.evaluation.explanation import PATCH, ground_of
from sightline.evaluation.gradcam import grad_cam
from sightline.evaluation.maps import tinted, top_of
from sightline.jobs import model_folder
from sightline.training.rebuilt import rebuild

LABELS = ("a", "b", "c")


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


@dataclass
class Linear:
    """A classifier that is one matrix, `(H * W * C, 3)`."""

    matrix: NDArray[np.float64]
    input_shape: tuple[int, int, int]
    labels: tuple[str, ...] = LABELS

    def probabilities(self, inputs: NDArray[np.uint8]) -> NDArray[np.float32]:
        return softmax(inputs.reshape(len(inputs), -1) / 255 @ self.matrix).astype(np.float32)


@pytest.mark.parametrize(("shape", "patch", "stride"), [((9, 7, 1), 3, 2), ((8, 8, 3), 4, 4), ((6, 11, 3), 2, 1)])
def test_occlusion_is_what_a_plain_loop_finds(shape: tuple[int, int, int], patch: int, stride: int) -> None:
    random = np.random.default_rng(0)
    model = Linear(random.normal(size=(int(np.prod(shape)), 3)), shape)
    picture = random.integers(0, 256, shape).astype(np.uint8)
    height, width, channels = shape
    ring = [(r, c) for r in range(height) for c in range(width) if r in (0, height - 1) or c in (0, width - 1)]
    ground = [int(np.median([picture[r, c, k] for r, c in ring])) for k in range(channels)]
    clear = model.probabilities(picture[None])[0, 1]
    sums: dict[tuple[int, int], list[float]] = {}
    rows = [*range(0, height - patch, stride), height - patch]
    columns = [*range(0, width - patch, stride), width - patch]
    for top in rows:
        for left in columns:
            covered = picture.copy()
            covered[top : top + patch, left : left + patch] = ground
            lost = clear - model.probabilities(covered[None])[0, 1]
            for r in range(top, top + patch):
                for c in range(left, left + patch):
                    sums.setdefault((r, c), []).append(lost)
    expected = np.array([[np.mean(sums[r, c]) for c in range(width)] for r in range(height)])
    before = picture.copy()
    found = occlusion(model, picture, "b", patch=patch, stride=stride)
    np.testing.assert_allclose(found.map, expected, atol=1e-6)
    assert (found.label, found.method, found.map.dtype.name) == ("b", "occlusion", "float32")
    assert found.probability == pytest.approx(float(clear))
    assert np.array_equal(picture, before)


def test_covering_ground_with_its_own_colour_loses_nothing() -> None:
    random = np.random.default_rng(1)
    picture = np.full((20, 20, 1), 200, np.uint8)
    picture[8:12, 8:12] = 10
    assert ground_of(picture).tolist() == [200]
    found = occlusion(Linear(random.normal(size=(400, 3)) / 20, (20, 20, 1)), picture[..., 0], patch=2, stride=2)
    away = np.ones((20, 20), bool)
    away[8:12, 8:12] = False
    assert np.abs(found.map[away]).max() < 1e-7
    assert np.abs(found.map[~away]).max() > 1e-4


@pytest.mark.parametrize("shape", [(4, 40, 1), (40, 4, 1), (1, 9, 3)])
def test_the_usual_patch_fits_into_long_pictures(shape: tuple[int, int, int]) -> None:
    random = np.random.default_rng(3)
    model = Linear(random.normal(0, 1, (int(np.prod(shape)), 3)), shape)
    picture = random.integers(0, 256, shape, np.uint8)
    side = min(shape[:2])
    explicit = occlusion(model, picture, patch=side, stride=max(1, side // 3))
    assert np.array_equal(occlusion(model, picture).map, explicit.map)


def test_occlusion_says_what_does_not_fit() -> None:
    model = Linear(np.zeros((64, 3)), (8, 8, 1))
    picture = np.zeros((8, 8), np.uint8)
    with pytest.raises(ImageError, match="does not fit the network"):
        occlusion(model, picture[:7])
    with pytest.raises(ParameterError, match="expected 1 <= stride <= patch <= 8, received patch 9"):
        occlusion(model, picture, patch=9)
    with pytest.raises(ParameterError, match="stride 3"):
        occlusion(model, picture, patch=2, stride=3)
    with pytest.raises(UnknownNameError, match="no label 'd'"):
        occlusion(model, picture, "d")


def test_what_a_digit_is_read_by_is_its_ink() -> None:
    test = sl.load_dataset("mnist").test
    assert test is not None
    model = sl.load("mnist")
    on_ink = []
    for index in range(40):
        picture = model.prepare(test.read(index))
        mass = np.maximum(occlusion(model, picture).map, 0)
        near = binary_dilation(picture[..., 0] > 60, iterations=round(max(model.input_shape) / PATCH) // 2)  # half a patch
        on_ink.append((mass[near].sum() / mass.sum(), near.mean()))
    shares, areas = np.mean(on_ink, axis=0)
    assert shares > 0.9
    assert areas < 0.5


def _one_convolution(width: int = 4) -> keras.Model:
    inputs = keras.Input((7, 6, 1))
    maps = layers.Conv2D(width, 3, padding="same", activation="relu", bias_initializer="random_normal")(inputs)
    outputs = layers.Dense(3, activation="softmax", bias_initializer="random_normal")(layers.Flatten()(maps))
    return keras.Model(inputs, outputs)


def test_grad_cam_of_one_convolution_is_what_numpy_works_out() -> None:
    keras.utils.set_random_seed(3)
    model = _one_convolution()
    kernel, bias, dense, offset = model.get_weights()
    picture = np.random.default_rng(2).integers(0, 256, (7, 6), np.uint8)
    values = np.pad(picture / 255, 1)
    maps = np.stack([correlate(values, kernel[:, :, 0, k], mode="valid") + bias[k] for k in range(4)], axis=-1)
    maps = np.maximum(maps, 0)
    scores = maps.reshape(-1) @ dense + offset
    for index, label in enumerate(LABELS):
        weights = dense[:, index].reshape(7, 6, 4).mean(axis=(0, 1))  # the score is linear in the maps
        expected = np.maximum((maps * weights).sum(axis=-1), 0)
        found = grad_cam(model, picture, LABELS, label)
        np.testing.assert_allclose(found.map, expected / expected.max(), atol=1e-5)
        assert found.probability == pytest.approx(softmax(scores)[index], abs=1e-5)
    assert grad_cam(model, picture, LABELS).label == LABELS[int(scores.argmax())]


def test_grad_cam_goes_round_a_way_past_the_last_convolution() -> None:
    keras.utils.set_random_seed(4)
    inputs = keras.Input((8, 8, 3))
    first = layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    second = layers.Conv2D(4, 3, padding="same", name="last")(first)
    mean = layers.GlobalAveragePooling2D()(layers.Add()([first, second]))
    model = keras.Model(inputs, layers.Softmax()(layers.Dense(3)(mean)))
    picture = np.random.default_rng(5).integers(0, 256, (8, 8, 3), np.uint8)
    maps = np.asarray(keras.Model(inputs, second)((picture / 255)[None].astype(np.float32)))[0]
    weights = model.get_weights()[4][:, 2] / 64  # of the dense layer, over the places of the mean
    expected = np.maximum(maps @ weights, 0)
    np.testing.assert_allclose(grad_cam(model, picture, LABELS, "c").map, expected / expected.max(), atol=1e-5)


def test_grad_cam_takes_a_sequential_model_and_enlarges_bilinearly() -> None:
    keras.utils.set_random_seed(5)
    ends = [layers.Flatten(), layers.Dense(3, activation="softmax")]
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(2, 1, strides=4), *ends])
    picture = np.random.default_rng(6).integers(0, 256, (8, 8), np.uint8)
    kernel, _, dense, _ = model.get_weights()
    maps = (picture[::4, ::4] / 255)[..., None] * kernel[0, 0, 0]  # (2, 2, 2)
    for index, label in enumerate(LABELS):
        coarse = np.maximum(maps @ dense[:, index].reshape(2, 2, 2).mean(axis=(0, 1)), 0)
        along = np.clip((np.arange(8) + 0.5) / 4 - 0.5, 0, 1)  # where the pixels' middles lie between those of the places
        mix = np.stack([1 - along, along])
        fine = mix.T @ coarse @ mix
        found = grad_cam(model, picture, LABELS, label).map
        np.testing.assert_allclose(found, fine / fine.max() if fine.any() else 0 * fine, atol=1e-5)


def test_grad_cam_says_which_networks_it_cannot_read() -> None:
    inputs = keras.Input((8, 8, 1))
    flat = keras.Model(inputs, layers.Dense(3, activation="softmax")(layers.Flatten()(inputs)))
    with pytest.raises(ParameterError, match="needs a network with a convolution"):
        grad_cam(flat, np.zeros((8, 8), np.uint8), LABELS)
    sigmoid = layers.Dense(3, activation="sigmoid")(layers.Flatten()(layers.Conv2D(1, 3)(inputs)))
    with pytest.raises(ParameterError, match="needs the scores before a softmax"):
        grad_cam(keras.Model(inputs, sigmoid), np.zeros((8, 8), np.uint8), LABELS)


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_a_rebuilt_network_answers_as_the_bundle_does(name: str) -> None:
    test = sl.load_dataset(name).test
    assert test is not None
    model = sl.load(name)
    pictures = np.stack([model.prepare(test.read(index)) for index in range(20)])
    found = np.asarray(rebuild(model_folder(name))(pictures.astype(np.float32) / 255))
    agree = found.argmax(axis=1) == model.probabilities(pictures).argmax(axis=1)
    assert agree.all()  # the bundle's probabilities may be calibrated: their order is the same
    with pytest.raises(BundleError, match="no bundle"):
        rebuild("nowhere")


def test_explaining_needs_no_more_than_a_name_and_a_picture() -> None:
    test = sl.load_dataset("mnist").test
    assert test is not None
    shape = sl.load("mnist").input_shape[:2]
    found = sl.explain("mnist", test.read(0))
    assert (found.label, found.predicted, found.method, found.map.shape) == ("7", "7", "grad-cam", shape)
    assert (found.map.min() >= 0, found.map.max()) == (True, 1)
    assert found.probability == pytest.approx(sl.load("mnist").predict(test.read(0)).confidence)
    asked = sl.explain(sl.load("mnist"), test.read(0), "2")
    assert (asked.label, asked.predicted, asked.method) == ("2", "7", "occlusion")
    assert np.shape(asked.to_dict()["map"]) == shape


def test_a_map_is_drawn_from_zero_and_small_losses_stay_dark() -> None:
    picture = np.zeros((4, 4), np.uint8)
    faint = np.full((4, 4), 0.001, np.float32)
    assert top_of(faint) == 0.05
    dark = tinted(picture, -faint)
    assert np.array_equal(dark, tinted(picture, np.zeros((4, 4), np.float32)))
    strong = faint.copy()
    strong[1, 2] = 0.8
    colors = tinted(picture, strong).astype(int)
    assert colors[1, 2].sum() > 2 * colors[0, 0].sum()
    assert colors[1, 2, 0] > 150 > colors[1, 2, 2]  # viridis ends in yellow
