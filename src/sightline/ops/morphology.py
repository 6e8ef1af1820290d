"""Shapes grown and shrunk by a structuring element.

The first group of operations works on values, each channel by itself, the alpha of an RGBA picture too; what lies beyond the
edge never counts. The second takes gray pictures as black and white: what is lighter than `threshold` is the subject.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal

import cv2
import numpy as np
from annotated_types import Interval, Unit
from typing_extensions import Doc

from sightline.errors import ParameterError
from sightline.image import Image, white
from sightline.ops._op import gives_dtype, op
from sightline.ops._types import Connectivity, Fraction, Matrix

__all__ = [
    "black_tophat",
    "closing",
    "dilate",
    "distance_transform",
    "erode",
    "fill_holes",
    "hit_or_miss",
    "morphological_gradient",
    "opening",
    "remove_small",
    "skeletonize",
    "white_tophat",
]

Shape = Annotated[Literal["rectangle", "ellipse", "cross"], Doc("Shape of the structuring element")]
Radius = Annotated[
    int, Interval(ge=1, le=50), Unit("px"), Doc("Reach of the structuring element to each side: it is 2 x radius + 1 wide and high")
]
Iterations = Annotated[int, Interval(ge=1, le=20), Doc("How often it is done; opening and closing: each half of it")]
Threshold = Annotated[Fraction, Doc("Values above this part of the range are the subject, the others the ground")]
SHAPES = {"rectangle": cv2.MORPH_RECT, "ellipse": cv2.MORPH_ELLIPSE, "cross": cv2.MORPH_CROSS}
METRICS = {"euclidean": cv2.DIST_L2, "cityblock": cv2.DIST_L1, "chessboard": cv2.DIST_C}
LARGEST_PATTERN = 31
NEIGHBOURS = np.array([[128, 1, 2], [64, 0, 4], [32, 16, 8]], np.float32)  # a bit for each: summed, the code of a neighbourhood
OUTSIDE = 128  # a value that a subject of 0 and 255 does not have


@op(group="morphology", example={"radius": 2})
def erode(image: Image, *, shape: Shape = "rectangle", radius: Radius = 1, iterations: Iterations = 1) -> Image:
    """Replace each pixel by the darkest around it: light things shrink.

    >>> import numpy as np
    >>> erode(np.array([[9, 9, 9, 9, 0]], np.uint8)).tolist()
    [[9, 9, 9, 0, 0]]
    """
    return cv2.erode(image, _element(shape, radius), iterations=iterations)


@op(group="morphology", example={"radius": 2})
def dilate(image: Image, *, shape: Shape = "rectangle", radius: Radius = 1, iterations: Iterations = 1) -> Image:
    """Replace each pixel by the lightest around it: light things grow.

    >>> import numpy as np
    >>> dilate(np.array([[9, 0, 0, 0, 0]], np.uint8)).tolist()
    [[9, 9, 0, 0, 0]]
    """
    return cv2.dilate(image, _element(shape, radius), iterations=iterations)


@op(group="morphology", example={"radius": 3, "shape": "ellipse"})
def opening(image: Image, *, shape: Shape = "rectangle", radius: Radius = 1, iterations: Iterations = 1) -> Image:
    """Erode, then dilate: light things too small for the element go, the others keep their size.

    >>> import numpy as np
    >>> opening(np.array([[0, 9, 0, 0, 9, 9, 9, 0]], np.uint8)).tolist()
    [[0, 0, 0, 0, 9, 9, 9, 0]]
    """
    return cv2.morphologyEx(image, cv2.MORPH_OPEN, _element(shape, radius), iterations=iterations)


@op(group="morphology", example={"radius": 3, "shape": "ellipse"})
def closing(image: Image, *, shape: Shape = "rectangle", radius: Radius = 1, iterations: Iterations = 1) -> Image:
    """Dilate, then erode: dark gaps too small for the element go, the others keep their size.

    >>> import numpy as np
    >>> closing(np.array([[9, 0, 9, 9, 0, 0, 0, 9]], np.uint8)).tolist()
    [[9, 9, 9, 9, 0, 0, 0, 9]]
    """
    return cv2.morphologyEx(image, cv2.MORPH_CLOSE, _element(shape, radius), iterations=iterations)


@op(group="morphology")
def morphological_gradient(image: Image, *, shape: Shape = "rectangle", radius: Radius = 1, iterations: Iterations = 1) -> Image:
    """Take the eroded picture from the dilated one: outlines remain.

    >>> import numpy as np
    >>> morphological_gradient(np.array([[0, 0, 9, 9, 9, 9]], np.uint8)).tolist()
    [[0, 9, 9, 0, 0, 0]]
    """
    return cv2.morphologyEx(image, cv2.MORPH_GRADIENT, _element(shape, radius), iterations=iterations)


@op(group="morphology", example={"radius": 5})
def white_tophat(image: Image, *, shape: Shape = "rectangle", radius: Radius = 1, iterations: Iterations = 1) -> Image:
    """Take the opening from the picture: light details remain.

    >>> import numpy as np
    >>> white_tophat(np.array([[1, 9, 1, 1, 9, 9, 9, 1]], np.uint8)).tolist()
    [[0, 8, 0, 0, 0, 0, 0, 0]]
    """
    return cv2.morphologyEx(image, cv2.MORPH_TOPHAT, _element(shape, radius), iterations=iterations)


@op(group="morphology", example={"radius": 5})
def black_tophat(image: Image, *, shape: Shape = "rectangle", radius: Radius = 1, iterations: Iterations = 1) -> Image:
    """Take the picture from its closing: dark details remain, light.

    >>> import numpy as np
    >>> black_tophat(np.array([[9, 1, 9, 9, 1, 1, 1, 9]], np.uint8)).tolist()
    [[0, 8, 0, 0, 0, 0, 0, 0]]
    """
    return cv2.morphologyEx(image, cv2.MORPH_BLACKHAT, _element(shape, radius), iterations=iterations)


@op(group="morphology", channels=(1,), example={"pattern": [[0, -1, 0], [1, 1, 1], [0, 1, 0]]})
def hit_or_miss(
    image: Image,
    *,
    pattern: Annotated[Matrix, Doc("Rows of 1 for subject, -1 for ground and 0 for either; at most 31 x 31, odd sides")],
    threshold: Threshold = 0.5,
) -> Image:
    """Find a pattern of subject and ground: white where it lies centred on the pixel, else black.

    What lies beyond the edge fits both.

    >>> import numpy as np
    >>> hit_or_miss(np.array([[0, 255, 255, 0, 255, 0]], np.uint8), pattern=[[-1, 1, -1]]).tolist()
    [[0, 0, 0, 0, 255, 0]]
    """
    assert isinstance(pattern, tuple)
    subject = _subject(image, threshold)
    found = np.full_like(subject, 255)
    for wanted, element in zip((subject, cv2.bitwise_not(subject)), _checked_pattern(pattern), strict=True):
        if element.any():  # OpenCV takes an element of zeros for a square
            found &= cv2.erode(wanted, element)
    return _black_and_white(found, image)


@op(group="morphology", channels=(1,), gives=gives_dtype("float32"))
def distance_transform(
    image: Image,
    *,
    metric: Annotated[Literal["euclidean", "cityblock", "chessboard"], Doc("How distance is counted")] = "euclidean",
    threshold: Threshold = 0.5,
) -> Image:
    """Show how far each pixel of the subject is from the ground: float32, 1 where that is farthest, 0 on the ground.

    A picture without ground is 1 throughout. The euclidean distance is exact (Felzenszwalb and Huttenlocher 2012).

    >>> import numpy as np
    >>> distance_transform(np.array([[0, 255, 255, 255, 255]], np.uint8)).tolist()
    [[0.0, 0.25, 0.5, 0.75, 1.0]]
    """
    subject = _subject(image, threshold)
    if subject.all():
        return np.ones(image.shape, np.float32)
    size = cv2.DIST_MASK_PRECISE if metric == "euclidean" else cv2.DIST_MASK_3
    distance = cv2.distanceTransform(subject, METRICS[metric], size)
    farthest: Image = distance / max(float(distance.max()), 1)
    return farthest


@op(group="morphology", channels=(1,))
def fill_holes(image: Image, *, threshold: Threshold = 0.5) -> Image:
    """Make ground that the subject encloses part of it: white subject on black.

    Ground hangs together along sides of pixels, not over corners.

    >>> import numpy as np
    >>> fill_holes(np.array([[9, 9, 9, 0], [9, 0, 9, 0], [9, 9, 9, 0]], np.uint8) * 28)[1].tolist()
    [255, 255, 255, 0]
    """
    outside = cv2.copyMakeBorder(_subject(image, threshold), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(outside, None, (0, 0), OUTSIDE)
    return _black_and_white(outside[1:-1, 1:-1] != OUTSIDE, image)


@op(group="morphology", channels=(1,), example={"min_area": 100})
def remove_small(
    image: Image,
    *,
    min_area: Annotated[int, Interval(ge=1, le=2**28), Unit("px²"), Doc("Smaller parts become ground")] = 64,
    connectivity: Connectivity = 8,
    threshold: Threshold = 0.5,
) -> Image:
    """Remove parts of the subject with fewer than `min_area` pixels: white subject on black.

    >>> import numpy as np
    >>> remove_small(np.array([[255, 0, 255, 255, 0]], np.uint8), min_area=2).tolist()
    [[0, 0, 255, 255, 0]]
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(_subject(image, threshold), connectivity=connectivity)
    stays = np.where(stats[:, cv2.CC_STAT_AREA] >= min_area, white(image), 0).astype(image.dtype)
    stays[0] = 0
    kept: Image = stays[labels]
    return kept


