"""Who may ask, and how much: rows 18 to 21 of the hazards, over real connections."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from sightline.serve.config import is_loopback

from .conftest import PATIENCE, Service, begin, form, until

TOKEN = "open-sesame-1234"


@pytest.fixture(scope="module")
def closed() -> Iterator[Service]:
    """A service that others can reach, with a token and little patience."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGHTLINE_TOKEN", TOKEN)  # as one gives it where others can see the processes
        running = begin("-m", "mnist", "--host", "0.0.0.0", "--timeout", "1", "--max-requests", "4")
    yield running
    running.end()


def test_only_those_who_know_the_token_are_answered(closed: Service, digits: list[tuple[bytes, int]]) -> None:
    for headers in ({}, {"Authorization": "Bearer open-sesame"}, {"Authorization": TOKEN[::-1]}, {"Cookie": "sightline-token=x"}):
        for answer in (closed.get("/models", **headers), closed.post("/predict", digits[0][0], "image/png", **headers)):
            assert answer.status == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert TOKEN not in answer.error
    known = {"Authorization": f"Bearer {TOKEN}"}
    assert closed.get("/models", **known).status == 200
    assert closed.post("/predict", digits[0][0], "image/png", **known).status == 200
    assert closed.get("/v2/health/live").status == 200  # what watches a service knows no secrets
    assert closed.get("/openapi.json").status == 401


