"""The array contract, reading and writing.

An image is a NumPy array: `(H, W)` gray, `(H, W, 3)` RGB or `(H, W, 4)` RGBA; uint8, uint16, or float32 in [0, 1].
OpenCV's BGR order exists only inside this module, on the lines next to its reader and writer.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from sightline.errors import ImageError, ParameterError
from sightline.files import write_bytes

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_PIXELS",
    "Image",
    "ImageInfo",
    "Mode",
    "check_image",
    "decode",
    "encode",
    "probe",
    "read",
    "write",
]

Image = NDArray[Any]
Mode = Literal["color", "gray", "unchanged"]
Source = str | Path | bytes

MAX_PIXELS = 100_000_000
"""Pictures with more pixels are refused before their memory is taken; `max_pixels` raises it for one call."""

MAX_BYTES = 1 << 30
MAX_SIDE = 1 << 20  # OpenCV's own limit for one side

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif", ".jp2", ".ppm", ".pgm"})
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "PPM", "WEBP", "TIFF", "AVIF", "JPEG2000")

# IMREAD_UNCHANGED without the bits "ignore orientation" and "BGR": upright, alpha and 16 bit kept, gray kept, RGB order.
# Undocumented in OpenCV, therefore held by a test.
UPRIGHT_UNCHANGED = cv2.IMREAD_UNCHANGED & ~cv2.IMREAD_IGNORE_ORIENTATION & ~cv2.IMREAD_COLOR_RGB
FLAGS: dict[str, int] = {"color": cv2.IMREAD_COLOR_RGB, "gray": cv2.IMREAD_GRAYSCALE, "unchanged": UPRIGHT_UNCHANGED}


@dataclass(frozen=True)
class ImageInfo:
    """What a picture's header says; `width` and `height` in pixels as stored, before EXIF turns the picture."""

    format: str
    width: int
    height: int


def check_image(
    image: object,
    *,
    what: str = "image",
    dtypes: Collection[str] = ("uint8", "uint16", "float32"),
    channels: Collection[int] = (1, 3, 4),
) -> Image:
    """Give back `image` if it keeps the array contract and has one of `dtypes` and `channels`; else ImageError."""
    if not isinstance(image, np.ndarray):
        raise ImageError(f"{what} is not an image", expected="a NumPy array", received=type(image).__name__)
    count = 1 if image.ndim == 2 else image.shape[2] if image.ndim == 3 and image.shape[2] > 1 else 0
    if count not in channels or image.size == 0:
        shapes = {1: "(H, W) gray", 3: "(H, W, 3) RGB", 4: "(H, W, 4) RGBA"}
        rule = " or ".join(shapes[c] for c in sorted(channels))
        raise ImageError(f"{what} has the wrong shape", expected=rule, received=f"shape {image.shape}")
    if image.dtype.name not in dtypes:
        raise ImageError(f"{what} has the wrong dtype", expected=" or ".join(dtypes), received=image.dtype.name)
    return image


def probe(source: Source, *, max_pixels: int = MAX_PIXELS) -> ImageInfo:
    """Read a picture's header, without decoding its pixels; ImageError if it is no picture or too large."""
    data, name = _bytes_of(source)
    return _probe(data, name, max_pixels)


def read(source: Source, mode: Mode = "color", *, max_pixels: int = MAX_PIXELS) -> Image:
    """Read a picture from a path or from the bytes of its file, upright by its EXIF orientation.

    `mode`: `color` gives uint8 `(H, W, 3)` RGB; `gray` uint8 `(H, W)`; `unchanged` keeps gray, alpha and 16 bit as stored.
    Of an animation or a multi-page file the first frame is read. ImageError names the file and the rule it breaks.
    """
    data, name = _bytes_of(source)
    return decode(data, name, mode, max_pixels=max_pixels)


def decode(data: bytes, name: str, mode: Mode = "color", *, max_pixels: int = MAX_PIXELS) -> Image:
    """Decode the bytes of a picture file; `name` is used in errors only. See `read`."""
    if mode not in FLAGS:
        raise ParameterError("invalid mode", expected=" | ".join(FLAGS), received=repr(mode))
    info = _probe(data, name, max_pixels)
    if info.format == "PNG" and b"IEND" not in data[-64:]:
        raise _damaged(name, info)  # libpng would report this on standard error as well
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), FLAGS[mode])
    except (cv2.error, MemoryError) as error:
        raise _damaged(name, info) from error
    if image is None:
        raise _damaged(name, info)
    if image.ndim == 3 and image.shape[2] == 4:
        image = cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA)
    elif image.ndim == 3 and mode == "unchanged":
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    if image.dtype == np.float64:
        image = image.astype(np.float32)
    return check_image(image, what=name)


