"""What is in a picture: contours, lines, circles and corners, measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import atan2, degrees, hypot
from threading import Lock
from typing import Annotated, Any, Generic, Literal, TypeVar

import cv2
import numpy as np
from annotated_types import Interval, Unit
from numpy.typing import NDArray
from typing_extensions import Doc

from sightline.errors import ParameterError
from sightline.image import KINDS, Image, Kind
from sightline.ops._brush import segment
from sightline.ops._op import measure
from sightline.ops._oval import Oval, draw_oval
from sightline.ops._pixels import outermost
from sightline.ops._types import Side
from sightline.ops.color import to_depth8, to_gray, to_rgb
from sightline.ops.edges import canny

__all__ = [
    "Circle",
    "Circles",
    "Contour",
    "Contours",
    "Corners",
    "Line",
    "Lines",
    "contours",
    "corners",
    "hough_circles",
    "hough_lines",
]

T = TypeVar("T")

VERMILLION, ORANGE = (213, 94, 0), (230, 159, 0)  # of the Okabe-Ito palette, which colour-blind people tell apart
ONE_THREAD = Lock()  # the number of threads is one for the whole process
SCHARR_GAIN = 16 * 255  # what a step from black to white in 8 bit gives


def rgb8(kind: Kind, parameters: Any) -> Kind:
    """Whatever is measured, its drawing is RGB of 8 bit."""
    return KINDS["uint8", 3]


class Found(Generic[T]):
    """What was found, one by one: has a length, is iterated over and indexed like its `items`."""

    items: tuple[T, ...]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __getitem__(self, index: int) -> T:
        return self.items[index]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.items)} found)"


@dataclass(frozen=True, eq=False)
class Contour:
    """The border of one region, through the centres of its outermost pixels.

    `points` is `(N, 2)` int32, x and y, where the border turns. `area` is what lies within the border, in px²: `(n - 1)²` for
    a square of n pixels; `perimeter` its length. `box` is x, y, width and height, `centroid` the middle of the area. `hole` is
    true for the inner border of a region.
    """

    points: NDArray[np.int32] = field(repr=False)
    area: float
    perimeter: float
    box: tuple[int, int, int, int]
    centroid: tuple[float, float]
    hole: bool


@dataclass(frozen=True, eq=False, repr=False)
class Contours(Found[Contour]):
    """Contours, the largest first."""

    items: tuple[Contour, ...]

    def draw(self, image: Image) -> Image:
        """The picture in 8-bit RGB, with every contour and, as a dot, its centroid."""
        canvas, thickest = _canvas(image)
        for item in self.items:
            size = max(item.box[2:])
            thickness = _thickness(size, thickest)
            borders, heavier = [item.points[:, None]], thickness > 1  # OpenCV's smooth lines are a pixel thicker than asked for
            cv2.drawContours(canvas, borders, -1, VERMILLION, thickness - heavier, cv2.LINE_AA)
            if size > 10 * thickness:
                _dot(canvas, item.centroid, thickness)
        return canvas

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers: the count, and of each contour its measures and points."""
        names = ("area", "perimeter", "hole")
        return {
            "count": len(self.items),
            "contours": [
                {name: getattr(item, name) for name in names}
                | {"box": list(item.box), "centroid": list(item.centroid), "points": item.points.tolist()}
                for item in self.items
            ],
        }


@dataclass(frozen=True)
class Line:
    """A straight piece from `(x1, y1)` to `(x2, y2)`, in px; `angle` in degrees from 0 to 180, 0 level, 45 rising to the right."""

    x1: int
    y1: int
    x2: int
    y2: int
    length: float
    angle: float


