"""Forms in which a model leaves Sightline, each replayed on raw picture files before it takes its place."""

from sightline.formats.registry import FORMATS, Format

__all__ = ["FORMATS", "Format"]
