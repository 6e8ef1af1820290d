"""Architectures: plain functions that build a `keras.Model`, filed in `MODELS`. Keras is loaded when one is built."""

from sightline.models.backbones import efficientnet, mobilenet, resnet
from sightline.models.cnn3 import cnn3, without_normalization
from sightline.models.cost import LayerCost, layer_table, total_flops
from sightline.models.distance import Gaussians, fit_gaussians, measure_features, with_distance
from sightline.models.registry import MODELS, Architecture, WeightsFile, backbone, model
from sightline.models.residual import base, large, small, tiny
from sightline.models.wide import wide

__all__ = [
    "MODELS",
    "Architecture",
    "Gaussians",
    "LayerCost",
    "WeightsFile",
    "backbone",
    "base",
    "cnn3",
    "efficientnet",
    "fit_gaussians",
    "large",
    "layer_table",
    "measure_features",
    "mobilenet",
    "model",
    "resnet",
    "small",
    "tiny",
    "total_flops",
    "wide",
    "with_distance",
    "without_normalization",
]
