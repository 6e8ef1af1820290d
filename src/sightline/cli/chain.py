"""Chains of operations on the command line: `crop --x 40 --width 200 gaussian-blur --sigma 2`.

Each word that names an operation begins a step; the options after it are its parameters, until the next operation. A word that
ends in .yaml or .json stands for the steps of that pipeline. Options of the command itself may stand anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperOption

from sightline.errors import ParameterError, SightlineError, UnknownNameError
from sightline.registry import did_you_mean, nearest

if TYPE_CHECKING:
    from sightline.ops import Op
    from sightline.params import Parameter
    from sightline.pipeline import AnyStep, Pipeline

__all__ = ["ChainCommand", "CreateCommand", "chain_of", "files_of", "operation_of"]

META = "sightline.chain"
HELP = ("-h", "--help")
TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
OPTION = re.compile(r"-[a-z]|--[a-z].*")
RANGE = re.compile(r"(-?\d*\.?\d+)\.\.(-?\d*\.?\d+)")  # 0.5..2: drawn anew for every picture


@dataclass
class Segment:
    """One operation as it was typed."""

    operation: Op
    given: dict[str, Any] = field(default_factory=dict)
    p: float = 1.0
    when: str = "always"


class ChainCommand(TyperCommand):
    """A command whose words after the first `files` are a chain of operations."""

    files = 1

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the chain out of the words and parse the rest as usual."""
        own, segments = _split(args, self.params, self.files)
        ctx.meta[META] = segments
        return super().parse_args(ctx, own)


class CreateCommand(ChainCommand):
    """The same without a file to begin with."""

    files = 0


def chain_of(ctx: typer.Context) -> Pipeline:
    """The pipeline that was typed after the command."""
    from sightline.pipeline import Pipeline, Step

    segments: list[Segment | Path] = ctx.meta[META]
    steps: list[AnyStep] = []
    for segment in segments:
        if isinstance(segment, Path):
            steps += Pipeline.load(segment).steps
            continue
        try:
            steps.append(Step(segment.operation.name, segment.given, segment.when, segment.p, Path()))  # type: ignore[arg-type]
        except SightlineError as error:
            word = segment.operation.name.replace("_", "-")
            raise type(error)(error.problem, fix=error.fix or f"See `sightline ops {word}`.") from error
    return Pipeline(tuple(steps))


def files_of(ctx: typer.Context) -> list[Path]:
    """The files that the chain names: pipelines, and those of its parameters that are no other text."""
    segments: list[Segment | Path] = ctx.meta[META]
    given = [value for segment in segments if isinstance(segment, Segment) for value in segment.given.values()]
    named = [Path(value) for value in given if isinstance(value, str) and len(value) < 1000]
    return [*named, *(segment for segment in segments if isinstance(segment, Path))]


def _split(args: list[str], params: Sequence[object], files: int) -> tuple[list[str], list[Segment | Path]]:
    """The command's own words, and the operations with their options."""
    flags = {name: param for param in params if isinstance(param, TyperOption) for name in (*param.opts, *param.secondary_opts)}
    own: list[str] = []
    named: list[str] = []  # what stood behind --, which says that it is no option
    segments: list[Segment | Path] = []
    words = list(reversed(args))
    while words:
        word = words.pop()
        if word == "--" and files and words:
            named = [word, words.pop()]
            files -= 1
        elif word.startswith("-") and word != "-":
            last = segments[-1] if segments else None
            _option(word, words, last if isinstance(last, Segment) else None, own, flags)
        elif files:
            own.append(word)
            files -= 1
        else:
            segments.append(Path(word) if Path(word).suffix in {".yaml", ".yml", ".json"} else Segment(operation_of(word)))
    return own + named, segments


