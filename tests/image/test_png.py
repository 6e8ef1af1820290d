"""The short way to a PNG's header, against Pillow's."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from sightline.image import encode
from sightline.image.png import read_plain_png

KINDS = {"L": (40, 30), "RGB": (40, 30, 3), "RGBA": (40, 30, 4)}


def plain(mode: str) -> bytes:
    return encode(np.random.default_rng(0).integers(0, 256, KINDS[mode], np.uint8), ".png")


@pytest.mark.parametrize("mode", KINDS)
def test_a_plain_png_is_read_as_pillow_reads_it(mode: str) -> None:
    assert read_plain_png(plain(mode)) == (30, 40, mode)


@pytest.mark.parametrize("kwargs", [{"exif": b"MM\0*\0\0\0\b\0\0"}, {"transparency": 3}, {"dpi": (72, 72)}, {"icc_profile": b"x"}])
def test_a_png_that_says_more_is_left_to_pillow(kwargs: dict[str, object]) -> None:
    file = io.BytesIO()
    Pillow.fromarray(np.zeros((4, 5), np.uint8)).save(file, "PNG", **kwargs)
    assert len(file.getvalue()) > 70
    assert read_plain_png(file.getvalue()) is None


@pytest.mark.parametrize("mode", ["1", "LA", "P", "I;16"])
def test_other_colors_and_depths_are_left_to_pillow(mode: str) -> None:
    file = io.BytesIO()
    Pillow.new(mode, (5, 4)).save(file, "PNG")
    assert read_plain_png(file.getvalue()) is None


def test_no_cut_or_changed_header_is_read_otherwise_than_pillow_reads_it() -> None:
    data = plain("L")
    for length in range(len(data) - 1):
        assert read_plain_png(data[:length]) is None or length >= len(data) - 8  # IEND's checksum at most
    for place in range(33):
        for value in (0, 1, 3, 0x80, 0xFF):
            changed = data[:place] + bytes([value]) + data[place + 1 :]
            assert (read_plain_png(changed) is not None) == (changed == data), (place, value)


def test_a_process_that_has_read_nothing_else_tells_all_of_a_plain_png(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(plain("RGB"))
    code = (
        "import sys, sightline as sl; from sightline.image import read_metadata\n"
        "sl.read('a.png'); assert 'PIL' not in sys.modules\n"
        "print(sl.info('a.png').colors, read_metadata(open('a.png', 'rb').read()).exif)"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ran.stdout == "RGB None\n", ran.stderr


def test_real_pictures_have_the_size_and_colors_that_pillow_says(shared: Path) -> None:
    found = 0
    for path in sorted(shared.rglob("*.png"))[:2000]:
        header = read_plain_png(path.read_bytes())
        if header is not None:
            found += 1
            with Pillow.open(path) as opened:
                assert header == (*opened.size, opened.mode), path
                assert "exif" not in opened.info
                assert "transparency" not in opened.info
    assert found > 10
