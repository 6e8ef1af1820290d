from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml
from scipy import stats

from sightline.errors import ParameterError, PipelineError
from sightline.image import KINDS, Image, write
from sightline.pipeline import Among, Between, OneOf, Pipeline, Step
from sightline.pipeline.random import Chance

IMAGE = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8), (0, 0), 2)
GOOD = "format: 1\nsteps:\n- to_gray: {}\n- letterbox: {width: 28, height: 20}\n- flip: {direction: vertical}\n  when: train\n"
RANDOM = """format: 1
steps:
- to_gray: {}
- resize:
    width: {between: [5, 40]}
    height: {between: [5, 40]}
    interpolation: {one_of: [nearest, linear, cubic]}
- flip: {}
  p: 0.5
- one_of:
  - invert: {}
  - match_polarity: {background: {one_of: [light, dark]}}
  - flip: {direction: vertical}
  p: 0.9
- flip: {direction: both}
  p: 0.5
  when: train
"""


def load(tmp_path: Path, text: str) -> Pipeline:
    path = tmp_path / "p.yaml"
    path.write_text(text, encoding="utf-8")
    return Pipeline.load(path)


def test_steps_run_in_order_and_those_for_training_only_when_asked(tmp_path: Path) -> None:
    pipeline = load(tmp_path, GOOD)
    assert [step.op for step, _ in pipeline.trace(IMAGE)] == ["to_gray", "letterbox"]
    assert [step.op for step, _ in pipeline.trace(IMAGE, train=True)] == ["to_gray", "letterbox", "flip"]
    assert np.array_equal(pipeline.run(IMAGE, train=True), pipeline.run(IMAGE)[::-1])
    assert [step.when for step in pipeline.steps] == ["always", "always", "train"]


def test_a_hash_depends_on_what_is_done_and_not_on_how_it_was_written(tmp_path: Path) -> None:
    spelled = load(tmp_path, GOOD.replace("to_gray: {}", "to_gray: {backdrop: white}"))
    assert spelled.hash == load(tmp_path, GOOD).hash
    assert spelled.hash != load(tmp_path, GOOD.replace("28", "29")).hash
    assert load(tmp_path, RANDOM).hash != load(tmp_path, RANDOM.replace("p: 0.9", "p: 0.8")).hash


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
        ("format: 1\nsteps:\n- 7\n", "step 1: not a step"),
        ("format: 1\nsteps:\n- {to_gray: {}, flip: {}}\n", "step 1: not a step: expected one operation"),
        ("format: 1\nsteps:\n- to_gray: 5\n", "step 1: invalid step to_gray: expected a mapping of parameters, received 5"),
        ("format: 1\nsteps:\n- to_gray: {}\n  when: never\n", "invalid 'when' of step to_gray: expected always | train"),
        ("format: 1\nsteps:\n- to_gray: {}\n  p: 1.5\n", "invalid 'p' of step to_gray: expected a probability from 0 to 1"),
        ("format: 1\nsteps:\n- to_gray: {}\n  p: yes\n", "invalid 'p' of step to_gray"),
        ("format: 1\nsteps:\n- resize: {width: {between: [9, 5]}}\n", "invalid 'between': expected the smaller number first"),
        ("format: 1\nsteps:\n- resize: {width: {between: [0, 5]}}\n", "step 1: invalid width of resize: expected 1 to 16384 px"),
        ("format: 1\nsteps:\n- resize: {width: {between: [1, 2.5]}}\n", "step 1: invalid width of resize"),
        ("format: 1\nsteps:\n- resize: {width: {between: 3}}\n", "invalid 'between': expected two numbers"),
        ("format: 1\nsteps:\n- resize: {width: {from: 3}}\n", "expected a value, {between: [low, high]} or {one_of: [a, b]}"),
        ("format: 1\nsteps:\n- flip: {direction: {one_of: [up]}}\n", "step 1: invalid direction of flip"),
        ("format: 1\nsteps:\n- flip: {direction: {one_of: []}}\n", "invalid 'one_of': expected a list"),
        ("format: 1\nsteps:\n- one_of: []\n", "one_of has no steps"),
        ("format: 1\nsteps:\n- one_of: 3\n", "invalid one_of: expected a list of steps"),
        ("format: 1\nsteps:\n- one_of: [{one_of: [flip]}]\n", "expected operations, received another one_of"),
        ("format: 1\nsteps:\n- resize: {width: {betwen: [1, 2]}}\n", "Did you mean between?"),
        ("format: 1\nsteps:\n- flip: {}\n  whenn: train\n", "Did you mean when?"),
        ("format: 1\nsteps: []\nsteps: [flip]\n", "'steps' is there twice"),
        ("format: 1\nsteps:\n- checkerboard: {}\n  when: train\n", "expected neither 'p' nor 'when', as it makes the picture"),
        ("a: &x [1]\nb: *x\n", "expected no YAML aliases"),
        ("!!bool foo", "no YAML tags"),
        ("!!timestamp foo", "no YAML tags"),
        ("!!int ''", "no YAML tags"),
        (":".join(["1"] * 300) + ".5", "there is an endless number"),
        ("0x" + "f" * 10_000, "there is an endless number"),
        ("format: " + "9" * 90 + "\nsteps: []\n", "unknown pipeline format"),
        ("format: 1\nsteps:\n" + "- one_of:\n" + "".join("  " * n + "- one_of:\n" for n in range(1, 500)), "nested too deeply"),
        ("!!python/object/apply:os.system ['true']\n", "no YAML tags"),
        ("steps: [", "cannot read pipeline"),
        ("- \x00\n", "cannot read pipeline"),
        ("[" * 1_000_000, "nested too deeply"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, text: str, message: str) -> None:
    """Row 17 of the hazards, and every mistake that a person makes."""
    with pytest.raises(PipelineError) as caught:
        load(tmp_path, text)
    assert message in str(caught.value)


