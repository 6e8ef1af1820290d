"""What every request passes first: who may ask, how much at a time, how large, how slowly; and what is counted of it."""

from __future__ import annotations

import asyncio
import hmac
import time
from urllib.parse import parse_qs, urlsplit

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sightline.serve.config import ServeConfig, is_loopback
from sightline.serve.failures import error_response
from sightline.serve.metrics import Metrics

__all__ = ["Guard"]

COOKIE = "sightline-token"
OPEN = frozenset({"/health", "/v2/health/live", "/v2/health/ready"})
"""What may be asked without the token: whether the service is alive, which tells nothing else."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, config: ServeConfig, metrics: Metrics) -> None:
        self.app = app
        self.config = config
        self.metrics = metrics
        self.under_way = 0
        self.token = config.token.encode() if config.token else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self.under_way += 1
        try:
            refusal = self._refusal(scope, {name: value.decode("latin-1") for name, value in scope["headers"]})
            if refusal is None:
                await self.app(scope, self._bounded(receive), noting)
            else:
                await refusal(scope, receive, noting)
        finally:
            self.under_way -= 1
            self.metrics.request(scope, status, time.perf_counter() - started)

    def _refusal(self, scope: Scope, headers: dict[bytes, str]) -> Response | None:
        """The answer to a request that may not pass; None for one that may."""
        host = headers.get(b"host", "")
        if is_loopback(self.config.host) and not is_loopback(urlsplit(f"//{host}").hostname or ""):
            # a page elsewhere whose name was made to point here
            return error_response(421, f"this service answers to localhost only, not to {host[:80]!r}")
        origin = headers.get(b"origin")
        if origin and scope["method"] not in SAFE and urlsplit(origin).netloc != host:
            return error_response(403, "requests from other pages are not taken")
        if self.token and scope["path"] not in OPEN and (refusal := self._without_token(scope, headers)):
            return refusal
        if self.under_way > self.config.max_requests:
            return error_response(503, "too many requests at a time. Try again in a second.", **{"Retry-After": "1"})
        length = headers.get(b"content-length", "")
        if length.isdigit() and int(length) > self.config.max_bytes:
            return error_response(413, self._too_large())
        return None

    def _without_token(self, scope: Scope, headers: dict[bytes, str]) -> Response | None:
        """The answer to a request that does not know the token; a page gets it by its address, once, and then by a cookie."""
        assert self.token is not None
        given = headers.get(b"authorization", "").removeprefix("Bearer ")
        for pair in headers.get(b"cookie", "").split(";"):
            name, _, value = pair.strip().partition("=")
            if name == COOKIE and not given:
                given = value
        if hmac.compare_digest(given.encode(), self.token):
            return None
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["method"] == "GET" and hmac.compare_digest(asked.encode(), self.token):
            answer = RedirectResponse(scope["path"], 303)
            answer.set_cookie(COOKIE, asked, httponly=True, samesite="strict", secure=scope["scheme"] == "https")
            return answer
        wanted = "send `Authorization: Bearer TOKEN`, or open the page with ?token=TOKEN"
        return error_response(401, f"the token is missing or wrong: {wanted}", **{"WWW-Authenticate": "Bearer"})

    def _bounded(self, receive: Receive) -> Receive:
        """Receive a body that is neither larger nor slower than allowed; HTTPException 413, 408."""
        received = 0
        end = asyncio.get_running_loop().time() + self.config.timeout

        async def bounded() -> Message:
            nonlocal received
            if received < 0:  # the body has come: what follows is that the client goes, sooner or later
                return await receive()
            try:
                async with asyncio.timeout_at(end):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, "the request came too slowly") from None
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > self.config.max_bytes:
                    raise HTTPException(413, self._too_large())
                if not message.get("more_body", False):
                    received = -1
            return message

        return bounded

    def _too_large(self) -> str:
        return f"the request is too large: expected at most {self.config.max_upload} MB. The service's --max-upload raises that."
