"""`show` and `info`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sightline.cli.console import err, out, print_json, say, show_error, table
from sightline.cli.options import Json
from sightline.errors import ImageError

if TYPE_CHECKING:
    from sightline.image import ImageInfo, Source

__all__ = ["info", "show"]

MOST = 64  # pictures on one sheet: more would be too small to see

Sources = Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Files, folders, globs, or - for standard input")]
MaxPixels = Annotated[int | None, typer.Option(min=1, help="Read pictures of up to this many pixels (default 100 million)")]


def show(
    sources: Sources,
    gray: Annotated[bool, typer.Option("--gray", help="Without their colours")] = False,
    save: Annotated[Path | None, typer.Option(metavar="FILE", help="Write them to a file instead: sheet.png")] = None,
    columns: Annotated[int | None, typer.Option(min=1, help="Pictures in a row")] = None,
    tile: Annotated[int | None, typer.Option(metavar="PX", help="Longest side of each (default 720 of one, 256 of many)")] = None,
    max_pixels: MaxPixels = None,
) -> None:
    """Show pictures, in a window or in the terminal.

    [bold]sightline show a.jpg b.png --save sheet.png[/bold]
    """
    from sightline import jobs
    from sightline.display import show as display
    from sightline.display import tile_for
    from sightline.files import check_not_read
    from sightline.image import MAX_PIXELS, check_values, read
    from sightline.sheet import check_tile, fitted

    found = jobs.find_sources(sources)
    tile = check_tile(tile_for(min(len(found), MOST)) if tile is None else tile)
    if save is not None:
        check_not_read(save, found)
    if len(found) > MOST:
        err.print(f"Showing the first {MOST} of {len(found):,} pictures.")
    pictures, titles, failures = [], [], []
    for source in found[:MOST]:
        try:
            image = check_values(read(source, "gray" if gray else "unchanged", max_pixels=max_pixels or MAX_PIXELS))
        except ImageError as error:
            failures.append(error)
            continue
        name = Path(source).name if isinstance(source, str) else "standard input"
        titles.append(f"{name.replace(chr(10), ' ')}\n{image.shape[1]} x {image.shape[0]}")
        pictures.append(fitted(image, tile))
    if pictures:
        display(pictures, titles=titles, columns=columns, tile=tile, save=save)
        if save is not None:
            say(str(save))
    _end(failures, len(pictures) + len(failures))


def info(sources: Sources, json: Json = False, max_pixels: MaxPixels = None) -> None:
    """Say what picture files are, without decoding them.

    [bold]sightline info photo.jpg[/bold]
    """
    from sightline import jobs
    from sightline.image import MAX_PIXELS
    from sightline.image import info as ask

    facts: list[ImageInfo] = []
    results: list[dict[str, Any]] = []
    failures = []
    for source in jobs.find_sources(sources):
        try:
            found = ask(source, max_pixels=max_pixels or MAX_PIXELS)
        except ImageError as error:
            failures.append(error)
            results.append({"name": _name(source), "error": error.problem})
            continue
        facts.append(found)
        results.append(_to_dict(found) | {"name": _name(source)})
    if json:
        print_json(results)
    elif len(facts) == 1:
        _show_one(facts[0])
    elif facts:
        _show_many(facts)
    _end(failures, len(results))


def _end(failures: list[ImageError], total: int) -> None:
    for error in failures:
        show_error(error)
    if failures:
        if total > 1:
            err.print(f"{len(failures):,} of {total:,} pictures could not be read.")
        raise typer.Exit(2)


def _name(source: Source) -> str:
    return "standard input" if isinstance(source, bytes) else str(source)


def _to_dict(found: ImageInfo) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(found)


def _show_one(found: ImageInfo) -> None:
    rows = table("", "")
    for key, value in (
        ("file", found.name),
        ("format", found.format),
        ("size", _size(found)),
        ("colours", found.colors),
        ("depth", f"{found.bits} bit"),
        ("orientation", _orientation(found.orientation)),
        ("frames", _frames(found.frames)),
        ("profile", found.profile or "none"),
        ("file size", _bytes(found.bytes)),
    ):
        rows.add_row(key, value)
    out.print(rows)


def _show_many(facts: list[ImageInfo]) -> None:
    rows = table("file", "format", ">size", "colours", ">bits", ">EXIF", ">frames", "profile", ">file size")
    for found in facts:
        turned = str(found.orientation or "")
        frames = f"{found.frames:,}" if found.frames > 1 else ""
        rows.add_row(
            *(found.name, found.format, _size(found), found.colors, str(found.bits)),
            *(turned, frames, found.profile or "", _bytes(found.bytes)),
        )
    out.print(rows)


def _size(found: ImageInfo) -> str:
    return f"{found.width:,} x {found.height:,}"


def _orientation(number: int | None) -> str:
    if number is None:
        return "not said"
    return "1: upright" if number == 1 else f"{number}: stored {STORED[number]}, shown upright"


STORED = {
    2: "mirrored",
    3: "upside down",
    4: "upside down and mirrored",
    5: "turned and mirrored",
    6: "turned to the left",
    7: "turned and mirrored",
    8: "turned to the right",
}
"""How the pixels stand in the file, by EXIF's number: number 6 is mended by a turn to the right."""


def _frames(count: int) -> str:
    return "1" if count == 1 else f"{count:,} frames, the first is read"


def _bytes(count: int) -> str:
    """A file's size as a person says it.

    >>> _bytes(999), _bytes(1_234_567)
    ('999 bytes', '1.2 MB')
    """
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
