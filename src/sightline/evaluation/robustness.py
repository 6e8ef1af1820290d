"""How accuracy falls as pictures get worse: each corruption in five degrees, on the pictures as stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from sightline.data.dataset import Split
from sightline.data.splits import proportional
from sightline.errors import DatasetError, ParameterError, SightlineError
from sightline.evaluation.corruptions import CORRUPTIONS, LEVELS, Corruption, Scene
from sightline.evaluation.explanation import PictureModel
from sightline.evaluation.metrics import Z95, wilson
from sightline.evaluation.words import measured, percent, pictures
from sightline.events import Listener, Note, Progress
from sightline.image import Image
from sightline.notebook import default_listener
from sightline.ops import resize_longest
from sightline.pipeline import Pipeline

Ground = Literal["dark", "light"] | None

__all__ = ["Resistance", "Robustness", "drawn_sample", "robustness"]

LARGEST = 8  # times the network's input: a photo of more is made smaller before it is damaged
ROUND = 32  # pictures between two reports of progress


class Model(PictureModel, Protocol):
    """What robustness needs of a model; `bundle.Predictor` is one."""

    def prepare(self, source: Any) -> NDArray[np.uint8]:
        """A picture as the network reads it: uint8 `(H, W, C)`."""


@dataclass(frozen=True, eq=False)
class Resistance:
    """How one corruption hurts. `right`: bool `(5, N)`, for severities 1 to 5; `examples`: a picture, clear and at each of them."""

    corruption: Corruption
    right: NDArray[np.bool_]
    examples: tuple[Image, ...]

    @cached_property
    def accuracy(self) -> tuple[float, ...]:
        """The accuracy at severities 1 to 5."""
        return tuple(float(share) for share in self.right.mean(axis=1))

    @cached_property
    def mean(self) -> float:
        """Their mean."""
        return float(self.right.mean())


@dataclass(frozen=True, eq=False)
class Robustness:
    """What `robustness` measured: `clear` bool `(N,)` where pictures as they are are labelled rightly, and each corruption."""

    name: str
    data: str
    total: int
    seed: int
    clear: NDArray[np.bool_]
    rows: tuple[Resistance, ...]

    def __repr__(self) -> str:
        return f"<Robustness of {self.name}: {self.accuracy:.1%} as they are, {self.mean:.1%} damaged, {pictures(len(self))}>"

    def __len__(self) -> int:
        return len(self.clear)

    @property
    def accuracy(self) -> float:
        """The accuracy on pictures as they are."""
        return float(self.clear.mean())

    @property
    def accuracy_interval(self) -> tuple[float, float]:
        """Its 95 % interval, by `wilson`."""
        return wilson(int(self.clear.sum()), len(self))

    @property
    def mean(self) -> float:
        """The mean accuracy over all corruptions and severities."""
        return float(np.mean([row.mean for row in self.rows]))

    @property
    def mean_interval(self) -> tuple[float, float]:
        """The 95 % interval of the mean for other pictures and the same corruptions.

        The normal one of a mean over pictures of each picture's share of damaged forms that are labelled rightly.
        """
        shares = np.mean([row.right.mean(axis=0) for row in self.rows], axis=0)
        half = Z95 * float(shares.std(ddof=1)) / len(shares) ** 0.5 if len(shares) > 1 else 1.0
        return max(0.0, self.mean - half), min(1.0, self.mean + half)

    def hardest(self) -> list[Resistance]:
        """The corruptions, the one that hurts most first."""
        return sorted(self.rows, key=lambda row: row.mean)

    def finding(self) -> str:
        """The clear accuracy, the mean and the worst, in one sentence."""
        worst = self.hardest()[0]
        clear, mean = (_with_interval(*pair) for pair in ((self.accuracy, self.accuracy_interval), (self.mean, self.mean_interval)))
        return f"{clear} right on clear pictures, {mean} on damaged ones; worst: {worst.corruption.title}, {percent(worst.mean)}"

    def sampled(self) -> str:
        """Which pictures these are."""
        if len(self) == self.total:
            return f"all {pictures(len(self))} of {self.data}"
        return f"{len(self):,} of {pictures(self.total)} of {self.data}, drawn class by class with seed {self.seed}"

    def to_dict(self) -> dict[str, Any]:
        """Everything measured as plain values that JSON takes."""
        return {
            "model": self.name,
            "data": self.data,
            "pictures": len(self),
            "pictures_in_all": self.total,
            "seed": self.seed,
            "accuracy": self.accuracy,
            "accuracy_interval_95": list(self.accuracy_interval),
            "mean": self.mean,
            "mean_interval_95": list(self.mean_interval),
            "corruptions": [
                {
                    "name": row.corruption.name,
                    "unit": row.corruption.unit,
                    "values": list(row.corruption.values),
                    "accuracy": list(row.accuracy),
                    "accuracy_interval_95": [list(wilson(int(right.sum()), len(right))) for right in row.right],
                    "mean": row.mean,
                }
                for row in self.rows
            ],
            "finding": self.finding(),
        }


def _with_interval(share: float, interval: tuple[float, float]) -> str:
    number, uncertainty = measured(share, interval)
    return f"{number} {uncertainty}" if uncertainty.startswith("±") else f"{number} ({uncertainty})"


def drawn_sample(split: Split, count: int, seed: int) -> NDArray[np.intp]:
    """`count` pictures of a split, each class by its share, drawn by `seed` and ascending; all where there are no more."""
    if count < 1:
        raise ParameterError("invalid number of pictures", expected="at least 1", received=str(count))
    if count >= len(split):
        return np.arange(len(split))
    return proportional(split.labels, count, seed)


def robustness(
    model: Model,
    split: Split,
    *,
    name: str = "",
    data: str = "",
    ground: Ground = None,
    count: int = 1000,
    seed: int = 0,
    corruptions: Sequence[str | Corruption] | None = None,
    on_event: Listener = default_listener,
) -> Robustness:
    """Damage `count` pictures of a split, drawn by `seed`, in every way and degree, and count what is still labelled rightly.

    A picture is damaged as it is stored, before the model's own steps; one smaller than the network's input is brought to that
    first, as its pixels are too few, and one more than eight times as large is made as small as that, so that seconds are enough.
    `ground`: dark, light or None, see `Scene`. `corruptions`: names or your own, else all that apply.
    Pictures that cannot be read are left out, which a note says.
    UnknownNameError for a corruption, ParameterError for a seed below 0, DatasetError where no picture can be read.
    """
    if seed < 0:
        raise ParameterError("invalid seed", expected="0 or more", received=str(seed))
    named = CORRUPTIONS.names() if corruptions is None else corruptions
    asked = [CORRUPTIONS.get(one) if isinstance(one, str) else one for one in named]
    chosen = [one for one in asked if one.applies(Scene(1, 1, ground=ground))]
    if not chosen:
        names = ", ".join(one.name for one in asked)
        raise ParameterError("no corruption applies to such pictures", expected="one that is not of drawings", received=names)
    indices = drawn_sample(split, count, seed)
    clear: list[NDArray[np.bool_]] = []
    right: list[NDArray[np.bool_]] = []
    examples: list[tuple[Image, ...]] = []
    failures: list[SightlineError] = []
    for start in range(0, len(indices), ROUND):
        part = indices[start : start + ROUND]
        for index in part:
            try:
                forms = _forms(model, split.read(int(index)), int(index), chosen, ground, seed)
            except SightlineError as error:
                failures.append(error)
                continue
            hit = model.probabilities(forms).argmax(axis=1) == split.labels[index]
            clear.append(hit[:1])
            right.append(hit[1:].reshape(len(chosen), LEVELS))
            if not examples:
                shown = [form[..., 0] if form.shape[-1] == 1 else form for form in forms]
                examples = [(shown[0], *shown[1 + LEVELS * k : 1 + LEVELS * (k + 1)]) for k in range(len(chosen))]
        on_event(Progress("Damaging", min(start + ROUND, len(indices)), len(indices)))
    if failures and not clear:
        raise DatasetError(f"none of the {len(indices)} pictures can be used", received=failures[0].problem)
    if failures:
        on_event(Note(f"Left out {len(failures)} of {len(indices)} pictures: {failures[0].problem}", warning=True))
    whole = np.stack(right, axis=-1)  # (corruptions, severities, pictures)
    rows = tuple(Resistance(one, whole[k], examples[k]) for k, one in enumerate(chosen))
    return Robustness(name, data, len(split), seed, np.concatenate(clear), rows)


@lru_cache(maxsize=4 * LEVELS * len(CORRUPTIONS.names()))
def _pipeline(corruption: Corruption, severity: int, scene: Scene) -> Pipeline:
    """Made once for all pictures of one size."""
    return corruption.pipeline(severity, scene)


def _forms(model: Model, picture: Image, item: int, chosen: Sequence[Corruption], ground: Ground, seed: int) -> NDArray[np.uint8]:
    """A picture clear and in every form of damage, as the network reads it: uint8 `(1 + 5 K, H, W, C)`."""
    clear = model.prepare(picture)
    height, width = model.input_shape[:2]
    small = max(picture.shape[:2]) < max(height, width)
    if small:
        base = clear[..., 0] if clear.shape[-1] == 1 else clear
    else:
        most = LARGEST * max(height, width)
        base = resize_longest(picture, size=most) if max(picture.shape[:2]) > most else picture
    pixel = max(base.shape[:2]) / max(height, width)
    scene = Scene(base.shape[0], base.shape[1], pixel, ground)
    found = [clear]
    for one in chosen:
        for severity in range(1, LEVELS + 1):
            damaged = _pipeline(one, severity, scene).run(base, seed=seed, item=item)
            found.append(damaged.reshape(clear.shape) if small else model.prepare(damaged))
    return np.stack(found)
