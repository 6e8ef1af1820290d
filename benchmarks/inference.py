"""From an array to probabilities: the shipped `cnn3` in Sightline, and in every runtime that is installed, one and two threads.

    python benchmarks/inference.py [--model fashion-mnist] [--rounds 15]

The peers run the network as Keras exports it, on float32 pictures that are ready; Sightline takes uint8 pictures, and its time
includes making float32 of them, the checks of what comes out and the calibration. All take turns within every round, a batch
size at a time, in one process for each number of threads. That all give the same probabilities is checked first: to 1e-4 in
float32, in int8 to the same label for 99 % of 1,000 test pictures. A runtime that is not installed is left out and named
(`pip install openvino`), as is an int8 network of another's making that misses those 99 %.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from common import PACKAGES, publish, run_json, spread, table
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sightline.data import Split

BATCHES = (1, 32, 256, 1000)
CHECKED = 1000
TURN = 0.03  # seconds that one turn lasts at least
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Contender:
    """A way to run the network. `make`: for a batch size, what turns a batch into probabilities; `uint8`: of which pictures;
    `quantized_plainly`: by ONNX Runtime's quantizer as it is, whose 8-bit weights overflow in the kernels of some processors."""

    name: str
    precision: str
    make: Callable[[int], Callable[[Any], Floats]]
    uint8: bool = False
    quantized_plainly: bool = False


def files(model: str, folder: Path) -> dict[str, str]:
    """The network in every form that the contenders open, by name."""
    import keras

    import sightline as sl
    from sightline.bundle import load_network, read_parts
    from sightline.bundle.onnx_export import quiet
    from sightline.bundle.onnx_part import probabilities_alone
    from sightline.jobs.models import model_folder

    network = load_network(model_folder(model))
    network(np.zeros((1, *network.input_shape[1:]), np.float32))
    plain, plain8, alone = (folder / f"{name}.onnx" for name in ("plain", "plain-int8", "alone"))
    with quiet():
        network.export(plain, format="onnx", verbose=False)
    parts = read_parts(model_folder(model))
    alone.write_bytes(probabilities_alone(parts.network, *parts.description.input_shape[:2]))
    found = {"plain": plain, "plain8": plain8, "alone": alone}
    quantize_plainly(plain, plain8, model)
    for name, form, int8 in (("onnx8", "onnx", True), ("litert", "litert", False), ("litert8", "litert", True)):
        found[name] = sl.export(model, folder / f"{name}.{'tflite' if form == 'litert' else form}", format=form, int8=int8).path
    keras.backend.clear_session()
    return {name: str(path) for name, path in found.items()}


def prepared(model: str, split: Split, count: int) -> NDArray[np.uint8]:
    """What the network gets of the first `count` pictures of a split."""
    import sightline as sl

    prepare = sl.load(model).prepare
    return np.stack([prepare(split.read(index)) for index in range(count)])


def quantize_plainly(network: Path, target: Path, model: str) -> None:
    """What ONNX Runtime's quantizer makes of a network with its usual settings, per channel."""
    from onnxruntime.quantization import quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    import sightline as sl
    from sightline.bundle.onnx_export import quiet
    from sightline.formats.quantize import _reader

    ready = network.with_name("ready.onnx")
    pictures = prepared(model, sl.load_dataset(model).train, 500)
    with quiet():
        quant_pre_process(network, ready, skip_symbolic_shape=True)
        import onnx

        reader = _reader(pictures, onnx.load(ready).graph.input[0].name)
        quantize_static(ready, target, reader, per_channel=True)


def sightline_ways(model: str, found: dict[str, str], threads: int) -> list[Contender]:
    import sightline as sl

    whole, small = sl.load(model, threads=threads), sl.load(found["onnx8"], threads=threads)
    return [
        Contender("**Sightline**", "float32", lambda size: whole.probabilities, uint8=True),
        Contender("**Sightline**", "int8", lambda size: small.probabilities, uint8=True),
        Contender("Sightline, with distances", "float32", lambda size: lambda x: whole.measure(x).probabilities, uint8=True),
    ]


def onnxruntime_ways(model: str, found: dict[str, str], threads: int) -> list[Contender]:
    import onnxruntime

    def contender(name: str, precision: str, network: str) -> Contender:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 4
        session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
        place = session.get_inputs()[0].name
        plainly = network == found["plain8"]
        return Contender(name, precision, lambda size: lambda x: session.run(None, {place: x})[0], quantized_plainly=plainly)

    return [
        contender("ONNX Runtime, as Keras exports", "float32", found["plain"]),
        contender("ONNX Runtime, as its quantizer makes it", "int8", found["plain8"]),
        contender("ONNX Runtime, Sightline's graph", "float32", found["alone"]),
        contender("ONNX Runtime, Sightline's graph", "int8", found["onnx8"]),
    ]


