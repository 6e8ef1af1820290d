"""The decorators that make one typed function an operation that every face knows.

@op         image in, image out
@source     makes an image from its parameters alone
@measure    image in, typed result out, which can draw itself on the image
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Literal, Protocol, TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from sightline.errors import either
from sightline.image import CHANNEL_WORDS, CHANNELS, DTYPES, KINDS, Image, Kind, check_image, check_values
from sightline.params import Parameters
from sightline.registry import Registry

__all__ = ["OPS", "Gives", "Group", "Measurement", "Op", "gives_channels", "gives_dtype", "measure", "op", "source"]

Group = Literal[
    "create", "geometry", "color", "arithmetic", "filters", "histogram", "threshold", "morphology", "edges", "draw", "repair"
]
Role = Literal["edit", "create", "measure"]
Gives = Callable[[Kind, Mapping[str, Any]], Kind]
"""The kind of picture that comes out, from the kind that goes in and the parameters."""

Batch = Callable[..., NDArray[Any] | None]
"""The operation on many pictures of one size at once, `(N, H, W[, C])`: the same pixels as one by one, in a new array.

Each parameter is one value for all or a list of N; None says that these are not for it.
"""

F = TypeVar("F", bound=Callable[..., Any])


class Measurement(Protocol):
    """What an operation that measures gives back."""

    def draw(self, image: Image) -> Image:
        """A new picture: `image` with the result drawn on it."""

    def to_dict(self) -> dict[str, Any]:
        """The result as plain numbers, lists and texts."""


@dataclass(frozen=True, eq=False)
class Op:
    """An operation: a plain function that never changes its input, what it takes and what it gives.

    `dtypes` and `channels` are those it takes; with `keeps_alpha` an RGBA picture is taken too: the function sees its
    colours only, and the alpha channel is put back. `example` are parameters that show what it does. `batch` does it to many
    small pictures at once, where that is faster.
    """

    name: str
    group: Group
    role: Role
    function: Callable[..., Any]
    parameters: Parameters
    dtypes: tuple[str, ...] = DTYPES
    channels: tuple[int, ...] = CHANNELS
    keeps_alpha: bool = False
    gives: Gives | None = None
    example: Mapping[str, Any] = field(default_factory=dict)
    batch: Batch | None = None

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.function) or "").split("\n", 1)[0]

    def to_dict(self) -> dict[str, Any]:
        """What it is as plain data for JSON, its parameters as a JSON schema."""
        return {
            "name": self.name,
            "group": self.group,
            "role": self.role,
            "summary": self.summary,
            "dtypes": list(self.dtypes),
            "channels": list(self.channels),
            "example": dict(self.example),
            "parameters": self.parameters.schema(),
        }

    @property
    def accepts(self) -> str:
        """The pictures that it takes, in words: `gray or RGB; uint8`."""
        return (
            f"{either([CHANNEL_WORDS[count] for count in self.channels])}; {either(self.dtypes)}" if self.channels else "no picture"
        )

    def takes(self, kind: Kind) -> bool:
        """Whether it takes pictures of this kind."""
        return kind.dtype in self.dtypes and kind.channels in self.channels

    def result(self, kind: Kind, parameters: Mapping[str, Any]) -> Kind:
        """The kind of picture that it gives for one of `kind`."""
        return self.gives(kind, parameters) if self.gives else kind

    def check(self, image: object) -> Image:
        """Give back `image` if the operation takes it; ImageError says what does not fit and what to do."""
        what = f"image for {self.name}"
        checked = check_image(image, what=what, dtypes=self.dtypes, channels=self.channels)
        return check_values(checked, what=what) if checked.dtype == np.float32 else checked

    def call(self, image: Image | None, parameters: Mapping[str, Any]) -> Any:
        """Run the function on a checked picture (None for role `create`) and checked parameters."""
        if image is None:
            return self.function(**parameters)
        if self.keeps_alpha and image.ndim == 3 and image.shape[2] == 4:
            result = self.function(cv2.cvtColor(image, cv2.COLOR_RGBA2RGB), **parameters)
            whole = cv2.cvtColor(result, cv2.COLOR_RGB2RGBA)
            cv2.mixChannels([image], [whole], [3, 3])
            return whole
        return self.function(image, **parameters)

    def draw(self, image: Image | None, parameters: Mapping[str, Any]) -> Image:
        """`call`, but always to a picture: a measurement is drawn on the one that was measured."""
        result = self.call(image, parameters)
        return cast(Image, result.draw(image) if self.role == "measure" else result)


OPS: Registry[Op] = Registry("operation")
"""Every operation by name."""


def gives_channels(count: int) -> Gives:
    """It always gives pictures of `count` channels, of the dtype that goes in."""
    return lambda kind, parameters: KINDS[kind.dtype, count]


def gives_dtype(dtype: str) -> Gives:
    """It always gives pictures of `dtype`, with the channels that go in."""
    return lambda kind, parameters: KINDS[dtype, kind.channels]


def op(
    *,
    group: Group,
    dtypes: tuple[str, ...] = DTYPES,
    channels: tuple[int, ...] = CHANNELS,
    keeps_alpha: bool = False,
    gives: Gives | None = None,
    example: Mapping[str, Any] | None = None,
    batch: Batch | None = None,
) -> Callable[[F], F]:
    """File a function from image to image in `OPS`; give back one of the same signature that checks its arguments first."""
    return _register("edit", group, dtypes, channels, keeps_alpha, gives, example, batch)


def measure(
    *,
    group: Group,
    dtypes: tuple[str, ...] = DTYPES,
    channels: tuple[int, ...] = CHANNELS,
    gives: Gives | None = None,
    example: Mapping[str, Any] | None = None,
) -> Callable[[F], F]:
    """File a function from image to `Measurement` in `OPS`. `gives` is the kind of picture that its `draw` gives."""
    return _register("measure", group, dtypes, channels, False, gives, example)


def source(*, gives: Gives, example: Mapping[str, Any] | None = None) -> Callable[[F], F]:
    """File a function that makes an image in `OPS`. `gives` is the kind of it, whatever kind it is asked with."""
    return _register("create", "create", (), (), False, gives, example)


def _register(
    role: Role,
    group: Group,
    dtypes: tuple[str, ...],
    channels: tuple[int, ...],
    keeps_alpha: bool,
    gives: Gives | None,
    example: Mapping[str, Any] | None,
    batch: Batch | None = None,
) -> Callable[[F], F]:
    def register(function: F) -> F:
        parameters = Parameters(function)
        name = function.__name__
        operation = Op(name, group, role, function, parameters, dtypes, channels, keeps_alpha, gives, example or {}, batch)
        OPS.add(operation.name, operation)

        if role == "create":

            @wraps(function)
            def made(**given: Any) -> Any:
                return operation.call(None, parameters.parse(given))

            made.__doc__ = _documented(operation)
            return cast(F, made)

        @wraps(function)
        def checked(image: Image, **given: Any) -> Any:
            return operation.call(operation.check(image), parameters.parse(given))

        checked.__doc__ = _documented(operation)
        return cast(F, checked)

    return register


def _documented(operation: Op) -> str:
    """The function's docstring, and after its first paragraph what all operations check: what they take, and their errors."""
    first, _, rest = inspect.cleandoc(operation.function.__doc__ or "").partition("\n\n")
    errors = "ParameterError for a parameter out of its range"
    if operation.role != "create":
        errors = f"Takes {operation.accepts}. ImageError for another picture, {errors}, before anything is done"
    return "\n\n".join(part for part in (first, f"{errors}.", rest) if part)
