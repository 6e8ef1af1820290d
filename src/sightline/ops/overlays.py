"""Pictures laid on pictures, and frames around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import cv2
import numpy as np
from typing_extensions import Doc

from sightline.image import Image
from sightline.ops._op import op
from sightline.ops._pixels import checked_size, clip01, color_of, composite
from sightline.ops._types import Color, Opacity, Picture, Pixels, Side
from sightline.ops.color import to_depth8, to_depth16, to_float, to_gray, to_rgb, to_rgba

__all__ = ["frame", "overlay"]

AS_DTYPE = {"uint8": to_depth8, "uint16": to_depth16, "float32": to_float}


@op(group="draw", example={"x": 20, "y": 30, "opacity": 0.7})
def overlay(
    image: Image,
    *,
    picture: Annotated[Picture, Doc("What is laid on it; where it is transparent, the picture shows through")],
    x: Annotated[Pixels, Doc("Where its left edge comes; it may lie outside")] = 0,
    y: Annotated[Pixels, Doc("Where its top edge comes; it may lie outside")] = 0,
    opacity: Opacity = 1.0,
) -> Image:
    """Lay a second picture on the picture, in its own size; what hangs over the edge is cut off.

    It is brought to the dtype and the channels of the picture: values keep their lightness, colour becomes gray on a gray
    picture.

    >>> import numpy as np
    >>> overlay(np.zeros((2, 3), np.uint8), picture=np.full((1, 2), 200, np.uint8), x=1, y=1, opacity=0.5).tolist()
    [[0, 0, 0], [0, 100, 100]]
    """
    rows, columns = image.shape[:2]
    height, width = picture.shape[:2]
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + width, columns), min(y + height, rows)
    result = image.copy()
    if left >= right or top >= bottom:
        return result
    part = np.ascontiguousarray(picture[top - y : bottom - y, left - x : right - x])
    if part.dtype != image.dtype:
        part = AS_DTYPE[image.dtype.name](part)
    clear = part.ndim == 3 and part.shape[2] == 4
    box = result[top:bottom, left:right]
    if image.ndim == 3 and image.shape[2] == 4:
        paint, alpha = to_rgba(part), None  # its own alpha counts in the composition
    else:
        alpha = cv2.extractChannel(part, 3) if clear else None
        colors = np.ascontiguousarray(part[..., :3]) if clear else part
        paint = to_gray(colors) if image.ndim == 2 else to_rgb(colors)
    if opacity == 1 and not clear:
        box[:] = paint
        return result
    cover = np.full(box.shape[:2], opacity, np.float32)
    if alpha is not None:
        cover *= to_float(alpha)
    box[:] = composite(box, paint, cover)
    return result


@op(group="draw", example={"width": 12})
def frame(
    image: Image,
    *,
    width: Annotated[Side, Doc("Width of the border on each side")] = 10,
    color: Annotated[Color, Doc("Colour of the border; its alpha counts in RGBA pictures")] = "#d55e00",
) -> Image:
    """Put a border of one colour around the picture, which grows by twice its width.

    >>> import numpy as np
    >>> frame(np.zeros((1, 2), np.uint8), width=1, color="white").tolist()
    [[255, 255, 255, 255], [255, 0, 0, 255], [255, 255, 255, 255]]
    """
    rows, columns = image.shape[:2]
    checked_size(columns + 2 * width, rows + 2 * width)
    return cv2.copyMakeBorder(image, width, width, width, width, cv2.BORDER_CONSTANT, value=color_of(color, image))


def lay(box: Image, cover: Image, values: Sequence[float], strength: float) -> None:
    """Lay a colour on `box`, a part of a picture, in place, where `cover`, uint8 `(H, W)`, says how much of a pixel it takes.

    Mostly that is all or nothing: whole pixels are mixed by OpenCV, and only those of the edges one by one.
    """
    partly = cover != 0
    if strength == 1 or box.ndim == 2 or box.shape[2] == 3:
        paint = np.empty(box.shape, box.dtype)
        cv2.rectangle(paint, (0, 0), (box.shape[1], box.shape[0]), values, cv2.FILLED)
        if strength < 1:
            paint = clip01(cv2.addWeighted(box, 1 - strength, paint, strength, 0))
        cv2.copyTo(paint, cv2.threshold(cover, 254, 255, cv2.THRESH_BINARY)[1], box)
        partly &= cover != 255
    rows, columns = np.divmod(np.flatnonzero(partly), cover.shape[1])
    if len(rows):
        shares = cover[rows, columns][:, None] * np.float32(strength / 255)
        box[rows, columns] = composite(box[rows, columns][:, None], np.array(values), shares)[:, 0]
