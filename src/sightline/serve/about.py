"""What a service says about itself: `/health`, `/models`, `/metrics`."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST

from sightline.serve.models import Served
from sightline.serve.state import state_of

__all__ = ["router"]

router = APIRouter(tags=["About"])


@router.get("/health")
async def health(request: Request) -> dict[str, Any]:
    """Whether the service answers, and with which models."""
    return {"status": "ok", "models": [served.name for served in state_of(request).models]}


@router.get("/models")
async def models(request: Request) -> dict[str, Any]:
    """The models, the first of which answers where none is asked for."""
    return {"models": [_described(served) for served in state_of(request).models]}


def _described(served: Served) -> dict[str, Any]:
    about = served.predictor.manifest
    return {
        "name": served.name,
        "version": served.version,
        "architecture": about.architecture.name,
        "labels": list(served.predictor.labels),
        "input_shape": list(served.predictor.input_shape),
        "dataset": about.dataset.name,
        "metrics": dict(about.metrics),
        "unknown": about.unknown_threshold is not None,
        "pipeline": served.predictor.pipeline.to_dict(),
    }


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request) -> Response:
    """Counters for Prometheus."""
    return Response(state_of(request).metrics.text(), media_type=CONTENT_TYPE_LATEST)
