"""The description of the interface holds: schemathesis sends what it allows and what it forbids, and looks at every answer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .conftest import begin

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
]
"""All that apply but one: no schema can say which bytes are a picture, so what it allows may still be refused."""


def test_every_answer_is_one_that_the_description_names(tmp_path: Path) -> None:
    service = begin("-m", "mnist", "--timeout", "10")  # of its own: a model that is loaded again has another version
    (tmp_path / "schemathesis.toml").write_text('[parameters]\n"path.name" = "mnist"\n')
    address = f"http://127.0.0.1:{service.port}/openapi.json"
    settings = ["--phases", "coverage,fuzzing", "--max-examples", "10", "--seed", "1", "--continue-on-failure"]
    command = [str(Path(sys.executable).parent / "schemathesis"), "run", address, "--checks", ",".join(CHECKS), *settings]
    try:
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240)
    finally:
        service.end()
    assert ran.returncode == 0, ran.stdout[-6000:]
    assert "Tested: 17" in ran.stdout, ran.stdout[-2000:]
