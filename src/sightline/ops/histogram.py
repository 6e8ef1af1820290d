"""Distributions of values: measured, flattened, matched."""

from __future__ import annotations

__all__: list[str] = []
