"""The commands and their groups. What a command needs is imported when it runs, so that help is there at once."""

from __future__ import annotations

import typer

from sightline.cli import about, data, operations, pictures, predict, show, train
from sightline.cli.chain import ChainCommand, CreateCommand

__all__ = ["app"]

PICTURES, MODELS, DATA, ABOUT = "Pictures", "Models", "Data", "About"

app = typer.Typer(
    name="sightline",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""From a picture to its label.

    [bold]sightline predict photo.png --model mnist[/bold]   a label, at once
    [bold]sightline train fashion-mnist[/bold]               a model of your own, with a report
    """,
)

app.command("show", rich_help_panel=PICTURES)(show.show)
app.command("info", rich_help_panel=PICTURES)(show.info)
app.command("edit", cls=ChainCommand, rich_help_panel=PICTURES)(pictures.edit)
app.command("create", cls=CreateCommand, rich_help_panel=PICTURES)(pictures.create)
app.command("measure", cls=ChainCommand, rich_help_panel=PICTURES)(pictures.measure)
app.command("apply", rich_help_panel=PICTURES)(pictures.apply)
app.command("ops", rich_help_panel=PICTURES)(operations.ops)
app.command("predict", rich_help_panel=MODELS)(predict.predict)
app.command("train", rich_help_panel=MODELS)(train.train)
app.command("evaluate", rich_help_panel=MODELS)(train.evaluate)
app.command("val", hidden=True)(train.evaluate)
app.command("report", rich_help_panel=MODELS)(train.report)
app.command("models", rich_help_panel=MODELS)(about.models)
app.add_typer(data.app, name="data", rich_help_panel=DATA)
app.command("version", rich_help_panel=ABOUT)(about.version)
app.command("checks", rich_help_panel=ABOUT)(about.checks)
