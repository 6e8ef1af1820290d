"""The proof of an export: raw picture files through the bundle and through what was written, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Failure, Precision, Prediction, Predictor
from sightline.data import Split
from sightline.errors import DatasetError, JobError, ParameterError
from sightline.events import Listener, Progress
from sightline.image import write

__all__ = ["Limits", "Replay", "raw_files", "replay", "spread_over_classes"]

REPORT_EVERY = 50


@dataclass(frozen=True)
class Limits:
    """What an export must keep: the share of pictures that get the same label, and how far probabilities may be off.

    `tolerance` holds for the largest difference in float32 and for the mean one in int8, where a step of a scale is 1/256.
    """

    agreement: float
    tolerance: float

    @staticmethod
    def of(precision: Precision, agreement: float | None = None, tolerance: float | None = None) -> Limits:
        """The limits of a precision, with those that the user gave in their place; ParameterError."""
        usual = LIMITS[precision]
        chosen = Limits(usual.agreement if agreement is None else agreement, usual.tolerance if tolerance is None else tolerance)
        for name in ("agreement", "tolerance"):
            if not 0 <= getattr(chosen, name) <= 1:
                raise ParameterError(f"invalid {name}", expected="0 to 1", received=repr(getattr(chosen, name)))
        return chosen


LIMITS: dict[Precision, Limits] = {"float32": Limits(1.0, 1e-4), "int8": Limits(0.99, 0.02)}


@dataclass(frozen=True)
class Replay:
    """What a replay found on `pictures` files of the split called `split`.

    `agreement`: the share that gets the same label. `largest` and `mean`: absolute differences of probabilities, over all
    pictures and labels. `accuracy` of the export and `accuracy_before` of the bundle, on these pictures.
    """

    split: str
    pictures: int
    agreement: float
    largest: float
    mean: float
    accuracy: float
    accuracy_before: float

    def to_dict(self) -> dict[str, Any]:
        """The replay as plain data for JSON."""
        return asdict(self)

    def check(self, precision: Precision, limits: Limits) -> None:
        """JobError if the export does not keep the limits."""
        value, which = (self.largest, "largest") if precision == "float32" else (self.mean, "mean")
        if self.agreement >= limits.agreement and value <= limits.tolerance:
            return
        raise JobError(
            "the export answers otherwise than the model it was made from, and was not written",
            expected=f"agreement at least {limits.agreement:.1%}, {which} difference of probabilities at most {limits.tolerance:g}",
            received=f"{self.agreement:.1%} and {value:.3g} on {self.pictures:,} pictures",
            fix=FIX[precision],
        )


FIX: dict[Precision, str] = {
    "float32": "The format does not carry this network over: export another one, and report it with the model's arguments.",
    "int8": "Calibrate on more pictures (--calibration), export in float32, or allow more (--agreement, --tolerance).",
}


def spread_over_classes(labels: NDArray[np.int64], count: int) -> NDArray[np.intp]:
    """Indices of at most `count` pictures, as many of each class as there are, ascending and the same every time.

    >>> spread_over_classes(np.array([0, 0, 0, 0, 0, 1, 1, 2]), 5).tolist()
    [0, 4, 5, 6, 7]
    """
    places = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    quota = [0] * len(places)
    left = min(count, len(labels))
    while left:  # one for each class in turn, until there are enough
        for number, place in enumerate(places):
            if left and quota[number] < len(place):
                quota[number] += 1
                left -= 1
    chosen = [
        place[np.linspace(0, len(place) - 1, share).round().astype(np.intp)] for place, share in zip(places, quota, strict=True)
    ]
    return np.sort(np.concatenate(chosen)) if chosen else np.empty(0, np.intp)


def raw_files(split: Split, folder: Path) -> list[Path]:
    """The pictures of a split as files: their own, or of an array PNG files written to `folder`."""
    files = []
    for index, picture in enumerate(split.pictures):
        if not isinstance(picture, Path):
            picture = folder / f"{index:05}.png"
            write(picture, split.read(index))
        files.append(picture)
    return files


def replay(
    before: Predictor, after: Predictor, files: Sequence[Path], labels: NDArray[np.int64], split: str, on_event: Listener
) -> Replay:
    """Send `files` through both, from their bytes to probabilities; `labels` int64 `(N,)` are indices of `before.labels`.

    Pictures that neither can read are left out. DatasetError if none is left; JobError if only one of the two reads a picture,
    or if they know other labels.
    """
    if set(before.labels) != set(after.labels):
        raise JobError("the export has other labels", expected=", ".join(before.labels), received=", ".join(after.labels))
    order = [after.labels.index(label) for label in before.labels]
    pairs = zip(before.predict_many(files), after.predict_many(files), strict=True)
    kept, ours, theirs = [], [], []
    for index, (one, other) in enumerate(_told(pairs, len(files), on_event)):
        if isinstance(one, Failure) and isinstance(other, Failure):
            continue
        for result, who in ((one, "the model"), (other, "the export")):
            if isinstance(result, Failure):
                raise JobError(f"only {who} cannot read {result.source!r}: {result.error.problem}")
        assert isinstance(one, Prediction)
        assert isinstance(other, Prediction)
        kept.append(index)
        ours.append(one)
        theirs.append(other)
    if not kept:
        raise DatasetError(f"none of the {len(files):,} pictures to replay can be read")
    difference = abs(np.stack([item.probabilities for item in ours]) - np.stack([item.probabilities[order] for item in theirs]))
    names = [before.labels[label] for label in labels[kept]]
    return Replay(
        split=split,
        pictures=len(kept),
        agreement=float(np.mean([one.label == other.label for one, other in zip(ours, theirs, strict=True)])),
        largest=float(difference.max()),
        mean=float(difference.mean()),
        accuracy=float(np.mean([item.label == name for item, name in zip(theirs, names, strict=True)])),
        accuracy_before=float(np.mean([item.label == name for item, name in zip(ours, names, strict=True)])),
    )


Pair = tuple[Prediction | Failure, Prediction | Failure]


def _told(pairs: Iterator[Pair], total: int, on_event: Listener) -> Iterator[Pair]:
    for done, pair in enumerate(pairs, 1):
        if done % REPORT_EVERY == 0 or done == total:
            on_event(Progress("Replaying", done, total))
        yield pair
