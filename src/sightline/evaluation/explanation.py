"""What in a picture an answer rests on: occlusion for any classifier; `gradcam` has Grad-CAM for Keras networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from sightline.errors import ImageError, ParameterError, UnknownNameError
from sightline.image import Image
from sightline.registry import nearest

__all__ = ["METHODS", "Explanation", "Method", "PictureModel", "ground_of", "index_of", "occlusion"]

Method = Literal["grad-cam", "occlusion"]
METHODS: tuple[Method, ...] = ("grad-cam", "occlusion")

PATCH = 5  # a patch covers this part of the longer side: a stroke of a digit, a sleeve
STEPS = 3  # by this part of a patch it moves on
ROUND = 4096  # covered pictures held at a time


class PictureModel(Protocol):
    """What occlusion needs of a model; `bundle.Predictor` is one."""

    labels: tuple[str, ...]
    input_shape: tuple[int, int, int]

    def probabilities(self, inputs: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities `(N, classes)` of prepared pictures, uint8 `(N, H, W, C)`."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """Which parts of a picture speak for a label.

    `picture`: the network's input as an image, uint8 `(H, W)` or `(H, W, 3)`. `map`: float32 `(H, W)`. By occlusion: how much
    of the label's probability is lost when that place is covered, in [-1, 1], below 0 where covering helps. By Grad-CAM: from
    0 to 1, as a part of the largest. `probability`: the label's, in [0, 1]; `predicted`: the likeliest label. `known` is
    False where the picture is probably of none of them.

    >>> import sightline as sl
    >>> digit = sl.load_dataset("digits").test.read(0)
    >>> found = sl.explain("mnist", digit, "3", method="occlusion")
    >>> found.label, found.predicted, found.map.shape == found.picture.shape
    ('3', '2', True)
    """

    picture: Image
    map: NDArray[np.float32]
    label: str
    probability: float
    predicted: str
    method: Method
    source: str = ""
    known: bool = True

    @property
    def answer(self) -> str:
        """The label in words: with doubt where it is the model's, of a picture that is probably of none."""
        return self.label if self.known or self.label != self.predicted else f"unknown ({self.label}?)"

    def to_dict(self) -> dict[str, Any]:
        """The explanation as plain data for JSON, the map as rows of numbers with four decimals."""
        return {
            "source": self.source,
            "label": self.label,
            "probability": self.probability,
            "predicted": self.predicted,
            "known": self.known,
            "method": self.method,
            "map": [[round(float(value), 4) for value in row] for row in self.map],
        }


def index_of(labels: tuple[str, ...], label: str) -> int:
    """The place of a label; UnknownNameError names the nearest one."""
    name = str(label)  # 7 for "7"
    if name not in labels:
        raise UnknownNameError(f"the model has no label {label!r}", fix=nearest(name, list(labels)))
    return labels.index(name)


def ground_of(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The value of each channel that a picture `(H, W, C)` has about it: the median of its border, `(C,)`.

    >>> ground_of(np.pad(np.full((2, 2, 1), 255, np.uint8), ((1, 1), (1, 1), (0, 0)), constant_values=9)).tolist()
    [9]
    """
    border = np.concatenate([picture[0], picture[-1], picture[1:-1, 0], picture[1:-1, -1]])
    return np.asarray(np.median(border, axis=0), np.uint8)


def occlusion(
    model: PictureModel,
    picture: NDArray[np.uint8],
    label: str | None = None,
    *,
    patch: int | None = None,
    stride: int | None = None,
) -> Explanation:
    """How much of a label's probability is lost where a patch covers the picture (Zeiler and Fergus 2014, section 4.2).

    `picture`: prepared, uint8 `(H, W, C)` of the model's input shape, or `(H, W)` where C is 1. `label`: the predicted one if
    not given. A patch is a square of `patch` pixels, by default a fifth of the longer side, but no more than the shorter; it
    moves by `stride`, a third of the patch, and has the value of the ground (`ground_of`): black on black would say nothing. A
    place's value is the mean over the patches that cover it. ImageError for another picture, ParameterError for a patch or
    stride that does not fit.
    """
    whole = picture[..., None] if picture.ndim == 2 else picture
    if whole.shape != model.input_shape or whole.dtype != np.uint8:
        raise ImageError(
            "the picture does not fit the network",
            expected=f"uint8 {model.input_shape}",
            received=f"{picture.dtype} {picture.shape}",
            fix="Pass it through prepare() first.",
        )
    height, width = whole.shape[:2]
    size = max(1, min(round(max(height, width) / PATCH), height, width)) if patch is None else patch
    step = max(1, size // STEPS) if stride is None else stride
    if not 1 <= size <= min(height, width) or not 1 <= step <= size:
        raise ParameterError(
            "invalid patch or stride",
            expected=f"1 <= stride <= patch <= {min(height, width)}",
            received=f"patch {size}, stride {step}",
        )
    clear = model.probabilities(whole[None])[0]
    best = int(clear.argmax())
    index = best if label is None else index_of(model.labels, label)
    tops, lefts = _places(height, size, step), _places(width, size, step)
    corners = [(top, left) for top in tops for left in lefts]
    left_over = _covered(model, whole, corners, size, index)
    lost, covers = np.zeros((2, height, width))
    for (top, left), probability in zip(corners, left_over, strict=True):
        here = np.s_[top : top + size, left : left + size]
        lost[here] += clear[index] - probability
        covers[here] += 1
    return Explanation(
        picture=whole[..., 0] if whole.shape[2] == 1 else whole,
        map=(lost / covers).astype(np.float32),
        label=model.labels[index],
        probability=float(clear[index]),
        predicted=model.labels[best],
        method="occlusion",
    )


def _places(length: int, size: int, step: int) -> list[int]:
    """Where patches begin: every `step` pixels, and at the end, so that every pixel is covered."""
    return sorted({*range(0, length - size, step), length - size})


def _covered(
    model: PictureModel, picture: NDArray[np.uint8], corners: list[tuple[int, int]], size: int, index: int
) -> NDArray[np.float32]:
    """The label's probability with each of the patches: float32 `(N,)`."""
    ground, found = ground_of(picture), []
    for start in range(0, len(corners), ROUND):
        part = corners[start : start + ROUND]
        pictures = np.repeat(picture[None], len(part), axis=0)
        for covered, (top, left) in zip(pictures, part, strict=True):
            covered[top : top + size, left : left + size] = ground
        found.append(model.probabilities(pictures)[:, index])
    return np.concatenate(found)
