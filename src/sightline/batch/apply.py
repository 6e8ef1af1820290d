"""`apply`: a pipeline over many pictures, with an output tree that mirrors the input tree."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePath

from sightline.batch.convert import USUAL, Options
from sightline.batch.journal import Journal, journal_line
from sightline.batch.results import Results, is_table, results_in
from sightline.batch.sources import Found, Source, find_pictures, real
from sightline.batch.storage import Place, exists, is_url, place_at, put, read_text, remove
from sightline.batch.tables import Row
from sightline.batch.work import Done, FileWork, Task
from sightline.batch.workers import Engine, check_not_starting, run_tasks
from sightline.errors import InputError, Interrupted, ParameterError, StorageError
from sightline.events import Listener, Note, Progress
from sightline.image import IMAGE_SUFFIXES
from sightline.notebook import default_listener
from sightline.pipeline import Pipeline

__all__ = ["Failed", "Summary", "apply", "failures_in"]

FAILURES = ("path", "error")
"""The columns of failures.csv."""


@dataclass(frozen=True)
class Failed:
    """A picture that could not be processed, and why."""

    path: Source
    error: str


@dataclass(frozen=True)
class Summary:
    """What a batch has done. `skipped` were there already; `animated` had more frames than the first, which was taken."""

    out: Place
    written: int = 0
    skipped: int = 0
    failed: tuple[Failed, ...] = ()
    animated: tuple[Source, ...] = ()


@dataclass
class _Tally:
    written: int = 0
    failed: list[Failed] = field(default_factory=list)
    animated: list[Source] = field(default_factory=list)


def apply(
    pipeline: Pipeline | str | Path,
    patterns: str | Iterable[str],
    out: str | Path,
    *,
    workers: int | None = 1,
    format: str | None = None,  # noqa: A002 - the word users know
    skip_existing: bool = False,
    overwrite: bool = False,
    resume: bool = False,
    options: Options = USUAL,
    engine: Engine = run_tasks,
    on_event: Listener = default_listener,
) -> Summary:
    """Run every picture that files, folders and globs stand for through `pipeline`, or that of a file, into the folder `out`.

    Sources and `out` may be URLs that fsspec opens, and a Parquet table with the bytes of pictures stands for its rows; where
    `out` ends in .parquet it is a folder of such tables. `workers` is how many pictures are worked on at a time, None: as many as
    there are processors; `engine` where: on this machine, or on a cluster whose machines find the same files by the same paths.

    Pictures that fail are named in the summary and in `failures.csv`; the others go on. Results that exist are an error unless
    `skip_existing`, `overwrite` or `resume` says what to do: the last goes on with a batch of the same pipeline and options that
    was interrupted, or in which pictures failed.
    What is random is drawn from (seed, relative path, step), whatever the number of workers. InputError, ParameterError or
    PipelineError for what does not fit, before a picture is read; StorageError where a result cannot be written. Interrupted leaves
    whole files only.

    >>> import sightline as sl
    >>> for number in range(3):
    ...     sl.write(f"photos/{number}.png", sl.sample(seed=number))
    >>> summary = sl.apply(sl.Pipeline(("to_gray", {"resize": {"width": 64, "height": 48}})), "photos", "small")
    >>> summary.written, summary.failed, sl.read("small/0.png", "unchanged").shape
    (3, (), (48, 64))
    """
    check_not_starting()
    place = place_at(out)
    if workers is not None and workers < 1:
        raise ParameterError("invalid workers", expected="at least 1", received=str(workers))
    if skip_existing and overwrite:
        raise ParameterError("skip_existing and overwrite exclude each other", fix="Leave one out.")
    if isinstance(place, Path) and place.exists() and not place.is_dir():
        raise InputError("the results need a folder", received=f"the file {str(place)!r}", fix="Choose another one.")
    if not isinstance(pipeline, Pipeline):
        pipeline = Pipeline.load(pipeline)
    if pipeline.makes_picture:
        raise InputError("the pipeline makes its own picture", expected="one that edits pictures")
    tasks = _tasks(find_pictures(patterns, place), place, format)
    journal = Journal(place, {"pipeline": pipeline.hash, "format": format, **asdict(options)})
    finished = journal.finished() if resume else None
    results = results_in(place, skip_existing=skip_existing, overwrite=overwrite and finished is None)
    todo, skipped = _todo(tasks, results, finished, skip_existing=skip_existing, overwrite=overwrite)
    results.clear()  # before there is a journal of the new batch, which would say that the old results are its own
    journal.start(finished or set())
    tally = _Tally()
    ended = False
    try:
        with closing(results.make(FileWork(pipeline, options), todo, engine, workers)) as made:
            for some in made:
                for done in some:
                    _count(done, tally, journal, on_event)
                on_event(Progress("apply", tally.written + len(tally.failed), len(todo)))
        ended = True
    except KeyboardInterrupt:
        fix = "Go on with the same command and --resume."
        raise Interrupted(f"stopped after {tally.written:,} of {len(todo):,} pictures", fix=fix) from None
    finally:
        journal.close(done=ended and not tally.failed)
        _write_failures(place, tally.failed, on_event)
    return Summary(place, tally.written, skipped, tuple(tally.failed), tuple(tally.animated))


def _count(done: Done, tally: _Tally, journal: Journal, on_event: Listener) -> None:
    if done.fatal:
        raise StorageError(str(done.error), fix="Whole files only were left. Mend that, then go on with --resume.")
    if done.error is not None:
        tally.failed.append(Failed(done.task.source, done.error))
        on_event(Note(f"{done.task.source}: {done.error}", warning=True))
        return
    tally.written += 1
    journal.add(done.task.line)
    if done.frames > 1:
        tally.animated.append(done.task.source)


def _tasks(found: list[Found], out: Place, format: str | None) -> list[Task]:  # noqa: A002
    suffix = f".{format.lower().removeprefix('.')}" if format else None
    if suffix is not None and suffix not in IMAGE_SUFFIXES:
        raise ParameterError("invalid format", expected=" ".join(sorted(s[1:] for s in IMAGE_SUFFIXES)), received=repr(format))
    sources = {_where(item.path) for item in found}
    if is_table(out) and any(_is_below(source, _where(out)) for source in sources):
        raise InputError(f"the table {str(out)!r} would be written over itself", fix="Choose another output folder.")
    tasks: dict[Place, Task] = {}
    for item in found:
        _check_name(item)
        relative, name = _result(item, suffix), item.relative.as_posix()
        result = relative.as_posix().encode("utf-8", "backslashreplace").decode()  # a table's names are text
        task = Task(item.path, out / relative, name, journal_line(name, item.path), result)
        if (other := tasks.get(task.target)) is not None:
            raise InputError(
                f"{str(other.source)!r} and {str(task.source)!r} would both become {str(task.target)!r}",
                fix="Rename one of them, or apply to each into a folder of its own.",
            )
        there = not isinstance(task.target, Path) or exists(task.target)
        if there and (taken := _where(task.target)) in sources:
            by = "its own result" if taken == _where(task.source) else f"the result of {str(task.source)!r}"
            raise InputError(f"{str(task.target)!r} would be overwritten by {by}", fix="Choose another output folder.")
        tasks[task.target] = task
    return list(tasks.values())


def _check_name(item: Found) -> None:
    """Refuse names out of archives, storages and tables that lead out of the output folder, or are none."""
    relative = item.relative
    if isinstance(item.path, Path):  # the file system has no such names
        return
    if relative.is_absolute() or ".." in relative.parts or not relative.name or "\0" in str(relative):
        raise InputError(
            f"the name of {str(item.path)!r} leads out of a folder", expected="one below it", received=repr(str(relative))
        )


def _where(source: Source) -> Path | str:
    """What is the same of two sources that are one: the file, or the URL; of rows their table's."""
    if isinstance(source, Row):
        return source.table if is_url(source.table) else real(Path(source.table))
    return real(source) if isinstance(source, Path) else str(source)


