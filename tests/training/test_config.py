from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sightline.errors import ParameterError, PipelineError, RunError, UnknownNameError
from sightline.events import Event, Note
from sightline.jobs.trainings import _inputs
from sightline.training.config import PRESETS, Recipe, TrainConfig, make_config


def test_plain_is_what_a_textbook_script_does() -> None:
    plain = PRESETS.get("plain")
    assert (plain.optimizer, plain.learning_rate, plain.batch_size, plain.precision) == ("adam", 1e-3, 32, "float32")
    assert (plain.schedule, plain.label_smoothing, plain.average) == ("constant", 0, 0)
    assert not plain.augment
    assert not plain.pool_first


def test_a_configuration_survives_its_file(tmp_path: Path) -> None:
    config = make_config("photos/ä", epochs=3, recipe={"batch_size": 64}, arguments={"filters": [1, 2, 3]}, patience=2)
    config.save(tmp_path / "config.yaml")
    assert TrainConfig.load(tmp_path / "config.yaml") == config


def test_a_pipeline_is_written_out_and_brings_its_augmentation(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("format: 1\nsteps:\n- to_gray\n- flip: {}\n  p: 0.5\n  when: train\n", encoding="utf-8")
    config = make_config("mnist", preset="plain", pipeline=file)
    assert config.recipe.augment
    assert config.pipeline is not None
    assert [next(iter(step)) for step in config.pipeline["steps"]] == ["to_gray", "flip"]
    config.save(tmp_path / "config.yaml")
    assert TrainConfig.load(tmp_path / "config.yaml") == config
    assert not make_config("mnist", pipeline=file, recipe={"augment": False}).recipe.augment
    with pytest.raises(PipelineError, match="cannot read pipeline"):
        make_config("mnist", pipeline=tmp_path / "none.yaml")


def test_wrong_settings_name_the_rule() -> None:
    with pytest.raises(ParameterError, match="invalid epochs of training: expected 1 to 100000, received 0"):
        make_config("mnist", epochs=0)
    with pytest.raises(ParameterError, match="invalid learning_rate of training"):
        make_config("mnist", recipe={"learning_rate": float("nan")})
    with pytest.raises(UnknownNameError, match="unknown preset 'tunde'. Did you mean tuned"):
        make_config("mnist", preset="tunde")


@pytest.mark.parametrize(
    ("preset", "recipe", "needed"),
    [
        ("plain", {"weight_decay": 0.1}, "optimizer adamw or muon"),
        ("plain", {"warmup": 0.1}, "schedule linear"),
        ("plain", {"normalize": True}, "pool_first"),
    ],
)
def test_a_setting_that_would_do_nothing_is_refused(preset: str, recipe: dict[str, float], needed: str) -> None:
    with pytest.raises(ParameterError, match=f"{next(iter(recipe))} has no effect: expected {needed}"):
        make_config("mnist", preset=preset, recipe=recipe)
    assert make_config("mnist", preset="tuned", recipe=recipe).preset == "tuned"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"recipe": {"normalize": True}, "model": "tiny"}, "normalize has no effect: expected a model .*: cnn3, received tiny"),
        ({"recipe": {"normalize": True, "pool_first": True}, "weights": "mnist"}, "normalize has no effect: expected weights none"),
        ({"recipe": {"fit_input": True}, "size": 28}, "fit_input has no effect: expected no size"),
        ({"recipe": {"fit_input": True}, "weights": "mnist"}, "fit_input has no effect"),
        ({"recipe": {"pool_first": True}, "model": "tiny"}, "pool_first has no effect: expected a model .*: cnn3, received tiny"),
        ({"recipe": {"distill_temperature": 5}}, "distill_temperature has no effect: expected a teacher"),
        ({"recipe": {"keep_norm": True}}, "keep_norm needs statistics to keep: expected weights imagenet"),
        ({"recipe": {"batch_size": 7}}, "too few pictures a step for batch normalization: expected at least 8, received 7"),
    ],
)
def test_settings_that_do_not_go_with_model_weights_or_input_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        make_config("mnist", **options)


def test_few_pictures_a_step_are_taken_where_nothing_is_normalized() -> None:
    assert make_config("mnist", recipe={"batch_size": 4, "normalize": False}).recipe.batch_size == 4
    assert make_config("mnist", recipe={"batch_size": 4}, model="tiny").recipe.normalize


@pytest.mark.parametrize("text", ["data: [", "data: mnist\nepoch: 3\n", "- 1\n", "data: mnist\nepochs: 0\n", 2000 * "[",
                                  "data: 2020-13-45\n", "data: !!bool x\n", "data: !!float ''\n"])  # fmt: skip
def test_a_damaged_file_is_a_run_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RunError, match="config.yaml"):
        TrainConfig.load(tmp_path / "config.yaml")


def test_every_field_says_what_it_is() -> None:
    from sightline.params import describe

    for model in (Recipe, TrainConfig):
        assert all(parameter.text for parameter in describe(model))


def test_chance_outside_of_training_is_warned_of(tmp_path: Path) -> None:
    steps = "format: 1\nsteps:\n- letterbox: {width: 28, height: 28}\n- rotate: {angle: {between: [-5, 5]}}\n"
    warnings: dict[str, list[str]] = {}
    for name, end in (("always", ""), ("train", "  when: train\n")):
        (tmp_path / name).write_text(steps + end, encoding="utf-8")
        events: list[Event] = []
        _inputs(make_config("digits", pipeline=tmp_path / name), events.append, "run")
        warnings[name] = [event.text for event in events if isinstance(event, Note) and event.warning]
    assert warnings["train"] == []
    assert [text for text in warnings["always"] if "not marked `when: train`" in text and text.endswith(": rotate")]
