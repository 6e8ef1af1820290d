"""`apply`: a pipeline over many pictures, with an output tree that mirrors the input tree."""

from __future__ import annotations

import csv
import errno
import io
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePath

from sightline.batch.convert import USUAL, Options, convert
from sightline.batch.journal import Journal, journal_line
from sightline.batch.sources import Found, find_pictures, real
from sightline.batch.workers import run_tasks
from sightline.errors import InputError, Interrupted, ParameterError, SightlineError, StorageError
from sightline.events import Listener, Note, Progress, ignore
from sightline.files import write_bytes, write_text
from sightline.image import IMAGE_SUFFIXES
from sightline.pipeline import Pipeline

__all__ = ["Failed", "Summary", "apply"]

FATAL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
"""What befalls every file that follows: the storage is full, read-only or broken."""

FAILURES = ("path", "error")
"""The columns of failures.csv."""


@dataclass(frozen=True)
class Failed:
    """A picture that could not be processed, and why."""

    path: Path
    error: str


@dataclass(frozen=True)
class Summary:
    """What a batch has done. `skipped` were there already; `animated` had more frames than the first, which was taken."""

    out: Path
    written: int = 0
    skipped: int = 0
    failed: tuple[Failed, ...] = ()
    animated: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Task:
    """One picture: where it is, where its result goes, the name that its chance is drawn by, and its line in the journal."""

    source: Path
    target: Path
    item: str
    line: str


@dataclass(frozen=True)
class Done:
    """What became of a task."""

    task: Task
    error: str | None = None
    frames: int = 1
    fatal: bool = False


@dataclass(frozen=True)
class Work:
    """What a worker does to each task; it is sent to the workers and never raises."""

    pipeline: Pipeline
    options: Options

    def __call__(self, task: Task) -> Done:
        """Convert one file."""
        try:
            encoded, frames = convert(task.source, task.target.suffix.lower(), self.pipeline, task.item, self.options)
            write_bytes(task.target, encoded, durable=False)
        except StorageError as error:
            return Done(task, error.problem, fatal=getattr(error.__cause__, "errno", None) in FATAL)
        except SightlineError as error:
            return Done(task, str(error))
        except Exception as error:  # a fault of ours may cost one picture, never the batch
            return Done(task, f"internal error: {type(error).__name__}: {error}")
        return Done(task, frames=frames)


@dataclass
class _Tally:
    written: int = 0
    failed: list[Failed] = field(default_factory=list)
    animated: list[Path] = field(default_factory=list)


def apply(
    pipeline: Pipeline | str | Path,
    patterns: str | Iterable[str],
    out: str | Path,
    *,
    workers: int = 1,
    format: str | None = None,  # noqa: A002 - the word users know
    skip_existing: bool = False,
    overwrite: bool = False,
    resume: bool = False,
    options: Options = USUAL,
    on_event: Listener = ignore,
) -> Summary:
    """Run every picture that files, folders and globs stand for through `pipeline`, or that of a file, into the folder `out`.

    Pictures that fail are named in the summary and in `failures.csv`; the others go on. Results that exist are an error unless
    `skip_existing`, `overwrite` or `resume` says what to do: the last goes on with a batch of the same pipeline and options that
    was interrupted, or in which pictures failed.
    What is random is drawn from (seed, relative path, step), whatever the number of workers. Interrupted leaves whole files only.
    """
    out = Path(out)
    if workers < 1:
        raise ParameterError("invalid workers", expected="at least 1", received=str(workers))
    if skip_existing and overwrite:
        raise ParameterError("skip_existing and overwrite exclude each other", fix="Leave one out.")
    if out.exists() and not out.is_dir():
        raise InputError("the results need a folder", received=f"the file {str(out)!r}", fix="Choose another one.")
    if not isinstance(pipeline, Pipeline):
        pipeline = Pipeline.load(pipeline)
    if pipeline.makes_picture:
        raise InputError("the pipeline makes its own picture", expected="one that edits pictures")
    tasks = _tasks(find_pictures(patterns, out), out, format)
    journal = Journal(out, {"pipeline": pipeline.hash, "format": format, **asdict(options)})
    finished = journal.finished() if resume else None
    todo, skipped = _todo(tasks, finished, skip_existing=skip_existing, overwrite=overwrite)
    journal.start(finished or set())
    tally = _Tally()
    ended = False
    try:
        with closing(run_tasks(Work(pipeline, options), todo, min(workers, max(1, len(todo))), _lost)) as results:
            for done in results:
                _count(done, tally, journal, on_event)
                on_event(Progress("apply", tally.written + len(tally.failed), len(todo)))
        ended = True
    except KeyboardInterrupt:
        fix = "Go on with the same command and --resume."
        raise Interrupted(f"stopped after {tally.written:,} of {len(todo):,} pictures", fix=fix) from None
    finally:
        journal.close(done=ended and not tally.failed)
        _write_failures(out, tally.failed, on_event)
    return Summary(out, tally.written, skipped, tuple(tally.failed), tuple(tally.animated))


