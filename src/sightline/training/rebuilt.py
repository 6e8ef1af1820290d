"""The Keras network of a bundle, built anew from the registry with the weights that the bundle holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sightline.bundle import load_network
from sightline.training.backend import dtype_policy, load_keras
from sightline.training.config import Recipe

if TYPE_CHECKING:
    import keras

__all__ = ["rebuild"]


def rebuild(bundle: str | Path) -> keras.Model:
    """The network of a bundle as a float32 `keras.Model`, pictures `(N, H, W, C)` in [0, 1] to probabilities.

    InputError where Keras cannot load, and what `load_network` raises.
    """
    load_keras()
    with dtype_policy(Recipe()):
        return load_network(bundle)
