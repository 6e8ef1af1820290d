from __future__ import annotations

from pathlib import Path

import pytest

from sightline.errors import ParameterError, RunError, UnknownNameError
from sightline.training.config import AUGMENTATION, PRESETS, Recipe, TrainConfig, make_config


def test_plain_is_what_a_textbook_script_does() -> None:
    plain = PRESETS.get("plain")
    assert (plain.optimizer, plain.learning_rate, plain.batch_size, plain.precision) == ("adam", 1e-3, 32, "float32")
    assert (plain.schedule, plain.label_smoothing, plain.average) == ("constant", 0, 0)
    assert [getattr(plain, name) for name in AUGMENTATION] == ["none", 0, 0, 0, 0, 0]
    assert not plain.pool_first


def test_a_configuration_survives_its_file(tmp_path: Path) -> None:
    config = make_config("photos/ä", epochs=3, recipe={"batch_size": 64}, arguments={"filters": [1, 2, 3]}, patience=2)
    config.save(tmp_path / "config.yaml")
    assert TrainConfig.load(tmp_path / "config.yaml") == config


def test_what_is_left_to_the_data_is_settled_by_its_facts() -> None:
    config = make_config("x")
    assert {getattr(config.recipe, name) for name in AUGMENTATION} == {None}
    facts = {"augmentation": {"flip": "horizontal", "shift": 3, "shift_share": 0.5}}
    settled = config.settled(facts).recipe
    assert (settled.flip, settled.shift, settled.shift_share, settled.turn, settled.erase) == ("horizontal", 3, 0.5, 0.0, 0.0)
    chosen = make_config("x", recipe={"flip": "none", "shift": 1}).settled(facts).recipe
    assert (chosen.flip, chosen.shift, chosen.shift_share) == ("none", 1, 0.5)
    assert make_config("x", preset="plain").settled(facts).recipe == PRESETS.get("plain")


def test_wrong_settings_name_the_rule() -> None:
    with pytest.raises(ParameterError, match="invalid epochs of training: expected 1 to 100000, received 0"):
        make_config("mnist", epochs=0)
    with pytest.raises(ParameterError, match="invalid learning_rate of training"):
        make_config("mnist", recipe={"learning_rate": float("nan")})
    with pytest.raises(UnknownNameError, match="unknown preset 'tunde'. Did you mean tuned"):
        make_config("mnist", preset="tunde")


@pytest.mark.parametrize("text", ["data: [", "data: mnist\nepoch: 3\n", "- 1\n", "data: mnist\nepochs: 0\n"])
def test_a_damaged_file_is_a_run_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RunError, match="config.yaml"):
        TrainConfig.load(tmp_path / "config.yaml")


def test_every_field_says_what_it_is() -> None:
    from sightline.params import describe

    for model in (Recipe, TrainConfig):
        assert all(parameter.text for parameter in describe(model))
