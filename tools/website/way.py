"""The picture at the site's entrance: one picture's way through a model's pipeline, as the model itself takes it."""

from __future__ import annotations

from pathlib import Path

import build_gallery as gallery
import numpy as np

import sightline as sl

__all__ = ["renew_way"]

STROKES = ((60, 60, 190, 55), (190, 55, 105, 225))
"""A seven, as somebody may draw it: x and y of both ends of each stroke."""


def renew_way(path: Path) -> None:
    """Draw it anew where what there is shows something else; processors differ in the last level."""
    data = gallery.encode(_way())
    if not path.exists() or gallery.differs(path, data):
        path.write_bytes(data)


def _way() -> sl.Image:
    """A drawn seven, every step of the pipeline of `mnist`, and the answer."""
    paper = sl.gradient(width=240, height=280, start="#e8e0d0", end="#b8b0a0", angle=35)
    for x1, y1, x2, y2 in STROKES:
        paper = sl.line(paper, x1=x1, y1=y1, x2=x2, y2=y2, thickness=13, color="#2a3560")
    photo = sl.add_noise(sl.rotate(paper, angle=-6, border="replicate"), amount=0.03, seed=1)
    model = sl.load("mnist")
    shown, titles = [photo], ["a photo"]
    for step in model.pipeline.steps:
        after = sl.Pipeline((step,)).run(shown[-1])
        if after.shape != shown[-1].shape or not np.array_equal(after, shown[-1]):
            shown.append(after)
            titles.append(str(next(iter(step.to_dict()))))
    answer = model.predict(photo)
    titles[-1] += f"\nanswer: {answer.label}"
    return sl.contact_sheet(shown, titles, columns=len(shown), tile=200)
