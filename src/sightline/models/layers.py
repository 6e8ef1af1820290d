"""Keras layers of our own. Importing this module loads Keras."""

from __future__ import annotations

from typing import Any

import keras

__all__ = ["BiasRelu"]


class BiasRelu(keras.layers.Layer):  # type: ignore[misc]
    """Add a bias to each channel, then ReLU: what a convolution with `activation="relu"` does after its kernel."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the bias, `(channels,)`, zeros at first."""
        self.bias = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="bias")

    def call(self, inputs: Any) -> Any:
        """`(N, H, W, C)` to the same shape."""
        return keras.ops.relu(inputs + self.bias)
