"""HTTP as uvicorn reads it with httptools, and what that leaves open: how long a request's head may be, and may take to come.

A body that is refused is still read for a while: a connection that is closed on somebody who sends takes the answer with it. The
head of an answer goes out together with its body: a second call of the system takes a tenth of the time of a small answer.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["MOST_HEAD", "BoundedProtocol"]

MOST_HEAD = 65_536  # bytes of a request's line and headers
PATIENCE = 30.0  # seconds until they have come
MOST_REFUSED = 1 << 28  # bytes of a refused body that are read

TOO_LONG = b'{"error":"the head of the request is too long"}'
REFUSAL = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: "


class BoundedProtocol(HttpToolsProtocol):
    """A connection whose requests begin within `PATIENCE` and have heads of at most `MOST_HEAD` bytes."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(_Joining(transport, self.loop))  # type: ignore[arg-type]  # all that is used of one
        self._head = self._refused = 0
        self._in_head, self._in_body = True, False
        self._patience = self.loop.call_later(PATIENCE, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._patience.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; close a connection whose request does not come to its point."""
        super().data_received(data)
        if self._in_head:
            self._head += len(data)
            if self._head > MOST_HEAD and not self.transport.is_closing():
                self.transport.write(REFUSAL + str(len(TOO_LONG)).encode() + b"\r\n\r\n" + TOO_LONG)
                self.transport.close()
        elif self._in_body and self.cycle.response_complete:
            self._refused += len(data)
            if self._refused > MOST_REFUSED:
                self.transport.close()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._head, self._in_head = 0, True

    def on_headers_complete(self) -> None:
        """Its head has come."""
        self._patience.cancel()
        self._in_head, self._in_body = False, True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Its body has come."""
        self._in_body, self._refused = False, 0
        super().on_message_complete()


class _Joining:
    """A transport that sends what is written in one turn of the loop at once."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Send `data` when the loop comes round."""
        if not self._parts:
            self._loop.call_soon(self._send)
        self._parts.append(data)

    def close(self) -> None:
        """Close, after what was written."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if self._parts:
            self._transport.write(b"".join(self._parts))
            self._parts.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
