"""The picture at the entrance: one picture's way through a model's pipeline, as the model itself takes it."""

from __future__ import annotations

import sightline as sl

__all__ = ["way"]

STROKES = ((60, 60, 190, 55), (190, 55, 105, 225))
"""A seven, as somebody may draw it: x and y of both ends of each stroke."""


def way() -> sl.Image:
    """A drawn seven, every step of the pipeline of `mnist` that changes it, and the answer."""
    paper = sl.gradient(width=240, height=280, start="#e8e0d0", end="#b8b0a0", angle=35)
    for x1, y1, x2, y2 in STROKES:
        paper = sl.line(paper, x1=x1, y1=y1, x2=x2, y2=y2, thickness=13, color="#2a3560")
    photo = sl.add_noise(sl.rotate(paper, angle=-6, border="replicate"), amount=0.03, seed=1)
    model = sl.load("mnist")
    changing = [(step.op, image) for step, image in model.pipeline.trace(photo) if step.op != "to_depth8"]  # it is 8 bit already
    titles, shown = zip(("a photo", photo), *changing, strict=True)
    titles = (*titles[:-1], f"{titles[-1]}\nanswer: {model.predict(photo).label}")
    return sl.contact_sheet(list(shown), titles, columns=len(shown), tile=200)
