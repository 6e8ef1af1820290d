"""Datasets: named ones, folders, tables and arrays; checked, split and fingerprinted."""
