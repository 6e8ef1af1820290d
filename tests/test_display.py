from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sightline.display import show
from sightline.errors import ImageError, InputError, ParameterError
from sightline.image import encode, read, write
from sightline.sheet import contact_sheet

BLUE = np.full((28, 28, 3), (0, 114, 178), np.uint8)
BARE = {
    key: value for key, value in os.environ.items() if key not in {"DISPLAY", "WAYLAND_DISPLAY", "COLUMNS", "LINES", "NO_COLOR"}
}
SHOW = "import sys, sightline.display as d; d.show(*sys.argv[1:])"
CELL = "\x1b[38;2;0;114;178;48;2;0;114;178m▀"  # two pixels of the picture in one cell


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    for name in ("a.png", "b [x].png"):
        write(tmp_path / name, BLUE)
    return [str(tmp_path / name) for name in ("a.png", "b [x].png")]


def in_terminal(
    *arguments: str, answers: dict[bytes, bytes] | None = None, keyboard: bool = True, size: tuple[int, ...] = (40, 100, 1000, 800)
) -> str:
    """What a real terminal is sent; `answers` are its own to the questions it is asked."""
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *size))
    process = subprocess.Popen(
        [sys.executable, "-c", SHOW, *arguments],
        stdin=theirs if keyboard else subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
        env=BARE | {"TERM": "xterm-256color", "COLORTERM": "truecolor"},
        start_new_session=True,
    )
    os.close(theirs)
    sent = b""
    try:
        while True:
            try:
                block = os.read(ours, 1 << 16)
            except OSError:  # the other side is closed
                break
            if not block:
                break
            sent += block
            for question, answer in (answers or {}).items():
                if question in block:
                    os.write(ours, answer)
    finally:
        os.close(ours)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, b"")
    return sent.decode()


unix = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")


@unix
def test_a_plain_terminal_is_given_cells_in_the_pictures_colours_and_the_names_below(files: list[str]) -> None:
    sent = in_terminal(*files)
    assert CELL in sent
    assert sent.rstrip().endswith("a.png, b [x].png")
    rows = [line for line in re.sub(r"\x1b\[[0-9;]*m", "", sent).splitlines() if "▀" in line]
    assert {row.count("▀") for row in rows} == {100}


@unix
@pytest.mark.parametrize("size", [(40, 100, 1000, 800), (40, 100, 0, 0)])
def test_a_terminal_that_says_it_can_draw_pixels_is_given_pixels(files: list[str], size: tuple[int, ...]) -> None:
    sent = in_terminal(*files, answers={b"\x1b[c": b"\x1b[?62;4;22c"}, size=size)
    assert "\x1bP" in sent  # Sixel
    assert "▀" not in sent


@unix
@pytest.mark.parametrize("answer", [b"\xff\xfe", b"q", b"\x1b[?c", b"\x1b[?62;22c"])
def test_an_odd_answer_or_a_key_pressed_meanwhile_does_no_harm(files: list[str], answer: bytes) -> None:
    assert CELL in in_terminal(*files, answers={b"\x1b[c": answer})


@unix
def test_a_terminal_without_keyboard_or_size_still_shows_pictures(files: list[str]) -> None:
    assert CELL in in_terminal(*files, keyboard=False)
    assert "▀" in in_terminal(*files, answers={b"\x1b[c": b"\x1b[?62;4c"}, size=(0, 0, 0, 0))


def run(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=BARE | environment, timeout=60)


@pytest.mark.skipif(sys.platform in {"darwin", "win32"}, reason="there is always a display")
@pytest.mark.parametrize("environment", [{}, {"DISPLAY": ":987"}, {"DISPLAY": ":987", "MPLBACKEND": "agg"}])
def test_where_nothing_can_show_pictures_the_way_out_is_said(files: list[str], environment: dict[str, str]) -> None:
    ran = run(SHOW, *files, **environment)
    assert ran.returncode == 1
    assert "InputError: there is nowhere to show pictures" in ran.stderr
    assert 'save="sheet.png"' in ran.stderr


NOTEBOOK = """
import sys, types
shown = []
package = types.ModuleType("IPython")
package.display = types.ModuleType("IPython.display")
package.display.display = lambda data, raw: shown.append((data, raw))
package.get_ipython = lambda: types.SimpleNamespace({kernel})
sys.modules |= {{"IPython": package, "IPython.display": package.display}}
from sightline.display import show
from base64 import b64decode
from pathlib import Path
show(sys.argv[1])
(data, raw), = shown
assert raw
Path(sys.argv[2]).write_bytes(b64decode(data["image/png"]))
"""


