"""Chains of operations on the command line: `crop --x 40 --width 200 gaussian-blur --sigma 2`.

Each word that names an operation begins a step; the options after it are its parameters, until the next operation. Options of
the command itself may stand anywhere.
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
from sightline.registry import nearest

if TYPE_CHECKING:
    from sightline.ops import Op
    from sightline.params import Parameter
    from sightline.pipeline import Pipeline

__all__ = ["ChainCommand", "CreateCommand", "chain_of"]

META = "sightline.chain"
HELP = ("-h", "--help")
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

    segments: list[Segment] = ctx.meta[META]
    steps = []
    for segment in segments:
        try:
            steps.append(Step(segment.operation.name, segment.given, segment.when, segment.p, Path()))  # type: ignore[arg-type]
        except SightlineError as error:
            word = segment.operation.name.replace("_", "-")
            raise type(error)(error.problem, fix=error.fix or f"See `sightline ops {word}`.") from error
    return Pipeline(tuple(steps))


def _split(args: list[str], params: Sequence[object], files: int) -> tuple[list[str], list[Segment]]:
    """The command's own words, and the operations with their options."""
    flags = {name: param for param in params if isinstance(param, TyperOption) for name in (*param.opts, *param.secondary_opts)}
    own: list[str] = []
    segments: list[Segment] = []
    words = list(reversed(args))
    while words:
        word = words.pop()
        if word.startswith("-") and word != "-":
            _option(word, words, segments[-1] if segments else None, own, flags)
        elif files:
            own.append(word)
            files -= 1
        else:
            segments.append(Segment(_operation(word)))
    return own, segments


def _option(word: str, words: list[str], segment: Segment | None, own: list[str], flags: dict[str, TyperOption]) -> None:
    """Give an option and its value to the operation before it if that has one of the name, else to the command."""
    name, equals, value = word.partition("=")
    if segment and word in HELP:
        _explain(segment.operation)
    if segment and _take(segment, name, value if equals else None, words):
        return
    if name not in flags and word not in HELP:
        raise _unknown_option(name, segment, list(flags))
    own.append(word)
    if word not in HELP and not equals and not flags[name].is_flag and words:
        own.append(words.pop())


def _operation(word: str) -> Op:
    from sightline.ops import OPS

    name = word.replace("-", "_")
    if name not in OPS:
        fix = nearest(name, OPS.names()) if nearest(name, OPS.names()).startswith("Did") else "`sightline ops` lists them."
        raise UnknownNameError(f"unknown operation {word!r}", fix=fix)
    return OPS.get(name)


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
    if parameter.type == "bool" and value is None:
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
