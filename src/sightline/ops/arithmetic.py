"""Sums, differences and logic of pictures."""

from __future__ import annotations

__all__: list[str] = []
