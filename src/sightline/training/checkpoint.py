"""The state of a training after an epoch, in one file that is there whole or not at all.

One safetensors file holds weights, optimizer state and, as its metadata, the history: a single rename replaces
it, so a kill at any moment leaves the previous state or the new one. Nothing in it is code.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sightline.errors import RunError
from sightline.files import write_bytes

if TYPE_CHECKING:
    import keras

__all__ = ["FORMAT", "Arrays", "State", "arrays_of", "assign", "load_state", "save_state"]

FORMAT = "1"
FACTS = ("epoch", "history", "data", "started", "seconds", "extended_at")
Arrays = list[NDArray[Any]]


@dataclass
class State:
    """Everything a training needs to go on: variables in Keras's order, rows of the log, and the best epoch's weights.

    `epoch` counts the epochs that are done. `average` is the moving average of the weights, empty where the recipe
    keeps none; `best` is None unless the run has a `patience`.
    """

    epoch: int = 0
    network: Arrays = field(default_factory=list)
    optimizer: Arrays = field(default_factory=list)
    average: Arrays = field(default_factory=list)
    best: Arrays | None = None
    history: list[dict[str, float]] = field(default_factory=list)
    data: str = ""
    """Names the data it was trained on."""
    started: str = ""
    """When the run began, ISO 8601."""
    seconds: float = 0.0
    """Time spent in its epochs, with their validation."""
    extended_at: int = 0
    """The epoch from which on patience is counted: that of the last extension."""


def save_state(path: Path, state: State) -> None:
    """Write `state` as the file `path`, flushed to the disk and renamed into place."""
    from safetensors.numpy import save

    tensors: dict[str, NDArray[Any]] = {}
    for group, arrays in (
        ("network", state.network),
        ("optimizer", state.optimizer),
        ("average", state.average),
        ("best", state.best or []),
    ):
        tensors |= {f"{group}.{number:05}": np.asarray(array, order="C") for number, array in enumerate(arrays)}
    facts = {name: getattr(state, name) for name in FACTS}
    metadata = {"format": FORMAT, "facts": json.dumps(facts)}
    write_bytes(path, save(tensors, metadata))


def load_state(path: Path) -> State:
    """Read what `save_state` wrote; RunError if it is damaged or not a checkpoint."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise RunError(
                    f"cannot resume from {str(path)!r}", expected=f"format {FORMAT}", received=repr(metadata.get("format"))
                )
            groups: dict[str, Arrays] = {"network": [], "optimizer": [], "average": [], "best": []}
            for name in sorted(file.keys()):
                groups[name.split(".")[0]].append(file.get_tensor(name))
        facts = json.loads(metadata["facts"])
        best = groups.pop("best") or None
        known: dict[str, Any] = {**groups, **{name: facts[name] for name in FACTS}}
        return State(**known, best=best)
    except FileNotFoundError:
        raise RunError(f"there is no checkpoint {str(path)!r}", fix="Train anew: nothing was saved yet.") from None
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        if isinstance(error, RunError):
            raise
        raise RunError(f"cannot resume from {str(path)!r}: {error}") from error


def arrays_of(variables: Sequence[keras.Variable]) -> Arrays:
    """Copies of the values of Keras variables."""
    return [np.array(np.asarray(variable)) for variable in variables]  # the first may be a view of the backend's memory


def assign(variables: Sequence[keras.Variable], arrays: Arrays) -> None:
    """Put saved values back; RunError if they do not fit the network."""
    shapes, saved = [tuple(v.shape) for v in variables], [a.shape for a in arrays]
    if shapes != saved:
        raise RunError("the checkpoint does not fit the network", expected=f"shapes {shapes}", received=f"{saved}")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
