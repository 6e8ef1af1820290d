"""Distributions of values: measured, flattened, matched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import cv2
import numpy as np
from annotated_types import Interval
from typing_extensions import Doc

from sightline.image import KINDS, Image, check_image, white
from sightline.ops._op import measure, op
from sightline.ops._pixels import like, to_unit
from sightline.ops._types import Alike, Picture
from sightline.ops.color import NAMES, plane, planes

__all__ = ["Histogram", "clahe", "equalize", "histogram", "match_histogram"]

LEVELS = np.arange(256)
MOMENTS = np.array([LEVELS, LEVELS**2])
INK, MUTED, GRID = (0x1B, 0x1F, 0x24), (0x6B, 0x72, 0x80), (0xE5, 0xE7, 0xEB)
LINES = {
    "gray": INK,
    "red": (0xD5, 0x5E, 0x00),
    "green": (0x00, 0x9E, 0x73),
    "blue": (0x00, 0x72, 0xB2),
    "alpha": MUTED,
}  # Okabe and Ito
SMALLEST_TILE = 16  # px, a side: 256 pixels, as many as there are values in 8 bit
PLOT = (640, 400)  # px, width and height of the drawing
LEFT, TOP, RIGHT, BOTTOM = 20, 40, 620, 370  # px, the frame in it


@dataclass(frozen=True, repr=False)
class Histogram:
    """How often each value occurs, for each channel; the bins are of equal width and share the range from 0 to `white`.

    `counts`, `mean`, `std`, `min` and `max` have one entry for each of `names`; `std` is that of all pixels (divided by N).
    """

    names: tuple[str, ...]
    white: float
    counts: tuple[tuple[int, ...], ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    min: tuple[float, ...]
    max: tuple[float, ...]

    @property
    def bins(self) -> int:
        """The number of bins."""
        return len(self.counts[0])

    def __repr__(self) -> str:
        figures = zip(self.names, self.mean, self.std, strict=True)
        return f"Histogram({self.bins} bins; {', '.join(f'{name} {_short(mean)} ± {_short(std)}' for name, mean, std in figures)})"

    def draw(self, image: Image) -> Image:
        """A plot of 640 x 400 pixels, uint8 RGB: black at the left, white at the right, a line for each channel."""
        width, height = PLOT
        plot = np.full((height, width, 3), 255, np.uint8)
        _frame(plot, self.white)
        # one full bin, such as a white ground, would press all others flat: the height follows the bin that few exceed
        colors = [counts for name, counts in zip(self.names, self.counts, strict=True) if name != "alpha"]
        top = max(1.0, 1.1 * float(np.quantile(np.array(colors), 1 - 1.5 / self.bins, method="higher")))
        for counts, name in zip(self.counts, self.names, strict=True):
            if name != "alpha":
                _outline(plot, np.array(counts) / top, LINES[name], filled=len(colors) == 1)
        for place, name in enumerate(self.names):
            _label(plot, f"{name}  {_short(self.mean[place])} ± {_short(self.std[place])}", LEFT + 150 * place, LINES[name])
        return plot

    def to_dict(self) -> dict[str, Any]:
        """The counts and the figures of each channel, in the picture's own range."""
        figures = zip(self.counts, self.mean, self.std, self.min, self.max, strict=True)
        keys = ("counts", "mean", "std", "min", "max")
        each = [dict(zip(keys, (list(values[0]), *values[1:]), strict=True)) for values in figures]
        return {"bins": self.bins, "range": [0, self.white], "channels": dict(zip(self.names, each, strict=True))}


@measure(group="histogram", gives=lambda kind, parameters: KINDS["uint8", 3])
def histogram(
    image: Image,
    *,
    bins: Annotated[int, Interval(ge=2, le=256), Doc("Number of bins of equal width, from black to white")] = 256,
) -> Histogram:
    """Count how often each value occurs, with mean, standard deviation, least and greatest value, for each channel.

    >>> import numpy as np
    >>> histogram(np.array([[0, 100, 255]], np.uint8), bins=2).counts
    ((2, 1),)
    """
    names = NAMES[1 if image.ndim == 2 else image.shape[2]]
    full = white(image).item() if image.dtype == np.float32 else int(white(image))
    figures = [_figures(image, place, bins) for place in range(len(names))]
    counts, mean, std, low, high = zip(*figures, strict=True)
    return Histogram(names, full, counts, mean, std, low, high)


