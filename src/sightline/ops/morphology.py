"""Shapes grown and shrunk by a structuring element."""

from __future__ import annotations

__all__: list[str] = []
