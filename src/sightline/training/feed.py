"""The training feed: what the network sees in each epoch, drawn from (seed, epoch, item)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from sightline.training.config import Recipe

__all__ = ["Feed", "Pictures"]

Pictures = NDArray[np.uint8]
SHUFFLE, SHIFT, ERASE, FLIP, TURN = range(5)  # one stream of random numbers for each use


@dataclass(frozen=True)
class Feed:
    """Training pictures, uint8 `(N, H, W, C)`, and labels, int64 `(N,)`, shuffled and augmented anew each epoch.

    The recipe is settled: it leaves nothing to the data.

    An epoch is a function of (seed, epoch) alone, and what is drawn for a picture of (seed, epoch, its index), so
    a resumed training sees what an uninterrupted one would have seen.
    """

    pictures: Pictures
    labels: NDArray[np.int64]
    recipe: Recipe
    seed: int

    def epoch(self, number: int) -> tuple[Pictures, NDArray[np.int64]]:
        """The pictures and labels of epoch `number`, counted from 0, in the order in which they are seen."""
        pictures = self.pictures
        recipe = self.recipe
        if recipe.flip == "horizontal":
            pictures = self._flip(pictures, number)
        if recipe.shift and recipe.shift_share:
            pictures = self._shift(pictures, recipe.shift, recipe.shift_share, number)
        if recipe.turn or recipe.zoom:
            pictures = self._turn(pictures, recipe.turn or 0.0, recipe.zoom or 0.0, number)
        if recipe.erase:
            pictures = self._erase(pictures, recipe.erase, number)
        order = self._random(SHUFFLE, number).permutation(len(self.labels))
        return pictures[order], self.labels[order]

    def _random(self, use: int, epoch: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, use, epoch])

    def _flip(self, pictures: Pictures, epoch: int) -> Pictures:
        # every picture is mirrored every other epoch, half of them starting so: two epochs show both sides of
        # each, where a coin would show one side twice to half of them (Jordan 2024, arXiv:2404.00498)
        first = self._random(FLIP, 0).integers(0, 2, (len(pictures), 1, 1, 1))
        mirrored = (first + epoch) % 2 == 0
        return np.where(mirrored, pictures[:, :, ::-1], pictures)

    def _shift(self, pictures: Pictures, reach: int, share: float, epoch: int) -> Pictures:
        height, width = pictures.shape[1:3]
        padded = np.pad(pictures, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
        windows = sliding_window_view(padded, (height, width), axis=(1, 2))  # (N, 2r+1, 2r+1, C, H, W)
        random = self._random(SHIFT, epoch)
        offsets = random.integers(0, 2 * reach + 1, (len(pictures), 2))
        offsets[random.random((len(pictures),)) >= share] = reach  # these stay
        chosen = windows[np.arange(len(pictures)), offsets[:, 0], offsets[:, 1]]  # (N, C, H, W)
        return np.ascontiguousarray(np.moveaxis(chosen, 1, -1))

    def _turn(self, pictures: Pictures, turn: float, zoom: float, epoch: int) -> Pictures:
        random = self._random(TURN, epoch)
        angles = random.uniform(-turn, turn, len(pictures))
        scales = random.uniform(1 - zoom, 1 + zoom, len(pictures))
        height, width = pictures.shape[1:3]
        centre = ((width - 1) / 2, (height - 1) / 2)
        turned = np.empty_like(pictures)
        for index, picture in enumerate(pictures):
            matrix = cv2.getRotationMatrix2D(centre, angles[index], scales[index])
            new = cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            turned[index] = new.reshape(picture.shape)  # OpenCV drops a single channel
        return turned

    def _erase(self, pictures: Pictures, share: float, epoch: int) -> Pictures:
        random = self._random(ERASE, epoch)
        count, height, width = pictures.shape[:3]
        hit = random.random((count,)) < share
        largest = np.maximum(1, np.array([height, width]) * 2 // 7)  # 8 px of 28
        sides = 1 + (random.random((count, 2)) * largest).astype(np.int64)
        corners = (random.random((count, 2)) * (np.array([height, width]) - sides + 1)).astype(np.int64)
        grays = random.integers(0, 256, (count, 1, 1, 1), dtype=np.uint8)
        rows, columns = np.arange(height), np.arange(width)
        inside_rows = (rows >= corners[:, :1]) & (rows < corners[:, :1] + sides[:, :1]) & hit[:, None]
        inside_columns = (columns >= corners[:, 1:]) & (columns < corners[:, 1:] + sides[:, 1:])
        mask = inside_rows[:, :, None, None] & inside_columns[:, None, :, None]
        return np.where(mask, grays, pictures)
