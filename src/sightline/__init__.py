"""Sightline: from a picture to its label."""

__version__ = "0.1.0"
