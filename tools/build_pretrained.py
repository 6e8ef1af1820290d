"""Train the bundles that come with Sightline: `python tools/build_pretrained.py` (some minutes).

The same code, preset and seed as `sightline train NAME`; the bundle of each run replaces the one in the package.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from sightline import jobs
from sightline.cli.console import listening
from sightline.training import make_config

NAMES = ("fashion-mnist", "mnist")
HOME = Path(__file__).parents[1] / "src" / "sightline" / "pretrained"


def main() -> None:
    """Train each and put its bundle in place."""
    for name in NAMES:
        with tempfile.TemporaryDirectory() as folder, listening() as listen:
            run = jobs.train(make_config(name), out=folder, name=name, on_event=listen)
            shutil.rmtree(HOME / name, ignore_errors=True)
            shutil.copytree(run.path / "bundle", HOME / name)
            accuracy = run.metrics["evaluation"]["accuracy"]
            print(f"{name}: test accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main()
