"""The process in which `export_onnx` has Keras on TensorFlow: `python -m sightline.bundle.onnx_worker MODEL.safetensors TARGET`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from safetensors import safe_open

from sightline.bundle.onnx_export import onnx_bytes
from sightline.models import MODELS, Gaussians

__all__ = ["main"]


def main(source: str, target: str) -> None:
    """Read the model that `export_onnx` wrote, and write the ONNX it is to give back."""
    with safe_open(source, framework="numpy") as file:
        architecture = json.loads(file.metadata()["architecture"])
        arrays = {name: file.get_tensor(name) for name in sorted(file.keys())}
    model = MODELS.get(architecture["name"]).build(architecture["arguments"])
    model.set_weights([array for name, array in arrays.items() if name.startswith("weights.")])
    given = {name.removeprefix("gaussians."): array for name, array in arrays.items() if name.startswith("gaussians.")}
    Path(target).write_bytes(onnx_bytes(model, Gaussians(**given) if given else None))


if __name__ == "__main__":
    main(*sys.argv[1:])
