"""Several processes that share every batch come to what one comes to."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sightline.errors import ParameterError
from sightline.training.share import Share

SCRIPT = Path(__file__).with_name("steps_together.py")


def start(number: int, processes: int, address: str) -> subprocess.Popen[str]:
    settings = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "JAX_CPU_COLLECTIVES_IMPLEMENTATION": "gloo"}
    command = [sys.executable, str(SCRIPT), str(number), str(processes), address]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env={**os.environ, **settings}, **pipes)


def ended(processes: list[subprocess.Popen[str]]) -> list[dict[str, Any]]:
    results = []
    try:
        for process in processes:
            out, error = process.communicate(timeout=200)
            assert process.returncode == 0, error[-3000:]
            results.append(json.loads(out.strip().splitlines()[-1]))
    finally:
        for process in processes:
            process.kill()
    return results


def test_two_processes_come_to_the_weights_of_one() -> None:
    """With batch normalization, weights of pictures, soft targets, and 11 pictures that the batches leave over."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    first, second = ended([start(0, 2, address), start(1, 2, address)])
    (alone,) = ended([start(0, 1, "")])
    for case in ("labels", "weights", "soft"):
        for one, other in ((first, second), (first, alone)):
            assert np.allclose(one[case]["told"], other[case]["told"], atol=1e-4)
            assert np.allclose(one[case]["seen"], other[case]["seen"], atol=1e-4)
            for here, there in zip(one[case]["weights"], other[case]["weights"], strict=True):
                assert np.allclose(here, there, atol=1e-4)
    assert first["labels"]["told"][-1][1] < 0.9 * first["labels"]["told"][0][1]  # it has learnt


def test_shares_are_the_batch_and_nothing_twice() -> None:
    order = np.random.default_rng(0).permutation(1000)
    shares = [Share(number, 4, 64, 1000).rows(order) for number in range(4)]
    for batch in range(15):
        parts = np.concatenate([share[batch * 16 : (batch + 1) * 16] for share in shares])
        assert np.array_equal(parts, order[batch * 64 : (batch + 1) * 64])
    assert all(np.array_equal(share[240:], order[960:]) for share in shares)


def test_a_batch_that_cannot_be_shared_out_is_refused() -> None:
    with pytest.raises(ParameterError, match="a batch_size that 3 workers divide, received 128"):
        Share(0, 3, 128, 1000)
