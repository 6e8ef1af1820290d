"""Segments: regions that belong together, found, counted, cut out or painted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from annotated_types import Interval, Unit
from typing_extensions import Doc

from sightline.errors import ParameterError
from sightline.image import KINDS, Image, white
from sightline.ops._op import gives_channels, measure, op
from sightline.ops._pixels import clip01, color_of, composite, level_of, same_size
from sightline.ops._types import Color, Connectivity, Fraction, Seed, Side

__all__ = ["Components", "connected_components", "flood_fill", "grabcut", "kmeans", "watershed"]

COVER = 0.8  # how much of a drawn component covers what it was found in
TRIALS = 3  # draws for each colour that k-means starts from
SAMPLE = 16384  # pixels that k-means learns its colours from: all of a small picture, a draw from a large one

Place = Annotated[int, Interval(ge=0, le=16384), Unit("px")]


@dataclass(frozen=True, eq=False, repr=False)
class Components:
    """The connected regions of a picture, numbered from 1; row i of the tables describes number i + 1.

    `labels` is int32 `(H, W)`, 0 on the ground; `areas` `(N,)` in pixels; `boxes` `(N, 4)` with x, y, width and height;
    `centroids` `(N, 2)` with x and y, in pixels.
    """

    labels: Image
    areas: Image
    boxes: Image
    centroids: Image

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.areas)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(self.__getitem__, range(self.count))

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Area, box and centroid of number index + 1."""
        area, box, centroid = (table[index].tolist() for table in (self.areas, self.boxes, self.centroids))
        return {"area": area, "box": box, "centroid": centroid}

    def __repr__(self) -> str:
        return f"Components({self.count} found)"

    def draw(self, image: Image) -> Image:
        """A new picture: `image` with every component in a colour of its own; a gray one becomes RGB."""
        same_size(self.labels, image, "the picture to draw components on")
        base = cv2.cvtColor(image, cv2.COLOR_GRAY2RGB) if image.ndim == 2 else image
        paint = _palette(self.count)[self.labels].astype(np.float32) * np.float32(white(image) / 255)
        if base.shape[2] == 4:
            paint = np.dstack([paint, np.full(self.labels.shape, white(image), np.float32)])
        return composite(base, paint, (self.labels > 0) * np.float32(COVER))

    def to_dict(self) -> dict[str, Any]:
        """The count, and area, box and centroid of each."""
        return {"count": self.count, "components": list(self)}


@measure(group="threshold", channels=(1,), gives=gives_channels(3), example={"threshold": 0.5, "min_area": 20})
def connected_components(
    image: Image,
    *,
    threshold: Annotated[Fraction, Doc("What is lighter than this fraction of white is no ground")] = 0.0,
    connectivity: Connectivity = 8,
    min_area: Annotated[int, Interval(ge=1, le=2**28), Unit("px²"), Doc("Smaller ones count as ground")] = 1,
) -> Components:
    """Find the regions that hang together in a picture of objects on black, with area, box and centroid of each.

    >>> import numpy as np
    >>> image = np.array([[9, 9, 0, 0], [0, 0, 0, 7]], np.uint8)
    >>> connected_components(image).to_dict()["components"][0]
    {'area': 2, 'box': [0, 0, 2, 1], 'centroid': [0.5, 0.0]}
    >>> connected_components(image, min_area=2).labels.tolist()
    [[1, 1, 0, 0], [0, 0, 0, 0]]
    """
    objects = np.greater(image, level_of(threshold, image), order="C").view(np.uint8)
    _, labels, rows, centers = cv2.connectedComponentsWithStatsWithAlgorithm(
        objects, connectivity, cv2.CV_32S, cv2.CCL_GRANA if connectivity == 8 else cv2.CCL_DEFAULT
    )  # the same numbers as by default, for 8 in three quarters of the time
    areas, boxes, centroids = rows[1:, cv2.CC_STAT_AREA], rows[1:, : cv2.CC_STAT_AREA], centers[1:]
    if min_area > 1:
        kept = areas >= min_area
        numbers = np.concatenate([[0], np.cumsum(kept) * kept]).astype(np.int32)
        labels, areas, boxes, centroids = numbers[labels], areas[kept], boxes[kept], centroids[kept]
    return Components(labels, areas, boxes, centroids)


