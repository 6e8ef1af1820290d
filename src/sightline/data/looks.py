"""One look at every picture of a dataset: what the checks need to know of it, so that none is kept in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.cores import usable_cores
from sightline.data.dataset import Dataset, Split
from sightline.data.download import Progress
from sightline.data.similar import luminance, thumbnail
from sightline.errors import ImageError
from sightline.image import Image, decode, probe, white

__all__ = ["Look", "look"]

BLANK = 2 / 255  # of white: how far the values of a picture of one colour may lie apart
SUFFIXES = {
    "PNG": {".png"},
    "JPEG": {".jpg", ".jpeg"},
    "GIF": {".gif"},
    "BMP": {".bmp"},
    "PPM": {".ppm", ".pgm"},
    "WEBP": {".webp"},
    "TIFF": {".tif", ".tiff"},
    "AVIF": {".avif"},
    "JPEG2000": {".jp2"},
}


@dataclass(frozen=True)
class Look:
    """What is kept of one picture: `digest` of its pixels, None when it cannot be read; `size` is height and width.

    `thumbnail`: uint8 (32, 32). `gray`: no pixel has a colour. `clear`: some pixel is transparent. `blank`: all of one colour.
    """

    split: str
    index: int
    name: str
    label: int
    digest: bytes | None
    trouble: str = ""
    size: tuple[int, int] = (0, 0)
    thumbnail: NDArray[np.uint8] | None = None
    gray: bool = False
    clear: bool = False
    blank: bool = False
    wrong_suffix: str = ""
    rotated: bool = False


def look(dataset: Dataset, progress: Progress | None = None) -> Iterator[Look]:
    """Look at every picture once, in order; `progress` is told (what, pictures done, pictures in all)."""
    splits = dataset.splits()
    total = sum(map(len, splits.values()))
    done = 0
    with ThreadPoolExecutor(min(4, usable_cores())) as pool:  # reading and decoding release the interpreter's lock
        for name, split in splits.items():
            looks = _look_arrays(name, split) if split.in_memory else _look_files(name, split, pool)
            for one in looks:
                yield one
                done += 1
                if progress and (done % 100 == 0 or done == total):
                    progress(f"checking {dataset.name}", done, total)


def _look_arrays(name: str, split: Split) -> Iterator[Look]:
    for index, (picture, label, item) in enumerate(zip(split.pictures, split.labels.tolist(), split.names, strict=True)):
        assert isinstance(picture, np.ndarray)
        yield _look_at(picture, name, index, item, label)


def _look_files(name: str, split: Split, pool: ThreadPoolExecutor) -> Iterator[Look]:
    def look_at(index: int, path: Path | Image, label: int, item: str) -> Look:
        assert isinstance(path, Path)
        return _look_file(path, name, index, item, label)

    yield from pool.map(look_at, range(len(split)), split.pictures, split.labels.tolist(), split.names)


def _look_file(path: Path, split: str, index: int, item: str, label: int) -> Look:
    try:
        data = path.read_bytes()
        info = probe(data)
        image = decode(data, item, "unchanged")
    except ImageError as error:
        return Look(split, index, item, label, None, error.received or error.what)
    except OSError as error:
        return Look(split, index, item, label, None, error.strerror or str(error))
    wrong = "" if path.suffix.lower() in SUFFIXES[info.format] else info.format
    return _look_at(image, split, index, item, label, wrong_suffix=wrong, rotated=info.orientation not in {None, 1})


def _look_at(image: Image, split: str, index: int, item: str, label: int, *, wrong_suffix: str = "", rotated: bool = False) -> Look:
    digest = hashlib.sha256(f"{image.shape} {image.dtype}".encode() + np.ascontiguousarray(image).tobytes()).digest()
    colors = image[..., :3] if image.ndim == 3 else image[..., None]
    alpha = image[..., 3] if image.ndim == 3 and image.shape[2] == 4 else None
    clear = alpha is not None and bool(alpha.min() < white(image))
    small = thumbnail(luminance(image))
    return Look(
        split,
        index,
        item,
        label,
        digest,
        size=(image.shape[0], image.shape[1]),
        thumbnail=small,
        gray=_gray(colors[::8, ::8]) and _gray(colors),  # the few decide about most
        clear=clear,
        blank=(int(np.ptp(small)) <= 255 * BLANK and _even(image)) or (alpha is not None and not alpha.any()),
        wrong_suffix=wrong_suffix,
        rotated=rotated,
    )


def _gray(colors: Image) -> bool:
    return bool((colors[..., :1] == colors).all())


def _even(image: Image) -> bool:
    """Whether all pixels are the same, as far as is to be seen."""
    pixels = image.reshape(image.shape[0] * image.shape[1], -1).astype(np.float64)
    return bool((np.ptp(pixels, axis=0) <= BLANK * float(white(image))).all())
