"""Requests a second of the service, beside handlers written by hand, server and load on the same cores.

    python benchmarks/serving.py [--rounds 5] [--seconds 4]

A 28 x 28 PNG of MNIST to `/predict`, raw and as a form, by 16 clients that each ask again as soon as they are answered. All
contenders take turns within every round, each when the one before has come to rest; their first round is thrown away. Sightline's
answer holds what the handlers' leave out: the whole pipeline, the distance that tells unknown pictures, all checks and limits. Then
the time from the start of the command to the first answer, with the page and without, and how long the page takes in Chromium until
one can use it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common import PACKAGES, ROOT, publish, run_json, spread, table

import sightline as sl
from sightline.image import encode

CLIENTS = 16
PATIENCE = 60


@dataclass(frozen=True)
class Contender:
    """A server: its name, its command before the port, and its paths for raw bodies and forms."""

    name: str
    command: Sequence[str]
    raw: str
    form: str
    ready: str


PEERS = str(ROOT / "benchmarks" / "http_peers.py")
SERVE = ("-m", "sightline", "serve", "-m", "mnist")
WITH_PAGE = Contender("with the page", (*SERVE, "--port"), "", "", "/page/")
WITHOUT_PAGE = Contender("without the page", (*SERVE, "--no-page", "--port"), "", "", "/health")
WAYS = (
    Contender("**Sightline**", (*SERVE, "--port"), "/predict", "/predict", "/health"),
    Contender("bare handler: FastAPI, ONNX Runtime", (PEERS, "bare"), "/raw", "/form", "/openapi.json"),
    Contender("plain handler: FastAPI, Keras", (PEERS, "keras"), "/raw", "/form", "/openapi.json"),
)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def start(way: Contender) -> tuple[subprocess.Popen[bytes], int, float]:
    """A running server, its port, and the seconds to its first answer."""
    port = free_port()
    began = time.perf_counter()
    server = subprocess.Popen([sys.executable, *way.command, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while time.perf_counter() - began < PATIENCE:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{way.ready}", timeout=PATIENCE).read()
            return server, port, time.perf_counter() - began
        except OSError:
            time.sleep(0.01)
    server.kill()
    sys.exit(f"{way.name} does not answer")


def settle(servers: Sequence[subprocess.Popen[bytes]]) -> None:
    """Wait until nobody works on what was asked before: the slow ones still do when their clients have gone."""

    def worked() -> float:
        fields = [Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split() for server in servers]
        return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")

    before = worked()
    while True:
        time.sleep(0.5)
        if (now := worked()) - before < 0.05:
            return
        before = now


def measure(ways: Sequence[Contender], rounds: int, seconds: float, picture: Path) -> list[list[str]]:
    running = [start(way) for way in ways]
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    try:
        for turn in range(rounds + 1):
            for way, (_, port, _) in zip(ways, running, strict=True):
                for kind, path in (("raw", way.raw), ("form", way.form)):
                    options = ["--path", path, "--clients", str(CLIENTS), "--seconds", str(seconds)]
                    result = run_json(
                        "benchmarks/http_load.py", str(port), str(picture), *options, *(["--form"] * (kind == "form"))
                    )
                    assert not result["errors"], (way.name, kind, result)
                    settle([server for server, _, _ in running])
                    if turn:
                        found.setdefault((way.name, kind), []).append(result)
    finally:
        for server, _, _ in running:
            server.terminate()
            server.wait()
    plain = {kind: statistics.median(one["per_second"] for one in found[ways[-1].name, kind]) for kind in ("raw", "form")}
    return [
        [
            name,
            kind,
            spread([one["per_second"] for one in results], 0),
            spread([one["p50"] for one in results], 1),
            spread([one["p99"] for one in results], 1),
            f"{statistics.median(one['per_second'] for one in results) / plain[kind]:.1f}",
        ]
        for (name, kind), results in found.items()
    ]


def starts(way: Contender, rounds: int) -> list[float]:
    """Seconds from the command to its first answer."""
    found = []
    for _ in range(rounds):
        server, _, seconds = start(way)
        server.terminate()
        server.wait()
        found.append(seconds)
    return found


def visits(rounds: int) -> list[float]:
    """Seconds from opening the page in a browser without a cache until its first tab can be used; empty without Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        return []
    from playwright.sync_api import sync_playwright

    server, port, _ = start(WITH_PAGE)
    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for _ in range(rounds + 1):
            page = browser.new_context().new_page()
            began = time.perf_counter()
            page.goto(f"http://127.0.0.1:{port}/", wait_until="commit")
            page.get_by_role("button", name="Try the sample").wait_for()
            found.append(time.perf_counter() - began)
            page.context.close()
        browser.close()
    server.terminate()
    server.wait()
    return found[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    options = parser.parse_args()
    test = sl.load_dataset("mnist").test
    assert test is not None
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "digit.png"
        picture.write_bytes(encode(test.read(0), ".png"))
        rows = measure(WAYS, options.rounds, options.seconds, picture)
    began = {way.name: starts(way, options.rounds) for way in (WITHOUT_PAGE, WITH_PAGE)}
    ready = visits(options.rounds)
    header = ["server", "body", "requests a second, median (range)", "median, ms", "99th percentile, ms", "÷ plain handler"]
    text = table(header, rows) + "\n\nFrom the command to the first answer: "
    text += ", ".join(f"{name} {spread(seconds)} s" for name, seconds in began.items()) + f", n = {options.rounds}."
    text += f" The page in Chromium: {spread(ready)} s until it can be used, n = {len(ready)}." if ready else ""
    command = f"python benchmarks/serving.py --rounds {options.rounds} --seconds {options.seconds:g}"
    publish("serving", f"Requests to the service, {CLIENTS} clients", text, command, [*PACKAGES, "fastapi", "uvicorn"])


if __name__ == "__main__":
    main()
