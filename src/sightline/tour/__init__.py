"""The tour: chapters that teach, kept as text and written as notebooks."""

from sightline.tour.chapters import Chapter, chapters, find_chapters
from sightline.tour.notebook import to_notebook, write_notebooks

__all__ = ["Chapter", "chapters", "find_chapters", "to_notebook", "write_notebooks"]
