"""Tests of sightline.evaluation."""
