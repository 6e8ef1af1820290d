"""`serve`."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Annotated, Any

import typer

from sightline.cli.console import err, say
from sightline.cli.options import finish, given, options_of
from sightline.errors import InputError
from sightline.serve import ServeConfig

__all__ = ["serve"]

LISTENING = ["host", "port", "token", "insecure"]
PAGE = ["page", "runs", "corrections"]
LIMITS = ["max_upload", "max_pixels", "max_pictures", "max_requests", "timeout"]
USUAL = ("mnist", "fashion-mnist")
TOKEN = "SIGHTLINE_TOKEN"  # noqa: S105 - the name of the variable


@finish
@options_of(ServeConfig, LIMITS, panel="Limits")
@options_of(ServeConfig, PAGE, panel="Page")
@options_of(ServeConfig, LISTENING, panel="Listening")
def serve(
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            help="A run, a bundle, an exported .onnx, a model that comes with Sightline, or NAME=that; repeat for more",
        ),
    ] = None,
    **options: Any,
) -> None:
    """Answer over HTTP: pictures to labels, pipelines to pictures.

    [bold]sightline serve --model runs/clothing[/bold]
    [bold]curl --data-binary @photo.png http://127.0.0.1:8000/predict[/bold]
    """
    needed = ["fastapi", "uvicorn", *(["gradio"] if options["page"] is not False else [])]
    if any(find_spec(name) is None for name in needed):
        raise InputError("the service needs more packages", fix="Install them with `pip install 'sightline[serve]'`.")
    from sightline.serve.config import make_serve_config
    from sightline.serve.server import start

    if options["token"] is None:
        options["token"] = os.environ.get(TOKEN) or None  # other users of the machine can read what a command was started with
    config = make_serve_config(**given(options, [*LISTENING, *PAGE, *LIMITS]))

    def ready(address: str, names: list[str]) -> None:
        say(f"Serving {', '.join(names)} at {address}")
        err.print("Ctrl-C ends it. The interface is described at /docs.", markup=False)

    start(config, tuple(model or USUAL), ready)
