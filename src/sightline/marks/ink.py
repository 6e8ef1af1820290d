"""What is ink and what is paper, under uneven light."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from sightline.image import Image
from sightline.ops import to_depth8, to_gray

__all__ = ["Components", "Ink", "components", "find_ink", "resized"]

Labels = NDArray[np.int32]

SMOOTH = 1.5  # px, standard deviation; takes the grain of paper and sensor
NEAR = 6.5  # px, standard deviation of what a pixel is compared with: strokes are up to about three times as wide
WEAK = 2.0  # gray levels; ink is all that is joined in weak contrast and strong somewhere, the hysteresis of Canny (1986)
QUIET = 0.25  # the share of pixels that are paper without anything near
GRAIN = 5.0, 2.0  # how many times the contrast of quiet paper ink must have, strong and weak


class Ink(NamedTuple):
    """The ink of a picture at the size it was searched in.

    `darkness`: float32 `(H, W)`, smoothed gray, the more the more ink. `contrast`: float32 `(H, W)`, the same against the
    mean about each pixel. `mask`: uint8 `(H, W)`, 1 where there is ink. `light`: whether ink is lighter than paper.
    """

    darkness: NDArray[np.float32]
    contrast: NDArray[np.float32]
    mask: Image
    light: bool


class Components(NamedTuple):
    """Connected parts of a mask: `labels` int32 `(H, W)`; `boxes` int32 `(N, 5)`: x, y, width, height, area. The first is none."""

    labels: Labels
    boxes: NDArray[np.int32]


def resized(image: Image, longest: int) -> Image:
    """The picture in gray, uint8 `(H, W)`, with its longest side at `longest` pixels."""
    height, width = image.shape[:2]
    scale = longest / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if image.ndim == 3 and image.shape[2] == 4:
        image = to_gray(image)  # before transparent colours are mixed with others
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    if small.dtype == np.float32:
        small = np.clip(small, 0, 1)  # a cubic overshoots
    return to_gray(to_depth8(small))


def find_ink(gray: Image, strong: float) -> Ink:
    """Tell ink from paper in a gray picture, uint8 `(H, W)`; whichever of dark and light is sparse is the ink.

    Somewhere ink differs from the paper near it by `strong` gray levels at least.
    """
    smooth: Any = cv2.GaussianBlur(gray.astype(np.float32), (0, 0), SMOOTH)
    contrast = cv2.GaussianBlur(smooth, (0, 0), NEAR) - smooth
    light = float((contrast * contrast * contrast).mean()) < 0
    if light:  # strokes stand out further than paper: the skewness tells the side
        smooth, contrast = 255 - smooth, -contrast
    quiet = float(np.quantile(np.abs(contrast[::2, ::2]), QUIET))
    sure = contrast > max(strong, GRAIN[0] * quiet)
    weak = (contrast > max(WEAK, GRAIN[1] * quiet)).astype(np.uint8)
    count, labels = cv2.connectedComponents(weak, connectivity=8)
    kept = np.zeros(count, np.uint8)
    kept[labels[sure]] = 1
    return Ink(255 - smooth, contrast, kept[labels], light)


def components(mask: Image) -> Components:
    """The connected parts of a mask of 0 and 1; pixels that touch at a corner are connected."""
    labels: Any
    boxes: Any
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    return Components(labels, boxes)
