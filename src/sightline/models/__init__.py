"""Architectures: plain functions that build a `keras.Model`, filed in `MODELS`."""