@op(group="morphology", channels=(1,))
def skeletonize(image: Image, *, threshold: Threshold = 0.5) -> Image:
    """Thin the subject to lines, one pixel wide but where they meet: white on black.

    Every part and every hole of the subject remains one (Guo and Hall 1989).

    >>> import numpy as np
    >>> skeletonize(np.pad(np.full((3, 5), 255, np.uint8), 1))[2].tolist()
    [0, 0, 255, 255, 255, 0, 0]
    """
    thin: Image = cv2.copyMakeBorder(_subject(image, threshold) // 255, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    left, top, width, height = cv2.boundingRect(thin)
    while width:  # only what lies within 2 px of the last changes can change now; 1 px more decides about it
        left, top = max(0, left - 3), max(0, top - 3)
        around = thin[top : top + height + 6, left : left + width + 6]
        inner = around[1:-1, 1:-1]
        before = inner.copy()
        for stays in _thinning_tables():
            inner &= cv2.LUT(cv2.filter2D(around, -1, NEIGHBOURS), stays)[1:-1, 1:-1]
        x, y, width, height = cv2.boundingRect(cv2.bitwise_xor(before, inner))
        left, top = left + 1 + x, top + 1 + y
    return _black_and_white(thin[1:-1, 1:-1], image)


@lru_cache(maxsize=1)
def _thinning_tables() -> tuple[Image, Image]:
    """For each code of a neighbourhood whether its centre stays, in each of the two turns; names as in the paper."""
    p2, p3, p4, p5, p6, p7, p8, p9 = (np.arange(256) >> np.arange(8)[:, None] & 1).astype(bool)
    parts = np.sum([~p2 & (p3 | p4), ~p4 & (p5 | p6), ~p6 & (p7 | p8), ~p8 & (p9 | p2)], axis=0)
    pairs = np.sum([p9 | p2, p3 | p4, p5 | p6, p7 | p8], axis=0), np.sum([p2 | p3, p4 | p5, p6 | p7, p8 | p9], axis=0)
    neighbours = np.minimum(*pairs)
    goes = (parts == 1) & (neighbours >= 2) & (neighbours <= 3)
    first, second = goes & ~((p6 | p7 | ~p9) & p8), goes & ~((p2 | p3 | ~p5) & p4)
    return (~first).astype(np.uint8), (~second).astype(np.uint8)


@lru_cache(maxsize=256)
def _element(shape: str, radius: int) -> Image:
    return cv2.getStructuringElement(SHAPES[shape], (2 * radius + 1, 2 * radius + 1))


@lru_cache(maxsize=64)
def _checked_pattern(rows: tuple[tuple[float, ...], ...]) -> tuple[Image, Image]:
    """Where the pattern wants the subject, and where the ground."""
    sides = {len(rows), *(len(row) for row in rows)}
    fits = len({len(row) for row in rows}) == 1 and all(side % 2 and side <= LARGEST_PATTERN for side in sides)
    if not fits or not {value for row in rows for value in row} <= {-1, 0, 1}:
        raise ParameterError(
            "invalid pattern of hit_or_miss",
            expected=f"rows of 1, -1 and 0, all of the same length; sides odd, at most {LARGEST_PATTERN}",
            received=repr(rows),
        )
    pattern = np.array(rows)
    return (pattern == 1).astype(np.uint8), (pattern == -1).astype(np.uint8)


def _subject(image: Image, threshold: float) -> Image:
    """A uint8 picture: 255 where the value is above `threshold`, a part of the range; else 0."""
    subject = cv2.threshold(image, threshold * float(white(image)), 255, cv2.THRESH_BINARY)[1]
    return subject if image.dtype == np.uint8 else subject.astype(np.uint8)


def _black_and_white(mask: Image, image: Image) -> Image:
    """White where `mask` is not 0, in the dtype of `image`."""
    picture: Image = np.multiply(mask != 0, white(image), dtype=image.dtype)
    return picture
