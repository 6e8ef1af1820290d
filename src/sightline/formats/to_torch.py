"""`torch`: a program of PyTorch's own operations, which is loaded without Keras, Sightline or any code of theirs."""

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
    """Write what `torch.export.save` writes; its input is as everywhere `(N, H, W, C)`."""
    export_in_process(source, target, "torch", "torch")


def run(path: Path) -> Run:
    """Open the file in PyTorch."""
    import torch

    with quiet():
        module = torch.export.load(path).module()

    def probabilities(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.no_grad():
            found: NDArray[np.float32] = module(torch.from_numpy(inputs)).numpy()
        return found

    return probabilities