def test_json_is_read_as_json_and_keeps_every_character(tmp_path: Path) -> None:
    pipeline = Pipeline((Step("text", {"text": "naïve 😀"}),))
    pipeline.save(tmp_path / "p.json")
    assert Pipeline.load(tmp_path / "p.json") == pipeline
    for text in ('{"format": 1, "format": 1, "steps": []}', "[" * 100_000, '{"format": ' + "9" * 5000 + "}", '{"format": 1'):
        (tmp_path / "p.json").write_text(text, encoding="utf-8")
        with pytest.raises(PipelineError) as caught:
            Pipeline.load(tmp_path / "p.json")
        assert len(str(caught.value)) < 500


def test_data_that_python_cannot_write_out_is_refused_in_few_words() -> None:
    deep: list[object] = []
    for _ in range(20_000):
        deep = [deep]
    for value in (deep, {"format": 10**5000, "steps": []}, {"format": 1, "steps": [deep]}, {"format": 1, "steps": ["x" * 10**6]}):
        with pytest.raises(PipelineError) as caught:
            Pipeline.from_dict(value)
        assert len(str(caught.value)) < 500


def test_bombs_are_refused_in_time(tmp_path: Path) -> None:
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 9))
    with pytest.raises(PipelineError, match="no YAML aliases"):
        load(tmp_path, f"l0: &l0 [x]\n{levels}\n")
    with pytest.raises(PipelineError, match="at most 32,000,000 bytes"):
        load(tmp_path, "#" * 32_000_001)
    with pytest.raises(PipelineError, match="at most 1000 steps"):
        load(tmp_path, "format: 1\nsteps:\n" + "- to_gray: {}\n" * 1001)


def test_what_a_step_does_not_take_is_found_before_the_first_pixel_with_what_to_do() -> None:
    chain = Pipeline((Step("flip"), Step("match_polarity")))
    with pytest.raises(PipelineError) as caught:
        chain.run(IMAGE)
    assert str(caught.value) == (
        "step 2: match_polarity does not take uint8 RGB, as step 1 (flip) gives: "
        "expected gray; uint8, uint16 or float32. Put to_gray before it."
    )
    chain.check()  # it suits gray pictures
    chain.check(KINDS["uint8", 1])
    with pytest.raises(PipelineError, match="step 2"):
        chain.check(KINDS["uint8", 3])


def test_a_chain_that_suits_no_picture_is_refused_when_it_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"step 2: match_polarity does not take uint8 RGB, as step 1 \(to_rgb\) gives"):
        load(tmp_path, "format: 1\nsteps: [to_rgb, match_polarity]\n")


