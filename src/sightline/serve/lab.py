"""`POST /apply`: a picture and a pipeline to a picture; `GET /ops`: what steps there are."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from annotated_types import Interval
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from sightline.errors import brief
from sightline.serve.failures import RequestError
from sightline.serve.inputs import FORM, JSON, form_of, json_of, kind_of, picture_of_text
from sightline.serve.lab_worker import Applied, Task
from sightline.serve.schemas import ERRORS
from sightline.serve.state import State, state_of

__all__ = ["router"]

router = APIRouter(tags=["Lab"])

KINDS = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "tiff": "image/tiff"}
SUFFIXES = {"png": ".png", "jpeg": ".jpg", "webp": ".webp", "tiff": ".tiff"}
PIPELINE = {"type": "object", "properties": {"format": {"const": 1}, "steps": {"type": "array"}}, "required": ["format", "steps"]}
BODY = {
    "required": True,
    "content": {
        FORM: {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}, "pipeline": {"type": "string"}},
                "required": ["pipeline"],
            }
        },
        JSON: {
            "schema": {
                "type": "object",
                "properties": {"image": {"type": "string", "contentEncoding": "base64"}, "pipeline": PIPELINE},
                "required": ["pipeline"],
                "additionalProperties": False,
            }
        },
    },
}
PICTURES: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in KINDS.values()}}
}


@router.post("/apply", response_class=Response, responses={**PICTURES, **ERRORS}, openapi_extra={"requestBody": BODY})
async def apply(
    request: Request,
    format: Annotated[Literal["png", "jpeg", "webp", "tiff"], Query(description="Kind of the picture that comes back")] = "png",  # noqa: A002
    seed: Annotated[int, Interval(ge=0, le=2**31 - 1), Query(description="For steps that leave something to chance")] = 0,
) -> Response:
    """Apply a pipeline to a picture.

    Send a form with the picture as `file` and the text of a pipeline file as `pipeline`, or JSON with `image` in base64 and
    `pipeline` as an object. Where the first step makes a picture none is sent. Steps may not name files.
    """
    state = state_of(request)
    picture, pipeline = await _given(request, state)
    task = Task(pipeline, picture, SUFFIXES[format], state.config.max_pixels, seed)
    done = await state.lab.apply(task)
    check(done)
    return Response(done.stages[-1].data, media_type=KINDS[format])


def check(done: Applied) -> None:
    """Raise what ended a task: RequestError."""
    if done.error is not None:
        what = done.error.pop("what") or ""
        raise RequestError(413 if done.too_large else 422, what, **done.error)


async def _given(request: Request, state: State) -> tuple[bytes | None, object]:
    said = request.headers.get("content-type", "")
    kind = kind_of(said)
    picture: bytes | None = None
    if kind == FORM:
        files, texts = form_of(await request.body(), said, state.config)
        if len(files) > 1 or "pipeline" not in texts:
            raise RequestError(
                400, "the form does not fit", expected="a text 'pipeline' and one file", received=f"{len(files)} files"
            )
        picture, pipeline = (files[0].data if files else None), texts["pipeline"]
    elif kind == JSON:
        body = json_of(await request.body())
        if not set(body) <= {"image", "pipeline"} or "pipeline" not in body:
            raise RequestError(400, "the body does not fit", expected="'pipeline' and 'image'", received=brief(sorted(body)))
        picture = picture_of_text(body["image"], "image") if "image" in body else None
        pipeline = body["pipeline"]
    else:
        raise RequestError(415, "unknown kind of content", expected=f"{FORM} or {JSON}", received=brief(kind))
    return picture, pipeline


@router.get("/ops")
async def ops() -> dict[str, Any]:
    """Every operation with its parameters, as JSON schemas."""
    from sightline.ops import OPS

    return {"operations": [operation.to_dict() for operation in OPS]}
