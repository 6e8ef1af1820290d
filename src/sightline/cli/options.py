"""Command-line options derived from typed configurations, so that no parameter is stated twice."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel

from sightline.params import Parameter, describe

__all__ = ["Json", "Quiet", "finish", "given", "options_of"]

Json = Annotated[bool, typer.Option("--json", help="Results as JSON on standard output")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only warnings")]

F = TypeVar("F", bound=Callable[..., Any])


def options_of(model: type[BaseModel], names: list[str], *, panel: str, preset: bool = False) -> Callable[[F], F]:
    """Add one option for each field `names` of `model` to a command that takes them as `**options`.

    An option that is not given is None, so that the configuration's own default counts; with `preset` the help says that
    the preset decides.
    """
    described = {parameter.name: parameter for parameter in describe(model)}

    def add(command: F) -> F:
        signature = inspect.signature(command, eval_str=True)
        kept = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
        rest = [p for p in signature.parameters.values() if p.kind is inspect.Parameter.VAR_KEYWORD]
        new = [_option(described[name], model.model_fields[name].annotation, panel, preset) for name in names]
        command.__signature__ = signature.replace(parameters=[*kept, *new, *rest])  # type: ignore[attr-defined]
        return command

    return add


def finish(command: F) -> F:
    """Drop `**options` from the signature that Typer sees, after the last `options_of`."""
    signature = inspect.signature(command)
    kept = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    command.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
    command.__annotations__ = {}  # all hints are in the signature, evaluated
    return command


def _option(parameter: Parameter, annotation: Any, panel: str, preset: bool) -> inspect.Parameter:
    flag = "--" + parameter.name.replace("_", "-")
    names = NAMES.get(flag, [flag])
    text = parameter.text
    notes = [] if parameter.choices else [parameter.range]
    notes.append("preset decides" if preset else f"default {parameter.default}" if parameter.default is not None else "")
    if any(notes):
        text += f" [dim]({'; '.join(note for note in notes if note)})[/dim]"
    if annotation is bool:
        names = [f"{flag}/--no-{flag[2:]}"]
    option = typer.Option(*names, help=text, rich_help_panel=panel, show_default=False)
    return inspect.Parameter(
        parameter.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[annotation | None, option]
    )


NAMES = {"--learning-rate": ["--lr"], "--size": ["--size", "--image-size"]}
"""Options that the field knows by another name."""


def given(options: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Those of `names` that the user gave."""
    return {name: options[name] for name in names if options.get(name) is not None}