@dataclass(frozen=True, repr=False)
class Lines(Found[Line]):
    """Straight pieces, the longest first."""

    items: tuple[Line, ...]

    def draw(self, image: Image) -> Image:
        """The picture in 8-bit RGB, with every line and, as dots, its ends."""
        canvas, thickest = _canvas(image)
        sizes = [_thickness(line.length, thickest) for line in self.items]
        for line, thickness in zip(self.items, sizes, strict=True):
            segment(canvas, line.x1, line.y1, line.x2, line.y2, thickness, VERMILLION)
        for line, thickness in zip(self.items, sizes, strict=True):
            _dot(canvas, (line.x1, line.y1), thickness)
            _dot(canvas, (line.x2, line.y2), thickness)
        return canvas

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers: the count, and of each line its ends, length and angle."""
        return {"count": len(self.items), "lines": [vars(line).copy() for line in self.items]}


@dataclass(frozen=True)
class Circle:
    """A circle: centre and radius, in px."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True, repr=False)
class Circles(Found[Circle]):
    """Circles, the clearest first."""

    items: tuple[Circle, ...]

    def draw(self, image: Image) -> Image:
        """The picture in 8-bit RGB, with every circle and, as a dot, its centre."""
        canvas, thickest = _canvas(image)
        for circle in self.items:
            thickness = _thickness(2 * circle.radius, thickest)
            draw_oval(canvas, circle.x, circle.y, Oval(circle.radius, circle.radius, thickness=thickness), VERMILLION)
            _dot(canvas, (circle.x, circle.y), thickness)
        return canvas

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers: the count, and of each circle its centre and radius."""
        return {"count": len(self.items), "circles": [vars(circle).copy() for circle in self.items]}


@dataclass(frozen=True, eq=False, repr=False)
class Corners:
    """Corners, the clearest first: `points` is `(N, 2)` float32, x and y in px; each is taken from it as `(2,)`."""

    points: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.points)

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        return iter(self.points)

    def __getitem__(self, index: int) -> NDArray[np.float32]:
        corner: NDArray[np.float32] = self.points[index]
        return corner

    def __repr__(self) -> str:
        return f"Corners({len(self)} found)"

    def draw(self, image: Image) -> Image:
        """The picture in 8-bit RGB, with a ring around every corner."""
        canvas, thickness = _canvas(image)
        for x, y in self.points.tolist():
            draw_oval(canvas, x, y, Oval(3 * thickness, 3 * thickness, thickness=thickness), VERMILLION)
        return canvas

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers: the count and the points."""
        return {"count": len(self.points), "points": self.points.tolist()}


@measure(group="edges", gives=rgb8, example={"min_area": 100.0})
def contours(
    image: Image,
    *,
    subject: Annotated[
        Literal["auto", "light", "dark"], Doc("What the regions are; auto: what most of the outermost pixels are not")
    ] = "auto",
    threshold: Annotated[
        Annotated[float, Interval(ge=0, le=1)] | None, Doc("Lightness above which a pixel is light; none: Otsu's choice")
    ] = None,
    mode: Annotated[Literal["external", "all"], Doc("Only the outer borders of regions, or also those of holes")] = "external",
    min_area: Annotated[float, Interval(ge=0, le=1e9), Unit("px²"), Doc("Smaller ones are left out")] = 1.0,
) -> Contours:
    """Measure the regions of a picture: border, area, perimeter, box and centroid.

    The picture is made 8-bit gray, split into light and dark, and the borders are followed (Suzuki and Abe 1985).

    >>> import numpy as np
    >>> image = np.zeros((20, 20), np.uint8)
    >>> image[5:10, 3:13] = 200
    >>> found = contours(image).items[0]
    >>> found.area, found.box, found.centroid
    (36.0, (3, 5, 10, 5), (7.5, 7.0))
    """
    gray = _gray8(image)
    kind = cv2.THRESH_BINARY if threshold is not None else cv2.THRESH_BINARY | cv2.THRESH_OTSU
    light = cv2.threshold(gray, (threshold or 0) * 255, 255, kind)[1]
    if subject == "dark" or (subject == "auto" and _light_ground(light)):
        light = cv2.bitwise_not(light)
    retrieval = cv2.RETR_EXTERNAL if mode == "external" else cv2.RETR_CCOMP
    borders, tree = cv2.findContours(light, retrieval, cv2.CHAIN_APPROX_SIMPLE)
    parents = tree[0, :, 3].tolist() if borders else []
    areas = [cv2.contourArea(border) for border in borders]
    order = sorted((index for index, area in enumerate(areas) if area >= min_area), key=lambda index: -areas[index])
    return Contours(tuple(_contour(borders[index], areas[index], parents[index] >= 0) for index in order))


