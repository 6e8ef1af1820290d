"""Make the gallery of operations, docs/gallery: `python tools/build_gallery.py`, or `--check` to see whether it is up to date.

Every text comes from the registry and every picture from running the operation, so the gallery can only show what is there.
"""

from __future__ import annotations

import argparse
import html
import inspect
import io
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from gallery.pictures import Scene, scene_of, source
from gallery.way import way
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image as Pillow

from sightline.errors import either
from sightline.image import CHANNEL_WORDS, KINDS, Image, kind_of
from sightline.ops import OPS, Group, Op, to_depth8
from sightline.params import Parameter
from sightline.pipeline.forms import as_python, as_shell, as_yaml, example_of, target_of

HOME = Path(__file__).parents[1] / "docs" / "gallery"
TEMPLATES = Path(__file__).parent / "gallery"

SOURCE_NAMES = "Photographs: the samples of scikit-image."
ABOUT = {
    "create": "Pictures out of nothing but parameters.",
    "geometry": "Size, place and shape.",
    "color": "Colour spaces, channels and tones.",
    "arithmetic": "Pictures reckoned with numbers and with each other.",
    "filters": "Blur, sharpness, noise and effects.",
    "histogram": "How often each value occurs, and what follows from it.",
    "threshold": "The picture parted into regions.",
    "morphology": "Shapes that shrink, grow and thin.",
    "edges": "Edges, lines and shapes found and measured.",
    "draw": "Shapes, words and pictures laid on a picture.",
    "repair": "What time, light and lens have done, undone.",
}
"""A few words on each group."""

TIMES = "\u00d7"
MOST_ROWS = 4
QUALITY = 86
LOSSLESS_FACTOR = 1.15  # a lossless picture may be that much larger than a lossy one


@dataclass(frozen=True)
class Figure:
    """A picture of the gallery as the page shows it."""

    file: str
    label: str
    kind: str
    alt: str
    width: int
    height: int
    pixelated: bool


@dataclass(frozen=True)
class Table:
    """What an operation measured: `facts` on the whole, and the first rows of its list."""

    facts: tuple[tuple[str, str], ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: int


@dataclass(frozen=True)
class Entry:
    """All that the gallery says about one operation."""

    operation: Op
    body: Markup
    figures: tuple[Figure, ...]
    table: Table | None
    takes: str
    gives: str
    forms: tuple[tuple[str, Markup], ...]

    @property
    def parameters(self) -> list[Parameter]:
        """The parameters, in the order of the signature."""
        return list(self.operation.parameters.describe())


# ---- pictures


def encode(image: Image) -> bytes:
    """WebP: lossless where that costs little, as for drawings and masks, else lossy."""
    picture = Pillow.fromarray(to_depth8(image))
    exact, small = io.BytesIO(), io.BytesIO()
    picture.save(exact, "WEBP", lossless=True, quality=70, method=4)
    picture.save(small, "WEBP", quality=QUALITY, method=4, use_sharp_yuv=True)  # keeps thin coloured lines
    return min(
        exact.getvalue(), small.getvalue(), key=lambda data: len(data) / (LOSSLESS_FACTOR if data is exact.getvalue() else 1)
    )


def kind_words(image: Image) -> str:
    """Size and kind: `256 by 192 RGB`, with the dtype where it is not uint8."""
    kind = kind_of(image)
    dtype = "" if kind.dtype == "uint8" else f" {kind.dtype}"
    return f"{image.shape[1]} {TIMES} {image.shape[0]} {CHANNEL_WORDS[kind.channels]}{dtype}"


def figure(files: dict[str, bytes], name: str, image: Image, label: str, alt: str, enlarged: int) -> Figure:
    """File the picture, and give back how it is shown."""
    file = f"images/{name}.webp"
    if file not in files:
        files[file] = encode(image)
    height, width = image.shape[:2]
    return Figure(file, label, kind_words(image), alt, width * enlarged, height * enlarged, enlarged > 1)


def parameters_of(operation: Op, scene: Scene) -> dict[str, Any]:
    """The parameters of the scene, checked, its pictures among them."""
    return operation.parameters.parse(dict(scene.given or {}) | {key: source(other) for key, other in scene.others.items()})


def figures_of(files: dict[str, bytes], operation: Op, scene: Scene) -> tuple[tuple[Figure, ...], Table | None]:
    """The pictures before and after, those that go with them, and what was measured."""
    name, words = operation.name, operation.name.replace("_", " ")
    parameters = parameters_of(operation, scene)
    shown: list[Figure] = []
    image = None
    if operation.role != "create":
        image = operation.check(source(scene.picture))
        shown.append(figure(files, f"source-{scene.picture}", image, "Before", f"Before: {scene.picture}", scene.enlarged))
    for key, other in scene.others.items():
        shown.append(
            figure(files, f"source-{other}", source(other), f"{key}.png", f"The picture for {key}: {other}", scene.enlarged)
        )
    result = operation.call(image, parameters)
    table = None
    if operation.role == "measure":
        table, result = table_of(result.to_dict()), result.draw(image)
    label = {"edit": "After", "create": "Result", "measure": "Drawn"}[operation.role]
    shown.append(
        figure(files, name, result, label, f"{label}: {words} of {scene.picture}" if image is not None else words, scene.enlarged)
    )
    return tuple(shown), table


# ---- texts


def body_of(operation: Op) -> Markup:
    """The docstring between its first line and its examples, as paragraphs."""
    text = (inspect.getdoc(operation.function) or "").partition("\n")[2].partition(">>>")[0]
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip()]
    return Markup("\n").join(Markup("<p>{}</p>").format(marked(part)) for part in paragraphs)


