"""What of Gradio can be reached: the page's own files, and the calls of its tabs. Everything else it offers is not there.

Gradio can also take uploads into a folder, give out files, fetch what an address names and be asked for its functions; the page
needs none of it, so nobody has to be trusted with it.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sightline.serve.failures import error_response

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
    """ASGI middleware around Gradio's application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let what the page needs pass, and nothing else."""
        if scope["type"] != "http" or not _is_open(scope["method"], scope["path"].removeprefix(scope.get("root_path", ""))):
            await error_response(404, "there is nothing here")(scope, receive, send)
            return

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = POLICY
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
            await send(message)

        await self.app(scope, receive, telling)


def _is_open(method: str, path: str) -> bool:
    if method == "POST":
        return path == CALLS
    return method in {"GET", "HEAD"} and (path in FILES or path.startswith(FOLDERS)) and ".." not in path
