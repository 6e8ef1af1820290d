"""Make the table of networks, docs/reference/models.md: `python tools/build_models.py`; `--check` says whether it is up to date.

Names, parameters and arithmetic come from the registry and the networks themselves, accuracies from what benchmarks/accuracy.py
has measured and kept.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sightline.files import write_text
from sightline.models import MODELS, Architecture, total_flops
from sightline.training.backend import load_keras
from sightline.training.session import DERIVED

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "models.md"
KEPT = ROOT / "benchmarks" / "accuracy.json"
HEAD = """# Networks

<!-- Made by tools/build_models.py; `make docs` makes it anew. -->

`sightline train DATA --model NAME` trains one, `sightline models NAME` shows its layers. In Python a function that builds a
network, with `@sightline.models.model` before it, is another.

## For small pictures

Parameters and arithmetic (a multiply-add is two FLOPs) are for 28 x 28 gray pictures and ten classes; in brackets the arithmetic on
pictures of the size that is trained on, where that is another. Accuracies are those of the test set after the last epoch, one
view, mean and standard deviation over seeds, of networks trained on all training pictures but 600. Seconds are those of all epochs
with their validation, on two cores, some beside other work; machine, versions and the other rows are in
[the results](../../benchmarks/RESULTS.md).
"""
PHOTOS = """
## For photos

These begin with weights learnt on ImageNet, and read colour pictures, here of 96 x 96.
"""
SETTINGS = """
## Settings

What `--set KEY=VALUE` changes, with its default.
"""


def make() -> str:
    """The page."""
    load_keras()
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    small = sorted((model for model in MODELS if model.imagenet is None), key=lambda model: total_flops(model.build({})))
    header = ["`--model`", "what it is", "parameters", "MFLOP", "Fashion-MNIST", "epochs, seconds", "MNIST", "epochs, seconds"]
    rows = [[*_cost(model, {}, kept), *_accuracy(kept, model.name), *_accuracy(kept, f"mnist-{model.name}")] for model in small]
    text = HEAD + "\n" + _table(header, rows)
    photos = [_cost(model, {"input_shape": (96, 96, 3)}) for model in MODELS if model.imagenet]
    text += PHOTOS + "\n" + _table(header[:4], photos)
    return text + SETTINGS + "".join(_settings(model) for model in [*small, *(model for model in MODELS if model.imagenet)])


def _cost(model: Architecture, arguments: dict[str, Any], kept: dict[str, Any] | None = None) -> list[str]:
    """Name, summary, parameters and arithmetic; that of the measured networks too, where it is another."""
    network = model.build(arguments)
    arithmetic = f"{total_flops(network) / 1e6:,.1f}"
    if kept and model.name in kept:
        trained = f"{kept[model.name]['seeds'][0]['flops'] / 1e6:,.1f}"
        arithmetic += "" if trained == arithmetic else f" ({trained})"
    return [f"`{model.name}`", model.summary, f"{network.count_params():,}", arithmetic]


def _accuracy(kept: dict[str, Any], row: str) -> list[str]:
    """The accuracy of a row of the benchmark, and what it took; nothing where it was not measured."""
    if row not in kept:
        return ["not measured", ""]
    found = kept[row]
    values = [seed["accuracy"] for seed in found["seeds"]]
    spread = f" ± {statistics.stdev(values):.4f}, n = {len(values)}" if len(values) > 1 else ", n = 1"
    seconds = statistics.median(seed["seconds"] for seed in found["seeds"])
    return [f"{statistics.fmean(values):.4f}{spread}", f"{found['epochs']}, {seconds:,.0f} s"]


def _settings(model: Architecture) -> str:
    rows = [
        [f"`{one.name}`", f"`{_plain(one.default)}`", one.text] for one in model.parameters.describe() if one.name not in DERIVED
    ]
    return f"\n### {model.name}\n\n" + _table(["KEY", "VALUE", ""], rows)


def _plain(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    """Write the page, or say whether it is up to date."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the page is not up to date")
    made = make()
    if parser.parse_args().check:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != made:
            sys.exit(f"{PAGE.relative_to(ROOT)} is not up to date: run `make docs`")
        return
    write_text(PAGE, made)


if __name__ == "__main__":
    main()
