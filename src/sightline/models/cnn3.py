"""The three-layer convolutional network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from annotated_types import Interval
from numpy.typing import NDArray
from typing_extensions import Doc

from sightline.errors import ParameterError
from sightline.models.registry import Classes, InputShape, model_that_sees
from sightline.params import Tunable

if TYPE_CHECKING:
    import keras

__all__ = ["cnn3", "without_normalization"]

Width = Annotated[int, Interval(ge=1, le=4096)]
KERNEL = 3
POOL = 2
POOLINGS = 3
MOMENTUM = 0.9  # of batch normalization's statistics: an epoch has some hundred steps


def seen(arguments: Mapping[str, Any]) -> tuple[int, int]:
    """Rows and columns of a picture that reach the output: without padding, pooling leaves out the last row of an odd number.

    >>> seen({"input_shape": (28, 30, 1), "padding": "valid"})
    (22, 30)
    """
    height, width = arguments["input_shape"][:2]
    return (height, width) if arguments["padding"] == "same" else (_seen(height), _seen(width))


def _seen(side: int) -> int:
    for _ in range(POOLINGS):
        side = (side - KERNEL + 1) // POOL
    for _ in range(POOLINGS):
        side = side * POOL + KERNEL - 1
    return side


@model_that_sees(seen)
def cnn3(
    *,
    input_shape: InputShape = (28, 28, 1),
    classes: Classes = 10,
    filters: Annotated[
        tuple[Width, Width, Width],
        Tunable(values=((32, 32, 16), (64, 64, 32), (64, 64, 64), (96, 96, 64))),
        Doc("Kernels of the three convolutions"),
    ] = (64, 64, 32),
    padding: Annotated[
        Literal["valid", "same"], Doc("valid: a convolution loses a pixel on every side; same: zeros are put around")
    ] = "valid",
    dense: Annotated[Width, Tunable(values=(32, 64, 128)), Doc("Width of the hidden dense layer")] = 32,
    pool_first: Annotated[
        bool, Doc("Pool before bias and ReLU: the same function, since both grow with their input, on a quarter of the memory")
    ] = False,
    normalize: Annotated[
        bool, Doc("With pool_first: batch normalization in the bias's place, to train by; see `without_normalization`")
    ] = False,
) -> keras.Model:
    """Three 3x3 convolutions with ReLU, each followed by 2x2 max-pooling, then two dense layers.

    On 28x28x1 with the defaults it has 57,418 parameters. The two orders of pooling hold the same weights in the same
    order, so `a.set_weights(b.get_weights())` carries them from one to the other. ParameterError for `normalize`
    without `pool_first`.
    """
    import keras
    from keras import layers

    _check_size(input_shape, padding)
    if normalize and not pool_first:
        raise ParameterError("normalize needs pool_first", expected="both, or neither", received="normalize alone")
    inputs = keras.Input(input_shape, name="picture")
    x = inputs
    for number, width in enumerate(filters, 1):
        if pool_first:
            x = layers.Conv2D(width, KERNEL, padding=padding, use_bias=False, name=f"conv{number}")(x)
            x = layers.MaxPooling2D(POOL, name=f"pool{number}")(x)
            x = _activated(x, number, normalize)
        else:
            x = layers.Conv2D(width, KERNEL, padding=padding, activation="relu", name=f"conv{number}")(x)
            x = layers.MaxPooling2D(POOL, name=f"pool{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(dense, activation="relu", name="dense")(x)
    # probabilities stay float32 whatever the policy: bfloat16 has three significant digits
    x = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(inputs, x, name="cnn3")


def _activated(x: Any, number: int, normalize: bool) -> Any:
    """Bias and ReLU; or batch normalization in the bias's place, whose scale is fixed: it so keeps the order of values."""
    from keras import layers

    from sightline.models.layers import BiasRelu, FusedNorm

    if not normalize:
        return BiasRelu(name=f"bias_relu{number}")(x)
    return layers.ReLU(name=f"relu{number}")(FusedNorm(momentum=MOMENTUM, scale=False, name=f"norm{number}")(x))


def without_normalization(network: keras.Model) -> list[NDArray[np.float32]]:
    """The weights, for the form without `normalize`, that give what `network` gives when it does not train.

    Every kernel takes the division by the deviation over, every bias what is left of the mean.
    """
    from sightline.models.layers import FusedNorm

    weights: list[NDArray[np.float32]] = []
    for layer in network.layers:
        arrays = layer.get_weights()
        if isinstance(layer, FusedNorm):
            beta, mean, variance = arrays
            deviation = np.sqrt(variance + np.float32(layer.epsilon))
            weights[-1] = weights[-1] / deviation
            arrays = [beta - mean / deviation]
        weights += arrays
    return weights


def _check_size(input_shape: tuple[int, int, int], padding: str) -> None:
    """Refuse a picture of which the three poolings would leave nothing."""

    def left(side: int) -> int:
        for _ in range(POOLINGS):
            side = (side - (KERNEL - 1 if padding == "valid" else 0)) // POOL
        return side

    if min(left(input_shape[0]), left(input_shape[1])) < 1:
        smallest = next(side for side in range(1, 64) if left(side) >= 1)
        raise ParameterError(
            f"pictures too small for cnn3's three poolings with {padding} padding",
            expected=f"at least {smallest} x {smallest} px",
            received=f"{input_shape[0]} x {input_shape[1]} px",
            fix="Use larger pictures (--size, or the pipeline's), or --set padding=same."
            if padding == "valid"
            else "Use larger pictures (--size, or the pipeline's).",
        )
