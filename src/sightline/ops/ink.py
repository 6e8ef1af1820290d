"""Ink on its ground: strokes of a pen, a pencil, chalk or a mouse, alone and light on black."""

from __future__ import annotations

import cv2
import numpy as np

from sightline.image import Image
from sightline.ops._op import op
from sightline.ops._pixels import looked_up, outermost

__all__ = ["isolate_ink"]

WORK, COARSE = 512, 96
"""Longest sides in pixels: of the copy that ink is looked for in, and of that which shows the light."""
FLAT = 0.3  # a drawing's ground has one value in so large a part of the picture,
CLEAN = 0.08  # and no more than this part has values close to it, as noise and light would give
CLOSE = 12  # levels
FULL = 0.9  # ink as strong as this is left as it is
FAINT = 6.0  # ink is darker than its ground by so many standard deviations of the noise,
LEAST = 8  # and by so many levels of 255
FOOT, HEAD = 0.25, 0.75  # parts of the ink's strength that become black and white: between them lie the edges of strokes
REACH = 0.15  # of the longer side: farther than this from an edge nothing is ink


@op(group="threshold", dtypes=("uint8",), channels=(1,))
def isolate_ink(image: Image) -> Image:
    """Leave nothing but the ink of a drawing or of handwriting, light on pure black, the soft edges of its strokes kept.

    Which of the two is the ground, light or dark, is found from the picture: it is what holds most of the border and of the area.
    The light is evened out, the ink stretched to white; paper, its grain and faint ruled lines become black. A picture of one tone,
    or of noise alone, gives black. Light ink on pure black stays exactly as it is.

    Ink and ground are parted by a surface through the tones at the edges of the strokes (Yanowitz and Bruckstein 1989), which follows
    the light; the ground is the mean of what lies around the ink (normalized convolution, Knutsson and Westin 1993).

    >>> import numpy as np
    >>> page = np.tile(np.linspace(120, 240, 64).astype(np.uint8), (64, 1))  # paper under a lamp
    >>> page[20:44, 30:34] //= 3
    >>> isolate_ink(page)[32, 27:37].tolist()
    [0, 0, 0, 255, 255, 255, 255, 0, 0, 0]
    """
    return _drawn(image) if _is_clean(image) else _photographed(image)


def _is_clean(image: Image) -> bool:
    """Whether the ground has one value, without noise: a drawing, or what was isolated before."""
    counts = np.bincount(image.ravel(), minlength=256)
    ground = int(counts.argmax())
    close = counts[max(ground - CLOSE, 0) : ground + CLOSE + 1].sum() - counts[ground]
    return bool(counts[ground] >= FLAT * image.size and close <= CLEAN * image.size)


def _drawn(image: Image) -> Image:
    """The ink of a drawing: how far each value is from that of the ground."""
    low, high, _, _ = cv2.minMaxLoc(image)
    if low == high:
        return np.zeros_like(image)
    lighter = np.greater(image, (low + high) / 2)
    light = _is_ground(lighter)
    ground = int(np.bincount(image[lighter == light]).argmax())
    ink = cv2.subtract(ground, image) if light else cv2.subtract(image, ground)
    most = float(ink.max())
    return ink if most >= FULL * 255 else cv2.convertScaleAbs(ink, alpha=255 / most)


