"""What the page's calls refuse: nothing of Gradio that it does not need is there, and no path, address or key is guessed."""

from __future__ import annotations

import json
import re
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sightline as sl
from sightline.image import encode
from sightline.serve.page.corrections import Corrections
from sightline.serve.page.shelf import Shelf

from .conftest import Answer, Service, base64_of, begin, until

CALLS = "/page/gradio_api/component_server/"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Path]]:
    folder = tmp_path_factory.mktemp("site")
    running = begin("-m", "mnist", "-m", "clothes=fashion-mnist", "--max-upload", "2", cwd=folder, page=True)
    yield running, folder
    running.end()


def numbers(service: Service) -> dict[str, int]:
    """The components of the page by their tabs."""
    config = json.loads(re.findall(r"window\.gradio_config = (\{.*?\});</script>", service.get("/page/").body.decode())[0])
    found = [
        (re.findall(r'class="sightline (\w+)"', one["props"].get("html_template", "")), one["id"]) for one in config["components"]
    ]
    return {names[0]: number for names, number in found if names}


def call(service: Service, tab: str, name: str, /, **question: Any) -> Any:
    body = {
        "component_id": numbers(service)[tab],
        "fn_name": "ask",
        "session_hash": "x",
        "data": {"name": name, "question": question},
    }
    answer = service.post_json(CALLS, body)
    assert answer.status == 200
    return answer.json()


def memory_of(service: Service) -> float:
    """Bytes that the service holds, as it says itself."""
    (found,) = re.findall(r"^process_resident_memory_bytes (\S+)", service.get("/metrics").body.decode(), re.MULTILINE)
    return float(found)


@pytest.mark.parametrize(
    "path",
    [
        "/page/gradio_api/file=/etc/passwd",
        "/page/file=/etc/passwd",
        "/page/gradio_api/proxy=http://127.0.0.1/",
        "/page/config",
        "/page/gradio_api/info",
        "/page/monitoring",
        "/page/gradio_api/heartbeat/x",
        "/page/gradio_api/queue/data?session_hash=x",
        "/page/gradio_api/vibe-code",
        "/page/assets/..%2f..%2f..%2froutes.py",
        "/page/assets/../../../routes.py",
        "/page/static/..%2f..%2fetc/passwd",
        "/page/runs/..%2f..%2fetc/report",
        "/page/runs/nothing/report",
        "/runs/.queue/lock",
    ],
)
def test_only_the_pages_own_files_are_served(site: tuple[Service, Path], path: str) -> None:
    answer = site[0].get(path)
    assert (answer.status, set(answer.json())) == (404, {"error"})


@pytest.mark.parametrize("path", ["upload", "queue/join", "run/predict", "call/predict", "vibe-edit", "process_recording"])
def test_nothing_else_of_gradio_can_be_called(site: tuple[Service, Path], path: str) -> None:
    assert site[0].post_json(f"/page/gradio_api/{path}", {"data": []}).status == 404


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"[", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"{}", "application/json", 400),
        (b'{"component_id": 99999, "fn_name": "ask"}', "application/json", 404),
        (b'{"component_id": [], "fn_name": "ask"}', "application/json", 400),
        (
            b'--a\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\nx\r\n--a--\r\n',
            "multipart/form-data; boundary=a",
            400,
        ),
        (b"x" * 2_500_000, "application/json", 413),
    ],
)
def test_what_is_no_call_is_refused(site: tuple[Service, Path], body: bytes, kind: str, status: int) -> None:
    answer: Answer = site[0].post(CALLS, body, kind)
    assert (answer.status, set(answer.json())) == (status, {"error"})


def test_only_the_function_of_a_tab_is_called(site: tuple[Service, Path]) -> None:
    body = {"component_id": numbers(site[0])["lab"], "fn_name": "postprocess", "data": {"name": "operations"}}
    assert site[0].post_json(CALLS, body).status == 404
    assert "not there" in call(site[0], "lab", "__init__")["error"]
    assert call(site[0], "lab", "apply", steps=[], more=1)["error"].startswith("apply has no parameter 'more'")


