from __future__ import annotations

import pytest

from sightline.errors import UnknownNameError
from sightline.registry import Registry


def test_a_second_item_of_a_name_is_refused() -> None:
    registry = Registry[int]("number")
    registry.add("one", 1)
    with pytest.raises(ValueError, match="number 'one' is registered twice"):
        registry.add("one", 2)
    assert registry.get("one") == 1


def test_an_unknown_name_gets_the_nearest_or_the_list() -> None:
    registry = Registry[int]("number")
    for name in ("three", "seven"):
        registry.add(name, 0)
    with pytest.raises(UnknownNameError, match="unknown number 'tree'. Did you mean three?"):
        registry.get("tree")
    with pytest.raises(UnknownNameError, match="There are: seven, three"):
        registry.get("xyz")
