"""Train the bundles that come with Sightline: `python tools/build_pretrained.py [NAME ...]` (half an hour for all).

The same code and seed as `sightline train`. For MNIST longer and with stronger augmentation (mnist.yaml), because people's own
digits are to be read; for Fashion-MNIST the small network is taught by a larger one, which is trained first. The bundle of each
run replaces the one in the package, or in --home.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

from sightline import jobs
from sightline.cli.console import listening
from sightline.pipeline import Pipeline
from sightline.training import make_config

DIGITS = Pipeline.load(Path(__file__).parent / "mnist.yaml")
SEEN = {"resize": {"width": 22, "height": 22}}  # cnn3 looks at 22 x 22 of 28 x 28
MODELS: dict[str, dict[str, Any]] = {
    "fashion-mnist": {"data": "fashion-mnist", "epochs": 50},
    "fashion-mnist-small": {"data": "fashion-mnist", "model": "small"},
    "mnist": {"data": "mnist", "epochs": 40, "pipeline": Pipeline((*DIGITS.steps, SEEN))},
    "mnist-small": {"data": "mnist", "model": "small", "pipeline": DIGITS},
}
TEACHERS: dict[str, dict[str, Any]] = {"fashion-mnist": {"data": "fashion-mnist", "model": "base", "epochs": 16}}
HELD_OUT = 0.05  # of the training pictures; they calibrate the finished model
HOME = Path(__file__).parents[1] / "src" / "sightline" / "pretrained"


def train(name: str, settings: dict[str, Any], folder: Path) -> jobs.Run:
    """A run of that name in `folder`, told on the console."""
    with listening() as listen:
        return jobs.train(make_config(**settings, validation=HELD_OUT), out=folder, name=name, on_event=listen)


def main() -> None:
    """Train each and put its bundle in place."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[[], *MODELS], help="which; all without one")
    parser.add_argument("--home", type=Path, default=HOME, help="folder of the bundles")
    options = parser.parse_args()
    for name in options.names or MODELS:
        with tempfile.TemporaryDirectory() as folder:
            settings = MODELS[name]
            if name in TEACHERS:
                settings = {**settings, "teacher": train("teacher", TEACHERS[name], Path(folder)).path}
            run = train(name, settings, Path(folder))
            shutil.rmtree(options.home / name, ignore_errors=True)
            shutil.copytree(run.path / "bundle", options.home / name)
            print(f"{name}: test accuracy {run.metrics['evaluation']['accuracy']:.4f}")


if __name__ == "__main__":
    main()
