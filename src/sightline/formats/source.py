"""What an export is made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Classifier, Description, Exported, Parts, Precision, calibrate, read_parts

__all__ = ["Source"]


@dataclass(frozen=True)
class Source:
    """A bundle's folder, the precision to come to, and what int8 is calibrated on: prepared pictures uint8 `(M, H, W, C)`."""

    bundle: Path
    calibration: NDArray[np.uint8] | None = None

    @property
    def precision(self) -> Precision:
        """What the exported network computes in."""
        return "float32" if self.calibration is None else "int8"

    @cached_property
    def parts(self) -> Parts:
        """The parts of the bundle."""
        return read_parts(self.bundle)

    @cached_property
    def description(self) -> Exported:
        """What the export says of itself."""
        found = self.parts.description
        known = {name: getattr(found, name) for name in Description.model_fields}
        return Exported(**known, precision=self.precision)

    @property
    def without_distance(self) -> Exported:
        """The same for a format that gives probabilities only: what is judged by the distance, it cannot call unknown."""
        if self.description.unknown_score != "distance":
            return self.description
        never = {"unknown_score": "confidence", "unknown_threshold": None, "unknown_rejection": None}
        return self.description.model_copy(update=never)

    def with_own_threshold(self, network: Classifier) -> Exported:
        """The same for an int8 `network`: what is unknown is judged by its confidence, at the bundle's rejection.

        The threshold is fitted on the pictures of the calibration; a bundle that does not tell its rejection cannot have one.
        """
        from sightline.evaluation.calibration import fit_threshold

        found = self.description
        if self.calibration is None or found.unknown_threshold is None or found.unknown_rejection is None:
            return self.without_distance
        confidence = calibrate(network.probabilities(self.calibration), found.temperature).max(axis=1)
        threshold = max(0.0, -fit_threshold(-confidence, found.unknown_rejection))
        return found.model_copy(update={"unknown_score": "confidence", "unknown_threshold": threshold})
