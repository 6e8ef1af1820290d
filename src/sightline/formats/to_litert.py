"""`litert`: a file for LiteRT, which was TensorFlow Lite."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Run
from sightline.bundle.onnx_export import quiet
from sightline.formats.keras_process import export_in_process
from sightline.formats.source import Source

__all__ = ["run", "write"]


def write(source: Source, target: Path) -> None:
    """Write the network with the built-in operations only; input and output are float32 also where all between is int8."""
    export_in_process(source, target, "litert", "tensorflow")


def run(path: Path) -> Run:
    """Open the file in LiteRT's interpreter."""
    with quiet():
        interpreter = _interpreter()(model_path=str(path), num_threads=1)
    place, result = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]

    def probabilities(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        with quiet():
            interpreter.resize_tensor_input(place, inputs.shape)
            interpreter.allocate_tensors()
            interpreter.set_tensor(place, inputs)
            interpreter.invoke()
        found = interpreter.get_tensor(result)
        # In int8 the softmax itself has steps of 1/256, so that its rows add up to 1 only roughly.
        shares: NDArray[np.float32] = found / found.sum(axis=1, keepdims=True)
        return shares

    return probabilities


def _interpreter() -> Any:
    """The interpreter of the small runtime package if it is installed, else the one within TensorFlow."""
    if find_spec("ai_edge_litert"):
        from ai_edge_litert.interpreter import Interpreter

        return Interpreter
    import tensorflow

    return tensorflow.lite.Interpreter
