"""Near-duplicates: the same picture resized, recompressed, brightened, slightly cropped or mirrored.

Three sieves, each finer and dearer than the one before:

1. Every picture becomes a vector: its gradients at 16 x 16, of length one. A change of brightness or contrast leaves it as it is,
   size and compression hardly matter. A k-d tree over the leading principal components gives all pairs that are close. A
   projection never enlarges a distance, so that none is lost, and most of all pairs are never looked at.
2. What is left has to agree at 32 x 32.
3. Then both pictures are read again and compared at up to 96 x 96, one laid over the other by an affine map. Two shirts on one
   floor agree in the coarse and differ in the fine; one photo agrees in both.

Sources: gradients in place of gray values, as in the difference hash of N. Krawetz, "Kind of Like That", 2013; alignment by the
enhanced correlation coefficient of Evangelidis and Psarakis, PAMI 30(10), 2008; k-d tree, Bentley 1975. The thresholds are
measured: see docs/howto/data.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from sightline.image import Image, white

__all__ = ["SMALLEST", "THUMBNAIL", "luminance", "similar_groups", "thumbnail"]

Floats = NDArray[np.float32]
Pairs = NDArray[np.int64]

THUMBNAIL = 32
COARSE, FINE = 16, 96  # px a side of the first and the last comparison
SMALLEST = 24  # px; smaller pictures have too little in them: two digits of 8 x 8 px may well be alike by chance
ALIGNED = 64  # px, from which pictures are laid over each other: with fewer, unlike ones could be made alike
NEAR = {True: (0.95, 0.88), False: (0.995, 0.99)}  # similarity asked at 16 and at 32 px, with pictures of 64 px and without
ENOUGH = ((28, FINE), (0.9975, 0.93))  # px of detail, and the similarity asked in the end; linear between
DETAIL = 0.99  # similarity with itself at half the size, from which a picture has nothing finer in it
DIMENSIONS = 8  # of the tree
OVERLAP = 0.7  # of the pixels that both pictures of a pair must share
PART, ROWS = 4096, 8192  # pairs and pictures at a time


def luminance(image: Image) -> Image:
    """Gray as it is seen on white paper: `(H, W)` in 0 to 255, uint8 or float32, of gray, RGB or RGBA of any depth."""
    if image.dtype == np.uint8 and (image.ndim == 2 or image.shape[2] == 3):
        return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    scale = np.float32(255 / white(image))
    if image.ndim == 2:
        return image.astype(np.float32) * scale
    gray: Floats = cv2.cvtColor(image[..., :3], cv2.COLOR_RGB2GRAY).astype(np.float32) * scale
    if image.shape[2] == 4:
        alpha = image[..., 3].astype(np.float32) / np.float32(white(image))
        gray = gray * alpha + 255 * (1 - alpha)
    return gray


def thumbnail(gray: Image) -> NDArray[np.uint8]:
    """What is kept of a picture: uint8 (32, 32)."""
    return np.rint(_square(gray, THUMBNAIL)).astype(np.uint8)


def similar_groups(thumbnails: NDArray[np.uint8], sides: NDArray[np.int64], load: Callable[[int], Image | None]) -> list[list[int]]:
    """Groups of two or more pictures that are nearly the same, mirrored ones as well, all in order.

    `thumbnails`: uint8 `(N, 32, 32)`; `sides`: the shorter side of each picture in pixels; `load` reads one again, None if that
    fails. What is near one picture of a group belongs to it, and two that are in one group already are not compared: of many
    frames of one scene each is compared about once. Pictures of fewer than 24 px a side, and those of one colour, are left out.
    """
    known = np.flatnonzero((sides >= SMALLEST) & (thumbnails.reshape(len(thumbnails), -1).std(axis=1) > 1))
    if len(known) < 2:
        return []
    large = bool((sides[known] >= ALIGNED).any())

    @lru_cache(maxsize=256)
    def gray(index: int) -> Image | None:
        image = load(index)
        if image is None:
            return None
        whole = luminance(image)
        return _square(whole, FINE) if min(whole.shape) > FINE else whole  # large ones are not kept whole

    root = list(range(len(thumbnails)))  # of each picture's tree: the first of its group

    def root_of(number: int) -> int:
        while root[number] != number:
            root[number] = number = root[root[number]]
        return number

    for first, second, mirrored in _candidates(thumbnails[known], large):
        i, j = int(known[first]), int(known[second])
        low, high = sorted((root_of(i), root_of(j)))
        if low == high:
            continue
        one, other = gray(i), gray(j)
        if one is not None and other is not None and _same(one, cv2.flip(other, 1) if mirrored else other):
            root[high] = low
    groups: dict[int, list[int]] = defaultdict(list)
    for number in range(len(root)):
        groups[root_of(number)].append(number)
    return [group for group in groups.values() if len(group) > 1]


def _candidates(thumbnails: NDArray[np.uint8], large: bool) -> Iterator[tuple[int, int, bool]]:
    """Pairs that pass the first two sieves, and whether the second picture is to be mirrored, in the order of the pictures."""
    coarse, finer = NEAR[large]
    plain = _vectors(thumbnails, COARSE)
    axes = _principal_axes(plain)
    seen = np.empty(0, np.int64)  # a pair and whether it is mirrored in one number: of one scene there are millions
    for mirrored in (False, True):
        for border in (0, 1) if large else (0,):  # 1 of 32 px: 3 % less on each side; half as much is near one of the two
            inner = thumbnails[:, border : THUMBNAIL - border, border : THUMBNAIL - border]
            changed = np.ascontiguousarray(inner[:, :, ::-1] if mirrored else inner)
            vectors = _vectors(changed, COARSE) if mirrored or border else plain
            for pairs in _close(plain @ axes, vectors @ axes, coarse, symmetric=not border):
                close = _agreeing(pairs, plain, vectors, coarse)
                close = _agreeing_thumbnails(close, thumbnails, changed, finer)
                pair = close.min(axis=1) * len(thumbnails) + close.max(axis=1)
                seen = np.union1d(seen, 2 * pair + mirrored)
    for number in seen:
        first, second = divmod(int(number) // 2, len(thumbnails))
        yield first, second, bool(number % 2)


def _close(plain: Floats, changed: Floats, similarity: float, *, symmetric: bool) -> Iterator[Pairs]:
    """Pairs (row of `plain`, row of `changed`) no farther apart than `similarity` allows, some thousands of rows at a time.

    `symmetric`: (i, j) is as good as (j, i), and only the former is looked for.
    """
    from scipy.spatial import cKDTree

    radius = float(np.sqrt(2 - 2 * similarity))  # between vectors of length one
    whole = cKDTree(plain)
    for start in range(0, len(plain), ROWS):
        tree = cKDTree(plain[start:]) if symmetric else whole
        near = cKDTree(changed[start : start + ROWS]).sparse_distance_matrix(tree, radius, output_type="ndarray")
        pairs = np.stack([near["j"] + (start if symmetric else 0), near["i"] + start], axis=1)
        yield pairs[pairs[:, 0] > pairs[:, 1]] if symmetric else pairs[pairs[:, 0] != pairs[:, 1]]


def _principal_axes(vectors: Floats) -> Floats:
    """The directions in which the vectors differ most: `(D, DIMENSIONS)`."""
    some = vectors[:: max(1, len(vectors) // ROWS)]
    values, axes = np.linalg.eigh(np.cov(some, rowvar=False))
    leading: Floats = axes[:, np.argsort(-values)[:DIMENSIONS]].astype(np.float32)
    return leading


def _agreeing(pairs: Pairs, one: Floats, other: Floats, similarity: float) -> Pairs:
    parts = [pairs[start : start + PART] for start in range(0, len(pairs), PART)]
    kept = [part[np.einsum("nd,nd->n", one[part[:, 0]], other[part[:, 1]]) >= similarity] for part in parts]
    return np.concatenate(kept) if kept else pairs


def _agreeing_thumbnails(pairs: Pairs, one: NDArray[np.uint8], other: NDArray[np.uint8], similarity: float) -> Pairs:
    kept = []
    for start in range(0, len(pairs), PART):
        part = pairs[start : start + PART]
        first, second = _vectors(one[part[:, 0]], THUMBNAIL), _vectors(other[part[:, 1]], THUMBNAIL)
        kept.append(part[np.einsum("nd,nd->n", first, second) >= similarity])
    return np.concatenate(kept) if kept else pairs


def _vectors(thumbnails: NDArray[np.uint8], side: int) -> Floats:
    """Gradients at `side` x `side`, of length one: float32 `(N, 2 * (side - 2)**2)`."""
    result = np.empty((len(thumbnails), 2 * (side - 2) ** 2), np.float32)
    for row, small in zip(result, thumbnails, strict=True):
        row[:] = _gradients(_square(small.astype(np.float32), side)).ravel()
    result /= np.maximum(np.linalg.norm(result, axis=1, keepdims=True), 1e-6)
    return result


def _same(one: Image, other: Image) -> bool:
    """The last sieve, at the size that the smaller of both has detail for."""
    side = min(FINE, *one.shape, *other.shape)
    first, second = _square(one, side), _square(other, side)
    while side >= 2 * SMALLEST and min(_similarity(each, _blurred(each)) for each in (first, second)) >= DETAIL:
        side //= 2
        first, second = _square(first, side), _square(second, side)
    enough = float(np.interp(side, *ENOUGH))
    return _similarity(first, second) >= enough or (side >= ALIGNED and _aligned_similarity(first, second) >= enough)


def _blurred(gray: Floats) -> Floats:
    half = _square(gray, len(gray) // 2)
    return cv2.resize(half, gray.shape[::-1], interpolation=cv2.INTER_CUBIC).astype(np.float32)


def _similarity(one: Floats, other: Floats) -> float:
    return _cosine(_gradients(one), _gradients(other))


def _aligned_similarity(one: Floats, other: Floats) -> float:
    """The similarity where both pictures are, once `other` is laid over `one`; 0 if that fails or little is left."""
    start = np.eye(2, 3, dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 30, 1e-4)
    try:
        _, warp = cv2.findTransformECC(one, other, start, cv2.MOTION_AFFINE, stop, np.empty(0, np.uint8), 5)
    except cv2.error:  # it has not converged
        return 0.0
    size, way = one.shape[::-1], cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(other, warp, size, flags=way).astype(np.float32)
    inside = cv2.warpAffine(np.ones_like(other), warp, size, flags=way) > 0.999
    shared = cv2.erode(inside.astype(np.uint8), np.ones((5, 5), np.uint8))[1:-1, 1:-1].astype(np.float32)
    if shared.mean() < OVERLAP:
        return 0.0
    return _cosine(_gradients(one) * shared, _gradients(moved) * shared)


def _cosine(one: Floats, other: Floats) -> float:
    return float((one * other).sum() / max(float(np.sqrt((one * one).sum() * (other * other).sum())), 1e-6))


def _gradients(gray: Floats) -> Floats:
    """Central differences across and down, slightly smoothed: `(2, side - 2, side - 2)`."""
    smooth = cv2.GaussianBlur(gray, (0, 0), 0.7)
    across, down = (smooth[1:-1, 2:] - smooth[1:-1, :-2], smooth[2:, 1:-1] - smooth[:-2, 1:-1])
    return np.stack([across, down]).astype(np.float32)


def _square(gray: Image, side: int) -> Floats:
    if gray.shape != (side, side):
        gray = cv2.resize(gray, (side, side), interpolation=cv2.INTER_AREA)
    return gray.astype(np.float32)
