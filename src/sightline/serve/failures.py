"""Errors as answers: `{"error": ...}` with the status that fits, and never a traceback."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from sightline.errors import InputError, SightlineError, TooLargeError, UnknownNameError
from sightline.serve.batching import Busy

__all__ = ["RequestError", "add_handlers", "error_response", "status_of", "text_of"]

LOG = logging.getLogger("sightline.serve")


class RequestError(InputError):
    """A request that does not fit, and the HTTP status that says so."""

    def __init__(
        self, status: int, what: str, *, expected: str | None = None, received: str | None = None, fix: str | None = None
    ) -> None:
        super().__init__(what, expected=expected, received=received, fix=fix)
        self.status = status


def status_of(error: SightlineError) -> int:
    """The HTTP status of an error: 404 for unknown names, 413 for what is too large, 422 for what else the sender can mend."""
    if isinstance(error, RequestError):
        return error.status
    if isinstance(error, UnknownNameError):
        return 404
    if isinstance(error, TooLargeError):
        return 413
    return 422 if isinstance(error, InputError) else 500


def text_of(error: SightlineError) -> str:
    """What is wrong and what to do, in a line."""
    return f"{error.problem}. {error.fix}" if error.fix else error.problem


def error_response(status: int, text: str, **headers: str) -> JSONResponse:
    """An answer that says what is wrong."""
    return JSONResponse({"error": text}, status, headers)


def add_handlers(app: FastAPI) -> None:
    """Have `app` answer every error in the one form."""

    @app.exception_handler(SightlineError)
    async def _(request: Request, error: SightlineError) -> Response:
        return error_response(status_of(error), text_of(error))

    @app.exception_handler(HTTPException)
    async def _(request: Request, error: HTTPException) -> Response:
        return error_response(error.status_code, str(error.detail), **(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def _(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
        return error_response(422, f"invalid {where}: {first['msg']}")

    @app.exception_handler(Busy)
    async def _(request: Request, error: Busy) -> Response:
        return error_response(503, "there is more to do than can be done. Try again in a second.", **{"Retry-After": "1"})

    @app.exception_handler(TimeoutError)
    async def _(request: Request, error: TimeoutError) -> Response:
        return error_response(503, "the answer took too long. Send a smaller picture, or fewer.")

    @app.exception_handler(ClientDisconnect)
    async def _(request: Request, error: ClientDisconnect) -> Response:
        return Response(status_code=400)  # nobody reads it

    @app.exception_handler(Exception)
    async def _(request: Request, error: Exception) -> Response:
        LOG.error("%s %s", request.method, request.url.path, exc_info=error)
        return error_response(500, "the service has made a mistake; its log says which")
