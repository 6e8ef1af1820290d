"""`onnx`: one file that is a whole classifier."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Exported, Network, Predictor, Sample, calibrate, onnx_file_bytes
from sightline.formats.source import Source
from sightline.pipeline import Pipeline

__all__ = ["write"]


def write(source: Source, target: Path) -> None:
    """Write the network with its description and self-check; in int8 it is quantized by ONNX Runtime."""
    parts = source.parts
    if source.calibration is None:
        target.write_bytes(onnx_file_bytes(parts.network, source.description, parts.picture, parts.answer))
        return
    from sightline.formats.quantize import quantized

    network = quantized(parts.network, source.calibration)
    description = _with_own_threshold(source.description, Network(network), source.calibration)
    target.write_bytes(onnx_file_bytes(network, description, parts.picture, _answer(description, network, parts.picture)))


def _with_own_threshold(description: Exported, network: Network, pictures: NDArray[np.uint8]) -> Exported:
    """What is unknown is judged by the confidence, since the network in 8 bits gives no distance, at the same rejection."""
    from sightline.evaluation.calibration import fit_threshold

    if description.unknown_threshold is None or description.unknown_rejection is None:
        return description
    confidence = calibrate(network.probabilities(pictures), description.temperature).max(axis=1)
    threshold = max(0.0, -fit_threshold(-confidence, description.unknown_rejection))
    return description.model_copy(update={"unknown_score": "confidence", "unknown_threshold": threshold})


def _answer(description: Exported, network: bytes, picture: bytes) -> bytes:
    """What the quantized network says of the sample: near to what the bundle says, but not the same."""
    predictor = Predictor(description, Pipeline.from_dict(description.pipeline), Network(network))
    measured = predictor.network.measure(predictor.prepare(picture)[None])
    return Sample.of(measured, description.temperature).model_dump_json().encode()
