"""The reference of the shell's commands, from the commands themselves."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from typer.main import get_command

from sightline.cli.app import COMMANDS, LAST, build
from website.markdown import code, fenced, table

__all__ = ["shell_page"]

HEAD = """# The shell's commands

What `sightline COMMAND --help` says, on one page. Results go to standard output, progress to standard error. The exit status is 0,
2 for a mistake in what was asked, 1 for a failure, 130 after an interrupt. `python -m sightline` is the same command.
"""
MARKUP = re.compile(r"\[/?(?:bold|dim)\]")
PANELS = ("Pictures", "Models", LAST, None)
KINDS = {str: "text", int: "whole number", float: "number", Path: "path"}
"""What may follow an option of that type, in words."""


def shell_page() -> str:
    """The page."""
    commands = get_command(build()).commands  # type: ignore[attr-defined]
    parts = [HEAD]
    for panel in PANELS:
        parts.append(f"## {panel or 'Beside them'}\n")
        members = [command.name for command in COMMANDS if command.panel == panel]
        parts += [_command(f"sightline {name}", commands[name]) for name in members]
    return "\n".join(parts)


def _command(name: str, command: Any, level: int = 3) -> str:
    about, _, rest = (command.help or "").partition("\n")
    examples = re.findall(r"\[bold\](.*?)\[/bold\]", rest, re.DOTALL)
    text = MARKUP.sub("", re.sub(r"\[bold\].*?\[/bold\]", "", rest, flags=re.DOTALL)).strip()
    parts = [f"{'#' * level} {name}\n\n{MARKUP.sub('', about)}\n"]
    parts += [fenced("text", "\n".join(" ".join(one.split()) for one in examples))] if examples else []
    parts += [re.sub(r"\s*\n\s*\n\s*", "\n\n", text) + "\n"] if text else []
    if hasattr(command, "commands"):
        return "\n".join(parts + [_command(f"{name} {key}", one, level + 1) for key, one in command.commands.items()])
    rows = [_row(parameter) for parameter in command.params if not parameter.hidden and parameter.name != "help"]
    return "\n".join([*parts, table(["", "values", "", "default"], rows)])


def _row(parameter: Any) -> list[str]:
    argument = parameter.param_type_name == "argument"
    names = [parameter.metavar or parameter.name.upper()] if argument else [*parameter.opts, *parameter.secondary_opts]
    flag = not argument and parameter.is_flag
    default = parameter.default
    shown = "" if flag or default in (None, (), []) or callable(default) else code(default)
    text = MARKUP.sub("", parameter.help or "")
    return [", ".join(map(code, names)), "" if flag else _values(parameter), text, "required" if parameter.required else shown]


def _values(parameter: Any) -> str:
    """What may follow: choices, a range, or a word for the kind."""
    kind, told = parameter.type_descriptor.annotation, parameter.type_descriptor.parameter_info
    if get_origin(kind) is Literal:
        return " ".join(map(code, get_args(kind)))
    low, high = told.min, told.max
    if low is not None or high is not None:
        return f"{low} to {high}" if high is not None else f"{low} and more"
    argument = parameter.param_type_name == "argument"
    return "" if argument else code(parameter.metavar) if parameter.metavar else KINDS.get(kind, "")
