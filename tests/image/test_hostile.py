"""Every malformed picture that fuzzers have found: none may crash, hang, or pass for something that it is not."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

CHUNKS = 8
ADDRESS_SPACE = 4 << 30  # bytes: what a small machine has
SECONDS_A_FILE = 20

# Says each file's name before it is opened, so that the last name of a process that died is the file that killed it.
LOOK = """
import resource, signal, sys
from sightline.errors import ImageError
from sightline.image import check_image, info, read, read_metadata

resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]), int(sys.argv[1])))
for path in sys.stdin.read().splitlines():
    print("FILE", path, flush=True)
    signal.alarm(int(sys.argv[2]))
    try:
        read_metadata(open(path, "rb").read())
        said = info(path)
        print("SAID", said.format)
        for mode in ("color", "gray", "unchanged"):
            image = check_image(read(path, mode))
            if image.shape[:2] != (said.height, said.width):
                print("WRONG", path, "info says", said, "read gives", image.shape)
        print("READ", path)
    except ImageError as error:
        print("REFUSED", error.problem)
    except Exception as error:
        print("WRONG", path, repr(error))
    signal.alarm(0)
print("DONE", flush=True)
"""


def look(files: list[Path]) -> list[str]:
    """What was said about the files, a line each; a line more names a file that killed the process."""
    ran = subprocess.run(
        [sys.executable, "-c", LOOK, str(ADDRESS_SPACE), str(SECONDS_A_FILE)],
        input="\n".join(map(str, files)),
        capture_output=True,
        text=True,
        errors="replace",
        timeout=240,
        env=os.environ | {"OPENCV_LOG_LEVEL": "SILENT"},
    )
    lines = ran.stdout.splitlines()
    if ran.returncode or lines[-1:] != ["DONE"]:
        last = [line for line in lines if line.startswith("FILE ")][-1:]
        lines.append(f"WRONG {last}: the process ended with {ran.returncode}")
    if "Traceback" in ran.stderr or "Warning:" in ran.stderr.replace("Warning: unknown JFIF", ""):
        lines.append(f"WRONG standard error: {ran.stderr[-500:]}")
    return lines


@pytest.mark.skipif(sys.platform == "win32", reason="limits of memory and time are set the way of Unix")
def test_no_malformed_picture_crashes_hangs_or_is_said_to_be_of_another_size(shared: Path) -> None:
    folder = shared / "hostile"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        pytest.skip("the folder of malformed pictures is empty")
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        lines = [line for found in pool.map(look, [files[start::CHUNKS] for start in range(CHUNKS)]) for line in found]
    assert [line for line in lines if line.startswith("WRONG")] == []
    counts = {word: sum(line.startswith(word) for line in lines) for word in ("FILE", "READ", "REFUSED")}
    assert counts["FILE"] == len(files) == counts["READ"] + counts["REFUSED"]
    assert min(counts["READ"], counts["REFUSED"]) > 500  # most PNGs of the test suites are sound, most of the fuzzers' are not
