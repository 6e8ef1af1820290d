"""`openvino`: the intermediate representation of OpenVINO, a text with the graph and a file with its numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Run
from sightline.bundle.onnx_part import probabilities_alone
from sightline.formats.source import Source

__all__ = ["run", "write"]


def write(source: Source, target: Path) -> None:
    """Write the `.xml`, and the `.bin` beside it."""
    import openvino

    # read_model rather than convert_model, which sends usage statistics
    model = openvino.Core().read_model(probabilities_alone(source.parts.network, *source.description.input_shape[:2]))
    openvino.save_model(model, target, compress_to_fp16=False)


def run(path: Path) -> Run:
    """Open the files in OpenVINO."""
    import openvino

    # On processors with bfloat16 OpenVINO would compute in it, whose three digits are another network's.
    compiled = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def probabilities(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.array(compiled(inputs)[0], np.float32)

    return probabilities
