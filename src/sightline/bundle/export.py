"""Make a bundle from a Keras model, and read its weights back.

Keras is imported inside the functions that need it: predicting never does.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from sightline import __version__
from sightline.bundle.manifest import FORMAT, Calibration, Description, FileNote, Manifest, load_manifest, save_manifest
from sightline.bundle.network import Measured, Network
from sightline.bundle.onnx_export import export_onnx
from sightline.bundle.predictor import DISTANCE_TOLERANCE, Predictor, Sample, check_fit, load_bundle, prepare
from sightline.bundle.store import read_files, replacing_folder
from sightline.errors import BundleError, JobError, ParameterError, brief
from sightline.files import write_bytes
from sightline.image import probe
from sightline.models import MODELS, Gaussians, with_distance
from sightline.params import explain
from sightline.pipeline import Pipeline

if TYPE_CHECKING:
    import keras

__all__ = ["load_network", "load_weights", "set_calibration", "write_bundle"]

PARITY_TOLERANCE = 1e-4
PARITY_PICTURES = 7
PACKAGES = ("keras", "tensorflow-cpu", "tensorflow", "jax", "onnx", "tf2onnx", "onnxruntime", "numpy", "opencv-python-headless")
WEIGHT_NAME = re.compile(r"(\d+):.+", re.DOTALL)
HALVES = re.compile("[\ud800-\udfff]")  # what Python makes of bytes in a file's name that are no text


def write_bundle(
    folder: str | Path,
    *,
    model: keras.Model,
    architecture: str,
    arguments: Mapping[str, Any],
    pipeline: Pipeline,
    labels: Sequence[str],
    input_shape: tuple[int, int, int],
    sample: bytes,
    metrics: Mapping[str, Any],
    dataset: Mapping[str, str],
    name: str,
    temperature: float = 1.0,
    unknown_score: Literal["confidence", "distance"] = "confidence",
    unknown_threshold: float | None = None,
    unknown_rejection: float | None = None,
    gaussians: Gaussians | None = None,
) -> Path:
    """Write a bundle to `folder`, whole or not at all, and give back its path; a bundle that is there is replaced.

    `model`: float32, softmax output, input `(N, H, W, C)` in [0, 1]; `architecture` and `arguments` rebuild it.
    `sample`: the bytes of a PNG file as it was before the pipeline. `dataset`: `name` and `fingerprint`. With `gaussians` of
    the model's features the network also gives the distance of a picture from those it was trained on.
    ParameterError names an argument that does not fit; JobError says that ONNX Runtime computes something else than
    Keras. The bundle is loaded once before it takes its place.
    """
    description = _describe(
        name=name,
        architecture={"name": architecture, "arguments": dict(arguments)},
        pipeline=pipeline.to_dict(),
        labels=list(labels),
        input_shape=input_shape,
        temperature=temperature,
        unknown_score=unknown_score,
        unknown_threshold=unknown_threshold,
        unknown_rejection=unknown_rejection,
        metrics=dict(metrics),
        dataset=dict(dataset),
    )
    kind = probe(sample).format
    if kind != "PNG":
        raise ParameterError("invalid sample", expected="the bytes of a PNG file", received=kind)
    inputs = _parity_inputs(prepare(sample, pipeline, description.input_shape))
    exported = model if gaussians is None else with_distance(model, gaussians)
    expected = _keras_measured(exported, inputs)
    onnx_bytes = export_onnx(exported)
    network = Network(onnx_bytes)
    check_fit(network, description.labels, description.input_shape)
    found = network.measure(inputs)
    _check_parity(expected, found)
    _check_parity(expected, found._replace(probabilities=network.probabilities(inputs)))  # a way of their own
    answer = Sample.of(found, temperature)
    contents = {
        "model.onnx": onnx_bytes,
        "weights.safetensors": _weights_bytes(model),
        "sample.png": sample,
        "sample.json": _encoded(answer),
    }
    _write(folder, description, contents)
    return Path(folder)


def set_calibration(folder: str | Path, calibration: Calibration, *, source: str | Path | None = None) -> Predictor:
    """Put `calibration` into the bundle `folder`, whole or not at all, with the sample's new probabilities, and load it.

    With a `source` it is that bundle's content, calibrated, that becomes `folder`. ParameterError for a value out of range.
    """
    place = folder if source is None else source
    manifest = load_manifest(place)
    contents = read_files(place, manifest)
    values = manifest.model_dump(mode="json", exclude={"files"}) | calibration._asdict() | {"format": FORMAT}
    try:
        description = Description.model_validate_json(json.dumps(values))
    except ValidationError as error:
        raise explain(error, "the bundle", Description) from None
    picture = prepare(contents["sample.png"], Pipeline.from_dict(manifest.pipeline), manifest.input_shape)
    answer = Sample.of(Network(contents["model.onnx"]).measure(picture[None]), calibration.temperature)
    _write(folder, description, contents | {"sample.json": _encoded(answer)})
    return load_bundle(folder)


def _write(folder: str | Path, description: Description, contents: Mapping[str, bytes]) -> None:
    files = {key: FileNote(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data)) for key, data in contents.items()}
    with replacing_folder(folder) as new:
        for file_name, data in contents.items():
            write_bytes(new / file_name, data)
        save_manifest(new, Manifest(**dict(description), files=files))
        load_bundle(new)


def _encoded(answer: Sample) -> bytes:
    return (answer.model_dump_json(indent=2) + "\n").encode()


def load_weights(folder: str | Path) -> dict[str, NDArray[np.float32]]:
    """The weights of a bundle by name, in the order of `model.weights`; all files are checked as `load_bundle` does.

    A name is the weight's number and path, such as `0:conv1/kernel`. To train on: build the architecture that the manifest
    names, then `model.set_weights(list(load_weights(folder).values()))`, as `load_network` does. BundleError if they are no plain
    arrays.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    data = read_files(folder, load_manifest(folder))["weights.safetensors"]
    try:
        arrays = load(data)
    except (SafetensorError, KeyError, ValueError, TypeError, OverflowError) as error:
        raise BundleError(f"weights of bundle {str(folder)!r} do not load: {str(error)[:200]}") from error
    numbers = {key: int(match[1]) for key in arrays if (match := WEIGHT_NAME.fullmatch(key))}
    if sorted(numbers.values()) != list(range(len(arrays))) or any(array.dtype != np.float32 for array in arrays.values()):
        raise BundleError(
            f"weights of bundle {str(folder)!r} do not fit",
            expected="float32 arrays named 0:..., 1:... and so on",
            received=", ".join(f"{key[:40]} {array.dtype}" for key, array in list(arrays.items())[:3]),
        )
    return {key: arrays[key] for key in sorted(arrays, key=numbers.__getitem__)}


