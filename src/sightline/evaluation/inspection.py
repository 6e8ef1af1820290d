"""A look inside a network: what every layer makes of one picture. Keras is loaded when a network is looked into."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sightline.errors import ImageError
from sightline.image import Image

if TYPE_CHECKING:
    import keras

__all__ = ["Inspection", "LayerView", "look_inside", "sides"]

TIMES = "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True, eq=False)
class LayerView:
    """A layer and what leaves it for one picture: `values`, float32 `(h, w, K)`, K maps, or `(K,)`.

    `shape`: that of `values`; `parameters` and `flops`: what it costs; `note`: what it does to what comes in, in words.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    flops: int
    values: NDArray[np.float32]
    note: str

    def __repr__(self) -> str:
        return f"<LayerView {self.name}: {self.kind}, {sides(self.shape)}, {self.parameters:,} parameters>"

    @property
    def has_maps(self) -> bool:
        """Whether values have a place in the picture."""
        return self.values.ndim == 3

    def strongest(self, count: int) -> list[int]:
        """The `count` maps or numbers with the largest mean size, the strongest first."""
        size = np.abs(self.values).reshape(-1, self.shape[-1]).mean(axis=0)
        return [int(index) for index in np.argsort(-size, kind="stable")[:count]]


@dataclass(frozen=True, eq=False)
class Inspection:
    """One picture's way through a model, from its pixels to probabilities.

    `steps`: what the picture is called as it came, and each of the pipeline's steps, with what it gave. `filters`: the kernels of
    the first convolution, float32 `(kh, kw, C, K)`, None without one. `layers`: those of the network, in order. `probabilities`:
    calibrated, float32 `(classes,)`; `known`: False where the picture is probably of none of the labels.
    """

    source: str
    model: str
    steps: Sequence[tuple[str, Image]]
    filters: NDArray[np.float32] | None
    layers: Sequence[LayerView]
    labels: tuple[str, ...]
    probabilities: NDArray[np.float32]
    known: bool

    def __repr__(self) -> str:
        return f"<Inspection of {self.source} by {self.model}: {len(self.layers)} layers, {self.label!r} {self.probability:.1%}>"

    @property
    def label(self) -> str:
        """The likeliest label."""
        return self.labels[int(self.probabilities.argmax())]

    @property
    def probability(self) -> float:
        """The likeliest label's, in [0, 1]."""
        return float(self.probabilities.max())

    @property
    def parameters(self) -> int:
        """Those of the network."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def flops(self) -> int:
        """Those of one picture's way through the network."""
        return sum(layer.flops for layer in self.layers)

    def top(self, k: int = 5) -> list[tuple[str, float]]:
        """The `k` likeliest labels with their probabilities, the likeliest first."""
        order = np.argsort(-self.probabilities, kind="stable")[:k]
        return [(self.labels[index], float(self.probabilities[index])) for index in order]

    def main_layers(self, most: int) -> list[LayerView]:
        """All layers, or of more than `most` the last one at each size of maps, and those after the maps."""
        if len(self.layers) <= most:
            return list(self.layers)
        kept: list[LayerView] = []
        area = 0
        for layer in reversed(self.layers):  # what is smaller than maps that follow is a branch, what only pads has nothing new
            if not layer.has_maps:
                kept.append(layer)
            elif layer.shape[0] * layer.shape[1] > area and layer.kind != "ZeroPadding2D":
                area = layer.shape[0] * layer.shape[1]
                kept.append(layer)
        return kept[::-1]

    def finding(self) -> str:
        """How many values there are on the way, in a sentence."""
        picture = self.steps[-1][1]
        sizes = [sides(layer.shape) for layer in self.main_layers(0)]
        return f"{sides(picture.shape)} pixels become {', '.join(sizes[:-1])} and at last {sizes[-1]} probabilities"

    def save(self, path: str | Path) -> Path:
        """Write one sheet as PNG or SVG, or an HTML page with more maps; ParameterError for another ending."""
        from sightline.evaluation.inspection_sheet import save_inspection

        return save_inspection(self, path)

    def to_dict(self) -> dict[str, Any]:
        """The layers and the answer as plain data for JSON; of the values only how large they are."""
        return {
            "source": self.source,
            "model": self.model,
            "label": self.label,
            "known": self.known,
            "probabilities": {label: float(p) for label, p in zip(self.labels, self.probabilities, strict=True)},
            "layers": [
                {
                    "name": layer.name,
                    "kind": layer.kind,
                    "shape": list(layer.shape),
                    "parameters": layer.parameters,
                    "flops": layer.flops,
                    "note": layer.note,
                    "mean": float(layer.values.mean()),
                    "largest": float(layer.values.max()),
                    "zero": float((layer.values == 0).mean()),
                }
                for layer in self.layers
            ],
        }


