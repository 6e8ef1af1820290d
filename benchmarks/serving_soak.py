"""Minutes of mixed good and bad load on the service: only the intended errors, and memory that stays flat.

    python benchmarks/serving_soak.py [--minutes 10]

Clients send, in an order drawn from a seed: digits, photos, forms of many pictures, both inference protocols, pipelines, the page
and its calls; and what must be refused: no picture, a bomb's header, too large a body, a thousand parts, unknown names, heads
without end, connections that are dropped half-way. Memory is the resident size of the service and its processes, taken every few
seconds.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import random
import re
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time
import urllib.request
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from common import publish, table
from http_load import multipart

import sightline as sl
from sightline.image import encode

CLIENTS = 8
EVERY = 2.0  # seconds between two looks at the memory
CALLS = "/page/gradio_api/component_server/"
DROPPED = 0
"""The status of a connection that the client itself dropped."""

Action = tuple[str, int, Callable[[int], int]]
"""A name, the status that must come, and what sends it to a port and gives the status that came."""


def ask(path: str, body: bytes, kind: str = "image/png") -> Callable[[int], int]:
    def send(port: int) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("POST", path, body, {"Content-Type": kind})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    return send


def see(path: str) -> Callable[[int], int]:
    def send(port: int) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
            answer.read()
            return int(answer.status)

    return send


def of_page(port: int) -> list[Action]:
    """What the page asks, and what nobody should be able to ask it."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/page/", timeout=60) as answer:
        config = json.loads(re.findall(r"window\.gradio_config = (\{.*?\});</script>", answer.read().decode())[0])
    lab = next(one["id"] for one in config["components"] if "sightline lab" in one["props"].get("html_template", ""))
    picture = base64.b64encode(encode(sl.sample(width=28, height=28), ".png")).decode()  # many are kept, within 256 MB

    def call(name: str, number: int = lab, **question: object) -> Callable[[int], int]:
        body = {"component_id": number, "fn_name": "ask", "session_hash": "x", "data": {"name": name, "question": question}}
        return ask(CALLS, json.dumps(body).encode(), "application/json")

    return [
        ("page", 200, see("/page/")),
        ("kept picture", 200, call("keep", picture=picture)),
        ("lab", 200, call("apply", steps=[{"checkerboard": {}}, {"gaussian_blur": {}}, {"canny": {}}])),
        ("lab, wrong step", 200, call("apply", steps=[{"checkerboard": {}}, {"gaussian_blur": {"sigma": -1}}])),
        ("no tab", 404, call("keep", 99_999)),
        ("a form to the page", 400, ask(CALLS, b"--a--", "multipart/form-data; boundary=a")),
    ]


def drop(sent: bytes) -> Callable[[int], int]:
    def send(port: int) -> int:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(sent)
        return DROPPED

    return send


