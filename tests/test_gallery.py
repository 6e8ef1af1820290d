"""The gallery of operations is up to date, whole, and what it says to type works."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from html import unescape
from importlib import import_module
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image as Pillow

import sightline as sl

ROOT = Path(__file__).parents[1]
HOME = ROOT / "docs" / "gallery"


@pytest.fixture(scope="module")
def tool() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "tools"))
        yield import_module("build_gallery")
        for name in ("build_gallery", "gallery", "gallery.pictures"):
            sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def files(tool: ModuleType) -> dict[str, bytes]:
    made: dict[str, bytes] = tool.make()
    return made


@pytest.fixture
def copy(tool: ModuleType, files: dict[str, bytes], tmp_path: Path) -> Path:
    tool.write(files, tmp_path)
    assert tool.stale(files, tmp_path) == []
    return tmp_path


def recolored(data: bytes, level: int, side: int) -> bytes:
    """The picture with a square of `side` pixels shifted by `level`, without loss."""
    with Pillow.open(io.BytesIO(data)) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(np.int16)
    pixels[:side, :side] = np.abs(pixels[:side, :side] - level)
    out = io.BytesIO()
    Pillow.fromarray(pixels.astype(np.uint8)).save(out, "WEBP", lossless=True)
    return out.getvalue()


def test_the_gallery_in_the_docs_is_up_to_date(tool: ModuleType, files: dict[str, bytes]) -> None:
    late = tool.stale(files, HOME)
    assert not late, f"run `make docs`: {', '.join(late)}"


def test_it_stays_small(files: dict[str, bytes]) -> None:
    assert sum(map(len, files.values())) < 2_500_000


def test_every_operation_has_its_place(files: dict[str, bytes]) -> None:
    index = files["index.html"].decode()
    for operation in sl.OPS:
        assert f'href="{operation.group}.html#{operation.name}"' in index
        assert f'<article id="{operation.name}"' in files[f"{operation.group}.html"].decode()
        assert f"images/{operation.name}.webp" in files


def test_every_link_and_picture_is_there_and_nothing_comes_from_elsewhere(files: dict[str, bytes]) -> None:
    used = set()
    for name, data in files.items():
        if not name.endswith(".html"):
            continue
        page = data.decode()
        for target in re.findall(r'(?:href|src)="([^"]*)"', page):
            path, _, anchor = unquote(unescape(target)).partition("#")
            used.add(path)
            there = files[path or name]  # a KeyError names what is missing
            assert not anchor or f'id="{anchor}"' in there.decode(), f"{name}: {target}"
        assert "url(" not in page
        assert all("alt=" in tag for tag in re.findall(r"<img[^>]*>", page))
    assert set(files) - used == set()


def test_what_is_the_same_is_left_alone(tool: ModuleType, files: dict[str, bytes], copy: Path) -> None:
    path = copy / "images" / "gaussian_blur.webp"
    other = recolored(path.read_bytes(), level=1, side=100)  # as another processor might round it
    path.write_bytes(other)
    tool.write(files, copy)
    assert path.read_bytes() == other


def test_a_changed_text_is_stale(tool: ModuleType, files: dict[str, bytes], copy: Path) -> None:
    page = copy / "filters.html"
    page.write_bytes(page.read_bytes().replace(b"Gaussian", b"gaussian", 1))
    assert tool.stale(files, copy) == ["filters.html"]


@pytest.mark.parametrize(("level", "side"), [(3, 192), (90, 12)], ids=["all a little", "a spot clearly"])
def test_a_changed_picture_is_stale(tool: ModuleType, files: dict[str, bytes], copy: Path, level: int, side: int) -> None:
    path = copy / "images" / "gaussian_blur.webp"
    path.write_bytes(recolored(path.read_bytes(), level, side))
    assert tool.stale(files, copy) == ["images/gaussian_blur.webp"]


@pytest.mark.parametrize("data", [b"", b"no picture"])
def test_a_broken_picture_is_stale(tool: ModuleType, files: dict[str, bytes], copy: Path, data: bytes) -> None:
    (copy / "images" / "sobel.webp").write_bytes(data)
    assert tool.stale(files, copy) == ["images/sobel.webp"]


def test_missing_and_surplus_files_are_stale_and_mended(tool: ModuleType, files: dict[str, bytes], copy: Path) -> None:
    (copy / "edges.html").unlink()
    (copy / "images" / "gone.webp").write_bytes(files["images/sobel.webp"])
    assert tool.stale(files, copy) == ["edges.html", "images/gone.webp"]
    tool.write(files, copy)
    assert tool.stale(files, copy) == []


def test_check_says_what_to_do(
    tool: ModuleType, files: dict[str, bytes], copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tool, "HOME", copy)
    monkeypatch.setattr(tool, "make", lambda: files)
    assert tool.main(["--check"]) == 0
    (copy / "edges.html").write_text("old")
    assert tool.main(["--check"]) == 1
    said = capsys.readouterr()
    assert said.out == "docs/gallery/edges.html\n"
    assert "make docs" in said.err
    assert (copy / "edges.html").read_text() == "old"


def test_the_examples_in_python_run(tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for operation in sl.OPS:
        scene = tool.scene_of(operation)
        photo = sl.to_depth8(tool.source(scene.picture))
        sl.write("photo.jpg", sl.to_rgb(photo) if photo.ndim == 3 else photo)
        for name, other in scene.others.items():
            sl.write(f"{name}.png", tool.source(other))
        code = str(dict(tool.forms_of(operation, scene))["Python"].unescape())
        exec(code, {})
        written = [path for path in tmp_path.glob("out.*") if path.stat().st_size]
        assert len(written) == 1, operation.name
        written[0].unlink()
