"""Pipelines: ordered steps of operations that are saved, travel with a model, and give the same pixels everywhere.

format: 1
steps:
  - to_gray: {}
  - letterbox: {width: 28, height: 28}
  - gaussian_blur: {sigma: {between: [0.5, 2]}}
    p: 0.5
    when: train
  - one_of:
      - erode: {}
      - dilate: {}
"""

from sightline.pipeline.many import Pictures, run_many
from sightline.pipeline.pipeline import FORMAT, Pipeline
from sightline.pipeline.random import Among, Between, Item
from sightline.pipeline.step import AnyStep, OneOf, Step, When

__all__ = ["FORMAT", "Among", "AnyStep", "Between", "Item", "OneOf", "Pictures", "Pipeline", "Step", "When", "run_many"]
