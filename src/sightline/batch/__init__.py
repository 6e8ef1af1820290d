"""Pictures in files: one through a pipeline, or many at once."""

from sightline.batch.apply import Failed, Summary, apply, failures_in
from sightline.batch.convert import Options, Picture, convert, load_picture
from sightline.batch.sources import Found, find_pictures
from sightline.batch.workers import Engine

__all__ = [
    "Engine",
    "Failed",
    "Found",
    "Options",
    "Picture",
    "Summary",
    "apply",
    "convert",
    "failures_in",
    "find_pictures",
    "load_picture",
]
