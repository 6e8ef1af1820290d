"""The process in which `export_onnx` has Keras on TensorFlow: `python -m sightline.bundle.onnx_worker MODEL.safetensors TARGET`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from sightline.bundle.onnx_export import export_onnx, unpacked

__all__ = ["main"]


def main(source: str, target: str) -> None:
    """Read the model that `export_onnx` wrote, and write the ONNX it is to give back."""
    model = unpacked(Path(source))
    model(np.zeros((1, *model.input_shape[1:]), np.float32), training=False)
    Path(target).write_bytes(export_onnx(model))


if __name__ == "__main__":
    main(*sys.argv[1:])
