"""A Keras model as ONNX.

Keras writes ONNX by way of TensorFlow and tf2onnx; where it runs on another backend, it does so in a process of its own. They are
imported inside the functions that need them: predicting never does.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sightline.bundle.keras_process import run_keras
from sightline.bundle.manifest import Architecture
from sightline.errors import JobError
from sightline.models import Gaussians, with_distance

if TYPE_CHECKING:
    import keras

__all__ = ["export_onnx", "onnx_bytes", "quiet"]


def export_onnx(model: keras.Model, gaussians: Gaussians | None, architecture: Architecture) -> bytes:
    """The model, which `architecture` builds, as ONNX: the same bytes for the same weights.

    With `gaussians` it gives distances too. JobError says why it cannot be exported.
    """
    import keras

    if keras.backend.backend() == "tensorflow":
        return onnx_bytes(model, gaussians)
    from safetensors.numpy import save_file

    arrays = {f"weights.{number:05}": _plain(array) for number, array in enumerate(model.get_weights())}
    arrays |= {f"gaussians.{name}": _plain(array) for name, array in vars(gaussians).items()} if gaussians else {}
    with tempfile.TemporaryDirectory() as place:
        source, target = Path(place) / "model.safetensors", Path(place) / "model.onnx"
        save_file(arrays, source, {"architecture": json.dumps(architecture.model_dump(mode="json"))})
        run_keras("tensorflow", "sightline.bundle.onnx_worker", str(source), str(target), what="exported to ONNX")
        return target.read_bytes()


def _plain(array: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(array)


def onnx_bytes(model: keras.Model, gaussians: Gaussians | None) -> bytes:
    """What `export_onnx` gives, with Keras on TensorFlow."""
    import onnx

    whole = model if gaussians is None else with_distance(model, gaussians)
    whole(np.zeros((1, *whole.input_shape[1:]), np.float32), training=False)  # Keras exports what has been called
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        try:
            with quiet():
                whole.export(path, format="onnx", verbose=False)
        except Exception as error:  # tf2onnx and TensorFlow raise whatever they meet
            raise JobError(f"the model cannot be exported to ONNX: {error}") from error
        exported = _simplified(onnx.load(path))
    _make_canonical(exported)
    return bytes(exported.SerializeToString(deterministic=True))


def _simplified(exported: Any) -> Any:
    """The `onnx.ModelProto` with every shape that is known written as a constant.

    tf2onnx does this itself, but in the order of its hashed names: about one export in twenty keeps a computed shape. Going over
    it again finds what was missed.
    """
    from tf2onnx.graph import GraphUtil

    for _ in range(4):
        if not any(node.op_type == "Shape" for node in exported.graph.node):
            break
        with quiet():
            exported = GraphUtil.optimize_model_proto(exported) or exported
    return exported


def _make_canonical(exported: Any) -> None:
    """Rename everything in an `onnx.ModelProto` by its place in the graph, in place.

    tf2onnx takes names from counters that run on from one export to the next, so that two exports of one model differ.
    """
    graph = exported.graph
    names = {"": "", graph.input[0].name: "pictures"}
    names |= {value.name: name for value, name in zip(graph.output, ("probabilities", "distances"), strict=False)}
    for number, node in enumerate(graph.node):
        for values in (node.input, node.output):
            for position, value in enumerate(values):
                values[position] = names.setdefault(value, f"v{len(names)}")
        node.name, node.doc_string = f"{number}:{node.op_type}", ""
        if not node.domain:
            node.ClearField("domain")  # written or not, the usual one is meant
    for value in (*graph.input, *graph.output, *graph.initializer):
        value.name = names.setdefault(value.name, f"v{len(names)}")
        value.doc_string = ""
    for value in (*graph.input, *graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "N"
    del graph.value_info[:]
    tensors = sorted(graph.initializer, key=lambda tensor: (len(tensor.name), tensor.name))
    del graph.initializer[:]
    graph.initializer.extend(tensors)
    graph.name, graph.doc_string = "network", ""


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the exporters' notes off the terminal: Python's output, warnings and logs, and what C++ writes by itself."""
    level = logging.root.manager.disable
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(number) for number in (1, 2)]
    try:
        with (
            open(os.devnull, "w") as nothing,
            redirect_stdout(nothing),
            redirect_stderr(nothing),
            warnings.catch_warnings(action="ignore"),
        ):
            logging.disable(logging.CRITICAL)
            os.dup2(nothing.fileno(), 1)
            os.dup2(nothing.fileno(), 2)
            yield
    finally:
        logging.disable(level)
        for number, copy in enumerate(kept, 1):
            os.dup2(copy, number)
            os.close(copy)
