"""The same chain of operations as a shell command, as Python and as YAML: for help, documentation and the page."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from sightline.image import KINDS
from sightline.ops import OPS, Op

__all__ = ["Given", "as_python", "as_shell", "as_yaml", "example_of", "python_line", "target_of"]

Given = tuple[str, Mapping[str, Any]]
"""The name of an operation and those of its parameters that are given."""


def example_of(operation: Op, given: Mapping[str, Any] | None = None) -> list[Given]:
    """A chain on a colour photo that shows what the operation does, with `given` or else its own example.

    A picture that it needs is called by the parameter's name, and one that takes gray pictures only gets one.
    """
    shown = dict(operation.example if given is None else given)
    for parameter in operation.parameters.describe():
        if parameter.required and parameter.name not in shown:
            shown[parameter.name] = f"{parameter.name}.png"
    gray = operation.role != "create" and 3 not in operation.channels
    return [("to_gray", {}), (operation.name, shown)] if gray else [(operation.name, shown)]


def target_of(operation: Op) -> str:
    """A name for the result of its example: only TIFF can hold float pictures."""
    usual = {parameter.name: parameter.default for parameter in operation.parameters.describe()}
    channels = 3 if 3 in operation.channels or operation.role == "create" else 1
    kind = operation.result(KINDS["uint8", channels], {**usual, **operation.example})
    return "out.tiff" if kind.dtype == "float32" else "out.png"


def as_shell(chain: Sequence[Given], source: str = "photo.jpg", target: str = "out.png") -> str:
    """The chain as a command of `sightline`."""
    first = OPS.get(chain[0][0]) if chain else None
    measures = bool(chain) and OPS.get(chain[-1][0]).role == "measure"
    words = (
        ["sightline", "create"] if first and first.role == "create" else ["sightline", "measure" if measures else "edit", source]
    )
    for name, given in chain:
        words.append(name.replace("_", "-"))
        for key, value in given.items():
            words += _option(key, value)
    return shlex.join([*words, "-o", target])


def as_python(chain: Sequence[Given], source: str = "photo.jpg", target: str = "out.png") -> str:
    """The chain as lines of Python."""
    lines = ["import sightline as sl", ""]
    if not (chain and OPS.get(chain[0][0]).role == "create"):
        lines.append(f'image = sl.read({json.dumps(source, ensure_ascii=False)}, "unchanged")')
    for name, given in chain:
        operation = OPS.get(name)
        pictures = {p.name for p in operation.parameters.describe() if p.type.startswith("picture")}
        words = [] if operation.role == "create" else ["image"]
        words += [f"{key}={_python(value, key in pictures)}" for key, value in given.items()]
        lines.append(python_line(operation, words))
    return "\n".join([*lines, f"sl.write({json.dumps(target, ensure_ascii=False)}, image)"])


def python_line(operation: Op, words: Sequence[str]) -> str:
    """A step as a line of Python: what it gives is a picture, also of a measurement."""
    drawn = ".draw(image)" if operation.role == "measure" else ""
    return f"image = sl.{operation.name}({', '.join(words)}){drawn}"


def as_yaml(chain: Sequence[Given]) -> str:
    """The chain as a pipeline file."""
    steps = [{name: json.loads(json.dumps(dict(given)))} for name, given in chain]
    return yaml.safe_dump({"format": 1, "steps": steps}, sort_keys=False, allow_unicode=True, width=120)


def _option(key: str, value: Any) -> list[str]:
    flag = "--" + key.replace("_", "-")
    if isinstance(value, bool):
        return [flag if value else f"--no-{flag[2:]}"]
    if isinstance(value, list | tuple):
        pairs = value and all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in value)
        return [flag, " ".join(f"{_number(x)},{_number(y)}" for x, y in value) if pairs else json.dumps(value)]
    text = _number(value) if isinstance(value, float) else str(value)
    return [f"{flag}={text}"] if text.startswith("-") else [flag, text]


def _python(value: Any, picture: bool) -> str:
    if picture and isinstance(value, str):
        return f'sl.read({json.dumps(value, ensure_ascii=False)}, "unchanged")'
    return _number(value) if isinstance(value, float) else repr(value)


def _number(value: float) -> str:
    """As short as it can be without being another number.

    >>> _number(2.0), _number(0.1), _number(1.23456789)
    ('2', '0.1', '1.23456789')
    """
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
