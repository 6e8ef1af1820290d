"""The headers of the commonest pictures of all, PNGs of 8 bit that say nothing but their pixels, without Pillow."""

from __future__ import annotations

import zlib
from typing import NamedTuple

__all__ = ["PlainPng", "read_plain_png"]

START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
KINDS = {b"\x08\x00\0\0\0": "L", b"\x08\x02\0\0\0": "RGB", b"\x08\x06\0\0\0": "RGBA"}
"""Depth, kind of colours, compression, filter and no interlace, and Pillow's name for it."""
MOST_PARTS = 64  # a larger file is decoded so slowly that the time for its header does not count


class PlainPng(NamedTuple):
    """Size in pixels, and colours in Pillow's words."""

    width: int
    height: int
    mode: str


def read_plain_png(data: bytes) -> PlainPng | None:
    """The header of a PNG of 8 bit gray, RGB or RGBA with no chunk but its pixels, None for every other file.

    Of a small picture, Pillow's parser takes as long as the pixels do, and nothing is in such a file that it would find.
    See the PNG Specification, third edition (W3C 2025), sections 5 and 11.
    """
    mode = KINDS.get(data[24:29])
    if mode is None or data[:16] != START or zlib.crc32(data[12:29]) != int.from_bytes(data[29:33]):
        return None
    at = 33
    for _ in range(MOST_PARTS):
        kind = data[at + 4 : at + 8]
        if kind == b"IEND":
            return PlainPng(int.from_bytes(data[16:20]), int.from_bytes(data[20:24]), mode)
        if kind != b"IDAT":
            return None
        at += 12 + int.from_bytes(data[at : at + 4])
    return None