@op(group="threshold", dtypes=("uint8",), channels=(1, 3), gives=gives_channels(3), example={"separation": 20})
def watershed(
    image: Image,
    *,
    show: Annotated[
        Literal["boundaries", "regions"], Doc("Lines on the picture, or a colour for each region on black")
    ] = "boundaries",
    objects: Annotated[Literal["light", "dark"], Doc("Whether the objects are lighter or darker than the ground")] = "light",
    separation: Annotated[int, Interval(ge=1, le=500), Unit("px"), Doc("Objects whose middles are nearer than this are one")] = 10,
    color: Annotated[Color, Doc("Of the lines")] = "red",
) -> Image:
    """Part objects that touch, each from the others and from the ground, by flooding from their middles (Meyer 1992).

    Objects and ground are told apart by Otsu's threshold; the middles are where the distance to the ground is greatest,
    and what lies farther from it is flooded first, so that the lines run through the necks.

    >>> import numpy as np
    >>> rows, columns = np.mgrid[:30, :60]
    >>> discs = ((rows - 15) ** 2 + (columns % 28 - 15) ** 2 < 210) & (columns < 56)
    >>> regions = watershed(np.where(discs, 200, 20).astype(np.uint8), show="regions")
    >>> len(np.unique(regions.reshape(-1, 3), axis=0))  # black and two colours
    3
    """
    rgb: Image = cv2.cvtColor(image, cv2.COLOR_GRAY2RGB) if image.ndim == 2 else image
    gray = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    side = cv2.THRESH_BINARY if objects == "light" else cv2.THRESH_BINARY_INV
    parted: Image = cv2.threshold(gray, 0, 255, side | cv2.THRESH_OTSU)[1]
    distance = cv2.distanceTransform(parted, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    markers = _markers(parted, distance, separation)
    # OpenCV gives the outermost pixels to no region: a frame of one pixel takes that
    frame = (1, 1, 1, 1, cv2.BORDER_REPLICATE)
    terrain = cv2.copyMakeBorder(_terrain(parted, distance), *frame)
    labels = cv2.watershed(terrain, cv2.copyMakeBorder(markers, *frame))[1:-1, 1:-1]
    if show == "regions":
        return _palette(int(markers.max()) - 1)[np.maximum(labels - 1, 0)]
    lined = rgb.copy()
    lined[labels == -1] = color_of(color, rgb)
    return lined


@op(
    group="threshold",
    dtypes=("uint8",),
    channels=(3,),
    gives=lambda kind, parameters: KINDS[kind.dtype, 4 if parameters["show"] == "cutout" else 1],
)
def grabcut(
    image: Image,
    *,
    x: Annotated[Place, Doc("Left edge of a box around the subject")] = 2,
    y: Annotated[Place, Doc("Upper edge of the box")] = 2,
    width: Annotated[Side | None, Doc("Width of the box; none: as far from the right edge as x from the left")] = None,
    height: Annotated[Side | None, Doc("Height of the box; none: as far from the lower edge as y from the upper")] = None,
    iterations: Annotated[int, Interval(ge=1, le=20), Doc("How often the colours of subject and ground are learned anew")] = 5,
    show: Annotated[Literal["cutout", "mask"], Doc("RGBA with a transparent ground, or a mask: white the subject")] = "cutout",
) -> Image:
    """Cut out the subject in a box: what has other colours than what lies outside (Rother, Kolmogorov and Blake 2004).

    OpenCV begins with its one generator of random numbers: `cv2.setRNGSeed(0)` is called before, so that results repeat.

    >>> import numpy as np
    >>> image = np.full((20, 20, 3), (20, 90, 200), np.uint8)
    >>> image[6:14, 6:14] = (250, 220, 10)
    >>> mask = grabcut(image, x=3, y=3, show="mask")
    >>> int((mask == 255).sum()), mask[6:14, 6:14].min()
    (64, np.uint8(255))
    """
    rows, columns = image.shape[:2]
    box = (x, y, columns - 2 * x if width is None else width, rows - 2 * y if height is None else height)
    if min(box[2:]) < 1 or x + box[2] > columns or y + box[3] > rows or box[2:] == (columns, rows):
        raise ParameterError(
            "the box of grabcut does not fit",
            expected=f"a box inside the picture of {columns} x {rows} px that leaves some of it outside",
            received=f"x {x}, y {y}, {box[2]} x {box[3]} px",
        )
    mask = np.zeros((rows, columns), np.uint8)
    cv2.setRNGSeed(0)
    cv2.grabCut(image, mask, box, np.zeros((1, 65)), np.zeros((1, 65)), iterations, cv2.GC_INIT_WITH_RECT)
    subject = (mask & 1) * np.uint8(255)  # GC_FGD is 1, GC_PR_FGD 3
    return subject if show == "mask" else cv2.merge((*cv2.split(image), subject))


@op(group="threshold", keeps_alpha=True, example={"clusters": 6})
def kmeans(
    image: Image,
    *,
    clusters: Annotated[int, Interval(ge=1, le=64), Doc("How many colours are left")] = 8,
    seed: Seed = 0,
) -> Image:
    """Paint the picture in its few most fitting colours: each pixel in the mean of its cluster (k-means, Lloyd 1982).

    The colours are learned from all pixels, of pictures over 16,384 pixels from as many drawn at random; they start as
    k-means++ says (Arthur and Vassilvitskii 2007).

    >>> import numpy as np
    >>> kmeans(np.array([[10, 12, 14, 90, 95, 100]], np.uint8), clusters=2).tolist()
    [[12, 12, 12, 95, 95, 95]]
    """
    if image.shape[:2] == (1, 1):  # OpenCV would take its channels for pixels
        return image.copy()
    pixels = np.asarray(image.reshape(-1, 1 if image.ndim == 2 else 3), np.float32, order="C")
    random = np.random.default_rng(seed)
    sample = pixels[random.choice(len(pixels), SAMPLE, replace=False)] if len(pixels) > SAMPLE else pixels
    labels = _start(sample, clusters, random)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_MAX_ITER, 50, float(white(image)) / 1000)
    _, _, centers = cv2.kmeans(sample, int(labels.max()) + 1, labels, stop, 1, cv2.KMEANS_USE_INITIAL_LABELS)
    _, nearest = cv2.batchDistance(pixels, centers, cv2.CV_32F, normType=cv2.NORM_L2SQR, K=1)
    colors = clip01(centers) if image.dtype == np.float32 else np.rint(centers).astype(image.dtype)
    painted: Image = colors[nearest[:, 0]].reshape(image.shape)
    return painted


