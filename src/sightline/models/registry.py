"""The `@model` and `@backbone` decorators and the table of architectures."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from annotated_types import Interval, Unit
from typing_extensions import Doc

from sightline.params import Parameters
from sightline.registry import Registry

if TYPE_CHECKING:
    import keras

__all__ = ["MODELS", "Architecture", "Classes", "InputShape", "WeightsFile", "backbone", "model", "model_that_sees"]

F = TypeVar("F", bound=Callable[..., Any])

Side = Annotated[int, Interval(ge=1, le=4096)]
InputShape = Annotated[
    tuple[Side, Side, Annotated[int, Interval(ge=1, le=4)]], Unit("px"), Doc("Height, width and channels of a picture")
]
Classes = Annotated[int, Interval(ge=2, le=100_000), Doc("Number of labels")]


@dataclass(frozen=True)
class WeightsFile:
    """Published weights: where the HDF5 file is, and the MD5 that Keras checks it by."""

    url: str
    md5: str

    @property
    def name(self) -> str:
        """The file's name."""
        return self.url.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Architecture:
    """A registered architecture: its builder and the builder's checked keyword parameters.

    `imagenet`, of a backbone, names the published weights for checked arguments; ParameterError if there are none for them. They
    are those of all layers before the one called `pool`, in the order of `keras.applications`.

    `sees` says, for checked arguments, how many rows and columns of a picture the network looks at; None: at all of them.
    """

    name: str
    function: Callable[..., keras.Model]
    parameters: Parameters
    imagenet: Callable[[Mapping[str, Any]], WeightsFile] | None = None
    sees: Callable[[Mapping[str, Any]], tuple[int, int]] | None = None

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.function) or "").split("\n", 1)[0]

    def arguments(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Check `values`, fill in defaults; ParameterError names what does not fit."""
        return self.parameters.parse(values)

    def build(self, arguments: Mapping[str, Any]) -> keras.Model:
        """Build the network, float in [0, 1] `(N, H, W, C)` to probabilities `(N, classes)`, under Keras's current dtype policy."""
        return self.function(**self.arguments(arguments))


MODELS: Registry[Architecture] = Registry("model")
"""Every architecture by name."""


def model(function: F) -> F:
    """File the builder of an architecture in `MODELS` under its own name."""
    MODELS.add(function.__name__, Architecture(function.__name__, function, Parameters(function)))
    return function


def model_that_sees(sees: Callable[[Mapping[str, Any]], tuple[int, int]]) -> Callable[[F], F]:
    """File a builder as `model` does, of a network that looks at no more of a picture than `sees` says."""

    def add(function: F) -> F:
        MODELS.add(function.__name__, Architecture(function.__name__, function, Parameters(function), sees=sees))
        return function

    return add


def backbone(imagenet: Callable[[Mapping[str, Any]], WeightsFile]) -> Callable[[F], F]:
    """File a builder as `model` does, with the weights that are published for it."""

    def add(function: F) -> F:
        MODELS.add(function.__name__, Architecture(function.__name__, function, Parameters(function), imagenet))
        return function

    return add
