"""Every public name says what it does and which errors it raises, and shows it in an example, which pytest runs."""

from __future__ import annotations

import inspect
import re
from functools import cached_property

import pytest

import sightline
from sightline import errors
from sightline.ops import OPS

VALUES = {"DATASETS", "MODELS", "OPS", "Image"}
"""Registries and a type: they have no docstring of their own."""

UNCHECKED = {
    "Dataset",  # `load_dataset` checks what it makes one of
    "Explanation",  # what `explain` found
    "ImageInfo",  # what `info` found
}
"""Plain data that checks nothing and does nothing that could fail."""

NAMES = sorted(set(sightline.__all__) - VALUES)
ERROR = re.compile(rf"\b({'|'.join(name for name in errors.__all__ if name[0].isupper())})\b")
DTYPES = re.compile(r"^Takes (gray|RGB|RGBA)\b.*; .*(uint8|uint16|float32)", re.MULTILINE)


def described(value: object) -> object:
    """What bears the docstring of a method or property; None for anything else."""
    if isinstance(value, classmethod | staticmethod):
        return value.__func__
    if isinstance(value, property):
        return value.fget
    if isinstance(value, cached_property):
        return value.func
    return value if inspect.isfunction(value) else None


def members(owner: type) -> dict[str, object]:
    """The public methods and properties of a class, and those of bases that are Sightline's own."""
    own = [base for base in reversed(owner.__mro__) if base.__module__.startswith("sightline.")]
    found = {name: described(value) for base in own for name, value in vars(base).items() if not name.startswith("_")}
    return {name: value for name, value in found.items() if value is not None}


CLASSES = {name: found for name in NAMES if inspect.isclass(found := getattr(sightline, name))}
METHODS = {f"{owner}.{name}": value for owner, found in CLASSES.items() for name, value in members(found).items()}


def doc(value: object) -> str:
    """The docstring of the thing itself: a class without one does not show its base's."""
    return inspect.cleandoc(getattr(value, "__doc__", None) or "")


def check_first_line(text: str) -> None:
    first = text.split("\n", 1)[0]
    assert re.fullmatch(r"[A-Z`].*[.:]", first), first


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_says_what_it_does_and_shows_it(name: str) -> None:
    text = doc(getattr(sightline, name))
    check_first_line(text)
    assert re.search(r"^>>> ", text, re.MULTILINE)
    assert "SKIP" not in text


@pytest.mark.parametrize("name", sorted(set(NAMES) - UNCHECKED))
def test_a_public_name_says_which_errors_it_raises(name: str) -> None:
    """A class may say it where its methods are described."""
    texts = [doc(getattr(sightline, name)), *(doc(value) for key, value in METHODS.items() if key.startswith(f"{name}."))]
    assert any(ERROR.search(text) for text in texts)


@pytest.mark.parametrize("name", sorted(METHODS))
def test_a_public_method_says_what_it_does(name: str) -> None:
    check_first_line(doc(METHODS[name]))


@pytest.mark.parametrize("name", [op.name for op in OPS if op.role != "create"])
def test_an_operation_says_which_pictures_it_takes(name: str) -> None:
    assert DTYPES.search(doc(getattr(sightline, name)))


def test_the_names_without_errors_are_plain_data() -> None:
    assert set(CLASSES) >= UNCHECKED
    assert not [name for name in UNCHECKED if "__post_init__" in vars(CLASSES[name]) or ERROR.search(doc(CLASSES[name]))]