@op(group="threshold", keeps_alpha=True, example={"tolerance": 0.3})
def flood_fill(
    image: Image,
    *,
    x: Annotated[Place, Doc("Column to start from, 0 the leftmost")] = 0,
    y: Annotated[Place, Doc("Row to start from, 0 the uppermost")] = 0,
    color: Annotated[Color, Doc("What it is filled with; its transparency is not looked at")] = "red",
    tolerance: Annotated[Fraction, Doc("How far each channel may be from that of the start, as a fraction of white")] = 0.1,
    connectivity: Connectivity = 4,
) -> Image:
    """Fill the region around one pixel that looks like it; gray pictures get the colour's lightness.

    >>> import numpy as np
    >>> flood_fill(np.array([[1, 2, 90, 1]], np.uint8), color="white").tolist()
    [[255, 255, 90, 1]]
    """
    rows, columns = image.shape[:2]
    if x >= columns or y >= rows:
        raise ParameterError(
            "flood_fill cannot start outside the picture",
            expected=f"x 0 to {columns - 1}, y 0 to {rows - 1} px",
            received=f"x {x}, y {y} px",
        )
    # OpenCV does not fill 16 bit, and float holds its every value exactly
    filled = np.array(image, np.float32 if image.dtype == np.uint16 else image.dtype, order="C")
    reach = (level_of(tolerance, image),) * 3
    cv2.floodFill(filled, None, (x, y), color_of(color, image), reach, reach, connectivity | cv2.FLOODFILL_FIXED_RANGE)
    return filled if filled.dtype == image.dtype else filled.astype(image.dtype)


