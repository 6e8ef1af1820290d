"""What of Gradio can be reached: the page's own files, and the calls of its tabs. Everything else it offers is not there.

Gradio can also take uploads into a folder, give out files, fetch what an address names and be asked for its functions; the page
needs none of it, so nobody has to be trusted with it.
"""

from __future__ import annotations

import json
import math
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sightline.serve.failures import error_response, response_to
from sightline.serve.inputs import json_of
from sightline.serve.page.calls import Answering

__all__ = ["Frame"]

FILES = frozenset({"/", "/theme.css", "/favicon.ico"})
FOLDERS = ("/assets/", "/static/")
CALLS = "/gradio_api/component_server/"

POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",  # Gradio makes functions out of the text of its components
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "frame-ancestors 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    ]
)
"""The page reaches no other address, whatever stands in it."""


class Frame:
    """ASGI middleware around Gradio's application. `tabs`: what answers the calls of each of its components, by their numbers."""

    def __init__(self, app: ASGIApp, tabs: dict[int, Answering]) -> None:
        self.app = app
        self.tabs = tabs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a call, let what the page needs pass, and nothing else."""
        if scope["type"] != "http":
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if scope["method"] == "POST" and path == CALLS:
            response = await self._answer(Request(scope, receive))
            await response(scope, receive, send)
        elif scope["method"] in {"GET", "HEAD"} and (path in FILES or path.startswith(FOLDERS)) and ".." not in path:
            await self.app(scope, receive, _with_headers(send))
        else:
            await error_response(404, "there is nothing here")(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        """The answer to a call as Gradio's pages make it: JSON, never a form, which would leave files behind."""
        try:
            called = json_of(await request.body())
            tab = self.tabs.get(called["component_id"])
            if tab is None or called.get("fn_name") != tab.__name__:
                return error_response(404, "the page asks for something that is not there. Reload it.")
            answer = _finite(await tab(called.get("data")))
            return Response(json.dumps(answer, allow_nan=False), media_type="application/json")
        except (KeyError, TypeError):
            return error_response(400, "this is no call of the page")
        except Exception as error:
            return response_to(error, "a call of the page")


def _finite(value: Any) -> Any:
    """The same without numbers that JSON has no word for: a loss that is none, the recall of a class without pictures."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list | tuple) else value


def _with_headers(send: Send) -> Send:
    async def telling(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Content-Security-Policy"] = POLICY
            headers["X-Content-Type-Options"] = "nosniff"
            headers["Referrer-Policy"] = "no-referrer"
        await send(message)

    return telling
