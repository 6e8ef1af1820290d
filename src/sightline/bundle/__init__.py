"""The deployable form of a model: data only, checked when loaded."""

from sightline.bundle.export import load_weights, write_bundle
from sightline.bundle.manifest import Description, Exported, Manifest, Precision, load_manifest, set_metrics
from sightline.bundle.network import Classifier, Network, Run, calibrate
from sightline.bundle.onnx_file import onnx_file_bytes
from sightline.bundle.parts import Parts, read_parts
from sightline.bundle.predictor import Failure, Picture, Prediction, Predictor, Sample, load_bundle, prepare

__all__ = [
    "Classifier",
    "Description",
    "Exported",
    "Failure",
    "Manifest",
    "Network",
    "Parts",
    "Picture",
    "Precision",
    "Prediction",
    "Predictor",
    "Run",
    "Sample",
    "calibrate",
    "load_bundle",
    "load_manifest",
    "load_weights",
    "onnx_file_bytes",
    "prepare",
    "read_parts",
    "set_metrics",
    "write_bundle",
]