def _is_ground(part: Image) -> bool:
    """Whether the marked part, bool `(H, W)`, is the ground and the rest is ink, rather than the other way about.

    A vote of the area, the border and the corners: of MNIST's digits, cut to their box and thickened up to half their width, it
    gets all right; the area alone half, the border alone all but one in a thousand.
    """
    rows, columns = part.shape
    down, across = max(1, rows // 16), max(1, columns // 16)
    corners = [part[y, x].mean() for y in (np.s_[:down], np.s_[-down:]) for x in (np.s_[:across], np.s_[-across:])]
    return bool(part.mean() + outermost(part).mean() + sum(corners) / 4 > 1.5)


def _photographed(image: Image) -> Image:
    """The ink of a photo or a scan: how dark each pixel is beside the ground around the ink."""
    work = _smaller(image, WORK)
    if max(work.shape) > COARSE:
        work = cv2.GaussianBlur(work, (0, 0), 0.8)
    lighter, near = _parted(work)
    light = _is_ground(lighter | ~near)
    if not light and _is_ground(~lighter | ~near):
        image, work, lighter = cv2.bitwise_not(image), cv2.bitwise_not(work), ~lighter
    ink = ~lighter & near
    for _ in range(2):
        ground = _around(work, ink)
        share = cv2.divide(work, ground, scale=255)  # of the ground's lightness, in 255ths
        strength = _strength(share, ink)
        if strength is None:
            return np.zeros_like(image)
        ink = share < 255 - FOOT * strength
    kept = _grown(share < 255 - (FOOT + HEAD) / 2 * strength, 0.01)
    if work is not image and work.shape != image.shape:
        size = image.shape[::-1]
        ground = cv2.resize(ground, size, interpolation=cv2.INTER_LINEAR)
        kept = cv2.resize(kept, size, interpolation=cv2.INTER_LINEAR)
        side = max(image.shape) // WORK
        image = cv2.blur(image, (side, side))
    share = cv2.divide(image, ground, scale=255)
    return cv2.bitwise_and(looked_up(share, _ramp(strength)), kept)


def _smaller(image: Image, longest: int) -> Image:
    rows, columns = image.shape[:2]
    factor = longest / max(rows, columns)
    if factor >= 1:
        return image
    return cv2.resize(image, (max(1, round(columns * factor)), max(1, round(rows * factor))), interpolation=cv2.INTER_AREA)


def _parted(work: Image) -> tuple[Image, Image]:
    """What is lighter than the edges around it, and what is near an edge at all: two of bool `(H, W)`."""
    values = work.astype(np.float32)
    across, down = cv2.spatialGradient(cv2.GaussianBlur(work, (3, 3), 0))
    slope = across.astype(np.float32) ** 2 + down.astype(np.float32) ** 2
    typical = float(np.median(slope))
    slope = np.maximum(slope - 9 * typical, 0)
    strongest = np.partition(slope.ravel(), -max(1, slope.size // 200))[-max(1, slope.size // 200)]
    near = _grown(slope > strongest / 8, REACH) > 0 if strongest > 0 else np.zeros(work.shape, bool)
    small, weighed = _smaller(slope, COARSE), _smaller(slope * values, COARSE)
    level = np.float32(0)
    total = np.float32(1e-6)
    for sigma, part in ((COARSE / 24, 1.0), (COARSE / 6, 0.05), (COARSE, 0.001)):
        total = total + np.float32(part) * cv2.GaussianBlur(small, (0, 0), sigma)
        level = level + np.float32(part) * cv2.GaussianBlur(weighed, (0, 0), sigma)
    surface = cv2.resize(level / total, work.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return values > surface, near


def _around(work: Image, ink: Image) -> Image:
    """The ground's lightness, uint8: the mean of what is no ink, weighed by a Gaussian."""
    free = 1 - (_grown(ink, 0.006) > 0).astype(np.float32)
    if not free.any():
        free += 1
    known = _smaller(free, COARSE)
    values = _smaller(free * work, COARSE)
    total, level = np.float32(1e-9), np.float32(0)
    side = max(known.shape)
    for sigma, part in ((side / 32, 1.0), (side / 8, 1e-2), (side / 2, 1e-4)):
        total = total + np.float32(part) * cv2.GaussianBlur(known, (0, 0), sigma)
        level = level + np.float32(part) * cv2.GaussianBlur(values, (0, 0), sigma)
    surface = cv2.resize(level / total, work.shape[::-1], interpolation=cv2.INTER_LINEAR)
    rounded: Image = np.rint(np.clip(surface, 1, 255)).astype(np.uint8)
    return rounded


def _strength(share: Image, ink: Image) -> float | None:
    """By how many levels of 255 ink is darker than its ground; None where nothing stands out from the noise."""
    depth = 255 - share[ink].astype(np.float32)
    if not depth.size:
        return None
    rest = share[~ink]
    noise = 1.4826 * float(np.median(np.abs(rest.astype(np.float32) - np.median(rest)))) if rest.size else 0.0
    deepest = float(np.percentile(depth, 75))
    strong = depth[depth >= deepest / 2]
    strength = float(np.median(strong))
    return strength if strength >= max(LEAST, FAINT * noise) else None


def _ramp(strength: float) -> Image:
    """The table that sends the ground to black and ink to white."""
    share = np.arange(256, dtype=np.float32)
    foot, head = FOOT * strength, HEAD * strength
    ramp: Image = np.rint(np.clip((255 - share - foot) / (head - foot), 0, 1) * 255).astype(np.uint8)
    return ramp


def _grown(marked: Image, reach: float) -> Image:
    """What is marked and what is near it, uint8 0 and 255; `reach` is a part of the longer side."""
    radius = max(1, round(reach * max(marked.shape)))
    return cv2.dilate(marked.astype(np.uint8) * np.uint8(255), np.ones((2 * radius + 1, 2 * radius + 1), np.uint8))
