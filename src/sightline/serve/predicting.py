"""`POST /predict`: pictures to labels, however they are sent.

The one request that comes by the thousand is answered without the framework, whose layers would take longer than the network:
`Direct` stands before the application and takes it. The route is there to describe it.
"""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import parse_qsl

from annotated_types import Interval
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from sightline.bundle import Failure
from sightline.params import explain
from sightline.serve.failures import response_to, status_of, text_of
from sightline.serve.inputs import FORM, JSON, pictures_of
from sightline.serve.schemas import ERRORS, Answer
from sightline.serve.state import State, state_of

__all__ = ["Direct", "router"]

PATH = "/predict"

router = APIRouter(tags=["Predict"])

BASE64 = {"type": "string", "contentEncoding": "base64"}
FILE = {"type": "string", "format": "binary"}
ONE = {"type": "object", "properties": {"image": BASE64}, "required": ["image"], "additionalProperties": False}
MANY = {
    "type": "object",
    "properties": {"images": {"type": "array", "items": BASE64, "minItems": 1}},
    "required": ["images"],
    "additionalProperties": False,
}
BODY = {
    "required": True,
    "content": {
        FORM: {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "array", "items": FILE, "minItems": 1}},
                "required": ["file"],
            }
        },
        JSON: {"schema": {"oneOf": [ONE, MANY]}},
        "image/*": {"schema": FILE},
        "application/octet-stream": {"schema": FILE},
    },
}


class Asked(BaseModel):
    """What the address of a request says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Annotated[str | None, Query(description="Name of a model; without it the first")] = None
    top: Annotated[int, Interval(ge=1, le=10_000), Query(description="How many labels to tell")] = 3


USUAL = Asked()


@router.post(PATH, response_model=Answer, responses=ERRORS, openapi_extra={"requestBody": BODY})
async def predict(request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """Say what is in one picture or many.

    Send the bytes of a picture file as they are, files of a form, or base64 in JSON. Where one picture was sent and it cannot be
    read, the answer is an error; of several each has a prediction or an error of its own.
    """
    return await _answer(state_of(request), asked, request.headers.get("content-type", ""), await request.body())


class Direct:
    """ASGI middleware that answers `POST /predict` itself."""

    def __init__(self, app: ASGIApp, state: State) -> None:
        self.app = app
        self.state = state
        (self.route,) = (route for route in router.routes if getattr(route, "path", None) == PATH)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        scope["route"] = self.route
        try:
            kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"").decode("latin-1")
            response = await _answer(self.state, _asked(scope["query_string"]), kind, await _body(receive))
        except Exception as error:
            response = response_to(error, f"POST {PATH}")
        await response(scope, receive, send)


def _asked(query: bytes) -> Asked:
    if not query:
        return USUAL
    try:
        return Asked.model_validate(dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)))
    except ValidationError as error:
        raise explain(error, "the request", Asked) from None


async def _body(receive: Receive) -> bytes:
    """All of a request's body."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def _answer(state: State, asked: Asked, content_type: str, body: bytes) -> Response:
    served = state.models.get(asked.model)
    given, several = pictures_of(body, content_type, state.config)
    results = await state.predict(served, [picture.data for picture in given])
    if not several or len(results) == 1:
        (only,) = results
        if isinstance(only, Failure):
            raise only.error
    found: list[dict[str, Any]] = []
    for picture, result in zip(given, results, strict=True):
        if isinstance(result, Failure):
            found.append({"source": picture.name, "error": text_of(result.error), "status": status_of(result.error)})
        else:
            found.append({**result.to_dict(asked.top), "source": picture.name})
    return Response(json.dumps({"model": served.name, "predictions": found}), media_type="application/json")
