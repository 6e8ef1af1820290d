"""`--engine` and `--address`: on this machine or on a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sightline.errors import InputError

if TYPE_CHECKING:
    from sightline.batch import Engine as Running

__all__ = ["Address", "Engine", "working_on"]

Engine = Annotated[Literal["local", "ray"], typer.Option(help="Where: on this machine, or on a Ray cluster")]
Address = Annotated[
    str | None,
    typer.Option(metavar="auto|HOST:PORT", help="With --engine ray: the cluster (default: one of this machine, for the while)"),
]


@contextmanager
def working_on(engine: str, address: str | None) -> Iterator[Running | None]:
    """The engine that was asked for, for the duration of the block; None for this machine's own."""
    if engine == "local":
        if address is not None:
            raise InputError("--address goes with --engine ray")
        yield None
        return
    from sightline.cluster import connected

    with connected(address) as running:
        yield running
