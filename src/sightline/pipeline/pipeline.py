"""A pipeline: run, check, record, load and save."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, cast

from sightline.errors import PipelineError, SightlineError, brief
from sightline.files import write_text
from sightline.image import KINDS, Image, Kind, check_image, check_values, kind_of
from sightline.ops import NO_FILES
from sightline.pipeline.document import from_text, to_text
from sightline.pipeline.random import Chance, Item
from sightline.pipeline.step import AnyStep, OneOf, Step, step_from

__all__ = ["FORMAT", "Pipeline"]

FORMAT = 1
MAX_FILE_BYTES = 32_000_000  # pictures among the parameters are written into the file
MAX_STEPS = 1000


@dataclass(frozen=True)
class Pipeline:
    """Ordered steps. `run` applies those marked `always`, with `train=True` all of them.

    A step is a `Step`, a `OneOf`, or what stands for one in a file, such as "flip" or {"gaussian_blur": {"sigma": 2}}. Pictures are
    uint8, uint16 or float32 in [0, 1], `(H, W)`, `(H, W, 3)` or `(H, W, 4)`. PipelineError for what is no step, UnknownNameError
    for its operation, ParameterError for a parameter.

    >>> import numpy as np
    >>> pipeline = Pipeline((Step("to_gray"), Step("resize", {"width": 4, "height": 4})))
    >>> pipeline.run(np.zeros((20, 30, 3), np.uint8)).shape
    (4, 4)
    """

    steps: tuple[AnyStep, ...] = ()
    _fits: set[tuple[Kind | None, bool]] = field(default_factory=set, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.steps, str | Step | OneOf) or not isinstance(self.steps, Iterable):
            raise PipelineError("invalid steps", expected="a list of steps", received=brief(self.steps))
        object.__setattr__(self, "steps", tuple(s if isinstance(s, Step | OneOf) else step_from(s) for s in self.steps))

    def run(
        self,
        image: Image | None = None,
        *,
        seed: int = 0,
        item: Item = 0,
        epoch: int = 0,
        train: bool = False,
        done: int = 0,
    ) -> Image:
        """Apply the steps to a picture, which is never changed; what is random is drawn from (seed, epoch, item, step).

        Without a picture the first step has to make one. PipelineError before the first pixel if the steps do not fit the
        picture or each other; it names the step and what to do. `done`: how many of the drawn steps the picture has behind it.
        """
        result = image
        for _, step_result in self.trace(image, seed=seed, item=item, epoch=epoch, train=train, done=done):
            result = step_result
        if result is None:
            raise PipelineError("the pipeline has no picture", fix="Pass one, or begin with a step that makes one.")
        return result.copy() if result is image else result

    def trace(
        self,
        image: Image | None = None,
        *,
        seed: int = 0,
        item: Item = 0,
        epoch: int = 0,
        train: bool = False,
        done: int = 0,
    ) -> Iterator[tuple[Step, Image]]:
        """Give each step, plain as it was drawn, and its result, one after the other: what the model sees; errors as of `run`."""
        image = self._checked_input(image, train)
        for number, step in islice(self._drawn(seed, item, epoch, train), done, None):
            try:
                image = step.apply(image)
            except SightlineError as error:
                raise PipelineError(f"step {number} ({step.op}): {error.problem}", fix=error.fix) from error
            yield step, image

    def record(self, *, seed: int = 0, item: Item = 0, epoch: int = 0, train: bool = False) -> Pipeline:
        """The plain pipeline of one draw: without chance, it gives the same pixels as `run` with the same arguments.

        PipelineError for a seed, item or epoch that is none.
        """
        return Pipeline(tuple(step for _, step in self._drawn(seed, item, epoch, train)))

    def draw(self, number: int, *, seed: int = 0, item: Item = 0, epoch: int = 0) -> Step | None:
        """The plain step that step `number`, counted from 1, is for one item in one epoch; None if it is not taken.

        PipelineError for a seed, item or epoch that is none, and for a number without a step.
        """
        if not 1 <= number <= len(self.steps):
            raise PipelineError("there is no such step", expected=f"1 to {len(self.steps)}", received=str(number))
        step = self.steps[number - 1]
        return step.record(Chance(seed, item, number, epoch)) if step.is_random else cast(Step, step).plain

    def check(self, kind: Kind | Image | None = None, *, train: bool = False) -> None:
        """Hold the steps against each other, and against a picture or its kind: dtypes and channels, without running anything.

        Without a kind it is enough that some picture fits. PipelineError names the step and what to put before it.
        """
        if kind is not None and not isinstance(kind, Kind):
            kind = kind_of(check_image(kind))
        if (kind, train) in self._fits:
            return
        if kind is not None or self.makes_picture:
            self._flow(kind or KINDS["uint8", 3], train)
        else:
            errors = {}
            for candidate in KINDS.values():
                try:
                    self._flow(candidate, train)
                    break
                except PipelineError as error:
                    errors[candidate] = error
            else:
                raise errors[KINDS["uint8", 3]]
        self._fits.add((kind, train))

    @property
    def makes_picture(self) -> bool:
        """Whether the first step makes the picture, so that `run` takes none."""
        return bool(self.steps) and isinstance(self.steps[0], Step) and self.steps[0].operation.role == "create"

    @property
    def always(self) -> Pipeline:
        """The steps that are applied outside of training too."""
        return Pipeline(tuple(step for step in self.steps if step.when == "always"))

    @property
    def is_random(self) -> bool:
        """Whether anything is left to chance."""
        return any(step.is_random for step in self.steps)

    @property
    def hash(self) -> str:
        """Names the pipeline: SHA-256 over its canonical text, equal for equal steps, however they were written."""
        text = json.dumps([FORMAT, [step.canonical() for step in self.steps]])
        return hashlib.sha256(text.encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """The pipeline as it stands in a file, every parameter and every picture written out."""
        return {"format": FORMAT, "steps": [step.to_dict() for step in self.steps]}

    @classmethod
    def from_dict(cls, value: object, *, folder: Path | None = None) -> Pipeline:
        """Check what a file held; PipelineError says which step is wrong and why.

        `folder`: where pictures that steps name by path are; None refuses paths, as for pipelines from elsewhere.
        """
        if not isinstance(value, dict) or set(value) != {"format", "steps"} or not isinstance(value["steps"], list):
            raise PipelineError("not a pipeline", expected="a mapping of 'format' and 'steps'", received=brief(value))
        if value["format"] != FORMAT:
            raise PipelineError("unknown pipeline format", expected=f"format {FORMAT}", received=brief(value["format"]))
        if len(value["steps"]) > MAX_STEPS:
            raise PipelineError("too long a pipeline", expected=f"at most {MAX_STEPS} steps", received=str(len(value["steps"])))
        steps = []
        for number, item in enumerate(value["steps"], 1):
            try:
                steps.append(step_from(item, folder or NO_FILES))
            except SightlineError as error:
                raise PipelineError(f"step {number}: {error.problem}", fix=error.fix) from error
        pipeline = cls(tuple(steps))
        pipeline.check(train=True)
        return pipeline

    @classmethod
    def load(cls, path: str | Path) -> Pipeline:
        """Read a pipeline from a YAML or JSON file; relative paths of pictures that its steps name begin at its folder.

        PipelineError for a file that cannot be read, or says which step is wrong and why.
        """
        target = Path(path)
        try:
            if target.stat().st_size > MAX_FILE_BYTES:
                raise PipelineError("it is too large", expected=f"at most {MAX_FILE_BYTES:,} bytes")
            value = from_text(target.read_text(encoding="utf-8"), is_json=target.suffix == ".json")
        except PipelineError as error:
            raise PipelineError(f"cannot read pipeline {str(target)!r}: {error.problem}", fix=error.fix) from error
        except (OSError, ValueError) as error:
            raise PipelineError(f"cannot read pipeline {str(target)!r}: {getattr(error, 'strerror', None) or error}") from error
        return cls.from_dict(value, folder=target.parent)

    def save(self, path: str | Path) -> None:
        """Write the pipeline as YAML, or as JSON when the path ends in .json. It needs no other file, but for fonts of your own.

        PipelineError for one of more than 32 MB, StorageError where it cannot be written.
        """
        text = to_text(self.to_dict(), is_json=Path(path).suffix == ".json")
        if len(text) > MAX_FILE_BYTES:
            raise PipelineError(
                "the pipeline is too large to be saved",
                expected=f"at most {MAX_FILE_BYTES:,} bytes",
                received=f"{len(text):,}",
                fix="Make the pictures among its parameters smaller.",
            )
        write_text(path, text)

    def _drawn(self, seed: int, item: Item, epoch: int, train: bool) -> Iterator[tuple[int, Step]]:
        """The plain steps of one draw with their numbers; a step keeps its own chance whatever stands around it."""
        for number, step in enumerate(self.steps, 1):
            if step.when == "train" and not train:
                continue
            plain = self.draw(number, seed=seed, item=item, epoch=epoch)
            if plain is not None:
                yield number, plain

    def _checked_input(self, image: Image | None, train: bool) -> Image | None:
        if image is None:
            if self.steps and not self.makes_picture:
                raise PipelineError("the pipeline needs a picture", fix="Pass one, or begin with a step that makes one.")
            self.check(None, train=train)
        elif self.makes_picture:
            raise PipelineError(f"the pipeline makes its own picture with {self.steps[0].op}", received="another picture")
        else:
            image = check_values(check_image(image))
            self.check(kind_of(image), train=train)
        return image

    def _flow(self, kind: Kind, train: bool) -> None:
        """Follow every kind of picture that may reach each step."""
        kinds, before = {kind}, "as the picture is"
        for number, step in enumerate(self.steps, 1):
            if step.when == "train" and not train:
                continue
            if number > 1 and isinstance(step, Step) and step.operation.role == "create":
                raise PipelineError(f"step {number} ({step.op}) makes a new picture", expected="that only of the first step")
            try:
                kinds = set().union(*(step.results(each) for each in sorted(kinds, key=str)))
            except PipelineError as error:
                raise PipelineError(f"step {number}: {error.what}, {before}", expected=error.expected, fix=error.fix) from None
            before = f"as step {number} ({step.op}) gives"
