"""Architectures: plain functions that build a `keras.Model`, filed in `MODELS`. Keras is loaded when one is built."""

from sightline.models.cnn3 import cnn3
from sightline.models.cost import LayerCost, layer_table, total_flops
from sightline.models.registry import MODELS, Architecture, model

__all__ = ["MODELS", "Architecture", "LayerCost", "cnn3", "layer_table", "model", "total_flops"]
