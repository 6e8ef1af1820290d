"""Training: configuration, presets, the augmentation feed, checkpoints, fitting, and what a run leaves behind."""

from sightline.training.config import PRESETS, Recipe, TrainConfig, make_config

__all__ = ["PRESETS", "Recipe", "TrainConfig", "make_config"]
