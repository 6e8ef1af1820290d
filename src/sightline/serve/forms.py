"""Forms with files, out of a body that lies in memory whole: bounded before, so that nothing has to be put on the disk.

Source: RFC 7578 and RFC 2046, section 5.1. What they leave to guess is refused.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

from sightline.serve.failures import RequestError

__all__ = ["Part", "parts_of"]

BOUNDARY = re.compile(r""";\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))""", re.IGNORECASE)
FIELD = re.compile(r""";\s*([a-zA-Z]+\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))""")
MOST_HEAD = 16_384  # bytes of the headers of a part


class Part(NamedTuple):
    """A part of a form: the name of its field, of its file (None: a text), and what it holds."""

    name: str
    file: str | None
    data: bytes


def parts_of(body: bytes, content_type: str, most: int) -> list[Part]:
    """The parts of a form of that `Content-Type`, at most `most`; RequestError."""
    found = BOUNDARY.search(content_type)
    if found is None:
        raise RequestError(400, "the form has no boundary", expected="multipart/form-data; boundary=...")
    edge = b"\r\n--" + (found[1] or found[2]).encode("latin-1", "replace")
    _, *pieces = (b"\r\n" + body).split(edge, most + 2)
    if not pieces:
        raise RequestError(400, "the form has no parts", expected="its boundary before each, and at its end")
    if len(pieces) > most + 1 or (len(pieces) == most + 1 and not pieces[-1].startswith(b"--")):
        raise RequestError(400, "the form has too many parts", expected=f"at most {most:,}")
    if not pieces[-1].startswith(b"--"):
        raise RequestError(400, "the form is cut off", expected="its boundary and -- at its end")
    return [_part(piece) for piece in pieces[:-1]]


def _part(piece: bytes) -> Part:
    head, gap, data = piece.lstrip(b" \t").partition(b"\r\n\r\n")
    if not gap or not head.startswith(b"\r\n") or len(head) > MOST_HEAD:
        raise RequestError(400, "a part of the form cannot be read", expected="headers, an empty line, and what it holds")
    for line in head[2:].split(b"\r\n"):
        header, _, value = line.partition(b":")
        if header.strip().lower() == b"content-disposition":
            fields = {name.lower(): quoted or plain for name, quoted, plain in FIELD.findall(value.decode("utf-8", "replace"))}
            if "name" in fields:
                return Part(_plain(fields["name"]), _file(fields), data)
    raise RequestError(400, "a part of the form has no name", expected='Content-Disposition: form-data; name="..."')


def _file(fields: dict[str, str]) -> str | None:
    """The name of a file; the extended form (RFC 8187) where there is one."""
    if "filename*" in fields:
        return unquote(fields["filename*"].rpartition("'")[2], errors="replace")
    return _plain(fields["filename"]) if "filename" in fields else None


def _plain(quoted: str) -> str:
    """A name without what quoting has done to it."""
    return re.sub(r"\\(.)", r"\1", quoted).replace("%22", '"')
