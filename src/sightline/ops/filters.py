"""Neighbourhoods: blurring, sharpening, effects."""

from __future__ import annotations

__all__: list[str] = []
