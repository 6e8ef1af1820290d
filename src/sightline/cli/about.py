"""`models`, `version` and `checks`."""

from __future__ import annotations

import platform
from typing import Annotated, Any

import typer

from sightline.cli.console import out, print_json, say, table
from sightline.cli.options import Json
from sightline.errors import UnknownNameError
from sightline.registry import nearest

__all__ = ["checks", "models", "version"]


def version(json: Json = False) -> None:
    """Print Sightline's version."""
    from sightline import __version__

    if json:
        print_json({"sightline": __version__})
    else:
        say(__version__)


def models(name: Annotated[str | None, typer.Argument(help="One of them, with its layers")] = None, json: Json = False) -> None:
    """List networks and trained models, or show one.

    [bold]sightline models cnn3[/bold]
    """
    from sightline.models import MODELS

    if name is None:
        _list_models(json)
        return
    from sightline import jobs

    shipped = jobs.pretrained()
    if name in shipped:
        _show_pretrained(name, json)
        return
    if name not in MODELS:
        raise UnknownNameError(f"unknown model {name!r}", fix=nearest(name, [*MODELS.names(), *shipped]))
    architecture = MODELS.get(name)
    from sightline.training.backend import load_keras

    load_keras()
    from dataclasses import asdict

    from sightline.models import layer_table
    from sightline.training.session import DERIVED

    layers = layer_table(architecture.build({}))
    parameters = architecture.parameters.describe()
    if json:
        print_json({"name": name, "parameters": [asdict(p) for p in parameters], "layers": [asdict(row) for row in layers]})
        return
    say(f"{name}: {architecture.summary}\n")
    rows = table("layer", "kind", ">output", ">parameters", ">FLOPs")
    for row in layers:
        shape = " x ".join(str(side) for side in row.shape)
        rows.add_row(row.name, row.kind, shape, f"{row.parameters:,}", f"{row.flops:,}")
    rows.add_row("total", "", "", f"{sum(row.parameters for row in layers):,}", f"{sum(row.flops for row in layers):,}")
    out.print(rows)
    say("\nParameters, set by `sightline train --set KEY=VALUE`:")
    settings = table("name", "default", "what it is")
    for parameter in parameters:
        if parameter.name in DERIVED:
            continue  # training sets these itself
        settings.add_row(parameter.name, _plain(parameter.default), parameter.text)
    out.print(settings)


def _plain(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _list_models(json: bool) -> None:
    from sightline import jobs
    from sightline.models import MODELS

    shipped = [jobs.load(name).manifest for name in jobs.pretrained()]
    if json:
        networks = [{"name": model.name, "summary": model.summary} for model in MODELS]
        print_json({"networks": networks, "pretrained": [manifest.model_dump(mode="json") for manifest in shipped]})
        return
    rows = table("network", "")
    for model in MODELS:
        rows.add_row(model.name, model.summary)
    out.print(rows)
    rows = table("\nready to predict", "\nnetwork", ">\ntest accuracy", "\nlabels")
    for manifest in shipped:
        accuracy = manifest.metrics.get("accuracy")
        shown = f"{accuracy:.2%}" if isinstance(accuracy, float) else ""
        rows.add_row(manifest.name, manifest.architecture.name, shown, ", ".join(manifest.labels))
    if shipped:
        out.print(rows)


def _show_pretrained(name: str, json: bool) -> None:
    from sightline import jobs

    manifest = jobs.load(name).manifest
    if json:
        print_json(manifest.model_dump(mode="json"))
        return
    rows = table("", "")
    rows.add_row("network", manifest.architecture.name)
    rows.add_row("input", " x ".join(map(str, manifest.input_shape)))
    rows.add_row("labels", ", ".join(manifest.labels))
    rows.add_row("trained on", manifest.dataset.name)
    rows.add_row("created", f"{manifest.created:%Y-%m-%d}")
    for key, value in manifest.metrics.items():
        rows.add_row(key, str(value))
    out.print(rows)


def checks(json: Json = False) -> None:
    """Say what is installed and what this processor can do."""
    import os
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    from sightline.training.processor import has_bfloat16, processor_features, processor_name

    packages = {}
    for package in ("sightline", "numpy", "opencv-python-headless", "keras", "tensorflow", "tensorflow-cpu", "jax", "onnxruntime"):
        try:
            packages[package] = installed(package)
        except PackageNotFoundError:
            continue
    facts = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "features": processor_features(),
        "bfloat16": has_bfloat16(),
        "backend": os.environ.get("KERAS_BACKEND", "tensorflow"),
        "packages": packages,
    }
    if json:
        print_json(facts)
        return
    rows = table("", "")
    for key in ("python", "system", "processor", "cores", "backend"):
        rows.add_row(key, str(facts[key]))
    rows.add_row("features", " ".join(processor_features()) or "none known")
    rows.add_row("training in", "bfloat16" if has_bfloat16() else "float32 (the processor has no bfloat16 arithmetic)")
    for package, number in packages.items():
        rows.add_row(package, number)
    out.print(rows)
