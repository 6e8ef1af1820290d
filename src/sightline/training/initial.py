"""The weights a training begins with: ImageNet's, those of a model of our own, or (nothing to do here) random ones."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import load_weights
from sightline.bundle.manifest import load_manifest
from sightline.data.download import PATIENCE, DownloadError, Progress, download
from sightline.data.sources import CACHE_VARIABLE, cache_folder
from sightline.errors import ParameterError, SourceError, StorageError
from sightline.files import write_bytes
from sightline.models import MODELS, WeightsFile

if TYPE_CHECKING:
    import keras

__all__ = ["Learnt", "adopt", "fetch_weights", "imagenet_file", "learnt_weights", "load_imagenet"]

LIMIT = 1 << 29  # bytes of a weights file; the largest we know has 90 MiB
RANDOM = "Begin at random with --weights none"


@dataclass(frozen=True)
class Learnt:
    """What another model has learnt: its arrays by name (`conv1/kernel`), for pictures in [0, 1].

    `fingerprint`: that of the data it was trained on. `input_shape`: (H, W, C) of the pictures.
    """

    name: str
    fingerprint: str
    labels: tuple[str, ...]
    input_shape: tuple[int, int, int]
    arrays: Mapping[str, NDArray[np.float32]]


def imagenet_file(model: str, arguments: Mapping[str, Any]) -> WeightsFile:
    """The published weights of an architecture with these (unchecked) arguments; ParameterError if there are none."""
    architecture = MODELS.get(model)
    if architecture.imagenet is None:
        having = ", ".join(each.name for each in MODELS if each.imagenet)
        raise ParameterError(
            f"there are no ImageNet weights for {model}", expected=f"one of {having}", fix=f"Choose another --model. {RANDOM}."
        )
    return architecture.imagenet(architecture.arguments(arguments))


def fetch_weights(file: WeightsFile, progress: Progress | None = None, *, patience: float = PATIENCE) -> Path:
    """Where `file` lies: in our cache or Keras's own, or else downloaded into ours. It is opened by nobody before its MD5 is right.

    `patience`: seconds the server may take to begin. SourceError says how to do without a network; nothing is left behind.
    """
    own = cache_folder() / "weights" / file.name
    keras_home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    for path in (own, keras_home / "models" / file.name):
        if _md5(path) == file.md5:
            return path
    fix = f"Connect to a network and try again, or put the file at {str(own)!r} by hand. {RANDOM}."
    try:
        content = download(file.url, LIMIT, progress, patience)
    except DownloadError as error:
        there = " and the file in the cache has another MD5" if own.exists() else ""
        raise SourceError(
            f"cannot get the weights {file.name!r}", expected=f"to read {file.url}", received=f"{error}{there}", fix=fix
        ) from error
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found != file.md5:
        raise SourceError(f"{file.url} sends other weights than are published", expected=f"MD5 {file.md5}", received=found, fix=fix)
    try:
        write_bytes(own, content)
    except StorageError as error:
        raise StorageError(error.problem, fix=f"Free some space, or set {CACHE_VARIABLE} to a folder with room.") from error
    return own


def _md5(path: Path) -> str | None:
    """The MD5 of a file; None if there is none to read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError:
        return None


def load_imagenet(network: keras.Model, path: Path) -> str:
    """Put the weights of a checked HDF5 file into all layers before the one called `pool`, and say so."""
    import keras

    body = keras.Model(network.inputs, network.get_layer("pool").input)
    try:
        body.load_weights(path)  # an HDF5 file of weights holds arrays only
    except (ValueError, OSError, KeyError) as error:
        raise SourceError(f"the weights {path.name!r} do not fit {network.name}: {str(error)[:200]}") from error
    return f"Weights: ImageNet's in {len(body.weights)} of {len(network.weights)} arrays; the output layer begins at random"


def learnt_weights(folder: str | Path) -> Learnt:
    """What the model of a bundle has learnt; BundleError."""
    manifest = load_manifest(folder)
    arrays = {key.partition(":")[2]: array for key, array in load_weights(folder).items()}
    return Learnt(manifest.name, manifest.dataset.fingerprint, manifest.labels, manifest.input_shape, arrays)


def adopt(network: keras.Model, learnt: Learnt, labels: tuple[str, ...]) -> tuple[list[str], str]:
    """Take over every layer whose arrays are there under its name and fit; their names, and a sentence on it.

    The output layer is taken only where the labels are the same. A first convolution of gray pictures gives each of three colours
    a third of its kernel, and of colour ones gray their sum, so that a gray picture means the same to either. ParameterError when
    nothing fits.
    """
    layers = [layer for layer in network.layers if layer.weights]
    taken: list[str] = []
    count = 0
    for layer in layers:
        names = [weight.path.removeprefix(f"{network.name}/") for weight in layer.weights]
        arrays = [
            _fitted(learnt.arrays.get(name), tuple(weight.shape), first=layer is layers[0])
            for name, weight in zip(names, layer.weights, strict=True)
        ]
        fitting = [array for array in arrays if array is not None]
        if len(fitting) == len(names) and not (layer is layers[-1] and learnt.labels != labels):
            layer.set_weights(fitting)
            taken.append(layer.name)
            count += len(fitting)
    if not taken:
        raise ParameterError(
            f"no layer of {learnt.name!r} fits the network",
            expected=", ".join(f"{layer.name} {tuple(layer.weights[0].shape)}" for layer in layers[:3]),
            received=", ".join(f"{name} {array.shape}" for name, array in list(learnt.arrays.items())[:3]),
            fix=f"Choose the same --model and --set as it has. {RANDOM}.",
        )
    new = [layer.name for layer in layers if layer.name not in taken]
    text = f"Weights: {count} of {len(network.weights)} arrays from {learnt.name!r}: {_some(taken)}"
    return taken, text + (f"; at random: {_some(new)}" if new else "")


def _fitted(array: NDArray[np.float32] | None, shape: tuple[int, ...], *, first: bool) -> NDArray[np.float32] | None:
    """The array as it fits `shape`: as it is, in the first layer also between gray and colour; None if it does not."""
    if array is None or array.shape == shape:
        return array
    if first and array.ndim == len(shape) == 4 and array.shape[:2] + array.shape[3:] == shape[:2] + shape[3:]:
        if (array.shape[2], shape[2]) == (1, 3):
            return np.repeat(array / np.float32(3), 3, axis=2)
        if (array.shape[2], shape[2]) == (3, 1):
            return np.asarray(array.sum(axis=2, keepdims=True), np.float32)
    return None


def _some(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 6 else f"{', '.join(names[:3])} ... {names[-1]} ({len(names)} layers)"
