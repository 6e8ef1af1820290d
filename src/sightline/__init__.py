"""Sightline: from a picture to its label.

    import sightline as sl

    model = sl.load("mnist")
    print(model.predict("photo.png").top(3))

    run = sl.train("fashion-mnist", epochs=25)

Names are loaded when they are first used, so that `import sightline` is light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "Among": "sightline.pipeline",
    "Between": "sightline.pipeline",
    "DATASETS": "sightline.data",
    "Dataset": "sightline.data",
    "Image": "sightline.image",
    "ImageInfo": "sightline.image",
    "MODELS": "sightline.models",
    "OPS": "sightline.ops",
    "OneOf": "sightline.pipeline",
    "Pipeline": "sightline.pipeline",
    "Prediction": "sightline.bundle",
    "Predictor": "sightline.bundle",
    "Run": "sightline.jobs",
    "SightlineError": "sightline.errors",
    "Step": "sightline.pipeline",
    "apply": "sightline.batch",
    "contact_sheet": "sightline.sheet",
    "evaluate": "sightline.jobs",
    "info": "sightline.image",
    "load": "sightline.jobs",
    "load_dataset": "sightline.data",
    "read": "sightline.image",
    "report": "sightline.jobs",
    "resume": "sightline.jobs",
    "show": "sightline.display",
    "train": "sightline.api",
    "write": "sightline.image",
}
"""Where the names are that are no operations; those are all in `sightline.ops`."""

__all__ = [
    "DATASETS",
    "MODELS",
    "OPS",
    "Among",
    "Between",
    "Dataset",
    "Image",
    "ImageInfo",
    "OneOf",
    "Pipeline",
    "Prediction",
    "Predictor",
    "Run",
    "SightlineError",
    "Step",
    "absdiff",
    "adaptive_threshold",
    "add",
    "add_noise",
    "apply",
    "apply_mask",
    "bilateral",
    "bitwise_and",
    "bitwise_not",
    "bitwise_or",
    "bitwise_xor",
    "black_tophat",
    "blank",
    "blend",
    "box_blur",
    "brightness_contrast",
    "canny",
    "channel",
    "checkerboard",
    "clahe",
    "closing",
    "coarse_dropout",
    "color_bars",
    "colorize",
    "colormap",
    "connected_components",
    "contact_sheet",
    "contours",
    "convert",
    "corners",
    "custom_kernel",
    "deblur",
    "denoise_tv",
    "detail_enhance",
    "difference_of_gaussians",
    "dilate",
    "distance_transform",
    "divide",
    "edge_preserving",
    "emboss",
    "equalize",
    "erode",
    "evaluate",
    "fill_holes",
    "flatten_illumination",
    "flip",
    "flood_fill",
    "from_function",
    "gamma",
    "gaussian_blur",
    "grabcut",
    "gradient",
    "high_pass",
    "histogram",
    "hit_or_miss",
    "hough_circles",
    "hough_lines",
    "hue_saturation",
    "in_range",
    "info",
    "inpaint",
    "inpaint_box",
    "inpaint_color",
    "invert",
    "jpeg_compression",
    "kmeans",
    "laplacian",
    "letterbox",
    "levels",
    "load",
    "load_dataset",
    "mask_from_color",
    "mask_from_polygon",
    "match_histogram",
    "match_polarity",
    "maximum",
    "median_blur",
    "merge",
    "minimum",
    "morphological_gradient",
    "motion_blur",
    "multiply",
    "nl_means",
    "noise",
    "normalize",
    "opacity",
    "opening",
    "otsu",
    "pencil_sketch",
    "pixelate",
    "posterize",
    "prewitt",
    "read",
    "remove_small",
    "report",
    "resize",
    "resume",
    "sample",
    "scharr",
    "seamless_clone",
    "sepia",
    "sharpen",
    "show",
    "skeletonize",
    "sobel",
    "solarize",
    "split",
    "stripes",
    "stylize",
    "subtract",
    "swap_channels",
    "temperature",
    "threshold",
    "to_depth8",
    "to_depth16",
    "to_float",
    "to_gray",
    "to_rgb",
    "to_rgba",
    "train",
    "triangle",
    "unsharp_mask",
    "vignette",
    "watershed",
    "white_balance",
    "white_tophat",
    "write",
    "zone_plate",
]

if TYPE_CHECKING:
    from sightline.api import train
    from sightline.batch import apply
    from sightline.bundle import Prediction, Predictor
    from sightline.data import DATASETS, Dataset, load_dataset
    from sightline.display import show
    from sightline.errors import SightlineError
    from sightline.image import Image, ImageInfo, info, read, write
    from sightline.jobs import Run, evaluate, load, report, resume
    from sightline.models import MODELS
    from sightline.ops import *
    from sightline.pipeline import Among, Between, OneOf, Pipeline, Step
    from sightline.sheet import contact_sheet


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'sightline' has no attribute {name!r}")
    return getattr(import_module(_HOME.get(name, "sightline.ops")), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
