"""Inpainting, noise removal and seamless patches."""

from __future__ import annotations

__all__: list[str] = []
