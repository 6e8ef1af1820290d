"""The folder of a tuning: what it was told, and a run for each trial."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import ValidationError

from sightline.errors import RunError, SightlineError, StorageError
from sightline.evaluation.tuning import Axis, TuningFound, TuningTrial
from sightline.files import write_json, write_text
from sightline.params import explain
from sightline.training.config import TrainConfig
from sightline.training.folder import RunFolder, fitted, free_run
from sightline.training.log import read_log
from sightline.training.space import Space, space_from
from sightline.training.tuning_config import StudyConfig, make_study

__all__ = ["Study", "free_study", "open_study"]

ENDED = ("done", "ended", "failed")
TRIAL = re.compile(r"trial-(\d{3,})")


@dataclass(frozen=True)
class Study:
    """`<name>/`: study.yaml, trial-001/ ..., each a run with its values in trial.json, report.html and plots/."""

    path: Path
    config: StudyConfig

    @property
    def name(self) -> str:
        """The study's name: its folder's."""
        return self.path.name

    @property
    def report(self) -> Path:
        """The report, one self-contained file."""
        return self.path / "report.html"

    @cached_property
    def space(self) -> Space:
        """What is tuned."""
        return space_from(self.config.space, self.config.training, where=repr(str(self.path / "study.yaml")))

    @property
    def rungs(self) -> tuple[int, ...]:
        """The epochs after which a trial must be among the best third to go on: a fifth and three fifths of all."""
        epochs = self.config.training.epochs
        first = -(-epochs // 5)  # later than most warm-ups, in which a trial says little of itself
        return tuple(rung for rung in (first, 3 * first) if rung < epochs)

    @property
    def left(self) -> int:
        """How many trials are still to end."""
        ended = sum(trial.state != "open" for trial in self.trials())
        return max(0, int(min(self.config.trials, self.space.size)) - ended)

    def run(self, number: int) -> RunFolder:
        """The run of a trial."""
        return RunFolder(self.path / f"trial-{number:03}")

    def training(self, number: int) -> TrainConfig:
        """The configuration of a trial that has begun."""
        return self.space.config(self.config.training, self._told(number)["values"])

    def begin(self, values: dict[str, Any], busy: Collection[int] = ()) -> int:
        """The number of the trial that takes `values`: one that did before, unless it is open and `busy`, or else a new one."""
        trials = self.trials()
        for trial in trials:
            if trial.values == values and not (trial.state == "open" and trial.number in busy):
                return trial.number
        number = 1 + max((trial.number for trial in trials), default=0)
        self.run(number).path.mkdir(parents=True, exist_ok=True)
        write_json(self._file(number), {"number": number, "values": values, "state": "open", "error": ""})
        return number

    def settle(self, number: int, state: Literal["done", "ended", "failed"], error: str = "", *, again: bool = False) -> None:
        """Note how a trial has ended; `again`: not by its values, so that it is tried again when the study goes on."""
        write_json(self._file(number), {**self._told(number), "state": state, "error": error, "again": again})

    def reopen(self) -> None:
        """Leave those open that have not failed by their values."""
        for trial in self.trials():
            told = self._told(trial.number)
            if trial.state == "failed" and told.get("again"):
                write_json(self._file(trial.number), {**told, "state": "open", "error": ""})

    def trials(self) -> list[TuningTrial]:
        """All that have begun, in that order."""
        names = (TRIAL.fullmatch(file.parent.name) for file in self.path.glob("trial-*/trial.json"))
        return [self.trial(number) for number in sorted(int(name[1]) for name in names if name)]

    def trial(self, number: int) -> TuningTrial:
        """One of them, as it stands; RunError if its files cannot be read."""
        told, folder = self._told(number), self.run(number)
        try:
            rows = read_log(folder.log) if folder.log.exists() else []
            curve = [row[f"val_{self.config.by}"] for row in rows]
            seconds = sum(row["seconds"] for row in rows)
            return TuningTrial(number, folder.name, told["values"], told["state"], curve, self._score(rows), told["error"], seconds)
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise RunError(f"cannot read trial {str(folder.path)!r}: {error}") from error

    def _score(self, rows: list[dict[str, float]]) -> float | None:
        """What a trial is worth: its last epoch, or with a patience the one whose weights are kept."""
        if not rows:
            return None
        kept = min(rows, key=lambda row: row["val_loss"]) if self.config.training.patience else rows[-1]
        return kept[f"val_{self.config.by}"]

    def _file(self, number: int) -> Path:
        return self.run(number).path / "trial.json"

    def _told(self, number: int) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self._file(number).read_text(encoding="utf-8"))
            if found["state"] not in ("open", *ENDED) or not isinstance(found["values"], dict):
                raise ValueError("it holds no trial")
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise RunError(f"cannot read {str(self._file(number))!r}: {error}") from error
        return found

    def found(self) -> TuningFound:
        """What came of the trials so far, without the weights of the parameters."""
        training, trials = self.config.training, self.trials()
        axes = [Axis(one.name, one.share, one.marks, not one.values) for one in self.space.dimensions]
        values = self.space.values_of(training)
        told = next((one.number for one in trials if one.values == values), None)
        by, held_out = self.config.by, self.config.held_out
        found = TuningFound(self.name, Path(training.data).name, training.model, by, training.epochs, held_out, trials, axes, told)
        return replace(found, test=self._measured(found.best))

    def _measured(self, best: TuningTrial | None) -> tuple[float, tuple[float, float]] | None:
        """The accuracy of a trial on the test set, and its interval, if it is known."""
        if best is None or not self.run(best.number).metrics.exists():
            return None
        found = json.loads(self.run(best.number).metrics.read_text(encoding="utf-8"))["evaluation"]
        low, high = found["accuracy_interval_95"]
        return found["accuracy"], (low, high)

    def changed(self, **options: Any) -> Study:
        """The same told otherwise, where an option is not None; ParameterError."""
        told = {name: value for name, value in options.items() if value is not None}
        return Study(self.path, make_study(**{**dict(self.config), **told}))

    def save(self) -> None:
        """Write what the study was told."""
        text = yaml.safe_dump(self.config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
        write_text(self.path / "study.yaml", text)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes out while the block runs; RunError if one is in."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"cannot make the folder {str(self.path)!r}: {error.strerror}") from error
        with RunFolder(self.path).held():
            yield


def free_study(config: StudyConfig, out: Path, name: str | None) -> Study:
    """A folder for a new study, not made yet; RunError for a name that is taken. Without one it is `tune-` and the dataset's."""
    if name is None:
        path = Path(config.training.data)
        stem = f"tune-{path.stem if path.suffix else path.name}"
        numbered = (fitted(stem, f"-{number}" if number > 1 else "") for number in range(1, 10_000))
        name = next(one for one in numbered if not (out / one).exists())
    return Study(free_run(config.training, out, name).path, config)


def open_study(path: str | Path) -> Study:
    """The study in a folder; RunError if there is none, or what it was told cannot be read."""
    folder = Path(path).resolve() if Path(path).name in {"", ".."} else Path(path)
    file = folder / "study.yaml"
    if not os.path.isfile(file):  # noqa: PTH113 - no error for a name that is too long
        raise RunError(f"{str(path)!r} is no tuning", expected="a folder with study.yaml", fix="They are made by `sightline tune`.")
    try:
        study = Study(folder, StudyConfig.model_validate(yaml.safe_load(file.read_text(encoding="utf-8"))))
        study.space.spelled()  # reads it, and refuses what is none
    except ValidationError as error:
        raise RunError(f"cannot read {str(file)!r}: {explain(error, 'tuning', StudyConfig).problem}") from error
    except (OSError, yaml.YAMLError, ValueError, TypeError, RecursionError, SightlineError) as error:
        raise RunError(f"cannot read {str(file)!r}: {error}") from error
    return study
