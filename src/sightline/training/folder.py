"""The run folder: what one training leaves behind, held by one process at a time."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sightline.errors import RunError, StorageError
from sightline.training.config import TrainConfig

__all__ = ["RunFolder", "fitted", "free_run", "made", "open_run"]

LONGEST = 100
NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST - 1}}}")


@dataclass(frozen=True)
class RunFolder:
    """`runs/<name>/`: config.yaml, log.csv, metrics.json, predictions.csv, plots/, report.html, checkpoint/, bundle/."""

    path: Path

    @property
    def name(self) -> str:
        """The run's name: its folder's."""
        return self.path.name

    @property
    def config(self) -> Path:
        """What the run was told."""
        return self.path / "config.yaml"

    @property
    def is_run(self) -> bool:
        """Whether a run is here; False for a path that no file system takes."""
        return os.path.isfile(self.config)  # noqa: PTH113 - no error for a name that is too long

    @property
    def log(self) -> Path:
        """One row an epoch."""
        return self.path / "log.csv"

    @property
    def metrics(self) -> Path:
        """What was measured on the test set."""
        return self.path / "metrics.json"

    @property
    def predictions(self) -> Path:
        """One row for each picture of the test set."""
        return self.path / "predictions.csv"

    @property
    def record(self) -> Path:
        """The facts and pictures from which the report is made again."""
        return self.path / "record.safetensors"

    @property
    def report(self) -> Path:
        """The report, one self-contained file."""
        return self.path / "report.html"

    @property
    def plots(self) -> Path:
        """Every plot as PNG and SVG."""
        return self.path / "plots"

    @property
    def checkpoint(self) -> Path:
        """The state after the last epoch."""
        return self.path / "checkpoint" / "state.safetensors"

    @property
    def bundle(self) -> Path:
        """The deployable model."""
        return self.path / "bundle"

    @property
    def in_use(self) -> bool:
        """Whether a process is at work in it."""
        if not (self.path / ".lock").exists():
            return False
        try:
            with self.held():
                return False
        except RunError:
            return True
        except StorageError:  # one may look at runs that one may not change
            return False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes out while the block runs; RunError if one is in. A killed process lets go."""
        from filelock import FileLock, Timeout

        lock = FileLock(self.path / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise RunError(
                f"run {str(self.path)!r} is in use by another process",
                fix="Wait for it to end, or give this run another --name.",
            ) from None
        except OSError as error:
            raise StorageError(f"cannot write in run {str(self.path)!r}: {error.strerror}") from error
        try:
            yield
        finally:
            lock.release()


def fitted(text: str, ending: str = "") -> str:
    """A name of a run that is as near to `text` as the rule for names lets it be, with room for `ending`.

    >>> fitted("_my data (1)", "-2")
    'my-data-1-2'
    """
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("._-") or "unnamed"
    return stem[: LONGEST - len(ending)] + ending


def free_run(config: TrainConfig, out: Path, name: str | None) -> RunFolder:
    """A folder for a new run, not made yet. Without a `name` it is the dataset's, numbered on; a taken name is a RunError."""
    if name is not None and not NAME.fullmatch(name):
        raise RunError("invalid --name", expected=f"letters, digits, '.', '_', '-', at most {LONGEST}", received=repr(name))
    path = Path(config.data)
    stem = path.stem if path.suffix else path.name
    numbered = (fitted(stem, f"-{number}" if number > 1 else "") for number in range(1, 10_000))
    try:
        for candidate in numbered if name is None else [name]:
            folder = RunFolder(out / candidate)
            if not folder.path.exists() or (folder.path.is_dir() and {file.name for file in folder.path.iterdir()} <= {".lock"}):
                return folder
    except OSError as error:  # a folder that is not ours to look into, or whose path is too long
        raise StorageError(f"cannot make a run in {str(out)!r}: {error.strerror}", fix="Choose another --out.") from error
    raise RunError(
        f"there is a run {str(folder.path)!r} already",
        fix="Choose another --name, or go on with it by --resume.",
    )


@contextmanager
def made(folder: RunFolder, config: TrainConfig) -> Iterator[None]:
    """Make the folder, leave the configuration in it, and hold it: from here on it is a run and can be resumed."""
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot make the run folder {str(folder.path)!r}: {error.strerror}") from error
    with folder.held():
        if folder.config.exists():
            raise RunError(f"there is a run {str(folder.path)!r} already", fix="Another process has just made it.")
        config.save(folder.config)
        yield


def open_run(path: str | Path) -> RunFolder:
    """The folder of a run that exists; RunError if `path` is none. `.` and `..` are written out: a run has a name."""
    folder = RunFolder(Path(path))
    if not folder.is_run:
        raise RunError(
            f"{str(path)!r} is not a run", expected="a folder with config.yaml", fix="Runs are made by `sightline train`."
        )
    return RunFolder(folder.path.resolve()) if folder.name in {"", ".."} else folder