def bomb() -> bytes:
    """A PNG whose header tells of 60,000 x 60,000 pixels."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + b"\x00\x00\x00\x00IDAT"


def actions() -> list[Action]:
    test = sl.load_dataset("mnist").test
    assert test is not None
    digits = [encode(test.read(index), ".png") for index in range(50)]
    photo = encode(sl.resize(sl.checkerboard(), width=1600, height=1200), ".jpg")
    form, kind = multipart(digits[0])
    parts = b"".join(b'------sightline\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n' for _ in range(1000))
    pipeline = {"format": 1, "steps": [{"resize": {"width": 64, "height": 64}}, {"gaussian_blur": {}}, {"rotate": {"angle": 30}}]}
    text = base64.b64encode(digits[1]).decode()
    lab = json.dumps({"image": text, "pipeline": pipeline}).encode()
    wrong = json.dumps({"image": text, "pipeline": {"format": 1, "steps": ["no_such_step"]}}).encode()
    rows = json.dumps({"instances": [{"b64": text}] * 4}).encode()
    tensors = json.dumps({"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "data": [text]}]}).encode()
    head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n" % len(digits[0])
    good: list[Action] = [(f"digit {number}", 200, ask("/predict", digit)) for number, digit in enumerate(digits)]
    good += [
        ("photo", 200, ask("/predict", photo, "image/jpeg")),
        ("form", 200, ask("/predict", form, kind)),
        ("rows", 200, ask("/v1/models/mnist:predict", rows, "application/json")),
        ("tensors", 200, ask("/v2/models/mnist/infer", tensors, "application/json")),
        ("pipeline", 200, ask("/apply", lab, "application/json")),
    ]
    bad: list[Action] = [
        ("no picture", 422, ask("/predict", b"no picture")),
        ("nothing", 400, ask("/predict", b"")),
        ("bomb", 413, ask("/predict", bomb())),
        ("too large", 413, ask("/predict", bytes(3_000_000))),
        ("a thousand parts", 400, ask("/predict", parts + b"------sightline--\r\n", kind)),
        ("no JSON", 400, ask("/predict", b"{" * 1000, "application/json")),
        ("unknown model", 404, ask("/predict?model=none", digits[0])),
        ("unknown step", 422, ask("/apply", wrong, "application/json")),
        ("unknown kind", 415, ask("/predict", b"x", "text/plain")),
        ("dropped after the head", DROPPED, drop(head)),
        ("dropped within the body", DROPPED, drop(head + digits[0][:40])),
        ("dropped before the answer", DROPPED, drop(head + digits[0])),
    ]
    return good + bad * 2


def resident(process: int) -> float:
    """MiB that a process and its children have in memory."""
    total = 0.0
    waiting = [process]
    while waiting:
        one = waiting.pop()
        try:
            text = Path(f"/proc/{one}/status").read_text()
            waiting += map(int, Path(f"/proc/{one}/task/{one}/children").read_text().split())
        except OSError:
            continue
        found = re.search(r"VmRSS:\s+(\d+)", text)
        total += int(found[1]) / 1024 if found else 0
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    minutes = parser.parse_args().minutes
    command = [sys.executable, "-m", "sightline", "serve", "-m", "mnist", "--port", "0", "--max-upload", "2"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert server.stdout is not None
    port = int(re.findall(r":(\d+)", server.stdout.readline())[0])
    every, counted, wrong = actions() + of_page(port), Counter[str](), Counter[str]()
    end = time.monotonic() + minutes * 60

    def client(number: int) -> None:
        draw = random.Random(number)
        while time.monotonic() < end:
            name, expected, send = draw.choice(every)
            try:
                status = send(port)
            except OSError as error:
                wrong[f"{name}: {error}"] += 1
                continue
            counted["intended errors" if expected >= 400 else "dropped" if expected == DROPPED else "answered"] += 1
            if status != expected:
                wrong[f"{name}: {status} in place of {expected}"] += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    memory: list[tuple[float, float]] = []
    while time.monotonic() < end:
        time.sleep(EVERY)
        memory.append((minutes * 60 - (end - time.monotonic()), resident(server.pid)))
    for thread in threads:
        thread.join()
    server.terminate()
    said = server.communicate(timeout=60)[1]
    after = [value for seconds, value in memory if seconds > 60] or [memory[-1][1]]
    first, last = statistics.median(after[:15]), statistics.median(after[-15:])
    rows = [
        ["requests", ", ".join(f"{count:,} {name}" for name, count in sorted(counted.items()))],
        ["not intended", ", ".join(f"{name} ({count})" for name, count in wrong.items()) or "none"],
        ["tracebacks in the log", str(said.count("Traceback"))],
        ["memory after the first minute, at the end", f"{first:.0f} MiB, {last:.0f} MiB ({last / first - 1:+.1%})"],
        ["most memory", f"{max(value for _, value in memory):.0f} MiB"],
        ["exit status", str(server.returncode)],
    ]
    text = table([f"{minutes:g} minutes, {CLIENTS} clients", ""], rows)
    publish(
        "serving-soak", "Mixed good and bad load on the service", text, f"python benchmarks/serving_soak.py --minutes {minutes:g}"
    )


if __name__ == "__main__":
    main()
