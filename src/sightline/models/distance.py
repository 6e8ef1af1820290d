"""How far a picture lies from those a network was trained on, by what its layers see.

Lee et al., "A Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial Attacks" (NeurIPS 2018): one
Gaussian for each class, all of one covariance, over the features of several layers; a picture's distance is that to the
nearest class. A softmax must divide its probability among the labels, so that it is often sure of a picture of none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras

__all__ = ["Gaussians", "fit_gaussians", "measure_features", "with_distance"]

BATCH = 500
MOST_PICTURES = 20_000
"""A covariance of some hundred features needs no more."""
MOST_FEATURES = 640
ROUNDING = 1e-4  # added to a variance: that of a blank picture is nothing but rounding errors
SMALLEST = 1e-12  # a variance, where all pictures are one
FLOOR = 1e-6  # of the mean variance: a feature that is always zero has none of its own


@dataclass(frozen=True, eq=False)
class Gaussians:
    """Normal distributions of features, one a class, of one covariance.

    `whitening` float64 `(D, D)`: `(features - mean) @ whitening` has covariance 1 within each class. `mean` float64 `(D,)`.
    `centers` float64 `(classes that occur, D)`, in the whitened space.
    """

    whitening: NDArray[np.float64]
    mean: NDArray[np.float64]
    centers: NDArray[np.float64]

    def distances(self, features: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """The Mahalanobis distance to the nearest class, divided by the root of D: float64 `(N,)`, about 1 for usual pictures."""
        whitened = (features.astype(np.float64) - self.mean) @ self.whitening
        squares = [((whitened - center) ** 2).mean(axis=1) for center in self.centers]
        return np.asarray(np.sqrt(np.min(squares, axis=0)))


def fit_gaussians(features: NDArray[np.floating[Any]], labels: NDArray[np.int64]) -> Gaussians:
    """Fit to features `(N, D)` with labels `(N,)`. The covariance is shrunk as Ledoit and Wolf (2004) do: N may be small.

    >>> random = np.random.default_rng(0)
    >>> known = random.normal(size=(2000, 3)) * [1, 5, 0.2]
    >>> fit_gaussians(known, np.zeros(2000, np.int64)).distances(np.array([[0, 0, 0], [3, 0, 0], [0, 15, 0]])).round().tolist()
    [0.0, 2.0, 2.0]
    """
    from sklearn.covariance import ledoit_wolf

    exact = features.astype(np.float64)
    present, places = np.unique(labels, return_inverse=True)
    centers = np.stack([exact[places == place].mean(axis=0) for place in range(len(present))])
    covariance: NDArray[np.float64] = ledoit_wolf(exact - centers[places], assume_centered=True)[0]
    floor = max(FLOOR * float(np.trace(covariance)) / len(covariance), SMALLEST)
    precision = np.linalg.inv(covariance + floor * np.eye(len(covariance)))
    whitening = np.linalg.cholesky(precision).astype(np.float64)
    mean = centers.mean(axis=0)
    return Gaussians(whitening, mean, (centers - mean) @ whitening)


def measure_features(
    model: keras.Model, pictures: NDArray[np.uint8], *, most: int = MOST_PICTURES, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """What the layers of `model` see in pictures uint8 `(N, H, W, C)`: features `(M, D)`, and which M pictures these are.

    Of more than `most` pictures so many are drawn by `seed`; `model` is plain, of one input and one branch's end.
    """
    import keras

    chosen = np.arange(len(pictures), dtype=np.intp)
    if len(pictures) > most:
        chosen = np.sort(np.random.default_rng(seed).choice(len(pictures), most, replace=False)).astype(np.intp)
    network = keras.Model(model.input, _features(model))
    parts = [
        np.asarray(network.predict_on_batch(pictures[chosen[start : start + BATCH]].astype(np.float32) / np.float32(255)))
        for start in range(0, len(chosen), BATCH)
    ]
    return np.concatenate(parts), chosen


def with_distance(model: keras.Model, gaussians: Gaussians) -> keras.Model:
    """`model` with a second output after its probabilities: the distances of `Gaussians.distances`, float32 `(N,)`."""
    import keras
    from keras import layers, ops

    whitening, centers = gaussians.whitening, gaussians.centers
    features = _features(model)
    whiten = layers.Dense(len(whitening), dtype="float32", name="whiten")
    whitened = whiten(features)
    whiten.set_weights([whitening, -gaussians.mean @ whitening])
    # |z - c|^2 = |z|^2 - 2 z c + |c|^2, so that nothing of the size N x classes x D is made
    compare = layers.Dense(len(centers), dtype="float32", name="compare")
    compared = compare(whitened)
    compare.set_weights([-2 * centers.T, (centers**2).sum(axis=1)])
    squares = ops.sum(ops.square(whitened), axis=1) + ops.min(compared, axis=1)
    distances = ops.sqrt(ops.maximum(squares, 0.0) / len(whitening))
    return keras.Model(model.input, [model.output, distances])


def _features(model: keras.Model) -> Any:
    """Mean and deviation of each channel over its places at the last layer of every scale, and what the last layer reads.

    The shape is `(N, D)`. A new scale begins where the picture's shorter side has halved; maps of one pixel are left out, they are
    close to the last layer's input. The deviation tells a blank picture from one of few strokes; of the first scale, by far the
    largest, it would take as long as all the rest, and the mean is of what a max-pooling leaves of it. Of a wide network only the
    last scales count, as many as there is room for: the covariance of more would be larger than the network.
    """
    from keras import layers, ops

    def mean(values: Any, what: str) -> Any:
        return layers.GlobalAveragePooling2D(dtype="float32", name=what)(values)

    last = model.layers[-1].input
    room = MOST_FEATURES - last.shape[-1]
    found: list[Any] = []
    # written with plain means only: tf2onnx turns other reductions into a graph that depends on its hashes
    for number, values in reversed(list(enumerate(_maps(model)))):
        room -= values.shape[-1] * (2 if number else 1)
        if room < 0:
            break
        average = mean(values, f"mean{number}")
        spread = []
        if number:
            variance = mean(ops.square(values), f"square{number}") - ops.square(average)
            spread = [ops.sqrt(ops.maximum(variance, 0.0) + ROUNDING)]
        found = [average, *spread, *found]
    return layers.Concatenate(dtype="float32", name="features")([*found, last]) if found else last


def _maps(model: keras.Model) -> list[Any]:
    from keras import layers

    kept: list[Any] = []
    start = 0
    for layer in model.layers[1:]:
        values = layer.output
        side = min(values.shape[1:3]) if len(values.shape) == 4 else 1
        if side < 2:
            continue
        if kept and 2 * side > start:
            kept[-1] = values
        else:
            if len(kept) == 1 and isinstance(layer, layers.MaxPooling2D):
                kept = [values]
            kept.append(values)
            start = side
    return kept
