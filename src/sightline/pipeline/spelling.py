"""A pipeline as a person would write it elsewhere: as a file, as a line for the shell, as lines of Python."""

from __future__ import annotations

import json
import shlex
from typing import Any

import numpy as np

from sightline.pipeline.document import to_text
from sightline.pipeline.forms import python_line
from sightline.pipeline.pipeline import Pipeline
from sightline.pipeline.random import Among, Between
from sightline.pipeline.step import AnyStep, Step

__all__ = ["spell"]

SOURCE, TARGET, FILE = "photo.jpg", "result.png", "pipeline.yaml"


def spell(pipeline: Pipeline) -> dict[str, str]:
    """The pipeline as `yaml`, as a `shell` line and as `python`; parameters that are as usual are left out of the last two.

    What a line cannot say, such as a picture that is a parameter, it takes from the file.

    >>> print(spell(Pipeline.from_dict({"format": 1, "steps": [{"to_gray": {}}, {"gaussian_blur": {"sigma": 2}}]}))["shell"])
    sightline edit photo.jpg to-gray gaussian-blur --sigma 2 -o result.png
    """
    return {"yaml": to_text(pipeline.to_dict(), is_json=False), "shell": _shell(pipeline), "python": _python(pipeline)}


def _shell(pipeline: Pipeline) -> str:
    command = ["create"] if pipeline.makes_picture else ["edit", SOURCE]
    steps = [_words(step) for step in pipeline.steps]
    said = [FILE] if any(step is None for step in steps) else [word for step in steps for word in step or ()]
    return " ".join(["sightline", *command, *said, "-o", TARGET])


def _words(step: AnyStep) -> list[str] | None:
    """A step as words of a shell; None where they cannot say it."""
    if not isinstance(step, Step):
        return None
    words = [step.op.replace("_", "-")]
    types = {parameter.name: parameter.type for parameter in step.operation.parameters.describe()}
    for name, value in _unusual(step).items():
        text = _text(value, types[name])
        if text is None:
            return None
        words.append(f"--{name.replace('_', '-')}{'=' if text.startswith('-') else ' '}{shlex.quote(text)}")
    words += [f"--p {step.p:g}"] if step.p != 1 else []
    return words + ([f"--when {step.when}"] if step.when != "always" else [])


def _text(value: Any, of: str) -> str | None:
    """A value of the type `of` as a word."""
    if isinstance(value, Between):
        return f"{_plain(value.low)}..{_plain(value.high)}"
    if isinstance(value, Among | np.ndarray):
        return None
    if of == "points":
        return " ".join(",".join(str(_plain(number)) for number in point) for point in value)
    return value if isinstance(value, str) else json.dumps(_plain(value))


def _plain(value: Any) -> Any:
    """A value as people write it: 2 for 2.0."""
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _python(pipeline: Pipeline) -> str:
    lines = ["import sightline as sl", ""]
    plain = all(isinstance(step, Step) and not step.is_random and step.when == "always" for step in pipeline.steps)
    pictures = any(isinstance(value, np.ndarray) for step in pipeline.steps for value in getattr(step, "parameters", {}).values())
    makes = pipeline.makes_picture
    if not makes:
        lines.append(f'image = sl.read("{SOURCE}", "unchanged")')
    if plain and not pictures:
        for number, step in enumerate(pipeline.steps):
            assert isinstance(step, Step)
            told = [f"{name}={_plain(value)!r}" for name, value in _unusual(step).items()]
            given = [] if makes and number == 0 else ["image"]
            lines.append(python_line(step.operation, given + told))
    else:
        lines.append(f'image = sl.Pipeline.load("{FILE}").run({"" if makes else "image"})')
    return "\n".join([*lines, f'sl.write("{TARGET}", image)']) + "\n"


def _unusual(step: Step) -> dict[str, Any]:
    """The parameters that are not as they are by themselves."""
    usual = step.operation.parameters.defaults
    return {name: value for name, value in step.parameters.items() if name not in usual or not _same(value, usual[name])}


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and not isinstance(one, np.ndarray) and bool(one == other)
