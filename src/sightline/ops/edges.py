"""Edges, lines, circles and contours."""

from __future__ import annotations

__all__: list[str] = []
