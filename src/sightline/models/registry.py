"""The `@model` decorator and the table of architectures."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sightline.params import Parameters
from sightline.registry import Registry

if TYPE_CHECKING:
    import keras

__all__ = ["MODELS", "Architecture", "model"]

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Architecture:
    """A registered architecture: its builder and the builder's checked keyword parameters."""

    name: str
    function: Callable[..., keras.Model]
    parameters: Parameters

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