def load_network(folder: str | Path) -> keras.Model:
    """The network of a bundle, built anew under Keras's current dtype policy: pictures `(N, H, W, C)` in [0, 1] to probabilities.

    UnknownNameError or ParameterError for an architecture that is not registered here, or no longer with these arguments;
    BundleError for weights that do not fit it.
    """
    architecture = load_manifest(folder).architecture
    builder = MODELS.get(architecture.name)
    weights = list(load_weights(folder).values())
    network = builder.build(architecture.arguments)
    try:
        network.set_weights(weights)
    except ValueError as error:
        raise BundleError(
            f"the weights of bundle {str(folder)!r} do not fit {architecture.name}", received=str(error).splitlines()[0][:200]
        ) from None
    return network


def _describe(**values: Any) -> Description:
    """A checked description, made the way it is read, so that what can be written can be read; ParameterError."""
    for text in (values["name"], *values["labels"]):
        if isinstance(text, str) and HALVES.search(text):  # no JSON holds them, and so no validator would come to name them
            raise ParameterError(
                "invalid name or label of the bundle", expected="text without half characters", received=brief(text)
            )
    values["versions"] = _versions()
    values["created"] = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        return Description.model_validate_json(json.dumps(values, allow_nan=False))
    except ValidationError as error:
        raise explain(error, "the bundle", Description) from None
    except (TypeError, ValueError) as error:
        raise ParameterError(f"the bundle cannot be described in JSON: {error}") from None


def _versions() -> dict[str, str]:
    found = {"sightline": __version__}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # no machine has every backend
            continue
    return found


def _parity_inputs(sample: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The prepared sample and some noise: uint8 `(N, H, W, C)`."""
    noise = np.random.default_rng(0).integers(0, 256, (PARITY_PICTURES, *sample.shape), np.uint8)
    return np.concatenate([sample[None], noise])


def _keras_measured(model: keras.Model, inputs: NDArray[np.uint8]) -> Measured:
    """What Keras computes. The call also is what the export asks for before it works."""
    import keras

    types = {weight.dtype for weight in model.weights} | {layer.compute_dtype for layer in model.layers}
    if types != {"float32"}:
        raise ParameterError("the model cannot be exported", expected="a float32 model", received=", ".join(sorted(types)))
    outputs = model(inputs.astype(np.float32) / np.float32(255), training=False)
    found = [np.asarray(keras.ops.convert_to_numpy(value), np.float32) for value in keras.tree.flatten(outputs)]
    return Measured(found[0], found[1] if len(found) > 1 else None)


def _check_parity(expected: Measured, found: Measured) -> None:
    for what, ours, theirs, tolerance in (
        ("probabilities", expected.probabilities, found.probabilities, PARITY_TOLERANCE),
        # noise is far away: what counts is how near the two are for their size
        ("distances", *_relative(expected.distances, found.distances), DISTANCE_TOLERANCE),
    ):
        difference = float(abs(ours - theirs).max()) if ours.shape == theirs.shape else float("inf")
        if not difference <= tolerance:
            raise JobError(
                "ONNX Runtime computes something else than Keras",
                expected=f"{what} that differ by at most {tolerance:g}",
                received=f"{difference:g}",
                fix="The architecture uses something that the export does not carry over; report it with the model's arguments.",
            )


def _relative(
    expected: NDArray[np.float32] | None, found: NDArray[np.float32] | None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    if expected is None or found is None:
        nothing = np.zeros(1, np.float32)
        return nothing, nothing if expected is found else np.ones(1, np.float32)
    size = np.maximum(expected, 1)
    return (expected / size).astype(np.float32), (found / size).astype(np.float32)


def _weights_bytes(model: keras.Model) -> bytes:
    """All weights as plain arrays. The number orders them; the model's own name is left out, since Keras may count it up."""
    from safetensors.numpy import save

    names = [f"{number}:{weight.path.removeprefix(f'{model.name}/')}" for number, weight in enumerate(model.weights)]
    arrays = [np.ascontiguousarray(array, np.float32) for array in model.get_weights()]
    return save(dict(zip(names, arrays, strict=True)))