@op(group="histogram", keeps_alpha=True)
def equalize(image: Image) -> Image:
    """Spread the values so that all are about equally frequent; of colours only the luminance (Y of YCrCb).

    A value v becomes (c(v) - c(least)) / (N - c(least)) of the range, where c counts the pixels up to a value. Float pictures
    are counted in 65536 steps. A picture of one value, or one luminance, stays as it is.

    >>> import numpy as np
    >>> equalize(np.array([[10, 10, 11, 200]], np.uint8)).tolist()
    [[0, 0, 128, 255]]
    """
    flatten = cv2.equalizeHist if image.dtype == np.uint8 else _equalize_deep
    if image.ndim == 2 and image.dtype != np.float32:
        return flatten(image)
    counted = _deep(image)
    ycrcb = counted if image.ndim == 2 else cv2.cvtColor(counted, cv2.COLOR_RGB2YCrCb)
    luminance = counted if image.ndim == 2 else plane(ycrcb, 0)
    if _is_even(luminance):
        return image.copy()
    spread = flatten(luminance)
    if image.ndim == 3:
        spread = cv2.cvtColor(cv2.insertChannel(spread, ycrcb, 0), cv2.COLOR_YCrCb2RGB)
    return spread if image.dtype != np.float32 else like(spread / np.float32(65535), image)


