"""`data list|get|info|check|preview`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.cli.console import listening, out, print_json, say, table
from sightline.cli.options import Json, Quiet

if TYPE_CHECKING:
    from sightline.data import Dataset
    from sightline.events import Listener

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Look at data: named sets, folders, tables and archives.")
Data = Annotated[str, typer.Argument(metavar="DATA", help="A dataset's name, or a folder, CSV, NPZ or IDX file")]


@app.command("list")
def list_(json: Json = False) -> None:
    """List the datasets that have a name."""
    from sightline.data import DATASETS

    if json:
        print_json([{"name": s.name, "title": s.title, "classes": list(s.classes), "counts": dict(s.counts)} for s in DATASETS])
        return
    rows = table("name", "what it is", ">size", ">classes", ">train", ">test", "licence")
    for spec in DATASETS:
        size = " x ".join(str(side) for side in spec.shape)
        counts = (f"{spec.counts['train']:,}", f"{spec.counts['test']:,}")
        rows.add_row(spec.name, spec.title, size, str(len(spec.classes)), *counts, spec.licence)
    out.print(rows)


@app.command()
def get(name: Annotated[str, typer.Argument(help="The dataset's name")], quiet: Quiet = False) -> None:
    """Fetch a named dataset into the cache and check it.

    [bold]sightline data get fashion-mnist[/bold]
    """
    from sightline.data import DATASETS

    DATASETS.get(name)
    with listening(quiet=quiet) as listen:
        dataset = _load(name, listen)
    say(f"{name}: {sum(len(split) for split in dataset.splits().values()):,} pictures, from {dataset.facts.get('source', 'here')}")


@app.command()
def info(data: Data, json: Json = False, quiet: Quiet = False) -> None:
    """Show what a dataset holds.

    [bold]sightline data info fashion-mnist[/bold]
    """
    with listening(quiet=quiet) as listen:
        dataset = _load(data, listen)
    counts = {name: split.counts(len(dataset.classes)).tolist() for name, split in dataset.splits().items()}
    facts = {key: value for key, value in dataset.facts.items() if isinstance(value, str | int | float)}
    if json:
        print_json(
            {"name": dataset.name, "classes": list(dataset.classes), "counts": counts, "fingerprint": dataset.fingerprint, **facts}
        )
        return
    rows = table("", "")
    for key, value in facts.items():
        if value:
            rows.add_row(key.replace("_", " "), str(value))
    rows.add_row("fingerprint", dataset.fingerprint[:16])
    out.print(rows)
    rows = table("\nclass", *(f">\n{name}" for name in counts))
    for number, label in enumerate(dataset.classes):
        rows.add_row(label, *(f"{numbers[number]:,}" for numbers in counts.values()))
    rows.add_row("all", *(f"{sum(numbers):,}" for numbers in counts.values()))
    out.print(rows)


@app.command()
def check(
    data: Data,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Draw the pictures concerned on this sheet")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 for warnings, too")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Look for what spoils a training: damage, duplicates, leaks, oddities, imbalance. Exits with 1 when there is an error.

    [bold]sightline data check photos/ -o sheet.png[/bold]
    """
    from dataclasses import asdict

    from sightline.jobs import data_check

    with listening(quiet=quiet) as listen:
        findings, sheet = data_check(data, sheet=output, on_event=listen)
    if json:
        print_json([asdict(finding) for finding in findings])
    for finding in [] if json else findings:
        say(f"{finding.severity}: {finding.message}")
        for item in finding.items[:5]:
            say(f"    {item}")
        if len(finding.items) > 5:
            say(f"    and {len(finding.items) - 5:,} more (all of them with --json)")
    if not findings and not json:
        say("Nothing found.")
    if output is not None and not json:
        say(str(sheet) if sheet else f"No finding has pictures to draw: {str(output)!r} is not written.")
    if any(finding.severity == "error" or (strict and finding.severity == "warning") for finding in findings):
        raise typer.Exit(1)


@app.command()
def preview(
    data: Data,
    output: Annotated[Path, typer.Option("--output", "-o", help="The sheet to write, .png or .svg")] = Path("preview.png"),
    each: Annotated[int, typer.Option(min=1, max=50, help="Pictures of each class")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="Which ones")] = 0,
    quiet: Quiet = False,
) -> None:
    """Draw a sheet of pictures of each class, as they are stored.

    [bold]sightline data preview mnist -o sheet.png[/bold]
    """
    from sightline.jobs import data_preview

    with listening(quiet=quiet) as listen:
        data_preview(data, output, each=each, seed=seed, on_event=listen)
    say(str(output))


def _load(data: str, listen: Listener) -> Dataset:
    from sightline.training.session import load_data

    return load_data(data, listen)
