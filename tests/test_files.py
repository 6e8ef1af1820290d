from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from sightline.errors import StorageError
from sightline.files import UMASK, replacing, sha256, write_bytes, write_json


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.bin"
    write_bytes(path, b"old")
    write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_an_error_in_the_middle_leaves_the_old_content_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "b.bin"
    write_bytes(path, b"old")
    with pytest.raises(KeyError), replacing(path) as temporary:
        temporary.write_bytes(b"half")
        raise KeyError
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


FULL_DISK = """
import resource, sys
from sightline.errors import StorageError
from sightline.files import write_bytes
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    write_bytes(sys.argv[1], b"x" * 100_000)
except StorageError as error:
    print(error)
"""


def test_a_full_disk_is_a_clear_error_and_the_old_file_stays(tmp_path: Path) -> None:
    """Row 24 of the hazards: the system's limit on a file's size stands in for the end of the disk."""
    path = tmp_path / "b.bin"
    write_bytes(path, b"old")
    ran = subprocess.run([sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith(f"cannot write {str(path)!r}: File too large. What was there before is untouched")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


@pytest.mark.skipif(sys.platform == "win32", reason="permissions and file names are those of Unix")
def test_a_file_keeps_its_permissions_and_may_have_a_long_name(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 240 + ".bin")
    write_bytes(path, b"old")
    assert path.stat().st_mode & 0o777 == 0o666 & ~UMASK
    for mode in (0o600, 0o664):
        path.chmod(mode)
        write_bytes(path, b"new")
        assert path.stat().st_mode & 0o777 == mode
    assert list(tmp_path.iterdir()) == [path]


UNFLUSHED = """
import os, sys
from sightline.files import write_bytes
os.getuid() or os.setuid(65534)
write_bytes(sys.argv[1], b"new")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are those of Unix")
def test_a_folder_that_cannot_be_flushed_is_no_failure() -> None:
    """A folder that may be written to but not opened stands in for one whose system cannot flush it."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "a.bin"
        Path(name).chmod(0o333)
        ran = subprocess.run([sys.executable, "-c", UNFLUSHED, str(path)], capture_output=True, text=True)
        Path(name).chmod(0o700)
        assert ran.stderr == ""
        assert path.read_bytes() == b"new"


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write"):
        write_bytes(tmp_path / "file" / "below", b"")


def test_json_has_no_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"a": float("nan")})
    write_json(tmp_path / "a.json", {"ä": [1.5]})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"ä": [1.5]}


def test_sha256_is_that_of_the_known_text(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")  # FIPS 180-4, example B.1
    assert sha256(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
