"""Size, place and direction."""

from __future__ import annotations

from typing import Annotated, Literal, cast

import cv2
import numpy as np
from annotated_types import Interval, Unit
from typing_extensions import Doc

from sightline.image import Image, white
from sightline.ops._op import op

__all__ = ["flip", "letterbox", "resize"]

Side = Annotated[int, Interval(ge=1, le=16384), Unit("px")]
Interpolation = Literal["auto", "nearest", "linear", "cubic", "area", "lanczos"]
CODES = {
    "nearest": cv2.INTER_NEAREST_EXACT,
    "linear": cv2.INTER_LINEAR,
    "cubic": cv2.INTER_CUBIC,
    "area": cv2.INTER_AREA,
    "lanczos": cv2.INTER_LANCZOS4,
}
InterpolationParameter = Annotated[
    Interpolation, Doc("How pixels are made from their neighbours; auto: area when shrinking, linear when enlarging")
]


@op(group="geometry")
def resize(
    image: Image,
    *,
    width: Annotated[Side, Doc("New width")] = 28,
    height: Annotated[Side, Doc("New height")] = 28,
    interpolation: InterpolationParameter = "auto",
) -> Image:
    """Change the size to exactly `width` x `height`, whatever that does to the proportions.

    `(H, W[, C])` becomes `(height, width[, C])` of the same dtype.

    >>> import numpy as np
    >>> resize(np.zeros((10, 20), np.uint8), width=5, height=4).shape
    (4, 5)
    """
    if image.shape[:2] == (height, width):
        return image.copy()
    if interpolation == "auto":
        interpolation = "area" if width * height < image.shape[0] * image.shape[1] else "linear"
    return cv2.resize(image, (width, height), interpolation=CODES[interpolation])


@op(group="geometry")
def letterbox(
    image: Image,
    *,
    width: Annotated[Side, Doc("Width of the box")] = 28,
    height: Annotated[Side, Doc("Height of the box")] = 28,
    fill: Annotated[
        Literal["edge", "black", "white"], Doc("What fills the bars: the median of the picture's outermost pixels, black or white")
    ] = "edge",
    interpolation: InterpolationParameter = "auto",
) -> Image:
    """Fit the whole picture into `width` x `height`, keeping its proportions, and fill the rest.

    Nothing is cropped. A picture that already has the size stays as it is; the picture is centred, the larger
    half of an odd remainder to the right and below.

    >>> import numpy as np
    >>> letterbox(np.full((10, 20), 9, np.uint8), width=20, height=20, fill="black")[:, 0].tolist().count(9)
    10
    """
    if image.shape[:2] == (height, width):
        return image.copy()
    rows, columns = image.shape[:2]
    scale = min(width / columns, height / rows)
    inner_width = min(width, max(1, round(columns * scale)))
    inner_height = min(height, max(1, round(rows * scale)))
    inner = resize.__wrapped__(image, width=inner_width, height=inner_height, interpolation=interpolation)  # type: ignore[attr-defined]
    box = np.empty((height, width, *image.shape[2:]), image.dtype)
    box[:] = _fill_value(image, fill)
    top, left = (height - inner_height) // 2, (width - inner_width) // 2
    box[top : top + inner_height, left : left + inner_width] = inner
    return box


def _fill_value(image: Image, fill: str) -> Image:
    channels = image.shape[2] if image.ndim == 3 else 1
    full = white(image)
    if fill == "edge":
        border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
        return cast(Image, np.median(border, axis=0).astype(image.dtype))
    value = np.full(channels if image.ndim == 3 else (), 0 if fill == "black" else full, image.dtype)
    if channels == 4:
        value[3] = full  # the bars are opaque
    return value


@op(group="geometry")
def flip(
    image: Image,
    *,
    direction: Annotated[Literal["horizontal", "vertical", "both"], Doc("Which way the picture is mirrored")] = "horizontal",
) -> Image:
    """Mirror the picture left to right, top to bottom, or both.

    >>> import numpy as np
    >>> flip(np.array([[1, 2, 3]], np.uint8)).tolist()
    [[3, 2, 1]]
    """
    return cv2.flip(image, {"vertical": 0, "horizontal": 1, "both": -1}[direction])
