"""The process in which pipelines of strangers run: it may be killed, and takes no more memory than it is given.

It reads tasks from standard input and writes what came of them to standard output, as JSON with the bytes of pictures behind it:
nothing that comes back can be more than data.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from sightline.errors import ImageError, PipelineError, SightlineError, TooLargeError
from sightline.image import Image, encode, read
from sightline.pipeline import Pipeline, Step
from sightline.pipeline.document import from_text
from sightline.pipeline.spelling import spell
from sightline.serve.showing import shown

__all__ = ["Applied", "Stage", "Task", "read_message", "write_message"]

MOST_STEPS = 100
MOST_MEASURED = 4000  # letters of what a step measured: the outlines of a photo are thousands of points
MEMORY = 4 << 30  # bytes that the process may take more than it begins with
SMALLER = "Make the picture smaller first."


@dataclass(frozen=True)
class Task:
    """A pipeline, as the text of a file or what that says, and the bytes of a picture, or none where it makes one.

    `suffix`: the format of the result, such as `.png`. `preview`: in place of the result give the picture as it came and
    after every step, each at most so many pixels on a side, as a browser shows it.
    """

    pipeline: object
    picture: bytes | None
    suffix: str
    max_pixels: int
    seed: int = 0
    preview: int | None = None


@dataclass(frozen=True)
class Stage:
    """A picture on its way: after which operation (None: as it came), its size, and the bytes of its file of type `kind`.

    `measured`: of a preview of an operation that measures, what it found, as JSON.
    """

    op: str | None
    shape: tuple[int, ...]
    dtype: str
    kind: str
    data: bytes
    measured: str | None = None


@dataclass(frozen=True)
class Applied:
    """What came of a task: the pictures on the way, or the last alone; and what ended it before its time, as an error's words.

    `spelled`: where previews were asked for, how else to say the pipeline: as `yaml`, `shell` and `python`.
    """

    stages: list[Stage] = field(default_factory=list)
    spelled: dict[str, str] = field(default_factory=dict)
    error: dict[str, str | None] | None = None
    too_large: bool = False


def applied(task: Task) -> Applied:
    """Run a pipeline. Where a step fails or does not fit, the pictures before it come with the error if previews were asked for."""
    stages: list[Stage] = []
    spelled: dict[str, str] = {}
    try:
        given = from_text(task.pipeline, is_json=False) if isinstance(task.pipeline, str) else task.pipeline  # YAML reads JSON
        image = None if task.picture is None else read(task.picture, "unchanged", max_pixels=task.max_pixels)
        pipeline, wrong = _fitting(given, image) if task.preview else (_pipeline(given), None)
        if task.preview and wrong is None:
            spelled = spell(pipeline)
        last: tuple[Step | None, Image] | None = None
        for step, result in _way(task, image, pipeline):
            if task.preview:
                stages.append(_preview(step, result, task.preview, None if last is None else last[1]))
            last = step, result
        if wrong is not None:
            raise wrong
        if last is None:
            raise ImageError("there is no picture", fix="Send one, or begin with a step that makes one.")
        return Applied(stages if task.preview else [_result(*last, task.suffix)], spelled)
    except SightlineError as error:
        return Applied(stages, spelled, _words(error), isinstance(error, TooLargeError))
    except MemoryError:
        words = _words(ImageError("the pipeline needs more memory than it may take", fix=SMALLER))
        return Applied(stages, spelled, words, too_large=True)


def _pipeline(given: object) -> Pipeline:
    pipeline = Pipeline.from_dict(given)
    if len(pipeline.steps) > MOST_STEPS:
        raise PipelineError("too long a pipeline", expected=f"at most {MOST_STEPS} steps", received=f"{len(pipeline.steps)}")
    return pipeline


def _fitting(given: object, image: Image | None) -> tuple[Pipeline, SightlineError | None]:
    """The pipeline up to the first step that is wrong or does not fit what comes to it, and what is wrong with that."""
    try:
        pipeline = _pipeline(given)
        pipeline.check(image)
    except SightlineError as error:
        steps = given["steps"] if isinstance(given, dict) and isinstance(given.get("steps"), list) else []
        if not 1 < len(steps) <= MOST_STEPS:
            return Pipeline(()), error
        return _fitting({**given, "steps": steps[:-1]}, image)[0], error  # type: ignore[dict-item]
    return pipeline, None


def _way(task: Task, image: Image | None, pipeline: Pipeline) -> Iterator[tuple[Step | None, Image]]:
    """The picture as it came, where it did, and after each step."""
    if image is not None:
        yield None, image
    for step, result in pipeline.trace(image, seed=task.seed):
        if result.shape[0] * result.shape[1] > task.max_pixels:
            size = f"{result.shape[1]:,} x {result.shape[0]:,}"
            raise TooLargeError(f"{step.op} makes too large a picture", expected=f"at most {task.max_pixels:,} px", received=size)
        yield step, result


def _result(step: Step | None, image: Image, suffix: str) -> Stage:
    return Stage(step.op if step else None, image.shape, image.dtype.name, suffix, encode(image, suffix))


def _preview(step: Step | None, image: Image, longest: int, before: Image | None) -> Stage:
    measured = None
    if step is not None and step.operation.role == "measure":
        measured = json.dumps(step.operation.call(before, step.parameters).to_dict())
        if len(measured) > MOST_MEASURED:
            measured = f"{measured[:MOST_MEASURED]}…"
    return Stage(step.op if step else None, image.shape, image.dtype.name, *shown(image, longest), measured)


def _words(error: SightlineError) -> dict[str, str | None]:
    return {"what": error.what, "expected": error.expected, "received": error.received, "fix": error.fix}


def write_message(file: IO[bytes], value: dict[str, Any], *blocks: bytes) -> None:
    """A line of JSON, and the bytes of pictures behind it."""
    file.write(json.dumps({**value, "blocks": [len(block) for block in blocks]}).encode() + b"\n")
    file.writelines(blocks)
    file.flush()


def read_message(file: IO[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """What `write_message` has written; EOFError where there is no more, or not all of it."""
    line = file.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    value: dict[str, Any] = json.loads(line)
    blocks = [file.read(size) for size in value["blocks"]]
    if [len(block) for block in blocks] != value.pop("blocks"):
        raise EOFError
    return value, blocks


def _limit_memory() -> None:
    if sys.platform == "linux":
        import resource

        with open("/proc/self/statm", encoding="ascii") as file:
            now = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, now + MEMORY))


def main() -> None:
    """Do one task after the other until there is no more."""
    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the service decides
    cv2.setNumThreads(1)
    tasks, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    _limit_memory()
    write_message(answers, {})  # ready
    while True:
        try:
            value, blocks = read_message(tasks)
        except EOFError:
            return
        done = applied(Task(picture=blocks[0] if blocks else None, **value))
        stages = [{name: value for name, value in vars(stage).items() if name != "data"} for stage in done.stages]
        words = {"stages": stages, "spelled": done.spelled, "error": done.error, "too_large": done.too_large}
        write_message(answers, words, *(stage.data for stage in done.stages))


if __name__ == "__main__":
    main()