def litert_ways(model: str, found: dict[str, str], threads: int) -> list[Contender]:
    from sightline.bundle.onnx_export import quiet
    from sightline.formats.to_litert import _interpreter

    def make(path: str, size: int) -> Callable[[Floats], Floats]:
        with quiet():
            interpreter = _interpreter()(model_path=path, num_threads=threads)
            place, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]["index"]
            interpreter.resize_tensor_input(place["index"], (size, *place["shape"][1:]))
            interpreter.allocate_tensors()

        def run(x: Floats) -> Floats:
            interpreter.set_tensor(place["index"], x)
            interpreter.invoke()
            shares: Floats = interpreter.get_tensor(result)
            return shares

        return run

    name = "LiteRT" if installed("ai-edge-litert") else "LiteRT, as it comes with TensorFlow"
    return [
        Contender(name, "float32", lambda size: make(found["litert"], size)),
        Contender(name, "int8", lambda size: make(found["litert8"], size)),
    ]


def opencv_ways(model: str, found: dict[str, str], threads: int) -> list[Contender]:
    import cv2

    cv2.setNumThreads(threads)

    def make(name: str, size: int) -> Callable[[Floats], Floats]:
        network = cv2.dnn.readNetFromONNX(found[name])  # one for each size: it does not survive a change

        def run(x: Floats) -> Floats:
            network.setInput(x)
            return np.asarray(network.forward(), np.float32)

        return run

    return [
        Contender("cv2.dnn", "float32", lambda size: make("plain", size)),
        Contender("cv2.dnn, Sightline's graph", "float32", lambda size: make("alone", size)),
    ]


