"""Shapes, text and pictures drawn on a picture."""

from __future__ import annotations

__all__: list[str] = []
