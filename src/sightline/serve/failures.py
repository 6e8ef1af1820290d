"""Errors as answers: `{"error": ...}` with the status that fits, and never a traceback."""

from __future__ import annotations

import json
import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from sightline.errors import InputError, SightlineError, TooLargeError, UnknownNameError
from sightline.serve.batching import Busy

__all__ = ["RequestError", "add_handlers", "error_response", "response_to", "status_of", "text_of"]

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


def error_response(status: int, text: str, **headers: str) -> Response:
    """An answer that says what is wrong."""
    return Response(json.dumps({"error": text}), status, headers, "application/json")


def response_to(error: Exception, what: str) -> Response:
    """The answer to whatever has gone wrong with `what`."""
    if isinstance(error, SightlineError):
        return error_response(status_of(error), text_of(error))
    if isinstance(error, HTTPException):
        return error_response(error.status_code, str(error.detail), **(error.headers or {}))
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
        return error_response(422, f"invalid {where}: {first['msg']}")
    if isinstance(error, Busy):
        return error_response(503, "there is more to do than can be done. Try again in a second.", **{"Retry-After": "1"})
    if isinstance(error, TimeoutError):
        return error_response(503, "the answer took too long. Send a smaller picture, or fewer.")
    if isinstance(error, ClientDisconnect):
        return Response(status_code=400)  # nobody reads it
    LOG.error("%s", what, exc_info=error)
    return error_response(500, "the service has made a mistake; its log says which")


def add_handlers(app: FastAPI) -> None:
    """Have `app` answer every error in the one form."""

    async def handler(request: Request, error: Exception) -> Response:
        return response_to(error, f"{request.method} {request.url.path}")

    for kind in (SightlineError, HTTPException, RequestValidationError, Busy, TimeoutError, ClientDisconnect, Exception):
        app.add_exception_handler(kind, handler)
