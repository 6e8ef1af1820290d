"""Prediction as a job: many pictures, on this machine or on a cluster, and a table of them that can be gone on with."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import IO, Any

from sightline.batch import Engine
from sightline.bundle import Failure, Picture, Prediction, Predictor, load_bundle, name_of
from sightline.errors import ImageError, InputError, JobError, RunError, SightlineError, StorageError
from sightline.events import Listener, Progress
from sightline.files import replacing, sha256
from sightline.image import MAX_PIXELS
from sightline.notebook import default_listener

__all__ = ["Predict", "Tabled", "predict_many", "table_predictions"]

CHUNK = 64
"""Pictures that are predicted together, whoever does it: then every number is the same to the last bit."""

TEXT: Any = {"encoding": "utf-8", "errors": "backslashreplace", "newline": ""}
"""How the table is opened to be written: what UTF-8 cannot hold, as in some file names, is escaped."""

READ: Any = {"encoding": "utf-8", "errors": "replace", "newline": ""}
"""How it is read again: a crash may have cut a character, in a row that is made anew."""

Result = Prediction | Failure
Predict = Callable[[Sequence[Picture]], Iterator[Result]]
"""What gives a result for each picture in turn."""


@dataclass(frozen=True)
class _Chunk:
    number: int
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class _Read:
    """The results of a chunk; `lost` where the process that worked on it died, `error` where it could not begin."""

    number: int
    results: tuple[Result, ...] = ()
    lost: bool = False
    error: str = ""


@dataclass(frozen=True)
class _Reader:
    """What a worker does to each chunk; it is sent to the workers and never raises."""

    model: str
    fingerprint: str
    max_pixels: int

    def __call__(self, chunk: _Chunk) -> _Read:
        try:
            predictor = _loaded(self.model, self.fingerprint, self.max_pixels)
        except SightlineError as error:
            return _Read(chunk.number, error=error.problem)
        try:
            return _Read(chunk.number, tuple(predictor.predict_many(chunk.pictures, batch_size=CHUNK)))
        except Exception as error:  # a fault of ours may cost a few pictures, never the batch
            what = JobError(f"internal error: {type(error).__name__}: {error}")
            return _Read(chunk.number, tuple(Failure(name_of(picture), what) for picture in chunk.pictures))


@lru_cache(1)
def _loaded(model: str, fingerprint: str, max_pixels: int) -> Predictor:
    """The model with that fingerprint, once in a process, on one processor thread."""
    return load_bundle(model, threads=1, max_pixels=max_pixels)


def predict_many(
    model: str | Path, pictures: Sequence[Picture], engine: Engine, *, workers: int | None = None, max_pixels: int = MAX_PIXELS
) -> Iterator[Result]:
    """A prediction for each picture in turn, or a Failure, by the workers of `engine`, which each load the bundle `model` once.

    JobError where they cannot. A picture that kills its worker again and again is a Failure.
    """
    place = Path(model).absolute()
    reader = _Reader(str(place), _fingerprint(place), max_pixels)
    chunks = [_Chunk(number, tuple(pictures[start : start + CHUNK])) for number, start in enumerate(range(0, len(pictures), CHUNK))]
    waiting: dict[int, _Read] = {}
    following = 0
    for read in engine(reader, chunks, workers, lambda chunk: _Read(chunk.number, lost=True)):
        waiting[read.number] = read
        while (ready := waiting.pop(following, None)) is not None:
            yield from _results(reader, chunks[following], ready, engine, workers)
            following += 1


def _results(reader: _Reader, chunk: _Chunk, read: _Read, engine: Engine, workers: int | None) -> Iterator[Result]:
    """What became of a chunk; one that was lost is tried picture by picture."""
    if read.error:
        raise JobError(f"a worker cannot load the model: {read.error}", fix="Workers find it by the same path as this process.")
    if not read.lost:
        yield from read.results
        return
    died = JobError("the process that worked on it died; it may be out of memory")
    found: dict[int, Sequence[Result]] = {}
    singles = [_Chunk(number, (picture,)) for number, picture in enumerate(chunk.pictures)]
    for one in engine(reader, singles, workers, lambda single: _Read(single.number, lost=True)):
        found[one.number] = [Failure(name_of(chunk.pictures[one.number]), died)] if one.lost else one.results
    for number in sorted(found):
        yield from found[number]


@dataclass(frozen=True)
class Tabled:
    """A table that was written: how many pictures it has, how many of them an interrupted job had done, and the failures."""

    pictures: int
    before: int
    failures: tuple[Failure, ...]


def table_predictions(
    path: str | Path,
    pictures: Sequence[Picture],
    predict: Predict,
    model: Path,
    labels: Sequence[str],
    *,
    resume: bool = False,
    on_event: Listener = default_listener,
) -> Tabled:
    """Write a CSV of what `predict` says of the pictures, row by row: source, label, confidence, known, all probabilities, error.

    The rows gather in a hidden file beside `path` and become `path` at the end. Interrupted, they stay, and `resume` goes on with
    them; RunError if they are of another model or of other pictures.
    """
    target = Path(path)
    partial = target.with_name(f".{target.name}.partial")
    names = [name_of(picture) for picture in pictures]
    job = json.dumps({"model": _fingerprint(model), "labels": list(labels)})
    if target.exists() and not target.is_file():
        return _to_device(target, pictures, predict, labels, resume=resume)
    before, failures = _begun(partial, job, names) if resume else (0, [])
    try:
        with _appending(partial, job, labels, before) as file:
            writer = csv.writer(file, lineterminator="\n")
            for number, result in enumerate(predict(pictures[before:]), start=before + 1):
                writer.writerow(_row(result, labels))
                if isinstance(result, Failure):
                    failures.append(result)
                if number % CHUNK == 0:
                    file.flush()
                on_event(Progress("predict", number, len(pictures)))
        _finish(partial, target)
    except OSError as error:
        raise StorageError(f"cannot write {str(target)!r}: {error.strerror or error}") from error
    return Tabled(len(pictures), before, tuple(failures))


def _fingerprint(model: Path) -> str:
    """What tells a bundle from another in its place."""
    file = model if model.is_file() else model / "manifest.json"
    return sha256(file) if file.is_file() else ""


def _to_device(target: Path, pictures: Sequence[Picture], predict: Predict, labels: Sequence[str], *, resume: bool) -> Tabled:
    """Write the table to what is no file, such as a pipe, when all of it is known."""
    if resume or target.is_dir():
        what = "a folder" if target.is_dir() else "a device or a pipe, with which nothing can be gone on"
        raise InputError(f"cannot write the table {str(target)!r}", expected="a file", received=what)
    results = list(predict(pictures))
    with open(target, "w", **TEXT) as file:
        csv.writer(file, lineterminator="\n").writerows([_header(labels), *(_row(result, labels) for result in results)])
    return Tabled(len(pictures), 0, tuple(result for result in results if isinstance(result, Failure)))


def _header(labels: Sequence[str]) -> list[str]:
    return ["source", "label", "confidence", "known", *(f"p:{label}" for label in labels), "error"]


def _row(result: Result, labels: Sequence[str]) -> list[str]:
    if isinstance(result, Failure):
        return [result.source, "", "", "", *("" for _ in labels), result.error.problem]
    shares = [f"{share:.6g}" for share in result.probabilities]
    return [result.source, result.label, f"{result.confidence:.6g}", "yes" if result.known else "no", *shares, ""]


def _begun(partial: Path, job: str, names: Sequence[str]) -> tuple[int, list[Failure]]:
    """How many pictures an interrupted job has done, in whole chunks, and the failures among them; 0 if there was none."""
    try:
        with open(partial, **READ) as file:
            same = file.readline() == job + "\n"
            rows = list(islice(csv.reader(file), 1, None))[:-1]  # the last may be cut off
    except FileNotFoundError:
        return 0, []
    done = [row[0] if row else "" for row in rows]
    if not same or done != [_escaped(name) for name in names[: len(done)]]:
        raise RunError(
            f"cannot go on with {str(partial)!r}",
            expected="the model and the pictures of the interrupted job",
            received="others",
            fix="Use them again, or leave out --resume.",
        )
    before = len(done) // CHUNK * CHUNK
    return before, [Failure(row[0], ImageError(row[-1])) for row in rows[:before] if row[-1]]


def _escaped(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


@contextmanager
def _appending(partial: Path, job: str, labels: Sequence[str], before: int) -> Iterator[IO[str]]:
    """The hidden file with the job in its first line, the header and `before` rows, open for more."""
    kept = [_header(labels)]
    if before:
        with open(partial, **READ) as file:
            file.readline()
            kept = list(islice(csv.reader(file), before + 1))
    with replacing(partial) as temporary, open(temporary, "w", **TEXT) as file:
        file.write(job + "\n")
        csv.writer(file, lineterminator="\n").writerows(kept)
    with open(partial, "a", **TEXT) as file:
        yield file


def _finish(partial: Path, target: Path) -> None:
    """Make the table of the hidden file, which goes."""
    with replacing(target) as temporary, open(partial, "rb") as source, open(temporary, "wb") as file:
        source.readline()
        shutil.copyfileobj(source, file)
    partial.unlink()
