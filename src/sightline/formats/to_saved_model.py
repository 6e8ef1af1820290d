"""`saved_model`: a folder for TensorFlow, TensorFlow Serving and what reads their format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Run
from sightline.bundle.onnx_export import quiet
from sightline.formats.keras_process import export_in_process
from sightline.formats.source import Source

__all__ = ["run", "write"]


def write(source: Source, target: Path) -> None:
    """Write the folder, with one endpoint called `serve`."""
    export_in_process(source, target, "saved_model", "tensorflow")


def run(path: Path) -> Run:
    """Open the folder in TensorFlow."""
    with quiet():
        import tensorflow

        loaded = tensorflow.saved_model.load(str(path))

    def probabilities(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = loaded.serve(inputs).numpy()
        return found

    return probabilities
