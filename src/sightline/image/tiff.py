"""What the first directory of a TIFF file says, and how many there are.

Read here and not by Pillow, which knows fewer kinds of TIFF than OpenCV (no float colour), and which keeps the values of all
tags: 65,535 tags that point at the same ten megabytes are 650 GB.
Source: TIFF Revision 6.0 (Adobe, 1992), section 2; BigTIFF as in libtiff.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["MOST_PAGES", "Tiff", "orientation_in", "read_tiff"]

MOST_PAGES = 100_000
"""Where counting ends."""

MOST_BYTES = 16 << 20  # of one value: only a colour profile is ever large
WIDTH, HEIGHT, BITS, PHOTOMETRIC, ORIENTATION, SAMPLES, EXTRA, PROFILE = 256, 257, 258, 262, 274, 277, 338, 34675
WANTED = frozenset({WIDTH, HEIGHT, BITS, PHOTOMETRIC, ORIENTATION, SAMPLES, EXTRA, PROFILE})
CODES = {1: "B", 3: "H", 4: "I", 6: "b", 7: "B", 8: "h", 9: "i", 16: "Q", 17: "q"}  # the whole types, as `struct` writes them
SMALL = frozenset({1, 3, 4, 6, 8, 9})  # those that fit into an entry of EXIF
SIGNS = {b"II": "<", b"MM": ">"}
COLORS = {0: "gray", 1: "gray", 2: "RGB", 3: "palette", 5: "CMYK", 6: "YCbCr", 8: "LAB", 9: "LAB"}


@dataclass(frozen=True)
class Tiff:
    """The first page of a TIFF file, `width` and `height` in pixels as stored, and the number of `pages`."""

    width: int
    height: int
    bits: int
    colors: str
    orientation: int | None
    profile: bytes | None
    pages: int


@dataclass(frozen=True)
class _Layout:
    """How numbers are written: the byte order, and the forms of a count, an offset and an entry, which BigTIFF has wider."""

    order: str
    first: int
    count: str
    offset: str

    def number(self, data: bytes, code: str, at: int) -> int:
        value: int = struct.unpack_from(self.order + code, data, at)[0]
        return value


def read_tiff(data: bytes) -> Tiff | None:
    """Read the first directory of a TIFF or BigTIFF file and count the others; None if it is none or damaged."""
    try:
        layout = _layout(data)
        if layout is None:
            return None
        first = layout.number(data, layout.offset, layout.first)
        tags = dict(_tags(data, layout, first))
        bits, samples = tags.get(BITS, (1,)), tags.get(SAMPLES, (1,))[0]
        colors = COLORS.get(tags.get(PHOTOMETRIC, (1,))[0], "other")
        alpha = EXTRA in tags and samples in {2, 4} and colors in {"gray", "RGB"}
        return Tiff(
            width=tags[WIDTH][0],
            height=tags[HEIGHT][0],
            bits=max(bits),
            colors=("RGBA" if colors == "RGB" else f"{colors} + alpha") if alpha else colors,
            orientation=_orientation(tags.get(ORIENTATION, ())),
            profile=bytes(tags[PROFILE]) if PROFILE in tags else None,
            pages=_pages(data, layout, first),
        )
    except (struct.error, IndexError, KeyError, ValueError, OverflowError):
        return None


def orientation_in(exif: bytes) -> int | None:
    """The orientation that an EXIF block says, which is a TIFF file without pixels: 1 to 8, in any whole type; None if not said.

    With a loop of its own, as every read of a picture waits for it.
    """
    sign = SIGNS.get(exif[:2])
    if sign is None or len(exif) < 8:
        return None
    (first,) = struct.unpack_from(sign + "I", exif, 4)
    (count,) = struct.unpack(sign + "H", exif[first : first + 2].ljust(2, b"\0"))
    wanted = struct.pack(sign + "H", ORIENTATION)
    for at in range(first + 2, min(first + 2 + 12 * count, len(exif) - 11), 12):
        if exif[at : at + 2] == wanted:
            kind, values = struct.unpack_from(sign + "HI", exif, at + 2)
            return _orientation(struct.unpack_from(sign + CODES[kind], exif, at + 8)) if kind in SMALL and values == 1 else None
    return None


def _orientation(values: tuple[int, ...]) -> int | None:
    return values[0] if len(values) == 1 and 1 <= values[0] <= 8 else None


def _layout(data: bytes) -> _Layout | None:
    order = SIGNS.get(data[:2])
    if order is None or len(data) < 16:
        return None
    kind = struct.unpack_from(order + "H", data, 2)[0]
    return {42: _Layout(order, 4, "H", "I"), 43: _Layout(order, 8, "Q", "Q")}.get(kind)


def _tags(data: bytes, layout: _Layout, at: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The numbers of the tags that count here; ValueError where one stands twice, as readers differ in which they believe."""
    size = struct.calcsize(layout.offset)
    seen: set[int] = set()
    for number in range(min(layout.number(data, layout.count, at), 0xFFFF)):
        entry = at + struct.calcsize(layout.count) + number * (4 + 2 * size)
        tag, kind = struct.unpack_from(f"{layout.order}HH", data, entry)
        if tag not in WANTED:
            continue
        if tag in seen:  # of whatever type the first was
            raise ValueError(f"tag {tag} stands twice")
        seen.add(tag)
        count = layout.number(data, layout.offset, entry + 4)
        if kind not in CODES or not count:
            continue
        length = count * struct.calcsize(f"<{CODES[kind]}")
        if length <= (MOST_BYTES if tag == PROFILE else 64):
            place = entry + 4 + size
            start = place if length <= size else layout.number(data, layout.offset, place)
            yield tag, struct.unpack_from(f"{layout.order}{count}{CODES[kind]}", data, start)


def _pages(data: bytes, layout: _Layout, at: int) -> int:
    """Follow the directories; one that was there already is a ring, and one that is not in the file is no page."""
    seen: set[int] = set()
    size = struct.calcsize(layout.offset)
    while at and at not in seen and at + struct.calcsize(layout.count) <= len(data) and len(seen) < MOST_PAGES:
        seen.add(at)
        after = at + struct.calcsize(layout.count) + layout.number(data, layout.count, at) * (4 + 2 * size)
        at = layout.number(data, layout.offset, after) if after + size <= len(data) else 0
    return len(seen)
