"""The deployable form of a model: data only, checked when loaded."""

from sightline.bundle.export import load_network, load_weights, set_calibration, write_bundle
from sightline.bundle.manifest import Calibration, Description, Exported, Manifest, Precision, load_manifest, set_metrics
from sightline.bundle.network import Classifier, Measured, Network, Run, calibrate
from sightline.bundle.onnx_file import onnx_file_bytes
from sightline.bundle.parts import Parts, load_description, read_parts
from sightline.bundle.predictor import Failure, Picture, Prediction, Predictor, Sample, load_bundle, name_of, prepare
from sightline.bundle.store import locate

__all__ = [
    "Calibration",
    "Classifier",
    "Description",
    "Exported",
    "Failure",
    "Manifest",
    "Measured",
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
    "load_description",
    "load_manifest",
    "load_network",
    "load_weights",
    "locate",
    "name_of",
    "onnx_file_bytes",
    "prepare",
    "read_parts",
    "set_calibration",
    "set_metrics",
    "write_bundle",
]
