"""What tuning tries: the types say it, a file narrows it, and every value of it can be trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sightline.errors import InputError, ParameterError
from sightline.models import MODELS
from sightline.params import Tunable, describe, marked
from sightline.training.config import Recipe, TrainConfig, make_config
from sightline.training.space import Dimension, read_space, space_from, usual_space


def named(space: Any) -> dict[str, Dimension]:
    return {one.name: one for one in space.dimensions}


@pytest.mark.parametrize("model", MODELS.names())
def test_every_model_has_a_space_whose_ends_its_own_parameters_accept(model: str) -> None:
    config = make_config("fashion-mnist", model=model)
    space = usual_space(config)
    assert {"learning_rate", "batch_size", "weight_decay"} <= set(named(space))
    for one in space.dimensions:
        for value in one.ends:
            made = space.config(config, {one.name: value})  # ParameterError if not
            place = made.recipe.model_dump() if one.owner == "recipe" else made.arguments
            assert place[one.name] == (list(value) if isinstance(value, tuple) else value)


@pytest.mark.parametrize("owner", [Recipe, TrainConfig, *MODELS.names()])
def test_what_is_worth_trying_lies_in_what_is_accepted(owner: Any) -> None:
    parameters = MODELS.get(owner).parameters if isinstance(owner, str) else None
    marks = parameters.marked(Tunable) if parameters else marked(owner, Tunable)
    for parameter in parameters.describe() if parameters else describe(owner):
        if (mark := marks.get(parameter.name)) and not mark.values:
            ends = (parameter.lower, mark.low, mark.high, parameter.upper)
            numbers = [end for end in ends if end is not None]
            assert len(numbers) == 4
            assert numbers == sorted(numbers)
            assert numbers[1] < numbers[2]
            assert numbers[1] > 0 or not mark.log
        elif mark and parameter.choices:
            assert set(mark.values) <= set(parameter.choices)


def test_what_has_no_effect_is_left_out_and_what_is_given_too() -> None:
    plain = usual_space(make_config("mnist", preset="plain"), {"learning_rate", "dense"})
    assert "warmup" in plain.left_out  # its schedule is constant
    assert {"distill", "distill_temperature"} <= set(plain.left_out)  # there is no teacher
    assert not {"warmup", "distill", "learning_rate", "dense"} & set(named(plain))
    taught = usual_space(make_config("mnist", teacher="mnist"))
    assert {"distill", "distill_temperature"} <= set(named(taught))


def test_a_training_finds_itself_in_its_space_as_far_as_it_can() -> None:
    config = make_config("mnist")
    assert usual_space(config).values_of(config) == {
        "batch_size": 128,
        "learning_rate": 0.01,
        "optimizer": "muon",
        "warmup": 0.1,
        "weight_decay": 0.05,
        "label_smoothing": 0.0,
        "filters": [64, 64, 32],
        "dense": 32,
    }
    plain = make_config("mnist", preset="plain")
    assert not {"optimizer", "weight_decay"} & set(usual_space(plain).values_of(plain))  # adam, which has no decay


def test_a_file_says_exactly_what_is_tuned(tmp_path: Path) -> None:
    file = tmp_path / "space.yaml"
    file.write_text(
        """
        format: 1
        space:
          learning_rate: {between: [0.001, 0.1], log: true}
          dense: {between: [16, 64]}
          filters: {one_of: [[8, 8, 8], [16, 16, 16]]}
          augment: {one_of: [false, true]}
          warmup: usual
        """
    )
    config = make_config("mnist")
    space = read_space(file, config)
    found = named(space)
    assert list(found) == ["learning_rate", "dense", "filters", "augment", "warmup"]
    assert found["dense"].whole
    assert not found["learning_rate"].whole
    assert (found["warmup"].low, found["warmup"].high) == (0, 0.2)
    assert found["learning_rate"].share(0.01) == pytest.approx(0.5)  # the geometric mean
    assert found["dense"].share(40) == pytest.approx(0.5)
    assert found["filters"].share([16, 16, 16]) == 1
    assert space_from(space.spelled(), config).dimensions == space.dimensions
    assert yaml.safe_load(yaml.safe_dump(space.spelled())) == space.spelled()
    made = space.config(config, {"learning_rate": 0.02, "filters": [8, 8, 8], "augment": False})
    assert made.recipe.learning_rate == 0.02
    assert made.recipe.augment is False
    assert made.arguments == {"filters": [8, 8, 8]}
    assert made.recipe.weight_decay == config.recipe.weight_decay


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("learnin_rate: usual", "learning_rate"),
        ("learning_rate: {between: [0.1, 0.001]}", "the lower first"),
        ("learning_rate: {between: [0, 0.1], log: true}", "above 0 with log"),
        ("learning_rate: {between: [0.001, 100]}", "1e-07 to 10"),
        ("learning_rate: {between: [.nan, 1]}", "the lower first"),
        ("dense: {between: [1.5, 20]}", "two whole numbers"),
        ("optimizer: {between: [1, 2]}", "cannot tune optimizer"),
        ("optimizer: {one_of: [sgd, muon]}", "adam | adamw | muon"),
        ("filters: {one_of: [[8, 8]]}", "filters"),
        ("filters: {one_of: []}", "cannot tune filters"),
        ("seed: {one_of: [1, 2]}", "no parameter to tune"),
        ("input_shape: {one_of: [[28, 28, 1]]}", "no parameter to tune"),
        ("distill: {between: [0.2, 0.9]}", "teacher"),
        ("augment: usual", "no usual range"),
        ("learning_rate: 0.1", "cannot tune learning_rate"),
        ("1: usual", "no parameter to tune"),
        ("epochs: {one_of: [5, 10]}", "no parameter to tune"),
        ("patience: {one_of: [1, 2]}", "no parameter to tune"),
        ("batch_size: {one_of: [many, 64]}", "batch_size"),
    ],
)
def test_a_file_that_does_not_fit_says_what_and_why(entry: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / "space.yaml"
    file.write_text(f"format: 1\nspace:\n  {entry}\n")
    with pytest.raises(InputError) as caught:
        read_space(file, make_config("mnist"))
    assert text in str(caught.value)
    assert "space.yaml" in str(caught.value)


@pytest.mark.parametrize(
    "content", ["", "[1, 2]", "space: {dense: usual}", "format: 2\nspace: {dense: usual}", "format: 1\nspace: {}", "a: &x 1"]
)
def test_what_is_no_space_is_refused(content: str, tmp_path: Path) -> None:
    file = tmp_path / "space.yaml"
    file.write_text(content)
    with pytest.raises(InputError, match=r"space\.yaml"):
        read_space(file, make_config("mnist"))
    with pytest.raises(InputError, match="cannot read"):
        read_space(tmp_path / "none.yaml", make_config("mnist"))


def test_given_and_tuned_at_the_same_time_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "space.yaml"
    file.write_text("format: 1\nspace: {dense: usual}\n")
    with pytest.raises(InputError, match="dense is given and tuned"):
        read_space(file, make_config("mnist"), {"dense"})
    everything = {one.name for one in usual_space(make_config("mnist")).dimensions}
    with pytest.raises(InputError, match="nothing is left to tune"):
        usual_space(make_config("mnist"), everything)


def test_numbers_that_yaml_takes_for_text_are_numbers(tmp_path: Path) -> None:
    file = tmp_path / "space.yaml"
    file.write_text("format: 1\nspace:\n  learning_rate: {between: [1e-4, 1e-1]}\n  batch_size: {one_of: ['64', 1e2]}\n")
    found = named(read_space(file, make_config("mnist")))
    assert (found["learning_rate"].low, found["learning_rate"].high) == (0.0001, 0.1)
    assert found["batch_size"].values == (64, 100)


def test_the_network_is_not_tuned_where_its_weights_are_another_models() -> None:
    space = usual_space(make_config("mnist", weights="mnist"))
    assert {"filters", "dense"} <= set(space.left_out)
    assert not {"filters", "dense"} & set(named(space))


def test_values_that_do_not_go_together_are_refused() -> None:
    config = make_config("mnist", preset="plain")
    space = space_from({"format": 1, "space": {"dense": "usual"}}, config)
    with pytest.raises(ParameterError, match="dense"):
        space.config(config, {"dense": 0})
    with pytest.raises(InputError, match="warmup has no effect"):
        space_from({"format": 1, "space": {"warmup": {"between": [0.1, 0.2]}}}, config)


def test_the_number_of_different_trials() -> None:
    config = make_config("mnist")
    few = space_from({"format": 1, "space": {"dense": {"between": [8, 11]}, "filters": "usual"}}, config)
    assert few.size == 4 * 4
    assert usual_space(config).size == float("inf")
