"""What a network costs: its layers, parameters and arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

__all__ = ["LayerCost", "layer_table", "total_flops"]


@dataclass(frozen=True)
class LayerCost:
    """One layer: what it is, the shape that leaves it (without the batch), its parameters and FLOPs for one picture."""

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    flops: int


def layer_table(model: keras.Model) -> list[LayerCost]:
    """Every layer in order. FLOPs count a multiply-add as two, in convolutions and dense layers, where all but a few are."""
    rows = []
    for layer in model.layers:
        shape = tuple(layer.output.shape[1:])
        rows.append(LayerCost(layer.name, type(layer).__name__, shape, layer.count_params(), _flops(layer, shape)))
    return rows


def total_flops(model: keras.Model) -> int:
    """FLOPs of one picture's way through the network."""
    return sum(row.flops for row in layer_table(model))


def _flops(layer: Any, shape: tuple[int, ...]) -> int:
    kernel = getattr(layer, "kernel", None)
    if kernel is None:
        return 0
    positions = prod(shape[:-1])  # a dense layer has none but itself: the empty product is 1
    return 2 * positions * prod(int(side) for side in kernel.shape)
