"""A case of the table: the pictures, ours and theirs, and how their results are compared.

A peer gets the picture as it takes it: albumentations an array, Pillow its own picture, scikit-image an array of the dtype that
it computes in (most of its functions turn others into float64 first). Of albumentations only `apply` is called, with parameters
drawn before, and its result made contiguous as its own `__call__` does it: its checks, dice and bookkeeping do not count, ours
do. Where drawing is the work itself (noise, holes), all of it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import cv2
import numpy as np
import skimage
from numpy.typing import NDArray
from PIL import Image
from skimage import data

import sightline as sl

Array = NDArray[Any]
Call = Callable[[], Any]
ski: Any = skimage  # it loads its parts when they are asked for, which type checkers do not see
ALB, PIL, SKI = "albumentations", "Pillow", "scikit-image"

RGB: Array = data.astronaut()
OTHER = np.ascontiguousarray(RGB[::-1, :, ::-1])
GRAY: Array = cv2.cvtColor(RGB, cv2.COLOR_RGB2GRAY)
RGBA = np.dstack([RGB, GRAY])
BINARY: Array = cv2.threshold(cv2.GaussianBlur(GRAY, (0, 0), 3), 100, 255, cv2.THRESH_BINARY)[1]
MASK = np.ascontiguousarray(BINARY.T)
FLOAT, GRAY_FLOAT = RGB.astype(np.float32) / 255, GRAY.astype(np.float32) / 255
PIL_RGB, PIL_OTHER, PIL_GRAY, PIL_RGBA, PIL_BINARY, PIL_MASK = map(Image.fromarray, (RGB, OTHER, GRAY, RGBA, BINARY, MASK))
BLACK = Image.new("RGB", (512, 512))
SIDE = 512


@dataclass(frozen=True)
class Case:
    """Ours and theirs, and how far apart results may be: `bound` for the mean absolute difference, in levels of 255.

    `rim` pixels at the edges are not compared, where borders differ. `seen` makes what is compared from a result.
    """

    group: str
    name: str
    ours: Call
    peers: Mapping[str, Call]
    bound: float = 1.0
    rim: int = 0
    note: str = ""
    seen: Callable[[Any], Array] = field(default=lambda result: values(result))


def values(result: Any) -> Array:
    """Whatever came out, as numbers from 0 to 255."""
    array = np.asarray(result)
    if array.dtype == bool:
        return array * 255.0
    if array.dtype == np.uint16:
        return array / 257
    return array * 255.0 if array.dtype.kind == "f" else array.astype(np.float64)


def numbers(result: Any) -> Array:
    """Numbers as they are."""
    return np.asarray(result, np.float64)


def change(of: Array) -> Callable[[Any], Array]:
    """What is random is compared by how much it changes the picture."""
    return lambda result: np.array([np.abs(values(result) - values(of)).mean()])


def alb(transform: Any, image: Array = RGB, **replaced: Any) -> Call:
    """Its `apply` with parameters drawn once."""
    transform.set_random_seed(0)
    given = transform.update_transform_params(transform.get_params(), {"image": image})
    given |= transform.get_params_dependent_on_data(given, {"image": image})
    given |= replaced
    return lambda: np.require(transform.apply(image, **given), requirements=["C_CONTIGUOUS"])


def whole(transform: Any, image: Array = RGB) -> Call:
    """All of it, the drawing of parameters too."""
    transform.set_random_seed(0)
    return lambda: transform(image=image)["image"]


def own(name: str, image: Array = RGB, /, **given: Any) -> Call:
    """Our operation as users call it."""
    return partial(getattr(sl, name), image, **given)


def made(name: str, **given: Any) -> Call:
    return partial(getattr(sl, name), **given)


def table(call: Callable[[Array], Array]) -> list[int]:
    """Pillow's `point` takes what becomes of every value, for each channel."""
    return call(np.arange(256, dtype=np.uint8)[None])[0].tolist() * 3  # type: ignore[no-any-return]
