"""The process of a service: its socket, its loop, its end."""

from __future__ import annotations

import gc
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from sightline.errors import InputError
from sightline.serve.app import create_app
from sightline.serve.config import ServeConfig
from sightline.serve.models import ModelStore

__all__ = ["bind", "run", "start"]

BACKLOG = 2048


def start(config: ServeConfig, models: tuple[str, ...], ready: Callable[[str, list[str]], None]) -> None:
    """Load `models` and serve them until a signal ends it; `ready` gets the address and the names. InputError."""
    listening = bind(config)  # first: a port that is taken should not cost the time of loading
    gc.disable()  # what is made until it is ready stays: looking through it takes a tenth of the start, and later of an answer
    try:
        store = ModelStore(models, max_pixels=config.max_pixels)
        app = create_app(config, store)
        host = f"[{config.host}]" if ":" in config.host else config.host
        address = f"http://{host}:{listening.getsockname()[1]}"
        gc.freeze()
        gc.enable()
        run(app, listening, config, lambda: ready(address, [served.name for served in store]))
    finally:
        gc.enable()
        listening.close()


def bind(config: ServeConfig) -> socket.socket:
    """A socket that listens where `config` says; InputError where it cannot."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((config.host.strip("[]"), config.port))
    except OSError as error:
        listening.close()
        reason = error.strerror or str(error)
        raise InputError(
            f"cannot listen on {config.host}:{config.port}: {reason}", fix="Choose another --port or --host."
        ) from None
    listening.listen(BACKLOG)
    return listening


def run(app: ASGIApp, listening: socket.socket, config: ServeConfig, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; what is under way then is answered first, for `timeout` seconds at most."""
    settings = uvicorn.Config(
        app,
        http=_protocol(),
        ws="none",
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        timeout_graceful_shutdown=round(config.timeout) or 1,
    )
    server = _Server(settings, ready)
    server.run([listening])


def _protocol() -> Any:
    """The fast reader of HTTP where it is; the other one, in Python, bounds the head of a request by itself."""
    if find_spec("httptools") is None:
        return "h11"
    from sightline.serve.protocol import BoundedProtocol

    return BoundedProtocol


class _Server(uvicorn.Server):
    """uvicorn's, which says when it is ready, and ends as asked without passing the signal on."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say that the service is ready once it is."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End on either signal; the command then ends as one that has done its work."""

        def stop(number: int, frame: FrameType | None) -> None:
            self.handle_exit(number, frame)

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
