"""The pictures that visitors of the page work on, in memory: nobody finds one without the key that its sender got."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from threading import Lock

from sightline.errors import InputError

__all__ = ["Shelf"]

ROOM = 256_000_000
"""Bytes of all pictures together; the one that was used the longest ago makes room."""


class Shelf:
    """Files of pictures by keys that cannot be guessed."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._files: OrderedDict[str, bytes] = OrderedDict()
        self._used = 0
        self._lock = Lock()

    def put(self, data: bytes) -> str:
        """Keep a file; its key."""
        key = secrets.token_urlsafe(24)
        with self._lock:
            self._files[key] = data
            self._used += len(data)
            while self._used > self._room and len(self._files) > 1:
                self._used -= len(self._files.popitem(last=False)[1])
        return key

    def get(self, key: str) -> bytes:
        """The file of that key; InputError where it is gone."""
        with self._lock:
            if key not in self._files:
                raise InputError("the picture is no longer here", fix="Choose it again.")
            self._files.move_to_end(key)
            return self._files[key]
