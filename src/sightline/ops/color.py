"""Channels, depth and brightness of whole pictures."""

from __future__ import annotations

from typing import Annotated, Literal

import cv2
import numpy as np
from typing_extensions import Doc

from sightline.image import Image, white
from sightline.ops._op import gives_channels, gives_dtype, op

__all__ = ["invert", "match_polarity", "to_depth8", "to_gray", "to_rgb"]

Backdrop = Annotated[Literal["white", "black"], Doc("What a transparent picture is laid on")]


@op(group="color", gives=gives_channels(1))
def to_gray(image: Image, *, backdrop: Backdrop = "white") -> Image:
    """Make a gray picture: `(H, W)` of the same dtype.

    Colour is weighed 0.299 R + 0.587 G + 0.114 B (Rec. ITU-R BT.601); transparency is laid on `backdrop` first.

    >>> import numpy as np
    >>> to_gray(np.full((1, 1, 3), (255, 0, 0), np.uint8)).tolist()
    [[76]]
    """
    if image.ndim == 2:
        return image.copy()
    if image.shape[2] == 4:
        image = _flatten(image, backdrop)
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


@op(group="color", gives=gives_channels(3))
def to_rgb(image: Image, *, backdrop: Backdrop = "white") -> Image:
    """Make a three-channel picture: `(H, W, 3)` of the same dtype; transparency is laid on `backdrop`.

    >>> import numpy as np
    >>> to_rgb(np.full((1, 1), 7, np.uint8)).tolist()
    [[[7, 7, 7]]]
    """
    if image.ndim == 2:
        return cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
    return _flatten(image, backdrop) if image.shape[2] == 4 else image.copy()


@op(group="color", gives=gives_dtype("uint8"))
def to_depth8(image: Image) -> Image:
    """Make a uint8 picture: 16 bit is divided by 257, float in [0, 1] multiplied by 255, both rounded to the nearest.

    >>> import numpy as np
    >>> to_depth8(np.array([[0, 257, 65535]], np.uint16)).tolist()
    [[0, 1, 255]]
    """
    if image.dtype == np.uint8:
        return image.copy()
    scale = 255.0 if image.dtype == np.float32 else 1 / 257
    scaled: Image = np.clip(np.rint(image * np.float32(scale)), 0, 255).astype(np.uint8)
    return scaled


@op(group="color", keeps_alpha=True)
def invert(image: Image) -> Image:
    """Turn light into dark and dark into light; alpha stays.

    >>> import numpy as np
    >>> invert(np.array([[0, 200]], np.uint8)).tolist()
    [[255, 55]]
    """
    return cv2.subtract(np.full_like(image, white(image)), image) if image.dtype == np.float32 else cv2.bitwise_not(image)


@op(group="color", channels=(1,))
def match_polarity(
    image: Image,
    *,
    background: Annotated[Literal["dark", "light"], Doc("How the ground around the subject shall be")] = "dark",
) -> Image:
    """Invert the picture if its ground is not `background`.

    The ground is what most of the outermost pixels show: light when their median is above the middle of the range.

    >>> import numpy as np
    >>> match_polarity(np.full((3, 3), 250, np.uint8))[0].tolist()
    [5, 5, 5]
    """
    border = np.concatenate([image[0], image[-1], image[1:-1, 0], image[1:-1, -1]])
    light = bool(np.median(border) > white(image) / 2)
    if light == (background == "light"):
        return image.copy()
    inverted: Image = (white(image) - image).astype(image.dtype)
    return inverted


def _flatten(image: Image, backdrop: str) -> Image:
    """Lay `(H, W, 4)` on white or black: `(H, W, 3)` of the same dtype."""
    full = np.float32(white(image))
    alpha = image[..., 3:].astype(np.float32) / full
    ground = full if backdrop == "white" else np.float32(0)
    mixed = image[..., :3] * alpha + ground * (1 - alpha)
    rounded: Image = mixed if image.dtype == np.float32 else np.rint(mixed)
    return rounded.astype(image.dtype)
