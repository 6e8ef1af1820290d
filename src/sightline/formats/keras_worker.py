"""The process in which Keras exports: `python -m sightline.formats.keras_worker KIND BUNDLE TARGET [CALIBRATION.npy]`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import load_network

if TYPE_CHECKING:
    import keras

__all__ = ["main"]


def main(kind: str, bundle: str, target: str, calibration: str | None = None) -> None:
    """Write the model of `bundle` at `target` as `kind`; prepared pictures in a file of NumPy mean int8."""
    model = load_network(bundle)
    if kind == "torch":
        _write_torch(model, Path(target))
    elif kind == "saved_model":
        model.export(target, format="tf_saved_model", verbose=False)
    else:
        options = {} if calibration is None else _int8(np.load(calibration, allow_pickle=False))
        _write_litert(model, Path(target), options)


def _write_litert(model: keras.Model, target: Path, options: dict[str, Any]) -> None:
    import tensorflow as tf

    # The built-in operations only: with others the file would need more than the plain runtime.
    plain: dict[str, Any] = {"target_spec": {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}}
    model.export(target, format="litert", verbose=False, **(plain | options))


def _int8(pictures: NDArray[np.uint8]) -> dict[str, Any]:
    """The converter's settings for integers throughout, calibrated on `pictures` uint8 `(N, H, W, C)`."""
    import tensorflow as tf

    def examples() -> Iterator[list[NDArray[np.float32]]]:
        for picture in pictures:
            yield [np.divide(picture[None], np.float32(255), dtype=np.float32)]

    return {
        "optimizations": [tf.lite.Optimize.DEFAULT],
        "representative_dataset": examples,
        "target_spec": {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]},
    }


def _write_torch(model: keras.Model, target: Path) -> None:
    """A program of PyTorch's own operations: loading it runs no code and needs no Keras."""
    import torch

    class Program(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.network = model

        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            return self.network(pictures, training=False)

    example = torch.zeros((2, *model.input_shape[1:]))
    program = torch.export.export(Program().eval(), (example,), dynamic_shapes={"pictures": {0: torch.export.Dim("N", min=1)}})
    torch.export.save(program, target)


if __name__ == "__main__":
    main(*sys.argv[1:])
