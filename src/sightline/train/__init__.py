"""Training: configuration, presets, the augmentation feed, checkpoints and fitting."""
