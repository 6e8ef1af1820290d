"""Measuring a classifier and showing what was measured.

`Evaluation` and `RunRecord` need NumPy only; matplotlib and scikit-learn are loaded when a figure or a score asks for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sightline.evaluation.explanation import Explanation, Method, occlusion
from sightline.evaluation.metrics import ClassScore, Confused, Evaluation, Reliability, wilson
from sightline.evaluation.record import Cost, DataFacts, History, RunRecord, Trace, shown_indices, worst_indices

if TYPE_CHECKING:
    from sightline.evaluation.plots import save_plots
    from sightline.evaluation.report import write_report

__all__ = [
    "ClassScore",
    "Confused",
    "Cost",
    "DataFacts",
    "Evaluation",
    "Explanation",
    "History",
    "Method",
    "Reliability",
    "RunRecord",
    "Trace",
    "occlusion",
    "save_plots",
    "shown_indices",
    "wilson",
    "worst_indices",
    "write_report",
]

_LAZY = {"save_plots": "sightline.evaluation.plots", "write_report": "sightline.evaluation.report"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
