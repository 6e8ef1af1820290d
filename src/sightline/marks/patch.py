"""Cut one mark out of a picture, without its neighbours."""

from __future__ import annotations

from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from sightline.image import Image
from sightline.marks.ink import Components, Ink

__all__ = ["cut_out"]

SHARPEN = 3.0  # how many times the difference from the blurred mark is added: phones leave small print soft
BLUR = 0.1  # heights, its standard deviation
ROOM = 0.25  # heights about the mark from which the paper's shade is taken
SPREAD = 0.06  # heights that ink may reach beyond what the mask holds
PAPER, BODY = 20, 70  # percentiles: of all shades, that of paper; of the ink's own shades, that of white
SHADE = 0.3  # of white, up to which ink is black
INK = 20 / 28  # the longer side of a digit in the pictures of MNIST


def cut_out(ink: Ink, parts: Components, number: int) -> Image:
    """One mark alone, light on black, its mass in the middle of a square: uint8 `(S, S)`."""
    x, y, w, h = (int(side) for side in parts.boxes[number, :4])
    size = max(w, h)
    room = max(3, round(ROOM * size))
    window = np.s_[max(0, y - room) : y + h + room, max(0, x - room) : x + w + room]
    own = (parts.labels[window] == number).astype(np.uint8)
    others = cv2.dilate(ink.mask[window] & (1 - own), np.ones((3, 3), np.uint8))
    shade: NDArray[np.float32] = ink.darkness[window]
    shade = shade + SHARPEN * (shade - cv2.GaussianBlur(shade, (0, 0), max(1.0, BLUR * size)))
    shade = np.maximum(shade - np.percentile(shade, PAPER), 0) * (_reach(own, round(SPREAD * size)) & (1 - others) | own)
    white = max(1.0, float(np.percentile(shade[own > 0], BODY)))
    shade = np.clip((shade / white - SHADE) / (1 - SHADE), 0, 1)
    return _centred(np.rint(shade * 255).astype(np.uint8))


def _reach(own: Image, distance: int) -> Image:
    """The mask with its holes, grown by some pixels: what is ink in there is for the shades to say."""
    outlines, _ = cv2.findContours(own, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    whole = cv2.drawContours(own.copy(), outlines, -1, 1, cv2.FILLED)
    side = 2 * max(1, distance) + 1
    return cv2.dilate(whole, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))


def _centred(mark: Image) -> Image:
    """A square with the mark's centre of mass in the middle, as far as it has room."""
    rows, columns = np.nonzero(mark > 64)
    if len(rows):
        mark = mark[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    height, width = mark.shape
    side = ceil(max(height, width) / INK)
    moments = cv2.moments(mark)
    mass = max(moments["m00"], 1.0)
    left = round((side - 1) / 2 - moments["m10"] / mass)
    top = round((side - 1) / 2 - moments["m01"] / mass)
    left, top = min(max(left, 0), side - width), min(max(top, 0), side - height)
    square: Image = np.zeros((side, side), np.uint8)
    square[top : top + height, left : left + width] = mark
    return square
