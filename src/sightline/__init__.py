"""Sightline: from a picture to its label.

    import sightline as sl

    model = sl.load("mnist")
    print(model.predict("photo.png").top(3))

    run = sl.train("fashion-mnist", epochs=25)

Names are loaded when they are first used, so that `import sightline` is light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "DATASETS": "sightline.data",
    "Dataset": "sightline.data",
    "Image": "sightline.image",
    "MODELS": "sightline.models",
    "OPS": "sightline.ops",
    "Pipeline": "sightline.pipeline",
    "Prediction": "sightline.bundle",
    "Predictor": "sightline.bundle",
    "Run": "sightline.jobs",
    "SightlineError": "sightline.errors",
    "Step": "sightline.pipeline",
    "evaluate": "sightline.jobs",
    "flip": "sightline.ops",
    "invert": "sightline.ops",
    "letterbox": "sightline.ops",
    "load": "sightline.jobs",
    "load_dataset": "sightline.data",
    "match_polarity": "sightline.ops",
    "read": "sightline.image",
    "report": "sightline.jobs",
    "resize": "sightline.ops",
    "resume": "sightline.jobs",
    "to_depth8": "sightline.ops",
    "to_gray": "sightline.ops",
    "to_rgb": "sightline.ops",
    "train": "sightline.api",
    "write": "sightline.image",
}
__all__ = [
    "DATASETS",
    "MODELS",
    "OPS",
    "Dataset",
    "Image",
    "Pipeline",
    "Prediction",
    "Predictor",
    "Run",
    "SightlineError",
    "Step",
    "evaluate",
    "flip",
    "invert",
    "letterbox",
    "load",
    "load_dataset",
    "match_polarity",
    "read",
    "report",
    "resize",
    "resume",
    "to_depth8",
    "to_gray",
    "to_rgb",
    "train",
    "write",
]

if TYPE_CHECKING:
    from sightline.api import train
    from sightline.bundle import Prediction, Predictor
    from sightline.data import DATASETS, Dataset, load_dataset
    from sightline.errors import SightlineError
    from sightline.image import Image, read, write
    from sightline.jobs import Run, evaluate, load, report, resume
    from sightline.models import MODELS
    from sightline.ops import OPS, flip, invert, letterbox, match_polarity, resize, to_depth8, to_gray, to_rgb
    from sightline.pipeline import Pipeline, Step


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'sightline' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