def write(path: str | Path, image: Image, *, quality: int | None = None) -> None:
    """Write a picture in the format of the path's suffix, beside its place and renamed into it.

    `quality`: 1 to 100, for JPEG, WebP and AVIF; None takes the format's usual one.
    """
    write_bytes(path, encode(image, Path(path).suffix, quality=quality))


def encode(image: Image, suffix: str, *, quality: int | None = None) -> bytes:
    """The bytes of a picture file in the format of `suffix`, such as `.png`. See `write`."""
    suffix = suffix.lower()
    if suffix not in IMAGE_SUFFIXES:
        raise ImageError(
            "cannot write the picture", expected=f"one of {' '.join(sorted(IMAGE_SUFFIXES))}", received=f"suffix {suffix!r}"
        )
    check_image(image, what="image to write", dtypes=("uint8", "uint16"))
    pixels = image
    if image.ndim == 3:
        pixels = cv2.cvtColor(image, cv2.COLOR_RGB2BGR if image.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
    options: list[int] = []
    if quality is not None:
        if not 1 <= quality <= 100:
            raise ParameterError("invalid quality", expected="1 to 100", received=repr(quality))
        keys = {".jpg": cv2.IMWRITE_JPEG_QUALITY, ".jpeg": cv2.IMWRITE_JPEG_QUALITY, ".webp": cv2.IMWRITE_WEBP_QUALITY}
        keys[".avif"] = cv2.IMWRITE_AVIF_QUALITY
        if suffix not in keys:
            raise ParameterError("quality does not apply", expected=" ".join(sorted(keys)), received=suffix)
        options = [keys[suffix], quality]
    try:
        ok, encoded = cv2.imencode(suffix, pixels, options)
    except cv2.error as error:
        raise ImageError(f"cannot write {image.dtype.name} {image.shape} as {suffix}") from error
    if not ok:
        raise ImageError(f"cannot write {image.dtype.name} {image.shape} as {suffix}")
    return encoded.tobytes()


def _bytes_of(source: Source) -> tuple[bytes, str]:
    if isinstance(source, bytes):
        return source, "picture"
    path = Path(source)
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise ImageError(f"cannot read {str(path)!r}", expected="a picture file", received="a folder")
        if size > MAX_BYTES:
            raise ImageError(f"cannot read {str(path)!r}", expected=f"at most {MAX_BYTES:,} bytes", received=f"{size:,}")
        return path.read_bytes(), str(path)
    except FileNotFoundError:
        raise ImageError(f"cannot read {str(path)!r}: there is no such file") from None
    except (OSError, ValueError) as error:
        raise ImageError(f"cannot read {str(path)!r}: {getattr(error, 'strerror', None) or error}") from error


def _probe(data: bytes, name: str, max_pixels: int) -> ImageInfo:
    if not data:
        raise ImageError(f"cannot read {name!r}", expected="a picture", received="an empty file")
    info = _header(data)
    if info is None:
        raise ImageError(
            f"cannot read {name!r}",
            expected=f"a picture ({', '.join(FORMATS)})",
            received=f"{len(data):,} bytes that are none",
        )
    if not (0 < info.width <= MAX_SIDE and 0 < info.height <= MAX_SIDE and info.width * info.height <= max_pixels):
        raise ImageError(
            f"cannot read {name!r}",
            expected=f"at most {max_pixels:,} pixels and {MAX_SIDE:,} a side",
            received=f"{info.width:,} x {info.height:,}",
            fix=_RAISE,
        )
    return info


def _header(data: bytes) -> ImageInfo | None:
    from PIL import Image as Pillow  # for headers only, and only for the formats above; pixels are OpenCV's

    for load_plugins in (Pillow.preinit, Pillow.init):  # the five common formats first: the rest costs 0.1 s once
        load_plugins()
        for kind in FORMATS:
            factory, accepts = Pillow.OPEN.get(kind, (None, None))
            if factory is None or (accepts is not None and accepts(data[:16]) is not True):
                continue
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    with factory(io.BytesIO(data), "") as opened:
                        return ImageInfo(kind, opened.width, opened.height)
            except Exception:  # noqa: S112 - Pillow's parsers raise many kinds on hostile headers; each means "not this format"
                continue
    return None


_RAISE = "Raise max_pixels (--max-pixels) if you trust the file."


def _damaged(name: str, info: ImageInfo) -> ImageError:
    return ImageError(
        f"cannot read {name!r}",
        expected=f"a whole {info.format} picture",
        received="one that is cut off or damaged",
        fix="Get the file again from where it came.",
    )
