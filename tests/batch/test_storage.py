"""Pictures that are no files: behind URLs that fsspec opens, and in Parquet tables."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sightline.batch import apply, find_pictures
from sightline.errors import ImageError, InputError, Interrupted, ParameterError, RunError, StorageError
from sightline.events import Event, Progress
from sightline.image import encode, read, write
from sightline.pipeline import Between, Pipeline, Step

RNG = np.random.default_rng(0)
CHANCE = Pipeline((Step("rotate", {"angle": Between(-30, 30)}), Step("resize", {"width": 8, "height": 6})))
NAMES = ("1.png", "2.png", "10.png", "deep/er/b.png", "ü ñ/d.png")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in NAMES:
        write(tmp_path / "photos" / name, RNG.integers(0, 256, (30, 40, 3), dtype=np.uint8))
    return tmp_path / "photos"


@pytest.fixture
def expected(tree: Path, tmp_path: Path) -> dict[str, bytes]:
    """What every picture becomes where sources and results are files."""
    apply(CHANCE, str(tree), tmp_path / "expected")
    return contents(tmp_path / "expected")


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    """An object store within this process: its files are bytes under names, as those of a bucket."""
    files = fsspec.filesystem("memory")
    yield files
    files.store.clear()
    files.pseudo_dirs[:] = [""]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.png"))}


def stored(files: fsspec.AbstractFileSystem, folder: str) -> dict[str, bytes]:
    return {name.removeprefix(folder): files.cat_file(name) for name in files.find(folder) if name.endswith(".png")}


def table(path: Path, columns: Mapping[str, object], **options: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(dict(columns)), path, **options)
    return path


def pictures_of(tree: Path) -> list[bytes]:
    return [(tree / name).read_bytes() for name in NAMES]


def test_pictures_in_an_archive_become_what_files_become(tree: Path, tmp_path: Path, expected: dict[str, bytes]) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for name in NAMES:
            archive.write(tree / name, name)
        archive.writestr("notes.txt", "no picture")
        archive.writestr(".hidden/x.png", b"no picture")
    summary = apply(CHANCE, f"zip://::{tmp_path / 'photos.zip'}", tmp_path / "out", workers=2)
    assert (summary.written, summary.failed) == (5, ())
    assert contents(tmp_path / "out") == expected
    found = find_pictures(f"zip://deep/**/*.png::{tmp_path / 'photos.zip'}")
    assert [item.relative.as_posix() for item in found] == ["er/b.png"]
    in_order = find_pictures(f"zip://::{tmp_path / 'photos.zip'}")
    assert [item.relative.as_posix() for item in in_order] == list(NAMES)


def test_results_go_to_an_object_store_and_come_from_one(
    tree: Path, tmp_path: Path, expected: dict[str, bytes], memory: fsspec.AbstractFileSystem
) -> None:
    apply(Pipeline(()), str(tree), "memory://raw")
    assert sorted(stored(memory, "/raw/")) == sorted(NAMES)
    summary = apply(CHANCE, "memory://raw", "memory://out")
    assert summary.written == 5
    assert stored(memory, "/out/") == expected
    with pytest.raises(InputError, match="5 of 5 results exist already, 'memory:///out/1.png' for one"):
        apply(CHANCE, "memory://raw", "memory://out")
    assert apply(CHANCE, "memory://raw", "memory://out", skip_existing=True).skipped == 5
    assert apply(CHANCE, "memory://raw/1.png", "memory://out", overwrite=True).written == 1
    with pytest.raises(InputError, match="would be overwritten by its own result"):
        apply(CHANCE, "memory://raw", "memory://raw", overwrite=True)


def test_what_lies_in_the_results_is_not_searched(memory: fsspec.AbstractFileSystem) -> None:
    memory.pipe_file("/all/a.png", encode(np.zeros((4, 4), np.uint8), ".png"))
    assert apply(CHANCE, "memory://all", "memory://all/out").written == 1
    assert apply(CHANCE, "memory://all", "memory://all/out", overwrite=True).written == 1


def test_an_interrupted_batch_in_an_object_store_goes_on(
    tree: Path, expected: dict[str, bytes], memory: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sightline.batch.journal.FLUSH", 2)

    def stop(event: Event) -> None:
        if isinstance(event, Progress) and event.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="stopped after 3 of 5"):
        apply(CHANCE, str(tree), "memory://out", on_event=stop)
    memory.rm_file("/out/2.png")  # as if it had been lost
    summary = apply(CHANCE, str(tree), "memory://out", resume=True)
    assert (summary.written, summary.skipped) == (3, 2)
    assert stored(memory, "/out/") == expected
    assert [name for name in memory.find("/out") if "sightline" in name] == []
    with pytest.raises(InputError, match="results exist"):  # the job has ended: there is nothing to go on with
        apply(CHANCE, str(tree), "memory://out", resume=True)


def test_failures_are_named_in_an_object_store(tree: Path, memory: fsspec.AbstractFileSystem) -> None:
    (tree / "bad.png").write_bytes(b"no picture")
    assert len(apply(CHANCE, str(tree), "memory://out").failed) == 1
    rows = list(csv.DictReader(io.StringIO(memory.cat_file("/out/failures.csv").decode())))
    assert [row["path"] for row in rows] == [str(tree / "bad.png")]
    write(tree / "bad.png", np.zeros((9, 9), np.uint8))
    assert apply(CHANCE, str(tree), "memory://out", resume=True).written == 1
    assert not memory.exists("/out/failures.csv")
    with pytest.raises(RunError, match="cannot go on"):
        (tree / "bad.png").write_bytes(b"no picture")
        apply(CHANCE, str(tree), "memory://out", overwrite=True)
        apply(Pipeline(()), str(tree), "memory://out", resume=True)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nowhere://a", "cannot open 'nowhere://a': Protocol not known"),
        ("memory://nothing.png", "there is nothing at 'memory://nothing.png'"),
        ("memory://nothing/*.png", "no pictures at 'memory://nothing/"),
        ("zip://::/nowhere.zip", "cannot open 'zip://::/nowhere.zip'"),
    ],
)
def test_urls_that_lead_nowhere_are_said_in_a_sentence(
    url: str, message: str, tmp_path: Path, memory: fsspec.AbstractFileSystem
) -> None:
    with pytest.raises(InputError) as caught:
        apply(CHANCE, url, tmp_path / "out")
    assert message in str(caught.value)


def test_a_picture_that_goes_away_fails_alone(tree: Path, tmp_path: Path, memory: fsspec.AbstractFileSystem) -> None:
    memory.pipe_file("/a/1.png", (tree / "1.png").read_bytes())
    memory.pipe_file("/a/2.png", (tree / "2.png").read_bytes())
    found = find_pictures("memory://a")
    memory.rm_file("/a/1.png")
    with pytest.raises(ImageError, match="cannot read 'memory:///a/1.png'"):
        read(found[0].path)
    assert read(found[1].path).shape == (30, 40, 3)


def test_an_unwritable_store_ends_the_batch_with_a_sentence(tree: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w"):
        pass
    with pytest.raises((StorageError, InputError), match=r"zip://"):
        apply(CHANCE, str(tree), f"zip://out::{tmp_path / 'a.zip'}")


# Tables


@pytest.mark.parametrize("form", ["bytes and path", "a struct, as datasets have it", "large bytes"])
def test_rows_of_a_table_become_what_files_become(form: str, tree: Path, tmp_path: Path, expected: dict[str, bytes]) -> None:
    data = pictures_of(tree)
    columns: dict[str, object] = {"label": list(range(5))}
    if form == "bytes and path":
        columns |= {"bytes": data, "path": NAMES}
    elif form == "large bytes":
        columns |= {"content": pa.array(data, pa.large_binary()), "key": NAMES}
    else:
        columns |= {"image": [{"bytes": one, "path": name} for one, name in zip(data, NAMES, strict=True)]}
    source = table(tmp_path / "photos.parquet", columns, row_group_size=2)
    summary = apply(CHANCE, str(source), tmp_path / "out", workers=2)
    assert (summary.written, summary.failed) == (5, ())
    assert contents(tmp_path / "out") == expected


def test_rows_without_names_are_numbered_and_want_a_format(tree: Path, tmp_path: Path) -> None:
    table(tmp_path / "tables/a.parquet", {"bytes": pictures_of(tree)[:3]}, row_group_size=2)
    table(tmp_path / "tables/b.parquet", {"bytes": pictures_of(tree)[3:]})
    with pytest.raises(InputError, match="no names that tell a format.*--format"):
        apply(CHANCE, str(tmp_path / "tables"), tmp_path / "out")
    apply(CHANCE, str(tmp_path / "tables"), tmp_path / "out", format="png")
    assert sorted(contents(tmp_path / "out")) == ["a/0.png", "a/1.png", "a/2.png", "b/0.png", "b/1.png"]


@pytest.mark.parametrize("name", ["../x.png", "/etc/x.png", "a/../../x.png"])
def test_no_row_leads_out_of_the_folder(name: str, tree: Path, tmp_path: Path) -> None:
    source = table(tmp_path / "a.parquet", {"bytes": pictures_of(tree)[:1], "path": [name]})
    with pytest.raises(InputError, match="leads out of a folder: expected one below it"):
        apply(CHANCE, str(source), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_no_table_of_pictures_is_refused(tmp_path: Path) -> None:
    source = table(tmp_path / "a.parquet", {"text": ["x"], "number": [1]})
    with pytest.raises(InputError, match="holds no pictures.*received text, number"):
        apply(CHANCE, str(source), tmp_path / "out")
    (tmp_path / "b.parquet").write_bytes(b"PAR1 but no table")
    with pytest.raises(InputError, match="cannot read the table"):
        apply(CHANCE, str(tmp_path / "b.parquet"), tmp_path / "out")


def test_empty_and_damaged_cells_fail_alone(tree: Path, tmp_path: Path) -> None:
    good = pictures_of(tree)[0]
    cells: list[object] = [good, None, b"", b"no picture"]
    source = table(tmp_path / "a.parquet", {"bytes": cells, "path": ["a.png", "b.png", "c.png", "d.png"]})
    summary = apply(CHANCE, str(source), tmp_path / "out")
    assert summary.written == 1
    assert [str(failed.path) for failed in summary.failed] == [f"{source}#{name}.png" for name in "bcd"]
    assert "expected the bytes of a picture file, received NoneType" in summary.failed[0].error


def test_results_in_a_table_are_those_of_files(tree: Path, tmp_path: Path, expected: dict[str, bytes]) -> None:
    (tree / "bad.png").write_bytes(b"no picture")
    summary = apply(CHANCE, str(tree), tmp_path / "out.parquet", workers=2)
    assert (summary.written, len(summary.failed)) == (5, 1)
    assert (tmp_path / "out.parquet/_failures.csv").exists()
    assert rows(tmp_path / "out.parquet") == expected
    again = apply(Pipeline(()), str(tmp_path / "out.parquet"), tmp_path / "back")
    assert again.written == 5
    for name, data in expected.items():
        assert np.array_equal(read(tmp_path / "back" / name), read(data))


def test_a_table_goes_on_without_doubles(tree: Path, tmp_path: Path, expected: dict[str, bytes]) -> None:
    out = tmp_path / "out.parquet"

    def stop(event: Event) -> None:
        if isinstance(event, Progress) and event.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        apply(CHANCE, str(tree), out, on_event=stop)
    journal = out / ".sightline-apply.jsonl"
    journal.write_text(journal.read_text().splitlines()[0] + "\n")  # a crash between a part and what is noted of it
    with pytest.raises(InputError, match="2 of 5 results exist already"):
        apply(CHANCE, str(tree), out)
    summary = apply(CHANCE, str(tree), out, resume=True)
    assert (summary.written, summary.skipped) == (3, 2)
    assert sum(pq.read_metadata(part).num_rows for part in out.glob("*.parquet")) == 5
    assert rows(out) == expected
    assert apply(Pipeline(()), str(tree), out, overwrite=True).written == 5
    assert sum(pq.read_metadata(part).num_rows for part in out.glob("*.parquet")) == 5
    with pytest.raises(ParameterError, match="skip_existing has no effect on a table"):
        apply(CHANCE, str(tree), out, skip_existing=True)


def rows(folder: Path) -> dict[str, bytes]:
    """As pyarrow reads the parts."""
    found = pq.read_table(folder).to_pylist()
    return {row["path"]: row["bytes"] for row in sorted(found, key=lambda row: row["path"])}


def test_the_shell_takes_archives_and_tables(tree: Path, tmp_path: Path) -> None:
    CHANCE.save(tmp_path / "p.yaml")
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "sightline",
        "apply",
        tmp_path / "p.yaml",
        tree,
        "-o",
        tmp_path / "out.parquet",
        "--json",
    ]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert json.loads(ran.stdout)["written"] == 5, ran.stderr
    assert len(rows(tmp_path / "out.parquet")) == 5


# What a stranger's names, and accidents, must not do


@pytest.mark.parametrize("name", ["../escaped.png", "a/../../escaped.png"])
def test_no_name_in_an_archive_leads_out_of_the_folder(name: str, tree: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.write(tree / "1.png", name)
    with pytest.raises(InputError, match="leads out of a folder"):
        apply(CHANCE, f"zip://**/*.png::{tmp_path / 'evil.zip'}", tmp_path / "deep/out")
    assert not list(tmp_path.rglob("escaped.png"))


def test_a_row_without_a_real_name_is_refused(tree: Path, tmp_path: Path) -> None:
    source = table(tmp_path / "a.parquet", {"bytes": pictures_of(tree)[:1], "path": ["."]})
    with pytest.raises(InputError, match="leads out of a folder"):
        apply(CHANCE, str(source), tmp_path / "out", format="png")


def test_nothing_is_written_over_what_is_read(tree: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in tree.rglob("*.png")}
    with pytest.raises(InputError, match="would be overwritten by its own result"):
        apply(CHANCE, f"file://{tree}", tree, overwrite=True)
    with pytest.raises(InputError, match="would be overwritten by its own result"):
        apply(CHANCE, str(tree), f"file://{tree}", overwrite=True)
    assert {path: path.read_bytes() for path in tree.rglob("*.png")} == before
    out = tmp_path / "own.parquet"
    apply(CHANCE, str(tree), out)
    kept = rows(out)
    with pytest.raises(InputError, match="would be written over itself"):
        apply(CHANCE, str(out), out, overwrite=True)
    assert rows(out) == kept
    part = next(out.glob("*.parquet"))
    command = [sys.executable, "-m", "sightline", "predict", str(part), "--model", "mnist", "--csv", str(part)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, "is a file that is read" in ran.stderr) == (2, True)
    assert rows(out) == kept


def test_what_a_killed_writer_left_is_no_part_of_a_table(tree: Path, tmp_path: Path, expected: dict[str, bytes]) -> None:
    out = tmp_path / "out.parquet"
    apply(CHANCE, str(tree / "1.png"), out)
    whole = next(out.glob("*.parquet"))
    (out / ".sightline-a.parquet").write_bytes(whole.read_bytes()[:100])
    (out / ".sightline-b.parquet").write_bytes(whole.read_bytes())
    whole.unlink()
    assert apply(CHANCE, str(tree), out, resume=True).written == 5
    assert rows(out) == expected


def test_a_table_that_has_changed_is_read_anew(tree: Path, tmp_path: Path) -> None:
    for name in NAMES[:2]:
        table(tmp_path / "a.parquet", {"bytes": [(tree / name).read_bytes()], "path": ["x.png"]})
        apply(Pipeline(()), str(tmp_path / "a.parquet"), tmp_path / "out", overwrite=True)
        assert np.array_equal(read(tmp_path / "out/x.png"), read(tree / name))


def test_names_that_are_no_text_go_into_a_table(tree: Path, tmp_path: Path) -> None:
    (tree / "1.png").rename(tree / "caf\udce9.png")
    assert apply(CHANCE, str(tree), tmp_path / "out.parquet").written == 5
    assert "caf\\udce9.png" in rows(tmp_path / "out.parquet")


def test_a_picture_that_kills_its_worker_costs_its_part_nothing(tree: Path, tmp_path: Path, expected: dict[str, bytes]) -> None:
    for number in range(200):
        os.link(tree / "1.png", tree / f"x{number}.png")

    def engine(do: Any, tasks: Any, workers: int | None, lost: Any) -> Any:
        """As one whose workers all die of `2.png`."""
        for part in tasks:
            yield lost(part) if any(task.item == "2.png" for task in part.tasks) else do(part)

    summary = apply(CHANCE, str(tree), tmp_path / "out.parquet", workers=2, engine=engine)
    assert (summary.written, [str(failed.path) for failed in summary.failed]) == (204, [str(tree / "2.png")])
    found = rows(tmp_path / "out.parquet")
    assert {name: data for name, data in found.items() if not name.startswith("x")} == {
        name: data for name, data in expected.items() if name != "2.png"
    }


def test_a_host_stays_in_the_url() -> None:
    from sightline.batch.storage import _urls

    url = _urls("ftp://me@host.example/out", fsspec.filesystem("memory"), "/out")
    assert url("/out/a.png") == "ftp://me@host.example/out/a.png"
    assert _urls("s3://bucket/in/", fsspec.filesystem("memory"), "bucket/in")("bucket/in/a.png") == "s3://bucket/in/a.png"
