from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sightline.errors import PipelineError
from sightline.pipeline import Pipeline, Step

IMAGE = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
GOOD = "format: 1\nsteps:\n- to_gray: {}\n- letterbox: {width: 28, height: 20}\n- flip: {direction: vertical}\n  when: train\n"


def load(tmp_path: Path, text: str) -> Pipeline:
    path = tmp_path / "p.yaml"
    path.write_text(text, encoding="utf-8")
    return Pipeline.load(path)


def test_steps_run_in_order_and_those_for_training_are_left_out(tmp_path: Path) -> None:
    pipeline = load(tmp_path, GOOD)
    names = [name for name, _ in pipeline.trace(IMAGE)]
    assert names == ["to_gray", "letterbox"]
    assert pipeline.run(IMAGE).shape == (20, 28)
    assert [step.when for step in pipeline.steps] == ["always", "always", "train"]


def test_a_hash_depends_on_what_is_done_and_not_on_how_it_was_written(tmp_path: Path) -> None:
    spelled = load(tmp_path, GOOD.replace("to_gray: {}", "to_gray: {backdrop: white}"))
    assert spelled.hash == load(tmp_path, GOOD).hash
    assert spelled.hash != load(tmp_path, GOOD.replace("28", "29")).hash


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("format: 1\nsteps:\n- to_grey: {}\n", "step 1: unknown operation 'to_grey'. Did you mean to_gray?"),
        ("format: 1\nsteps:\n- letterbox: {widht: 3}\n", "step 1: letterbox has no parameter 'widht'. Did you mean width?"),
        (
            "format: 1\nsteps:\n- letterbox: {width: 0}\n",
            "step 1: invalid width of letterbox: expected 1 to 16384 px, received 0 px",
        ),
        ("format: 2\nsteps: []\n", "unknown pipeline format: expected format 1, received 2"),
        ("format: 1\nsteps: []\nextra: 1\n", "not a pipeline"),
        ("format: 1\nsteps:\n- 7\n", "step 1 is not a step"),
        ("format: 1\nsteps:\n- {to_gray: {}, flip: {}}\n", "step 1 is not a step: expected one operation"),
        ("format: 1\nsteps:\n- to_gray: 5\n", "step 1 (to_gray): expected a mapping of parameters, received 5"),
        ("format: 1\nsteps:\n- to_gray: {}\n  when: never\n", "invalid 'when' of step to_gray: expected always | train"),
        ("a: &x [1]\nb: *x\n", "expected no YAML aliases"),
        ("!!python/object/apply:os.system ['true']\n", "could not determine a constructor"),
        ("steps: [", "cannot read pipeline"),
        ("- \x00\n", "cannot read pipeline"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PipelineError) as caught:
        load(tmp_path, text)
    assert message in str(caught.value)


def test_bombs_are_refused_in_time(tmp_path: Path) -> None:
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 9))
    with pytest.raises(PipelineError, match="no YAML aliases"):
        load(tmp_path, f"l0: &l0 [x]\n{levels}\n")
    with pytest.raises(PipelineError, match="at most 1,000,000 bytes"):
        load(tmp_path, "#" * 1_000_001)
    with pytest.raises(PipelineError, match="at most 1000 steps"):
        load(tmp_path, "format: 1\nsteps:\n" + "- to_gray: {}\n" * 1001)


def test_a_step_that_fails_is_named() -> None:
    with pytest.raises(PipelineError, match=r"step 1 \(match_polarity\): image for match_polarity has the wrong shape"):
        Pipeline((Step("match_polarity"),)).run(IMAGE)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="nowhere.yaml"):
        Pipeline.load(tmp_path / "nowhere.yaml")
