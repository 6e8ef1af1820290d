"""Pictures of mean 0 and deviation 1 for training, and a network that does without them afterwards."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras

__all__ = ["RAW", "Standard", "foldable", "folded", "standard_of"]


class Standard(NamedTuple):
    """Mean and standard deviation of the training pixels, in units of white: `(x / 255 - mean) / deviation`."""

    mean: float
    deviation: float

    @property
    def inverse(self) -> Standard:
        """What undoes it: `folded` by the inverse gives the weights for standardized pictures."""
        return Standard(-self.mean / self.deviation, 1 / self.deviation)


RAW = Standard(0.0, 1.0)
PART = 1 << 22  # values that are counted at a time


def standard_of(pictures: NDArray[np.uint8]) -> Standard:
    """The mean and deviation of all pixels of `pictures`, uint8 `(N, H, W, C)`.

    >>> standard_of(np.array([0, 255], np.uint8).reshape(1, 1, 2, 1))
    Standard(mean=0.5, deviation=0.5)
    """
    step = max(1, PART // max(1, math.prod(pictures.shape[1:])))
    parts = (pictures[start : start + step] for start in range(0, len(pictures), step))
    # exact, and part by part: `bincount` makes a copy of eight times the bytes
    counts = np.sum([np.bincount(part.reshape(-1), minlength=256) for part in parts], axis=0)
    values = np.arange(256) / 255
    mean = float((counts * values).sum() / counts.sum())
    deviation = float(np.sqrt((counts * (values - mean) ** 2).sum() / counts.sum()))
    return Standard(mean, max(deviation, 1e-3))


def foldable(network: keras.Model, *, normalized: bool = False) -> bool:
    """Whether the first layer is a convolution that can take standardization over.

    With zeros put around the picture it cannot, zero being the mean; nor can it where something else reads the picture too, or
    where it has no bias, be it after a pooling. `normalized`: that normalization stands in the bias's place until training is over.
    """
    import keras

    from sightline.models.layers import BiasRelu, FusedNorm

    first, *others = [layer for layer in network.layers if layer.weights]
    plain = type(first) is keras.layers.Conv2D and first.padding == "valid" and first.data_format == "channels_last"
    if not plain or _readers(network) != [first]:
        return False
    return first.use_bias or (bool(others) and isinstance(others[0], (BiasRelu, FusedNorm) if normalized else BiasRelu))


def _readers(network: keras.Model) -> list[keras.layers.Layer]:
    """The layers that read the picture itself."""
    picture = network.inputs[0]

    def reads(layer: keras.layers.Layer) -> bool:
        given = layer.input if isinstance(layer.input, (list, tuple)) else [layer.input]
        return any(one is picture for one in given)

    return [layer for layer in network.layers if layer.output is not picture and reads(layer)]


def folded(weights: list[NDArray[Any]], standard: Standard) -> list[NDArray[Any]]:
    """The weights that do on raw pictures what `weights` do on standardized ones.

    A first layer k . (x - m) / s + b is (k / s) . x + (b - m / s * sum(k)). `foldable` says of which networks that holds.
    """
    if standard == RAW:
        return weights
    kernel, bias, *rest = weights
    scaled = kernel / np.float32(standard.deviation)
    shift = np.float32(standard.mean) * scaled.sum(axis=tuple(range(scaled.ndim - 1)))
    return [scaled, bias - shift, *rest]
