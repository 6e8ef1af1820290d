"""The application: all routes around one state, behind one guard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi_swagger import patch_fastapi
from starlette.types import ASGIApp

from sightline import __version__
from sightline.cores import usable_cores
from sightline.serve import about, lab, open_inference, predicting, tensorflow_serving
from sightline.serve.config import ServeConfig
from sightline.serve.failures import add_handlers
from sightline.serve.guard import Guard
from sightline.serve.lab_pool import LabPool
from sightline.serve.models import ModelStore
from sightline.serve.predicting import Direct
from sightline.serve.state import State

__all__ = ["create_app"]

DESCRIPTION = "Pictures to labels. Every model applies the picture steps that it was trained with."


def create_app(config: ServeConfig, models: ModelStore) -> ASGIApp:
    """The service as an ASGI application: the guard, the one request that is answered directly, and the routes."""
    state = State(config, models, LabPool(usable_cores(), config.timeout))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        state.lab.close()

    app = FastAPI(
        title="Sightline",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        swagger_ui_oauth2_redirect_url=None,
        redoc_url=None,
        telemetry={"tracing": False},
    )
    app.state.sightline = state
    for served in models:
        state.metrics.loaded(served.name, served.loaded)
    add_handlers(app)
    for module in (predicting, tensorflow_serving, open_inference, lab, about):
        app.include_router(module.router)
    patch_fastapi(app, redirect_from_root_to_docs=False)  # /docs as FastAPI makes it, its scripts from here
    if config.page:
        from sightline.serve.page.mounting import mount_page

        mount_page(app, state)
    return Guard(Direct(app, state), config, state.metrics)
