"""Pictures made from nothing: plain grounds, patterns, noise."""

from __future__ import annotations

__all__: list[str] = []
