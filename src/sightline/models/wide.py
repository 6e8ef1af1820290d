"""A wide residual network: the shape of the best published results on small pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Interval
from typing_extensions import Doc

from sightline.errors import ParameterError
from sightline.models.registry import Classes, InputShape, model
from sightline.models.residual import MOMENTUM

if TYPE_CHECKING:
    import keras

__all__ = ["wide"]

GROUPS = (16, 32, 64)  # kernels of the three groups at a width of 1
LEAST = 8  # px: two halvings leave 2


@model
def wide(
    *,
    input_shape: InputShape = (28, 28, 1),
    classes: Classes = 10,
    depth: Annotated[int, Interval(ge=10, le=100), Doc("Layers with weights one after the other: 10, 16, 22, 28 ...")] = 16,
    width: Annotated[int, Interval(ge=1, le=20), Doc("How many times 16, 32 and 64 kernels")] = 4,
) -> keras.Model:
    """A wide residual network, WRN-16-4 by default: much arithmetic, made for a GPU or a long run.

    S. Zagoruyko and N. Komodakis, "Wide Residual Networks" (arXiv:1605.07146), without dropout: three groups of blocks, each of
    two convolutions that follow batch normalization and ReLU; the second and the third group halve the picture. WRN-28-10, the
    paper's best, is `depth=28, width=10`.
    """
    import keras
    from keras import layers

    if (depth - 4) % 6:
        raise ParameterError("invalid depth of wide", expected="10, 16, 22, 28 ... (6 n + 4)", received=str(depth))
    if min(input_shape[:2]) < LEAST:
        raise ParameterError(
            "pictures too small for wide's two halvings",
            expected=f"at least {LEAST} x {LEAST} px",
            received=f"{input_shape[0]} x {input_shape[1]} px",
            fix="Use larger pictures (--size, or the pipeline's).",
        )
    picture = keras.Input(input_shape, name="picture")
    x = _convolution(GROUPS[0], "first")(picture)
    for group, kernels in enumerate(GROUPS, 1):
        for block in range(1, (depth - 4) // 6 + 1):
            stride = 2 if group > 1 and block == 1 else 1
            x = _block(x, kernels * width, stride, f"group{group}_block{block}")
    x = layers.GlobalAveragePooling2D(name="pool")(_activated(x, "last"))
    # probabilities stay float32 whatever the policy: bfloat16 has three significant digits
    x = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(picture, x, name="wide")


def _block(x: Any, kernels: int, stride: int, name: str) -> Any:
    """Two convolutions beside a shortcut, which is a convolution of 1x1 where the shape changes."""
    from keras import layers

    active = _activated(x, f"{name}a")
    branch = _convolution(kernels, f"{name}a", stride=stride)(active)
    branch = _convolution(kernels, f"{name}b")(_activated(branch, f"{name}b"))
    if stride > 1 or x.shape[-1] != kernels:
        x = _convolution(kernels, f"{name}_shortcut", side=1, stride=stride)(active)
    return layers.Add(name=f"{name}_sum")([x, branch])


def _activated(x: Any, name: str) -> Any:
    from keras import layers

    from sightline.models.layers import FusedNorm

    return layers.ReLU(name=f"{name}_relu")(FusedNorm(momentum=MOMENTUM, name=f"{name}_norm")(x))


def _convolution(kernels: int, name: str, *, side: int = 3, stride: int = 1) -> Any:
    from keras import layers

    start = "he_normal"  # as the paper draws its first weights
    return layers.Conv2D(kernels, side, stride, padding="same", use_bias=False, kernel_initializer=start, name=name)
