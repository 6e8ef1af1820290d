"""The `@op` decorator: one typed function becomes an operation that every face knows."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal, TypeVar, cast

from sightline.image import Image, check_image
from sightline.params import Parameters
from sightline.registry import Registry

__all__ = ["OPS", "Group", "Op", "op"]

Group = Literal[
    "create", "geometry", "color", "arithmetic", "filters", "histogram", "threshold", "morphology", "edges", "draw", "repair"
]
F = TypeVar("F", bound=Callable[..., Image])


@dataclass(frozen=True)
class Op:
    """An operation: a plain function from image to image that never changes its input, and what it takes.

    `dtypes` and `channels` are those it accepts; `parameters` its checked keyword parameters.
    """

    name: str
    group: Group
    function: Callable[..., Image]
    parameters: Parameters
    dtypes: tuple[str, ...]
    channels: tuple[int, ...]

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.function) or "").split("\n", 1)[0]

    def apply(self, image: Image, parameters: dict[str, Any]) -> Image:
        """Run on a checked picture with parameters that `parameters.parse` gave."""
        check_image(image, what=f"image for {self.name}", dtypes=self.dtypes, channels=self.channels)
        return self.function(image, **parameters)


OPS: Registry[Op] = Registry("operation")
"""Every operation by name."""


def op(
    *,
    group: Group,
    dtypes: tuple[str, ...] = ("uint8", "uint16", "float32"),
    channels: tuple[int, ...] = (1, 3, 4),
) -> Callable[[F], F]:
    """File a function in `OPS` and give back one of the same signature that checks its arguments first."""

    def register(function: F) -> F:
        operation = Op(function.__name__, group, function, Parameters.of(function), dtypes, channels)
        OPS.add(operation.name, operation)

        @wraps(function)
        def checked(image: Image, **parameters: Any) -> Image:
            return operation.apply(image, operation.parameters.parse(parameters))

        return cast(F, checked)

    return register
