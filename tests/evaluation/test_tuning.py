"""What the report of a tuning says, and that it shows all of it."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from pathlib import Path

import pytest

from sightline.evaluation.tuning import Axis, TuningFound, TuningTrial
from sightline.evaluation.tuning_page import save_tuning


def trial(number: int, state: str, *curve: float, rate: float = 0.01, error: str = "") -> TuningTrial:
    score = curve[-1] if curve else None
    values = {"learning_rate": rate, "filters": [64, 64, 32]}
    return TuningTrial(number, f"trial-{number:03}", values, state, curve, score, error, 2.0 * len(curve))  # type: ignore[arg-type]


AXES = [
    Axis("learning_rate", lambda value: (value - 0.001) / 0.099, (0.001, 0.05, 0.1), True),
    Axis("filters", lambda value: 0.0 if value == [64, 64, 32] else 1.0, ([64, 64, 32], [8, 8, 8]), False),
]
TRIALS = [
    trial(1, "done", 0.7, 0.8, 0.9),
    trial(2, "ended", 0.95),
    trial(3, "done", 0.6, 0.8, 0.902, rate=0.02),
    trial(4, "failed", error="the loss is no longer a number in <epoch 1>"),
    trial(5, "ended", 0.5, 0.7),
    trial(6, "done", 0.6, 0.7, 0.8),
    trial(7, "open", 0.4),
]


def found(trials: list[TuningTrial] = TRIALS, by: str = "accuracy") -> TuningFound:
    return TuningFound("tune-x", "mnist", "cnn3", by, 3, 10_000, trials, AXES, told=1)  # type: ignore[arg-type]


def test_the_best_came_to_its_end_however_well_others_began() -> None:
    assert [one.number for one in found().ranked] == [3, 1, 6, 5, 2, 7]
    assert found().best is TRIALS[2]
    assert found().first is TRIALS[0]
    assert found().error_of(0.9) == pytest.approx(0.003)
    assert found().near == [TRIALS[0]]  # 0.902 less 0.00297: just within
    assert "Trial 3 is the best, with 90.20" in found().finding()
    assert "as it was told has 90.00" in found().finding()
    assert "1 other is within" in found().finding()


def test_by_the_loss_less_is_better() -> None:
    losses = [trial(1, "done", 0.5), trial(2, "done", 0.25), trial(3, "done", 0.4)]
    assert [one.number for one in found(losses, "loss").ranked] == [2, 3, 1]
    assert found(losses, "loss").near == []
    assert "a held-out loss of 0.2500" in found(losses, "loss").finding()


def test_the_page_shows_every_figure_and_escapes_what_it_is_told(tmp_path: Path) -> None:
    full = replace(found(), importance={"learning_rate": 0.8, "filters": 0.2}, test=(0.91, (0.905, 0.915)))
    text = save_tuning(full, tmp_path).read_text()
    assert {file.name for file in (tmp_path / "plots").iterdir()} == {
        f"{name}.{suffix}" for name in ("parallel-coordinates", "learning-curves", "importance") for suffix in ("png", "svg")
    }
    assert text.count("<svg") == 3
    assert "<epoch 1>" not in text
    assert "&lt;epoch 1&gt;" in text
    assert re.search(r"91\.0\W+%\s*<small>±\W+0\.5", html.unescape(text))
    assert "3 trained to the end, 2 ended early, 1 failed, 1 not ended yet" in text
    assert "learning_rate made the most difference" in text
    assert f"sightline predict photo.png --model {tmp_path}/trial-003" in text


def test_only_a_best_of_several_is_flattered_by_its_choice(tmp_path: Path) -> None:
    measured = (0.91, (0.905, 0.915))
    assert "chose it among 3" in save_tuning(replace(found(), test=measured), tmp_path).read_text()
    alone = save_tuning(replace(found(TRIALS[:2]), test=measured), tmp_path).read_text()
    assert "on the 10,000 held-out pictures" in alone
    assert "flattering" not in alone


@pytest.mark.parametrize(
    "trials",
    [
        [],
        [trial(1, "failed", error="x")],
        [trial(1, "ended", 0.5)],
        [trial(1, "done", 0.5)],
        [trial(1, "done", 0.5), trial(2, "done", 0.5)],
    ],
)
@pytest.mark.parametrize("by", ["accuracy", "loss"])
def test_a_page_of_few_trials(trials: list[TuningTrial], by: str, tmp_path: Path) -> None:
    text = save_tuning(found(trials, by), tmp_path).read_text()
    best = any(one.state == "done" for one in trials)
    assert ("is the best" in text) == best
    assert ("o trial has come to its end" in text) != best
