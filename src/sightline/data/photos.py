"""From a person's own picture to what the pictures of a dataset look like: the steps, as they stand in a pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

__all__ = ["SUBJECTS", "Subject", "clothing", "digits"]

Subject = Literal["digits", "clothing"]
Steps = tuple[Mapping[str, Any], ...]


def digits(width: int = 28, height: int = 28) -> Steps:
    """A digit on paper, on a board or drawn with a mouse, as MNIST shows it.

    Light on black, 20 px of 28 long, its mass in the middle. MNIST's own pictures stay exactly as they are.
    """
    box = round(20 / 28 * min(width, height))
    return (
        {"to_depth8": {}},
        {"to_gray": {"backdrop": "contrast"}},
        {"isolate_ink": {}},
        {"fit_subject": {"box": box, "width": width, "height": height, "center": "mass", "stroke": box / 10}},
    )


def clothing(width: int = 28, height: int = 28) -> Steps:
    """A garment or a shoe on a plain ground, as Fashion-MNIST shows it: light on black, its longer side as long as the picture."""
    return (
        {"to_depth8": {}},
        {"to_rgb": {"backdrop": "contrast"}},
        {"isolate_subject": {}},
        {"to_gray": {"backdrop": "contrast"}},
        {"match_polarity": {"background": "dark"}},
        {"fit_subject": {"box": min(width, height), "width": width, "height": height, "center": "box"}},
    )


SUBJECTS: Mapping[Subject, Callable[[int, int], Steps]] = {"digits": digits, "clothing": clothing}
"""What the pictures of a dataset may show, and the steps that bring a photo of it to a width and a height."""