def test_a_page_gets_the_token_by_its_address_once(closed: Service) -> None:
    answer = closed.get(f"/models?token={TOKEN}")
    assert (answer.status, answer.headers["location"]) == (303, "/models")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert closed.get("/models", Cookie=f"a=b; {cookie.partition(';')[0]}").status == 200
    assert closed.get("/models?token=wrong").status == 401


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--host", "0.0.0.0"], "a token, which their requests must know"),
        (["--token", "short"], "at least 8 letters"),
        (["--port", "70000"], "expected 0 to 65535"),
        (["-m", "mnits"], "Did you mean mnist?"),
        (["-m", "mnist", "-m", "mnist"], "two models are called 'mnist'"),
        (["--host", "192.0.2.1", "--insecure"], "cannot listen on 192.0.2.1:0"),
    ],
)
def test_what_cannot_be_served_is_said_at_once(arguments: list[str], text: str) -> None:
    command = [sys.executable, "-m", "sightline", "serve", "--port", "0", *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert ran.returncode == 2
    assert text in ran.stderr.replace("\n", " ")
    assert "Traceback" not in ran.stderr


def test_a_port_that_is_taken_is_said(service: Service) -> None:
    command = [sys.executable, "-m", "sightline", "serve", "--port", str(service.port)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert (ran.returncode, "Choose another --port" in ran.stderr) == (2, True)


def test_a_name_that_was_made_to_point_here_is_not_answered(service: Service) -> None:
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", ""):
        assert service.get("/models", Host=host).status == 421
    for host in ("localhost", f"127.0.0.1:{service.port}", "[::1]:1"):
        assert service.get("/models", Host=host).status == 200


def test_other_pages_cannot_send_for_their_readers(service: Service, digits: list[tuple[bytes, int]]) -> None:
    for origin in ("https://evil.example", "null", "http://localhost:1"):
        assert service.post("/predict", digits[0][0], "image/png", Origin=origin).status == 403
    assert service.post("/predict", digits[0][0], "image/png", Origin=f"http://127.0.0.1:{service.port}").status == 200
    assert "access-control-allow-origin" not in service.get("/models", Origin="https://evil.example").headers


def raw(service: Service, *parts: bytes, pause: float = 0.0) -> bytes:
    """Send bytes as they are; all that comes back until the service closes the connection or has nothing to say."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE) as connection:
        for part in parts:
            try:
                connection.sendall(part)
            except OSError:  # closed by the service, which has said why
                break
            time.sleep(pause)
        connection.settimeout(5)
        found = b""
        try:
            while b"\r\n\r\n" not in found and (data := connection.recv(1 << 16)):
                found += data
        except OSError:
            pass
        return found


def test_an_upload_past_the_limit_is_refused_with_and_without_its_length(service: Service) -> None:
    told = service.post("/predict", bytes(2_000_001), "image/png")
    assert (told.status, "at most 2 MB" in told.error) == (413, True)
    head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + bytes(1 << 16) + b"\r\n"
    assert raw(service, head, *[chunk] * 40).startswith(b"HTTP/1.1 413")
    lying = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n"
    assert raw(service, lying).startswith(b"HTTP/1.1 413")
    assert service.get("/health").status == 200


def test_an_upload_that_is_refused_hears_so_while_it_is_sent(service: Service) -> None:
    """Ten times: a connection closed on its sender would lose the answer more often than not."""
    for _ in range(10):
        assert service.post("/predict", bytes(20_000_000), "image/png").status == 413


def test_a_thousand_parts_are_refused(service: Service, digits: list[tuple[bytes, int]]) -> None:
    files = [("file", f"{number}.png", digits[0][0]) for number in range(1000)]
    texts = [(f"field{number}", None, b"x") for number in range(1000)]
    assert service.post_form("/predict", *files).status == 400
    assert service.post_form("/predict", *texts).status == 400
    assert service.post_form("/predict", *files[:101]).status == 413
    body, kind = form(*[("file", "a.png", digits[0][0])] * 100)
    assert service.post("/predict", body, kind).status == 200
    assert service.post("/predict", body[:-30], kind).error.startswith("the form is cut off")


def test_a_request_that_trickles_in_is_ended(closed: Service) -> None:
    head = f"POST /predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 1000\r\n\r\n".encode()
    assert raw(closed, head, b"12345").startswith(b"HTTP/1.1 408")


def test_too_many_at_a_time_are_told_to_come_again(closed: Service) -> None:
    head = f"POST /predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 1000\r\n\r\n".encode()
    waiting = []
    try:
        for _ in range(4):
            waiting.append(socket.create_connection(("127.0.0.1", closed.port)))
            waiting[-1].sendall(head)
        found = []

        def refused() -> bool:
            found.append(closed.get("/models", Authorization=f"Bearer {TOKEN}"))
            return found[-1].status == 503

        until(refused)
        assert found[-1].headers["retry-after"] == "1"
    finally:
        for connection in waiting:
            connection.close()
    until(lambda: closed.get("/models", Authorization=f"Bearer {TOKEN}").status == 200)


@pytest.mark.parametrize(
    "path",
    [
        "/file=/etc/passwd",
        "/..%2f..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/swagger/..%2f..%2f__init__.py",
        "/v1/models/..%2f..%2fmnist",
        "/v2/models/%2fetc%2fpasswd",
        "/docs/../../etc/passwd",
    ],
)
def test_no_path_in_an_address_is_opened(service: Service, path: str) -> None:
    answer = service.get(path)
    assert answer.status == 404
    assert b"root:" not in answer.body


def test_a_huge_range_and_odd_headers_harm_nobody(service: Service) -> None:
    ranges = "bytes=" + ",".join(f"{n}-{n + 1}" for n in range(2000))
    assert service.get("/docs", Range=ranges).status in {200, 400, 431}
    assert raw(service, b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 200_000 + b"\r\n\r\n").startswith(
        b"HTTP/1.1 431"
    )
    assert raw(service, b"\x16\x03\x01\x02\x00").startswith((b"HTTP/1.1 400", b""))
    assert service.get("/health").status == 200


def test_what_is_not_there_is_said_in_the_one_form(service: Service) -> None:
    assert (service.get("/nothing").status, service.get("/nothing").error) == (404, "Not Found")
    assert service.get("/predict").status == 405
    assert set(service.get("/predict").json()) == {"error"}


def test_the_description_of_the_interface_needs_nothing_from_elsewhere(service: Service) -> None:
    page = service.get("/docs").body.decode()
    assert "https://" not in page
    for path in ("/swagger/swagger-ui-bundle.js", "/swagger/swagger-ui.css"):
        assert f'"http://127.0.0.1:{service.port}{path}"' in page
        assert service.get(path).status == 200
    described = json.loads(service.get("/openapi.json").body)
    assert "/v2/models/{name}/infer" in described["paths"]


def test_loopback_addresses_are_told_from_others() -> None:
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.0.1", "localhost.evil.example", "", "127.0.0.1.nip.io")))
