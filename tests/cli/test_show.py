from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from sightline.image import read, write
from sightline.sheet import contact_sheet
from tests.cli.test_cli import sightline
from tests.test_package import HEAVY, RUN, loaded

PICTURE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures, one broken file, and one that is no picture."""
    write(tmp_path / "a.png", PICTURE)
    block = Pillow.Exif()
    block[0x0112] = 6
    Pillow.fromarray(PICTURE).save(tmp_path / "turned.jpg", exif=block, quality=95)
    (tmp_path / "broken.png").write_bytes((tmp_path / "a.png").read_bytes()[:60])
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def test_info_of_one_picture_is_said_in_words(folder: Path) -> None:
    ran = sightline("info", "turned.jpg", cwd=folder)
    assert ran.returncode == 0
    said = dict(line.split(None, 1) for line in ran.stdout.splitlines() if not line.startswith("file size"))
    assert said["format"].strip() == "JPEG"
    assert said["size"].strip() == "20 x 30"
    assert said["orientation"].strip() == "6: stored turned to the left, shown upright"
    assert said["profile"].strip() == "none"


def test_the_words_for_each_orientation_are_those_of_the_turn_that_mends_it(tmp_path: Path) -> None:
    """Pillow's own turn is the oracle: what is stored is the upright picture, treated as the words say."""
    upright = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
    stored = {
        2: ("mirrored", np.fliplr(upright)),
        3: ("upside down", np.rot90(upright, 2)),
        4: ("upside down and mirrored", np.fliplr(np.rot90(upright, 2))),
        6: ("turned to the left", np.rot90(upright)),
        8: ("turned to the right", np.rot90(upright, -1)),
    }
    from PIL import ImageOps

    for number, (words, pixels) in stored.items():
        block = Pillow.Exif()
        block[0x0112] = number
        path = tmp_path / f"{number}.png"
        Pillow.fromarray(np.ascontiguousarray(pixels)).save(path, exif=block)
        with Pillow.open(path) as opened:
            assert np.array_equal(np.asarray(ImageOps.exif_transpose(opened)), upright)
        assert f"{number}: stored {words}, shown upright" in sightline("info", str(path)).stdout


def test_info_of_several_pictures_is_a_table_and_of_an_animation_counts_its_frames(folder: Path) -> None:
    frames = [Pillow.fromarray(PICTURE + np.uint8(number)) for number in range(12)]
    frames[0].save(folder / "moving.gif", save_all=True, append_images=frames[1:])
    rows = [line.split() for line in sightline("info", "a.png", "moving.gif", cwd=folder).stdout.splitlines()]
    assert rows[0][:3] == ["file", "format", "size"]
    assert [row[0] for row in rows[1:]] == ["a.png", "moving.gif"]
    assert "12" in rows[2]
    assert "12 frames, the first is read" in sightline("info", "moving.gif", cwd=folder).stdout


def test_info_as_json_holds_every_fact_and_what_could_not_be_read(folder: Path) -> None:
    ran = sightline("info", "a.png", "notes.txt", "nowhere.png", "--json", cwd=folder)
    assert ran.returncode == 2
    found = json.loads(ran.stdout)
    assert found[0] == {
        "name": "a.png",
        "format": "PNG",
        "width": 30,
        "height": 20,
        "colors": "RGB",
        "bits": 8,
        "orientation": None,
        "frames": 1,
        "profile": None,
        "bytes": (folder / "a.png").stat().st_size,
    }
    assert [row["name"] for row in found] == ["a.png", "notes.txt", "nowhere.png"]
    assert all("error" in row for row in found[1:])
    assert "2 of 3 pictures could not be read" in ran.stderr


def test_info_reads_standard_input(folder: Path) -> None:
    found = json.loads(sightline("info", "-", "--json", data=(folder / "a.png").read_bytes()).stdout)
    assert (found[0]["name"], found[0]["width"]) == ("standard input", 30)
    ran = sightline("info", "-", data=b"nothing")
    assert ran.returncode == 2
    assert "cannot read" in ran.stderr


def test_show_writes_a_sheet_of_names_and_sizes(folder: Path) -> None:
    ran = sightline("show", "a.png", "turned.jpg", "--save", "sheet.png", cwd=folder)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "sheet.png\n", "")
    pictures = [read(folder / name) for name in ("a.png", "turned.jpg")]
    expected = contact_sheet(pictures, ["a.png\n30 x 20", "turned.jpg\n20 x 30"], tile=360)
    assert np.array_equal(read(folder / "sheet.png"), expected)


def test_show_in_gray_in_columns_and_of_a_size(folder: Path) -> None:
    assert (
        sightline("show", "a.png", "a.png", "--gray", "--columns", "1", "--tile", "99", "--save", "s.png", cwd=folder).returncode
        == 0
    )
    expected = contact_sheet([read(folder / "a.png", "gray")] * 2, ["a.png\n30 x 20"] * 2, columns=1, tile=99)
    assert np.array_equal(read(folder / "s.png"), expected)


def test_show_names_what_it_cannot_read_and_shows_the_rest(folder: Path) -> None:
    ran = sightline("show", ".", "--save", "s.png", cwd=folder)
    assert ran.returncode == 2
    assert "broken.png" in ran.stderr
    assert "1 of 3 pictures could not be read" in ran.stderr
    assert (folder / "s.png").is_file()


def test_show_of_very_many_shows_some_and_says_so(tmp_path: Path) -> None:
    for number in range(70):
        write(tmp_path / f"{number:02}.png", np.full((4, 4), 3 * number, np.uint8))
    ran = sightline("show", str(tmp_path), "--save", str(tmp_path / "sheet.jpg"))
    assert ran.returncode == 0
    assert "Showing the first 64 of 70 pictures" in ran.stderr
    assert read(tmp_path / "sheet.jpg").shape[1] < 3000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "a.png", "--save", "s.xyz"], "suffix '.xyz'"),
        (["show", "nowhere.png"], "there is no such file"),
        (["show", "a.png", "--max-pixels", "100", "--save", "s.png"], "expected at most 100 pixels"),
        (["show", "*.gif"], "nothing matches '*.gif'"),
        (["info", "notes.txt"], "bytes that are none"),
        (["info", "a.png", "--max-pixels", "100"], "received 30 x 20"),
    ],
)
def test_a_mistake_is_two_lines_and_exit_2(folder: Path, arguments: list[str], message: str) -> None:
    before = sorted(folder.iterdir())
    ran = sightline(*arguments, cwd=folder, columns=400)
    assert ran.returncode == 2
    assert message in ran.stderr
    assert len(ran.stderr.splitlines()) <= 2
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("command", ["show", "info"])
def test_help_begins_with_an_example_and_fits_a_screen(command: str) -> None:
    lines = sightline(command, "--help", columns=80).stdout.splitlines()
    assert any(f"sightline {command} " in line for line in lines[4:8])
    assert len(lines) < 40


def test_pictures_come_first_in_the_help() -> None:
    text = sightline("--help").stdout
    assert text.index("Pictures") < text.index("Models") < text.index("Data")


def test_showing_and_asking_are_light(folder: Path) -> None:
    assert not loaded(RUN, "show", "--help") & {*HEAVY, "numpy", "cv2"}
    for arguments in (["info", str(folder / "a.png")], ["show", str(folder / "a.png"), "--save", str(folder / "s.png")]):
        assert not loaded(RUN, *arguments) & {*HEAVY, "textual_image", "IPython"}