def test_in_a_notebook_the_sheet_is_the_cells_output(files: list[str], tmp_path: Path) -> None:
    """The parts of IPython that are called, as its documentation has them; it need not be installed."""
    ran = run(NOTEBOOK.format(kernel="kernel=object()"), files[0], str(tmp_path / "shown.png"))
    assert ran.returncode == 0, ran.stderr
    show(files[0], save=tmp_path / "saved.png")
    assert np.array_equal(read(tmp_path / "shown.png"), read(tmp_path / "saved.png"))


@pytest.mark.skipif(sys.platform in {"darwin", "win32"}, reason="there is always a display")
def test_ipython_in_a_terminal_is_no_notebook(files: list[str], tmp_path: Path) -> None:
    assert "there is nowhere to show pictures" in run(NOTEBOOK.format(kernel=""), files[0], str(tmp_path / "a")).stderr


def test_saving_loads_neither_matplotlib_nor_a_notebook_nor_a_terminal(files: list[str], tmp_path: Path) -> None:
    code = "import sys; from sightline.display import show; show(*sys.argv[1:3], save=sys.argv[3]); print(*sys.modules)"
    loaded = set(run(code, *files, str(tmp_path / "s.png")).stdout.split())
    assert "sightline.sheet" in loaded
    assert not loaded & {"matplotlib", "IPython", "textual_image", "tensorflow", "rich"}


def test_what_is_saved_is_the_contact_sheet_with_the_files_names(files: list[str], tmp_path: Path) -> None:
    show(*files, save=tmp_path / "s.png")
    assert np.array_equal(read(tmp_path / "s.png"), contact_sheet([BLUE, BLUE], ["a.png", "b [x].png"], tile=360))
    show([BLUE, BLUE, BLUE], columns=1, save=tmp_path / "s.png")
    assert np.array_equal(read(tmp_path / "s.png"), contact_sheet([BLUE] * 3, columns=1, tile=360))
    show(BLUE, encode(BLUE, ".png"), Path(files[0]), titles=["x", "y", "z"], save=str(tmp_path / "s.png"))
    assert np.array_equal(read(tmp_path / "s.png"), contact_sheet([BLUE] * 3, ["x", "y", "z"], tile=360))


def test_a_picture_alone_is_large_and_a_file_is_read_in_the_mode_asked_for(files: list[str], tmp_path: Path) -> None:
    show(files[0], save=tmp_path / "s.png", mode="gray")
    assert np.array_equal(read(tmp_path / "s.png"), contact_sheet([read(files[0], "gray")], ["a.png"], tile=720))


def test_what_is_no_picture_is_refused(files: list[str], tmp_path: Path) -> None:
    save = tmp_path / "s.png"
    with pytest.raises(ParameterError, match="no pictures to show"):
        show(save=save)
    with pytest.raises(ParameterError, match="no pictures to show"):
        show([], save=save)
    with pytest.raises(
        ParameterError, match="cannot show picture 2: expected an array, a path or the bytes of a file, received int"
    ):
        show(BLUE, 3, save=save)  # type: ignore[arg-type]
    with pytest.raises(ImageError, match="no such file"):
        show("nowhere.png", save=save)
    with pytest.raises(ImageError, match="picture 2 has the wrong shape"):
        show([BLUE, np.zeros((2, 2, 2), np.uint8)], save=save)
    with pytest.raises(ImageError, match="suffix '.xyz'"):
        show(BLUE, save=tmp_path / "s.xyz")
    with pytest.raises(ParameterError, match="titles do not fit"):
        show(BLUE, titles=["a", "b"], save=save)
    with pytest.raises(InputError):
        show(files[0], mode="grey", save=save)  # type: ignore[arg-type]
    assert not save.exists()


def test_the_size_of_each_can_be_named(files: list[str], tmp_path: Path) -> None:
    show(BLUE, tile=1024, save=tmp_path / "s.png")
    assert np.array_equal(read(tmp_path / "s.png"), contact_sheet([BLUE], tile=1024))
    with pytest.raises(ParameterError, match="invalid tile: expected 16 to 4096 px, received 5"):
        show(files[0], tile=5, save=tmp_path / "t.png")
