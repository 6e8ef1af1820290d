"""The reference of the operations: the gallery's entries as pages of the site."""

from __future__ import annotations

import build_gallery as gallery
from markupsafe import escape

from sightline.ops import Op
from sightline.params import Parameter
from website.markdown import fenced, toctree

__all__ = ["operation_pages"]

HOME = "reference/operations"
HEAD = """# Operations

{count} operations on pictures. Each is a command of the shell, a function of Python and a step of a pipeline. The pictures show
what it does; what a page says is taken from the operation itself. An operation never changes its input, and what it takes and what
its parameters may be is checked before anything is done.
"""


def operation_pages() -> tuple[dict[str, str], dict[str, bytes]]:
    """Pages by their place on the site, and the pictures and the style that they show."""
    files: dict[str, bytes] = {}
    groups = gallery.gather(files)
    entry = gallery.templates().get_template("entry.html.j2")
    count = sum(map(len, groups.values()))
    index = [HEAD.format(count=count)]
    pages = {}
    for group, entries in groups.items():
        about = gallery.ABOUT[group]
        links = "".join(_card(group, one) for one in entries)
        index.append(f"## {group.capitalize()}\n\n{about}\n\n" + fenced("{raw} html", f'<ul class="gallery cards">{links}</ul>'))
        parts = [f"# {group.capitalize()}\n\n{about}\n"]
        for one in entries:
            body = fenced("{raw} html", f'<div class="gallery">{entry.render(entry=one, name=one.operation.name)}</div>')
            parts.append(f"## {one.operation.name}\n\n" + fenced(f"{{py:function}} sightline.{_signature(one.operation)}", body))
        pages[f"{HOME}/{group}.md"] = "\n".join(parts)
    index.append(toctree(groups))
    pages[f"{HOME}/index.md"] = "\n".join(index)
    shown = {f"{HOME}/{name}": data for name, data in files.items()}
    nested = (gallery.TEMPLATES / "entry.css").read_text(encoding="utf-8")
    shown["_static/gallery.css"] = f".gallery {{\n{nested}}}\n".encode()
    return pages, shown


def _card(group: str, one: gallery.Entry) -> str:
    last, name = one.figures[-1], one.operation.name
    pixels = ' class="pixels"' if last.pixelated else ""
    picture = f'<img src="{last.file}" width="{last.width}" height="{last.height}" alt="" loading="lazy"{pixels}>'
    summary = escape(one.operation.summary)
    return (
        f'<li><a class="card" href="{group}.html#sightline.{name}"><span class="frame">{picture}</span>'
        f'<strong>{name.replace("_", "_<wbr>")}</strong> <span class="text">{summary}</span></a></li>'
    )


def _signature(operation: Op) -> str:
    """The call as it is written, without types: those stand in the table of the parameters."""
    image = [] if operation.role == "create" else ["image"]
    given = [_written(parameter) for parameter in operation.parameters.describe()]
    return f"{operation.name}({', '.join([*image, *(['*'] if given else []), *given])})"


def _written(parameter: Parameter) -> str:
    return parameter.name if parameter.required else f"{parameter.name}={parameter.default!r}"