def test_what_chance_may_bring_is_checked_too() -> None:
    """A step that is left out half of the time leaves the picture as it was."""
    with pytest.raises(PipelineError, match="step 2: match_polarity does not take uint8 RGB"):
        Pipeline((Step("to_gray", p=0.5), Step("match_polarity"))).check(KINDS["uint8", 3])
    with pytest.raises(PipelineError, match="step 2: match_polarity does not take uint8 RGB"):
        Pipeline((OneOf((Step("to_gray"), Step("flip"))), Step("match_polarity"))).check(KINDS["uint8", 3])
    Pipeline((OneOf((Step("to_gray"), Step("to_gray", {"backdrop": "black"}))), Step("match_polarity"))).check(KINDS["uint8", 3])


def test_every_word_that_chance_may_choose_is_checked_however_many_numbers_there_are() -> None:
    steps = (Step("noise", {"mode": Among(("rgb", "gray")), "seed": Among(tuple(range(200)))}), Step("hue_saturation"))
    with pytest.raises(PipelineError, match="step 2: hue_saturation does not take uint8 gray"):
        Pipeline(steps).check()


@pytest.mark.parametrize(
    ("op", "name"),
    [("add", "other"), ("multiply", "other"), ("blend", "other"), ("bitwise_and", "other"), ("match_histogram", "reference")],
)
def test_a_second_picture_is_held_against_the_first_before_the_first_pixel(op: str, name: str) -> None:
    gray, color, deep = IMAGE[..., 0].copy(), IMAGE, IMAGE.astype(np.uint16)
    with pytest.raises(PipelineError, match=f"step 1: {name} of {op} is uint16 RGB, but the picture uint8 RGB"):
        Pipeline((Step(op, {name: deep}),)).check(color)
    with pytest.raises(PipelineError, match=f"step 2: {name} of {op} is uint8 RGB, but the picture uint8 gray"):
        Pipeline((Step("to_gray"), Step(op, {name: color}))).check(color)
    Pipeline((Step(op, {name: color}),)).check(color)
    Pipeline((Step("to_gray"), Step(op, {name: gray}))).check(color)


def test_steps_may_be_written_as_in_a_file() -> None:
    assert Pipeline(["flip", {"gaussian_blur": {"sigma": 2}}]).run(IMAGE).shape == IMAGE.shape  # type: ignore[arg-type]
    for wrong in (Step("flip"), "flip", 3):
        with pytest.raises(PipelineError, match="expected a list of steps"):
            Pipeline(wrong)  # type: ignore[arg-type]
    with pytest.raises(PipelineError, match="invalid seed, item or epoch"):
        Pipeline((Step("flip", p=0.5),)).run(IMAGE, seed="x")  # type: ignore[arg-type]


def test_pictures_among_the_parameters_are_neither_shared_nor_copied_again() -> None:
    other = IMAGE.copy()
    step = Step("add", {"other": other}, p=0.999)
    other[:] = 0
    assert np.array_equal(step.parameters["other"], IMAGE)
    recorded = Pipeline((step, Step("add", {"other": step.parameters["other"]}))).record()
    for kept in recorded.steps:
        assert isinstance(kept, Step)
        assert np.shares_memory(kept.parameters["other"], step.parameters["other"])


def test_draws_depend_on_seed_item_and_step_alone(tmp_path: Path) -> None:
    pipeline = load(tmp_path, RANDOM)
    assert pipeline.is_random
    first = [pipeline.run(IMAGE, seed=1, item=item) for item in range(20)]
    again = [pipeline.run(IMAGE, seed=1, item=item) for item in reversed(range(20))]
    assert all(np.array_equal(a, b) for a, b in zip(first, reversed(again), strict=True))
    assert len({image.shape for image in first}) > 10
    assert any(a.shape != pipeline.run(IMAGE, seed=2, item=item).shape for item, a in enumerate(first))
    assert pipeline.run(IMAGE, item="a.png").shape != pipeline.run(IMAGE, item="b.png").shape
    # a step keeps its chance whatever is done to another one
    other = load(tmp_path, RANDOM.replace("- to_gray: {}", "- to_gray: {backdrop: black}"))
    assert [other.run(IMAGE, seed=1, item=item).shape for item in range(20)] == [image.shape for image in first]


def test_the_stream_of_chance_is_held_across_versions() -> None:
    """Worked out once; a change would silently change every picture that a seed stands for."""
    step = Step("resize", {"width": Between(1, 1000), "height": Between(1, 1000)})
    drawn = Pipeline((step,)).record(seed=3, item="photo.jpg").steps[0]
    assert isinstance(drawn, Step)
    assert (drawn.parameters["width"], drawn.parameters["height"]) == EXPECTED_DRAW


EXPECTED_DRAW = (643, 721)


