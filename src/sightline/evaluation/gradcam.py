"""Grad-CAM: where the last feature maps of a Keras network speak for a label. Keras is loaded when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sightline.errors import InputError, ParameterError
from sightline.evaluation.explanation import Explanation, index_of
from sightline.image import Image

if TYPE_CHECKING:
    import keras

__all__ = ["check_network", "grad_cam", "weighted_map"]


def grad_cam(model: keras.Model, picture: NDArray[np.uint8], labels: tuple[str, ...], label: str | None = None) -> Explanation:
    """Where the last convolution of `model` speaks for a label (Selvaraju et al. 2017, equations 1 and 2).

    `picture`: prepared, uint8 `(H, W, C)`; the model takes it in [0, 1]. `label`: the predicted one if not given. The score that
    is derived is the one before the softmax. The map is enlarged bilinearly and divided by its largest value; it is zero
    throughout where nothing speaks for the label. ParameterError for a network without a convolution or with an end other than
    a softmax over the classes; InputError for a backend other than TensorFlow, JAX and PyTorch.
    """
    whole = picture[..., None] if picture.ndim == 2 else picture
    inputs = np.divide(whole[None], np.float32(255), dtype=np.float32)
    probabilities = np.asarray(model(inputs, training=False), np.float32)[0]
    best = int(probabilities.argmax())
    index = best if label is None else index_of(labels, label)
    maps, slopes = _maps_and_slopes(model, inputs, index)
    coarse = weighted_map(maps, slopes)
    return Explanation(
        picture=whole[..., 0] if whole.shape[2] == 1 else whole,
        map=_enlarged(coarse, whole.shape[:2]),
        label=labels[index],
        probability=float(probabilities[index]),
        predicted=labels[best],
        method="grad-cam",
    )


def weighted_map(maps: NDArray[np.float32], slopes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Feature maps `(h, w, K)` added up, each weighed by the mean of the score's slopes along it; what is negative is cut off.

    >>> maps = np.array([[[1.0, 0.0], [0.0, 2.0]]], np.float32)  # 1 x 2 places, 2 maps
    >>> weighted_map(maps, np.array([[[3.0, -1.0], [1.0, -1.0]]], np.float32)).tolist()
    [[2.0, 0.0]]
    """
    weights = slopes.mean(axis=(0, 1))
    return np.asarray(np.maximum(maps @ weights, 0), np.float32)


def _enlarged(coarse: NDArray[np.float32], shape: tuple[int, ...]) -> Image:
    fine = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    most = float(fine.max())
    return np.asarray(fine / most if most > 0 else fine, np.float32)


def _maps_and_slopes(model: keras.Model, inputs: NDArray[np.float32], index: int) -> tuple[Any, Any]:
    """The last convolution's feature maps `(h, w, K)` for one picture, and how the score rises with each of their values."""
    shifted, shift = _with_shift(model)
    maps, _ = shifted(inputs, training=False)
    slopes = _slopes(shifted, shift, inputs, index)
    return np.asarray(maps, np.float32)[0], np.asarray(slopes, np.float32)[0]


def _with_shift(model: keras.Model) -> tuple[keras.Model, Any]:
    """A copy of `model` that gives feature maps and scores, and a variable of zeros that it adds to the maps.

    Along the zeros the score rises as along the maps; but they are the model's own, and so every backend can derive by them,
    whatever way the network takes around its last convolution.
    """
    import keras

    class Shift(keras.layers.Layer):  # type: ignore[misc]
        def build(self, shape: tuple[int | None, ...]) -> None:
            self.zeros = self.add_weight(shape=(1, *shape[1:]), initializer="zeros", name="zeros")

        def call(self, maps: Any) -> Any:
            return maps + self.zeros

    last, end = check_network(model), model.layers[-1]
    shift, held = Shift(dtype="float32"), {}

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        if layer.name == end.name:
            held["scores"] = _before_softmax(layer, *args)
        result = layer(*args, **kwargs)
        if layer.name == last:
            result = held["maps"] = shift(result)
        return result

    functional = keras.Model(model.inputs[0], model.outputs[0])  # a Sequential one cannot be copied step by step
    copy = keras.models.clone_model(functional, call_function=call)
    for layer in (layer for layer in model.layers if layer.weights):
        copy.get_layer(layer.name).set_weights(layer.get_weights())
    scores = held["scores"]
    if isinstance(scores, tuple):  # a dense layer without its softmax has the weights of the one it stands for
        scores, plain = scores
        plain.set_weights(end.get_weights())
    return keras.Model(copy.inputs[0], [held["maps"], scores]), shift.zeros


def check_network(model: keras.Model) -> str:
    """The name of the last convolution of a network that `grad_cam` can read; ParameterError for one that it cannot."""
    from keras import activations, layers

    convolutions = [layer.name for layer in model.layers if _is_convolution(layer)]
    if not convolutions:
        raise ParameterError("Grad-CAM needs a network with a convolution", received=model.name, fix="Use occlusion.")
    end = model.layers[-1]
    activation = getattr(end, "activation", None)
    if not isinstance(end, layers.Softmax) and activation is not activations.softmax:
        raise ParameterError("Grad-CAM needs the scores before a softmax", received=f"{end.name} at the end", fix="Use occlusion.")
    return str(convolutions[-1])


def _is_convolution(layer: Any) -> bool:
    from keras import layers

    return isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D | layers.SeparableConv2D) and len(layer.output.shape) == 4


def _before_softmax(layer: Any, inputs: Any) -> Any:
    """The scores that the last layer makes probabilities of; with the layer that computes them where there is one."""
    from keras import layers

    if isinstance(layer, layers.Softmax | layers.Activation):
        return inputs
    plain = type(layer).from_config({**layer.get_config(), "activation": "linear", "name": "scores"})
    return plain(inputs), plain


def _slopes(model: keras.Model, variable: Any, inputs: NDArray[np.float32], index: int) -> Any:
    """How the score `index` of the model's second output rises with each value of one of its variables."""
    import keras

    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            score = model(inputs, training=False)[1][0, index]
        return tape.gradient(score, variable.value)
    if backend == "jax":
        import jax  # an extra

        def score_at(value: Any) -> Any:
            with keras.StatelessScope(state_mapping=[(variable, value)]):
                return model(inputs, training=False)[1][0, index]

        return jax.grad(score_at)(variable.value)
    if backend == "torch":
        score = model(inputs, training=False)[1][0, index]
        score.backward()
        return variable.value.grad.detach().cpu()
    raise InputError(f"Grad-CAM cannot derive with Keras on {backend}", fix="Use occlusion, or set KERAS_BACKEND=tensorflow.")
