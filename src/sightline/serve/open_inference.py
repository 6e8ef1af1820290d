"""The Open Inference Protocol, version 2, over HTTP: `/v2/...`, with the reloading of its model repository extension.

Source: github.com/kserve/open-inference-protocol. A model has one input, `image`: BYTES of shape [N], picture files in base64; or
UINT8 or FP32 of shape [N, H, W] or [N, H, W, channels], numbers from 0 to 255. Its outputs: `probabilities`, `label` and `known`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from sightline import __version__
from sightline.bundle import Failure, Prediction
from sightline.errors import brief
from sightline.image import Image
from sightline.serve.arrays import pictures_of_tensor
from sightline.serve.failures import RequestError
from sightline.serve.inputs import check_count, picture_of_text
from sightline.serve.models import Served
from sightline.serve.schemas import ERRORS
from sightline.serve.state import State, state_of

__all__ = ["router"]

router = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])

INPUT = "image"


class Tensor(BaseModel):
    """Numbers or texts of one shape, in one list or nested."""

    name: str
    shape: list[int]
    datatype: str
    data: list[Any]
    parameters: dict[str, Any] | None = None


class Wanted(BaseModel):
    """An output that is asked for."""

    name: str
    parameters: dict[str, Any] | None = None


class InferRequest(BaseModel):
    """What is asked of a model."""

    id: str | None = None
    inputs: list[Tensor] = Field(min_length=1)
    outputs: list[Wanted] | None = None
    parameters: dict[str, Any] | None = None


class InferResponse(BaseModel):
    """What it answers."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[Tensor]


@router.get("")
async def server() -> dict[str, Any]:
    """What this server is."""
    return {"name": "sightline", "version": __version__, "extensions": ["model_repository"]}


@router.get("/health/live")
async def live() -> dict[str, bool]:
    """Whether the service answers."""
    return {"live": True}


@router.get("/health/ready")
async def ready() -> dict[str, bool]:
    """Whether all models are loaded: the service does not answer before."""
    return {"ready": True}


@router.get("/models/{name}", responses=ERRORS)
async def model(request: Request, name: str) -> dict[str, Any]:
    """What a model takes and gives."""
    served = state_of(request).models.get(name)
    return {
        "name": name,
        "versions": [str(served.version)],
        "platform": "onnxruntime_onnx",
        "inputs": [{"name": INPUT, "datatype": "BYTES", "shape": [-1]}],
        "outputs": [
            {"name": output, "datatype": kind, "shape": _shape(output, -1, served)} for output, (kind, _) in OUTPUTS.items()
        ],
        "labels": list(served.predictor.labels),
    }


@router.get("/models/{name}/ready", responses=ERRORS)
async def model_ready(request: Request, name: str) -> dict[str, Any]:
    """Whether a model is loaded."""
    return {"name": state_of(request).models.get(name).name, "ready": True}


@router.post("/models/{name}/infer", responses=ERRORS)
async def infer(request: Request, name: str, asked: InferRequest) -> InferResponse:
    """Probabilities, label, and whether it is known, for each picture. All must be readable."""
    state = state_of(request)
    served = state.models.get(name)
    wanted = [output.name for output in asked.outputs] if asked.outputs else list(OUTPUTS)
    for output in wanted:
        if output not in OUTPUTS:
            raise RequestError(400, f"{name} has no output {brief(output)}", expected=", ".join(OUTPUTS))
    results = await state.predict(served, _pictures(asked.inputs, state))
    found = []
    for result in results:
        if isinstance(result, Failure):
            raise result.error
        found.append(result)
    outputs = [_output(output, found, served) for output in wanted]
    return InferResponse(model_name=name, model_version=str(served.version), id=asked.id, outputs=outputs)


@router.post("/repository/index")
async def index(request: Request) -> list[dict[str, str]]:
    """The models that are loaded."""
    models = state_of(request).models
    return [{"name": served.name, "version": str(served.version), "state": "READY", "reason": ""} for served in models]


@router.post("/repository/models/{name}/load", responses=ERRORS)
async def load(request: Request, name: str) -> dict[str, Any]:
    """Load a model again from where it came. If it does not pass its self-check, the one before goes on."""
    state = state_of(request)
    served = await asyncio.to_thread(state.models.reload, name)
    state.metrics.loaded(served.name, served.loaded)
    return {"name": served.name, "version": str(served.version), "state": "READY"}


def _pictures(inputs: list[Tensor], state: State) -> list[bytes | Image]:
    if len(inputs) != 1 or inputs[0].name != INPUT:
        raise RequestError(400, "the inputs do not fit", expected=f"one, {INPUT!r}", received=brief([one.name for one in inputs]))
    given = inputs[0]
    check_count(given.shape[0] if given.shape else 0, state.config)
    if given.datatype == "BYTES":
        texts = given.data
        if given.shape != [len(texts)]:
            raise RequestError(422, "data do not fit the shape", expected=brief(given.shape), received=f"{len(texts)}")
        return [picture_of_text(text, f"picture {number}") for number, text in enumerate(texts)]
    if given.datatype not in ("UINT8", "FP32"):
        raise RequestError(422, "invalid datatype", expected="BYTES, UINT8 or FP32", received=brief(given.datatype))
    return [*pictures_of_tensor(given.data, given.shape, given.datatype, state.config.max_pixels)]


Datatype = Literal["FP32", "BYTES", "BOOL"]
OUTPUTS: dict[str, tuple[Datatype, Callable[[list[Prediction]], list[Any]]]] = {
    "probabilities": ("FP32", lambda found: np.concatenate([one.probabilities for one in found]).tolist()),
    "label": ("BYTES", lambda found: [one.label for one in found]),
    "known": ("BOOL", lambda found: [one.known for one in found]),
}


def _output(name: str, found: list[Prediction], served: Served) -> Tensor:
    kind, numbers = OUTPUTS[name]
    return Tensor(name=name, shape=_shape(name, len(found), served), datatype=kind, data=numbers(found))


def _shape(output: str, count: int, served: Served) -> list[int]:
    return [count, len(served.predictor.labels)] if output == "probabilities" else [count]
