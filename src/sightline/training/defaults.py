"""The pipeline that a dataset is read through when nobody says otherwise: reading steps, and light augmentation."""

from __future__ import annotations

from typing import Any

from sightline.data import Dataset
from sightline.data.photos import SUBJECTS
from sightline.data.specs import ERASE
from sightline.pipeline import Pipeline

__all__ = ["augmentation", "default_pipeline"]


def default_pipeline(dataset: Dataset, shape: tuple[int, int, int], *, augment: bool = False) -> Pipeline:
    """The steps that bring any picture to the input `(H, W, C)` of a network trained on `dataset`.

    Where the dataset says what it shows, photos of that are brought to look like its pictures; else they are fitted in whole.
    With `augment` those of `augmentation` follow.
    """
    height, width, channels = shape
    subject = dataset.facts.get("subject") if channels == 1 else None
    steps: list[Any]
    if subject is not None:
        steps = list(SUBJECTS[subject](width, height))
    else:
        steps = ["to_depth8", "to_gray" if channels == 1 else "to_rgb", {"letterbox": {"width": width, "height": height}}]
    return Pipeline((*steps, *(augmentation(dataset, shape) if augment else ())))


def augmentation(dataset: Dataset, shape: tuple[int, int, int]) -> list[dict[str, Any]]:
    """The steps that change pictures of `shape` (H, W, C) in training without changing their label.

    Those the dataset states, else small shifts and erased patches; no mirroring and no turning, which may change a label.
    """
    stated = dataset.facts.get("augmentation")
    return _light(min(shape[:2])) if stated is None else [*stated]


def _light(side: int) -> list[dict[str, Any]]:
    """What hardly any picture minds: shifts by up to 1/28 of the side, and a small patch erased now and then."""
    reach = max(1, round(side / 28))
    moves = {"one_of": list(range(-reach, reach + 1))}
    return [{"translate": {"x": moves, "y": moves, "border": "replicate"}, "p": 0.5, "when": "train"}, ERASE]
