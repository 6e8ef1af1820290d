"""`ops`: the operations, listed and explained."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sightline.cli.chain import operation_of
from sightline.cli.console import out, print_json, say, table
from sightline.cli.options import Json

if TYPE_CHECKING:
    from sightline.ops import Op

__all__ = ["explain", "ops"]


def ops(
    name: Annotated[str | None, typer.Argument(help="One of them, with its parameters and an example")] = None,
    json: Json = False,
) -> None:
    """List the operations on pictures, or explain one.

    [bold]sightline ops gaussian-blur[/bold]
    """
    from sightline.ops import OPS

    if name is not None:
        operation = operation_of(name)
        if json:
            print_json(operation.to_dict())
        else:
            explain(operation)
    elif json:
        print_json([operation.to_dict() for operation in OPS])
    else:
        _list(list(OPS))


def _list(operations: list[Op]) -> None:
    rows = table("", "")
    for group in dict.fromkeys(operation.group for operation in operations):
        rows.add_row(f"\n{group}" if rows.row_count else group)
        for operation in operations:
            if operation.group == group:
                rows.add_row(f"  {operation.name.replace('_', '-')}", operation.summary)
        rows.rows[-1].end_section = True
    out.print(rows)
    say(f"\n{len(operations)} operations. `sightline ops NAME` explains one.")


def explain(operation: Op) -> None:
    """Show what an operation does, takes and gives, with an example."""
    from sightline.pipeline.forms import as_python, as_shell, as_yaml, example_of, target_of

    say(f"{operation.name.replace('_', '-')} ({operation.group}): {operation.summary}")
    if text := _body(operation):
        say(f"\n{text}")
    say("")
    if parameters := operation.parameters.describe():
        rows = table("option", "default", "values", "")
        for parameter in parameters:
            word = parameter.name.replace("_", "-")
            flag = f"--{word}, --no-{word}" if parameter.type == "bool" else f"--{word}"
            default = "required" if parameter.required else _plain(parameter.default)
            rows.add_row(flag, default, parameter.range or parameter.type, parameter.text)
        out.print(rows)
        say("")
    if operation.role != "create":
        say(f"Takes {operation.accepts}.\n")
    example, target = example_of(operation), target_of(operation)
    say(f"Shell\n  {as_shell(example, target=target)}\n")
    say("Python\n  " + as_python(example, target=target).replace("\n", "\n  ").replace("  \n", "\n") + "\n")
    say("Pipeline\n  " + as_yaml(example).rstrip().replace("\n", "\n  "))


def _body(operation: Op) -> str:
    """The docstring between its first line and its examples."""
    lines = (inspect.getdoc(operation.function) or "").split("\n")[1:]
    kept = []
    for line in lines:
        if line.startswith(">>>"):
            break
        kept.append(line)
    return "\n".join(kept).strip()


def _plain(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return " ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
