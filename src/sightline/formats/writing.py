"""Writing an export: beside its place, replayed there, and only then moved to it."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from sightline.bundle import Classifier, Exported, Precision, Predictor, Run, load_bundle
from sightline.data import Split
from sightline.errors import BundleError, InputError, JobError, SightlineError, StorageError
from sightline.events import Listener, Note
from sightline.files import replacing
from sightline.formats.registry import FORMATS, Format
from sightline.formats.replay import Limits, Replay, raw_files, replay
from sightline.formats.side_file import open_with_side_file, read_side_file, side_path, write_side_file
from sightline.formats.source import Source

__all__ = ["Export", "find_format", "open_export", "settle_target", "write_export"]


@dataclass(frozen=True)
class Export:
    """A finished export: where it is, all files that belong to it, and how its replay went.

    `side`: the file with labels and pipeline, where they are not in the export itself. `bytes`: of all files together.
    """

    path: Path
    format: str
    precision: Precision
    files: tuple[Path, ...]
    side: Path | None
    bytes: int
    replay: Replay

    def to_dict(self) -> dict[str, Any]:
        """The export as plain data for JSON."""
        files = [str(path) for path in self.files]
        facts = {"path": str(self.path), "format": self.format, "precision": self.precision, "files": files, "bytes": self.bytes}
        return {**facts, "replay": self.replay.to_dict()}


def find_format(name: str | None, output: Path | None) -> Format:
    """The format called `name`, else that of the output's suffix, else ONNX; UnknownNameError, InputError if they do not fit.

    The suffix must be in small letters: some runtimes know their files by it.
    """
    by_suffix = {form.suffix: form for form in FORMATS if form.suffix}
    suffix = output.suffix.lower() if output else ""
    form = FORMATS.get(name) if name is not None else by_suffix.get(suffix, FORMATS.get("onnx"))
    if output is not None and (output.suffix != form.suffix if form.suffix else suffix in by_suffix):
        wanted = f"a file that ends in {form.suffix}" if form.suffix else "a folder"
        fix = None if name or suffix in by_suffix else "Name the format with --format."
        raise InputError(f"{str(output)!r} does not fit the format {form.name}", expected=wanted, fix=fix)
    return form


def settle_target(output: Path | None, form: Format, name: str, precision: Precision, *, overwrite: bool) -> Path:
    """Where the export goes: `output`, else a file of the model's `name` in the working folder.

    InputError if something is there, unless it is an export and `overwrite` says so.
    """
    if output is None:
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "model"
        output = Path(f"{stem}{'-int8' if precision == 'int8' else ''}{form.suffix or '-' + form.name}")
    try:
        existing = [path for path in _places(output, form) if path.exists() or path.is_symlink()]
    except OSError as error:  # a name that is too long for the file system
        raise InputError(f"cannot write {str(output)!r}: {error.strerror or error}", fix="Name another place with -o.") from None
    if existing and not overwrite:
        raise InputError(f"there is {str(existing[0])!r} already", fix="Use --overwrite, or name another place with -o.")
    for path in existing:
        kind_fits = path.is_file() if form.suffix else path.is_dir()
        named = form.suffix and path == output  # the files beside it the user did not name, nor those in a folder
        if not (kind_fits and (named or _is_export(output, form))):
            raise InputError(f"{str(path)!r} is no export to replace", fix="Name another place with -o.")
    return output


def _is_export(target: Path, form: Format) -> bool:
    """Whether the side file says that what is at `target` is an export of this form."""
    try:
        side = read_side_file(target)
    except BundleError:
        return False
    return (side.file, side.kind) == (target.name, form.name)


def _places(target: Path, form: Format) -> list[Path]:
    """Every path of an export, the main one last."""
    extra = [target.with_suffix(suffix) for suffix in form.extra]
    side = [] if form.whole or not form.suffix else [target.with_name(target.name + ".json")]
    return [*extra, *side, target]


def write_export(
    source: Source,
    form: Format,
    target: Path,
    reference: Predictor,
    pictures: Split,
    split: str,
    limits: Limits,
    on_event: Listener,
) -> Export:
    """Write `source` at `target` as `form`, once it answers as `reference` does on the files of `pictures`; else JobError."""
    with _staged(target, form) as staged:
        on_event(Note(f"Writing {form.name}"))
        try:
            import_module(f"sightline.formats.{form.module}").write(source, staged)
        except (SightlineError, OSError):
            raise
        except Exception as error:  # the runtimes' errors have no common root
            raise JobError(f"the model cannot be exported as {form.name}: {str(error)[:300]}") from error
        try:
            if not form.whole:
                write_side_file(staged, form, _description(source, staged, form, on_event))
            with tempfile.TemporaryDirectory() as folder:
                files = raw_files(pictures, Path(folder))
                found = replay(reference, open_export(staged, form), files, pictures.labels, split, on_event)
        except BundleError as error:
            raise JobError(f"what was written as {form.name} does not work: {error.problem}") from error
        found.check(source.precision, limits)
    written = _places(target, form) if form.suffix else [path for path in target.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in written)
    side = None if form.whole else side_path(target)
    return Export(target, form.name, source.precision, tuple(sorted(written)), side, size, found)


def _description(source: Source, staged: Path, form: Format, on_event: Listener) -> Exported:
    """What is said of an export whose network gives probabilities only."""
    found = source.without_distance
    if source.precision == "int8":
        found = source.with_own_threshold(Classifier(found.input_shape, len(found.labels), _run_of(staged, form)))
    if found.unknown_threshold is None and source.description.unknown_threshold is not None:
        on_event(Note(f"{form.name} gives probabilities only: it calls no picture unknown, as onnx does"))
    return found


def open_export(path: Path, form: Format) -> Predictor:
    """Load an export as its user would, in its own runtime, with the labels and pipeline that it brings; BundleError."""
    if form.whole:
        return load_bundle(path)
    return open_with_side_file(path, _run_of(path, form))


def _run_of(path: Path, form: Format) -> Run:
    """The network of an export in its own runtime; BundleError."""
    try:
        run: Run = import_module(f"sightline.formats.{form.module}").run(path)
    except Exception as error:  # the runtimes' errors have no common root
        raise BundleError(f"{str(path)!r} does not open: {str(error)[:300]}") from error
    return run


@contextmanager
def _staged(target: Path, form: Format) -> Iterator[Path]:
    """Give a path of the same name in a folder beside `target`; when the block ends well, what is there moves to its place."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".sightline-", dir=target.parent) as folder:
            staged = Path(folder) / target.name
            yield staged
            if not form.suffix:
                _replace_folder(staged, target, Path(folder) / "previous")
                return
            for path in _places(target, form):
                with replacing(path) as temporary:
                    (staged.parent / path.name).replace(temporary)
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        fix = "Free some space or choose another place, then try again."
        raise StorageError(f"cannot write {str(target)!r}: {error.strerror or error}", fix=fix) from error


def _replace_folder(new: Path, target: Path, aside: Path) -> None:
    """Folders cannot be renamed onto full ones: the previous one steps aside first, and comes back if the new one cannot."""
    if target.exists():
        target.rename(aside)
    try:
        new.rename(target)
    except OSError:
        if aside.exists():
            aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)
