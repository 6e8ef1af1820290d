"""The first layer of a network set to whiten the training pictures' patches: Page's and Jordan's way to learn faster.

D. Page, "How to Train Your ResNet" 8 (2019); K. Jordan, airbench (arXiv:2404.00498). The kernels are the eigenvectors of the
covariance of patches, each divided by the square root of its eigenvalue, and the same with the other sign: what comes out is
uncorrelated and of variance 1, so that the layers behind it learn all directions of a patch at one speed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sightline.models.residual import WHITENING

if TYPE_CHECKING:
    import keras

__all__ = ["whiten", "whitening_of"]

PICTURES = 1000
PATCHES = 1_000_000  # enough for a covariance of some dozen values
FEWEST = 50  # pictures, however large
TOGETHER = 1 << 24  # numbers of patches that are in memory at a time
SMALLEST = 5e-4  # added to eigenvalues, as in airbench: directions that hardly vary are noise, and are not blown up


def whiten(network: keras.Model, pictures: NDArray[np.uint8], seed: int) -> None:
    """Set the whitening layer of `network`, if it has one, and the bias behind it, by `pictures` `(N, H, W, C)`."""
    named = {layer.name: layer for layer in network.layers}
    if WHITENING not in named:
        return
    most = min(PICTURES, max(FEWEST, PATCHES // (pictures.shape[1] * pictures.shape[2])))
    some = np.random.default_rng(seed).permutation(len(pictures))[:most]
    kernel, bias = whitening_of(pictures[some].astype(np.float32) / np.float32(255), named[WHITENING].kernel.shape[0])
    named[WHITENING].set_weights([kernel])
    named[f"{WHITENING}_relu"].set_weights([bias])


def whitening_of(pictures: NDArray[np.float32], side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The kernel `(side, side, C, 2 n)` and bias `(2 n,)` that whiten all patches of `pictures`, n being the values of one."""
    channels = pictures.shape[-1]
    values = side * side * channels
    total, products, count = np.zeros(values), np.zeros((values, values)), 0
    views = np.lib.stride_tricks.sliding_window_view(pictures, (side, side), axis=(1, 2))  # (N, h, w, C, side, side)
    step = max(1, TOGETHER // (views[0].size))
    for start in range(0, len(views), step):
        patches = np.moveaxis(views[start : start + step], 3, 5).reshape(-1, values)
        total += patches.sum(axis=0, dtype=np.float64)
        products += patches.T @ patches
        count += len(patches)
    mean = total / count
    covariance = products / count - np.outer(mean, mean)
    variances, vectors = np.linalg.eigh(covariance)
    directions = vectors / np.sqrt(np.maximum(variances, 0) + SMALLEST)
    both = np.concatenate([directions, -directions], axis=1)
    return both.reshape(side, side, channels, -1).astype(np.float32), (-mean @ both).astype(np.float32)
