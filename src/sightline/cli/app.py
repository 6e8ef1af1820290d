"""The commands and their groups. Only the command that was asked for is imported; help and a typing error import them all."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, NamedTuple

import typer

__all__ = ["build"]


class Command(NamedTuple):
    """Where a command is: its name, its module in this package, and the panel of the help that it stands in.

    Without a panel it is not in the list, which fits a screen: `val` is another word for `evaluate`, `version` is `--version` too,
    training calibrates by itself, `checks` is for when something is wrong, `report` for a run whose report is lost, and `reproduce`
    for one whose figures are doubted.
    """

    name: str
    module: str
    panel: str | None


LAST = "Data, service, learning"
COMMANDS = (
    Command("show", "show", "Pictures"),
    Command("info", "show", "Pictures"),
    Command("edit", "pictures", "Pictures"),
    Command("create", "pictures", "Pictures"),
    Command("measure", "pictures", "Pictures"),
    Command("apply", "pictures", "Pictures"),
    Command("ops", "operations", "Pictures"),
    Command("predict", "predict", "Models"),
    Command("train", "train", "Models"),
    Command("tune", "tune", "Models"),
    Command("preview", "train", "Models"),
    Command("runs", "runs", "Models"),
    Command("evaluate", "train", "Models"),
    Command("val", "train", None),
    Command("report", "train", None),
    Command("reproduce", "reproduce", None),
    Command("export", "export", "Models"),
    Command("calibrate", "calibrate", None),
    Command("models", "about", "Models"),
    Command("explain", "explain", "Models"),
    Command("inspect", "inspect", "Models"),
    Command("compare", "compare", "Models"),
    Command("robustness", "robustness", "Models"),
    Command("suspects", "suspects", "Models"),
    Command("serve", "serve", LAST),
    Command("data", "data", LAST),
    Command("tour", "tour", LAST),
    Command("version", "about", None),
    Command("checks", "about", None),
)
CHAINS = {"edit": "ChainCommand", "measure": "ChainCommand", "create": "CreateCommand"}

HELP = "From a picture to its label: [bold]sightline predict photo.png --model mnist[/bold]"


def build(arguments: Sequence[str] = ()) -> typer.Typer:
    """The application, with the one command that `arguments` begin with, or with all."""
    app = typer.Typer(
        name="sightline",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="rich",
        pretty_exceptions_show_locals=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        help=HELP,
    )
    app.callback(invoke_without_command=True)(_alone)  # with it a single command keeps its name
    asked = [command for command in COMMANDS if command.name == next(iter(arguments), None)]
    for command in asked or COMMANDS:
        _add(app, command)
    return app


def _alone(version: Annotated[bool, typer.Option("--version", help="Print the version")] = False) -> None:
    if version:
        from sightline import __version__

        typer.echo(__version__)
        raise typer.Exit


def _add(app: typer.Typer, command: Command) -> None:
    module = import_module(f"sightline.cli.{command.module}")
    if command.name == "data":
        app.add_typer(module.app, name="data", rich_help_panel=command.panel)
        return
    cls = None
    if command.name in CHAINS:
        cls = getattr(import_module("sightline.cli.chain"), CHAINS[command.name])
    function = module.evaluate if command.name == "val" else getattr(module, command.name)
    app.command(command.name, cls=cls, hidden=command.panel is None, rich_help_panel=command.panel)(function)
