"""Networks of `keras.applications` under a classifier of our own, for which weights learnt on ImageNet are published.

An architecture never downloads anything: which weights a training begins with is a matter of training.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Interval
from typing_extensions import Doc

from sightline.errors import ParameterError
from sightline.models.registry import Classes, InputShape, WeightsFile, backbone
from sightline.params import Tunable

if TYPE_CHECKING:
    import keras

__all__ = ["efficientnet", "mobilenet", "resnet"]

Dropout = Annotated[
    float, Interval(ge=0, le=0.9), Tunable(0, 0.6), Doc("Share of the features that the output layer goes without in training")
]

SMALLEST = 32
SIGNED = (2.0, -1.0)  # pictures in [-1, 1]
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's channels
STANDARD = ([1 / d for d in DEVIATION], [-m / d for m, d in zip(MEAN, DEVIATION, strict=True)])

HOME = "https://storage.googleapis.com/tensorflow/keras-applications/"
FILES = {
    "mobilenet_v3/weights_mobilenet_v3_small_224_0.75_float_no_top_v2.h5": "ebdb5cc8e0b497cd13a7c275d475c819",
    "mobilenet_v3/weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5": "d3e8ec802a04aa4fc771ee12a9a9b836",
    "mobilenet_v3/weights_mobilenet_v3_large_224_0.75_float_no_top_v2.h5": "40af19a13ebea4e2ee0c676887f69a2e",
    "mobilenet_v3/weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5": "07fb09a5933dd0c8eaafa16978110389",
    "efficientnet_v2/efficientnetv2-b0_notop.h5": "893217f2bb855e2983157299931e43ff",
    "efficientnet_v2/efficientnetv2-b1_notop.h5": "0e80663031ca32d657f9caa404b6ec37",
    "efficientnet_v2/efficientnetv2-b2_notop.h5": "1dfe2e7a5d45b6632553a8961ea609eb",
    "efficientnet_v2/efficientnetv2-b3_notop.h5": "f6abf7b5849ac99a89b50dd3fd532856",
    "resnet/resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5": "fac2f116257151a9d068a22e544a4917",
}
"""Keras's files without their classifier, with the MD5 that it checks them by."""


def _file(pattern: str, arguments: Mapping[str, Any]) -> WeightsFile:
    name = pattern.format(**arguments)
    if name not in FILES:
        family = name.split("/")[0]
        raise ParameterError(
            "no ImageNet weights are published for this form of the network",
            expected="one of " + ", ".join(file.split("/")[1] for file in FILES if file.startswith(f"{family}/")),
            received=name.split("/")[1],
            fix="Change its --set, or begin at random with --weights none.",
        )
    return WeightsFile(HOME + name, FILES[name])


@backbone(lambda arguments: _file("mobilenet_v3/weights_mobilenet_v3_{variant}_224_{alpha}_float_no_top_v2.h5", arguments))
def mobilenet(
    *,
    input_shape: InputShape = (96, 96, 3),
    classes: Classes = 10,
    variant: Annotated[Literal["small", "large"], Doc("small: a quarter of the arithmetic")] = "small",
    alpha: Annotated[float, Interval(ge=0.25, le=2), Doc("Width: a factor on all kernels; ImageNet weights for 0.75 and 1")] = 1.0,
    dropout: Dropout = 0.2,
) -> keras.Model:
    """MobileNetV3, made for phones: fast, and the first to try. Source: Howard et al. 2019, arXiv:1905.02244."""
    application = f"MobileNetV3{variant.capitalize()}"
    return _classifier(application, input_shape, classes, dropout, SIGNED, alpha=alpha, include_preprocessing=False)


@backbone(lambda arguments: _file("efficientnet_v2/efficientnetv2-{variant}_notop.h5", arguments))
def efficientnet(
    *,
    input_shape: InputShape = (96, 96, 3),
    classes: Classes = 10,
    variant: Annotated[Literal["b0", "b1", "b2", "b3"], Doc("From small to large")] = "b0",
    dropout: Dropout = 0.2,
) -> keras.Model:
    """EfficientNetV2: more accurate, several times slower. Source: Tan and Le 2021, arXiv:2104.00298."""
    application = f"EfficientNetV2{variant.upper()}"
    return _classifier(application, input_shape, classes, dropout, STANDARD, include_preprocessing=False)


@backbone(lambda arguments: _file("resnet/resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5", arguments))
def resnet(*, input_shape: InputShape = (96, 96, 3), classes: Classes = 10, dropout: Dropout = 0.2) -> keras.Model:
    """ResNet50V2, the classic with 23 million parameters. Source: He et al. 2016, arXiv:1603.05027."""
    return _classifier("ResNet50V2", input_shape, classes, dropout, SIGNED)


def _classifier(
    application: str, input_shape: tuple[int, int, int], classes: int, dropout: float, scale: tuple[Any, Any], **options: Any
) -> keras.Model:
    """Pictures in [0, 1], gray or colour, as the application wants them; its features averaged; a softmax of our own."""
    import keras
    from keras import layers

    _check_shape(application, input_shape)
    picture = keras.Input(input_shape, name="picture")
    x = layers.Concatenate(name="rgb")([picture] * 3) if input_shape[2] == 1 else picture
    x = layers.Rescaling(*scale, dtype="float32", name="scale")(x)
    body = getattr(keras.applications, application)(include_top=False, weights=None, input_tensor=x, **options)
    for layer in body.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = min(layer.momentum, 0.99)  # statistics that follow in hundreds of steps: our data is small
    x = layers.GlobalAveragePooling2D(name="pool")(body.output)
    x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(picture, x, name=application.lower())


def _check_shape(application: str, input_shape: tuple[int, int, int]) -> None:
    height, width, channels = input_shape
    if min(height, width) < SMALLEST:
        raise ParameterError(
            f"pictures too small for {application}",
            expected=f"at least {SMALLEST} x {SMALLEST} px",
            received=f"{height} x {width} px",
            fix="Use larger pictures (--size, or the pipeline's).",
        )
    if channels not in {1, 3}:
        raise ParameterError(f"invalid channels for {application}", expected="1 (gray) or 3 (colour)", received=str(channels))
