"""Pictures to labels over HTTP, as Python gives them."""

from __future__ import annotations

import json
import socket
import threading

import cv2
import numpy as np
import pytest

import sightline as sl

from .conftest import Service, base64_of, form


def test_every_way_to_send_a_picture_gives_what_python_gives(service: Service, digits: list[tuple[bytes, int]]) -> None:
    data, label = digits[0]
    expected = sl.load("mnist").predict(data)
    answers = [
        service.post("/predict", data, "image/png"),
        service.post("/predict", data, "application/x-www-form-urlencoded"),  # what `curl --data-binary` says
        service.ask("POST", "/predict", data),
        service.post_form("/predict", ("file", "seven.png", data)),
        service.post_json("/predict", {"image": base64_of(data)}),
        service.post_json("/predict", {"images": [f"data:image/png;base64,{base64_of(data)}"]}),
    ]
    for answer in answers:
        assert answer.status == 200
        found = answer.json()
        (prediction,) = found["predictions"]
        assert found["model"] == "mnist"
        assert prediction["label"] == str(label) == expected.label
        assert prediction["confidence"] == pytest.approx(expected.confidence, abs=1e-5)
        assert prediction["known"] is True
        assert prediction["distance"] == pytest.approx(expected.distance, rel=1e-3)
        assert [row["label"] for row in prediction["top"]] == [label for label, _ in expected.top()]
    assert answers[3].json()["predictions"][0]["source"] == "seven.png"


def test_many_pictures_come_back_in_their_order_each_with_its_own_error(service: Service, digits: list[tuple[bytes, int]]) -> None:
    parts = [("file", f"{number}.png", data) for number, (data, _) in enumerate(digits)]
    parts.insert(3, ("file", "notes.txt", b"no picture"))
    answer = service.post_form("/predict?top=1", *parts)
    assert answer.status == 200
    found = answer.json()["predictions"]
    assert [one["source"] for one in found] == [name for _, name, _ in parts]
    failed = found.pop(3)
    assert failed["status"] == 422
    assert "expected a picture" in failed["error"]
    plain = sl.load("mnist")
    assert [one["label"] for one in found] == [plain.predict(data).label for data, _ in digits]
    assert all(len(one["top"]) == 1 for one in found)


def test_what_is_no_digit_is_unknown(service: Service, shared: object) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    data = cv2.imencode(".png", noise)[1].tobytes()
    prediction = service.post("/predict", data, "image/png").json()["predictions"][0]
    assert prediction["known"] is sl.load("mnist").predict(data).known is False


def test_a_model_is_asked_for_by_its_name(service: Service, digits: list[tuple[bytes, int]]) -> None:
    answer = service.post("/predict?model=clothes", digits[0][0], "image/png")
    assert answer.json()["model"] == "clothes"
    assert answer.json()["predictions"][0]["label"] in sl.load("fashion-mnist").labels
    missing = service.post("/predict?model=cloths", digits[0][0], "image/png")
    assert (missing.status, missing.error) == (404, "there is no model 'cloths' here. Did you mean clothes?")


@pytest.mark.parametrize(
    ("body", "kind", "status", "text"),
    [
        (b"", "image/png", 400, "the request is empty"),
        (b"hello", "image/png", 422, "expected a picture"),
        (b"hello", "text/plain", 415, "expected a picture (image/...)"),
        (b"{", "application/json", 400, "the body is no JSON"),
        (b"[" * 100_000, "application/json", 400, "the body is no JSON"),
        (b"[]", "application/json", 400, "expected a JSON object"),
        (b'{"picture": ""}', "application/json", 400, "received an object with ['picture']"),
        (b'{"images": []}', "application/json", 400, "the body does not fit"),
        (b'{"image": "%%%"}', "application/json", 422, "expected the bytes of a picture file in base64"),
        (b'{"image": 7}', "application/json", 422, "expected the bytes of a picture file in base64"),
        (*form(("text", None, b"7")), 400, "the form has no file"),
        (b"--x", "multipart/form-data", 400, "the form has no boundary"),
        (b"nonsense", "multipart/form-data; boundary=x", 400, "the form has no parts"),
        (b"--x\r\n", "multipart/form-data; boundary=x", 400, "the form is cut off"),
        (b"--x\r\na\r\n--x--", "multipart/form-data; boundary=x", 400, "a part of the form cannot be read"),
        (b"--x\r\n\r\na\r\n--x--", "multipart/form-data; boundary=x", 400, "a part of the form cannot be read"),
        (b"--x\r\nA: b\r\n\r\na\r\n--x--", "multipart/form-data; boundary=x", 400, "a part of the form has no name"),
    ],
)
def test_what_is_no_picture_is_refused(service: Service, body: bytes, kind: str, status: int, text: str) -> None:
    answer = service.post("/predict", body, kind)
    assert answer.status == status
    assert text in answer.error


@pytest.mark.parametrize("top", ["0", "x", "99999999999999999999"])
def test_a_wrong_top_is_refused(service: Service, digits: list[tuple[bytes, int]], top: str) -> None:
    answer = service.post(f"/predict?top={top}", digits[0][0], "image/png")
    assert answer.status == 422
    assert answer.error.startswith("invalid top of the request: expected ")


def test_a_mistyped_parameter_is_not_passed_over(service: Service, digits: list[tuple[bytes, int]]) -> None:
    answer = service.post("/predict?modle=clothes", digits[0][0], "image/png")
    assert (answer.status, answer.error) == (422, "the request has no parameter 'modle'. Did you mean model?")


def test_requests_at_a_time_are_answered_each_with_its_own(service: Service, digits: list[tuple[bytes, int]]) -> None:
    """Sixteen connections, each asking for its own digit again and again: none gets another's answer."""
    plain = sl.load("mnist")
    wrong: list[object] = []

    def ask(number: int) -> None:
        data = digits[number][0]
        expected = plain.predict(data).probabilities.max()
        for _ in range(10):
            found = service.post("/predict", data, "image/png").json()["predictions"][0]["confidence"]
            if abs(found - expected) > 1e-5:
                wrong.append((number, found, expected))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_client_that_goes_away_takes_nothing_with_it(service: Service, digits: list[tuple[bytes, int]]) -> None:
    data = digits[0][0]
    head = f"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: {len(data)}\r\n\r\n".encode()
    for sent in (head, head + data[:50], head + data):
        with socket.create_connection(("127.0.0.1", service.port)) as connection:
            connection.sendall(sent)
    answer = service.post("/predict", data, "image/png")
    assert json.loads(answer.body)["predictions"][0]["label"] == "7"
