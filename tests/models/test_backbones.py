"""Backbones against `keras.applications` itself, and what is published for them against Keras's own tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sightline.errors import ParameterError
from sightline.models import MODELS, total_flops
from sightline.models.backbones import FILES, HOME

RNG = np.random.default_rng(0)
SHAPE = (32, 40, 3)
CASES: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("mobilenet", {"alpha": 0.25}, "MobileNetV3Small", {"alpha": 0.25}),
    ("efficientnet", {}, "EfficientNetV2B0", {}),
    ("resnet", {}, "ResNet50V2", {}),
]


@pytest.mark.parametrize(("name", "arguments", "application", "options"), CASES)
def test_features_are_those_of_keras_applications(
    name: str, arguments: dict[str, Any], application: str, options: dict[str, Any]
) -> None:
    """Its preprocessing included: they take pictures in 0..255, ours in [0, 1]."""
    import keras

    network = MODELS.get(name).build({**arguments, "input_shape": SHAPE, "classes": 3})
    theirs = getattr(keras.applications, application)(include_top=False, weights=None, input_shape=SHAPE, **options)
    body = keras.Model(network.input, network.get_layer("pool").input)
    body.set_weights(theirs.get_weights())
    pictures = RNG.integers(0, 256, (2, *SHAPE)).astype(np.float32)
    raw = keras.applications.resnet_v2.preprocess_input(pictures.copy()) if name == "resnet" else pictures
    expected = theirs(raw, training=False).numpy()
    assert np.ptp(expected) > 0
    np.testing.assert_allclose(body(pictures / 255, training=False).numpy(), expected, rtol=1e-3, atol=1e-5 * np.ptp(expected))
    assert np.allclose(network(pictures / 255).numpy().sum(axis=1), 1)


@pytest.mark.parametrize(("variant", "published", "head"), [("small", 56e6, 1.6e6), ("large", 219e6, 2.5e6)])
def test_the_arithmetic_is_the_published_one(variant: str, published: float, head: float) -> None:
    """Multiply-adds of Howard et al. 2019, tables 3 and 4, at 224 px, less the two dense layers of their classifier."""
    network = MODELS.get("mobilenet").build({"input_shape": (224, 224, 3), "variant": variant, "classes": 2})
    assert total_flops(network) / 2 == pytest.approx(published - head, rel=0.02)


def test_a_gray_picture_is_a_colour_picture_without_colour() -> None:
    gray, color = (MODELS.get("mobilenet").build({"input_shape": (32, 32, c), "alpha": 0.25}) for c in (1, 3))
    gray.set_weights(color.get_weights())
    picture = RNG.random((2, 32, 32, 1), np.float32)
    assert np.allclose(gray(picture).numpy(), color(picture.repeat(3, axis=-1)).numpy(), atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_shape": (31, 64, 3)}, "expected at least 32 x 32 px, received 31 x 64 px. Use larger pictures"),
        ({"input_shape": (64, 64, 4)}, "expected 1 (gray) or 3 (colour), received 4"),
        ({"alpha": 3}, "invalid alpha of mobilenet: expected 0.25 to 2, received 3"),
        ({"variant": "tiny"}, "expected small | large"),
    ],
)
def test_wrong_arguments_are_clear_errors(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        MODELS.get("mobilenet").build(arguments)
    assert message in str(caught.value)


def test_the_published_files_are_those_of_keras() -> None:
    from keras.src.applications import efficientnet_v2, mobilenet_v3, resnet

    known = {}
    for key, (_, md5) in mobilenet_v3.WEIGHTS_HASHES.items():
        known[f"{mobilenet_v3.BASE_WEIGHT_PATH}weights_mobilenet_v3_{key}_no_top_v2.h5"] = md5
    for key, (_, md5) in efficientnet_v2.WEIGHTS_HASHES.items():
        known[f"{efficientnet_v2.BASE_WEIGHTS_PATH}efficientnetv2-{key}_notop.h5"] = md5
    for key, (_, md5) in resnet.WEIGHTS_HASHES.items():
        known[f"{resnet.BASE_WEIGHTS_PATH}{key}_weights_tf_dim_ordering_tf_kernels_notop.h5"] = md5
    assert {HOME + name: md5 for name, md5 in FILES.items()}.items() <= known.items()


@pytest.mark.parametrize("name", [name for name, *_ in CASES])
def test_the_usual_form_has_published_weights(name: str) -> None:
    architecture = MODELS.get(name)
    assert architecture.imagenet is not None
    file = architecture.imagenet(architecture.arguments({}))
    assert file.url in {HOME + known for known in FILES}
    assert file.name.endswith(".h5")


def test_a_form_without_published_weights_says_so() -> None:
    architecture = MODELS.get("mobilenet")
    assert architecture.imagenet is not None
    with pytest.raises(ParameterError, match=r"no ImageNet weights are published .* or begin at random with --weights none"):
        architecture.imagenet(architecture.arguments({"alpha": 0.5}))
