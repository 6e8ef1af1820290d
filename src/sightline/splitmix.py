"""Random numbers that are functions of whole numbers: SplitMix64 (Steele, Lea and Flood 2014, OOPSLA).

A few lines that no other version of a library can change, and that take arrays of uint64 as well as single numbers: what one
item draws is the same alone and among a thousand.
"""

from __future__ import annotations

from typing import Any

__all__ = ["GAMMA", "MASK", "absorbed", "mixed", "unit"]

MASK = 2**64 - 1
GAMMA = 0x9E3779B97F4A7C15  # 2**64 by the golden ratio, made odd


def absorbed(*words: Any) -> Any:
    """A state that depends on every word, each a whole number from 0 to 2**64 - 1 or an array of uint64."""
    state: Any = 0
    for word in words:
        state = mixed(((state ^ word) + GAMMA) & MASK)
    return state


def mixed(bits: Any) -> Any:
    """The output function: each bit of the result depends on all bits of the input.

    >>> hex(mixed(GAMMA))  # the first number of java.util.SplittableRandom(0)
    '0xe220a8397b1dcdaf'
    """
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & MASK
    return bits ^ (bits >> 31)


def unit(bits: Any) -> Any:
    """The number in [0, 1), with all 53 bits of a float, that 64 random bits stand for."""
    return (bits >> 11) * 2.0**-53
