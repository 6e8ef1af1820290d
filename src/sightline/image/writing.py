"""Writing pictures: in the format of the suffix, without losing depth, transparency or colour profile unasked."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np

from sightline.errors import ImageError, ParameterError
from sightline.files import write_bytes
from sightline.image.contract import Image, Kind, check_image, check_values, kind_of
from sightline.image.header import IMAGE_SUFFIXES, Metadata

__all__ = ["check_writable", "encode", "write"]

QUALITY = {
    ".jpg": cv2.IMWRITE_JPEG_QUALITY,
    ".jpeg": cv2.IMWRITE_JPEG_QUALITY,
    ".webp": cv2.IMWRITE_WEBP_QUALITY,
    ".avif": cv2.IMWRITE_AVIF_QUALITY,
}
TIFFS = frozenset({".tif", ".tiff"})
DEEP = frozenset({".png", ".jp2", ".ppm", ".pgm", *TIFFS})  # can hold 16 bit
WITH_ALPHA = frozenset({".png", ".webp", ".avif", ".gif", ".jp2", *TIFFS})
WITH_METADATA = frozenset({".png", *QUALITY})
JPEGS = frozenset({".jpg", ".jpeg"})
MOST_EXIF = 65_533 - len(b"Exif\0\0")  # bytes in a JPEG, whose segments have 16 bit for their length
MOST_PART = 65_533 - len(b"ICC_PROFILE\0") - 2  # bytes of a profile in one segment, of which there may be 255


def write(path: str | Path, image: Image, *, quality: int | None = None, metadata: Metadata | None = None) -> None:
    """Write a picture in the format of the path's suffix, beside its place and renamed into it.

    `quality`: 1 to 100, for JPEG, WebP and AVIF; None takes the format's usual one. `metadata`: a colour profile and EXIF,
    such as `read_metadata` gives; PNG, JPEG, WebP and AVIF can hold them, the other formats are written without, and so is a
    JPEG where EXIF is over 64 KB or the profile over 16 MB, which it cannot hold.
    ImageError when the format cannot hold the picture: 16 bit or transparency in a JPEG. ParameterError for a quality that does not
    fit, StorageError where the file cannot be written.

    >>> import sightline as sl
    >>> sl.write("meadow.png", sl.sample(width=40, height=30))
    >>> sl.write("meadow.jpg", sl.read("meadow.png"), quality=90)
    >>> sl.info("meadow.jpg").format
    'JPEG'
    """
    if not isinstance(path, str | os.PathLike):
        raise ParameterError("invalid path to write", expected="a path, and then the picture", received=type(path).__name__)
    write_bytes(path, encode(image, Path(path).suffix, quality=quality, metadata=metadata))


def encode(image: Image, suffix: str, *, quality: int | None = None, metadata: Metadata | None = None) -> bytes:
    """The bytes of a picture file in the format of `suffix`, such as `.png`. See `write`."""
    suffix = suffix.lower()
    image = check_values(check_image(image, what="image to write"), what="image to write")
    check_writable(kind_of(image), suffix, quality)
    pixels = image
    if image.ndim == 3:
        pixels = cv2.cvtColor(image, cv2.COLOR_RGB2BGR if image.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
    elif suffix in {".avif", ".gif"}:
        pixels = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)  # OpenCV's writers of these take colour only
    options = [] if quality is None else [QUALITY[suffix], quality]
    kinds, blocks = _blocks(metadata, image, suffix)
    try:
        ok, encoded = cv2.imencodeWithMetadata(suffix, pixels, kinds, blocks, options)
    except cv2.error as error:
        raise ImageError(f"cannot write {image.dtype.name} {image.shape} as {suffix}") from error
    if not ok or not isinstance(encoded, np.ndarray):
        raise ImageError(f"cannot write {image.dtype.name} {image.shape} as {suffix}")
    profile = metadata.icc if metadata and suffix in JPEGS and _suits(metadata.icc, image) else None
    return _with_profile(encoded.tobytes(), profile) if profile else encoded.tobytes()


def check_writable(kind: Kind, suffix: str, quality: int | None = None) -> None:
    """Refuse what the format of `suffix` cannot hold, before anything is done."""
    if suffix not in IMAGE_SUFFIXES:
        expected = f"one of {' '.join(sorted(IMAGE_SUFFIXES))}"
        raise ImageError("cannot write the picture", expected=expected, received=f"suffix {suffix!r}")
    if quality is not None and not (isinstance(quality, int | np.integer) and 1 <= quality <= 100):
        raise ParameterError("invalid quality", expected="1 to 100", received=repr(quality))
    if quality is not None and suffix not in QUALITY:
        raise ParameterError("quality does not apply", expected=" ".join(sorted(QUALITY)), received=suffix)
    if (kind.dtype == "uint16" and suffix not in DEEP) or (kind.dtype == "float32" and suffix not in TIFFS):
        deep = suffix in DEEP
        fix = "Use to_depth8 first, or write a PNG or TIFF."
        if kind.dtype == "float32":
            fix = f"Use {'to_depth8 or to_depth16' if deep else 'to_depth8'} first, or write a TIFF."
        expected = "uint8 or uint16" if deep else "uint8"
        raise ImageError(f"{suffix} cannot hold the picture", expected=expected, received=kind.dtype, fix=fix)
    if kind.channels == 4 and suffix not in WITH_ALPHA:
        fix = "Use to_rgb first, which lays it on a ground, or write a PNG or WebP."
        raise ImageError(f"{suffix} cannot hold transparency", expected="gray or RGB", received="RGBA", fix=fix)
    if (suffix, kind.channels == 1) == (".pgm", False):
        raise ImageError(".pgm holds gray pictures only", received=str(kind), fix="Use to_gray first, or write a PPM.")


def _blocks(metadata: Metadata | None, image: Image, suffix: str) -> tuple[list[int], list[Image]]:
    """The metadata as OpenCV wants it, which cannot split the profile of a JPEG."""
    if metadata is None or suffix not in WITH_METADATA:
        return [], []
    blocks = {cv2.IMAGE_METADATA_EXIF: metadata.exif, cv2.IMAGE_METADATA_ICCP: metadata.icc}
    if suffix in JPEGS or not _suits(metadata.icc, image):
        del blocks[cv2.IMAGE_METADATA_ICCP]
    if suffix in JPEGS and metadata.exif and len(metadata.exif) > MOST_EXIF:
        del blocks[cv2.IMAGE_METADATA_EXIF]
    kept = {kind: np.frombuffer(block, np.uint8) for kind, block in blocks.items() if block}
    return list(kept), list(kept.values())


def _suits(icc: bytes | None, image: Image) -> bool:
    """Whether the profile is for pictures of this many channels."""
    return icc is not None and icc[16:20] == (b"GRAY" if image.ndim == 2 else b"RGB ")


def _with_profile(jpeg: bytes, icc: bytes) -> bytes:
    """Put the profile, in as many APP2 segments as it needs, behind those that are there (ICC.1:2022, annex B.4)."""
    parts = [icc[start : start + MOST_PART] for start in range(0, len(icc), MOST_PART)]
    if len(parts) > 255:
        return jpeg
    at = 2
    while 0xE0 <= jpeg[at + 1] <= 0xEF:
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4])
    bodies = [b"ICC_PROFILE\0" + bytes((number, len(parts))) + part for number, part in enumerate(parts, 1)]
    return jpeg[:at] + b"".join(b"\xff\xe2" + (len(body) + 2).to_bytes(2) + body for body in bodies) + jpeg[at:]
