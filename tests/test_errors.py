from __future__ import annotations

import inspect
import pickle

from sightline import errors

FUNCTIONS = {"brief", "either"}


def test_every_error_stands_in_the_drawn_tree_under_its_parent() -> None:
    lines = (errors.__doc__ or "").splitlines()
    depth = {line.split("──")[-1].split()[0]: line.index(line.strip()[0]) + line.count("│") for line in lines if "──" in line}
    classes = {name: cls for name, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, errors.SightlineError)}
    assert set(depth) | {"SightlineError"} == set(classes) == set(errors.__all__) - FUNCTIONS


def test_message_has_one_form() -> None:
    error = errors.ParameterError("invalid sigma", expected="0.1 to 50 px", received="-1 px", fix="Choose a larger one.")
    assert str(error) == "invalid sigma: expected 0.1 to 50 px, received -1 px. Choose a larger one."
    assert isinstance(error, ValueError)


def test_exit_codes_tell_a_users_mistake_from_a_failure() -> None:
    assert {cls.exit_code for cls in errors.InputError.__subclasses__()} == {2}
    assert {cls.exit_code for cls in errors.JobError.__subclasses__()} == {1}
    assert errors.Interrupted.exit_code == 130


def test_errors_travel_between_processes_whole() -> None:
    for cls in (getattr(errors, name) for name in set(errors.__all__) - FUNCTIONS):
        error = cls("invalid sigma", expected="0.1 to 50 px", received="-1 px", fix="Choose a larger one.")
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is cls
        assert (str(again), again.fix, again.args) == (str(error), error.fix, error.args)