def test_the_numbers_are_those_of_splitmix64() -> None:
    """The first five for the seed 1234567, as Sebastiano Vigna's splitmix64.c prints them."""
    chance = Chance(0, 0, 0)
    chance._now = 1234567
    known = (6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821)
    assert [chance.uniform() for _ in known] == [(number >> 11) / 2**53 for number in known]


def test_items_steps_epochs_and_seeds_that_lie_side_by_side_share_no_numbers() -> None:
    sides = (8, 50, 5, 5)
    grid = np.array([Chance(*place).uniform() for place in product(*map(range, sides))]).reshape(sides)
    assert len(np.unique(grid)) == grid.size
    assert stats.kstest(grid.ravel(), "uniform").pvalue > 0.01
    for axis in range(4):
        along = np.moveaxis(grid, axis, 0)
        assert abs(np.corrcoef(along[:-1].ravel(), along[1:].ravel())[0, 1]) < 0.05


@pytest.mark.parametrize("p", [0.1, 0.25, 1 / 3, 0.5, 0.8])
def test_what_happens_with_a_probability_is_spread_evenly_over_the_epochs(p: float) -> None:
    happened = np.array([[Chance(7, item, 1, epoch).happens(p) for epoch in range(40)] for item in range(500)])
    assert np.abs(happened.sum(1) - 40 * p).max() <= 1
    assert np.abs(happened.mean(0) - p).max() < 5 * (p * (1 - p) / 500) ** 0.5


def test_half_means_every_other_epoch_and_two_steps_are_independent() -> None:
    pipeline = Pipeline((Step("flip", p=0.5), Step("invert", p=0.5)))
    draws = [[pipeline.record(item=item, epoch=epoch).steps for epoch in (0, 1)] for item in range(2000)]
    taken = np.array([[len(steps) == 2 for steps in both] for both in draws])
    assert abs(taken[:, 0].mean() - 0.25) < 0.05
    assert not (taken[:, 0] & taken[:, 1]).any()  # what was flipped in one epoch is not in the next
    assert pipeline.record(item=3, epoch=0) == pipeline.record(item=3, epoch=2) != pipeline.record(item=3, epoch=1)


def test_draws_are_even_and_keep_their_ends() -> None:
    step = Step("resize", {"width": Between(1, 4)})
    widths = [recorded(step, item).parameters["width"] for item in range(2000)]
    counts = np.bincount(widths, minlength=5)[1:]
    assert counts.sum() == 2000
    assert np.abs(counts - 500).max() < 100  # five standard deviations
    kept = [step for item in range(2000) for step in Pipeline((Step("flip", p=0.25),)).record(item=item).steps]
    assert abs(len(kept) - 500) < 100


def recorded(step: Step, item: int) -> Step:
    (plain,) = Pipeline((step,)).record(item=item).steps
    assert isinstance(plain, Step)
    return plain


@pytest.mark.parametrize("item", range(8))
def test_a_recorded_draw_is_plain_and_replays_to_the_same_pixels(tmp_path: Path, item: int) -> None:
    pipeline = load(tmp_path, RANDOM)
    plain = pipeline.record(seed=5, item=item, train=True)
    assert not plain.is_random
    plain.save(tmp_path / "draw.json")
    replayed = Pipeline.load(tmp_path / "draw.json")
    assert replayed.hash == plain.hash
    assert np.array_equal(replayed.run(IMAGE), pipeline.run(IMAGE, seed=5, item=item, train=True))


def test_random_steps_survive_both_file_formats(tmp_path: Path) -> None:
    pipeline = load(tmp_path, RANDOM)
    made = Pipeline(
        (
            Step("to_gray"),
            Step(
                "resize",
                {"width": Between(5, 40), "height": Between(5, 40), "interpolation": Among(("nearest", "linear", "cubic"))},
            ),
            *pipeline.steps[2:],
        )
    )
    assert made == pipeline
    for name in ("again.yaml", "again.json"):
        pipeline.save(tmp_path / name)
        assert Pipeline.load(tmp_path / name) == pipeline


