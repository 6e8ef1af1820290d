"""The interface of TensorFlow Serving: `/v1/models/NAME:predict`.

Source: tensorflow.org/tfx/serving/api_rest. Rows (`instances`) and columns (`inputs`) are taken; an instance is a picture, as the
bytes of its file (`{"b64": ...}`) or as numbers from 0 to 255. The answer holds the probabilities, in the order of the labels that
`/v1/models/NAME/metadata` gives.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from sightline.bundle import Failure
from sightline.errors import brief
from sightline.image import Image
from sightline.serve.arrays import picture_of_numbers
from sightline.serve.failures import RequestError
from sightline.serve.inputs import check_count, json_of, picture_of_text
from sightline.serve.schemas import ERRORS
from sightline.serve.state import State, state_of

__all__ = ["router"]

router = APIRouter(tags=["TensorFlow Serving"])

SIGNATURE = "serving_default"
INSTANCE = {"anyOf": [{"type": "object", "properties": {"b64": {"type": "string"}}, "required": ["b64"]}, {"type": "array"}]}
BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {
                    "instances": {"type": "array", "items": INSTANCE, "minItems": 1},
                    "signature_name": {"const": SIGNATURE},
                },
                "required": ["instances"],
            }
        }
    },
}


@router.post("/v1/models/{name}:predict", responses=ERRORS, openapi_extra={"requestBody": BODY})
async def predict(request: Request, name: str) -> JSONResponse:
    """Probabilities for each picture. All must be readable."""
    state = state_of(request)
    served = state.models.get(name)
    body = json_of(await request.body())
    pictures, by_rows = _pictures(body, state)
    results = await state.predict(served, pictures)
    for result in results:
        if isinstance(result, Failure):
            raise result.error
    rows = [result.probabilities.tolist() for result in results if not isinstance(result, Failure)]
    return JSONResponse({"predictions" if by_rows else "outputs": rows})


@router.get("/v1/models/{name}", responses=ERRORS)
async def status(request: Request, name: str) -> dict[str, Any]:
    """Whether a model is there, and its version."""
    served = state_of(request).models.get(name)
    state = {"version": str(served.version), "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    return {"model_version_status": [state]}


@router.get("/v1/models/{name}/metadata", responses=ERRORS)
async def metadata(request: Request, name: str) -> dict[str, Any]:
    """What a model takes and gives."""
    served = state_of(request).models.get(name)
    signature = {
        "inputs": {"image": {"dtype": "DT_STRING", "tensor_shape": {"dim": [{"size": "-1"}]}}},
        "outputs": {
            "probabilities": {
                "dtype": "DT_FLOAT",
                "tensor_shape": {"dim": [{"size": "-1"}, {"size": f"{len(served.predictor.labels)}"}]},
            }
        },
    }
    return {
        "model_spec": {"name": name, "signature_name": "", "version": str(served.version)},
        "metadata": {"signature_def": {"signature_def": {SIGNATURE: signature}}, "labels": list(served.predictor.labels)},
    }


def _pictures(body: dict[str, Any], state: State) -> tuple[list[bytes | Image], bool]:
    signature = body.get("signature_name", SIGNATURE)
    if signature not in ("", SIGNATURE):
        raise RequestError(400, "unknown signature_name", expected=SIGNATURE, received=brief(signature))
    if ("instances" in body) == ("inputs" in body):
        raise RequestError(400, "the body does not fit", expected='either "instances" or "inputs"', received=brief(sorted(body)))
    by_rows = "instances" in body
    items = body["instances"] if by_rows else body["inputs"]
    if isinstance(items, dict) and not by_rows and len(items) == 1:
        (items,) = items.values()
    if not isinstance(items, list) or not items:
        raise RequestError(400, "the body does not fit", expected="a list of pictures", received=brief(items))
    check_count(len(items), state.config)
    return [_picture(item, f"picture {i}", state) for i, item in enumerate(items)], by_rows


def _picture(item: object, what: str, state: State) -> bytes | Image:
    if isinstance(item, dict) and len(item) == 1:
        ((key, value),) = item.items()
        return picture_of_text(value, what) if key == "b64" else _picture(value, what, state)
    return picture_of_numbers(item, what, state.config.max_pixels)
