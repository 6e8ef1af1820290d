"""A table of named things: operations, models, datasets."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Generic, TypeVar

from sightline.errors import UnknownNameError, brief

__all__ = ["Registry", "did_you_mean", "nearest"]

T = TypeVar("T")
MOST = 6  # names in an advice
MANY = 40  # names that are no help any more


def nearest(name: str, names: list[str]) -> str:
    """Say which of `names` was probably meant by `name`, or list them if they are not too many.

    >>> nearest("gausian_blur", ["gaussian_blur", "median_blur"])
    'Did you mean gaussian_blur?'
    >>> nearest("blur", ["gaussian_blur", "median_blur", "deblur"])
    'Did you mean gaussian_blur or median_blur?'
    >>> nearest("zebra", ["mnist", "digits"])
    'There are: digits, mnist'
    """
    wanted = name.lower().replace("-", "_")
    by_plain = {known.lower().replace("-", "_"): known for known in names}
    close = [plain for plain in by_plain if wanted in plain.split("_")] or get_close_matches(
        wanted[:100], by_plain, n=1, cutoff=0.6
    )
    if close:
        return did_you_mean([by_plain[plain] for plain in close])
    if len(names) > MANY:
        return f"None of the {len(names)} names is like it"
    return f"There are: {', '.join(sorted(names))}" if names else "There are none"


def did_you_mean(names: list[str]) -> str:
    """The question, with the first few of `names`.

    >>> did_you_mean(["flip", "transpose", "rot90"])
    'Did you mean flip, transpose or rot90?'
    """
    *first, last = names[:MOST]
    return f"Did you mean {', '.join(first)} or {last}?" if first else f"Did you mean {last}?"


class Registry(Generic[T]):
    """Named things of one kind, in the order in which they were added.

    >>> colours = Registry[str]("colour")
    >>> colours.add("blue", "#0072B2")
    >>> colours.get("blue")
    '#0072B2'
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._items: dict[str, T] = {}

    def add(self, name: str, item: T) -> None:
        """File `item` under `name`; a second of the same name is a programming error."""
        if name in self._items:
            raise ValueError(f"{self.kind} {name!r} is registered twice")
        self._items[name] = item

    def get(self, name: str) -> T:
        """The item called `name`; UnknownNameError names the nearest one when there is none."""
        try:
            return self._items[name]
        except KeyError:
            fix = nearest(name, list(self._items))
            raise UnknownNameError(f"unknown {self.kind} {brief(name)}", fix=fix) from None

    def names(self) -> list[str]:
        """All names, in the order of registration."""
        return list(self._items)

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[T]:
        return iter(self._items.values())

    def __len__(self) -> int:
        return len(self._items)
