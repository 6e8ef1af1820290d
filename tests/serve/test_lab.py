"""Pipelines over HTTP: the pixels of Python, and nothing of a stranger's pipeline outlasts its time or opens a file."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import sightline as sl
from sightline.cores import usable_cores
from sightline.image import decode, encode
from sightline.ops import OPS
from sightline.pipeline import Pipeline

from .conftest import Service, base64_of, begin

STEPS = [{"resize": {"width": 90, "height": 60}}, {"gaussian_blur": {"sigma": 2}}, {"rotate": {"angle": 30}}]


@pytest.fixture(scope="module")
def photo(shared: Path) -> bytes:
    return next(iter(sorted((shared / "exif").glob("*.jpg")))).read_bytes()


def test_a_form_and_json_give_the_pixels_of_python(service: Service, photo: bytes) -> None:
    pipeline = Pipeline.from_dict({"format": 1, "steps": STEPS})
    expected = pipeline.run(decode(photo, "photo", "unchanged"))
    text = "format: 1\nsteps:\n" + "".join(f"- {json.dumps(step)}\n" for step in STEPS)
    answers = [
        service.post_form("/apply", ("file", "a.jpg", photo), ("pipeline", None, text.encode())),
        service.post_json("/apply", {"image": base64_of(photo), "pipeline": {"format": 1, "steps": STEPS}}),
    ]
    for answer in answers:
        assert (answer.status, answer.headers["content-type"]) == (200, "image/png")
        assert np.array_equal(decode(answer.body, "answer", "unchanged"), expected)
    other = service.post_form("/apply?format=webp", ("file", "a.jpg", photo), ("pipeline", None, text.encode()))
    assert other.headers["content-type"] == "image/webp"
    assert decode(other.body, "answer", "unchanged").shape == expected.shape


def test_a_first_step_may_make_the_picture(service: Service) -> None:
    answer = service.post_json("/apply", {"pipeline": {"format": 1, "steps": [{"checkerboard": {}}]}})
    assert np.array_equal(decode(answer.body, "answer", "unchanged"), sl.checkerboard())


def test_chance_is_drawn_from_the_seed(service: Service, photo: bytes) -> None:
    pipeline = {"format": 1, "steps": [{"resize": {"width": 40, "height": 30}}, {"rotate": {"angle": {"between": [-90, 90]}}}]}
    body = {"image": base64_of(photo), "pipeline": pipeline}
    first, again, other = (service.post_json(f"/apply?seed={seed}", body).body for seed in (3, 3, 4))
    assert first == again != other
    expected = Pipeline.from_dict(pipeline).run(decode(photo, "photo", "unchanged"), seed=3)
    assert np.array_equal(decode(first, "answer", "unchanged"), expected)


@pytest.mark.parametrize(
    ("steps", "status", "text"),
    [
        (["gausian_blur"], 422, "step 1: unknown operation 'gausian_blur'. Did you mean gaussian_blur?"),
        ([{"gaussian_blur": {"sigma": 900}}], 422, "invalid sigma of gaussian_blur"),
        ([{"text": {"content": "hi", "font_file": "/etc/passwd"}}], 422, "may not name files"),
        ([{"blend": {"other": "/etc/passwd"}}], 422, "may not name files"),
        ([{"resize": {"width": 16384, "height": 16384}}], 422, "the picture would be too large"),
        ([{"resize": {"width": 1600, "height": 1600}}], 413, "resize makes too large a picture"),
        (["to_gray"] * 101, 422, "at most 100 steps"),
        ([], 200, ""),
    ],
)
def test_a_pipeline_that_does_not_fit_is_refused(
    service: Service, digits: list[tuple[bytes, int]], steps: object, status: int, text: str
) -> None:
    answer = service.post_json("/apply", {"image": base64_of(digits[0][0]), "pipeline": {"format": 1, "steps": steps}})
    assert answer.status == status
    assert status == 200 or text in answer.error


@pytest.mark.parametrize(
    ("text", "status", "part"),
    [
        ("format: 1\nsteps: !!python/object:os.system {}", 422, "there is a tag"),
        ("a: &a [x]\nb: [*a, *a]", 422, "no YAML aliases"),
        ("steps: []", 422, "not a pipeline"),
        ("format: 1\nsteps: []\nmore: 1", 422, "not a pipeline"),
        (": :", 422, ""),
    ],
)
def test_a_text_that_is_no_pipeline_is_refused(
    service: Service, digits: list[tuple[bytes, int]], text: str, status: int, part: str
) -> None:
    answer = service.post_form("/apply", ("file", "a.png", digits[0][0]), ("pipeline", None, text.encode()))
    assert answer.status == status
    assert part in answer.error


def test_what_is_no_request_for_a_picture_is_refused(service: Service, digits: list[tuple[bytes, int]]) -> None:
    picture, pipeline = ("file", "a.png", digits[0][0]), ("pipeline", None, b"format: 1\nsteps: []")
    assert service.post_form("/apply", picture).status == 400
    assert service.post_form("/apply", picture, picture, pipeline).status == 400
    assert service.post_form("/apply", pipeline).error.startswith("there is no picture")
    assert service.post_form("/apply", ("file", "a.png", b"x"), pipeline).status == 422
    assert service.post("/apply", b"", "image/png").status == 415
    assert service.post_json("/apply", {"pipeline": {}, "url": "http://127.0.0.1/"}).status == 400
    assert service.post_form("/apply?format=exe", picture, pipeline).status == 422


def test_a_pipeline_that_takes_too_long_is_stopped_and_the_next_one_runs(digits: list[tuple[bytes, int]]) -> None:
    """Of many such, those that find no process free in time are told to come again."""
    slow = [{"resize": {"width": 4000, "height": 4000}}, *[{"median_blur": {"radius": 50}}] * 99]
    running = begin("-m", "mnist", "--timeout", "1")
    try:
        quick = {"image": base64_of(digits[0][0]), "pipeline": {"format": 1, "steps": ["invert"]}}
        many = 4 * usable_cores()
        with ThreadPoolExecutor(many) as clients:
            asked = {**quick, "pipeline": {"format": 1, "steps": slow}}
            answers = list(clients.map(lambda _: running.post_json("/apply", asked), range(many)))
        assert {answer.status for answer in answers} == {503}
        assert any("took too long" in answer.error for answer in answers)
        assert any("more to do than can be done" in answer.error for answer in answers)
        assert running.post_json("/apply", quick).status == 200
    finally:
        running.end()


def test_operations_are_listed_with_their_parameters(service: Service) -> None:
    found = {one["name"]: one for one in service.get("/ops").json()["operations"]}
    assert list(found) == OPS.names()
    sigma = found["gaussian_blur"]["parameters"]["properties"]["sigma"]
    assert (sigma["minimum"], sigma["maximum"], sigma["default"]) == (0.1, 50.0, 1.0)


def test_a_picture_beyond_the_limit_is_refused(service: Service) -> None:
    large = encode(np.zeros((1600, 1600), np.uint8), ".png")
    for answer in (
        service.post("/predict", large, "image/png"),
        service.post_form("/apply", ("file", "a.png", large), ("pipeline", None, b"format: 1\nsteps: []")),
    ):
        assert (answer.status, "at most 2,500,000 pixels" in answer.error) == (413, True)
