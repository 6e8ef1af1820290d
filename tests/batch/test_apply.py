"""Batches of real files: what is written, what is named, and what happens when it is interrupted."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageCms

from sightline.batch import Options, apply, find_pictures
from sightline.errors import InputError, ParameterError, PipelineError, RunError
from sightline.events import Event, Note, Progress
from sightline.image import read, write
from sightline.pipeline import Between, OneOf, Pipeline, Step

RNG = np.random.default_rng(0)
SMALL = Pipeline((Step("resize", {"width": 8, "height": 6}),))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for name in ("a.png", "deep/er/b.jpg", "deep/c.webp", "ü ñ/d.png"):
        write(folder / name, RNG.integers(0, 256, (30, 40, 3), dtype=np.uint8))
    return folder


def relative(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_output_tree_mirrors_the_input_tree(tree: Path, tmp_path: Path) -> None:
    events: list[Event] = []
    summary = apply(SMALL, [str(tree)], tmp_path / "out", on_event=events.append)
    assert summary.written == 4
    assert relative(tmp_path / "out") == relative(tree)
    assert all(read(path).shape == (6, 8, 3) for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert [event.done for event in events if isinstance(event, Progress)] == [1, 2, 3, 4]


def test_a_glob_is_mirrored_from_its_first_wildcard(tree: Path, tmp_path: Path) -> None:
    apply(SMALL, [f"{tree}/**/*.jpg"], tmp_path / "out", format="webp")
    assert relative(tmp_path / "out") == {"deep/er/b.webp"}
    with Pillow.open(tmp_path / "out/deep/er/b.webp") as opened:
        assert (opened.format, opened.size) == ("WEBP", (8, 6))


@pytest.mark.parametrize("workers", [1, 2])
def test_unreadable_files_are_named_and_the_rest_goes_on(tree: Path, tmp_path: Path, workers: int) -> None:
    """Row 27 of the hazards."""
    (tree / "empty.png").write_bytes(b"")
    (tree / "text.jpg").write_text("no picture", encoding="utf-8")
    whole = (tree / "deep/er/b.jpg").read_bytes()
    (tree / "half.jpg").write_bytes(whole[: len(whole) // 2])
    events: list[Event] = []
    summary = apply(SMALL, [str(tree)], tmp_path / "out", workers=workers, on_event=events.append)
    assert summary.written == 4
    assert sorted(failure.path.name for failure in summary.failed) == ["empty.png", "half.jpg", "text.jpg"]
    with open(tmp_path / "out/failures.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {Path(row["path"]).name for row in rows} == {"empty.png", "half.jpg", "text.jpg"}
    assert all("cannot read" in row["error"] and row["path"] in row["error"] for row in rows)
    assert sum(isinstance(event, Note) and event.warning for event in events) == 3
    results = {"a.png", "deep/er/b.jpg", "deep/c.webp", "ü ñ/d.png"}
    assert relative(tmp_path / "out") == {*results, "failures.csv", ".sightline-apply.jsonl"}
    for name in ("empty.png", "text.jpg"):
        (tree / name).unlink()
    (tree / "half.jpg").write_bytes(whole)  # mended
    mended = apply(SMALL, [str(tree)], tmp_path / "out", resume=True)
    assert (mended.written, mended.skipped, mended.failed) == (1, 4, ())
    assert relative(tmp_path / "out") == {*results, "half.jpg"}


def test_one_word_is_one_source_and_a_path_is_a_pipeline(tree: Path, tmp_path: Path) -> None:
    SMALL.save(tmp_path / "p.yaml")
    assert apply(tmp_path / "p.yaml", str(tree), tmp_path / "out").written == 4


def test_what_a_batch_cannot_be_asked(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="exclude each other"):
        apply(SMALL, [str(tree)], tmp_path / "out", skip_existing=True, overwrite=True)
    (tmp_path / "file").write_bytes(b"1")
    with pytest.raises(InputError, match="need a folder"):
        apply(SMALL, [str(tree)], tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"1"


def test_a_folder_stands_for_its_pictures_in_natural_order_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("10.png", "9.png", ".hidden.png", ".hidden/a.png", "notes.txt", "sub/2.png", "sub/11.PNG"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert [found.relative.as_posix() for found in find_pictures(str(tmp_path))] == ["9.png", "10.png", "sub/2.png", "sub/11.PNG"]


def test_random_steps_do_not_depend_on_the_number_of_workers(tree: Path, tmp_path: Path) -> None:
    pipeline = Pipeline((Step("resize", {"width": Between(5, 60), "height": Between(5, 60)}), Step("flip", p=0.5)))
    for workers in (1, 2):
        apply(pipeline, [str(tree)], tmp_path / str(workers), workers=workers, format="png", options=Options(seed=4))
    names = relative(tmp_path / "1")
    assert len(names) == 4
    assert all((tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes() for name in names)
    assert len({read(tmp_path / "1" / name).shape for name in names}) > 1
    one = pipeline.run(read(tree / "a.png", "unchanged"), seed=4, item="a.png")
    assert np.array_equal(one, read(tmp_path / "1/a.png", "unchanged"))


def test_depth_transparency_profile_and_exif_survive(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    deep = RNG.integers(0, 65536, (9, 12, 4), dtype=np.uint16)
    write(tmp_path / "in/deep.png", deep)
    exif = Pillow.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"
    photo = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Pillow.fromarray(photo).save(tmp_path / "in/photo.png", icc_profile=profile, exif=exif)
    apply(Pipeline((Step("flip"),)), [str(tmp_path / "in")], tmp_path / "out")
    assert np.array_equal(read(tmp_path / "out/deep.png", "unchanged"), deep[:, ::-1])
    with Pillow.open(tmp_path / "out/photo.png") as opened:
        assert opened.info["icc_profile"] == profile
        assert opened.getexif()[0x010F] == "Maker"
        assert opened.getexif()[0x0112] == 1  # it is stored upright now, and is not turned twice
        upright = np.asarray(opened)
    assert np.array_equal(upright, np.rot90(photo, -1)[:, ::-1])
    apply(Pipeline((Step("flip"),)), [str(tmp_path / "in")], tmp_path / "bare", options=Options(strip=True))
    with Pillow.open(tmp_path / "bare/photo.png") as opened:
        assert "icc_profile" not in opened.info
        assert not opened.getexif()


def test_a_colour_profile_does_not_stay_on_a_gray_picture(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    (tmp_path / "in").mkdir()
    Pillow.fromarray(RNG.integers(0, 256, (9, 9, 3), dtype=np.uint8)).save(tmp_path / "in/a.png", icc_profile=profile)
    apply(Pipeline((Step("to_gray"),)), [str(tmp_path / "in")], tmp_path / "out")
    with Pillow.open(tmp_path / "out/a.png") as opened:
        assert opened.mode == "L"
        assert "icc_profile" not in opened.info


@pytest.mark.parametrize("name", [f"{kind}_{number}.jpg" for kind in ("Landscape", "Portrait") for number in (1, 3, 6, 8)])
def test_every_orientation_comes_out_upright(shared: Path, tmp_path: Path, name: str) -> None:
    """Row 7 of the hazards, on the path of batches, decoded reduced and whole."""
    upright = read(shared / "exif" / name.replace(name[-5], "1"))
    rows, columns = upright.shape[:2]
    pipeline = Pipeline((Step("resize", {"width": columns // 6, "height": rows // 6}),))
    for shrink in (True, False):
        out = tmp_path / str(shrink)
        apply(pipeline, [str(shared / "exif" / name)], out, format="png", options=Options(shrink_on_load=shrink))
        expected = pipeline.run(upright)
        assert np.abs(read(out / name.replace("jpg", "png")).astype(int) - expected).mean() < 3


def test_of_an_animation_the_first_frame_is_taken_and_said_so(tmp_path: Path) -> None:
    """Row 10 of the hazards."""
    frames = [Pillow.fromarray(np.full((8, 9), value, np.uint8)) for value in (10, 200)]
    (tmp_path / "in").mkdir()
    frames[0].save(tmp_path / "in/a.gif", save_all=True, append_images=frames[1:])
    summary = apply(Pipeline((Step("to_gray"),)), [str(tmp_path / "in")], tmp_path / "out", format="png")
    assert [path.name for path in summary.animated] == ["a.gif"]
    assert (read(tmp_path / "out/a.png", "gray") == 10).all()


def test_results_that_exist_are_neither_lost_nor_made_again_unasked(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    apply(SMALL, [str(tree / "a.png")], out)
    before = (out / "a.png").stat().st_mtime_ns
    with pytest.raises(InputError, match="1 of 4 results exist already"):
        apply(SMALL, [str(tree)], out)
    assert relative(out) == {"a.png"}
    summary = apply(SMALL, [str(tree)], out, skip_existing=True)
    assert (summary.written, summary.skipped) == (3, 1)
    assert (out / "a.png").stat().st_mtime_ns == before
    assert apply(SMALL, [str(tree)], out, overwrite=True).written == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"workers": 0}, "invalid workers"),
        ({"format": "xyz"}, "invalid format"),
        ({"patterns": ["nowhere/*.png"]}, "nothing matches"),
        ({"pipeline": Pipeline((Step("blank", {"width": 3, "height": 3}),))}, "makes its own picture"),
    ],
)
def test_what_cannot_begin_is_refused_and_leaves_nothing(
    tree: Path, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    usual: dict[str, object] = {"pipeline": SMALL, "patterns": [str(tree)], "out": tmp_path / "out"}
    with pytest.raises((InputError, ParameterError), match=message):
        apply(**{**usual, **change})  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_two_pictures_never_take_the_same_place(tree: Path, tmp_path: Path) -> None:
    write(tree / "a.jpg", read(tree / "a.png"))
    with pytest.raises(InputError, match="would both become"):
        apply(SMALL, [str(tree)], tmp_path / "out", format="webp")
    with pytest.raises(InputError, match="would be overwritten by its own result"):
        apply(SMALL, [str(tree)], tree)


def test_no_picture_is_overwritten_by_the_result_of_another(tree: Path, tmp_path: Path) -> None:
    write(tree / "deep/a.png", RNG.integers(0, 256, (9, 9, 3), dtype=np.uint8))
    before = (tree / "deep/a.png").read_bytes()
    with pytest.raises(InputError, match=r"deep/a.png' would be overwritten by the result of .*photos/a.png'"):
        apply(SMALL, [str(tree / "a.png"), str(tree / "deep/a.png")], tree / "deep", overwrite=True)
    (tmp_path / "link").symlink_to(tree)
    with pytest.raises(InputError, match="would be overwritten by its own result"):
        apply(SMALL, [str(tree)], tmp_path / "link", overwrite=True)
    with pytest.raises(InputError, match="results exist already"):
        apply(SMALL, [str(tree)], tree / "deep")
    assert (tree / "deep/a.png").read_bytes() == before


@pytest.mark.parametrize("pattern", ["", "/**/*.*"])
def test_results_among_the_pictures_are_not_taken_for_pictures(tree: Path, pattern: str) -> None:
    sources = relative(tree)
    for _ in range(2):
        assert apply(SMALL, [f"{tree}{pattern}"], tree / "out", overwrite=True).written == 4
        assert relative(tree) == {*sources, *(f"out/{name}" for name in sources)}
    assert apply(SMALL, [str(tree / "out/deep")], tree / "out", format="png").written == 2  # named, they are


def test_a_picture_that_does_not_fit_the_pipeline_or_the_format_fails_alone(tmp_path: Path) -> None:
    write(tmp_path / "in/deep.png", RNG.integers(0, 65536, (9, 9), dtype=np.uint16))
    write(tmp_path / "in/clear.png", RNG.integers(0, 256, (9, 9, 4), dtype=np.uint8))
    write(tmp_path / "in/plain.png", RNG.integers(0, 256, (9, 9, 3), dtype=np.uint8))
    summary = apply(Pipeline((Step("flip"),)), [str(tmp_path / "in")], tmp_path / "out", format="jpg")
    errors = {failure.path.name: failure.error for failure in summary.failed}
    assert set(errors) == {"deep.png", "clear.png"}
    assert "Use to_depth8 first" in errors["deep.png"]
    assert "Use to_rgb first" in errors["clear.png"]


COMMAND = [sys.executable, "-m", "sightline", "apply"]


@pytest.fixture
def many(tmp_path: Path) -> Path:
    image = RNG.integers(0, 256, (900, 1200, 3), dtype=np.uint8)
    write(tmp_path / "many/000.png", image)
    for number in range(1, 60):
        os.link(tmp_path / "many/000.png", tmp_path / f"many/{number:03}.png")
    Pipeline((Step("gaussian_blur", {"sigma": 3}), Step("resize", {"width": 400, "height": 300}))).save(tmp_path / "p.yaml")
    return tmp_path


@pytest.mark.parametrize("name", ["a.png", "deep/er/b.jpg"])
def test_a_step_that_fails_is_named_by_its_place_in_the_pipeline(tree: Path, tmp_path: Path, name: str) -> None:
    """Also after steps that were left to chance and left out, and after those that reading a JPEG does."""
    small, beyond = Step("resize", {"width": 8, "height": 6}), Step("crop", {"x": 7, "y": 0, "width": 5, "height": 5})
    pipeline = Pipeline((Step("invert", p=0), small, Step("invert", p=0), Step("flip"), beyond))
    (failure,) = apply(pipeline, str(tree / name), tmp_path / "out").failed
    assert failure.error.startswith("step 5 (crop): ")
    with pytest.raises(PipelineError) as raised:
        pipeline.run(read(tree / name))
    assert str(raised.value) == failure.error


@pytest.mark.parametrize("name", ["a.png", "deep/er/b.jpg"])
def test_a_pipeline_that_does_not_fit_whatever_is_drawn_fails_every_picture(tree: Path, tmp_path: Path, name: str) -> None:
    small = Step("resize", {"width": 8, "height": 6})
    pipeline = Pipeline((small, Step("to_gray", p=0.0001), Step("sepia")))
    with pytest.raises(PipelineError) as raised:
        pipeline.run(read(tree / name))
    (failure,) = apply(pipeline, str(tree / name), tmp_path / "out").failed
    assert str(raised.value) == failure.error


def test_chance_is_the_same_whether_a_jpeg_is_decoded_whole_or_reduced(tree: Path, tmp_path: Path) -> None:
    size = {"width": Between(4, 10), "height": Between(4, 10)}
    one_of = OneOf((Step("rot90"), Step("flip")))
    pipeline = Pipeline(
        (Step("invert", p=0.5), Step("resize", size), one_of, Step("brightness_contrast", {"brightness": Between(-0.5, 0.5)}))
    )
    for seed in range(8):
        whole, reduced = tmp_path / f"whole{seed}", tmp_path / f"reduced{seed}"
        for out, shrink in ((whole, False), (reduced, True)):
            options = Options(seed=seed, shrink_on_load=shrink)
            apply(pipeline, str(tree / "deep/er/b.jpg"), out, format="png", options=options)
        one, other = read(whole / "b.png").astype(int), read(reduced / "b.png")
        assert one.shape == other.shape
        assert abs(one.mean() - other.mean()) < 3


@pytest.mark.parametrize("content", ["when,what\n2020,fire\n", "path", ""])
def test_a_file_that_is_only_called_like_the_list_of_failures_is_left_alone(tree: Path, tmp_path: Path, content: str) -> None:
    path = tmp_path / "out/failures.csv"
    path.parent.mkdir()
    path.write_text(content, encoding="utf-8")
    apply(SMALL, [str(tree / "a.png")], tmp_path / "out")
    assert path.read_text(encoding="utf-8") == content
    (tree / "a.png").write_bytes(b"")
    events: list[Event] = []
    assert apply(SMALL, [str(tree / "a.png")], tmp_path / "out", overwrite=True, on_event=events.append).failed
    assert path.read_text(encoding="utf-8") == content
    assert any(isinstance(event, Note) and "stays as it is" in event.text for event in events)


def test_a_link_to_the_folder_above_finds_no_picture_twice(tree: Path, tmp_path: Path) -> None:
    (tree / "deep/again").symlink_to(tree)
    (tree / "one_more.png").symlink_to(tree / "a.png")  # a name of its own is a picture of its own
    names = {"a.png", "one_more.png", "ü ñ/d.png"}
    assert {found.relative.as_posix() for found in find_pictures(f"{tree}/**/*.png")} == names
    assert len(find_pictures(f"{tree}/**/*.png")) == 3
    assert len(find_pictures([f"{tree}/*.png", str(tree / "deep/../a.png"), str(tree / "deep/again/a.png")])) == 2


def test_nothing_is_written_beside_the_output_folder(tree: Path, tmp_path: Path) -> None:
    write(tmp_path / "b.png", np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(InputError, match="leads upwards after a wildcard"):
        apply(SMALL, [f"{tree}/*/../../b.png"], tmp_path / "some/out")
    assert apply(SMALL, [f"{tree}/../*.png"], tmp_path / "some/out").written == 1
    assert relative(tmp_path / "some") == {"out/b.png"}


def test_what_is_no_file_fails_as_a_picture(tree: Path, tmp_path: Path) -> None:
    (tree / "circle.png").symlink_to(tree / "circle.png")
    names = [str(tree / "a.png"), str(tree / "circle.png"), str(tree / "nothing.png"), str(tree / "nu\0l.png")]
    summary = apply(SMALL, names, tmp_path / "out")
    assert (summary.written, len(summary.failed)) == (1, 3)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_place_that_cannot_be_written_costs_its_own_picture(tree: Path, tmp_path: Path, workers: int) -> None:
    long = f"{'n' * 251}.png"  # as long as a name may be, and one character less than its result's
    (tree / "a.png").rename(tree / long)
    write(tree / "b.png", read(tree / long))
    (tmp_path / "out/b.jpeg").mkdir(parents=True)
    summary = apply(SMALL, [str(tree)], tmp_path / "out", workers=workers, overwrite=True, format="jpeg")
    errors = {failure.path.name: failure.error for failure in summary.failed}
    assert summary.written == 3
    assert "File name too long" in errors[long]
    assert "Is a directory" in errors["b.png"]
    assert apply(SMALL, [str(tree / long)], tmp_path / "out", workers=workers).written == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_ends_the_batch_and_leaves_whole_files(many: Path, workers: int) -> None:
    """Row 24 of the hazards, on a file system of one megabyte that this process alone sees."""
    (many / "out").mkdir()
    script = """