def _start(pixels: Image, clusters: int, random: np.random.Generator) -> Image:
    """The nearest of `clusters` colours that k-means++ draws, or of all that there are: int32 `(N, 1)` for float32 `(N, C)`.

    Each is drawn by the squared distance to those before it, the best of three draws, as `cv2.kmeans` does with OpenCV's one
    generator, whose state is the caller's.
    """
    planes = np.ascontiguousarray(pixels.T)
    labels = np.zeros((len(pixels), 1), np.int32)
    away = planes - planes[:, [random.integers(len(pixels))]]
    nearest = np.add.reduce(away * away)
    for number in range(1, clusters):
        ends = nearest.cumsum(dtype=np.float64)
        if not ends[-1]:
            break
        drawn = np.searchsorted(ends, random.random(TRIALS) * ends[-1])
        away = planes[:, None] - planes[:, drawn, None]  # (C, trials, N)
        trials = np.minimum(np.add.reduce(np.multiply(away, away, out=away)), nearest)
        best = trials[trials.sum(axis=1).argmin()]
        labels[best < nearest] = number
        nearest = best
    return labels


def _terrain(objects: Image, distance: Image) -> Image:
    """What OpenCV floods in order of the distance to the ground, the farthest first.

    It takes pixels by how much they differ from the neighbour (of four) that the water comes from. On a chessboard of zeros and
    depths that is the depth of one of the two; the second plane makes the way from the ground into an object the last of all.
    """
    depth = 250 - cv2.convertScaleAbs(distance, alpha=min(1.0, 250 / max(float(distance.max()), 1.0)))
    depth[::2, ::2] = 0
    depth[1::2, 1::2] = 0
    return cv2.merge((depth, objects, depth))


def _markers(objects: Image, distance: Image, separation: int) -> Image:
    """Where the water rises: 1 on the ground, from 2 up in the middle of each object, 0 where it has to find its way."""
    around = np.ones((2 * separation + 1, 2 * separation + 1), np.uint8)
    peaks = np.where(distance == cv2.dilate(distance, around), objects, 0)
    joined = cv2.dilate(peaks, np.ones((separation | 1, separation | 1), np.uint8))  # equal peaks of one object
    numbers = cv2.connectedComponents(joined)[1]
    return np.where(peaks > 0, numbers + 1, np.where(objects > 0, 0, 1)).astype(np.int32)


def _palette(count: int) -> Image:
    """Black and `count` colours, uint8 `(count + 1, 3)`: hues a golden section of the circle apart, so that neighbours differ."""
    numbers = np.arange(max(count, 0))
    hsv = np.stack([numbers * 0.618034 % 1 * 180, 150 + numbers % 2 * 80, 255 - numbers % 3 * 40], axis=1).astype(np.uint8)
    colors = cv2.cvtColor(hsv[None], cv2.COLOR_HSV2RGB)[0] if len(numbers) else np.zeros((0, 3), np.uint8)
    return np.concatenate([np.zeros((1, 3), np.uint8), colors])
