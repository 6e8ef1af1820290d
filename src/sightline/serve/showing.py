"""Pictures as a browser shows them: eight bits, no larger than they are seen, in the address itself."""

from __future__ import annotations

import base64
from typing import Any

from sightline.image import Image, encode
from sightline.ops import resize_longest, to_depth8

__all__ = ["data_url", "shown", "tile"]

EXACT = 256
"""Pixels on the longer side up to which a picture comes as it is: one looks at single pixels of it."""


def shown(image: Image, longest: int) -> tuple[str, bytes]:
    """A picture of at most `longest` pixels on a side as the bytes of a file, and its type."""
    small = to_depth8(image)
    height, width = small.shape[:2]
    if max(height, width) > longest:
        small = resize_longest(small, size=longest)
    if max(height, width) <= EXACT:
        return "image/png", encode(small, ".png")
    return "image/webp", encode(small, ".webp", quality=88)


def data_url(kind: str, data: bytes) -> str:
    """A file as the address of a picture."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def tile(image: Image, longest: int) -> dict[str, Any]:
    """A picture for the page: its own size, and what shows it, of at most `longest` pixels on a side."""
    return {"width": image.shape[1], "height": image.shape[0], "source": data_url(*shown(image, longest))}
