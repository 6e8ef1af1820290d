"""Signals to a whole batch, in real processes: it always ends, keeps what was done, and says one thing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from sightline.image import read, write
from sightline.pipeline import Pipeline, Step

COMMAND = [sys.executable, "-m", "sightline", "apply"]
Batch = tuple[subprocess.Popen[str], Path]


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    """Thirty pictures, each of which takes a moment."""
    write(tmp_path / "many/00.png", np.random.default_rng(0).integers(0, 256, (900, 1200, 3), dtype=np.uint8))
    for number in range(1, 30):
        os.link(tmp_path / "many/00.png", tmp_path / f"many/{number:02}.png")
    slow = Step("bilateral", {"sigma_space": 3})
    Pipeline((slow, Step("resize", {"width": 400, "height": 300}))).save(tmp_path / "p.yaml")
    return [str(tmp_path / "p.yaml"), str(tmp_path / "many"), "-o", str(tmp_path / "out"), "--workers", "3"]


@pytest.fixture
def batch(arguments: list[str]) -> Iterator[Batch]:
    """A batch in a process group of its own, and where its results go; whatever happens, nothing of it stays."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen([*COMMAND, *arguments], text=True, start_new_session=True, **pipes)  # type: ignore[call-overload]
    try:
        yield process, Path(arguments[3])
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def results(out: Path) -> list[Path]:
    return sorted(out.glob("[0-9]*.png"))


def until(so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def thrice_to_the_process(process: subprocess.Popen[str], how: signal.Signals) -> None:
    for _ in range(3):
        process.send_signal(how)
        time.sleep(0.02)  # else the system makes one of them


def to_the_process_and_its_group(process: subprocess.Popen[str], how: signal.Signals) -> None:
    """As `timeout -s INT` does."""
    process.send_signal(how)
    os.killpg(process.pid, how)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("send", [thrice_to_the_process, to_the_process_and_its_group])
def test_a_second_signal_neither_hangs_nor_hurts(
    batch: Batch, send: Callable[[subprocess.Popen[str], signal.Signals], None], how: signal.Signals
) -> None:
    process, out = batch
    until(lambda: len(results(out)) >= 3)
    send(process, how)
    _, text = process.communicate(timeout=60)
    assert process.returncode == 130, text
    assert "Traceback" not in text
    assert "stopped after" in text
    assert 3 <= len(results(out)) < 30
    assert all(read(path).shape == (300, 400, 3) for path in results(out))


def test_an_interrupt_while_workers_start_is_told_in_two_lines(batch: Batch) -> None:
    process, out = batch
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        pytest.skip("this system does not list a process's children")
    until(lambda: len(children.read_text().split()) >= 3)  # the tracker of shared memory and two workers
    os.killpg(process.pid, signal.SIGINT)
    _, text = process.communicate(timeout=60)
    assert process.returncode == 130
    assert len(text.splitlines()) == 2, text
    assert f"stopped after {len(results(out))} of 30" in text


def test_what_ends_after_the_signal_is_counted_and_not_made_again(batch: Batch, arguments: list[str]) -> None:
    process, out = batch
    until(lambda: len(results(out)) >= 1)
    process.send_signal(signal.SIGINT)
    _, text = process.communicate(timeout=60)
    done = {path: path.stat().st_mtime_ns for path in results(out)}
    assert f"stopped after {len(done)} of 30" in text
    ran = subprocess.run([*COMMAND, *arguments, "--resume", "--json"], capture_output=True, text=True, timeout=120)
    assert json.loads(ran.stdout)["skipped"] == len(done)
    assert len(results(out)) == 30
    assert {path: path.stat().st_mtime_ns for path in done} == done