def test_pictures_among_the_parameters_travel_inside_the_file(tmp_path: Path) -> None:
    other = IMAGE[::-1].copy()
    write(tmp_path / "other.png", other)
    pipeline = load(tmp_path, "format: 1\nsteps:\n- absdiff: {other: other.png}\n")  # looked up beside the file
    pipeline.save(tmp_path / "whole.yaml")
    (tmp_path / "other.png").unlink()
    whole = Pipeline.load(tmp_path / "whole.yaml")
    assert whole == pipeline
    assert np.array_equal(whole.run(IMAGE), np.abs(IMAGE.astype(int) - other))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_embedded_pictures_are_exact(tmp_path: Path, dtype: str) -> None:
    values = np.random.default_rng(0).random((5, 7, 4))
    image: Image = values.astype("float32") if dtype == "float32" else (values * np.iinfo(dtype).max).astype(dtype)
    pipeline = Pipeline((Step("absdiff", {"other": image}),))
    pipeline.save(tmp_path / "p.yaml")
    step = Pipeline.load(tmp_path / "p.yaml").steps[0]
    assert isinstance(step, Step)
    assert np.array_equal(step.parameters["other"], image)
    assert step.parameters["other"].dtype == image.dtype


def test_a_pipeline_from_elsewhere_may_not_name_files(tmp_path: Path) -> None:
    write(tmp_path / "secret.png", IMAGE)
    value = {"format": 1, "steps": [{"absdiff": {"other": str(tmp_path / "secret.png")}}]}
    with pytest.raises(PipelineError, match="may not name files"):
        Pipeline.from_dict(value)
    Pipeline.from_dict(value, folder=tmp_path)


def test_the_callers_picture_may_change_afterwards() -> None:
    other = IMAGE.copy()
    pipeline = Pipeline((Step("absdiff", {"other": other}),))
    before = pipeline.hash
    other[:] = 0
    assert pipeline.hash == before
    assert not pipeline.run(IMAGE).any()


def test_a_first_step_may_make_the_picture() -> None:
    pipeline = Pipeline((Step("checkerboard", {"width": 32, "height": 16}), Step("invert")))
    assert pipeline.makes_picture
    assert pipeline.run().shape[:2] == (16, 32)
    with pytest.raises(PipelineError, match="makes its own picture"):
        pipeline.run(IMAGE)
    with pytest.raises(PipelineError, match=r"step 2 \(checkerboard\) makes a new picture"):
        Pipeline((Step("invert"), Step("checkerboard"))).check()
    with pytest.raises(PipelineError, match="the pipeline needs a picture"):
        Pipeline((Step("invert"),)).run()
    with pytest.raises(PipelineError, match="the pipeline has no picture"):
        Pipeline().run()


def test_an_empty_pipeline_gives_a_copy() -> None:
    result = Pipeline().run(IMAGE)
    assert np.array_equal(result, IMAGE)
    assert not np.shares_memory(result, IMAGE)


def test_a_step_that_fails_on_this_picture_is_named() -> None:
    with pytest.raises(PipelineError, match=r"step 2 \(crop\): "):
        Pipeline((Step("flip"), Step("crop", {"x": 0, "y": 0, "width": 500, "height": 500}))).run(IMAGE)


def test_parameters_are_checked_when_a_step_is_made() -> None:
    with pytest.raises(ParameterError, match="invalid width of resize"):
        Step("resize", {"width": -1})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="nowhere.yaml"):
        Pipeline.load(tmp_path / "nowhere.yaml")


def test_a_file_is_plain_yaml_that_others_can_read(tmp_path: Path) -> None:
    pipeline = load(tmp_path, RANDOM)
    pipeline.save(tmp_path / "p.yaml")
    value: dict[str, Any] = yaml.safe_load((tmp_path / "p.yaml").read_text(encoding="utf-8"))
    assert value["steps"][1]["resize"]["width"] == {"between": [5, 40]}
    assert value["steps"][4] == {"flip": {"direction": "both"}, "p": 0.5, "when": "train"}


def test_a_choice_among_nothing_and_a_step_that_is_not_there_are_clear_errors() -> None:
    with pytest.raises(PipelineError, match="invalid 'one_of': expected a list of 1 to 1,000 values, received 0"):
        Among(())
    for number in (0, -1, 2):
        with pytest.raises(PipelineError, match=f"no such step: expected 1 to 1, received {number}"):
            Pipeline((Step("flip"),)).draw(number)


def test_a_choice_of_steps_takes_what_a_pipeline_takes() -> None:
    choice = OneOf(("flip", {"rotate": {"angle": 5}}))  # type: ignore[arg-type]  # as in a file
    assert choice.canonical() == OneOf((Step("flip"), Step("rotate", {"angle": 5}))).canonical()
    with pytest.raises(PipelineError, match="expected operations, received another one_of"):
        OneOf((choice,))  # type: ignore[arg-type]
