"""Ink on its ground: strokes of a pen, a pencil, chalk or a mouse, alone and light on black."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from sightline.image import Image
from sightline.ops._op import op
from sightline.ops._pixels import looked_up, outermost

__all__ = ["isolate_ink"]

WORK, COARSE = 512, 96
"""Longest sides in pixels: of the copy that ink is looked for in, and of that which shows the light."""
SMALL, LARGER = 64, 112  # px: a photo whose longer side is below is enlarged first, as edges are looked for some pixels wide,
ROUGH = 60  # but not where pixels differ so much from those around them, in levels: enlarged, noise would look like strokes
GRAINY = 192  # px: in a picture of no longer a side a few pixels of noise may be as large as a stroke, so that it is judged first:
CHANCE = 3.0  # noise alone has neighbours less alike than by so many standard deviations of chance
FLAT = 0.3  # a drawing's ground has one value in so large a part of the picture,
CLEAN = 0.08  # and no more than this part has values close to it, as noise and light would give
CLOSE = 12  # levels
FULL = 0.9  # ink as strong as this is left as it is
FAINT = 3.0  # ink is darker than its ground by so many standard deviations of the noise,
LEAST = 8  # and by so many levels of 255
FOOT, HEAD = 0.25, 0.75  # parts of the ink's strength that become black and white: between them lie the edges of strokes
REACH = 0.15  # of the longer side: farther than this from an edge nothing is ink,
KEPT = 0.01  # and farther than this from where it is strong
SURELY = 4.0  # standard deviations of the noise: what is strong is so much darker than its ground
RANGE = 7.0  # of the same: an edge is higher, as noise hardly is within the window of a step
PIECE, SPECK = 0.025, 0.01  # of the longer side: the least length of the longest piece, and of any
EDGED = 0.5  # of an outline: with less of it on edges it is a shadow
WHOLE = 0.9  # and with so much it is all ink
SURE = 0.2  # the ink's outline has so much more edge than the ground's
STEP = 9  # px, within which the edge of a stroke lies
BLUR = 0.8  # px, of the noise of photos
DIM = 40  # levels added to a place's lightness before an edge is compared with it: noise in the dark is no edge


@op(group="threshold", dtypes=("uint8",), channels=(1,))
def isolate_ink(image: Image) -> Image:
    """Leave nothing but the ink of a drawing or of handwriting, light on pure black, the soft edges of its strokes kept.

    Which of the two is the ground, light or dark, is found from the picture: it is what holds most of the border and of the area.
    The light is evened out, the ink stretched to white; paper, its grain and faint ruled lines become black. A picture of one tone,
    or of nothing but noise in which neighbours are not alike, gives black. Light ink on pure black stays exactly as it is where it
    reaches 90 % of white.

    Ink and ground are parted by a surface through the tones at the edges of strokes (Yanowitz and Bruckstein 1989), which follows
    the light; the ground is the mean of what lies around the ink (normalized convolution, Knutsson and Westin 1993).

    >>> import numpy as np
    >>> page = np.tile(np.linspace(120, 240, 64).astype(np.uint8), (64, 1))  # paper under a lamp
    >>> page[20:44, 30:34] //= 3
    >>> isolate_ink(page)[32, 27:37].tolist()
    [0, 0, 0, 255, 255, 255, 255, 0, 0, 0]
    """
    counts = np.bincount(image.ravel(), minlength=256)
    commonest = int(counts.argmax())
    close = int(counts[max(commonest - CLOSE, 0) : commonest + CLOSE + 1].sum() - counts[commonest])
    # a ground of one value, without noise: a drawing, or what was isolated before
    clean = counts[commonest] >= FLAT * image.size and close <= CLEAN * image.size
    return _drawn(image, commonest) if clean else _photographed(image)


def _drawn(image: Image, commonest: int) -> Image:
    """The ink of a drawing: how far each value is from that of the ground."""
    low, high, _, _ = cv2.minMaxLoc(image)
    if low == high:
        return np.zeros_like(image)
    lighter = np.greater(image, (low + high) / 2)
    light = _is_ground(lighter)
    ground = commonest if (commonest > (low + high) / 2) == light else int(np.bincount(image[lighter == light]).argmax())
    if ground == 0 and high >= FULL * 255:
        return image.copy()
    most = ground - low if light else high - ground
    gain = 1 if most >= FULL * 255 else 255 / most
    steps = np.arange(256) - ground
    table: Image = np.rint(np.clip((-steps if light else steps) * gain, 0, 255)).astype(np.uint8)
    return looked_up(np.ascontiguousarray(image), table)


def _is_ground(part: Image) -> bool:
    """Whether the marked part, bool `(H, W)`, is the ground and the rest is ink, rather than the other way about.

    A vote of the area, the border and the corners: of MNIST's digits, cut to their box and thickened up to half their width, it
    gets all right; the area alone half, the border alone all but one in a thousand.
    """
    marks = part.view(np.uint8)
    rows, columns = marks.shape
    down, across = max(1, rows // 16), max(1, columns // 16)
    tops, sides = (np.s_[:down], np.s_[rows - down :]), (np.s_[:across], np.s_[columns - across :])
    corners = sum(cv2.countNonZero(marks[top, side]) for top in tops for side in sides) / (4 * down * across)
    border = outermost(marks)
    return bool(cv2.countNonZero(marks) / marks.size + cv2.countNonZero(border) / border.size + corners > 1.5)


def _photographed(image: Image) -> Image:
    """The ink of a photo or a scan: how dark each pixel is beside the ground around the ink."""
    if max(image.shape) <= GRAINY and _is_noise(image):
        return np.zeros_like(image)
    if max(image.shape) < SMALL and _noise(image) < ROUGH:
        factor = LARGER / max(image.shape)
        size = max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor))
        enlarged = _photographed(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC))
        return cv2.resize(enlarged, image.shape[::-1], interpolation=cv2.INTER_AREA)
    small = _smaller(image, WORK)
    found = _looked_at(small)
    if found is None:
        return np.zeros_like(image)
    if found.edged < WHOLE and (again := _looked_at(_evened(small))) and again.edged > found.edged:
        found = again
    work, edges, near, lighter = found.work, found.edges, found.near, found.lighter
    noise = _noise(work)
    ink = _bounded(~lighter & near, edges)
    strength: float | None = None
    for _ in range(2):
        ground = _around(work, ink)
        share = cv2.divide(work, ground, scale=255)  # of the ground's lightness, in 255ths
        strength = _strength(share, ink, near)
        if strength is None:
            return np.zeros_like(image)
        ink = _bounded((share < 255 - FOOT * strength) & near, _steps(work, ground, strength, noise))
    assert strength is not None
    deep = cv2.subtract(ground, work) > max(LEAST, SURELY * noise)
    strong = _pieces(ink & deep & (share < 255 - (FOOT + HEAD) / 2 * strength))
    result = cv2.bitwise_and(looked_up(share, _ramp(strength)), _grown(strong, KEPT))
    if result.shape == image.shape:
        return result
    return cv2.resize(result, image.shape[::-1], interpolation=cv2.INTER_CUBIC)


def _is_noise(image: Image) -> bool:
    """Whether pixels are no more like their neighbours than by chance, once the light is evened out: Moran's I (1950)."""
    rest = _evened(image).astype(np.float32)
    rest -= rest.mean()
    alike = float((rest[1:] * rest[:-1]).sum() + (rest[:, 1:] * rest[:, :-1]).sum())
    pairs = 2 * rest.size - sum(rest.shape)
    return alike <= CHANCE * math.sqrt(pairs) * float((rest * rest).mean())


