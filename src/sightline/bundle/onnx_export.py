"""A Keras model as ONNX.

Keras writes ONNX by way of TensorFlow and tf2onnx; where it runs on another backend, it does so in a process of its own. They are
imported inside the functions that need them: predicting never does.
"""

from __future__ import annotations

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

from sightline.bundle.keras_process import run_keras
from sightline.errors import JobError

if TYPE_CHECKING:
    import keras

__all__ = ["export_onnx", "packed", "quiet", "unpacked"]


def export_onnx(model: keras.Model) -> bytes:
    """The model, which has been called, as ONNX: the same bytes for the same weights. JobError says why it cannot be."""
    import keras

    if keras.backend.backend() == "tensorflow":
        return _onnx_bytes(model)
    with tempfile.TemporaryDirectory() as place:
        source, target = Path(place) / "model.safetensors", Path(place) / "model.onnx"
        source.write_bytes(packed(model))
        run_keras(
            "tensorflow", "sightline.bundle.onnx_worker", str(source), str(target), what="exported to ONNX",
            fix="If it has layers of your own, finish with KERAS_BACKEND=tensorflow, which need not rebuild it.",
        )  # fmt: skip
        return target.read_bytes()


def packed(model: keras.Model) -> bytes:
    """A model of Keras's layers and ours, for `unpacked` in another process: one file of its arrays, its form in the metadata."""
    from safetensors.numpy import save

    arrays = {f"{number:05}": np.ascontiguousarray(array) for number, array in enumerate(model.get_weights())}
    return save(arrays, {"model": model.to_json()})


def unpacked(path: Path) -> keras.Model:
    """The model of a file that `packed` has just written, as no stranger's may be read."""
    import keras
    from safetensors import safe_open

    from sightline.models import layers

    own = {name: getattr(layers, name) for name in layers.__all__}
    with safe_open(path, framework="numpy") as file:
        model = keras.models.model_from_json(file.metadata()["model"], own)
        model.set_weights([file.get_tensor(name) for name in sorted(file.keys())])
    return model


def _onnx_bytes(model: keras.Model) -> bytes:
    import onnx

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        try:
            with quiet():
                model.export(path, format="onnx", verbose=False)
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
