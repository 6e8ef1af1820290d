"""Tuning as a job: trainings with other values of their parameters; the best by held-out pictures is an ordinary run."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sightline.errors import InputError, Interrupted, JobError, RunError, TrainingError
from sightline.events import EpochDone, Event, Listener, Note, Progress, StepDone, TrialDone
from sightline.jobs.models import Run
from sightline.jobs.trainings import resume, stop_on_signals
from sightline.jobs.trial_worker import END, GO, TrialProcess
from sightline.notebook import default_listener

if TYPE_CHECKING:
    from optuna.trial import Trial

    from sightline.evaluation.tuning import TuningFound, TuningTrial
    from sightline.training.study import Study
    from sightline.training.tuning_config import StudyConfig

    Search = Callable[[Study, Listener, Callable[[], bool]], None]

__all__ = ["Tuned", "check_failures", "load_optuna", "resume_tuning", "tell_trial", "tune"]

FAILURES = 3
"""Trials that may fail before any has come through an epoch; then it is no matter of their values."""


@dataclass(frozen=True)
class Tuned:
    """A tuning and where its things are."""

    path: Path

    @cached_property
    def found(self) -> TuningFound:
        """The trials, and what they say."""
        from sightline.training.study import open_study

        load_optuna()
        return _weighed(open_study(self.path))

    @property
    def trials(self) -> list[TuningTrial]:
        """All, the best first, without those that failed before an epoch was over."""
        return self.found.ranked

    @property
    def run(self) -> Run:
        """The best trial: an ordinary run, evaluated on the test set; RunError where none has come to its end."""
        from sightline.training.study import open_study

        best = open_study(self.path).found().best
        if best is None:
            raise RunError(f"no trial of {str(self.path)!r} has come to its end", fix="Go on with it.")
        return Run(self.path / best.name)

    @property
    def report(self) -> Path:
        """The report, a page that opens in any browser."""
        return self.path / "report.html"


def tune(
    config: StudyConfig,
    *,
    out: str | Path = "runs",
    name: str | None = None,
    search: Search | None = None,
    on_event: Listener = default_listener,
) -> Tuned:
    """Try values of a training's parameters, in a new folder of `out`, and evaluate the best trial once on the test set.

    `search` runs the trials, by default one after the other on this machine. Interrupted after SIGINT or SIGTERM: `resume_tuning`
    goes on. JobError where no trial comes to its end in time.
    """
    from sightline.training.study import free_study

    load_optuna()
    study = _with_data(free_study(config, Path(out), name), on_event)
    with study.held():
        if (study.path / "study.yaml").exists():
            raise RunError(f"there is a tuning {str(study.path)!r} already", fix="Another process has just made it.")
        study.save()
        return _tuned(study, search, on_event)


def resume_tuning(
    path: str | Path | Tuned,
    *,
    trials: int | None = None,
    lapse: str | None = None,
    search: Search | None = None,
    on_event: Listener = default_listener,
) -> Tuned:
    """Go on with a tuning to its last trial, or to so many `trials` in all, for as long as it was told or for `lapse`.

    `lapse`: a time such as `"90s"` or `"1h30m"`. `search`: as for `tune`. RunError for what is no tuning, is in use, or whose data
    have changed; ParameterError for `trials` or `lapse`; JobError where no trial comes to its end in time; Interrupted after SIGINT
    or SIGTERM. Needs the extra `tune`, else InputError.

    >>> import sightline as sl
    >>> from sightline.errors import JobError
    >>> try:
    ...     sl.tune("digits", trials=1, epochs=1, preset="plain", time="1s")
    ... except JobError as error:  # no trial ends in a second
    ...     print(error.fix)
    Go on with `sightline tune --resume runs/tune-digits`.
    >>> tuned = sl.resume_tuning("runs/tune-digits", lapse="1h")
    >>> [(trial.name, trial.state) for trial in tuned.trials]
    [('trial-001', 'done')]
    """
    from sightline.training.study import open_study

    load_optuna()
    study = open_study(path.path if isinstance(path, Tuned) else path)
    with study.held():
        study = _with_data(study.changed(trials=trials, time=lapse), on_event)
        study.save()
        study.reopen()
        return _tuned(study, search, on_event)


def load_optuna() -> None:
    """InputError where Optuna is not installed."""
    try:
        import optuna  # noqa: F401
    except ModuleNotFoundError as error:
        what = f"tuning needs more packages: no module {error.name!r}"
        raise InputError(what, fix="Install them with `pip install 'sightline[tune]'`.") from None


def _with_data(study: Study, on_event: Listener) -> Study:
    """The study that knows its data, of which all that is wrong is found here; RunError where they are not those of before."""
    from sightline.training.session import load_data

    training = study.config.training
    dataset = load_data(training.data, on_event, seed=training.seed, validation=training.validation)
    if study.config.fingerprint not in {"", dataset.fingerprint}:
        raise RunError(
            f"the data of {str(study.path)!r} are not what the trials were trained with",
            expected=f"fingerprint {study.config.fingerprint[:12]}",
            received=dataset.fingerprint[:12],
            fix="Restore the pictures, or tune anew.",
        )
    counts = {name: len(split) for name, split in dataset.splits().items()}
    on_event(Note(f"{dataset.name}: " + ", ".join(f"{count:,} {name}" for name, count in counts.items())))
    names = ", ".join(dimension.name for dimension in study.space.dimensions)
    on_event(Note(f"Tuning {names}: {study.config.trials} trials of {training.epochs} epochs, judged by held-out pictures"))
    if left_out := study.config.left_out:
        on_event(Note(f"Not tuned: {'; '.join(f'{name} ({why})' for name, why in left_out.items())}"))
    return study.changed(held_out=counts.get("validation", 0), fingerprint=dataset.fingerprint)


def _tuned(study: Study, search: Search | None, on_event: Listener) -> Tuned:
    begun = time.monotonic()
    seconds = study.config.seconds
    again = f"Go on with `sightline tune --resume {shlex.quote(str(study.path))}`."
    with stop_on_signals() as stop:

        def late() -> bool:
            return seconds is not None and time.monotonic() - begun >= seconds

        (search or search_here)(study, on_event, lambda: stop() or late())
        over_time = late() and study.left > 0
    found = _report(study)
    ended = sum(trial.state != "open" for trial in found.trials)
    if stop():
        raise Interrupted(f"stopped after {ended} of {study.config.trials} trials", fix=again)
    if found.best is None:
        failed = next((f": {trial.error}" for trial in found.trials if trial.error), "")
        raise JobError(f"none of {len(found.trials)} trials has come to its end{failed}", fix=again)
    if over_time:
        on_event(Note(f"The time is over after {ended} of {study.config.trials} trials. {again}"))
    run = study.run(found.best.number)
    if not run.metrics.exists():
        try:
            resume(run.path, on_event=_only_warnings(on_event))
        except Interrupted as error:
            raise Interrupted(error.what, fix=again) from None
        _report(study)
    return Tuned(study.path)


def search_here(study: Study, on_event: Listener, over: Callable[[], bool]) -> None:
    """Train one trial after the other on this machine, each in a process of its own, until all have ended or it is `over`."""
    from sightline.training.proposals import proposed, proposer, tell

    proposals = proposer(study)
    warn = _only_warnings(on_event)
    while not over() and study.left:
        found = proposed(study, proposals)
        if found is None:
            on_event(Note("Nothing is proposed any more that was not tried"))
            return
        number, trial = found
        if not _tried(study, number, trial, warn, over):
            return
        tell(proposals, trial, study.trial(number))
        tell_trial(study, number, on_event)
        check_failures(study)


def _tried(study: Study, number: int, trial: Trial, on_event: Listener, over: Callable[[], bool]) -> bool:
    """Train a trial to its end and note how it ended; False where it is `over` before."""
    process = TrialProcess(study.path, number, study.run(number).path / "process.log")
    try:
        weak = _followed(process, study, number, trial, on_event, over)
        study.settle(number, "ended" if weak else "done")
    except Interrupted:
        if over():
            return False
        study.settle(number, "failed", "somebody has stopped its process", again=True)
    except (InputError, JobError) as error:
        study.settle(number, "failed", error.problem, again=not isinstance(error, TrainingError))
        if isinstance(error, InputError) and not any(one.epochs for one in study.trials()):
            raise InputError(f"the first trial cannot be trained: {error.what}", fix=error.fix) from None
    finally:
        process.close()
    return True


def _followed(process: TrialProcess, study: Study, number: int, trial: Trial, on_event: Listener, over: Callable[[], bool]) -> bool:
    """Tell what a trial's process says, and have it end where the trial is weak: then True."""
    weak = False
    for event in process.events():
        if over():
            process.stop()
        if isinstance(event, EpochDone):
            epoch = int(event.row["epoch"])
            trial.report(event.row[f"val_{study.config.by}"], epoch)
            weak = epoch < event.epochs and trial.should_prune()
            process.answer(END if weak else GO)
        elif isinstance(event, StepDone):
            where = f"trial {number}/{study.config.trials}, epoch {event.epoch}/{event.epochs}"
            on_event(Progress(where, event.step, event.steps, "steps"))
        else:
            on_event(event)
    return weak


