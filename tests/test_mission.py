"""What the project promises of pictures, one thing after the other, from the shell, on real photos, as a new user would."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sightline as sl

RUN = [sys.executable, "-m", "sightline"]
WALK = {
    "read in colour": "edit photo.jpg to-rgb -o o.png",
    "read in gray": "edit photo.jpg to-gray -o o.png",
    "show in colour and gray": "show photo.jpg other.jpg --gray --save o.png",
    "crop": "edit photo.jpg crop --x 100 --y 50 --width 400 --height 300 -o o.png",
    "resize": "edit photo.jpg resize --width 320 --height 200 -o o.png",
    "resize, keeping the proportions": "edit photo.jpg resize-longest --size 300 -o o.png",
    "blur by a box": "edit photo.jpg box-blur --width 9 --height 9 -o o.png",
    "blur by a Gaussian": "edit photo.jpg gaussian-blur --sigma 4 -o o.png",
    "blur by a median": "edit photo.jpg median-blur --radius 3 -o o.png",
    "blur, keeping edges": "edit photo.jpg bilateral -o o.png",
    "blur by motion": "edit photo.jpg motion-blur --length 25 --angle 30 -o o.png",
    "create blank": "create blank --width 300 --height 200 --color teal -o o.png",
    "create a gradient": "create gradient --start navy --end orange --angle 45 -o o.png",
    "create a checkerboard": "create checkerboard --size 20 -o o.png",
    "create noise": "create noise --kind gaussian --seed 3 -o o.png",
    "take a channel": "edit photo.jpg channel --which red -o o.png",
    "split into channels": "measure photo.jpg split -o o.png",
    "merge channels": "edit gray.png merge --green gray.png --blue gray.png -o o.png",
    "add pictures": "edit photo.jpg add --other other.jpg -o o.png",
    "blend pictures": "edit photo.jpg blend --other other.jpg --alpha 0.3 -o o.png",
    "mask a picture": "edit photo.jpg apply-mask --mask mask.png -o o.png",
    "draw a line": "edit photo.jpg line --x1 10 --y1 10 --x2 900 --y2 600 --thickness 9 --color red -o o.png",
    "draw a rectangle": "edit photo.jpg rectangle --x 50 --y 50 --width 500 --height 300 --fill --opacity 0.5 -o o.png",
    "draw a circle": "edit photo.jpg circle --x 400 --y 300 --radius 150 --thickness 12 -o o.png",
    "draw an ellipse": "edit photo.jpg ellipse --x 400 --y 300 --width 200 --height 90 --angle 20 -o o.png",
    "draw a polygon": "edit photo.jpg polygon --points '100,100 700,200 300,600' --fill --color '#0072b280' -o o.png",
    "write Unicode text": "edit photo.jpg text --text 'Grüße, Мир' --x 40 --y 40 --size 90 --color white -o o.png",
    "wrap and centre text": "edit photo.jpg text --text 'a long line that wraps' --width 400 --align center --size 60 -o o.png",
    "overlay a picture": "edit photo.jpg overlay --picture clear.png --x 30 --y 40 --opacity 0.7 -o o.png",
    "inpaint by Telea": "edit photo.jpg inpaint --mask mask.png --method telea -o o.png",
    "inpaint by Navier-Stokes": "edit photo.jpg inpaint --mask mask.png --method navier_stokes -o o.png",
    "measure a histogram": "measure photo.jpg histogram -o o.png",
    "find contours": "measure photo.jpg contours --min-area 200 -o o.png",
    "find connected parts": "measure photo.jpg to-gray otsu connected-components -o o.png",
    "find lines": "measure photo.jpg hough-lines -o o.png",
    "find circles": "measure photo.jpg resize-longest --size 600 hough-circles -o o.png",
}


@pytest.fixture(scope="module")
def folder(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("walk")
    photo = sl.resize_longest(sl.read(shared / "exif/Landscape_6.jpg"), size=960)
    sl.write(home / "photo.jpg", photo)
    sl.write(home / "other.jpg", sl.resize(sl.read(shared / "exif/Portrait_3.jpg"), width=photo.shape[1], height=photo.shape[0]))
    sl.write(home / "gray.png", sl.to_gray(photo))
    mask = sl.mask_from_polygon(width=photo.shape[1], height=photo.shape[0], points="200,100 260,100 300,300 240,320")
    sl.write(home / "mask.png", mask)
    sl.write(home / "clear.png", sl.opacity(sl.sample(width=200, height=150), factor=0.8))
    return home


@pytest.mark.parametrize("what", WALK)
def test_it_can_be_done_from_the_shell_on_a_photo(folder: Path, what: str) -> None:
    (folder / "o.png").unlink(missing_ok=True)
    ran = subprocess.run([*RUN, *shlex.split(WALK[what])], cwd=folder, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    result: Any = sl.read(folder / "o.png", "unchanged")
    assert result.std() > 0 or what == "create blank"
    same_size = sl.read(folder / "photo.jpg").shape
    if result.shape == same_size and what != "read in colour":
        assert not np.array_equal(result, sl.read(folder / "photo.jpg"))


def test_inpainting_touches_the_mask_alone(folder: Path) -> None:
    command = "edit photo.jpg inpaint --mask mask.png -o o.png"
    subprocess.run([*RUN, *command.split()], cwd=folder, check=True, timeout=60)
    changed = (sl.read(folder / "o.png") != sl.read(folder / "photo.jpg")).any(axis=2)
    assert changed.any()
    assert not changed[sl.read(folder / "mask.png", "gray") == 0].any()


def test_what_a_file_is_is_told(folder: Path) -> None:
    ran = subprocess.run([*RUN, "info", "photo.jpg", "--json"], cwd=folder, capture_output=True, text=True, timeout=60)
    found = json.loads(ran.stdout)
    found = found[0] if isinstance(found, list) else found
    assert (found["format"], found["bits"]) == ("JPEG", 8)
