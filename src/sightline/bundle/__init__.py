"""The deployable form of a model: data only, checked when loaded."""

from sightline.bundle.export import load_weights, write_bundle
from sightline.bundle.manifest import Manifest, load_manifest, set_metrics
from sightline.bundle.predictor import Failure, Picture, Prediction, Predictor, load_bundle, prepare

__all__ = [
    "Failure",
    "Manifest",
    "Picture",
    "Prediction",
    "Predictor",
    "load_bundle",
    "load_manifest",
    "load_weights",
    "prepare",
    "set_metrics",
    "write_bundle",
]
