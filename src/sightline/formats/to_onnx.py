"""`onnx`: one file that is a whole classifier."""

from __future__ import annotations

from pathlib import Path

from sightline.bundle import Exported, Network, Predictor, Sample, onnx_file_bytes
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
    description = source.with_own_threshold(Network(network))
    target.write_bytes(onnx_file_bytes(network, description, parts.picture, _answer(description, network, parts.picture)))


def _answer(description: Exported, network: bytes, picture: bytes) -> bytes:
    """What the quantized network says of the sample: near to what the bundle says, but not the same."""
    predictor = Predictor(description, Pipeline.from_dict(description.pipeline), Network(network))
    measured = predictor.network.measure(predictor.prepare(picture)[None])
    return Sample.of(measured, description.temperature).model_dump_json().encode()