@op(group="histogram", keeps_alpha=True)
def clahe(
    image: Image,
    *,
    clip_limit: Annotated[
        float, Interval(ge=0, le=100), Doc("How much steeper than flat the contrast may get: 1 changes little; 0 sets no limit")
    ] = 2.0,
    tiles: Annotated[
        int, Interval(ge=1, le=32), Doc("Number of tiles across and down, each with a curve of its own; fewer where under 16 px")
    ] = 8,
) -> Image:
    """Spread the values locally: contrast limited adaptive histogram equalization (Zuiderveld 1994).

    Of colours only the lightness (L* of CIE Lab) is spread. Float pictures and 16-bit colours are counted in 65536 steps.
    Tiles have sides of 16 px and more: the few pixels of smaller ones say too little about a curve. A picture of one value, or
    one lightness, stays as it is.

    >>> import numpy as np
    >>> ramp = np.arange(100, 164, dtype=np.uint8).reshape(8, 8)
    >>> int(np.ptp(ramp)), int(np.ptp(clahe(ramp, clip_limit=40.0, tiles=1)))
    (63, 251)
    """
    across, down = (max(1, min(tiles, side // SMALLEST_TILE)) for side in image.shape[1::-1])
    curve = cv2.createCLAHE(clip_limit, (across, down)).apply
    eight_bit = image.dtype == np.uint8
    lab = None if image.ndim == 2 else cv2.cvtColor(image if eight_bit else to_unit(image), cv2.COLOR_RGB2LAB)
    lightness = _deep(image) if lab is None else plane(lab, 0) if eight_bit else _deep(plane(lab, 0) / 100)
    if _is_even(lightness):
        return image.copy()
    spread = curve(lightness)
    if lab is None:
        return spread if image.dtype != np.float32 else like(spread / np.float32(65535), image)
    cv2.insertChannel(spread if eight_bit else spread * np.float32(100 / 65535), lab, 0)
    back = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
    return back if eight_bit else like(back, image)


@op(group="histogram", keeps_alpha=True)
def match_histogram(
    image: Image,
    *,
    reference: Annotated[
        Picture,
        Alike(colored=True),
        Doc("The picture whose tones are taken: of any size, this dtype, gray or in colour as this"),
    ],
) -> Image:
    """Give the picture the tones of another: each channel is sent through the curve that makes its distribution the other's.

    The transparency of the reference counts for nothing.

    >>> import numpy as np
    >>> match_histogram(np.array([[0, 1]], np.uint8), reference=np.array([[50, 90], [50, 90]], np.uint8)).tolist()
    [[50, 90]]
    """
    what = "the reference picture of match_histogram"
    other = check_image(reference, what=what, dtypes=(image.dtype.name,), channels=(1,) if image.ndim == 2 else (3, 4))
    if image.ndim == 2:
        return _matched(image, other)
    pairs = zip(planes(image), planes(other), strict=False)
    return cv2.merge([_matched(values, wanted) for values, wanted in pairs])


def _figures(image: Image, place: int, bins: int) -> tuple[tuple[int, ...], float, float, float, float]:
    """Counts, mean, standard deviation, least and greatest value of one channel."""
    found = _counts(image, place, bins)
    counts = tuple(found.tolist())
    if image.dtype == np.uint8:  # the counts of all values say the rest
        every = found if bins == 256 else _counts(image, place, 256)
        present = np.flatnonzero(every)
        number = image.shape[0] * image.shape[1]
        total, squares = (MOMENTS @ every).tolist()
        return counts, total / number, (number * squares - total**2) ** 0.5 / number, int(present[0]), int(present[-1])
    values = image if image.ndim == 2 else image[..., place]
    mean, std = float(values.mean(dtype=np.float64)), float(values.std(dtype=np.float64))
    return counts, mean, std, values.min().item(), values.max().item()


def _counts(image: Image, place: int, bins: int) -> Image:
    """How many values of one channel lie in each bin."""
    if image.dtype == np.float32:
        values = image if image.ndim == 2 else image[..., place]
        return np.histogram(np.clip(values, 0, 1), bins, (0, 1))[0]
    upper = 256 if image.dtype == np.uint8 else 65536
    return cv2.calcHist([image], [place], None, [bins], [0, upper]).ravel().astype(np.int64)


def _deep(image: Image) -> Image:
    """A float picture in 65536 steps; a picture of integers as it is."""
    if image.dtype != np.float32:
        return image
    return np.rint(np.clip(image, 0, 1) * np.float32(65535)).astype(np.uint16)


def _is_even(values: Image) -> bool:
    """Whether a gray picture has one value only."""
    low, high, _, _ = cv2.minMaxLoc(values)
    return low == high


def _equalize_deep(image: Image) -> Image:
    """What `cv2.equalizeHist` does for 8 bit, for 16."""
    counts = np.bincount(image.ravel(), minlength=65536)
    least = counts[np.flatnonzero(counts)[0]]
    if least == image.size:
        return image.copy()
    shares = (counts.cumsum() - least) / (image.size - least)
    return np.take(np.rint(np.maximum(shares, 0) * 65535).astype(np.uint16), image)


def _matched(values: Image, wanted: Image) -> Image:
    """Gray `values` with the distribution of `wanted`: each value becomes that of the same rank, mixed between two."""
    if values.dtype == np.uint8:
        curve = _rank_curve(_counts(values, 0, 256), _counts(wanted, 0, 256), LEVELS)
        return cv2.LUT(values, np.rint(curve).astype(np.uint8))
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    other, other_counts = np.unique(wanted, return_counts=True)
    curve = _rank_curve(counts, other_counts, other)
    matched = curve[places].reshape(values.shape)
    if values.dtype != np.float32:
        np.rint(matched, out=matched)
    return matched.astype(values.dtype)


def _rank_curve(counts: Image, wanted: Image, levels: Image) -> Image:
    """For each counted value, the one of `levels`, counted by `wanted`, up to which the same share of pixels lies."""
    present = np.flatnonzero(wanted)
    ranks, known = counts.cumsum() / counts.sum(), wanted.cumsum()[present] / wanted.sum()
    curve: Image = np.interp(ranks, known, levels[present])
    return curve


def _frame(plot: Image, full: float) -> None:
    for quarter in range(5):
        x = LEFT + (RIGHT - LEFT) * quarter // 4
        cv2.line(plot, (x, TOP), (x, BOTTOM), GRID, 1)
        text = _short(full * quarter / 4)
        shift = (0, 0.5, 0.5, 0.5, 1)[quarter]  # the outermost stay inside the frame
        size = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.45, 1)[0][0]
        _text(plot, text, x - round(shift * size), BOTTOM + 20, MUTED)
        y = TOP + (BOTTOM - TOP) * quarter // 4
        cv2.line(plot, (LEFT, y), (RIGHT, y), MUTED if quarter == 4 else GRID, 1)


def _outline(plot: Image, heights: Image, color: tuple[int, int, int], filled: bool) -> None:
    """The steps of one channel; heights above 1 are cut at the top of the frame."""
    edges = np.linspace(LEFT, RIGHT, len(heights) + 1).repeat(2)[1:-1]
    tops = (BOTTOM - np.minimum(heights, 1) * (BOTTOM - TOP)).repeat(2)
    line = np.rint(np.column_stack([edges, tops])).astype(np.int32)
    area = np.vstack([line, [[RIGHT, BOTTOM], [LEFT, BOTTOM]]]).astype(np.int32)
    shade = plot.copy()
    cv2.fillPoly(shade, [area], color)
    weight = 0.3 if filled else 0.12
    cv2.addWeighted(shade, weight, plot, 1 - weight, 0, dst=plot)
    cv2.polylines(plot, [line], False, color, 1, cv2.LINE_AA)


def _label(plot: Image, text: str, x: int, color: tuple[int, int, int]) -> None:
    cv2.rectangle(plot, (x, 16), (x + 10, 26), color, cv2.FILLED)
    _text(plot, text, x + 16, 26, INK)


def _text(plot: Image, text: str, x: int, y: int, color: tuple[int, int, int]) -> None:
    cv2.putText(plot, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.45, color, 1, cv2.LINE_AA)


def _short(number: float) -> str:
    """Whole numbers above 10, else three digits: 128, 0.25."""
    return f"{number:.0f}" if number >= 10 or number == int(number) else f"{number:.3g}"