def _is_below(file: Path | str, folder: Path | str) -> bool:
    return str(file).startswith(f"{folder}/")


def _result(item: Found, suffix: str | None) -> PurePath:
    """The name of a picture's result below the output folder."""
    named = item.relative.suffix.lower() in IMAGE_SUFFIXES
    if not isinstance(item.path, Row) or named:
        return item.relative.with_suffix(suffix) if suffix else item.relative
    if suffix is None:
        raise InputError(
            f"the rows of {item.path.table!r} have no names that tell a format",
            received=repr(item.path.key),
            fix="Add a format: --format png, jpg, webp ...",
        )
    return item.relative.with_name(item.relative.name + suffix)


def _todo(
    tasks: list[Task], results: Results, finished: set[str] | None, *, skip_existing: bool, overwrite: bool
) -> tuple[list[Task], int]:
    """The tasks that are left, and how many are not; `finished` is None where no interrupted batch is gone on with."""
    todo = tasks if finished is None else [task for task in tasks if not results.finished(task, finished)]
    existing = [task for task in todo if results.taken(task)]
    if skip_existing:
        todo = [task for task in todo if not results.taken(task)]
    elif existing and not overwrite and finished is None:
        raise InputError(
            f"{len(existing):,} of {len(tasks):,} results exist already, {str(existing[0].target)!r} for one",
            fix="Use --skip-existing, --overwrite, another output folder, or --resume if a batch was interrupted there.",
        )
    return todo, len(tasks) - len(todo)


def failures_in(out: Place) -> Place:
    """Where the list of failures of a batch is; in a table under a name that its readers pass over."""
    return out / ("_failures.csv" if is_table(out) else "failures.csv")


def _write_failures(out: Place, failed: list[Failed], on_event: Listener) -> None:
    path = failures_in(out)
    header = ",".join(FAILURES) + "\n"
    before = _read_or_nothing(path)
    if before is not None and not before.startswith(header):  # others of its name are never touched
        if failed:
            on_event(Note(f"{path} is no list of failures and stays as it is", warning=True))
        return
    if not failed:
        if before is not None:
            remove(path)
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FAILURES)
    writer.writerows((str(failure.path), failure.error) for failure in failed)
    put(path, text.getvalue().encode("utf-8", "backslashreplace"))


def _read_or_nothing(path: Place) -> str | None:
    """What a file holds, `?` for what cannot be read as one, None where there is none."""
    try:
        return read_text(path)
    except (OSError, StorageError):
        return "?"
