"""Picture operations: one typed function each, filed in `OPS` under its own name; a file or two for each group."""

from sightline.ops import (
    arithmetic,
    color,
    create,
    distort,
    draw,
    edges,
    effects,
    filters,
    geometry,
    histograms,
    ink,
    lettering,
    morphology,
    repair,
    segment,
    shapes,
    subject,
    thresholds,
    tone,
    warp,
)
from sightline.ops._op import OPS, Group, Measurement, Op, op
from sightline.ops._types import NO_FILES, Alike, picture_to_text

# The names of the operations stand once, in the `__all__` of their file; every file is passed on whole.
from sightline.ops.arithmetic import *
from sightline.ops.color import *
from sightline.ops.create import *
from sightline.ops.distort import *
from sightline.ops.draw import *
from sightline.ops.edges import *
from sightline.ops.effects import *
from sightline.ops.filters import *
from sightline.ops.geometry import *
from sightline.ops.histograms import *
from sightline.ops.ink import *
from sightline.ops.lettering import *
from sightline.ops.morphology import *
from sightline.ops.repair import *
from sightline.ops.segment import *
from sightline.ops.shapes import *
from sightline.ops.subject import *
from sightline.ops.thresholds import *
from sightline.ops.tone import *
from sightline.ops.warp import *

__all__ = ["NO_FILES", "OPS", "Alike", "Group", "Measurement", "Op", "op", "picture_to_text"]
__all__ += arithmetic.__all__
__all__ += color.__all__
__all__ += create.__all__
__all__ += distort.__all__
__all__ += draw.__all__
__all__ += edges.__all__
__all__ += effects.__all__
__all__ += filters.__all__
__all__ += geometry.__all__
__all__ += histograms.__all__
__all__ += ink.__all__
__all__ += lettering.__all__
__all__ += morphology.__all__
__all__ += repair.__all__
__all__ += segment.__all__
__all__ += shapes.__all__
__all__ += subject.__all__
__all__ += thresholds.__all__
__all__ += tone.__all__
__all__ += warp.__all__
