"""Datasets: named ones, folders, tables and arrays; checked, split and fingerprinted."""

from sightline.data.checks import Finding, check_dataset
from sightline.data.dataset import Dataset, Split
from sightline.data.load import load_dataset
from sightline.data.specs import DATASETS, DatasetSpec

__all__ = ["DATASETS", "Dataset", "DatasetSpec", "Finding", "Split", "check_dataset", "load_dataset"]
