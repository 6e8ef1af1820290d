"""Chains of operations from the shell, as a person types them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import sightline as sl
from sightline.pipeline import Between, Pipeline, Step

RUN = [sys.executable, "-m", "sightline"]


def run(*arguments: object, stdin: bytes | None = None, code: int = 0) -> subprocess.CompletedProcess[bytes]:
    ran = subprocess.run([*RUN, *map(str, arguments)], input=stdin, capture_output=True, timeout=60)
    assert b"Traceback" not in ran.stderr, ran.stderr.decode()
    assert ran.returncode == code, ran.stderr.decode()
    return ran


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    sl.write(tmp_path / "photo.png", sl.sample(width=320, height=240))
    return tmp_path / "photo.png"


def test_a_chain_is_what_the_functions_do_one_after_the_other(photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    words = "crop --x 40 --y 20 --width 200 --height 150 gaussian-blur --sigma 2 text --text Grüße --x 10 --y 30".split()  # noqa: SIM905 - as it is typed
    run("edit", photo, *words, "-o", out)
    expected = sl.crop(sl.read(photo, "unchanged"), x=40, y=20, width=200, height=150)
    expected = sl.text(sl.gaussian_blur(expected, sigma=2), text="Grüße", x=10, y=30)
    assert np.array_equal(sl.read(out, "unchanged"), expected)


def test_options_of_the_command_may_stand_anywhere_and_names_may_have_underscores(photo: Path, tmp_path: Path) -> None:
    run("edit", "-o", tmp_path / "a.png", photo, "gaussian_blur", "--sigma=2", "flip")
    run("edit", photo, "gaussian-blur", "-o", tmp_path / "b.png", "--sigma", 2, "flip")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_the_saved_pipeline_gives_the_same_pixels_and_the_sheet_shows_every_step(photo: Path, tmp_path: Path) -> None:
    outputs = ["-o", tmp_path / "o.png", "--save-pipeline", tmp_path / "p.yaml", "--steps", tmp_path / "sheet.png"]
    run("edit", photo, "to-gray", "canny", *outputs)
    pipeline = Pipeline.load(tmp_path / "p.yaml")
    assert [step.op for step in pipeline.steps] == ["to_gray", "canny"]
    assert np.array_equal(pipeline.run(sl.read(photo, "unchanged")), sl.read(tmp_path / "o.png", "unchanged"))
    sheet = sl.read(tmp_path / "sheet.png")
    assert sheet.shape[1] > 3 * 200  # three tiles side by side


def test_ranges_and_probabilities_are_drawn_and_saved(photo: Path, tmp_path: Path) -> None:
    chain = ["gaussian-blur", "--sigma", "0.5..6", "flip", "--p", "0.5", "invert", "--when", "train"]
    run("edit", photo, *chain, "--draw", 3, "-o", tmp_path / "o.png", "--save-pipeline", tmp_path / "p.yaml")
    pipeline = Pipeline.load(tmp_path / "p.yaml")
    assert pipeline.steps[0] == Step("gaussian_blur", {"sigma": Between(0.5, 6.0)})
    assert (pipeline.steps[1].p, pipeline.steps[2].when) == (0.5, "train")
    assert np.array_equal(sl.read(tmp_path / "o.png", "unchanged"), pipeline.run(sl.read(photo, "unchanged"), seed=3))


def test_negative_numbers_points_colours_and_switches_are_understood(photo: Path, tmp_path: Path) -> None:
    words = [
        "polygon",
        "--points",
        "10,10 100,20 60,90",
        "--color",
        "#ff000080",
        "--fill",
        "rotate",
        "--angle",
        "-30",
        "--no-expand",
    ]
    run("edit", photo, *words, "-o", tmp_path / "o.png")
    expected = sl.polygon(sl.read(photo, "unchanged"), points=((10, 10), (100, 20), (60, 90)), color="#ff000080", fill=True)
    assert np.array_equal(sl.read(tmp_path / "o.png", "unchanged"), sl.rotate(expected, angle=-30, expand=False))


def test_standard_input_and_output_are_pictures(photo: Path) -> None:
    ran = run("edit", "-", "invert", "-o", "-", stdin=photo.read_bytes())
    assert np.array_equal(sl.read(ran.stdout, "unchanged"), sl.invert(sl.read(photo, "unchanged")))


def test_pictures_are_created(tmp_path: Path) -> None:
    run("create", "checkerboard", "--width", 256, "--height", 128, "-o", tmp_path / "c.png")
    assert np.array_equal(sl.read(tmp_path / "c.png", "unchanged"), sl.checkerboard(width=256, height=128))
    run("create", "blank", "--width", 60, "--height", 40, "circle", "--x", 30, "--y", 20, "--radius", 9, "-o", tmp_path / "d.png")
    assert len(np.unique(sl.read(tmp_path / "d.png", "gray"))) > 1


def test_measurements_are_numbers_and_drawings(tmp_path: Path) -> None:
    board = sl.blank(width=200, height=200, color="black")
    sl.write(tmp_path / "disc.png", sl.circle(board, x=80, y=100, radius=40, fill=True, color="white"))
    ran = run("measure", tmp_path / "disc.png", "contours", "--json", "-o", tmp_path / "drawn.png")
    (found,) = json.loads(ran.stdout)["contours"]
    assert found["area"] == pytest.approx(np.pi * 40**2, rel=0.05)
    assert sl.read(tmp_path / "drawn.png").shape == (200, 200, 3)
    shown = run("measure", tmp_path / "disc.png", "contours").stdout.decode()
    assert shown.split() == "count: 1 area perimeter hole box centroid 5054 266.1 no 40, 60, 81, 81 80, 100".split()  # noqa: SIM905 - as it is shown


def test_lines_of_edges_are_found_unless_edges_are_asked_for(photo: Path) -> None:
    def count(*words: str) -> int:
        return int(json.loads(run("measure", photo, "canny", "hough-lines", "--votes", "20", *words, "--json").stdout)["count"])

    assert count() == count("--no-find-edges") == count("--find-edges", "no") != count("--find-edges")


def test_operations_are_listed_and_explained() -> None:
    listed = run("ops").stdout.decode()
    assert all(name.replace("_", "-") in listed for name in sl.OPS.names())
    explained = run("ops", "gaussian-blur").stdout.decode()
    for part in ("--sigma", "0.1 to 50 px", "sightline edit photo.jpg gaussian-blur", "sl.gaussian_blur(image", "- gaussian_blur:"):
        assert part in explained
    assert run("edit", "photo.png", "gaussian-blur", "--help").stdout.decode() == explained
    rows = json.loads(run("ops", "--json").stdout)
    assert [row["name"] for row in rows] == sl.OPS.names()
    assert json.loads(run("ops", "crop", "--json").stdout)["parameters"]["properties"]["width"]["maximum"] == 16384


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gausian-blur"], "unknown operation 'gausian-blur'\nDid you mean gaussian-blur?"),
        (["gaussian-blur", "--sgima", "2"], "gaussian-blur has no option '--sgima'\nDid you mean --sigma?"),
        (["gaussian-blur", "--sigma", "99"], "invalid sigma of gaussian_blur: expected 0.1 to 50 px, received 99 px"),
        (["gaussian-blur", "--sigma", "wide"], "invalid sigma of gaussian_blur"),
        (["gaussian-blur", "--sigma"], "--sigma needs a value: expected 0.1 to 50 px"),
        (["crop", "--x", "1"], "crop needs 'width'"),
        (["crop", "--width", "9999", "--height", "5"], "step 1 (crop)"),
        (["canny", "--p", "often"], "invalid --p"),
        (["to-float", "nl-means"], "step 2: nl_means does not take float32"),
        (["invert", "--colour", "red"], "invert has no option '--colour'"),
        (["circle", "--x", "1", "--y", "1", "--radius", "5", "--color", "blurple"], "invalid color of circle: expected a colour"),
        (["absdiff", "--other", "nowhere.png"], "there is no such file"),
    ],
)
def test_a_mistake_is_one_clear_sentence_and_leaves_nothing(photo: Path, tmp_path: Path, words: list[str], message: str) -> None:
    ran = run("edit", photo, *words, "-o", tmp_path / "o.png", code=2)
    text = ran.stderr.decode()
    assert message in text
    assert "Value error" not in text
    assert not (tmp_path / "o.png").exists()


def test_a_limit_on_pixels_can_be_raised_and_lowered(photo: Path, tmp_path: Path) -> None:
    refused = run("edit", photo, "flip", "--max-pixels", 1000, "-o", tmp_path / "o.png", code=2)
    assert b"at most 1,000 pixels" in refused.stderr
    large = tmp_path / "large.png"
    sl.write(large, np.zeros((10_001, 10_000), np.uint8))  # more than the usual 100 million
    assert b"Raise max_pixels" in run("edit", large, "crop", "--width", 5, "--height", 5, "-o", tmp_path / "o.png", code=2).stderr
    run("edit", large, "crop", "--width", 5, "--height", 5, "--max-pixels", 200_000_000, "-o", tmp_path / "o.png")
    assert sl.read(tmp_path / "o.png", "unchanged").shape == (5, 5)


def test_what_is_read_is_never_overwritten_nor_one_result_by_another(photo: Path, tmp_path: Path) -> None:
    sl.write(tmp_path / "b.png", sl.sample(width=320, height=240))
    Pipeline((Step("flip"),)).save(tmp_path / "p.yaml")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for words in (
        ["edit", photo, "flip", "-o", photo],
        ["edit", photo, "flip", "--steps", photo],
        ["edit", photo, "flip", "--save-pipeline", photo],
        ["edit", photo, "blend", "--other", tmp_path / "b.png", "-o", tmp_path / "b.png"],
        ["edit", photo, tmp_path / "p.yaml", "--save-pipeline", tmp_path / "p.yaml"],
        ["measure", photo, "histogram", "-o", photo],
    ):
        assert b"is a file that is read" in run(*words, code=2).stderr
    both = tmp_path / "both.png"
    assert b"would hold two results" in run("edit", photo, "flip", "-o", both, "--steps", both, code=2).stderr
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_saved_pipeline_is_a_step_among_others(photo: Path, tmp_path: Path) -> None:
    Pipeline((Step("flip"), Step("to_gray"))).save(tmp_path / "p.yaml")
    run("edit", photo, "invert", tmp_path / "p.yaml", "gaussian-blur", "--sigma", 2, "-o", tmp_path / "o.png")
    expected = sl.gaussian_blur(sl.to_gray(sl.flip(sl.invert(sl.read(photo)))), sigma=2)
    assert np.array_equal(sl.read(tmp_path / "o.png", "unchanged"), expected)
    assert b"No such file" in run("edit", photo, "nowhere.yaml", "-o", "o.png", code=2).stderr


def test_files_may_begin_with_a_dash_and_short_options_hold_their_value(photo: Path, tmp_path: Path) -> None:
    dashed = tmp_path / "-w.png"
    dashed.write_bytes(photo.read_bytes())
    subprocess.run([*RUN, "edit", "--", "-w.png", "flip", "-oo.png"], cwd=tmp_path, check=True, timeout=60)
    assert np.array_equal(sl.read(tmp_path / "o.png"), sl.flip(sl.read(photo)))


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("blur", "Did you mean box-blur, gaussian-blur, median-blur or motion-blur?"),
        ("mirror", "Did you mean flip or transpose?"),
        ("gray", "Did you mean to-gray?"),
        ("edges", "Did you mean sobel, "),
        ("thumbnail", "`sightline ops` lists them."),
    ],
)
def test_a_word_that_is_no_operation_leads_to_those_that_may_be_meant(photo: Path, word: str, advice: str) -> None:
    assert advice in run("edit", photo, word, "-o", "o.png", code=2).stderr.decode()
    assert advice in run("ops", word, code=2).stderr.decode()


@pytest.mark.parametrize("words", [["--p", "0"], ["--p", "0.5"], ["--when", "train"], ["--bins", "2..9"]])
def test_what_measures_is_not_left_to_chance(photo: Path, words: list[str]) -> None:
    assert b"nothing left to chance" in run("measure", photo, "histogram", *words, code=2).stderr


def test_yes_and_no_may_be_said_in_words(photo: Path) -> None:
    ways: tuple[list[str], ...] = (
        ["--no-find-edges"],
        ["--find-edges", "no"],
        ["--find-edges=no"],
        ["--find-edges", "yes"],
        ["--find-edges"],
        [],
    )
    found = [json.loads(run("measure", photo, "hough-lines", *words, "--json").stdout) for words in ways]
    assert found[0] == found[1] == found[2] != found[3] == found[4] == found[5]


def test_without_a_place_for_the_result_nothing_is_done(photo: Path) -> None:
    assert b"there is nowhere to put the result" in run("edit", photo, "flip", code=2).stderr
    assert b"there is nothing to create" in run("create", "flip", "-o", "x.png", code=2).stderr
    assert b"there is nothing to measure" in run("measure", photo, "flip", code=2).stderr
