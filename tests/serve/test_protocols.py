"""The two standard inference protocols, as their clients speak them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import sightline as sl
from sightline.image import read

from .conftest import Service, base64_of

Digits = list[tuple[bytes, int]]


@pytest.fixture(scope="module")
def expected(digits: Digits) -> np.ndarray[Any, Any]:
    """Python's probabilities of the first three digits."""
    plain = sl.load("mnist")
    return np.stack([plain.predict(data).probabilities for data, _ in digits[:3]])


def test_tensorflow_serving_takes_files_and_numbers(service: Service, digits: Digits, expected: np.ndarray[Any, Any]) -> None:
    files = [{"b64": base64_of(data)} for data, _ in digits[:3]]
    numbers = [read(data, "gray").tolist() for data, _ in digits[:3]]
    channels = [read(data, "gray")[..., None].tolist() for data, _ in digits[:3]]
    for instances in (files, numbers, channels, [{"image": one} for one in files], [{"image": one} for one in numbers]):
        answer = service.post_json("/v1/models/mnist:predict", {"instances": instances})
        assert answer.status == 200
        assert np.allclose(answer.json()["predictions"], expected, atol=1e-5)
    for inputs in (files, {"image": numbers}):
        answer = service.post_json("/v1/models/mnist:predict", {"inputs": inputs, "signature_name": "serving_default"})
        assert np.allclose(answer.json()["outputs"], expected, atol=1e-5)


def test_tensorflow_serving_says_what_a_model_is(service: Service) -> None:
    status = service.get("/v1/models/mnist").json()["model_version_status"]
    assert status == [{"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}]
    metadata = service.get("/v1/models/clothes/metadata").json()
    assert metadata["model_spec"]["name"] == "clothes"
    assert metadata["metadata"]["labels"] == list(sl.load("fashion-mnist").labels)


def test_open_inference_takes_files_and_tensors(service: Service, digits: Digits, expected: np.ndarray[Any, Any]) -> None:
    pixels = np.stack([read(data, "gray") for data, _ in digits[:3]])
    labels = [str(label) for _, label in digits[:3]]
    given = [
        {"datatype": "BYTES", "shape": [3], "data": [base64_of(data) for data, _ in digits[:3]]},
        {"datatype": "UINT8", "shape": [3, 28, 28], "data": pixels.ravel().tolist()},
        {"datatype": "UINT8", "shape": [3, 28, 28, 1], "data": pixels.tolist()},
        {"datatype": "FP32", "shape": [3, 28, 28], "data": pixels.ravel().astype(float).tolist()},
    ]
    for tensor in given:
        answer = service.post_json("/v2/models/mnist/infer", {"id": "a", "inputs": [{"name": "image", **tensor}]})
        assert answer.status == 200
        found = answer.json()
        assert (found["model_name"], found["id"]) == ("mnist", "a")
        outputs = {output["name"]: output for output in found["outputs"]}
        assert outputs["probabilities"]["shape"] == [3, 10]
        assert np.allclose(np.reshape(outputs["probabilities"]["data"], (3, 10)), expected, atol=1e-5)
        assert outputs["label"] == {"name": "label", "shape": [3], "datatype": "BYTES", "data": labels, "parameters": None}
        assert outputs["known"]["data"] == [True] * 3
    body = {"inputs": [{"name": "image", **given[0]}], "outputs": [{"name": "label"}]}
    (only,) = service.post_json("/v2/models/mnist/infer", body).json()["outputs"]
    assert only["name"] == "label"


def test_open_inference_says_what_a_server_is(service: Service) -> None:
    assert service.get("/v2").json()["name"] == "sightline"
    assert service.get("/v2/health/live").json() == {"live": True}
    assert service.get("/v2/health/ready").json() == {"ready": True}
    assert service.get("/v2/models/mnist/ready").json() == {"name": "mnist", "ready": True}
    about = service.get("/v2/models/mnist").json()
    assert about["outputs"][0] == {"name": "probabilities", "datatype": "FP32", "shape": [-1, 10]}
    assert [one["name"] for one in service.ask("POST", "/v2/repository/index").json()] == ["mnist", "clothes"]


ONE = {"name": "image", "datatype": "UINT8", "shape": [1, 2, 2], "data": [0, 1, 2, 3]}


@pytest.mark.parametrize(
    ("path", "body", "status", "text"),
    [
        ("/v1/models/none:predict", {"instances": [[[0]]]}, 404, "there is no model 'none' here"),
        ("/v1/models/mnist:predict", {}, 400, 'either "instances" or "inputs"'),
        ("/v1/models/mnist:predict", {"instances": []}, 400, "a list of pictures"),
        ("/v1/models/mnist:predict", {"instances": [[[0, 1], [2]]]}, 422, "rows of equal length"),
        ("/v1/models/mnist:predict", {"instances": [[["a"]]]}, 422, "picture 0 is no picture"),
        ("/v1/models/mnist:predict", {"instances": [[[0, 256]]]}, 422, "numbers from 0 to 255"),
        ("/v1/models/mnist:predict", {"instances": [[[0.0, 0.7]]]}, 422, "Multiply them by 255"),
        ("/v1/models/mnist:predict", {"instances": ["http://127.0.0.1/a.png"]}, 422, "no picture"),
        ("/v1/models/mnist:predict", {"instances": [{"b64": "http://127.0.0.1/a.png"}]}, 422, "in base64"),
        ("/v1/models/mnist:predict", {"instances": [{"b64": "/etc/passwd"}]}, 422, "in base64"),
        ("/v1/models/mnist:predict", {"instances": [[[0]]], "signature_name": "x"}, 400, "unknown signature_name"),
        ("/v1/models/mnist:predict", {"instances": [[[0]]] * 101}, 413, "at most 100"),
        ("/v2/models/none/infer", {"inputs": [ONE]}, 404, "there is no model 'none' here"),
        ("/v2/models/mnist/infer", {"inputs": []}, 422, "invalid inputs"),
        ("/v2/models/mnist/infer", {"inputs": [ONE, ONE]}, 400, "one, 'image'"),
        ("/v2/models/mnist/infer", {"inputs": [{**ONE, "shape": [1, 3, 2]}]}, 422, "data do not fit the shape"),
        ("/v2/models/mnist/infer", {"inputs": [{**ONE, "shape": [1, -2, -2]}]}, 422, "invalid shape"),
        ("/v2/models/mnist/infer", {"inputs": [{**ONE, "shape": [1, 1 << 23, 1 << 23]}]}, 422, "data do not fit the shape"),
        ("/v2/models/mnist/infer", {"inputs": [{**ONE, "shape": [1000, 2, 2]}]}, 413, "at most 100"),
        ("/v2/models/mnist/infer", {"inputs": [{**ONE, "datatype": "INT64"}]}, 422, "BYTES, UINT8 or FP32"),
        ("/v2/models/mnist/infer", {"inputs": [ONE], "outputs": [{"name": "x"}]}, 400, "has no output 'x'"),
    ],
)
def test_what_does_not_fit_is_refused(service: Service, path: str, body: object, status: int, text: str) -> None:
    answer = service.post_json(path, body)
    assert (answer.status, text in answer.error) == (status, True), answer.body
