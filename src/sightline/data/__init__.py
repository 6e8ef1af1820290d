"""Datasets: named ones, folders, tables and arrays; checked, split and fingerprinted."""

from sightline.data.checks import check_dataset
from sightline.data.dataset import Dataset, Split
from sightline.data.findings import Finding, findings_sheet
from sightline.data.load import load_dataset
from sightline.data.specs import DATASETS, DatasetSpec

__all__ = ["DATASETS", "Dataset", "DatasetSpec", "Finding", "Split", "check_dataset", "findings_sheet", "load_dataset"]