@measure(group="edges", gives=rgb8, example={"votes": 30, "min_length": 20, "max_gap": 4})
def hough_lines(
    image: Image,
    *,
    votes: Annotated[int, Interval(ge=1, le=10000), Doc("How many edge points a line needs at least")] = 50,
    min_length: Annotated[Side, Doc("Shorter lines are left out")] = 30,
    max_gap: Annotated[int, Interval(ge=0, le=1000), Unit("px"), Doc("Pieces of a line that are no further apart are joined")] = 5,
    find_edges: Annotated[
        bool | None,
        Doc("Find the edges by `canny` first; off: the picture shows edges, light on dark; none: on unless it is lines already"),
    ] = None,
) -> Lines:
    """Find straight lines: ends, length and angle of each.

    The probabilistic Hough transform (Matas, Galambos and Kittler 2000) on the edges of the 8-bit gray picture, in steps of
    1 px and 1°. A line in a picture has two edges; of one that is black and white and in which no white pixel has eight white
    neighbours, such as what `canny` gives, the lines themselves are found.

    >>> import numpy as np
    >>> image = np.zeros((60, 60), np.uint8)
    >>> image[20, 5:55] = 255
    >>> hough_lines(image, votes=30).items
    (Line(x1=5, y1=20, x2=54, y2=20, length=49.0, angle=0.0),)
    """
    gray = _gray8(image)
    if find_edges is None:
        find_edges = not _thin_lines(gray)
    edges = canny(gray) if find_edges else cv2.threshold(gray, 127, 255, cv2.THRESH_BINARY)[1]
    found = cv2.HoughLinesP(edges, 1, np.pi / 180, votes, minLineLength=min_length, maxLineGap=max_gap)
    ends = [] if found is None else found.reshape(-1, 4).tolist()
    return Lines(tuple(sorted((_line(*map(int, each)) for each in ends), key=lambda line: -line.length)))


@measure(group="edges", gives=rgb8, example={"roundness": 0.6})
def hough_circles(
    image: Image,
    *,
    roundness: Annotated[float, Interval(ge=0.1, le=0.99), Doc("How perfect a circle must be; 1 would be perfect")] = 0.8,
    edge: Annotated[
        float, Interval(ge=0.005, le=1), Doc("Slope above which a border begins; 1: a step from black to white")
    ] = 0.075,
    min_distance: Annotated[Side, Doc("Smallest distance between two centres")] = 10,
    min_radius: Annotated[Side, Doc("Smallest radius")] = 5,
    max_radius: Annotated[Side | None, Doc("Largest radius; none: as large as the picture")] = None,
) -> Circles:
    """Find circles: centre and radius of each.

    OpenCV's Hough gradient method, its more exact variant, on the 8-bit gray picture. Blur noisy pictures first.

    >>> import numpy as np
    >>> disk = cv2.circle(np.zeros((80, 80), np.uint8), (40, 35), 20, 255, cv2.FILLED, cv2.LINE_AA)
    >>> [round(value, 1) for value in hough_circles(disk).to_dict()["circles"][0].values()]
    [40.0, 35.0, 20.7]
    """
    largest = max(image.shape[:2]) if max_radius is None else max_radius
    if largest < min_radius:
        if max_radius is None:
            return Circles(())
        raise ParameterError(
            "the radii of hough_circles do not fit",
            expected="min_radius at most max_radius",
            received=f"{min_radius} px and {max_radius} px",
        )
    gray, method = _gray8(image), cv2.HOUGH_GRADIENT_ALT
    with ONE_THREAD:  # on several, what OpenCV finds depends on which is first
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        try:
            found = cv2.HoughCircles(gray, method, 1, min_distance, None, edge * SCHARR_GAIN, roundness, min_radius, largest)
        finally:
            cv2.setNumThreads(threads)
    rows = [] if found is None else found.reshape(-1, 3).tolist()
    return Circles(tuple(Circle(*row) for row in rows))