def _lost(task: Task) -> Done:
    return Done(task, "the process that worked on it died; it may be out of memory")


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


def _tasks(found: list[Found], out: Path, format: str | None) -> list[Task]:  # noqa: A002
    suffix = f".{format.lower().removeprefix('.')}" if format else None
    if suffix is not None and suffix not in IMAGE_SUFFIXES:
        raise ParameterError("invalid format", expected=" ".join(sorted(s[1:] for s in IMAGE_SUFFIXES)), received=repr(format))
    sources = {real(item.path) for item in found}
    tasks: dict[Path, Task] = {}
    for item in found:
        relative: PurePath = item.relative.with_suffix(suffix) if suffix else item.relative
        name = item.relative.as_posix()
        task = Task(item.path, out / relative, name, journal_line(name, item.path))
        if (other := tasks.get(task.target)) is not None:
            raise InputError(
                f"{str(other.source)!r} and {str(task.source)!r} would both become {str(task.target)!r}",
                fix="Rename one of them, or apply to each into a folder of its own.",
            )
        if _exists(task.target) and (taken := real(task.target)) in sources:
            by = "its own result" if taken == real(task.source) else f"the result of {str(task.source)!r}"
            raise InputError(f"{str(task.target)!r} would be overwritten by {by}", fix="Choose another output folder.")
        tasks[task.target] = task
    return list(tasks.values())


def _todo(tasks: list[Task], finished: set[str] | None, *, skip_existing: bool, overwrite: bool) -> tuple[list[Task], int]:
    """The tasks that are left, and how many are not; `finished` is None where no interrupted batch is gone on with."""
    todo = [task for task in tasks if not (task.line in (finished or set()) and _exists(task.target))]
    existing = [task for task in todo if _exists(task.target)]
    if skip_existing:
        todo = [task for task in todo if not _exists(task.target)]
    elif existing and not overwrite and finished is None:
        raise InputError(
            f"{len(existing):,} of {len(tasks):,} results exist already, {str(existing[0].target)!r} for one",
            fix="Use --skip-existing, --overwrite, another output folder, or --resume if a batch was interrupted there.",
        )
    return todo, len(tasks) - len(todo)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long for the file system
        return False


def _write_failures(out: Path, failed: list[Failed], on_event: Listener) -> None:
    path = out / "failures.csv"
    if path.exists() and not _is_ours(path):
        if failed:
            on_event(Note(f"{path} is no list of failures and stays as it is", warning=True))
        return
    if not failed:
        path.unlink(missing_ok=True)
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FAILURES)
    writer.writerows((str(failure.path), failure.error) for failure in failed)
    write_text(path, text.getvalue())


def _is_ours(failures: Path) -> bool:
    """Whether the file begins as a list of failures does: others of its name are never touched."""
    header = ",".join(FAILURES).encode() + b"\n"
    try:
        with open(failures, "rb") as file:
            return file.read(len(header)) == header
    except OSError:
        return False
