"""Tuning on a cluster: Ray Tune runs the trials side by side, Optuna proposes what they try, and ASHA ends the weak."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ray
import ray.tune
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler, TrialScheduler
from ray.tune.search.optuna import OptunaSearch

from sightline.data.sources import CACHE_VARIABLE, DATA_VARIABLE
from sightline.errors import Interrupted, JobError, SightlineError, TrainingError
from sightline.events import EpochDone, Event, Listener, Note, Progress
from sightline.jobs.trainings import train_only
from sightline.jobs.tunings import check_failures, tell_trial
from sightline.training.proposals import REDUCTION, STUDY, begun, proposer, sampler
from sightline.training.study import Study, open_study

__all__ = ["search_side_by_side"]

LOSSES = 2  # workers that a trial may lose; each time it goes on from its last epoch
LOOK = 0.2  # seconds between two looks at the thread that Ray Tune runs in
SCORE = "score"
VARIABLES = ("KERAS_BACKEND", CACHE_VARIABLE, DATA_VARIABLE)


def search_side_by_side(study: Study, on_event: Listener, over: Callable[[], bool]) -> None:
    """Train the trials of a study on the cluster that this process is connected to, until all have ended or it is `over`.

    The study's folder and the data must be found by the same paths on all machines. What a worker that dies takes along is done
    again from the trial's last epoch, twice; then the trial has failed.
    """
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")  # the new one tells of itself on standard output at every verbosity
    os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")  # a trial is a run, which has its log
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
    while study.left and not over():
        left = study.left
        _searched(study, on_event, over)
        if study.left == left:  # what is proposed was tried already, or nothing comes to its end
            break


def _searched(study: Study, on_event: Listener, over: Callable[[], bool]) -> None:
    """Let Ray Tune propose as many trials as are left; fewer may end, where the same values are proposed again."""
    mode = "max" if study.config.by == "accuracy" else "min"
    key = str(study.path)
    watch = _WATCHES[key] = _Watch(study, on_event, over)
    search = OptunaSearch(
        _Space(study.path),
        metric=SCORE,
        mode=mode,
        sampler=sampler(study),
        storage=proposer(study)._storage,
        study_name=STUDY,
    )
    tuner = ray.tune.Tuner(
        ray.tune.with_resources(_trial, _resources(study)),
        tune_config=ray.tune.TuneConfig(
            metric=SCORE, mode=mode, search_alg=search, scheduler=_scheduler(study), num_samples=study.left, reuse_actors=False
        ),
        run_config=ray.tune.RunConfig(
            name=study.name,
            storage_path=str(study.path.absolute() / ".ray"),
            failure_config=ray.tune.FailureConfig(max_failures=LOSSES),
            callbacks=[_Listening(key)],
            stop=_Over(key),
            verbose=0,
        ),
    )
    try:
        _run(tuner, watch)
    finally:
        del _WATCHES[key]
        shutil.rmtree(study.path / ".ray", ignore_errors=True)


def _run(tuner: ray.tune.Tuner, watch: _Watch) -> None:
    """Let Ray Tune work in a thread, where it takes no signals, to its end or its error."""
    failed: list[BaseException] = []

    def fit() -> None:
        try:
            tuner.fit()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=fit, name="tune", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(LOOK)
    if watch.error is not None:
        raise watch.error
    if failed and not watch.over():
        raise JobError(f"the cluster could not end the tuning: {str(failed[0]).strip().splitlines()[-1][:300]}") from failed[0]


def _resources(study: Study) -> dict[str, float]:
    """What a trial takes: as many processors as its batches have parts, if a machine has them, and a GPU where there are any."""
    machines = [node["Resources"] for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
    cores = min(study.config.training.recipe.parts, int(min(machine["CPU"] for machine in machines)))
    return {"CPU": max(1, cores), **({"GPU": 1} if any(machine.get("GPU") for machine in machines) else {})}


def _scheduler(study: Study) -> TrialScheduler:
    if not study.config.stop_early or not study.rungs:
        return FIFOScheduler()
    epochs = study.config.training.epochs
    return ASHAScheduler(time_attr="epoch", grace_period=study.rungs[0], reduction_factor=REDUCTION, max_t=epochs)


@dataclass
class _Watch:
    """What this process knows of a search under way, and Ray, which copies all it is given, must not."""

    study: Study
    on_event: Listener
    over: Callable[[], bool]
    error: SightlineError | None = None
    epochs: int = 0
    warned: set[str] = field(default_factory=set)

    @property
    def ending(self) -> bool:
        """Whether trials end because the search does."""
        return self.over() or self.error is not None

    def note(self, number: int) -> None:
        """Tell of a trial that has ended, and look whether there is any use in going on."""
        tell_trial(self.study, number, self.on_event)
        try:
            check_failures(self.study)
        except SightlineError as error:
            self.error = error


_WATCHES: dict[str, _Watch] = {}
"""By the study's folder."""


