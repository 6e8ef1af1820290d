"""Picture operations: one typed function each, filed in `OPS` under its own name."""

from sightline.ops._op import OPS, Op, op
from sightline.ops.color import invert, match_polarity, to_depth8, to_gray, to_rgb
from sightline.ops.geometry import flip, letterbox, resize

__all__ = [
    "OPS",
    "Op",
    "flip",
    "invert",
    "letterbox",
    "match_polarity",
    "op",
    "resize",
    "to_depth8",
    "to_gray",
    "to_rgb",
]