def _evened(work: Image) -> Image:
    """The picture without what a surface of the second degree can say of the light, fitted three times, outliers left out."""
    small = _smaller(work, COARSE // 2).astype(np.float32)
    down, across = (np.linspace(-1, 1, length, dtype=np.float32) for length in small.shape)
    y, x = (plane.ravel() for plane in np.meshgrid(down, across, indexing="ij"))
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    values = small.ravel()
    weights = np.ones_like(values)
    fitted = values
    for _ in range(3):
        weighed = terms * weights[:, None]
        fitted = terms @ np.linalg.lstsq(weighed.T @ terms, weighed.T @ values, rcond=None)[0]
        spread = 2.5 * float(np.median(np.abs(values - fitted))) + 1
        weights = 1 / (1 + ((values - fitted) / spread) ** 2)
    surface = np.clip(fitted, 0.3 * fitted.max(), None).reshape(small.shape)
    light = cv2.resize(surface / np.float32(surface.mean()), work.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return cv2.divide(work.astype(np.float32), light, dtype=cv2.CV_8U)


@dataclass(frozen=True)
class Look:
    """A picture turned so that its ink is dark: `edges`, what is `near` one, what is `lighter` than the edges around it, all bool.

    `edged` is how much of the outline of what is darker lies on edges.
    """

    work: Image
    edges: Image
    near: Image
    lighter: Image
    edged: float


def _looked_at(work: Image) -> Look | None:
    """What can be told of ink and ground; None where nothing has an edge.

    The ink is what has edges all around it; where that is true of both, the vote of `_is_ground` counts.
    """
    if max(work.shape) > COARSE:
        work = cv2.GaussianBlur(work, (0, 0), BLUR)
    edges = _edges(work)
    if not edges.any():
        return None
    lighter, near = _parted(work, edges)
    dark, light = _edged(~lighter & near, edges), _edged(lighter & near, edges)
    if dark > light if abs(dark - light) > SURE else _is_ground(lighter):
        return Look(work, edges, near, lighter, dark)
    return Look(cv2.bitwise_not(work), edges, near, ~lighter, light)


def _outline(part: Image) -> Image:
    """The pixels of `part`, bool, that touch others, but for those at the picture's edge."""
    outline: Image = part & (cv2.erode(part.view(np.uint8), np.ones((3, 3), np.uint8)) == 0)
    return outline


def _edged(part: Image, edges: Image) -> float:
    """How much of the outline of `part` lies on edges."""
    outline = _outline(part)
    return float((cv2.dilate(edges.view(np.uint8), np.ones((3, 3), np.uint8)).view(bool) & outline).sum() / max(1, outline.sum()))


def _steps(work: Image, ground: Image, strength: float, noise: float) -> Image:
    """Where lightness falls by half of the ink's strength within a few pixels, as shadows and noise do not: bool `(H, W)`."""
    fall = cv2.morphologyEx(work, cv2.MORPH_GRADIENT, np.ones((STEP, STEP), np.uint8))
    steps: Image = (fall > cv2.convertScaleAbs(ground, alpha=strength / 2 / 255)) & (fall > RANGE * noise)
    return steps


def _bounded(ink: Image, edges: Image) -> Image:
    """The pieces of `ink` that have edges around them; others are shadows."""
    count, labels = cv2.connectedComponents(ink.view(np.uint8))
    outline = _outline(ink)
    around = np.bincount(labels[outline], minlength=count)
    sharp = np.bincount(labels[outline & edges], minlength=count)
    kept = sharp > EDGED * around
    kept[0] = False
    bounded: Image = kept[labels]
    return bounded


def _pieces(marked: Image) -> Image:
    """What of `marked` is no speck of noise."""
    _, labels, rows, _ = cv2.connectedComponentsWithStats(marked.view(np.uint8))
    sides = rows[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    sides[0] = 0
    longest = max(marked.shape)
    kept = (sides >= SPECK * longest) & (sides.max() >= PIECE * longest)
    pieces: Image = kept[labels]
    return pieces


def _smaller(image: Image, longest: int) -> Image:
    rows, columns = image.shape[:2]
    factor = longest / max(rows, columns)
    if factor >= 1:
        return image
    return cv2.resize(image, (max(1, round(columns * factor)), max(1, round(rows * factor))), interpolation=cv2.INTER_AREA)


def _edges(work: Image) -> Image:
    """Where lightness changes at least half as fast as at the steepest places, relative to the place's own: bool `(H, W)`."""
    across, down = cv2.spatialGradient(cv2.GaussianBlur(work, (3, 3), 0))
    slope = cv2.magnitude(across.astype(np.float32), down.astype(np.float32))
    slope = slope / (cv2.resize(_smaller(work, COARSE // 4), work.shape[::-1], interpolation=cv2.INTER_LINEAR) + np.float32(DIM))
    count = min(max(8, slope.size // 1000), slope.size)
    steep = float(np.partition(slope.ravel(), -count)[-count]) / 2
    edges: Image = slope > max(steep, 1e-6)
    return edges


def _parted(work: Image, edges: Image) -> tuple[Image, Image]:
    """What is lighter than the edges around it, and what is near an edge at all: two of bool `(H, W)`."""
    weights = edges.astype(np.float32)
    small = _smaller(weights, COARSE)
    level = _mean_around(_smaller(weights * work, COARSE), small)
    surface = cv2.resize(level, work.shape[::-1], interpolation=cv2.INTER_LINEAR)
    near = cv2.resize(_grown(small > 0, REACH), work.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    return work > surface, near


def _mean_around(weighed: Image, weights: Image) -> Image:
    """The mean by weights of what is around each place, far away where there is nothing near."""
    total: Image = np.full_like(weights, 1e-12)
    level: Image = np.zeros_like(weights)
    for width, part in ((32, 1.0), (8, 1e-3), (2, 1e-6)):
        sigma = max(weights.shape) / width
        total = total + np.float32(part) * cv2.GaussianBlur(weights, (0, 0), sigma)
        level = level + np.float32(part) * cv2.GaussianBlur(weighed, (0, 0), sigma)
    return level / total


def _around(work: Image, ink: Image) -> Image:
    """The ground's lightness, uint8: the mean of what is no ink, weighed by a Gaussian."""
    free = (_grown(ink, 0.006) == 0).astype(np.float32)
    if not free.any():
        free += 1
    level = _mean_around(_smaller(free * work, COARSE), _smaller(free, COARSE))
    surface = cv2.resize(level, work.shape[::-1], interpolation=cv2.INTER_LINEAR)
    rounded: Image = np.rint(np.clip(surface, 1, 255)).astype(np.uint8)
    return rounded


def _strength(share: Image, ink: Image, near: Image) -> float | None:
    """By how many levels of 255 ink is darker than its ground; None where nothing stands out from the noise."""
    depth, rest = np.bincount(255 - share[ink], minlength=256), np.bincount(share[near & ~ink], minlength=256)
    if not depth.any():
        return None
    deepest = _quantile(depth, 0.75)
    depth[: deepest // 2] = 0
    strength = _quantile(depth, 0.5)
    middle = _quantile(rest, 0.5) if rest.any() else 0
    distance = np.bincount(np.abs(np.arange(256) - middle), weights=rest, minlength=256)
    noise = 1.4826 * _quantile(distance, 0.5)
    return strength if strength >= max(LEAST, FAINT * noise) else None


def _noise(work: Image) -> float:
    """The standard deviation of the noise in levels of 255, by the median of what a blur takes away."""
    return 1.4826 * float(np.median(cv2.absdiff(work.astype(np.float32), cv2.GaussianBlur(work, (0, 0), 2).astype(np.float32))))


def _quantile(counts: Image, part: float) -> int:
    """The value up to which `part` of a histogram lies."""
    total = np.cumsum(counts)
    return int(np.searchsorted(total, part * total[-1]))


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
