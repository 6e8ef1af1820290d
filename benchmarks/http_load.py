"""A load on a service: so many clients, each with one connection, each asking again as soon as it has its answer."""

from __future__ import annotations

import argparse
import json
import selectors
import socket
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Client:
    """A connection and what has come of its answer."""

    connection: socket.socket
    request: bytes
    asked: float = 0.0
    received: bytearray = field(default_factory=bytearray)

    def ask(self) -> None:
        self.received.clear()
        self.asked = time.perf_counter()
        self.connection.sendall(self.request)

    def answered(self) -> int | None:
        """Read on; the status once the answer is whole."""
        data = self.connection.recv(1 << 16)
        if not data:
            raise ConnectionError("the service has closed the connection")
        self.received += data
        head, found, body = bytes(self.received).partition(b"\r\n\r\n")
        if not found:
            return None
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        return int(head[9:12]) if len(body) >= length else None


def http_request(path: str, body: bytes, kind: str, host: str = "127.0.0.1") -> bytes:
    """A POST request as it goes over the wire."""
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def multipart(data: bytes, name: str = "digit.png") -> tuple[bytes, str]:
    """A form with one file, and its content type."""
    edge = "----sightline"
    head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: image/png\r\n\r\n'
    return head.encode() + data + f"\r\n--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"


def load(port: int, requests: list[bytes], clients: int, seconds: float) -> dict[str, float]:
    """Ask for `seconds`; answers a second, and the latency's median and 99th percentile in milliseconds."""
    with selectors.DefaultSelector() as watched:
        every = []
        for number in range(clients):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            every.append(Client(connection, requests[number % len(requests)]))
            watched.register(connection, selectors.EVENT_READ, every[-1])
        latencies, errors = [], 0
        started = time.perf_counter()
        for client in every:
            client.ask()
        while (now := time.perf_counter()) - started < seconds:
            for key, _ in watched.select(1):
                status = key.data.answered()
                if status is not None:
                    latencies.append(time.perf_counter() - key.data.asked)
                    errors += status != 200
                    key.data.ask()
        for client in every:
            client.connection.close()
    ranked = statistics.quantiles(latencies, n=100)
    return {"per_second": len(latencies) / (now - started), "p50": ranked[49] * 1e3, "p99": ranked[98] * 1e3, "errors": errors}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--path", default="/predict")
    parser.add_argument("--form", action="store_true")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    data = options.picture.read_bytes()
    body, kind = multipart(data) if options.form else (data, "image/png")
    print(json.dumps(load(options.port, [http_request(options.path, body, kind)], options.clients, options.seconds)))


if __name__ == "__main__":
    main()