def openvino_ways(model: str, found: dict[str, str], threads: int) -> list[Contender]:
    if find_spec("openvino") is None:
        return []
    import openvino

    core = openvino.Core()

    def compiled(name: str, size: int, streams: int) -> Any:
        network = core.read_model(found[name])
        network.reshape([size, *(side.get_length() for side in list(network.input(0).partial_shape)[1:])])
        settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": streams}
        return core.compile_model(network, "CPU", settings)

    def make(name: str, size: int) -> Callable[[Floats], Floats]:
        request = compiled(name, size, 1).create_infer_request()
        return lambda x: request.infer({0: x}, share_inputs=True)[0]

    def make_streams(name: str, size: int) -> Callable[[Floats], Floats]:
        if size < threads:
            return make(name, size)
        network = compiled(name, size // threads, threads)
        requests = [network.create_infer_request() for _ in range(threads)]

        def run(x: Floats) -> Floats:
            parts = np.split(x, threads)
            for request, part in zip(requests, parts, strict=True):
                request.start_async({0: part}, share_inputs=True)
            for request in requests:
                request.wait()
            return np.concatenate([request.get_output_tensor(0).data for request in requests])

        return run

    ways = [
        Contender("OpenVINO", "float32", lambda size: make("plain", size)),
        Contender("OpenVINO, Sightline's graph", "float32", lambda size: make("alone", size)),
        Contender("OpenVINO", "int8", lambda size: make("plain8", size), quantized_plainly=True),
    ]
    if threads > 1:
        ways.append(Contender("OpenVINO, a stream a thread", "float32", lambda size: make_streams("plain", size)))
        name = "OpenVINO, a stream a thread"
        ways.append(Contender(name, "int8", lambda size: make_streams("plain8", size), quantized_plainly=True))
    return ways


def keras_ways(model: str, found: dict[str, str], threads: int) -> list[Contender]:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    from sightline.bundle import load_network
    from sightline.jobs.models import model_folder

    network = load_network(model_folder(model))
    return [
        Contender("`keras.Model.predict`", "float32", lambda size: lambda x: network.predict(x, batch_size=size, verbose=0)),
        Contender("`keras.Model.predict_on_batch`", "float32", lambda size: network.predict_on_batch),
        Contender("`keras.Model.__call__`", "float32", lambda size: lambda x: network(x, training=False).numpy()),
    ]


def check(ways: list[Contender], model: str, pictures: NDArray[np.uint8], inputs: Floats) -> list[tuple[Contender, float]]:
    """AssertionError unless all give the same probabilities; Sightline's are calibrated, as Keras's are here to compare.

    Returns the networks quantized plainly that do not, with the share of labels that they keep.
    """
    import sightline as sl
    from sightline.bundle import calibrate

    size = 100

    def answers(way: Contender) -> Floats:
        run, given = way.make(size), pictures if way.uint8 else inputs
        return np.concatenate([np.array(run(given[start : start + size])) for start in range(0, CHECKED, size)])

    expected = answers(next(way for way in ways if "predict`" in way.name))
    calibrated = calibrate(expected, sl.load(model).manifest.temperature)
    left_out = []
    for way in ways:
        found, right = answers(way), calibrated if way.uint8 else expected
        kept = float((found.argmax(1) == right.argmax(1)).mean())
        if way.precision == "float32":
            assert abs(found - right).max() < 1e-4, (way.name, abs(found - right).max())
        elif way.quantized_plainly and kept < 0.99:
            left_out.append((way, kept))
        else:
            assert kept >= 0.99, (way.name, kept)
    return left_out


def microseconds(run: Callable[[Any], Floats], given: Any, passes: int) -> float:
    started = time.perf_counter()
    for _ in range(passes):
        run(given)
    return (time.perf_counter() - started) / passes / len(given) * 1e6


def measure(model: str, found: dict[str, str], threads: int, rounds: int) -> dict[str, Any]:
    """A row for each contender: its microseconds a picture in each round, by batch size; and who is left out, and why."""
    import sightline as sl

    makers = (
        keras_ways,
        sightline_ways,
        onnxruntime_ways,
        litert_ways,
        opencv_ways,
        openvino_ways,
    )  # TensorFlow's threads are set first
    ways = [way for maker in makers for way in maker(model, found, threads)]
    test = sl.load_dataset(model).test
    assert test is not None
    pictures = prepared(model, test, CHECKED)
    inputs = np.divide(pictures, np.float32(255), dtype=np.float32)
    left_out = check(ways, model, pictures, inputs)
    ways = [way for way in ways if all(way is not other for other, _ in left_out)]
    times: list[dict[int, list[float]]] = [{} for _ in ways]
    for size in BATCHES:
        runs = [way.make(size) for way in ways]
        given = [(pictures if way.uint8 else inputs)[:size] for way in ways]
        passes = []
        for run, batch in zip(runs, given, strict=True):
            run(batch)
            passes.append(max(1, round(TURN / (microseconds(run, batch, 1) * size * 1e-6))))
        for _ in range(rounds):
            for way, run, batch, count in zip(times, runs, given, passes, strict=True):
                run(batch)  # another's threads may still be winding down
                way.setdefault(size, []).append(microseconds(run, batch, count))
    return {
        "rows": [{"name": way.name, "precision": way.precision, "times": row} for way, row in zip(ways, times, strict=True)],
        "left_out": [f"{way.name}, int8: the same label for {kept:.1%} of {CHECKED:,} pictures." for way, kept in left_out],
    }


def lines(rows: list[dict[str, Any]], threads: int) -> list[list[str]]:
    found = []
    for row in rows:
        times = {int(size): values for size, values in row["times"].items()}
        most = 1e6 / min(statistics.median(values) for values in times.values())
        found.append([row["name"], row["precision"], str(threads), *(spread(times[size], 1) for size in BATCHES), f"{most:,.0f}"])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="fashion-mnist")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--measure", nargs=2, metavar=("THREADS", "FILES"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        threads, found = int(arguments.measure[0]), json.loads(arguments.measure[1])
        print(json.dumps(measure(arguments.model, found, threads, arguments.rounds)))
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    rows: list[list[str]] = []
    left_out: set[str] = set()
    with tempfile.TemporaryDirectory() as folder:
        found = files(arguments.model, Path(folder))
        for threads in (1, 2):
            given = ("--model", arguments.model, "--rounds", str(arguments.rounds), "--measure", str(threads), json.dumps(found))
            print(f"{threads} threads", file=sys.stderr)
            measured = run_json(__file__, *given)
            rows += lines(measured["rows"], threads)
            left_out.update(measured["left_out"])
    header = [
        "µs a picture, median (range)",
        "precision",
        "threads",
        *(f"batch {size}" for size in BATCHES),
        "most pictures a second",
    ]
    peers = [*PACKAGES, "ai-edge-litert", "openvino"]
    missing = [name for name in peers if not installed(name)]
    note = f"\n\nNot installed: {', '.join(missing)}." if missing else ""
    note += f"\n\nLeft out, for it misses 99 %: {' '.join(sorted(left_out))}" if left_out else ""
    command = f"python benchmarks/inference.py --model {arguments.model} --rounds {arguments.rounds}"
    title = "Inference, from an array to probabilities"
    publish("inference", title, table(header, rows) + note, command, [name for name in peers if installed(name)])


def installed(package: str) -> bool:
    try:
        return bool(version(package))
    except PackageNotFoundError:
        return False


if __name__ == "__main__":
    main()
