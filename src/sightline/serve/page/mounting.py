"""The web page, built with Gradio: its frame, and each tab as a component of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount

from sightline.jobs.queue import TrainingQueue
from sightline.serve.page.calls import Answering, Call, answering
from sightline.serve.page.corrections import Corrections
from sightline.serve.page.data import data_calls
from sightline.serve.page.datasets import Data
from sightline.serve.page.draw import draw_calls
from sightline.serve.page.find import find_calls
from sightline.serve.page.frame import Frame
from sightline.serve.page.inside import Inside
from sightline.serve.page.lab import lab_calls
from sightline.serve.page.pictures import Pictures
from sightline.serve.page.quick_gradio import gr
from sightline.serve.page.reports import report_router
from sightline.serve.page.runs import RunShelf, runs_calls
from sightline.serve.page.train import train_calls
from sightline.serve.state import State

__all__ = ["mount_page"]

LOG = logging.getLogger("sightline.serve")
ASSETS = Path(__file__).parent / "assets"
TITLE = "Sightline"
PATH = "/page"
MASTHEAD = '<div class="sightline masthead"><h1>Sightline</h1><p class="quiet">From a picture to its label</p></div>'
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0072b2"/>'
    '<circle cx="8" cy="8" r="1.5" fill="#fff"/><circle cx="8" cy="8" r="4.2" fill="none" stroke="#fff" stroke-width="1.6"/></svg>'
)
EVERY = 1.0  # seconds between two looks at the queue of trainings
FONT = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Helvetica", "Arial", "sans-serif"]
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Liberation Mono", "monospace"]


def mount_page(app: FastAPI, state: State) -> None:
    """Put the page into `app`, where its address leads, and have the queue of trainings go on while that runs."""
    runs = Path(state.config.runs)
    pictures, corrections = Pictures(state), Corrections(Path(state.config.corrections))
    data, shelf, queue = Data(runs / ".uploads", corrections.folder), RunShelf(runs), TrainingQueue(runs)
    _go_on(app, queue)
    inside = Inside(state.config.timeout)
    app.include_router(report_router(shelf))
    app.include_router(inside.router())
    app.add_route("/", lambda _: RedirectResponse(f"{PATH}/"), include_in_schema=False)
    app.add_route("/favicon.ico", lambda _: Response(ICON, media_type="image/svg+xml"), include_in_schema=False)
    with gr.Blocks(title=TITLE, analytics_enabled=False) as page:
        gr.HTML("", html_template=MASTHEAD, apply_default_css=False)
        with gr.Tabs():
            tabs = dict(
                [
                    _tab("Lab", "lab", lab_calls(state, pictures)),
                    _tab("Draw & classify", "draw", draw_calls(state, pictures, corrections, inside)),
                    _tab("Find", "find", find_calls(state, pictures, corrections)),
                    _tab("Runs", "runs", runs_calls(shelf)),
                    _tab("Train", "train", train_calls(queue, data, state.models)),
                    _tab("Data", "data", data_calls(data)),
                ]
            )
    gr.mount_gradio_app(
        app,
        page,
        path=PATH,
        footer_links=[],
        run_history=False,
        theme=_theme(),
        head=_head(),
        ssr_mode=False,
        show_error=False,
        enable_monitoring=False,
    )
    page._queue.sleep_when_free = EVERY  # our calls do not pass through it, and it would look for some a thousand times a second
    mounted = app.router.routes[-1]
    assert isinstance(mounted, Mount)
    mounted.app = Frame(mounted.app, tabs)


def _go_on(app: FastAPI, queue: TrainingQueue) -> None:
    """Start what waits in `queue` when its turn has come, for as long as `app` runs."""
    before = app.router.lifespan_context

    async def watch() -> None:
        while True:
            if queue.folder.is_dir():
                try:
                    await asyncio.to_thread(queue.advance)
                except Exception:  # whatever it is, the next look may find it mended
                    LOG.exception("the queue of trainings")
            await asyncio.sleep(EVERY)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Any]:
        async with before(app) as state:
            watching = asyncio.create_task(watch())
            yield state
            watching.cancel()

    app.router.lifespan_context = lifespan


def _tab(title: str, name: str, calls: list[Call[Any]]) -> tuple[int, Answering]:
    """A tab whose content is `assets/<name>.js`, which may call `calls` in the service: its number, and what answers it."""
    ask = answering(calls)
    with gr.Tab(title, id=name):
        content = gr.HTML(
            "",
            html_template=f'<div class="sightline {name}"></div>',
            js_on_load=(ASSETS / f"{name}.js").read_text(encoding="utf-8"),
            server_functions=[ask],
            apply_default_css=False,
        )
    return content._id, ask


def _theme() -> Any:
    return gr.themes.Base(font=FONT, font_mono=MONO)


def _head() -> str:
    script, style = ((ASSETS / name).read_text(encoding="utf-8") for name in ("base.js", "base.css"))
    return f"<script>{script}</script><style>{style}</style>"
