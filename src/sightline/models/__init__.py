"""Architectures: plain functions that build a `keras.Model`, filed in `MODELS`. Keras is loaded when one is built."""

from sightline.models.cnn3 import cnn3
from sightline.models.cost import LayerCost, layer_table, total_flops
from sightline.models.distance import Gaussians, fit_gaussians, measure_features, with_distance
from sightline.models.registry import MODELS, Architecture, model

__all__ = [
    "MODELS",
    "Architecture",
    "Gaussians",
    "LayerCost",
    "cnn3",
    "fit_gaussians",
    "layer_table",
    "measure_features",
    "model",
    "total_flops",
    "with_distance",
]