@measure(group="edges", gives=rgb8)
def corners(
    image: Image,
    *,
    count: Annotated[int, Interval(ge=1, le=10000), Doc("How many at most")] = 100,
    quality: Annotated[float, Interval(ge=0.001, le=1), Doc("What part of the clearest corner's strength one needs")] = 0.05,
    min_distance: Annotated[Side, Doc("Smallest distance between two")] = 10,
    method: Annotated[Literal["shi_tomasi", "harris"], Doc("How the strength is measured")] = "shi_tomasi",
) -> Corners:
    """Find corners: points that look different in every direction, good to follow or to match.

    Shi and Tomasi 1994 (the smaller eigenvalue of the slopes' covariance in 3 x 3 px) or Harris and Stephens 1988 with
    k = 0.04, on the 8-bit gray picture.

    >>> import numpy as np
    >>> image = np.zeros((40, 40), np.uint8)
    >>> image[10:30, 10:30] = 255
    >>> sorted(corners(image).to_dict()["points"])
    [[10.0, 10.0], [10.0, 29.0], [29.0, 10.0], [29.0, 29.0]]
    """
    found = cv2.goodFeaturesToTrack(_gray8(image), count, quality, min_distance, useHarrisDetector=method == "harris", k=0.04)
    return Corners(np.empty((0, 2), np.float32) if found is None else found.reshape(-1, 2).astype(np.float32, copy=False))


def _gray8(image: Image) -> Image:
    """8-bit gray; transparency is laid on white. May be the picture itself."""
    gray = image if image.ndim == 2 else to_gray(image)
    return gray if gray.dtype == np.uint8 else to_depth8(gray)


def _canvas(image: Image) -> tuple[Image, int]:
    """A new 8-bit RGB picture to draw on, and how thick lines on it are at most: 1 px up to a side of 900, 2 up to 1500."""
    canvas = to_rgb(image)
    return canvas if canvas.dtype == np.uint8 else to_depth8(canvas), max(1, round(max(image.shape[:2]) / 600))


def _thickness(size: float, thickest: int) -> int:
    """Of the line around something of a size in px: it leaves free what is small."""
    return max(1, min(thickest, round(size / 20)))


def _dot(canvas: Image, center: tuple[float, float], thickness: int) -> None:
    draw_oval(canvas, *center, Oval(thickness, thickness), ORANGE)


def _thin_lines(gray: Image) -> bool:
    """Whether it is black and white, and no white pixel has eight white neighbours."""
    light = cv2.countNonZero(gray)
    return light == cv2.countNonZero(cv2.inRange(gray, 255, 255)) and not cv2.erode(gray, np.ones((3, 3), np.uint8)).any()


def _light_ground(mask: Image) -> bool:
    """Whether most of the outermost pixels are not 0."""
    border = outermost(mask)
    return int(np.count_nonzero(border)) * 2 > border.size


def _contour(border: Image, area: float, hole: bool) -> Contour:
    points: NDArray[np.int32] = border.reshape(-1, 2)
    x, y, width, height = cv2.boundingRect(border)
    moments = cv2.moments(border)
    mass = moments["m00"]
    middle = x + (width - 1) / 2, y + (height - 1) / 2  # of a dot or a line, which has no area
    center = (moments["m10"] / mass, moments["m01"] / mass) if mass else middle
    return Contour(points, area, cv2.arcLength(border, True), (x, y, width, height), center, hole)


def _line(x1: int, y1: int, x2: int, y2: int) -> Line:
    return Line(x1, y1, x2, y2, hypot(x2 - x1, y2 - y1), degrees(atan2(y1 - y2, x2 - x1)) % 180)
