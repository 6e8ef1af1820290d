"""The subject of a picture: cut out of its ground, and brought to one size and place."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import cv2
import numpy as np
from annotated_types import Interval, Unit
from typing_extensions import Doc

from sightline.errors import ParameterError
from sightline.image import Image, white
from sightline.ops._op import gives_channels, op
from sightline.ops._pixels import checked_size, clip01, level_of, outermost
from sightline.ops._types import Fraction, Side

__all__ = ["fit_subject", "isolate_subject"]

SURVEY = 128  # px, the longest side of the copy that specks are looked for in
FINER, FINEST = 4, 512  # strokes are mended on a copy so many times as large as the result, or on one as large beyond so many px
SMOOTHEST = 16  # times its size: steps are made smooth on a copy no larger, which then is as good as a larger one
SPECK = 0.08  # what has less than this part of the largest piece's ink and lies apart is a speck
GAP = 0.04  # pieces nearer to each other than this part of the longer side are one
SOFT = 0.1  # of the subject's pixels: with fewer tones between black and white its edges are hard
BLUR = 0.5  # of a pixel of such a picture: the Gaussian that makes its steps a stroke
RIM = 0.04  # of the longer side: so wide a border shows the ground
SPREAD = 20.0  # levels of CIE Lab in 8 bit: colours of the border farther from its median count little
LEAST_SPREAD = (20.0, 6.0, 6.0)  # squared levels of lightness, a and b, added to the variance of the ground
APART = (2.5, 5.6)  # standard deviations: the subject is at least so far from the ground, and surely what is farther
PART = 0.1  # what has less than this part of the largest region's area is no subject
BLACK = (0.05, 0.2)  # of the picture and of its border: with so much of pure black the ground is black already


@op(group="threshold", dtypes=("uint8",), channels=(1, 3), gives=gives_channels(4))
def isolate_subject(image: Image) -> Image:
    """Make the ground transparent and leave the subject: a garment on a floor, an object on a table. Gives RGBA.

    The ground is what the border of the picture shows, as a plane through its colours in CIE Lab; the subject is what is farther
    from it, by Mahalanobis' distance and Otsu's threshold, without small regions and with its holes filled. It is much
    faster than `grabcut`. A picture with a ground of pure black stays as it is, opaque.

    >>> import numpy as np
    >>> image = np.full((40, 40, 3), (150, 120, 80), np.uint8)
    >>> image[10:30, 12:28] = (20, 60, 160)
    >>> alpha = isolate_subject(image)[..., 3]
    >>> int(alpha[20, 20]), int(alpha[3, 3]), int((alpha > 127).sum()) == 20 * 16
    (255, 0, True)
    """
    rgb = cv2.cvtColor(image, cv2.COLOR_GRAY2RGB) if image.ndim == 2 else image
    result = cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA)
    if _is_on_black(image):
        return result
    rows, columns = image.shape[:2]
    factor = min(1.0, SURVEY / max(rows, columns))
    small = cv2.resize(rgb, (max(1, round(columns * factor)), max(1, round(rows * factor))), interpolation=cv2.INTER_AREA)
    mask = _largest_regions(_from_ground(small))
    return cv2.insertChannel(cv2.resize(mask, (columns, rows), interpolation=cv2.INTER_LINEAR), result, 3)


def _is_on_black(image: Image) -> bool:
    """Whether the ground is pure black, without the noise of a photo."""
    light = image if image.ndim == 2 else image.max(axis=2)
    counts = np.bincount(light.ravel(), minlength=16)
    black: bool = counts[0] >= BLACK[0] * light.size and counts[0] > counts[1:9].sum()
    return black and bool((outermost(light) == 0).mean() >= BLACK[1])


def _from_ground(rgb: Image) -> Image:
    """How far each pixel is from the ground that the border shows, in standard deviations: float32 `(H, W)`."""
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB).astype(np.float32)
    rows, columns = lab.shape[:2]
    rim = max(2, round(RIM * max(rows, columns)))
    border = np.ones((rows, columns), bool)
    border[rim:-rim, rim:-rim] = False
    down, across = np.linspace(-0.5, 0.5, rows, dtype=np.float32), np.linspace(-0.5, 0.5, columns, dtype=np.float32)
    places = np.dstack([np.ones((rows, columns), np.float32), *np.meshgrid(across, down)])
    colors, terms = lab[border], places[border]
    far = ((colors - np.median(colors, axis=0)) ** 2).sum(axis=1)
    weighed = terms * np.exp(-far / (2 * SPREAD**2))[:, None]
    plane = np.linalg.solve(weighed.T @ terms + 1e-2 * np.eye(3, dtype=np.float32), weighed.T @ colors)
    apart = lab - places @ plane
    rest = apart[border]
    rest = rest[(rest**2).sum(axis=1) < (3 * SPREAD) ** 2]
    variance = np.diag(LEAST_SPREAD) + (rest.T @ rest / len(rest) if len(rest) else 0)
    distance: Image = np.sqrt(np.einsum("hwi,ij,hwj->hw", apart, np.linalg.inv(variance), apart, optimize=True))
    return distance.astype(np.float32)


def _largest_regions(distance: Image) -> Image:
    """The regions that are far from the ground, whole and without small ones: uint8 0 and 255."""
    levels = np.clip(distance * 16, 0, 255).astype(np.uint8)
    otsu = cv2.threshold(levels, 0, 255, cv2.THRESH_OTSU)[0] / 16
    far: Image = np.greater(distance, min(max(otsu, APART[0]), APART[1])).view(np.uint8)
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)) if max(far.shape) > SURVEY // 2 else np.ones((2, 2), np.uint8)
    far = cv2.morphologyEx(cv2.morphologyEx(far, cv2.MORPH_CLOSE, disk), cv2.MORPH_OPEN, disk)
    regions = cv2.findContours(far, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    areas = [cv2.contourArea(each) + len(each) / 2 for each in regions]  # of the pixels, not between their middles
    large = [each for each, area in zip(regions, areas, strict=True) if area >= PART * max(areas)]
    return cv2.drawContours(np.zeros_like(far), large, -1, 255, cv2.FILLED)


@op(group="geometry", channels=(1,), example={"box": 144, "width": 192, "height": 192})
def fit_subject(
    image: Image,
    *,
    box: Annotated[Side, Doc("Length of the longer side of the subject")] = 20,
    width: Annotated[Side, Doc("Width of the result")] = 28,
    height: Annotated[Side, Doc("Height of the result")] = 28,
    center: Annotated[
        Literal["mass", "box"], Doc("What comes to the middle: the subject's centre of mass, or that of its box")
    ] = "mass",
    stroke: Annotated[
        float, Interval(ge=0, le=64), Unit("px"), Doc("Strokes thinner than this in the result are made so thick; 0: none")
    ] = 0.0,
    threshold: Annotated[Fraction, Doc("What is no lighter than this part of white is ground")] = 0.05,
) -> Image:
    """Bring a light subject on a black ground to one size and place: the way the pictures of MNIST were made.

    `(H, W)` becomes `(height, width)`: the subject's box is scaled until its longer side is `box`, and set down by whole pixels so
    that its centre is in the middle, but wholly within the picture. Specks that lie apart are left out. Where edges are hard and
    the subject is small, steps are smoothed to strokes. A picture that is so already stays as it is, and an empty one empty.

    LeCun, Cortes and Burges (1998) describe how MNIST was made: "size normalized to fit in a 20x20 pixel box while preserving their
    aspect ratio", then "centered in a 28x28 image by computing the center of mass".

    >>> import numpy as np
    >>> page = np.zeros((90, 120), np.uint8)
    >>> page[50:80, 7:17] = 255
    >>> fitted = fit_subject(page)
    >>> rows, columns = np.nonzero(fitted > 12)
    >>> fitted.shape, int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1
    ((28, 28), 20, 8)
    """
    if box > min(width, height):
        raise ParameterError(
            "the box of fit_subject does not fit",
            expected=f"at most {min(width, height)} px, the shorter side",
            received=f"{box} px",
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
    if moments["m00"] == 0:  # at this size nothing is left of them
        return _middle(image, found, "box")
    return moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]


def _is_centered(image: Image, found: tuple[int, int, int, int], center: str) -> bool:
    """Whether no step of a whole pixel would bring the centre nearer to the middle."""
    x, y = _middle(image, found, center)
    rows, columns = image.shape
    return bool(abs(x - columns / 2) <= 0.501 and abs(y - rows / 2) <= 0.501)


def _without_specks(subject: Image, limit: float) -> Image:
    """The subject cut to its box, without pieces that lie apart and have little ink."""
    rows, columns = subject.shape
    factor = SURVEY / max(rows, columns)
    size = max(1, round(columns * factor)), max(1, round(rows * factor))
    survey = subject if factor >= 1 else cv2.resize(subject, size, interpolation=cv2.INTER_AREA)
    marks = np.greater(survey, limit if factor >= 1 else 0).view(np.uint8)
    radius = max(1, round(GAP * max(survey.shape)))
    grown = cv2.dilate(marks, np.ones((2 * radius + 1, 2 * radius + 1), np.uint8))
    if not marks.any() or _is_one(grown):  # none: single pixels far from each other
        return subject
    count, labels = cv2.connectedComponents(grown)
    ink = np.bincount(labels.ravel(), weights=survey.ravel(), minlength=count)[1:]
    specks = ink < SPECK * ink.max()
    if not specks.any():
        return subject
    dropped = np.concatenate([[False], specks])[labels].view(np.uint8)
    if factor < 1:
        dropped = cv2.resize(dropped, (columns, rows), interpolation=cv2.INTER_NEAREST)
    cleaned = subject.copy()
    cleaned[dropped > 0] = 0
    return _cut(cleaned, limit) if _box(cleaned, limit) else subject  # what has most ink may be no lighter than the limit


def _is_one(marks: Image) -> bool:
    """Whether all that is marked hangs together: of most subjects, and known much sooner than the number of their pieces."""
    row, column = divmod(int(marks.argmax()), marks.shape[1])
    return bool(cv2.floodFill(marks.copy(), None, (column, row), 2, flags=8)[0] == cv2.countNonZero(marks))


def _scaled(subject: Image, box: int, stroke: float, limit: float) -> Image:
    """The subject with a longer side of `box`."""
    factor = max(1, min(FINER, FINEST // box))
    finer = factor * box
    if max(subject.shape) > finer:
        subject = _sized(subject, finer)
    thickness = _thickness(subject) * box / max(subject.shape) if stroke else math.inf
    if thickness < stroke:
        subject = _thickened(_sized(subject, finer), stroke - thickness, factor, limit)
    elif max(subject.shape) < finer / 2 and _is_hard(subject, limit):
        subject = _smoothed(subject, min(finer, SMOOTHEST * max(subject.shape)), limit)
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
    return bool(between < SOFT * np.count_nonzero(subject > limit))


def _thickness(subject: Image) -> float:
    """The mean width of its strokes in pixels: twice the area by the outline, the total variation (co-area formula)."""
    framed = cv2.copyMakeBorder(subject, 1, 1, 1, 1, cv2.BORDER_CONSTANT).astype(np.float32)
    across, down = framed[:-1, 1:] - framed[:-1, :-1], framed[1:, :-1] - framed[:-1, :-1]
    outline = float(cv2.magnitude(across, down).sum())
    return 2 * float(framed.sum()) / outline if outline else math.inf


def _thickened(subject: Image, extra: float, factor: int, limit: float) -> Image:
    """Strokes wider by `extra` pixels of a result that is smaller by `factor`, of full strength."""
    radius = max(1, round(extra * factor / 2))
    rim = radius + 2
    framed = cv2.copyMakeBorder(subject, rim, rim, rim, rim, cv2.BORDER_CONSTANT)
    wide = cv2.dilate(framed, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)))
    return _cut(_stretched(cv2.GaussianBlur(wide, (0, 0), factor / 4)), limit)


def _stretched(subject: Image) -> Image:
    """With its usual strength at white."""
    usual = float(np.median(subject[subject > subject.max() / 2]))
    full = white(subject)
    if subject.dtype == np.uint8:
        return cv2.convertScaleAbs(subject, alpha=full / usual)
    brighter: Image = np.minimum(subject * np.float32(full / usual), full).astype(subject.dtype)
    return brighter


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