def test_a_picture_is_found_by_its_key_only(site: tuple[Service, Path]) -> None:
    picture = encode(sl.sample(width=40, height=30), ".png")
    keys = {call(site[0], "lab", "keep", picture=base64_of(picture))["answer"]["key"] for _ in range(2)}
    assert len(keys) == 2
    assert all(len(key) == 32 for key in keys)
    for guess in ("", "0", "../../etc/passwd", next(iter(keys))[:-1]):
        assert call(site[0], "lab", "apply", picture=guess, steps=[])["error"] == "the picture is no longer here. Choose it again."


@pytest.mark.parametrize("picture", ["http://127.0.0.1/", "http://169.254.169.254/latest", "file:///etc/passwd", "/etc/passwd"])
def test_no_address_and_no_path_is_opened(site: tuple[Service, Path], picture: str) -> None:
    assert "error" in call(site[0], "lab", "keep", picture=picture)
    steps = [{"blend": {"other": picture}}]
    kept = call(site[0], "lab", "sample")["answer"]["key"]
    assert "may not name files" in call(site[0], "lab", "apply", picture=kept, steps=steps)["answer"]["error"]
    for tab, name in (("train", "start"), ("data", "about")):
        assert call(site[0], tab, name, data=picture)["error"].startswith("there is no data")
    assert call(site[0], "runs", "run", name=picture)["error"].startswith("there is no run")


def test_a_correction_stays_in_its_folder(site: tuple[Service, Path]) -> None:
    service, folder = site
    kept = call(service, "draw", "keep", picture=base64_of(encode(sl.sample(width=40, height=30), ".png")))["answer"]["key"]
    found = call(service, "draw", "correct", model="clothes", picture=kept, label="T-shirt/top")["answer"]
    assert [path.parent.name for path in (folder / "corrections" / "clothes").glob("*/*.png")] == ["T-shirt%2Ftop"]
    assert found["count"] == 1
    assert "knows no label" in call(service, "draw", "correct", model="clothes", picture=kept, label="../../x")["error"]
    assert "no model" in call(service, "draw", "correct", model="../x", picture=kept, label="7")["error"]


def test_a_look_inside_is_a_page_that_reaches_nothing(site: tuple[Service, Path]) -> None:
    service, _ = site
    test = sl.load_dataset("mnist").test
    assert test is not None
    kept = call(service, "draw", "keep", picture=base64_of(encode(test.read(0), ".png")))["answer"]
    found = call(service, "draw", "look_inside", model="mnist", picture=kept["key"])["answer"]
    page = service.get(f"/page/{found['page']}")
    assert page.status == 200
    assert "sandbox" in page.headers["content-security-policy"]
    text = page.body.decode()
    for word in ("conv1", "pool3", "20 \N{MULTIPLICATION SIGN} 20", "isolate_ink"):
        assert word in text, word
    assert "/tmp" not in text
    assert service.get("/page/inside/guessed").status == 422
    assert "no longer here" in call(service, "draw", "look_inside", model="mnist", picture="guessed")["error"]


def test_a_damaged_run_is_called_so(site: tuple[Service, Path]) -> None:
    run = site[1] / "runs" / "cut"
    run.mkdir(parents=True)
    (run / "config.yaml").write_text("data: digits\n")
    (run / "metrics.json").write_text('{"evaluation": {')
    assert [one["state"] for one in call(site[0], "runs", "runs")["answer"]["runs"]] == ["damaged"]
    assert "cannot be read" in call(site[0], "runs", "run", name="cut")["error"]


def test_an_archive_that_leads_elsewhere_is_refused(site: tuple[Service, Path]) -> None:
    for name in ("../x", "a/b", "", ".hidden", "x."):
        assert "invalid name" in call(site[0], "train", "upload", name=name, archive="")["error"]
    assert "cannot be read" in call(site[0], "train", "upload", name="x", archive=base64_of(b"no zip"))["error"]
    assert not list((site[1] / "runs" / ".uploads").iterdir())


