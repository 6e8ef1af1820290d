"""Reading pictures: RGB, upright, and never a picture that is not wholly there.

OpenCV's BGR order exists only here and in `writing`, on the lines next to its reader and writer.
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

from sightline.errors import ParameterError
from sightline.image.contract import Image, check_image
from sightline.image.header import MAX_PIXELS, Header, Source, bytes_of, damaged, probe_bytes

__all__ = ["Mode", "decode", "decode_reduced", "read"]

Mode = Literal["color", "gray", "unchanged"]

FLAGS: dict[str, int] = {"color": cv2.IMREAD_COLOR_RGB, "gray": cv2.IMREAD_GRAYSCALE, "unchanged": cv2.IMREAD_UNCHANGED}
# IMREAD_REDUCED_COLOR_n without its BGR bit, which excludes the RGB bit
REDUCED = {2: 16, 4: 32, 8: 64}
FLIPS = {2: 1, 6: 1, 3: -1, 7: -1, 4: 0, 8: 0}  # OpenCV's codes, once 5 to 8 are transposed


def read(source: Source, mode: Mode = "color", *, max_pixels: int = MAX_PIXELS) -> Image:
    """Read a picture from a path, the bytes of its file or an open binary file, upright by its EXIF orientation.

    `mode`: `color` gives uint8 `(H, W, 3)` RGB; `gray` uint8 `(H, W)`; `unchanged` keeps gray, alpha and 16 bit as stored.
    CMYK and palettes become RGB, gray with alpha or with a transparent value RGBA (of a TIFF only the gray is read). Of an
    animation or a multi-page file the first frame is read (`info` counts them). ImageError names the file and the rule it breaks,
    TooLargeError one of more than `max_pixels`; ParameterError for another mode.

    >>> import sightline as sl
    >>> sl.write("meadow.png", sl.sample(width=40, height=30))
    >>> sl.read("meadow.png").shape, sl.read("meadow.png", "gray").shape
    ((30, 40, 3), (30, 40))
    """
    data, name = bytes_of(source)
    return decode(data, name, mode, max_pixels=max_pixels)


def decode(data: bytes, name: str, mode: Mode = "color", *, max_pixels: int = MAX_PIXELS) -> Image:
    """Decode the bytes of a picture file; `name` is used in errors only. See `read`."""
    if mode not in FLAGS:
        raise ParameterError("invalid mode", expected=" | ".join(FLAGS), received=repr(mode))
    header = probe_bytes(data, name, max_pixels)
    if header.format == "PNG" and b"IEND" not in data[-64:]:
        raise damaged(name, header.format)  # libpng would report this on standard error as well
    if header.mode == "CMYK" and mode == "unchanged":
        mode = "color"  # there is no other way to show it
    image = _decode(data, name, header, FLAGS[mode])
    if image.ndim == 3 and image.shape[2] == 4:
        image = cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA)
    elif image.ndim == 3 and mode == "unchanged":
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    elif image.ndim == 2 and mode == "unchanged" and header.clear is not None:
        gray, image = image, cv2.cvtColor(image, cv2.COLOR_GRAY2RGBA)
        image[gray == header.clear, 3] = 0  # which OpenCV does for colours only
    if image.dtype == np.float64:
        image = image.astype(np.float32)
    return check_image(image, what=name)


def decode_reduced(data: bytes, name: str, factor: int, *, gray: bool, max_pixels: int = MAX_PIXELS) -> Image:
    """Decode a JPEG at 1/`factor` (2, 4 or 8) of its sides, rounded up: uint8, upright, much faster than whole."""
    header = probe_bytes(data, name, max_pixels)
    return check_image(_decode(data, name, header, REDUCED[factor] | (0 if gray else cv2.IMREAD_COLOR_RGB)), what=name)


def _decode(data: bytes, name: str, header: Header, flags: int) -> Image:
    """Decode and turn upright: here and not in OpenCV, which reads orientations that `info` and other programs do not, and less."""
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except (cv2.error, MemoryError) as error:
        raise damaged(name, header.format) from error
    if image is None:
        raise damaged(name, header.format)
    if header.orientation is None or header.format == "TIFF":  # OpenCV turns a TIFF even so
        return image
    return _upright(image, header.orientation)


def _upright(image: Image, orientation: int) -> Image:
    """Undo what EXIF says has been done: 2 mirrored, 3 upside down, 4 mirrored upside down, 5 to 8 the same sideways."""
    if orientation >= 5:
        image = cv2.transpose(image)
    return cv2.flip(image, FLIPS[orientation], image) if orientation in FLIPS else image
