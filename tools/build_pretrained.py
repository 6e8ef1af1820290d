"""Train the bundles that come with Sightline: `python tools/build_pretrained.py` (some minutes).

The same code, preset and seed as `sightline train NAME`, but for MNIST longer and with stronger augmentation (mnist.yaml): people's
own digits are to be read. The bundle of each run replaces the one in the package.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from sightline import jobs
from sightline.cli.console import listening
from sightline.training import make_config

HERE = Path(__file__).parent
MODELS: dict[str, dict[str, Any]] = {
    "fashion-mnist": {},
    "mnist": {"epochs": 40, "pipeline": HERE / "mnist.yaml"},
}
HOME = HERE.parent / "src" / "sightline" / "pretrained"


def main() -> None:
    """Train each and put its bundle in place."""
    for name, settings in MODELS.items():
        with tempfile.TemporaryDirectory() as folder, listening() as listen:
            run = jobs.train(make_config(name, **settings), out=folder, name=name, on_event=listen)
            shutil.rmtree(HOME / name, ignore_errors=True)
            shutil.copytree(run.path / "bundle", HOME / name)
            accuracy = run.metrics["evaluation"]["accuracy"]
            print(f"{name}: test accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main()
