"""The subject of a picture: found on its black ground, and brought to one size and place."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import cv2
import numpy as np
from annotated_types import Interval, Unit
from typing_extensions import Doc

from sightline.errors import ParameterError
from sightline.image import Image, white
from sightline.ops._op import op
from sightline.ops._pixels import checked_size, clip01, level_of
from sightline.ops._types import Fraction, Side

__all__ = ["fit_subject"]

SURVEY = 128  # px, the longest side of the copy that specks are looked for in
FINER = 4  # strokes are mended on a copy so many times as large as the result
SPECK = 0.08  # what has less than this part of the largest piece's ink and lies apart is a speck
GAP = 0.04  # pieces nearer to each other than this part of the longer side are one
SOFT = 0.1  # of the subject's pixels: with fewer tones between black and white its edges are hard
BLUR = 0.5  # of a pixel of such a picture: the Gaussian that makes its steps a stroke


@op(group="geometry", channels=(1,), example={"box": 144, "width": 192, "height": 192})
def fit_subject(
    image: Image,
    *,
    box: Annotated[Side, Doc("Length of the longer side of the subject")] = 20,
    width: Annotated[Side, Doc("Width of the result")] = 28,
    height: Annotated[Side, Doc("Height of the result")] = 28,
    center: Annotated[Literal["mass", "box"], Doc("What comes to the middle: the subject's centre of mass, or that of its box")] = "mass",
    stroke: Annotated[
        float, Interval(ge=0, le=64), Unit("px"), Doc("Strokes thinner than this in the result are made so thick; 0: none")
    ] = 0.0,
    threshold: Annotated[Fraction, Doc("What is no lighter than this part of white is ground")] = 0.05,
) -> Image:
    """Bring a light subject on a black ground to one size and place: the way the pictures of MNIST were made.

    `(H, W)` becomes `(height, width)`: the subject's box is scaled until its longer side is `box`, and set down by whole pixels so
    that its centre is in the middle, but wholly within the picture. Specks that lie apart are left out. Where edges are hard and the
    subject is small, steps are smoothed to strokes. A picture that is so already stays exactly as it is, and an empty one empty.

    LeCun, Cortes and Burges (1998) describe how MNIST was made: "size normalized to fit in a 20x20 pixel box while preserving their
    aspect ratio", then "centered in a 28x28 image by computing the center of mass".

    >>> import numpy as np
    >>> page = np.zeros((90, 120), np.uint8)
    >>> page[50:80, 7:17] = 255
    >>> fitted = fit_subject(page)
    >>> rows, columns = np.nonzero(fitted > 127)
    >>> fitted.shape, (rows.min(), rows.max()), (columns.min(), columns.max())
    ((28, 28), (np.int64(4), np.int64(23)), (np.int64(11), np.int64(16)))
    """
    if box > min(width, height):
        raise ParameterError(
            "the box of fit_subject does not fit", expected=f"at most {min(width, height)} px, the shorter side", received=f"{box} px"
        )
    checked_size(width, height)
    limit = level_of(threshold, image)
    found = _box(image, limit)
    if found is None:
        return np.zeros((height, width), image.dtype)
    left, top, columns, rows = found
    if image.shape == (height, width) and abs(max(columns, rows) - box) <= 1 and _is_centered(image, found, center):
        return image.copy()
    subject = _without_specks(image[top : top + rows, left : left + columns], limit)
    subject = _scaled(subject, box, stroke, limit)
    return _placed(subject, width, height, center)


def _box(image: Image, limit: float) -> tuple[int, int, int, int] | None:
    """Left, top, width and height of what is lighter than `limit`."""
    left, top, columns, rows = cv2.boundingRect(np.greater(image, limit).view(np.uint8))
    return (left, top, columns, rows) if columns else None


def _middle(image: Image, found: tuple[int, int, int, int], center: str) -> tuple[float, float]:
    """The subject's centre, x and y from the picture's upper left corner."""
    if center == "box":
        left, top, columns, rows = found
        return left + columns / 2, top + rows / 2
    moments = cv2.moments(image)
    return moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]


def _is_centered(image: Image, found: tuple[int, int, int, int], center: str) -> bool:
    """Whether no step of a whole pixel would bring the centre nearer to the middle."""
    x, y = _middle(image, found, center)
    rows, columns = image.shape
    return abs(x - columns / 2) <= 0.501 and abs(y - rows / 2) <= 0.501


def _without_specks(subject: Image, limit: float) -> Image:
    """The subject cut to its box, without pieces that lie apart and have little ink."""
    rows, columns = subject.shape
    factor = SURVEY / max(rows, columns)
    size = max(1, round(columns * factor)), max(1, round(rows * factor))
    survey = subject if factor >= 1 else cv2.resize(subject, size, interpolation=cv2.INTER_AREA)
    marks = np.greater(survey, limit if factor >= 1 else 0).view(np.uint8)
    radius = max(1, round(GAP * max(survey.shape)))
    count, labels = cv2.connectedComponents(cv2.dilate(marks, np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)))
    if count <= 2:
        return subject
    ink = np.bincount(labels.ravel(), weights=survey.ravel(), minlength=count)[1:]
    specks = ink < SPECK * ink.max()
    if not specks.any():
        return subject
    dropped = np.concatenate([[False], specks])[labels].view(np.uint8)
    if factor < 1:
        dropped = cv2.resize(dropped, (columns, rows), interpolation=cv2.INTER_NEAREST)
    cleaned = subject.copy()
    cleaned[dropped > 0] = 0
    found = _box(cleaned, limit)
    assert found is not None
    left, top, columns, rows = found
    return cleaned[top : top + rows, left : left + columns]


def _scaled(subject: Image, box: int, stroke: float, limit: float) -> Image:
    """The subject with a longer side of `box`."""
    finer = FINER * box
    if max(subject.shape) > finer:
        subject = _sized(subject, finer)
    thickness = _thickness(subject) * box / max(subject.shape) if stroke else math.inf
    if thickness < stroke:
        subject = _thickened(_sized(subject, finer), (stroke - thickness) * FINER, limit)
    elif max(subject.shape) < finer / 2 and _is_hard(subject, limit):
        subject = _smoothed(subject, finer, limit)
    return _sized(subject, box)


def _sized(subject: Image, longest: int) -> Image:
    """With a longer side of `longest`: by areas where it shrinks, by cubic splines where it grows."""
    rows, columns = subject.shape
    factor = longest / max(rows, columns)
    if factor == 1:
        return subject
    size = max(1, round(columns * factor)), max(1, round(rows * factor))
    return clip01(cv2.resize(subject, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC))


def _is_hard(subject: Image, limit: float) -> bool:
    """Whether nearly all of it is either ground or of full strength."""
    between = np.count_nonzero((subject > limit) & (subject < 0.75 * subject.max()))
    return between < SOFT * np.count_nonzero(subject > limit)


def _thickness(subject: Image) -> float:
    """The mean width of its strokes in pixels: twice the area by the length of the outline, the total variation (co-area formula)."""
    framed = cv2.copyMakeBorder(subject, 1, 1, 1, 1, cv2.BORDER_CONSTANT).astype(np.float32)
    across, down = framed[:-1, 1:] - framed[:-1, :-1], framed[1:, :-1] - framed[:-1, :-1]
    return 2 * float(framed.sum()) / float(cv2.magnitude(across, down).sum())


def _thickened(subject: Image, extra: float, limit: float) -> Image:
    """Strokes wider by `extra` pixels, of full strength."""
    radius = max(1, round(extra / 2))
    framed = cv2.copyMakeBorder(subject, *4 * [radius + 2], cv2.BORDER_CONSTANT)
    wide = cv2.dilate(framed, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)))
    return _cut(_stretched(cv2.GaussianBlur(wide, (0, 0), FINER / 4)), limit)


def _stretched(subject: Image) -> Image:
    strength = float(np.percentile(subject[subject > subject.max() / 2], 50))
    full = white(subject)
    if subject.dtype == np.float32:
        return np.minimum(subject / np.float32(strength), np.float32(1))
    return cv2.convertScaleAbs(subject, alpha=full / strength) if subject.dtype == np.uint8 else np.minimum(
        subject * (full / strength), full
    ).astype(subject.dtype)


def _smoothed(subject: Image, finer: int, limit: float) -> Image:
    """Steps of whole pixels made into edges of a stroke."""
    framed = cv2.copyMakeBorder(subject, 2, 2, 2, 2, cv2.BORDER_CONSTANT)
    factor = finer / max(subject.shape)
    large = cv2.resize(framed, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    return _cut(clip01(cv2.GaussianBlur(large, (0, 0), BLUR * factor)), limit)


def _cut(subject: Image, limit: float) -> Image:
    found = _box(subject, limit)
    if found is None:
        return subject
    left, top, columns, rows = found
    return subject[top : top + rows, left : left + columns]


def _placed(subject: Image, width: int, height: int, center: str) -> Image:
    rows, columns = subject.shape
    x, y = _middle(subject, (0, 0, columns, rows), center)
    left = min(max(math.floor(width / 2 - x + 0.5), 0), width - columns)
    top = min(max(math.floor(height / 2 - y + 0.5), 0), height - rows)
    return cv2.copyMakeBorder(subject, top, height - rows - top, left, width - columns - left, cv2.BORDER_CONSTANT)