@dataclass
class _Space:
    """Draws a trial's values, and numbers it."""

    path: Path
    given: list[int] = field(default_factory=list)

    def __call__(self, trial: Any) -> dict[str, Any]:
        number = begun(open_study(self.path), trial, self.given)
        self.given.append(number)
        variables = {name: os.environ[name] for name in VARIABLES if name in os.environ}
        return {"study": str(self.path.absolute()), "number": number, "variables": variables}


class _Over(ray.tune.Stopper):  # type: ignore[misc]  # Ray has no types
    """Ends all trials when the search is over."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return self.stop_all()

    def stop_all(self) -> bool:
        """Whether it is over, or something is wrong with all trials."""
        watch = _WATCHES.get(self._key)
        return watch is None or watch.ending


class _Listening(ray.tune.Callback):  # type: ignore[misc]  # Ray has no types
    """Notes what becomes of the trials."""

    def __init__(self, key: str) -> None:
        self._key = key

    def on_trial_result(self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any) -> None:
        """Tell how many epochs are done."""
        watch = _WATCHES[self._key]
        watch.epochs += 1
        for text in set(result.get("warnings", ())) - watch.warned:
            watch.warned.add(text)
            watch.on_event(Note(text, warning=True))
        running = sum(one.status == "RUNNING" for one in trials)
        watch.on_event(Progress(f"{running} trial{'' if running == 1 else 's side by side'}", watch.epochs, None, "epochs"))

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Note whether a trial came to its end, unless it noted so itself."""
        watch, number = _WATCHES[self._key], trial.config["number"]
        found = watch.study.trial(number)
        if found.state == "open":
            full = found.epochs == watch.study.config.training.epochs
            if not full and watch.ending:
                return  # it was stopped, and can go on
            watch.study.settle(number, "done" if full else "ended")
        watch.note(number)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Note why a trial failed, unless it noted so itself."""
        watch, number = _WATCHES[self._key], trial.config["number"]
        if watch.study.trial(number).state == "open":
            watch.study.settle(number, "failed", f"its worker was lost {LOSSES + 1} times", again=True)
        watch.note(number)


def _trial(settings: dict[str, Any]) -> None:
    """In a worker: train a trial, from its last epoch if it has begun, and report every epoch."""
    os.environ.update(settings["variables"])
    logging.disable(logging.WARNING)
    study, number = open_study(settings["study"]), settings["number"]
    found = study.trial(number)
    if found.state == "failed":
        raise JobError(found.error)  # Ray tries again what raised
    if found.state in {"done", "ended"} and found.score is not None:  # the same was proposed before
        ray.tune.report({SCORE: found.score, "epoch": found.epochs})
        return
    for epoch, score in enumerate(found.curve, 1):
        ray.tune.report({SCORE: score, "epoch": epoch})

    warnings: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, Note) and event.warning:
            warnings.append(event.text)
        elif isinstance(event, EpochDone):
            score = event.row[f"val_{study.config.by}"]
            ray.tune.report({SCORE: score, "epoch": int(event.row["epoch"]), "warnings": warnings})

    try:
        train_only(study.run(number).path, study.training(number), on_event=listen)
    except Interrupted:
        raise
    except SightlineError as error:
        study.settle(number, "failed", error.problem, again=not isinstance(error, TrainingError))
        raise
    except Exception as error:  # a fault of ours, or a machine that lacks something
        study.settle(number, "failed", f"{type(error).__name__}: {error}"[:300], again=True)
        raise
    study.settle(number, "done")
