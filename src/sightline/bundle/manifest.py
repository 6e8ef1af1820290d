"""What `manifest.json` says: everything there is to know of a bundle, as data."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from annotated_types import Ge, Interval, Len
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    JsonValue,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from sightline.bundle.store import FILES, LIMITS, MANIFEST, MAX_TOTAL_BYTES, locate, read_regular
from sightline.errors import BundleError
from sightline.files import write_text
from sightline.params import explain

__all__ = [
    "Architecture",
    "Calibration",
    "DatasetNote",
    "Description",
    "Exported",
    "FileNote",
    "Manifest",
    "Precision",
    "load_manifest",
    "refusal",
    "save_manifest",
    "set_metrics",
]


BREAKING = frozenset({"Cc", "Cs", "Zl", "Zp"})  # controls, halves of characters, separators of lines and paragraphs
TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def _plain(text: str) -> str:
    """Names end up on terminals: a bundle from a stranger must not bring escape sequences, half characters or turned lines."""
    if any(unicodedata.category(each) in BREAKING or unicodedata.bidirectional(each) in TURNING for each in text):
        raise ValueError("text without control characters")
    return text


def _unique(labels: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(labels)) != len(labels):
        raise ValueError("labels that differ from each other")
    return labels


def _complete(files: dict[str, FileNote]) -> dict[str, FileNote]:
    if set(files) != set(FILES):
        raise ValueError(f"exactly the files {', '.join(FILES)}")
    for name, note in files.items():
        if note.bytes > LIMITS[name]:
            raise ValueError(f"at most {LIMITS[name]:,} bytes for {name}")
    if sum(note.bytes for note in files.values()) > MAX_TOTAL_BYTES:
        raise ValueError(f"at most {MAX_TOTAL_BYTES:,} bytes in all")
    return files


FORMAT: Literal[2] = 2
Text = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_plain)]
Side = Annotated[int, Interval(ge=1, le=4096)]


class _Data(BaseModel):
    """Strict, closed and unchangeable: what a file may hold is exactly what is written here."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Architecture(_Data):
    """The registered builder of the network and the arguments it was called with."""

    name: Text
    arguments: dict[str, JsonValue] = {}


class DatasetNote(_Data):
    """What the network was trained on."""

    name: Text
    fingerprint: Text


class FileNote(_Data):
    """One file of the bundle, as it must be found."""

    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    bytes: Annotated[int, Ge(1)]


class Description(_Data):
    """What a bundle is, without the files that hold it.

    `input_shape`: (H, W, C) in pixels and channels. `scale`: how uint8 becomes the network's float32 input; `unit` divides
    by 255. `temperature` divides the log-probabilities (Guo et al., 2017).

    A picture is probably of none of the labels where its `unknown_score` is beyond `unknown_threshold`: its `confidence`
    below, or its `distance` from the training pictures above. `unknown_rejection`: the share of validation pictures that
    are. Format 1 had the confidence only.
    """

    format: Literal[1, 2] = FORMAT
    name: Text
    architecture: Architecture
    pipeline: dict[str, JsonValue]
    labels: Annotated[tuple[Text, ...], Len(2, 10_000), AfterValidator(_unique)]
    input_shape: tuple[Side, Side, Literal[1, 3, 4]]
    scale: Literal["unit"] = "unit"
    temperature: Annotated[float, Interval(ge=0.01, le=100)] = 1.0
    unknown_score: Literal["confidence", "distance"] = "confidence"
    unknown_threshold: Annotated[float, Interval(ge=0, le=1e6)] | None = None
    unknown_rejection: Annotated[float, Interval(ge=0, le=1)] | None = None
    metrics: dict[str, JsonValue] = {}
    dataset: DatasetNote
    versions: dict[str, Text] = {}
    created: AwareDatetime

    @field_validator("unknown_threshold")
    @classmethod
    def _check_threshold(cls, threshold: float | None, info: ValidationInfo) -> float | None:
        if threshold is not None and threshold > 1 and info.data.get("unknown_score") == "confidence":
            raise ValueError("at most 1 for a confidence")
        return threshold


Precision = Literal["float32", "int8"]
"""What a network computes in."""


class Exported(Description):
    """What the file of an export is; `precision` says what its network computes in."""

    precision: Precision = "float32"


class Calibration(NamedTuple):
    """What is fitted to a finished network on validation pictures; the fields are those of `Description`."""

    temperature: float
    unknown_score: Literal["confidence", "distance"]
    unknown_threshold: float | None
    unknown_rejection: float | None


class Manifest(Description):
    """What a bundle is, and every file of it: name, size and SHA-256."""

    files: Annotated[dict[str, FileNote], AfterValidator(_complete)]


def load_manifest(folder: str | Path) -> Manifest:
    """Read and check the manifest of a bundle; BundleError says what does not fit. The other files are not looked at."""
    place = locate(folder)
    data = read_regular(place, MANIFEST, LIMITS[MANIFEST])
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as error:
        raise refusal(error, f"{MANIFEST} of bundle {str(folder)!r}", Manifest) from None


def refusal(error: ValidationError, what: str, schema: type[Description]) -> BundleError:
    """The error for a description, in `what`, that does not fit `schema`."""
    fault = explain(error, what, schema)
    received = _brief(fault.received) if fault.received else None
    return BundleError(_brief(fault.what), expected=fault.expected, received=received, fix=fault.fix)


def save_manifest(folder: str | Path, manifest: Manifest) -> None:
    """Write `manifest.json` into `folder` in the newest format, whole or not at all."""
    newest = manifest.model_copy(update={"format": FORMAT})
    write_text(Path(folder) / MANIFEST, newest.model_dump_json(indent=2) + "\n")


def set_metrics(folder: str | Path, metrics: Mapping[str, JsonValue]) -> None:
    """Put `metrics` in the manifest of a bundle, in place of those it had: they are measured with the finished bundle."""
    place = locate(folder)
    save_manifest(place, load_manifest(place).model_copy(update={"metrics": dict(metrics)}))


def _brief(text: str) -> str:
    """A hostile manifest decides how long the values in a message are; 200 characters say enough."""
    return text if len(text) <= 200 else f"{text[:197]}..."
