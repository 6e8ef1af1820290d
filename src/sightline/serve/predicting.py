"""`POST /predict`: pictures to labels, however they are sent."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Interval
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from sightline.bundle import Failure
from sightline.serve.failures import status_of, text_of
from sightline.serve.inputs import FORM, JSON, pictures_of
from sightline.serve.schemas import ERRORS, Answer
from sightline.serve.state import state_of

__all__ = ["router"]

router = APIRouter(tags=["Predict"])

BASE64 = {"type": "string", "contentEncoding": "base64"}
BODY = {
    "required": True,
    "content": {
        FORM: {
            "schema": {"type": "object", "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}}}
        },
        JSON: {
            "schema": {
                "oneOf": [
                    {"type": "object", "properties": {"image": BASE64}, "required": ["image"], "additionalProperties": False},
                    {
                        "type": "object",
                        "properties": {"images": {"type": "array", "items": BASE64, "minItems": 1}},
                        "required": ["images"],
                        "additionalProperties": False,
                    },
                ]
            }
        },
        "image/*": {"schema": {"type": "string", "format": "binary"}},
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    },
}


@router.post("/predict", response_model=Answer, responses=ERRORS, openapi_extra={"requestBody": BODY})
async def predict(
    request: Request,
    model: Annotated[str | None, Query(description="Name of a model; without it the first")] = None,
    top: Annotated[int, Interval(ge=1, le=10_000), Query(description="How many labels to tell")] = 3,
) -> JSONResponse:
    """Say what is in one picture or many.

    Send the bytes of a picture file as they are, files of a form, or base64 in JSON. Where one picture was sent and it cannot be
    read, the answer is an error; of several each has a prediction or an error of its own.
    """
    state = state_of(request)
    served = state.models.get(model)
    given, several = await pictures_of(request, state.config)
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
            found.append({**result.to_dict(top), "source": picture.name})
    return JSONResponse({"model": served.name, "predictions": found})
