"""What a service of a model is measured against: the handlers that one writes by hand.

python benchmarks/http_peers.py bare PORT    FastAPI, OpenCV and ONNX Runtime, and nothing else: no checks, no "unknown"
python benchmarks/http_peers.py keras PORT   FastAPI and `keras.Model.predict`, as its guides show it
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import uvicorn
from fastapi import FastAPI, Request, UploadFile

from sightline.jobs.models import model_folder

MODEL = "mnist"


def bare() -> Callable[[np.ndarray], np.ndarray]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model_folder(MODEL) / "model.onnx"), options)
    place, output = session.get_inputs()[0].name, session.get_outputs()[0].name
    return lambda x: np.asarray(session.run([output], {place: x})[0])


def plain_keras() -> Callable[[np.ndarray], np.ndarray]:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from sightline.bundle import load_network

    network = load_network(model_folder(MODEL))
    return lambda x: np.asarray(network.predict(x, verbose=0))


def answers(run: Callable[[np.ndarray], np.ndarray], side: int) -> Callable[[bytes], dict[str, Any]]:
    def answer(data: bytes) -> dict[str, Any]:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert picture is not None
        pixels = cv2.resize(picture, (side, side))
        shares = run(pixels[None, ..., None] / np.float32(255))[0]
        return {"label": int(shares.argmax()), "probabilities": shares.tolist()}

    return answer


def main() -> None:
    kind, port = sys.argv[1], int(sys.argv[2])
    from sightline.bundle import load_description

    side = load_description(model_folder(MODEL)).input_shape[0]
    answer = answers(bare() if kind == "bare" else plain_keras(), side)
    app = FastAPI()

    @app.post("/raw")
    async def raw(request: Request) -> dict[str, Any]:
        return answer(await request.body())

    @app.post("/form")
    async def form(file: UploadFile) -> dict[str, Any]:
        return answer(await file.read())

    uvicorn.run(app, port=port, log_level="error", access_log=False)


if __name__ == "__main__":
    main()