def _option(word: str, words: list[str], segment: Segment | None, own: list[str], flags: dict[str, TyperOption]) -> None:
    """Give an option and its value to the operation before it if that has one of the name, else to the command."""
    name, equals, value = word.partition("=")
    if segment and word in HELP:
        _explain(segment.operation)
    if segment and _take(segment, name, value if equals else None, words):
        return
    if attached := re.fullmatch(r"(-[a-z])(.+)", word):  # -oout.png
        name, equals = attached[1], attached[2]
    if name not in flags and word not in HELP:
        raise _unknown_option(name, segment, list(flags))
    own.append(word)
    if word not in HELP and not equals and not flags[name].is_flag and words:
        own.append(words.pop())


def operation_of(word: str) -> Op:
    """The operation that a word such as `gaussian-blur` names; UnknownNameError says what may be meant."""
    from sightline.ops import OPS

    name = word.replace("-", "_")
    if name not in OPS:
        raise UnknownNameError(f"unknown operation {word!r}", fix=_advice(name, list(OPS)))
    return OPS.get(name)


def _advice(name: str, operations: list[Op]) -> str:
    """What may be meant: those of a group, a name like it, or operations that do what it says, such as `mirror`."""
    words = {operation.name.replace("_", "-"): operation for operation in operations}
    if members := [word for word, operation in words.items() if operation.group == name]:
        return did_you_mean(members)
    if (like := nearest(name, list(words))).startswith("Did"):
        return like
    said = [word for word, operation in words.items() if name in operation.summary.lower()]
    return did_you_mean(said) if said else "`sightline ops` lists them."


def _take(segment: Segment, flag: str, value: str | None, words: list[str]) -> bool:
    """Let the operation take an option of its own, with its value from `words`; False if it has none of that name."""
    name = flag.lstrip("-").replace("-", "_")
    if not flag.startswith("--"):
        return False
    parameters = {parameter.name: parameter for parameter in segment.operation.parameters.describe()}
    parameter = parameters.get(name) or parameters.get(name.removeprefix("no_"))
    if name in {"p", "when"} and name not in parameters:
        text = _value(flag, value, words, "a probability from 0 to 1" if name == "p" else "always | train")
        setattr(segment, name, _number(flag, text) if name == "p" else text)
        return True
    if parameter is None or (parameter.name != name and parameter.type != "bool"):
        return False
    if parameter.type == "bool" and value is None and words and words[-1] in TRUTH and parameter.name == name:
        segment.given[name] = TRUTH[words.pop()]
    elif parameter.type == "bool" and value is None:
        segment.given[parameter.name] = parameter.name == name
    else:
        segment.given[parameter.name] = _typed(parameter, _value(flag, value, words, parameter.range or parameter.type))
    return True


def _value(flag: str, value: str | None, words: list[str], rule: str) -> str:
    if value is not None:
        return value
    if not words or OPTION.fullmatch(words[-1]):
        raise ParameterError(f"{flag} needs a value", expected=rule, fix=f"A value that begins with - is given as {flag}=VALUE.")
    return words.pop()


def _typed(parameter: Parameter, text: str) -> Any:
    drawn = RANGE.fullmatch(text) if parameter.type in {"int", "float"} else None
    if drawn:
        low, high = drawn.groups()
        return {"between": [parameter.from_text(low), parameter.from_text(high)]}
    return parameter.from_text(text)


def _number(flag: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ParameterError(f"invalid {flag}", expected="a number", received=repr(text)) from None


def _unknown_option(flag: str, segment: Segment | None, own: list[str]) -> UnknownNameError:
    if segment is None:
        return UnknownNameError(f"unknown option {flag!r}", fix=nearest(flag, own))
    theirs = ["--" + parameter.name.replace("_", "-") for parameter in segment.operation.parameters.describe()]
    word = segment.operation.name.replace("_", "-")
    return UnknownNameError(f"{word} has no option {flag!r}", fix=nearest(flag, [*theirs, *own]))


def _explain(operation: Op) -> None:
    from sightline.cli.operations import explain

    explain(operation)
    raise typer.Exit
