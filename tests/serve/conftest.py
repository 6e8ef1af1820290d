"""A real service in a process of its own, and a client that says what it means byte by byte."""

from __future__ import annotations

import base64
import http.client
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import sightline as sl
from sightline.image import encode

PATIENCE = 60  # seconds until a test gives up; none waits for them


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers in lower case, body."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The one form of every error."""
        assert set(self.json()) == {"error"}
        return str(self.json()["error"])


@dataclass
class Service:
    """A running `sightline serve`."""

    process: subprocess.Popen[str]
    port: int
    headers: dict[str, str] = field(default_factory=dict)

    def ask(
        self, method: str, path: str, body: bytes | None = None, kind: str | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            given = {**self.headers, **({"Content-Type": kind} if kind else {}), **(headers or {})}
            connection.request(method, path, body, given)
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, body: bytes, kind: str = "application/octet-stream", **headers: str) -> Answer:
        return self.ask("POST", path, body, kind, headers)

    def post_json(self, path: str, value: object) -> Answer:
        return self.post(path, json.dumps(value).encode(), "application/json")

    def post_form(self, path: str, *parts: tuple[str, str | None, bytes]) -> Answer:
        """Send parts, each a name, a file name or None, and its bytes."""
        return self.post(path, *form(*parts))

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal; the exit status and what was said on standard error."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, said


def form(*parts: tuple[str, str | None, bytes]) -> tuple[bytes, str]:
    """A form and its content type."""
    edge = b"edge-of-a-part"
    body = b""
    for name, file, data in parts:
        place = f'; filename="{file}"' if file is not None else ""
        body += b"--" + edge + f'\r\nContent-Disposition: form-data; name="{name}"{place}\r\n\r\n'.encode() + data + b"\r\n"
    return body + b"--" + edge + b"--\r\n", f"multipart/form-data; boundary={edge.decode()}"


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def until(found: Callable[[], bool]) -> None:
    """Wait for what must come; fail if it does not."""
    end = time.monotonic() + PATIENCE
    while not found():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def begin(*arguments: str, cwd: Path | None = None, page: bool = False) -> Service:
    """Start `sightline serve` on a free port and wait until it says that it is ready."""
    command = [sys.executable, "-m", "sightline", "serve", "--port", "0", *([] if page else ["--no-page"]), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd)
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://[^ ]+:(\d+)", line)
    if found is None:
        raise AssertionError(f"no service: {line} {process.communicate()[1]}")
    return Service(process, int(found[1]))


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """A service with two models, for all tests that leave it as it is."""
    running = begin("-m", "mnist", "-m", "clothes=fashion-mnist", "--max-upload", "2", "--max-pixels", "2500000", "--timeout", "10")
    yield running
    running.end()


@pytest.fixture(scope="session")
def digits() -> list[tuple[bytes, int]]:
    """Files of MNIST's first test pictures, with their labels."""
    test = sl.load_dataset("mnist").test
    assert test is not None
    return [(encode(test.read(index), ".png"), int(test.labels[index])) for index in range(40)]
