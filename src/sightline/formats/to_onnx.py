"""`onnx`: one file that is a whole classifier."""

from __future__ import annotations

from pathlib import Path

from sightline.bundle import Network, Predictor, Sample, onnx_file_bytes
from sightline.formats.source import Source
from sightline.pipeline import Pipeline

__all__ = ["write"]


def write(source: Source, target: Path) -> None:
    """Write the network with its description and self-check; in int8 it is quantized by ONNX Runtime."""
    parts = source.parts
    network, answer = parts.network, parts.answer
    if source.calibration is not None:
        from sightline.formats.quantize import quantized

        network = quantized(parts.network, source.calibration)
        answer = _answer(source, network)
    target.write_bytes(onnx_file_bytes(network, source.description, parts.picture, answer))


def _answer(source: Source, network: bytes) -> bytes:
    """What the quantized network says of the sample: near to what the bundle says, but not the same."""
    description = source.description
    predictor = Predictor(description, Pipeline.from_dict(description.pipeline), Network(network))
    found = predictor.predict(source.parts.picture).probabilities
    return Sample(probabilities=tuple(found.tolist())).model_dump_json().encode()
