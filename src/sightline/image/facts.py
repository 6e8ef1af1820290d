"""What `info` says of a picture file beyond its size, as far as Pillow does not say it, or not rightly."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image as Pillow

__all__ = ["bits_of", "clear_gray", "colors_of", "exif_of", "gif_frames", "profile_name"]

MOST_LATE = 1 << 18  # bytes at a PNG's end in which EXIF is looked for: it is 64 KB at most where a JPEG can hold it

PNG_GRAY, PNG_GRAY_ALPHA = 0, 4  # IHDR's colour types
MODES = {"1": "gray", "L": "gray", "I": "gray", "F": "gray", "LA": "gray + alpha", "P": "palette", "PA": "palette"}


def exif_of(data: bytes, opened: Pillow.Image) -> bytes:
    """The EXIF block itself, empty where there is none.

    Pillow's `getexif` decodes the pixels of a PNG, and believes XMP, which is not followed here.
    """
    block: bytes | None = opened.info.get("exif")
    if block is None and opened.format == "PNG":  # in a PNG it may stand after the pixels
        at = data.rfind(b"eXIf", max(0, len(data) - MOST_LATE))
        if at < 4:
            return b""
        chunk = data[at : at + 4 + int.from_bytes(data[at - 4 : at])]
        follows = data[at + len(chunk) : at + len(chunk) + 4]
        block = chunk[4:] if zlib.crc32(chunk).to_bytes(4) == follows else None
    return (block or b"").removeprefix(b"Exif\0\0")


def colors_of(data: bytes, kind: str, opened: Pillow.Image) -> str:
    """The kind of colours in words."""
    mode = opened.mode.split(";")[0]
    if kind == "PNG" and data[25] == PNG_GRAY_ALPHA:
        mode = "LA"  # of 16 bit, Pillow says RGBA
    if mode in {"RGB", "P", "1", "L", "I"} and "transparency" in opened.info:
        return f"{MODES.get(mode, mode)} with transparency"
    return MODES.get(mode, "gray" if mode.startswith("I") else mode)


def clear_gray(data: bytes, opened: Pillow.Image) -> int | None:
    """The gray value, in 8 or 16 bit as it is read, that a gray PNG calls transparent; None if there is none."""
    key = opened.info.get("transparency")
    if data[25] != PNG_GRAY or not isinstance(key, int):
        return None
    most = (1 << data[24]) - 1  # what lies beyond the file's depth does not count, as in libpng
    return (key & most) * (255 // most if most < 255 else 1)


def bits_of(data: bytes, kind: str, opened: Pillow.Image) -> int:
    """What the file says itself, for Pillow shows deep colour as 8 bit."""
    if kind == "PNG":
        return data[24]  # IHDR's bit depth
    if kind == "JPEG2000":
        at = data.find(b"\xff\x4f\xff\x51")  # SOC and SIZ, whose 38th byte after its marker is the first channel's depth - 1
        return (data[at + 42] & 0x7F) + 1 if at >= 0 else 8
    if kind == "AVIF":
        at = data.find(b"av1C")
        deep, twelve = data[at + 6] & 0x40, data[at + 6] & 0x20
        return (12 if twelve else 10) if at >= 0 and deep else 8
    if kind == "PPM":
        arguments = opened.tile[0][3]  # type: ignore[attr-defined]  # the greatest value stands last where it is not the usual one
        deep = opened.mode == "I" or (isinstance(arguments, tuple) and arguments[-1] > 255)
        return 32 if opened.mode == "F" else 16 if deep else 1 if opened.mode == "1" else 8
    return 1 if opened.mode == "1" else 8


def gif_frames(data: bytes) -> int:
    """Count a GIF's pictures by hopping over their blocks, none of which is kept."""
    frames, at = 0, 13 + _gif_palette(data[10])
    while at + 10 < len(data) and data[at] in b",!":
        picture = data[at] == ord(",")
        frames += picture
        at += 11 + _gif_palette(data[at + 9]) if picture else 2
        while at < len(data) and data[at]:
            at += data[at] + 1
        at += 1
    return frames


def _gif_palette(flags: int) -> int:
    return 6 << (flags & 7) if flags & 0x80 else 0


def profile_name(icc: bytes) -> str:
    """What an ICC profile calls itself."""
    try:
        from PIL import ImageCms

        return ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(icc))).strip() or "ICC profile"
    except Exception:
        return "ICC profile (damaged)"
