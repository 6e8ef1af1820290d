"""The reports of runs as files of their own: nothing else of a run's folder is served."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from fastapi.responses import Response

from sightline.errors import InputError
from sightline.serve.page.runs import RunShelf
from sightline.training.folder import RunFolder

__all__ = ["report_router"]

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; sandbox allow-scripts"
"""A report may show what it holds, and reach nothing: neither another address nor the page it was opened from."""


def report_router(shelf: RunShelf) -> APIRouter:
    """The one route of reports."""
    router = APIRouter(include_in_schema=False)

    @router.get("/page/runs/{name}/report")
    async def report(name: str) -> Response:
        run = RunFolder(await asyncio.to_thread(shelf.path, name))
        try:
            page = await asyncio.to_thread(run.report.read_bytes)
        except FileNotFoundError:
            raise InputError(f"run {name!r} has no report yet") from None
        return Response(page, media_type="text/html", headers={"Content-Security-Policy": POLICY})

    return router
