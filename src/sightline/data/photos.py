"""From a person's own picture to what the pictures of a dataset look like: the steps, as they stand in a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["CLOTHING", "DIGITS"]

Steps = tuple[Mapping[str, Any], ...]

DIGITS: Steps = (
    {"to_depth8": {}},
    {"to_gray": {"backdrop": "contrast"}},
    {"isolate_ink": {}},
    {"fit_subject": {"box": 20, "width": 28, "height": 28, "center": "mass", "stroke": 2.0}},
)
"""A digit on paper, on a board or drawn with a mouse, as MNIST shows it: light on black, 20 px long, its mass in the middle."""

CLOTHING: Steps = (
    {"to_depth8": {}},
    {"to_rgb": {"backdrop": "contrast"}},
    {"isolate_subject": {}},
    {"to_gray": {"backdrop": "contrast"}},
    {"match_polarity": {"background": "dark"}},
    {"fit_subject": {"box": 28, "width": 28, "height": 28, "center": "box"}},
)
"""A garment or a shoe on a plain ground, as Fashion-MNIST shows it: light on black, its longer side as long as the picture."""
