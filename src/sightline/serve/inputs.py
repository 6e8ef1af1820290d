"""Pictures out of requests: files of a form, base64 in JSON, or the raw bytes of one."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, NamedTuple

from sightline.errors import InputError, brief
from sightline.serve.config import ServeConfig
from sightline.serve.failures import RequestError
from sightline.serve.forms import parts_of

__all__ = ["FORM", "JSON", "Given", "check_count", "form_of", "json_of", "kind_of", "picture_of_text", "pictures_of"]

FORM, JSON = "multipart/form-data", "application/json"
RAW = ("image/", "application/octet-stream", "application/x-www-form-urlencoded")  # the last is what curl says of any body


class Given(NamedTuple):
    """A picture that came with a request, and the name that its sender gave it."""

    name: str
    data: bytes


def pictures_of(body: bytes, content_type: str, config: ServeConfig) -> tuple[list[Given], bool]:
    """The pictures of a request's body, and whether it could have held several; RequestError, InputError."""
    kind = kind_of(content_type)
    if kind == FORM:
        files, _ = form_of(body, content_type, config)
        if not files:
            raise RequestError(400, "the form has no file", fix="Send each picture as a file, as `curl -F file=@photo.png` does.")
        return files, True
    if kind == JSON:
        return _pictures_of_json(json_of(body), config)
    if kind and not kind.startswith(RAW):
        expected = f"a picture (image/...), {FORM} or {JSON}"
        raise RequestError(415, "unknown kind of content", expected=expected, received=brief(kind))
    if not body:
        raise RequestError(400, "the request is empty", expected="a picture")
    return [Given("picture", body)], False


def kind_of(content_type: str) -> str:
    """A `Content-Type` without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def form_of(body: bytes, content_type: str, config: ServeConfig) -> tuple[list[Given], dict[str, str]]:
    """The files of a form in their order, and its texts by name."""
    files, texts = [], {}
    for part in parts_of(body, content_type, config.max_pictures + MORE):
        if part.file is None:
            texts[part.name] = part.data.decode("utf-8", "replace")
        else:
            files.append(Given(part.file or part.name, part.data))
    check_count(len(files), config)
    return files, texts


MORE = 16
"""Texts that a form may have beside its pictures."""


def json_of(body: bytes) -> dict[str, Any]:
    """The object that the body is; RequestError."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise RequestError(400, "the body is no JSON") from None
    if not isinstance(value, dict):
        raise RequestError(400, "the body does not fit", expected="a JSON object", received=brief(value))
    return value


def _pictures_of_json(value: dict[str, Any], config: ServeConfig) -> tuple[list[Given], bool]:
    if set(value) == {"image"}:
        return [Given("image", picture_of_text(value["image"], "image"))], False
    if set(value) == {"images"} and isinstance(value["images"], list) and value["images"]:
        check_count(len(value["images"]), config)
        return [Given(f"images[{i}]", picture_of_text(text, f"images[{i}]")) for i, text in enumerate(value["images"])], True
    expected = '{"image": "base64"} or {"images": ["base64", ...]}'
    raise RequestError(400, "the body does not fit", expected=expected, received=f"an object with {brief(sorted(value))}")


def check_count(count: int, config: ServeConfig) -> None:
    """Refuse too many pictures: RequestError."""
    if count > config.max_pictures:
        raise RequestError(413, "too many pictures", expected=f"at most {config.max_pictures:,}", received=f"{count:,}")


def picture_of_text(text: object, what: str) -> bytes:
    """The bytes of a picture file in base64, as it is or as a `data:` URL; no other URL is followed. InputError."""
    if isinstance(text, str):
        body = text.partition(",")[2] if text.startswith("data:") else text
        try:
            return base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            pass
    raise InputError(f"{what} is no picture", expected="the bytes of a picture file in base64", received=brief(text))
