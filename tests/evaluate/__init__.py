"""Tests of sightline.evaluate."""