def marked(text: str) -> Markup:
    """Text with what stands in backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False)))  # noqa: S704  # it is escaped


def plain(value: Any) -> str:
    """A default as a person writes it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(map(plain, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def values_of(parameter: Parameter) -> str:
    """What the parameter may be."""
    return "yes \u00b7 no" if parameter.type == "bool" else (parameter.range or parameter.type).replace(" | ", " \u00b7 ")


def number(value: Any) -> str:
    """A measured value: fractions with one digit, so that processors do not differ in the text."""
    if isinstance(value, float):
        return f"{value:.1f}"
    return ", ".join(map(number, value)) if isinstance(value, tuple | list) else plain(value)


def table_of(result: Mapping[str, Any]) -> Table | None:
    """The single values, and the first rows of the first list or dict of items; long lists in a row are left out."""
    facts = tuple((key, number(value)) for key, value in result.items() if short(value))
    for part in (result, *result.values()):
        items = rows_in(part)
        if items:
            head = tuple(key for key, value in items[0].items() if short(value))
            rows = tuple(tuple(number(item[key]) for key in head) for item in items[:MOST_ROWS])
            return Table(facts, head, rows, len(items) - len(rows))
    return Table(facts, (), (), 0) if facts else None


def rows_in(part: Any) -> list[dict[str, Any]]:
    """The items of a list of dicts, of a dict of dicts with their names, or of a list of points; else none."""
    if isinstance(part, Mapping) and part and all(isinstance(value, Mapping) for value in part.values()):
        return [{"": key, **value} for key, value in part.items()]
    if isinstance(part, list) and part and all(isinstance(value, Mapping) for value in part):
        return [dict(value) for value in part]
    if isinstance(part, list) and part and all(isinstance(value, list) and len(value) == 2 for value in part):
        return [dict(zip("xy", value, strict=True)) for value in part]
    return []


def short(value: Any) -> bool:
    """Whether the value fits a cell of a table."""
    if isinstance(value, list | tuple):
        return len(value) <= 4 and all(isinstance(item, int | float) for item in value)
    return isinstance(value, int | float | str)


def gives_of(operation: Op, parameters: Mapping[str, Any]) -> str:
    """What comes out, as far as it is the same for all that it takes."""
    if operation.role == "create":
        kind = operation.result(KINDS["uint8", 3], parameters)
        return f"{CHANNEL_WORDS[kind.channels]}, {kind.dtype}"
    taken = [KINDS[dtype, count] for dtype in operation.dtypes for count in operation.channels]
    pairs = [(kind, operation.result(kind, parameters)) for kind in taken]
    dtype = one_of([(before.dtype, after.dtype) for before, after in pairs], "the dtype that goes in")
    channels = one_of(
        [(CHANNEL_WORDS[before.channels], CHANNEL_WORDS[after.channels]) for before, after in pairs], "the channels that go in"
    )
    same = all(before == after for before, after in pairs)
    kind_text = "a picture of the same kind" if same and len(pairs) > 1 else f"{channels}, {dtype}"
    return f"a result with `to_dict()`; its `draw()` gives {kind_text}" if operation.role == "measure" else kind_text


def one_of(pairs: Sequence[tuple[str, str]], same: str) -> str:
    """What comes out: always one thing, what goes in, or a list of both."""
    results = list(dict.fromkeys(after for _, after in pairs))
    if len(results) == 1:
        return results[0]
    if all(before == after for before, after in pairs):
        return same
    changed = [f"{after} for {before}" for before, after in dict.fromkeys(pairs) if before != after]
    return f"{either(changed)}, else {same}"


def forms_of(operation: Op, scene: Scene) -> tuple[tuple[str, Markup], ...]:
    """The example as shell, Python and YAML; what takes gray pictures only gets one, and only TIFF holds float pictures."""
    given = dict(scene.given or {}) | {key: f"{key}.png" for key in scene.others}
    chain, target = example_of(operation, given), target_of(operation)
    return (
        ("Shell", unbroken(as_shell(chain, target=target))),
        ("Python", Markup.escape(as_python(chain, target=target))),
        ("YAML", Markup.escape(as_yaml(chain).rstrip())),
    )


def unbroken(command: str) -> Markup:
    """A command whose options and names are never broken at their hyphens, which would read as two."""
    return Markup(re.sub(r"(?<!\S)(?:-o \S+|[\w-]{1,30})(?!\S)", r"<span>\g<0></span>", html.escape(command, quote=False)))  # noqa: S704  # it is escaped


# ---- the gallery


def entry_of(files: dict[str, bytes], operation: Op) -> Entry:
    """Run the operation and gather what there is to say about it."""
    scene = scene_of(operation)
    figures, table = figures_of(files, operation, scene)
    gives = gives_of(operation, parameters_of(operation, scene))
    return Entry(operation, body_of(operation), figures, table, operation.accepts, gives, forms_of(operation, scene))


def gather(files: dict[str, bytes]) -> dict[str, list[Entry]]:
    """What there is to say about every operation, by group; its pictures go into `files`."""
    entries = [entry_of(files, operation) for operation in OPS]
    groups = {group: [entry for entry in entries if entry.operation.group == group] for group in get_args(Group)}
    return {group: members for group, members in groups.items() if members}


def templates() -> Environment:
    """What makes HTML of entries."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"plain": plain, "marked": marked, "values": values_of}
    environment.globals |= {"about": ABOUT, "sources": SOURCE_NAMES}
    return environment


def make() -> dict[str, bytes]:
    """Every file of the gallery by its path within it."""
    files: dict[str, bytes] = {}
    groups = gather(files)
    environment = templates()
    shown = figure(files, "way", way(), "What some of them are for", "A photo of a written seven, step by step, and the answer", 1)
    environment.globals |= {"groups": groups, "count": sum(map(len, groups.values())), "way": shown}
    files["index.html"] = environment.get_template("index.html.j2").render().encode()
    page = environment.get_template("group.html.j2")
    for group, members in groups.items():
        files[f"{group}.html"] = page.render(group=group, entries=members).encode()
    files["gallery.css"] = b"\n".join((TEMPLATES / name).read_bytes() for name in ("frame.css", "entry.css"))
    return files


def write(files: Mapping[str, bytes], home: Path) -> None:
    """Put the gallery into `home`: what is up to date stays untouched, what does not belong to it goes."""
    late = stale(files, home)
    for name in late:
        path = home / name
        if name in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[name])
        else:
            path.unlink()


def stale(files: Mapping[str, bytes], home: Path) -> list[str]:
    """The files in `home` that are missing, surplus, or not what they should be."""
    there = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
    return sorted(
        name for name in there | files.keys() if name not in there or name not in files or differs(home / name, files[name])
    )


def differs(path: Path, data: bytes) -> bool:
    """Texts must be equal; pictures may differ as much as processors make them."""
    there = path.read_bytes().replace(b"\r\n", b"\n") if path.suffix != ".webp" else path.read_bytes()
    if there == data or path.suffix != ".webp":
        return there != data
    try:
        return not alike(decode(there), decode(data))
    except OSError:  # no picture at all
        return True


def decode(data: bytes) -> Image:
    """The pixels of a WebP file, `(H, W, 4)` uint8."""
    with Pillow.open(io.BytesIO(data)) as picture:
        return np.asarray(picture.convert("RGBA"))


def alike(one: Image, other: Image) -> bool:
    """Whether two pictures show the same: hardly any mean difference, and few pixels that differ clearly.

    Processors round differently; that moves a value by a level, and at a threshold a few pixels from black to white.
    """
    if one.shape != other.shape:
        return False
    far = np.abs(one.astype(np.int16) - other).max(axis=2)
    return bool(far.mean() <= 0.5 and (far > 24).mean() <= 0.001)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the gallery, or with `--check` say what in it is out of date."""
    parser = argparse.ArgumentParser(description="Make docs/gallery from the registry of operations.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is out of date")
    options = parser.parse_args(arguments)
    files = make()
    late = stale(files, HOME)
    if options.check and late:
        print("\n".join(f"docs/gallery/{name}" for name in late))
        print(f"{len(late)} files are out of date. Run `make docs` and look at them.", file=sys.stderr)
        return 1
    if not options.check:
        write(files, HOME)
        size = sum(map(len, files.values())) / 1e6
        print(f"{len(late)} of {len(files)} files renewed, {size:.1f} MB in all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
