"""Pipelines: ordered steps of operations that are saved, travel with a model, and give the same pixels everywhere.

format: 1
steps:
  - to_gray: {}
  - letterbox: {width: 28, height: 28}
  - flip: {direction: horizontal}
    when: train
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast, get_args

import numpy as np
import yaml

from sightline.errors import PipelineError, SightlineError
from sightline.files import write_text
from sightline.image import Image
from sightline.ops import OPS, picture_to_text

__all__ = ["FORMAT", "Pipeline", "Step", "When"]

FORMAT = 1
MAX_FILE_BYTES = 1_000_000
MAX_STEPS = 1000
When = Literal["always", "train"]


@dataclass(frozen=True, eq=False)
class Step:
    """One operation with its parameters, checked when made. `when`: always, or only while training."""

    op: str
    parameters: dict[str, Any] = field(default_factory=dict)
    when: When = "always"

    def __post_init__(self) -> None:
        if self.when not in get_args(When):
            raise PipelineError(f"invalid 'when' of step {self.op}", expected=" | ".join(get_args(When)), received=repr(self.when))
        object.__setattr__(self, "parameters", OPS.get(self.op).parameters.parse(self.parameters))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Step) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash(json.dumps(self.to_dict(), sort_keys=True))

    def apply(self, image: Image | None) -> Image:
        """Run the operation on one picture."""
        operation = OPS.get(self.op)
        return operation.draw(None if operation.role == "create" else operation.check(image), self.parameters)

    def to_dict(self) -> dict[str, Any]:
        """The step as it stands in a file."""
        body: dict[str, Any] = {self.op: {name: _plain(value) for name, value in self.parameters.items()}}
        if self.when != "always":
            body["when"] = self.when
        return body


@dataclass(frozen=True)
class Pipeline:
    """Ordered steps. `run` applies those marked `always`.

    >>> Pipeline((Step("to_gray"), Step("resize", {"width": 4, "height": 4}))).hash[:8]
    'c2bde635'
    """

    steps: tuple[Step, ...] = ()

    def run(self, image: Image | None) -> Image:
        """Apply every step that is not for training only; the input is never changed."""
        result: Any = image
        for _, step_result in self.trace(image):
            result = step_result
        return cast(Image, result)

    def trace(self, image: Image | None) -> Iterator[tuple[str, Image]]:
        """Give each step's name and its result, one after the other: what the model sees."""
        for number, step in enumerate(self.steps, 1):
            if step.when != "always":
                continue
            try:
                image = step.apply(image)
            except SightlineError as error:
                raise PipelineError(f"step {number} ({step.op}): {error.problem}", fix=error.fix) from error
            yield step.op, image

    @property
    def hash(self) -> str:
        """Names the pipeline: SHA-256 over its canonical JSON, equal for equal steps."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """The pipeline as it stands in a file, every parameter written out."""
        return {"format": FORMAT, "steps": [step.to_dict() for step in self.steps]}

    @classmethod
    def from_dict(cls, value: object) -> Pipeline:
        """Check what a file held; PipelineError says which step is wrong and why."""
        if not isinstance(value, dict) or set(value) != {"format", "steps"} or not isinstance(value["steps"], list):
            raise PipelineError("not a pipeline", expected="a mapping of 'format' and 'steps'", received=_brief(value))
        if value["format"] != FORMAT:
            raise PipelineError("unknown pipeline format", expected=f"format {FORMAT}", received=repr(value["format"]))
        if len(value["steps"]) > MAX_STEPS:
            raise PipelineError("too long a pipeline", expected=f"at most {MAX_STEPS} steps", received=str(len(value["steps"])))
        return cls(tuple(_step(number, item) for number, item in enumerate(value["steps"], 1)))

    @classmethod
    def load(cls, path: str | Path) -> Pipeline:
        """Read a pipeline from a YAML or JSON file."""
        target = Path(path)
        try:
            if target.stat().st_size > MAX_FILE_BYTES:
                raise PipelineError(f"cannot read pipeline {str(target)!r}", expected=f"at most {MAX_FILE_BYTES:,} bytes")
            text = target.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PipelineError(f"cannot read pipeline {str(target)!r}: {error}") from error
        try:
            for token in yaml.scan(text, Loader=yaml.SafeLoader):
                if isinstance(token, yaml.tokens.AliasToken):
                    raise PipelineError(
                        f"cannot read pipeline {str(target)!r}", expected="no YAML aliases", received=f"*{token.value}"
                    )
            return cls.from_dict(yaml.safe_load(text))
        except yaml.YAMLError as error:
            raise PipelineError(f"cannot read pipeline {str(target)!r}: {' '.join(str(error).split())}") from error

    def save(self, path: str | Path) -> None:
        """Write the pipeline as YAML, or as JSON when the path ends in .json."""
        if Path(path).suffix == ".json":
            write_text(path, json.dumps(self.to_dict(), indent=2) + "\n")
        else:
            write_text(path, yaml.safe_dump(self.to_dict(), sort_keys=False))


def _plain(value: Any) -> Any:
    return picture_to_text(value) if isinstance(value, np.ndarray) else json.loads(json.dumps(value))


def _step(number: int, item: object) -> Step:
    if isinstance(item, str):
        item = {item: {}}
    if not isinstance(item, dict):
        raise PipelineError(f"step {number} is not a step", expected="a mapping like 'resize: {width: 28}'", received=_brief(item))
    names = [key for key in item if key != "when"]
    if len(names) != 1 or not isinstance(names[0], str):
        raise PipelineError(f"step {number} is not a step", expected="one operation, and 'when' if need be", received=_brief(item))
    parameters = item[names[0]] or {}
    if not isinstance(parameters, dict):
        raise PipelineError(f"step {number} ({names[0]})", expected="a mapping of parameters", received=_brief(parameters))
    try:
        return Step(names[0], parameters, cast(When, item.get("when", "always")))
    except SightlineError as error:
        raise PipelineError(f"step {number}: {error.problem}", fix=error.fix) from error


def _brief(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
