"""Every error Sightline raises on purpose.

All messages have one form: what is wrong, the rule, what was received, and what to do about it.

    SightlineError
    ├── InputError              the user can mend it: the shell exits with 2
    │   ├── ParameterError          a value outside its stated range or of the wrong type
    │   ├── UnknownNameError        no operation, model, dataset, file ... of that name
    │   ├── ImageError              a picture that cannot be read, or that an operation does not take
    │   │   └── TooLargeError           a picture beyond a limit that may be raised
    │   ├── PipelineError           a pipeline file or step that does not fit
    │   ├── DatasetError            pictures and labels that do not fit together
    │   ├── BundleError             a bundle that is damaged or does not hold what it says
    │   └── RunError                a run folder that is in use, taken or not a run
    ├── JobError                it was asked rightly and failed: the shell exits with 1
    │   ├── SourceError             no source could deliver a dataset
    │   ├── TrainingError           training cannot go on (the loss is not a number, ...)
    │   └── StorageError            a file could not be written
    └── Interrupted             stopped by a signal, state saved: the shell exits with 130
"""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from functools import partial
from typing import Any

__all__ = [
    "BundleError",
    "DatasetError",
    "ImageError",
    "InputError",
    "Interrupted",
    "JobError",
    "ParameterError",
    "PipelineError",
    "RunError",
    "SightlineError",
    "SourceError",
    "StorageError",
    "TooLargeError",
    "TrainingError",
    "UnknownNameError",
    "brief",
    "either",
]

SHORT = reprlib.Repr()
SHORT.maxlevel, SHORT.maxlist, SHORT.maxtuple, SHORT.maxdict, SHORT.maxlong = 4, 12, 12, 6, 60
SHORT.maxstring = SHORT.maxother = 80


def either(words: Sequence[str]) -> str:
    """What is accepted, for a message.

    >>> either(["gray", "RGB", "RGBA"])
    'gray, RGB or RGBA'
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def brief(value: object) -> str:
    """A received value for a message, in at most about 80 characters, whatever it is.

    >>> brief("x" * 1000)
    "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'"
    """
    try:
        text = SHORT.repr(value)
    except ValueError:  # Python refuses to write out integers of thousands of digits
        return f"{type(value).__name__} of very many digits"
    return text if len(text) <= 80 else f"{text[:77]}..."


class SightlineError(Exception):
    """The root of all errors raised on purpose.

    `what` says what is wrong; `expected` the rule; `received` the value that broke it; `fix` what to do; each but the first may be
    None. `exit_code`: what the shell exits with, 2 for an InputError, 1 for a JobError, 130 where it was Interrupted.

    >>> import sightline as sl
    >>> try:
    ...     sl.load("minst")
    ... except sl.SightlineError as error:
    ...     print(error.what, error.fix, error.exit_code, sep="; ")
    there is no run, bundle or pretrained model 'minst'; Did you mean mnist?; 2
    """

    exit_code = 1

    def __init__(
        self,
        what: str,
        *,
        expected: str | None = None,
        received: str | None = None,
        fix: str | None = None,
    ) -> None:
        super().__init__(what, expected, received, fix)
        self.what = what
        self.expected = expected
        self.received = received
        self.fix = fix

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors travel between processes, with the rule and the advice."""
        told = {"expected": self.expected, "received": self.received, "fix": self.fix}
        return partial(type(self), self.what, **told), ()

    @property
    def problem(self) -> str:
        """The message without the advice: one sentence."""
        parts = []
        if self.expected:
            parts.append(f"expected {self.expected}")
        if self.received:
            parts.append(f"received {self.received}")
        return f"{self.what}: {', '.join(parts)}" if parts else self.what

    def __str__(self) -> str:
        return f"{self.problem}. {self.fix}" if self.fix else self.problem


class InputError(SightlineError):
    """Something the user gave does not fit; the user can mend it."""

    exit_code = 2


class ParameterError(InputError, ValueError):
    """A parameter has a value outside its stated range or of the wrong type."""


class UnknownNameError(InputError, LookupError):
    """A name that nothing is registered under."""


class ImageError(InputError, ValueError):
    """A picture cannot be read, or is not what an operation takes."""


class TooLargeError(ImageError):
    """A picture has more pixels than are allowed."""


class PipelineError(InputError, ValueError):
    """A pipeline does not load, or its steps do not fit together."""


class DatasetError(InputError, ValueError):
    """Pictures and labels do not load, or do not fit together."""


class BundleError(InputError, ValueError):
    """A bundle is damaged or does not hold what its manifest says."""


class RunError(InputError, ValueError):
    """A run folder is in use, taken, or not a run."""


class JobError(SightlineError, RuntimeError):
    """A job that was asked rightly has failed."""


class SourceError(JobError):
    """No source could deliver a dataset."""


class TrainingError(JobError):
    """Training cannot go on."""


class StorageError(JobError, OSError):
    """A file could not be written."""


class Interrupted(SightlineError):  # noqa: N818 - it is no error of anybody
    """A signal stopped the job; its state is saved."""

    exit_code = 130
