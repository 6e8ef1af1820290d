"""What a picture file says before its pixels are decoded: format, size, orientation, profile, frames."""

from __future__ import annotations

import io
import os
import stat
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from sightline.errors import ImageError, TooLargeError
from sightline.image.facts import bits_of, clear_gray, colors_of, exif_of, gif_frames, profile_name
from sightline.image.png import read_plain_png
from sightline.image.tiff import Tiff, orientation_in, read_tiff

if TYPE_CHECKING:
    from PIL import Image as Pillow

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_PIXELS",
    "SIDEWAYS",
    "Header",
    "ImageInfo",
    "Metadata",
    "Readable",
    "Source",
    "bytes_of",
    "damaged",
    "info",
    "probe",
    "probe_bytes",
    "read_metadata",
]


class Readable(Protocol):
    """An open binary file, or what can be read like one; its `name`, if it has one, is what errors call it by."""

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes, or all."""


Source = str | Path | bytes | Readable
"""Where a picture comes from: a path, the bytes of its file, or an open binary file."""

MAX_PIXELS = 100_000_000
"""Pictures with more pixels are refused before their memory is taken; `max_pixels` raises it for one call."""

MAX_BYTES = 1 << 30
STDIN = "/dev/stdin"
MAX_SIDE = 1 << 20  # OpenCV's own limit for one side
MAX_METADATA = 16 << 20  # a larger profile or EXIF block is left behind
MAX_HEADER = 16 << 20  # Pillow's time grows with the square of what stands before the pixels
FROM_THE_FRONT = frozenset({"PNG", "JPEG", "GIF", "BMP", "PPM", "JPEG2000"})  # nothing after that belongs to the header
ORIENTATION = 0x0112
TURNED = frozenset({"PNG", "JPEG", "WEBP", "AVIF"})  # the formats whose EXIF is followed, as is the tag of a TIFF
SIDEWAYS = frozenset({5, 6, 7, 8})  # the orientations whose sides are exchanged

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif", ".jp2", ".ppm", ".pgm"})
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "PPM", "WEBP", "TIFF", "AVIF", "JPEG2000")

T = TypeVar("T")
ONE_BY_ONE = threading.RLock()  # filters of warnings are the whole process's: threads that set and restore them must not mix


@dataclass(frozen=True)
class Header:
    """Format, size and colours (Pillow's mode); `width` and `height` in pixels as stored, before the picture is turned.

    `orientation` is EXIF's number, the one that everything here follows (1 upright, None: not said); `clear` the gray value that
    a PNG calls transparent.
    """

    format: str
    width: int
    height: int
    mode: str
    orientation: int | None = None
    clear: int | None = None


@dataclass(frozen=True)
class ImageInfo:
    """What `info` finds in a picture's header.

    `width` and `height` are those of the upright picture, as `read` gives it; `orientation` is EXIF's number (1 upright, None:
    not said), `frames` that of an animation or multi-page file, of which the first is read, `profile` the name of its ICC profile,
    `bits` those of one number as it is stored, `bytes` the size of the file.

    >>> import sightline as sl
    >>> sl.write("meadow.jpg", sl.sample(width=40, height=30))
    >>> found = sl.info("meadow.jpg")
    >>> found.format, found.width, found.height, found.colors, found.bits
    ('JPEG', 40, 30, 'RGB', 8)
    """

    name: str
    format: str
    width: int
    height: int
    colors: str
    bits: int
    orientation: int | None
    frames: int
    profile: str | None
    bytes: int


@dataclass(frozen=True)
class Metadata:
    """What a picture file carries beside its pixels: the ICC profile, and EXIF with its orientation set upright."""

    icc: bytes | None = None
    exif: bytes | None = None


def probe(source: Source, *, max_pixels: int = MAX_PIXELS) -> Header:
    """Read format and size, without decoding the pixels; ImageError if it is no picture or too large."""
    data, name = bytes_of(source)
    return probe_bytes(data, name, max_pixels)


def info(source: Source, *, max_pixels: int = MAX_PIXELS) -> ImageInfo:
    """Say what a picture file is, without decoding its pixels; ImageError if it is no picture or too large.

    `source`: a path, the bytes of a file or an open binary file; it may have at most `max_pixels`, else TooLargeError.

    >>> import numpy as np
    >>> from sightline.image import encode
    >>> info(encode(np.zeros((20, 30), np.uint8), ".png")).width
    30
    """
    data, name = bytes_of(source)
    header = probe_bytes(data, name, max_pixels)
    tiff = _tiff(data, header)
    if tiff is not None:
        colors, bits, frames, icc = tiff.colors, tiff.bits, tiff.pages, tiff.profile
    else:
        with _opened(data, header.format) as opened:
            colors = _safely(lambda: colors_of(data, header.format, opened)) or opened.mode
            bits = _safely(lambda: bits_of(data, header.format, opened)) or 8
            frames = (gif_frames(data) if header.format == "GIF" else _safely(lambda: getattr(opened, "n_frames", 1))) or 1
            icc = _safely(lambda: opened.info.get("icc_profile"))
    turned = header.orientation in SIDEWAYS
    return ImageInfo(
        name=name,
        format=header.format,
        width=header.height if turned else header.width,
        height=header.width if turned else header.height,
        colors=colors,
        bits=bits,
        orientation=header.orientation,
        frames=frames,
        profile=profile_name(icc) if icc else None,
        bytes=len(data),
    )


def read_metadata(data: bytes) -> Metadata:
    """What the bytes of a picture file carry beside the pixels; what is broken or huge is left out."""
    header = _header(data)
    if header is None:
        return Metadata()
    tiff = _tiff(data, header)
    if tiff is not None:
        return Metadata(icc=tiff.profile)
    with _opened(data, header.format) as opened:
        icc = _safely(lambda: opened.info.get("icc_profile"))
        exif = _safely(lambda: _upright_exif(data, opened))
    kept = [value if value and len(value) <= MAX_METADATA else None for value in (icc, exif)]
    return Metadata(*kept)


def bytes_of(source: Source) -> tuple[bytes, str]:
    """The bytes of the file and the name it goes by in errors; ImageError if it cannot be read or is too large."""
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source), "picture"
    if not isinstance(source, str | Path):
        return _bytes_of_file(source)
    path = os.fspath(source)  # not by way of a Path, which takes as long as opening and reading a small file
    try:
        found = os.stat(path)  # noqa: PTH116
        if stat.S_ISDIR(found.st_mode):
            raise ImageError(f"cannot read {path!r}", expected="a picture file", received="a folder")
        if stat.S_ISREG(found.st_mode) and found.st_size > MAX_BYTES:
            raise ImageError(f"cannot read {path!r}", expected=f"at most {MAX_BYTES:,} bytes", received=f"{found.st_size:,}")
        if not (stat.S_ISREG(found.st_mode) or stat.S_ISFIFO(found.st_mode) or path == STDIN):  # /dev/zero has no end
            raise ImageError(f"cannot read {path!r}", expected="a picture file or a pipe", received="a device")
        with open(path, "rb") as file:
            return (file.read(), path) if stat.S_ISREG(found.st_mode) and path != STDIN else _bytes_of_file(file)
    except ImageError:
        raise
    except FileNotFoundError:
        raise ImageError(f"cannot read {path!r}: there is no such file") from None
    except (OSError, ValueError) as error:
        raise ImageError(f"cannot read {path!r}: {getattr(error, 'strerror', None) or error}") from error


def _bytes_of_file(source: Readable) -> tuple[bytes, str]:
    if not callable(getattr(source, "read", None)):
        received = type(source).__name__
        raise ImageError("cannot read the picture", expected="a path, bytes or an open binary file", received=received)
    name = str(getattr(source, "name", "picture"))
    try:
        data = source.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ImageError(f"cannot read {name!r}: {getattr(error, 'strerror', None) or error}") from error
    if not isinstance(data, bytes):
        raise ImageError(f"cannot read {name!r}", expected="a file opened in binary mode", received="text")
    if len(data) > MAX_BYTES:
        raise ImageError(f"cannot read {name!r}", expected=f"at most {MAX_BYTES:,} bytes", received="more")
    return data, name


def probe_bytes(data: bytes, name: str, max_pixels: int) -> Header:
    """`probe` for the bytes of a file; `name` is used in errors only."""
    if not data:
        raise ImageError(f"cannot read {name!r}", expected="a picture", received="an empty file")
    header = _header(data)
    if header is None:
        signed = next((kind for kind in FORMATS if _has_signature(data, kind)), None)
        if signed is not None:
            raise damaged(name, signed)
        raise ImageError(
            f"cannot read {name!r}",
            expected=f"a picture ({', '.join(FORMATS)})",
            received=f"{len(data):,} bytes that are none",
        )
    if not (0 < header.width <= MAX_SIDE and 0 < header.height <= MAX_SIDE and header.width * header.height <= max_pixels):
        raise TooLargeError(
            f"cannot read {name!r}",
            expected=f"at most {max_pixels:,} pixels and {MAX_SIDE:,} a side",
            received=f"{header.width:,} x {header.height:,}",
            fix="Raise max_pixels (--max-pixels) if you trust the file.",
        )
    return header


def damaged(name: str, kind: str) -> ImageError:
    """The error for a picture file of a known format that cannot be read as one."""
    return ImageError(
        f"cannot read {name!r}",
        expected=f"a whole {kind} picture",
        received="one that is cut off or damaged",
        fix="Get the file again from where it came.",
    )


def _has_signature(data: bytes, kind: str) -> bool:
    """Whether the first bytes are those of the format, as far as Pillow has it loaded."""
    from PIL import Image as Pillow

    _, accepts = Pillow.OPEN.get(kind, (None, None))
    return accepts is not None and accepts(data[:16]) is True


def _header(data: bytes) -> Header | None:
    png = read_plain_png(data)
    if png is not None:
        return Header("PNG", png.width, png.height, png.mode)
    from PIL import Image as Pillow  # for headers only, and only for the formats above; pixels are OpenCV's

    tiff = read_tiff(data)
    if tiff is not None:
        return Header("TIFF", tiff.width, tiff.height, tiff.colors, tiff.orientation)
    for load_plugins in (Pillow.preinit, Pillow.init):  # the five common formats first: the rest costs 0.1 s once
        load_plugins()
        for kind in FORMATS:
            if kind == "TIFF" or not _has_signature(data, kind):
                continue
            try:
                with _opened(data, kind) as opened:
                    exif = exif_of(data, opened) if kind in TURNED else b""
                    orientation = orientation_in(exif) if exif else None
                    clear = clear_gray(data, opened) if kind == "PNG" else None
                    return Header(kind, opened.width, opened.height, opened.mode, orientation, clear)
            except Exception:  # noqa: S112 - Pillow's parsers raise many kinds on hostile headers; each means "not this format"
                continue
    return None


class _opened:  # noqa: N801 - used like the function it wraps
    """A Pillow picture of a known format with its header parsed, and Pillow's warnings kept quiet."""

    def __init__(self, data: bytes, kind: str) -> None:
        self.data, self.kind = data, kind
        self.quiet = warnings.catch_warnings()

    def __enter__(self) -> Pillow.Image:
        from PIL import Image as Pillow

        Pillow.preinit()  # has nothing to do where the format was found by Pillow
        ONE_BY_ONE.acquire()
        self.quiet.__enter__()
        try:
            warnings.simplefilter("ignore")
            seen = self.data[:MAX_HEADER] if self.kind in FROM_THE_FRONT else self.data
            self.picture: Pillow.Image = Pillow.OPEN[self.kind][0](io.BytesIO(seen), "")
        except BaseException:
            self._loud()
            raise
        return self.picture

    def __exit__(self, *details: object) -> None:
        with suppress(Exception):
            self.picture.close()
        self._loud()

    def _loud(self) -> None:
        self.quiet.__exit__(None, None, None)
        ONE_BY_ONE.release()


def _safely(ask: Callable[[], T]) -> T | None:
    """What `ask` finds, None where the file's own words about itself are broken: the pixels count, not they."""
    try:
        return ask()
    except Exception:
        return None


def _tiff(data: bytes, header: Header) -> Tiff | None:
    return read_tiff(data) if header.format == "TIFF" else None


def _upright_exif(data: bytes, opened: Pillow.Image) -> bytes | None:
    from PIL import Image as Pillow

    exif = Pillow.Exif()
    exif.load(exif_of(data, opened))
    if not exif:
        return None
    if ORIENTATION in exif:
        exif[ORIENTATION] = 1  # the pixels are stored upright
    return exif.tobytes().removeprefix(b"Exif\0\0")