def look_inside(network: keras.Model, picture: NDArray[np.uint8]) -> tuple[list[LayerView], NDArray[np.float32] | None]:
    """What every layer of `network` makes of a prepared picture, uint8 `(H, W, C)`, and the kernels of its first convolution.

    The network takes pictures `(N, H, W, C)` in [0, 1]. ImageError for a picture of another shape.
    """
    import keras

    from sightline.models import layer_table

    whole = picture[..., None] if picture.ndim == 2 else picture
    expected = tuple(network.input_shape[1:])
    if whole.shape != expected or whole.dtype != np.uint8:
        raise ImageError(
            "the picture does not fit the network",
            expected=f"uint8 {expected}",
            received=f"{picture.dtype} {picture.shape}",
            fix="Pass it through prepare() first.",
        )
    layers = [layer for layer in network.layers if not isinstance(layer, keras.layers.InputLayer)]
    costs = {cost.name: cost for cost in layer_table(network)}
    inner = keras.Model(network.inputs[0], [layer.output for layer in layers])
    found = inner(np.divide(whole[None], np.float32(255), dtype=np.float32), training=False)
    values = [np.asarray(keras.ops.convert_to_numpy(value), np.float32)[0] for value in (found if len(layers) > 1 else [found])]
    views = [
        LayerView(
            layer.name,
            type(layer).__name__,
            one.shape,
            costs[layer.name].parameters,
            costs[layer.name].flops,
            one,
            _note(layer, one.shape),
        )
        for layer, one in zip(layers, values, strict=True)
    ]
    first = next((layer for layer in layers if isinstance(layer, keras.layers.Conv2D)), None)
    return views, None if first is None else np.asarray(first.get_weights()[0], np.float32)


def sides(shape: Sequence[int]) -> str:
    """A shape as people write it.

    >>> sides((26, 26, 64)) == "26 x 26 x 64".replace("x", TIMES)
    True
    """
    return f" {TIMES} ".join(map(str, shape))


def _note(layer: Any, after: tuple[int, ...]) -> str:
    """What a layer does to what comes in, in words a beginner can check on the numbers."""
    inputs = layer.input
    before = tuple((inputs[0] if isinstance(inputs, list) else inputs).shape[1:])
    write = _NOTES.get(type(layer).__name__)
    text = (
        write(layer, before, after)
        if write
        else "The shape stays."
        if before == after
        else f"{sides(before)} becomes {sides(after)}."
    )
    activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
    return f"{text} {_ACTIVATIONS[activation]}" if activation in _ACTIVATIONS and write is not _activation else text


def _convolution(layer: Any, before: tuple[int, ...], after: tuple[int, ...]) -> str:
    rows, columns = layer.kernel_size
    text = (
        f"{after[2]} kernels of {sides((rows, columns, before[2]))}: each looks at a place and its neighbours, the same everywhere."
    )
    return f"{text} {_size(layer, before, after)}"


def _size(layer: Any, before: tuple[int, ...], after: tuple[int, ...]) -> str:
    """What becomes of height and width."""
    if before[:2] == after[:2]:
        return "The size stays."
    if tuple(layer.strides) != (1, 1):
        return f"It looks at every second place only: {sides(before[:2])} becomes {sides(after[:2])}."
    return f"At the border it has no neighbours: {sides(before[:2])} becomes {sides(after[:2])}."


def _pooling(layer: Any, before: tuple[int, ...], after: tuple[int, ...]) -> str:
    which = "the largest is kept" if type(layer).__name__.startswith("Max") else "the mean is kept"
    text = f"Of every {sides(layer.pool_size)} values {which}: {sides(before[:2])} becomes {sides(after[:2])}."
    rest = layer.padding == "valid" and any(side % pool for side, pool in zip(before[:2], layer.pool_size, strict=True))
    return f"{text} The last row and column are left out." if rest else text


def _global(layer: Any, before: tuple[int, ...], after: tuple[int, ...]) -> str:
    which = "largest value" if "Max" in type(layer).__name__ else "mean"
    return f"Of each of the {after[0]} maps the {which} is kept; where it was is forgotten."


def _flatten(layer: Any, before: tuple[int, ...], after: tuple[int, ...]) -> str:
    return f"All {sides(before)} values in one row of {prod(after):,}."


def _dense(layer: Any, before: tuple[int, ...], after: tuple[int, ...]) -> str:
    return f"{after[-1]} sums of all {before[-1]:,} values, each with weights of its own."


def _norm(layer: Any, before: tuple[int, ...], after: tuple[int, ...]) -> str:
    return "Each map is shifted and scaled, by the same for all pictures."


def _activation(layer: Any, before: tuple[int, ...], after: tuple[int, ...]) -> str:
    name = getattr(getattr(layer, "activation", None), "__name__", "relu")
    return _ACTIVATIONS.get(name, f"Every value goes through {name}.")


_ACTIVATIONS = {
    "relu": "What is negative becomes 0.",
    "softmax": "Softmax makes them probabilities: positive, and 1 in all.",
}
_NOTES: dict[str, Callable[[Any, tuple[int, ...], tuple[int, ...]], str]] = {
    "Conv2D": _convolution,
    "DepthwiseConv2D": lambda layer, before, after: (
        f"A kernel of {sides(layer.kernel_size)} for each map. {_size(layer, before, after)}"
    ),
    "MaxPooling2D": _pooling,
    "AveragePooling2D": _pooling,
    "GlobalMaxPooling2D": _global,
    "GlobalAveragePooling2D": _global,
    "Flatten": _flatten,
    "Dense": _dense,
    "BatchNormalization": _norm,
    "FusedNorm": _norm,
    "BiasRelu": lambda layer, before, after: f"To each map a number of its own is added. {_ACTIVATIONS['relu']}",
    "ReLU": _activation,
    "Activation": _activation,
    "Add": lambda layer, before, after: "Two ways come together: the sum of both.",
    "Dropout": lambda layer, before, after: "It does something in training only: there some values are left out by chance.",
    "Rescaling": lambda layer, before, after: "Values are brought to the scale that the next layers know.",
}
"""What to say of a layer, by its class."""
