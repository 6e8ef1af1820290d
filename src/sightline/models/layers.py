"""Keras layers of our own. Importing this module loads Keras."""

from __future__ import annotations

from typing import Any

import keras

__all__ = ["BiasRelu", "FusedNorm"]


class BiasRelu(keras.layers.Layer):  # type: ignore[misc]
    """Add a bias to each channel, then ReLU: what a convolution with `activation="relu"` does after its kernel."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the bias, `(channels,)`, zeros at first."""
        self.bias = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="bias")

    def call(self, inputs: Any) -> Any:
        """`(N, H, W, C)` to the same shape."""
        return keras.ops.relu(inputs + self.bias)


class FusedNorm(keras.layers.BatchNormalization):  # type: ignore[misc]
    """Keras's batch normalization; in training on TensorFlow in one fused kernel, which goes over the values less often.

    Weights, statistics and what it computes are those of the base class, but that the moving variance is the unbiased one.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """`(N, H, W, C)` to the same shape."""
        if not training or not self.trainable or keras.backend.backend() != "tensorflow":
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        none = tf.constant([], tf.float32)
        result, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma.value if self.scale else tf.ones_like(self.beta.value),
            offset=self.beta.value,
            mean=none,
            variance=none,
            epsilon=self.epsilon,
            is_training=True,
        )
        kept = self.momentum
        self.moving_mean.assign(self.moving_mean * kept + mean * (1 - kept))
        self.moving_variance.assign(self.moving_variance * kept + variance * (1 - kept))
        return result
