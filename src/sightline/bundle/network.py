"""A network in its runtime: prepared pictures in, probabilities and distances out. A bundle's runs in ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sightline.bundle.onnx_check import check_network
from sightline.errors import BundleError
from sightline.tempering import tempered

__all__ = ["BATCH", "Classifier", "Measured", "Network", "Run", "calibrate"]

BATCH = 64
"""Pictures to a run of the network: larger ones need more memory and are not faster."""

SUM_TOLERANCE = 1e-3  # float32 sums of 10,000 classes stay within 1e-5; what is off by more is no softmax


Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""A network in some runtime: float32 `(N, H, W, C)` in [0, 1] to probabilities float32 `(N, classes)`."""


class Measured(NamedTuple):
    """What comes out for N pictures: `probabilities` float32 `(N, classes)`; `distances` float32 `(N,)` or None.

    A distance is that from the training pictures, about 1 for usual ones; a network of an older bundle gives none.
    """

    probabilities: NDArray[np.float32]
    distances: NDArray[np.float32] | None


class Classifier:
    """A network that some runtime runs.

    `input_shape`: (H, W, C). `classes`: how many probabilities come out for each picture. `has_distance`: whether it also
    says how far a picture is from those it was trained on.
    """

    has_distance = False

    def __init__(self, input_shape: tuple[int, int, int], classes: int, run: Run) -> None:
        self.input_shape = input_shape
        self.classes = classes
        self._run = run

    def probabilities(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities `(N, classes)` of pictures uint8 `(N, H, W, C)`; BundleError if they are none."""
        return self.measure(pictures).probabilities

    def measure(self, pictures: NDArray[np.uint8]) -> Measured:
        """Probabilities and distances of pictures uint8 `(N, H, W, C)`; BundleError if they are none."""
        if len(pictures) <= BATCH:
            return self._measure(pictures)
        parts = [self._measure(pictures[start : start + BATCH]) for start in range(0, len(pictures), BATCH)]
        distances = [part.distances for part in parts if part.distances is not None]
        return Measured(np.concatenate([part.probabilities for part in parts]), np.concatenate(distances) if distances else None)

    def _measure(self, pictures: NDArray[np.uint8]) -> Measured:
        if not len(pictures):
            return Measured(np.empty((0, self.classes), np.float32), np.empty(0, np.float32) if self.has_distance else None)
        inputs = np.divide(pictures, np.float32(255), dtype=np.float32)  # scale "unit"
        try:
            probabilities, distances = self._outputs_of(inputs)
        except Exception as error:  # the runtimes' errors have no common root
            raise BundleError(f"the network cannot run: {_first_line(error)}") from error
        if probabilities.shape != (len(pictures), self.classes):
            expected, received = f"{len(pictures)} rows of {self.classes}", str(probabilities.shape)
            raise BundleError("the network gave other numbers than it should", expected=expected, received=received)
        sums = probabilities.sum(axis=1)
        # The negated form refuses NaN as well, which is neither above nor below.
        if not (probabilities.min() >= 0 and abs(sums - 1).max() <= SUM_TOLERANCE):
            raise BundleError("the network gave no probabilities", expected="numbers that add up to 1", received=f"{sums[:3]}")
        if distances is not None and not (distances.shape == (len(pictures),) and distances.min() >= 0):
            raise BundleError("the network gave no distances", expected="numbers of at least 0", received=f"{distances[:3]}")
        return Measured(probabilities, distances)

    def _outputs_of(self, inputs: NDArray[np.float32]) -> Measured:
        return Measured(self._run(inputs), None)


class Network(Classifier):
    """An ONNX network in one session, from bytes that were checked: nothing is read from the disk."""

    def __init__(self, data: bytes, *, threads: int = 1) -> None:
        """Load ONNX `data` for `threads` processor threads; BundleError if it is no classifier."""
        check_network(data)
        self._session = _session(data, threads)
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        shapes = [tuple(value.shape) for value in (*inputs, *outputs)]
        types = {value.type for value in (*inputs, *outputs)}
        fits = types == {"tensor(float)"} and len(inputs) == 1 and [len(shape) for shape in shapes] in ([4, 2], [4, 2, 1])
        fits = fits and all(isinstance(side, int) and side > 0 for shape in shapes for side in shape[1:])
        if not fits or any(isinstance(shape[0], int) for shape in shapes):
            raise BundleError(
                "the network is no picture classifier",
                expected="one float32 input (any N, H, W, C), one float32 output (any N, classes), and at most one (any N) more",
                received=f"inputs and outputs {shapes} of {', '.join(sorted(types))}",
            )
        self._input, self._outputs = inputs[0].name, [value.name for value in outputs]
        self.has_distance = len(outputs) == 2
        super().__init__(shapes[0][1:], shapes[1][1], lambda pictures: self._outputs_of(pictures).probabilities)

    def _outputs_of(self, inputs: NDArray[np.float32]) -> Measured:
        found = self._session.run(self._outputs, {self._input: inputs})
        return Measured(found[0], found[1] if self.has_distance else None)


def calibrate(probabilities: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """What a bundle of that `temperature` gives for a network's probabilities `(N, classes)`; see `tempered`."""
    return probabilities if temperature == 1 else tempered(probabilities, temperature).astype(np.float32)


def _session(data: bytes, threads: int) -> Any:
    """An ONNX Runtime session that reads `data` as ONNX, on the processor, and keeps silent."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # Else bytes that look like ONNX Runtime's own format are read as such, and the check above has seen another network.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors have no common root
        raise BundleError(f"the network does not load: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:200]
