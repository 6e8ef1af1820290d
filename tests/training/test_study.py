"""The folder of a tuning, and what Optuna proposes from what stands in it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sightline.errors import ParameterError, RunError
from sightline.training.log import write_log
from sightline.training.proposals import importance, proposed, proposer
from sightline.training.study import Study, free_study, open_study
from sightline.training.tuning_config import make_study
from tests.training.studies import EPOCHS, by_rate, search, study_in


def test_a_study_opens_as_it_was_told(tmp_path: Path) -> None:
    study = study_in(tmp_path / "s", trials=7, time="1h30m", by="loss", stop_early=False)
    found = open_study(tmp_path / "s")
    assert found.config == study.config
    assert found.space.dimensions == study.space.dimensions
    assert found.config.seconds == 5400
    assert found.changed(trials=9, time=None).config.trials == 9
    assert found.changed(trials=9, time=None).config.time == "1h30m"


@pytest.mark.parametrize("lapse", ["", "h", "1", "-1h", "1d", "1h 30m", "0s", "30m1h", "9" * 20 + "h"])
def test_a_time_that_is_none_is_refused(lapse: str, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="90s, 30m or 1h30m"):
        study_in(tmp_path / "s", time=lapse)


def test_damaged_studies_say_which_file_it_is(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / ("x" * 300)):
        with pytest.raises(RunError, match="is no tuning"):
            open_study(path)
    study = study_in(tmp_path / "s")
    search(study, 1)
    (study.run(1).path / "trial.json").write_text('{"state": "won"}')
    with pytest.raises(RunError, match=r"trial\.json"):
        study.trials()
    for text in ("[1]", "format: 1", "a: [", (study.path / "study.yaml").read_text().replace("0.0001", "x")):
        (study.path / "study.yaml").write_text(text)
        with pytest.raises(RunError, match=r"study\.yaml"):
            open_study(study.path)


def test_the_first_proposal_is_the_training_as_it_was_told(tmp_path: Path) -> None:
    study = study_in(tmp_path / "s")
    search(study, 1)
    told = study.config.training
    first = study.trial(1)
    assert first.values == study.space.values_of(told)
    assert study.training(1).recipe == told.recipe


def test_a_study_that_was_interrupted_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    whole, parts = study_in(tmp_path / "whole"), study_in(tmp_path / "parts")
    search(whole, 14)
    for count in (5, 1, 8):
        search(open_study(parts.path), count)
    assert [trial.values for trial in parts.trials()] == [trial.values for trial in whole.trials()]
    assert [trial.state for trial in parts.trials()] == [trial.state for trial in whole.trials()]


def test_a_finite_space_is_gone_through_without_repetition_interrupted_or_not(tmp_path: Path) -> None:
    few = {"dense": {"one_of": [8, 16, 24, 32]}, "filters": "usual"}

    def accuracy(values: Mapping[str, Any]) -> float:
        return 0.9 + 0.001 * float(values["dense"])

    whole, parts = study_in(tmp_path / "whole", few), study_in(tmp_path / "parts", few)
    search(whole, 14, accuracy)
    for count in (5, 4, 3, 2):
        search(open_study(parts.path), count, accuracy)
    assert [trial.values for trial in parts.trials()] == [trial.values for trial in whole.trials()]
    assert len({str(trial.values) for trial in whole.trials()}) == 14
    assert whole.left == 2  # of sixteen, though thirty trials were asked for


def test_only_a_trial_with_all_values_as_told_is_called_so(tmp_path: Path) -> None:
    told = study_in(tmp_path / "told")
    other = study_in(tmp_path / "other", {"dense": {"one_of": [16, 48]}})  # the training has 32
    search(told, 1)
    search(other, 1, lambda values: 0.9)
    assert told.found().first is not None
    assert "the training as it was told" in told.found().finding()
    assert other.found().first is None
    assert "told" not in other.found().finding()


def test_what_failed_by_chance_is_tried_again_and_what_failed_by_its_values_is_not(tmp_path: Path) -> None:
    study = study_in(tmp_path / "s")
    search(study, 3)
    study.settle(2, "failed", "its process has ended", again=True)
    study.settle(3, "failed", "the loss is no longer a number")
    study.reopen()
    assert [trial.state for trial in study.trials()] == ["done", "open", "failed"]


def test_copies_beside_the_trials_do_not_count(tmp_path: Path) -> None:
    study = study_in(tmp_path / "s")
    search(study, 2)
    shutil.copytree(study.run(2).path, study.path / "trial-002-backup")
    assert [trial.number for trial in study.trials()] == [1, 2]


def test_what_was_left_open_is_proposed_first_and_keeps_its_number(tmp_path: Path) -> None:
    study = study_in(tmp_path / "s")
    search(study, 3)
    found = proposed(study, proposer(study))
    assert found is not None
    assert found[0] == 4
    write_log(study.run(4).log, [{"epoch": 1, "val_accuracy": 0.5, "val_loss": 1.0, "seconds": 1.0}])
    assert study.trial(4).state == "open"
    again = proposed(study, proposer(study))
    assert again is not None
    assert again[0] == 4
    busy = study.begin(dict(study.trial(4).values), busy=[4])
    assert busy == 5
    assert study.left == study.config.trials - 3


def test_the_search_finds_the_rate_that_is_best_and_says_that_it_is_the_rate(tmp_path: Path) -> None:
    study = study_in(tmp_path / "s", stop_early=False)
    search(study, 30)
    found = study.found()
    assert found.best is not None
    assert by_rate(found.best.values) > 0.945  # within a third of a decade: chance alone has that in one trial of nine
    late = [by_rate(trial.values) for trial in found.trials[15:]]
    early = [by_rate(trial.values) for trial in found.trials[1:10]]
    assert sum(late) / len(late) > sum(early) / len(early)  # it learns
    weights = importance(study, found)
    assert next(iter(weights)) == "learning_rate"
    assert weights["learning_rate"] > 0.5
    assert sum(weights.values()) == pytest.approx(1)
    assert importance(study, replace(found, trials=found.trials[:7])) == {}


def test_the_weak_end_at_a_rung_and_the_best_comes_to_its_end(tmp_path: Path) -> None:
    study = study_in(tmp_path / "s")
    assert study.rungs == (1, 3)
    search(study, 30)
    found = study.found()
    ended = [trial for trial in found.trials if trial.state == "ended"]
    assert {trial.epochs for trial in ended} == {1, 3}
    assert {trial.epochs for trial in found.trials if trial.state == "done"} == {EPOCHS}
    assert len(ended) > 12  # of 30 a third goes on from the first rung, give or take the first ones
    assert found.best is not None
    assert by_rate(found.best.values) == max(by_rate(trial.values) for trial in found.trials if trial.state == "done")


def test_rungs_are_a_fifth_and_three_fifths(tmp_path: Path) -> None:
    study = study_in(tmp_path / "s")
    for epochs, rungs in ((1, ()), (2, (1,)), (5, (1, 3)), (25, (5, 15)), (16, (4, 12))):
        config = study.config.model_copy(update={"training": study.config.training.model_copy(update={"epochs": epochs})})
        assert Study(study.path, config).rungs == rungs


def test_with_a_patience_the_epoch_counts_whose_weights_are_kept(tmp_path: Path) -> None:
    study = study_in(tmp_path / "s")
    search(study, 1)
    rows = [
        {"epoch": e, "val_accuracy": accuracy, "val_loss": loss, "seconds": 1.0}
        for e, accuracy, loss in ((1, 0.9, 0.3), (2, 0.92, 0.2), (3, 0.93, 0.4))
    ]
    write_log(study.run(1).log, rows)
    assert study.trial(1).score == 0.93
    patient = study.config.training.model_copy(update={"patience": 1})
    assert Study(study.path, study.config.model_copy(update={"training": patient})).trial(1).score == 0.92


def test_names_are_free_or_refused(tmp_path: Path) -> None:
    config = study_in(tmp_path / "given").config
    assert free_study(config, tmp_path, None).name == "tune-mnist"
    (tmp_path / "tune-mnist" / "trial-001").mkdir(parents=True)
    assert free_study(config, tmp_path, None).name == "tune-mnist-2"
    year = config.model_copy(update={"training": config.training.model_copy(update={"data": "/data/photos 2024"})})
    assert free_study(year, tmp_path, None).name == "tune-photos-2024"
    with pytest.raises(RunError, match="there is a run"):
        free_study(config, tmp_path, "tune-mnist")
    with pytest.raises(RunError, match="invalid --name"):
        free_study(config, tmp_path, "../out")


def test_trials_are_plain_data(tmp_path: Path) -> None:
    study = study_in(tmp_path / "s")
    search(study, 9)
    told = json.loads(json.dumps(study.found().to_dict()))
    assert [one["number"] for one in told["trials"]] == list(range(1, 10))
    assert told["held_out"] == 6000
    with pytest.raises(ParameterError, match="1 to 10000"):
        make_study(**{**dict(study.config), "trials": 0})
