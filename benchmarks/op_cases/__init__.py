"""What `op_throughput.py` measures: our operations, and what does the same in albumentations, Pillow and scikit-image."""

from op_cases import colors, finding, making, places, surroundings
from op_cases.case import Case

__all__ = ["Case", "cases"]


def cases() -> list[Case]:
    """All of them, in the order of the table."""
    groups = (
        places.geometry,
        places.warps,
        colors.colors,
        colors.tones,
        colors.arithmetic,
        surroundings.smoothing,
        surroundings.effect,
        colors.histograms,
        finding.thresholds,
        finding.shapes,
        finding.edges,
        making.create,
        making.draw,
        surroundings.repair,
    )
    return [case for group in groups for case in group()]
