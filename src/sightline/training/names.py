"""The names that a training will leave in its bundle, held to the manifest's own rules before anything is trained."""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from sightline.bundle.manifest import Description, Text
from sightline.data import Dataset
from sightline.errors import DatasetError, RunError, brief
from sightline.params import explain

__all__ = ["check_names"]

NAME: TypeAdapter[str] = TypeAdapter(Text)
LABELS: TypeAdapter[tuple[str, ...]] = TypeAdapter(Description.model_fields["labels"].rebuild_annotation())


def check_names(dataset: Dataset, run: str) -> None:
    """DatasetError for a class's or the data's name that a bundle does not take, or too many classes; RunError for the run's."""
    if rule := _broken(NAME, run):
        raise RunError(f"a run cannot be called {brief(run)}", expected=rule, fix="Rename its folder.")
    if rule := _broken(NAME, dataset.name):
        raise DatasetError(f"data cannot be called {brief(dataset.name)}", expected=rule, fix="Rename the folder or file.")
    for label in dataset.classes:
        if rule := _broken(NAME, label):
            fix = "Rename its folder, or what the table calls it."
            raise DatasetError(f"a class cannot be called {brief(label)}", expected=rule, fix=fix)
    if rule := _broken(LABELS, dataset.classes):
        received = f"{len(dataset.classes):,}"
        raise DatasetError(f"the classes of {dataset.name!r} do not make a classifier", expected=rule, received=received)


def _broken(rule: TypeAdapter[str] | TypeAdapter[tuple[str, ...]], value: object) -> str | None:
    """What `rule` expects, if the value is not that."""
    try:
        rule.validate_python(value, strict=True)
    except ValidationError as error:
        return explain(error, "the bundle", Description).expected
    return None