def check_failures(study: Study) -> None:
    """JobError where trials fail one after the other before any has come through an epoch."""
    trials = study.trials()
    failed = [trial for trial in trials if trial.state == "failed"]
    if len(failed) >= FAILURES and not any(trial.epochs for trial in trials):
        raise JobError(
            f"the first {len(failed)} trials have failed, the last with: {failed[-1].error}",
            fix=f"Go on with `sightline tune --resume {shlex.quote(str(study.path))}` when that is mended.",
        )


def tell_trial(study: Study, number: int, on_event: Listener) -> None:
    """Say how a trial has ended."""
    from sightline.evaluation.tuning import spelled

    found = study.found()
    trial = next(one for one in found.trials if one.number == number)
    words = {"done": "done", "ended": f"ended in epoch {trial.epochs}", "failed": trial.error, "open": "open"}
    on_event(
        TrialDone(
            number,
            study.config.trials,
            {one.name: spelled(trial.values[one.name]) for one in study.space.dimensions},
            words[trial.state],
            "" if trial.score is None else found.shown(trial.score),
            found.best is trial,
            trial.seconds,
        )
    )


def _report(study: Study) -> TuningFound:
    """Write the report of what there is so far."""
    from sightline.evaluation.tuning_page import save_tuning

    found = _weighed(study)
    save_tuning(found, study.path)
    return found


def _weighed(study: Study) -> TuningFound:
    """What came of the trials, with the weight of each parameter."""
    from sightline.training.proposals import importance

    found = study.found()
    return replace(found, importance=importance(study, found))


def _only_warnings(on_event: Listener) -> Listener:
    """A listener to trials: what is said of one was said of the tuning, but for warnings, and those once."""
    said: set[str] = set()

    def listen(event: Event) -> None:
        if isinstance(event, Note):
            if not event.warning or event.text in said:
                return
            said.add(event.text)
        on_event(event)

    return listen
