"""Gradio, imported in half the time.

Whenever it is imported, Gradio parses the source of each of its components and writes stub files for editors beside them, into the
installed package. It leaves that out for components whose file cannot be found; here it finds none.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["gr"]


@contextmanager
def _no_stubs() -> Iterator[None]:
    getfile = inspect.getfile

    def found(what: Any) -> str:
        if type(what).__name__ == "ComponentMeta":
            raise OSError
        return getfile(what)

    inspect.getfile = found  # type: ignore[assignment]  # it takes all that the other takes
    try:
        yield
    finally:
        inspect.getfile = getfile


with _no_stubs():
    import gradio as gr
