"""Malformed pictures through a whole batch: none crashes a worker, none hangs, every refusal says why."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

from sightline.image import read
from sightline.pipeline import Pipeline, Step

RUN = [sys.executable, "-m", "sightline"]
LIMIT = 4 << 30  # bytes of address space for each process


def test_malformed_pictures_fail_one_by_one_and_the_others_come_through(shared: Path, tmp_path: Path) -> None:
    """Rows 12 and 27 of the hazards, on the path of batches; `read` and `info` have their own test."""
    files = sorted(path for path in (shared / "hostile").rglob("*") if path.is_file())
    for number, path in enumerate(files):
        shutil.copyfile(path, (tmp_path / f"{number:05}"))
    Pipeline((Step("to_depth8"), Step("to_rgb"), Step("resize", {"width": 8, "height": 8}))).save(tmp_path / "p.yaml")
    arguments = [
        "apply",
        tmp_path / "p.yaml",
        tmp_path / "[0-9]*",
        "-o",
        tmp_path / "out",
        "--format",
        "png",
        "--workers",
        "2",
        "--json",
    ]
    ran = subprocess.run(
        [*RUN, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=280,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT)),
    )
    assert ran.returncode == 2, ran.stderr[-2000:]
    said = json.loads(ran.stdout)
    assert said["written"] + len(said["failed"]) == len(files)
    assert said["written"] > 100
    wrong = [failure for failure in said["failed"] if "internal error" in failure["error"] or "died" in failure["error"]]
    assert not wrong
    results = list((tmp_path / "out").glob("*.png"))
    assert len(results) == said["written"]
    assert all(read(path).shape == (8, 8, 3) for path in results[:50])
