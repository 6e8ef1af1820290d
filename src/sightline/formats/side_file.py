"""The file beside an export that cannot hold labels and pipeline itself: what it is, and how to use it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from annotated_types import Len
from pydantic import ValidationError

from sightline.bundle import Classifier, Exported, Predictor, Run
from sightline.bundle.manifest import Text, refusal
from sightline.bundle.store import LIMITS, read_regular
from sightline.errors import InputError, brief
from sightline.files import write_text
from sightline.formats.registry import Format
from sightline.pipeline import Pipeline

__all__ = ["SideFile", "open_with_side_file", "read_side_file", "side_path", "write_side_file"]

IN_FOLDER = "sightline.json"


class SideFile(Exported):
    """The description, the export it belongs to, and its use in sentences."""

    file: Text
    kind: Text
    usage: Annotated[tuple[str, ...], Len(1, 20)]


def side_path(target: Path) -> Path:
    """Where the file is: within an export that is a folder, else beside it."""
    return target / IN_FOLDER if target.is_dir() else target.with_name(target.name + ".json")


def write_side_file(target: Path, form: Format, description: Exported) -> Path:
    """Write the file for the export at `target`; give back its path."""
    known = {name: getattr(description, name) for name in Exported.model_fields}
    try:
        content = SideFile(**known, file=target.name, kind=form.name, usage=_usage(description))
    except ValidationError:  # all but the name was checked before
        raise InputError("invalid name of a file", expected="at most 200 plain characters", received=brief(target.name)) from None
    path = side_path(target)
    write_text(path, content.model_dump_json(indent=2) + "\n")
    return path


def _usage(description: Exported) -> tuple[str, ...]:
    height, width, channels = description.input_shape
    lines = [
        "Every picture goes through the steps of `pipeline` first: they are part of the model.",
        f"Input: float32 (N, {height}, {width}, {channels}), the uint8 result of the pipeline divided by 255.",
        f"Output: float32 (N, {len(description.labels)}), probabilities in the order of `labels`.",
    ]
    if description.temperature != 1:
        lines.append("Calibrated probabilities: raise each to the power 1 / `temperature`, then divide them by their sum.")
    if description.unknown_threshold:
        lines.append("A highest probability below `unknown_threshold` means that the picture is of none of the labels.")
    return tuple(lines)


def read_side_file(target: Path) -> SideFile:
    """What the file says of the export at `target`; BundleError if there is none that fits."""
    path = side_path(target)
    try:
        return SideFile.model_validate_json(read_regular(path.parent, path.name, LIMITS["manifest.json"]))
    except ValidationError as error:
        raise refusal(error, str(path), SideFile) from None


def open_with_side_file(target: Path, run: Run) -> Predictor:
    """A predictor on an export's own runtime, with labels, pipeline and calibration as its side file has them; BundleError."""
    side = read_side_file(target)
    network = Classifier(side.input_shape, len(side.labels), run)
    return Predictor(side, Pipeline.from_dict(side.pipeline), network)
