"""A family of residual networks for small pictures: `tiny`, `small`, `base` and `large`, one shape in four widths.

The shape is that of the networks that learn CIFAR-10 fastest (D. Page, "How to Train Your ResNet", 2018; K. Jordan, airbench,
arXiv:2404.00498): a convolution, then scales of half the size each (of odd ones the larger half), every one a convolution with
max-pooling and a residual branch of two more. Pooling stands before batch normalization, which so has a quarter of the values to
look at. Widths are multiples of 16, as wide as the processors' registers are: others take several times as long. `large` looks at
its pictures through a layer that training sets once, to whiten their patches, and then leaves as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Interval, Len
from typing_extensions import Doc

from sightline.errors import ParameterError
from sightline.models.registry import Classes, InputShape, model

if TYPE_CHECKING:
    import keras

__all__ = ["MOMENTUM", "WHITENING", "base", "large", "small", "tiny"]

Width = Annotated[int, Interval(ge=1, le=4096)]
Widths = Annotated[
    tuple[Width, ...], Len(2, 6), Doc("Kernels of the first convolution, and of every scale after it, each of half the size")
]
WHITENING = "whitening"
"""The name of a convolution that does not learn, followed by a bias: training sets them to whiten its pictures' patches."""

PATCH = 4  # px: 32 kernels on gray pictures
MOMENTUM = 0.9  # of batch normalization's statistics: an epoch has some hundred steps


@model
def tiny(*, input_shape: InputShape = (28, 28, 1), classes: Classes = 10, widths: Widths = (16, 16, 16)) -> keras.Model:
    """A residual network of under 20,000 parameters on 28x28x1."""
    return _residual("tiny", input_shape, classes, widths)


@model
def small(*, input_shape: InputShape = (28, 28, 1), classes: Classes = 10, widths: Widths = (16, 32, 48)) -> keras.Model:
    """A residual network of under 100,000 parameters on 28x28x1."""
    return _residual("small", input_shape, classes, widths)


@model
def base(*, input_shape: InputShape = (28, 28, 1), classes: Classes = 10, widths: Widths = (16, 64, 80)) -> keras.Model:
    """A residual network of under 300,000 parameters on 28x28x1."""
    return _residual("base", input_shape, classes, widths)


@model
def large(*, input_shape: InputShape = (28, 28, 1), classes: Classes = 10, widths: Widths = (64, 128, 256)) -> keras.Model:
    """A residual network of under 3,000,000 parameters on 28x28x1, behind a layer that whitens patches."""
    return _residual("large", input_shape, classes, widths, whiten=True)


def _residual(
    name: str, input_shape: tuple[int, int, int], classes: int, widths: tuple[int, ...], *, whiten: bool = False
) -> keras.Model:
    import keras
    from keras import layers

    _check_size(name, input_shape, len(widths))
    picture = keras.Input(input_shape, name="picture")
    x = _convolved(_whitened(picture) if whiten else picture, widths[0], "first")
    for number, width in enumerate(widths[1:], 1):
        x = _convolved(x, width, f"scale{number}", pool=True)
        branch = _convolved(_convolved(x, width, f"branch{number}a"), width, f"branch{number}b")
        x = layers.Add(name=f"sum{number}")([x, branch])
    x = layers.GlobalMaxPooling2D(name="pool")(x)
    # probabilities stay float32 whatever the policy: bfloat16 has three significant digits
    x = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(picture, x, name=name)


def _convolved(x: Any, width: int, name: str, *, pool: bool = False) -> Any:
    """A 3x3 convolution, max-pooling where the scale changes, batch normalization and ReLU."""
    from keras import layers

    from sightline.models.layers import FusedNorm

    x = layers.Conv2D(width, 3, padding="same", use_bias=False, name=name)(x)
    if pool:
        x = layers.MaxPooling2D(2, padding="same", name=f"{name}_pool")(x)  # else the last of an odd number of rows would be lost
    x = FusedNorm(momentum=MOMENTUM, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _whitened(picture: Any) -> Any:
    """A convolution that does not learn: each direction of a patch and its opposite, of which ReLU leaves one."""
    from keras import layers

    from sightline.models.layers import BiasRelu

    kernels = 2 * PATCH**2 * picture.shape[-1]
    x = layers.Conv2D(kernels, PATCH, padding="same", use_bias=False, trainable=False, name=WHITENING)(picture)
    return BiasRelu(name=f"{WHITENING}_relu")(x)


def _check_size(name: str, input_shape: tuple[int, int, int], scales: int) -> None:
    """Refuse a picture of which the poolings would leave nothing."""
    least = 2 ** (scales - 1)
    if min(input_shape[:2]) < least:
        raise ParameterError(
            f"pictures too small for {name}'s {scales - 1} poolings",
            expected=f"at least {least} x {least} px",
            received=f"{input_shape[0]} x {input_shape[1]} px",
            fix="Use larger pictures (--size, or the pipeline's).",
        )
