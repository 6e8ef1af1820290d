"""What the processor can do, as far as training chooses by it."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

__all__ = ["has_bfloat16", "processor_features", "processor_name"]

OF_INTEREST = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "asimd", "bf16", "sve")


@cache
def _cpuinfo() -> dict[str, str]:
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return {}
    rows = (line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)
    info: dict[str, str] = {}
    for key, value in rows:
        info.setdefault(key.strip().lower(), value.strip())
    return info


def processor_name() -> str:
    """The processor's own name, as far as the system tells."""
    return _cpuinfo().get("model name") or platform.processor() or platform.machine()


def processor_features() -> list[str]:
    """Which of the instruction sets that matter here the processor has."""
    info = _cpuinfo()
    flags = set((info.get("flags") or info.get("features") or "").split())
    return [name for name in OF_INTEREST if name in flags]


def has_bfloat16() -> bool:
    """Whether bfloat16 arithmetic is in the processor: without AVX512_BF16 or AMX it is emulated, tens of times slower."""
    return bool({"avx512_bf16", "amx_bf16"} & set(processor_features()))
