"""The Keras network of a bundle, built anew from the registry with the weights that the bundle holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sightline.bundle import load_manifest, load_weights
from sightline.errors import BundleError
from sightline.models import MODELS
from sightline.training.backend import dtype_policy, load_keras
from sightline.training.config import Recipe

if TYPE_CHECKING:
    import keras

__all__ = ["rebuild"]


def rebuild(bundle: str | Path) -> keras.Model:
    """The network of a bundle as a float32 `keras.Model`, pictures `(N, H, W, C)` in [0, 1] to probabilities.

    UnknownNameError or ParameterError for an architecture that is not registered here, or no longer with these arguments;
    BundleError for weights that do not fit it; InputError where Keras cannot load.
    """
    architecture = load_manifest(bundle).architecture
    builder = MODELS.get(architecture.name)
    weights = list(load_weights(bundle).values())
    arguments = builder.arguments(architecture.arguments)
    load_keras()
    with dtype_policy(Recipe()):
        network = builder.build(arguments)
    try:
        network.set_weights(weights)
    except ValueError as error:
        raise BundleError(
            f"the weights of bundle {str(bundle)!r} do not fit {architecture.name}", received=str(error).splitlines()[0][:200]
        ) from None
    return network