def test_a_pipeline_in_the_lab_is_bounded(site: tuple[Service, Path]) -> None:
    large = [{"blank": {"width": 6000, "height": 6000}}]
    assert "too large a picture" in call(site[0], "lab", "apply", steps=large)["answer"]["error"]
    assert "error" in call(site[0], "lab", "apply", steps=[{"invert": {}}] * 101)


@pytest.mark.skipif(sys.platform != "linux", reason="only there does a service say how much memory it holds")
def test_parallel_uploads_clients_that_go_and_a_huge_range_leave_nothing_behind(site: tuple[Service, Path]) -> None:
    """Row 21 of the hazards: whoever comes afterwards is answered as before, and the memory is free again."""
    service, folder = site
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    call(service, "lab", "sample")
    before = memory_of(service)
    head = f"POST {CALLS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1900000\r\n\r\n"
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", service.port)) as connection:
            connection.sendall(head.encode() + b"x" * 1_000_000)
    large = base64_of(np.random.default_rng(0).bytes(1_400_000))  # no picture, and nearly all that a request may send
    with ThreadPoolExecutor(16) as clients:
        found = list(clients.map(lambda _: call(service, "lab", "keep", picture=large), range(64)))
    assert all(set(answer) == {"error"} for answer in found)
    assert service.get("/page/theme.css", Range="bytes=" + ",".join(f"{n}-{n}" for n in range(2000))).status in {200, 400, 416}
    assert set(call(service, "lab", "sample")) == {"answer"}
    until(lambda: memory_of(service) < before + 60_000_000)
    assert sorted(path for path in folder.rglob("*") if path.is_file()) == files


def test_the_page_may_reach_no_other_address(site: tuple[Service, Path]) -> None:
    policy = site[0].get("/page/").headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "http" not in policy


def test_the_page_wants_the_token_too() -> None:
    running = begin("-m", "mnist", "--token", "a-long-secret", page=True)
    try:
        assert running.get("/page/").status == 401
        assert running.post_json(CALLS, {}).status == 401
        first = running.get("/page/?token=a-long-secret")
        assert (first.status, first.headers["location"]) == (303, "/page/")
        assert running.get("/page/", Cookie=first.headers["set-cookie"].split(";")[0]).status == 200
    finally:
        running.end()


def test_old_pictures_make_room() -> None:
    shelf = Shelf(room=25)
    keys = [shelf.put(bytes(10)) for _ in range(2)]
    assert shelf.get(keys[0]) == bytes(10)
    keys.append(shelf.put(bytes(10)))  # the second was used the longest ago
    assert shelf.get(keys[0]) == shelf.get(keys[2]) == bytes(10)
    with pytest.raises(sl.SightlineError, match="no longer here"):
        shelf.get(keys[1])


def test_a_correction_is_kept_once(tmp_path: Path) -> None:
    corrections = Corrections(tmp_path)
    picture = sl.sample(width=20, height=20)
    first, second = (corrections.save("m", "7", picture) for _ in range(2))
    assert (first, second.count) == (second, 1)
    assert list(tmp_path.rglob("*.png")) == [first.path]


@pytest.mark.parametrize("label", ["..", ".", "/", "a/../../b", "\x00", "con\\x", "x" * 500, " ", "", "ä" * 200])
def test_any_label_has_a_folder_of_its_own(tmp_path: Path, label: str) -> None:
    corrections = Corrections(tmp_path / "kept")
    saved = [corrections.save("m", name, sl.sample(width=20, height=20)) for name in (label, label + "x")]
    homes = {one.path.parent for one in saved}
    assert len(homes) == 2
    assert all(home.resolve().parent == (tmp_path / "kept" / "m").resolve() for home in homes)
