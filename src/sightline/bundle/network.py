"""A network in its runtime: prepared pictures in, probabilities and distances out. A bundle's runs in ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sightline.bundle.onnx_check import check_network
from sightline.bundle.onnx_part import probabilities_alone
from sightline.cores import usable_cores
from sightline.errors import BundleError
from sightline.tempering import tempered

__all__ = ["BATCH", "Classifier", "Measured", "Network", "Run", "calibrate"]

BATCH = 16
"""Pictures to a run of the network: what lies between its layers then stays in the processor's cache."""

SHARE = 2 * BATCH
"""Pictures for which a thread of their own is worth its start."""

SMALL = 4_000_000
"""Bytes up to which a network is held a second time for its probabilities alone, and keeps one thread busy and no more."""

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
    workers = 1

    def __init__(self, input_shape: tuple[int, int, int], classes: int, run: Run) -> None:
        self.input_shape = input_shape
        self.classes = classes
        self._run = run

    def probabilities(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities `(N, classes)` of pictures uint8 `(N, H, W, C)`; BundleError if they are none."""
        return self._over(pictures, lambda inputs: Measured(self._run(inputs), None)).probabilities

    def measure(self, pictures: NDArray[np.uint8]) -> Measured:
        """Probabilities and distances of pictures uint8 `(N, H, W, C)`; BundleError if they are none."""
        if self.has_distance and not len(pictures):
            return Measured(np.empty((0, self.classes), np.float32), np.empty(0, np.float32))
        return self._over(pictures, self._outputs_of)

    def _outputs_of(self, inputs: NDArray[np.float32]) -> Measured:
        return Measured(self._run(inputs), None)

    def _over(self, pictures: NDArray[np.uint8], run: Callable[[NDArray[np.float32]], Measured]) -> Measured:
        """What `run` gives for all pictures, a part at a time; many are divided among the workers."""
        if not len(pictures):
            return Measured(np.empty((0, self.classes), np.float32), None)
        if len(pictures) <= BATCH:
            return _checked(self._part(pictures, run))
        starts = iter(range(0, len(pictures), BATCH))
        found: dict[int, Measured] = {}

        def work() -> None:
            try:
                for start in starts:  # shared: who is done takes the next
                    found[start] = self._part(pictures[start : start + BATCH], run)
            except BaseException:  # Ctrl-C, too: the others then find nothing left to do
                for _ in starts:
                    pass
                raise

        helpers = min(self.workers, len(pictures) // SHARE) - 1
        if helpers < 1:
            work()
        else:
            with ThreadPoolExecutor(helpers) as pool:
                running = [pool.submit(work) for _ in range(helpers)]
                work()
            for helper in running:
                helper.result()
        parts = [found[start] for start in sorted(found)]
        distances = [part.distances for part in parts if part.distances is not None]
        probabilities = np.concatenate([part.probabilities for part in parts])
        return _checked(Measured(probabilities, np.concatenate(distances) if distances else None))

    def _part(self, pictures: NDArray[np.uint8], run: Callable[[NDArray[np.float32]], Measured]) -> Measured:
        inputs = np.divide(pictures, np.float32(255), dtype=np.float32)  # scale "unit"
        try:
            found = run(inputs)
        except Exception as error:  # the runtimes' errors have no common root
            raise BundleError(f"the network cannot run: {_first_line(error)}") from error
        if found.probabilities.shape != (len(pictures), self.classes):
            expected, received = f"{len(pictures)} rows of {self.classes}", str(found.probabilities.shape)
            raise BundleError("the network gave other numbers than it should", expected=expected, received=received)
        if found.distances is not None and found.distances.shape != (len(pictures),):
            raise BundleError("the network gave no distances", expected=f"{len(pictures)}", received=str(found.distances.shape))
        return found


class Network(Classifier):
    """An ONNX network in ONNX Runtime, from bytes that were checked: nothing is read from the disk."""

    def __init__(self, data: bytes, *, threads: int | None = None) -> None:
        """Load ONNX `data`; BundleError if it is no classifier.

        Of a network of up to `SMALL` bytes every `SHARE` pictures take a thread, up to `threads` (None: all processors). Of a
        larger one, too, where `threads` is None; else each of its pictures is computed on that many.
        """
        check_network(data)
        divided = threads is None or len(data) <= SMALL
        self._session = _session(data, 1 if divided else threads or 1)
        self.workers = (threads or usable_cores()) if divided else 1
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
        self._data = data if len(data) <= SMALL else None
        super().__init__(shapes[0][1:], shapes[1][1], self._probabilities_of)

    def _outputs_of(self, inputs: NDArray[np.float32]) -> Measured:
        if not self.has_distance:
            return super()._outputs_of(inputs)
        return Measured(*self._session.run(self._outputs, {self._input: inputs}))

    def _probabilities_of(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = self._alone.run(self._outputs[:1], {self._input: inputs})[0]
        return found

    @cached_property
    def _alone(self) -> Any:
        """A session of what the probabilities need, made when they are first asked for; the whole one where that is all."""
        if self._data is None:
            return self._session
        data = probabilities_alone(self._data, *self.input_shape[:2])
        return self._session if data is self._data else _session(data, 1)


def _checked(measured: Measured) -> Measured:
    """The same, if they are probabilities and distances; BundleError. The negated forms refuse NaN as well, which is neither."""
    probabilities, distances = measured
    if len(probabilities) == 1:  # in a tenth of the time that four calls of NumPy take
        row = probabilities[0].tolist()
        least, off = min(row), abs(sum(row) - 1)
    else:
        least, off = probabilities.min(), abs(probabilities.sum(axis=1) - 1).max()
    if not (least >= 0 and off <= SUM_TOLERANCE):
        sums = probabilities.sum(axis=1)[:3]
        raise BundleError("the network gave no probabilities", expected="numbers that add up to 1", received=str(sums))
    if distances is not None and not distances.min() >= 0:
        raise BundleError("the network gave no distances", expected="numbers of at least 0", received=f"{distances[:3]}")
    return measured


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
