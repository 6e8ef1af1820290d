"""A service over its time: models swapped under load, counters, and a clean end."""

from __future__ import annotations

import shutil
import signal
import threading
from pathlib import Path

import pytest

import sightline as sl
from sightline.jobs import pretrained

from .conftest import Service, base64_of, begin, until


def test_a_model_is_swapped_while_it_answers_and_a_broken_one_is_not(tmp_path: Path, digits: list[tuple[bytes, int]]) -> None:
    """Row 26 of the hazards: the new one passes its self-check first, otherwise the old one keeps serving."""
    shutil.copytree(pretrained()["mnist"], tmp_path / "model")
    running = begin("-m", "digits=" + str(tmp_path / "model"))
    labels = {"7", *sl.load("fashion-mnist").labels}
    failed: list[object] = []
    done = threading.Event()

    def keep_asking() -> None:
        while not done.is_set():
            answer = running.post("/predict", digits[0][0], "image/png")
            if answer.status != 200 or answer.json()["predictions"][0]["label"] not in labels:
                failed.append(answer)

    asking = threading.Thread(target=keep_asking)
    asking.start()
    try:
        assert running.get("/v2/models/digits").json()["versions"] == ["1"]
        network = tmp_path / "model" / "model.onnx"
        whole = network.read_bytes()
        network.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        refused = running.ask("POST", "/v2/repository/models/digits/load")
        assert (refused.status, "model.onnx" in refused.error) == (422, True)
        assert running.get("/v2/models/digits").json()["versions"] == ["1"]
        shutil.rmtree(tmp_path / "model")
        assert running.ask("POST", "/v2/repository/models/digits/load").status in {404, 422}
        shutil.copytree(pretrained()["fashion-mnist"], tmp_path / "model")
        assert running.ask("POST", "/v2/repository/models/digits/load").json()["version"] == "2"
        answer = running.post("/predict", digits[0][0], "image/png").json()["predictions"][0]
        assert answer["label"] in sl.load("fashion-mnist").labels
        assert running.ask("POST", "/v2/repository/models/none/load").status == 404
    finally:
        done.set()
        asking.join()
        running.end()
    assert not failed


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_what_is_under_way(number: int, digits: list[tuple[bytes, int]]) -> None:
    running = begin("-m", "mnist")
    slow = {
        "pipeline": {"format": 1, "steps": [{"resize": {"width": 1500, "height": 1500}}, *[{"median_blur": {"radius": 20}}] * 10]}
    }
    running.post_json("/apply", {"image": base64_of(digits[0][0]), "pipeline": {"format": 1, "steps": []}})
    answers = []
    asking = threading.Thread(
        target=lambda: answers.append(running.post_json("/apply", {"image": base64_of(digits[0][0]), **slow}))
    )
    asking.start()
    until(lambda: b'route="/apply"' in running.get("/metrics").body)
    status, said = running.end(number)
    asking.join()
    assert (status, "Traceback" in said) == (0, False), said
    assert [answer.status for answer in answers] == [200]


def test_pictures_and_requests_are_counted(digits: list[tuple[bytes, int]]) -> None:
    running = begin("-m", "mnist")
    try:
        for data, _ in digits[:3]:
            running.post("/predict", data, "image/png")
        running.post("/predict", b"no picture", "image/png")
        for number in range(5):
            running.get(f"/no-such-{number}")
        text = running.get("/metrics").body.decode()
        assert 'sightline_requests_total{method="POST",route="/predict",status="200"} 3.0' in text
        assert 'sightline_requests_total{method="POST",route="/predict",status="422"} 1.0' in text
        assert 'sightline_requests_total{method="GET",route="none",status="404"} 5.0' in text
        assert 'sightline_pictures_total{model="mnist",result="known"} 3.0' in text
        assert 'sightline_pictures_total{model="mnist",result="failed"} 1.0' in text
        assert "process_resident_memory_bytes" in text
        assert 'sightline_model_loaded_seconds{model="mnist"}' in text
    finally:
        running.end()


def test_models_say_what_they_are(service: Service) -> None:
    digits, clothes = service.get("/models").json()["models"]
    assert (digits["name"], clothes["name"]) == ("mnist", "clothes")
    assert digits["labels"] == list("0123456789")
    assert digits["input_shape"] == list(sl.load("mnist").input_shape)
    assert digits["pipeline"] == sl.load("mnist").pipeline.to_dict()
    assert service.get("/health").json() == {"status": "ok", "models": ["mnist", "clothes"]}