mount -t tmpfs -o size=1m none "$0" || exit 77
"$@"; status=$?
ls -A "$0"; exit $status
"""
    arguments = [str(many / "p.yaml"), str(many / "many"), "-o", str(many / "out"), "--workers", str(workers)]
    command = ["unshare", "-rm", "sh", "-c", script, str(many / "out"), *COMMAND, *arguments]
    if (
        shutil.which("unshare") is None
        or (ran := subprocess.run(command, capture_output=True, text=True, timeout=60)).returncode == 77
    ):
        pytest.skip("this system lets nobody mount a file system")
    assert ran.returncode == 1, ran.stderr
    assert "No space left on device" in ran.stderr
    assert "go on with --resume" in ran.stderr
    assert "Traceback" not in ran.stderr
    left = set(ran.stdout.split())
    assert ".sightline-apply.jsonl" in left
    assert all(name.endswith(".png") and name[0] != "." for name in left - {".sightline-apply.jsonl"})


def test_a_name_that_gets_too_long_by_its_new_ending_is_said(tree: Path, tmp_path: Path) -> None:
    (tree / "a.png").rename(tree / f"{'n' * 251}.png")
    assert apply(SMALL, [str(tree)], tmp_path / "out", format="webp").written == 3


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_batch_leaves_whole_files_only_and_goes_on(many: Path, how: signal.Signals) -> None:
    arguments = [str(many / "p.yaml"), str(many / "many"), "-o", str(many / "out"), "--workers", "2"]
    process = subprocess.Popen([*COMMAND, *arguments], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while len(list((many / "out").glob("[0-9]*.png"))) < 5:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(how)
    _, text = process.communicate(timeout=60)
    if how == signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
    else:
        assert process.returncode == 130
        assert "stopped after" in text
        assert "--resume" in text
        assert "Traceback" not in text
    done = sorted((many / "out").glob("[0-9]*.png"))
    assert 5 <= len(done) < 60
    assert all(read(path).shape == (300, 400, 3) for path in done)
    if how != signal.SIGKILL:
        assert not list((many / "out").glob(".*png"))
    refused = subprocess.run([*COMMAND, *arguments, "--resume", "--strip"], capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2
    assert "expected the pipeline and options of the interrupted batch" in refused.stderr
    first = {path: path.stat().st_mtime_ns for path in done}
    ran = subprocess.run([*COMMAND, *arguments, "--resume", "--json"], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said["written"] + said["skipped"] == 60
    assert said["skipped"] >= len(done) - 4  # those that ended between the journal's last line and the signal are made again
    results = sorted((many / "out").glob("[0-9]*.png"))
    assert len(results) == 60
    assert len({path.read_bytes() for path in results}) == 1
    assert sum(path.stat().st_mtime_ns == before for path, before in first.items()) >= len(done) - 4
    assert not (many / "out/.sightline-apply.jsonl").exists()


def test_a_journal_of_another_job_is_not_gone_on_with(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/.sightline-apply.jsonl").write_text('{"pipeline": "other"}\n"a.png"\n', encoding="utf-8")
    with pytest.raises(RunError, match="expected the pipeline and options of the interrupted batch"):
        apply(SMALL, [str(tree)], tmp_path / "out", resume=True)


def test_a_batch_that_was_killed_before_it_noted_a_picture_is_gone_on_with(tree: Path, tmp_path: Path) -> None:
    """A picture was written, but its line in the journal was not."""
    out = tmp_path / "out"
    with pytest.raises(KilledError):
        apply(SMALL, [str(tree)], out, on_event=kill)
    journal = out / ".sightline-apply.jsonl"
    journal.write_text(journal.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    assert len(relative(out)) == 2
    assert apply(SMALL, [str(tree)], out, resume=True).written == 4


def test_only_results_of_the_same_pictures_are_gone_on_with(tree: Path, tmp_path: Path) -> None:
    """The other pictures have the same names; one of the same was changed since."""
    out, other = tmp_path / "out", tmp_path / "other"
    for name in relative(tree):
        write(other / name, np.full((30, 40, 3), 9, np.uint8))
    with pytest.raises(KilledError):
        apply(SMALL, [str(tree)], out, on_event=kill)
    assert apply(SMALL, [str(other)], out, resume=True).written == 4
    assert (read(out / "a.png") == 9).all()
    with pytest.raises(KilledError):
        apply(SMALL, [str(tree)], out, overwrite=True, on_event=kill)
    write(tree / "a.png", np.full((30, 40, 3), 77, np.uint8))
    assert apply(SMALL, [str(tree)], out, resume=True).written == 4
    assert (read(out / "a.png") == 77).all()


def test_a_damaged_journal_costs_its_damaged_lines_only(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(KilledError):
        apply(SMALL, [str(tree)], tmp_path / "out", on_event=kill)
    with open(tmp_path / "out/.sightline-apply.jsonl", "ab") as file:
        file.write(b'\xff\xfe["b"\n\n[[[[\n["deep/c.webp", "/')
    summary = apply(SMALL, [str(tree)], tmp_path / "out", resume=True)
    assert (summary.written, summary.skipped) == (3, 1)


class KilledError(Exception):
    """Ends a batch from within."""


def kill(event: Event) -> None:
    raise KilledError


def test_a_script_without_the_guard_is_told_so_and_not_run_for_every_picture(tree: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(f"""
import sightline as sl
open({str(tmp_path / "runs")!r}, "a").write("run\\n")
pipeline = sl.Pipeline((sl.Step("flip"),))
sl.apply(pipeline, {str(tree)!r}, {str(tmp_path / "out")!r}, workers=2)
""", encoding="utf-8")  # fmt: skip
    ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 1
    # Python itself may have the last word, on what the workers that could not start have left
    *_, last = [line for line in ran.stderr.splitlines() if "resource_tracker" not in line]
    assert "JobError: the worker processes could not start" in last
    assert 'if __name__ == "__main__":' in last
    assert len((tmp_path / "runs").read_text(encoding="utf-8").splitlines()) <= 3
    assert relative(tmp_path / "out") <= {".sightline-apply.jsonl"}
    assert "reads the script that started it" in ran.stderr  # said by the workers, which do not begin the batch


def test_standard_output_takes_json_alone(tree: Path, tmp_path: Path) -> None:
    SMALL.save(tmp_path / "p.json")
    arguments = [str(tmp_path / "p.json"), str(tree), "-o", str(tmp_path / "out"), "--json", "--workers", "1"]
    ran = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60)
    assert json.load(io.StringIO(ran.stdout))["written"] == 4
