"""What Optuna proposes to try next, and what it thinks of a trial. Importing this module loads Optuna."""

from __future__ import annotations

import json
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.pruners import BasePruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import TrialState

from sightline.evaluation.tuning import TuningFound, TuningTrial
from sightline.training.space import Dimension
from sightline.training.study import Study

__all__ = ["REDUCTION", "STUDY", "begun", "importance", "proposed", "proposer", "sampler", "tell"]

REDUCTION = 3
"""One in so many trials goes on from a rung to the next."""
STUDY = "tuning"
"""The name of every study in Optuna's storage: there is one in each."""
ASKED = 100
"""Proposals one after the other of what was tried already, by which there is nothing new."""
STUBBORN = 10
"""Such proposals, after which chance takes over."""
LEAST = 8
"""Trials by which there is something to say about parameters."""

optuna.logging.set_verbosity(optuna.logging.ERROR)


def proposer(study: Study) -> optuna.Study:
    """Optuna's study, in memory, that knows the trials that have ended, and proposes first those that are open.

    The very first trial is the training as it was told, as far as the space holds its values.
    """
    made = optuna.create_study(
        study_name=STUDY,
        storage=optuna.storages.InMemoryStorage(),
        direction="maximize" if study.config.by == "accuracy" else "minimize",
        pruner=_pruner(study),
    )
    space = {one.name: _distribution(one) for one in study.space.dimensions}
    trials = study.trials()
    for trial in trials:
        if trial.state != "open":
            _replay(made, trial, study, space)
    for trial in trials:
        if trial.state == "open":
            made.enqueue_trial({one.name: _written(one, trial.values[one.name]) for one in study.space.dimensions})
    if not trials:
        first = study.space.values_of(study.config.training)
        made.enqueue_trial({one.name: _written(one, first[one.name]) for one in study.space.dimensions if one.name in first})
    return made


def sampler(study: Study, again: int = 0) -> BaseSampler:
    """What draws the next values, or others `again`; the same after an interruption: the seed and the number of trials decide."""
    seed = int(np.random.SeedSequence((study.config.training.seed, len(study.trials()), again)).generate_state(1)[0])
    if again > STUBBORN:
        return RandomSampler(seed=seed)
    with _quietly():
        return TPESampler(seed=seed, constant_liar=True)


def proposed(study: Study, proposals: optuna.Study) -> tuple[int, optuna.Trial] | None:
    """The next trial that is open, with its number in the study; None where only what was tried is proposed any more."""
    for again in range(ASKED):
        proposals.sampler = sampler(study, again)
        trial = proposals.ask()
        number = begun(study, trial)
        found = study.trial(number)
        if found.state == "open":
            _report_curve(trial, found)
            return number, trial
        proposals.tell(trial, state=TrialState.FAIL)  # it knows this one already
    return None


def tell(proposals: optuna.Study, trial: optuna.Trial, ended: TuningTrial) -> None:
    """Tell Optuna how a trial has ended."""
    states = {"done": TrialState.COMPLETE, "ended": TrialState.PRUNED, "failed": TrialState.FAIL}
    proposals.tell(trial, ended.score if ended.state == "done" else None, state=states[ended.state])


def begun(study: Study, trial: Any, busy: Collection[int] = ()) -> int:
    """Let a trial of Optuna's take its values, and give the number it has in the study; `busy`: numbers that are under way."""
    return study.begin({one.name: _read(one, _suggested(one, trial)) for one in study.space.dimensions}, busy)


def importance(study: Study, found: TuningFound) -> dict[str, float]:
    """How much of what is special about the best third of the trials each parameter explains, all together 1, the largest first.

    By PED-ANOVA (S. Watanabe, A. Bansal and F. Hutter, arXiv:2304.10255) on the ranks of the trials, as scores after different
    numbers of epochs do not compare. Empty where there are fewer than eight trials.
    """
    ranked = found.ranked
    if len(ranked) < LEAST:
        return {}
    space = {one.name: _distribution(one) for one in study.space.dimensions}
    ranks = optuna.create_study(direction="minimize")
    for rank, trial in enumerate(ranked):
        params = {one.name: _written(one, trial.values[one.name]) for one in study.space.dimensions}
        ranks.add_trial(optuna.trial.create_trial(params=params, distributions=space, value=float(rank)))
    with _quietly():
        evaluator = PedAnovaImportanceEvaluator(target_quantile=1 / 3)
        shares = get_param_importances(ranks, evaluator=evaluator)
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def _pruner(study: Study) -> BasePruner:
    """Asynchronous successive halving (L. Li et al., arXiv:1810.05934) at the study's rungs."""
    if not study.config.stop_early or not study.rungs:
        return NopPruner()
    return SuccessiveHalvingPruner(min_resource=study.rungs[0], reduction_factor=REDUCTION)


def _replay(made: optuna.Study, trial: TuningTrial, study: Study, space: dict[str, BaseDistribution]) -> None:
    """Let Optuna see a trial that has ended as it saw it then: its pruner remembers who was where at which rung."""
    made.enqueue_trial({one.name: _written(one, trial.values[one.name]) for one in study.space.dimensions})
    seen = made.ask(space)
    _report_curve(seen, trial)
    tell(made, seen, trial)


def _report_curve(seen: optuna.Trial, trial: TuningTrial) -> None:
    """Tell Optuna the epochs that a trial has been through."""
    for epoch, score in enumerate(trial.curve, 1):
        seen.report(score, epoch)
        seen.should_prune()  # it is too late to do as it says, but it notes that the trial was here


def _distribution(one: Dimension) -> BaseDistribution:
    if one.values:
        return CategoricalDistribution([_written(one, value) for value in one.values])
    if one.whole:
        return IntDistribution(int(one.low), int(one.high), log=one.log)
    return FloatDistribution(one.low, one.high, log=one.log)


def _suggested(one: Dimension, trial: Any) -> Any:
    if one.values:
        return trial.suggest_categorical(one.name, [_written(one, value) for value in one.values])
    if one.whole:
        return trial.suggest_int(one.name, int(one.low), int(one.high), log=one.log)
    return trial.suggest_float(one.name, one.low, one.high, log=one.log)


def _written(one: Dimension, value: Any) -> Any:
    """A value as Optuna takes it: of those that are chosen from its JSON, as lists are none of Optuna's values."""
    if one.values:
        return json.dumps(value)
    return int(value) if one.whole else float(value)


def _read(one: Dimension, value: Any) -> Any:
    return json.loads(value) if one.values else value


@contextmanager
def _quietly() -> Iterator[None]:
    """Without Optuna's word that what is used here is still an experiment of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield
