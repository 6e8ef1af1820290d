"""One file over HTTP, with a deadline for its first byte and a limit on its size."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

__all__ = ["PATIENCE", "DownloadError", "Progress", "download"]

Progress = Callable[[str, int, int | None], None]
"""Told how a long job goes: (what, how much is done, how much there is or None)."""

PATIENCE = 5.0
"""Seconds until the first byte has to be there: name, every address of it, encryption and answer together."""

STALL = 20.0  # seconds between one chunk and the next
CHUNK = 1 << 16


class DownloadError(Exception):
    """A URL could not be read; the text says why."""


class _Pipe:
    """What pooch's downloader writes to and reports to; the other end is read by the waiting thread."""

    def __init__(self) -> None:
        self.chunks: SimpleQueue[bytes | Exception | None] = SimpleQueue()
        self.total = 0
        self.abandoned = False

    def write(self, chunk: bytes) -> None:
        if self.abandoned:
            raise DownloadError("nobody is waiting any more")
        self.chunks.put(chunk)

    def flush(self) -> None: ...
    def update(self, amount: int) -> None: ...
    def reset(self) -> None: ...
    def close(self) -> None: ...


def download(url: str, limit: int, progress: Progress | None = None, patience: float = PATIENCE) -> bytes:
    """The body of `url`, at most `limit` bytes; DownloadError if it does not begin within `patience` seconds, or breaks.

    The transfer runs in a thread of its own: no time-out of an HTTP library bounds the name look-up or the number of
    addresses that are tried one after the other.
    """
    pipe = _Pipe()
    Thread(target=_transfer, args=(url, pipe, patience), daemon=True).start()
    body = bytearray()
    wait = patience
    try:
        while True:
            chunk = pipe.chunks.get(timeout=wait)
            if chunk is None:
                return bytes(body)
            if isinstance(chunk, Exception):
                raise DownloadError(_reason(chunk)) from chunk
            body += chunk
            if len(body) > limit:
                raise DownloadError(f"sends more than {limit:,} bytes")
            if progress:
                progress(url, len(body), pipe.total or None)
            wait = STALL
    except Empty:
        raise DownloadError(f"no answer within {wait:g} s") from None
    finally:
        pipe.abandoned = True


def _transfer(url: str, pipe: _Pipe, patience: float) -> None:
    with ExitStack() as stack:

        def close_later(response: Any, **_: Any) -> None:  # pooch leaves the connection open when the transfer breaks
            stack.callback(response.close)

        try:
            from pooch import HTTPDownloader

            timeout = (patience, STALL)
            HTTPDownloader(pipe, CHUNK, timeout=timeout, hooks={"response": close_later})(url, pipe, None)
        except Exception as error:
            pipe.chunks.put(error)
        else:
            pipe.chunks.put(None)


def _reason(error: Exception) -> str:
    """What happened, in a few words; the libraries' own texts repeat the URL and their inner types."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"answers {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "breaks off before the end"
    if isinstance(error, requests.ConnectionError):
        return "cannot be reached"
    return f"{type(error).__name__}: {error}"[:200]
