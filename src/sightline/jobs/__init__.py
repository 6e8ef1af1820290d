"""The jobs as plain functions: typed configuration in, events and results out.

Every face (command line, page, cluster) calls these; none of them has a job of its own.
"""

from sightline.jobs.calibrations import calibrate
from sightline.jobs.checks import data_check
from sightline.jobs.evaluations import data_preview, evaluate, preview, report
from sightline.jobs.exports import export
from sightline.jobs.findings import Findings, Reading, annotate, find, find_many
from sightline.jobs.insight import compare, explain, explain_many, inspect, robustness
from sightline.jobs.labels import suspects
from sightline.jobs.models import Run, find_sources, load, model_folder, pretrained
from sightline.jobs.predictions import Predict, Tabled, predict_many, table_predictions
from sightline.jobs.reproductions import Reproduction, reproduce
from sightline.jobs.runs import RunSummary, list_runs
from sightline.jobs.trainings import DryRun, dry_run, resume, train
from sightline.jobs.tunings import Tuned, resume_tuning, tune

__all__ = [
    "DryRun",
    "Findings",
    "Predict",
    "Reading",
    "Reproduction",
    "Run",
    "RunSummary",
    "Tabled",
    "Tuned",
    "annotate",
    "calibrate",
    "compare",
    "data_check",
    "data_preview",
    "dry_run",
    "evaluate",
    "explain",
    "explain_many",
    "export",
    "find",
    "find_many",
    "find_sources",
    "inspect",
    "list_runs",
    "load",
    "model_folder",
    "predict_many",
    "pretrained",
    "preview",
    "report",
    "reproduce",
    "resume",
    "resume_tuning",
    "robustness",
    "suspects",
    "table_predictions",
    "train",
    "tune",
]
