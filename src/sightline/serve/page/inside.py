"""A look inside a network, from the tab *Draw & classify*: made in a process of its own, so that the service loads no Keras."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import APIRouter
from fastapi.responses import Response

from sightline.errors import InputError
from sightline.processes import own_environment, own_module
from sightline.serve.models import Served
from sightline.serve.page.reports import POLICY
from sightline.serve.page.shelf import Shelf

__all__ = ["Inside"]

ROOM = 64_000_000
"""Bytes of all pages together; one has some megabytes."""


class Inside:
    """Makes one page after the other, and keeps the last ones under keys that only those know who asked."""

    def __init__(self, timeout: float) -> None:
        self._shelf = Shelf(ROOM)
        self._timeout = timeout
        self._turn = asyncio.Lock()

    async def page(self, served: Served, picture: bytes) -> str:
        """The key of the page of what `served` makes of a picture, in the bytes of its file; InputError, TimeoutError."""
        with TemporaryDirectory(prefix="sightline-") as folder:
            target = Path(folder, "inside.html")
            command = own_module("sightline", "inspect", "--quiet", "-o", str(target), "--", served.source, "-")
            async with self._turn:  # each takes a processor and some hundred megabytes
                await self._made(command, picture)
            return self._shelf.put(await asyncio.to_thread(target.read_bytes))

    async def _made(self, command: list[str], picture: bytes) -> None:
        env = own_environment(COLUMNS="1000")  # an error in one line
        running = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=DEVNULL, stderr=PIPE, env=env)
        try:
            async with asyncio.timeout(self._timeout):
                _, said = await running.communicate(picture)
        finally:
            if running.returncode is None:
                running.kill()
                await running.wait()
        if running.returncode:
            what, _, fix = said.decode(errors="replace").strip().removeprefix("Error: ").partition("\n")
            raise InputError(what or "this network cannot be looked into", fix=fix.strip() or None)

    def router(self) -> APIRouter:
        """The one route of these pages."""
        router = APIRouter(include_in_schema=False)

        @router.get("/page/inside/{key}")
        async def inside(key: str) -> Response:
            return Response(self._shelf.get(key), media_type="text/html", headers={"Content-Security-Policy": POLICY})

        return router
