"""Marks in a picture, digits and letters above all: where they are, and each on a clean patch."""

from sightline.marks.find import Mark, find_marks
from sightline.marks.order import reading_order

__all__ = ["Mark", "find_marks", "reading_order"]
