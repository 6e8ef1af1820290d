"""Other people's digits and garments through the default pipelines, by the models that come with Sightline.

    python benchmarks/photos.py [--data ../shared/data]

Semeion: 1,593 digits of about 80 people, 16 x 16, binary, stretched to their box; none was trained on, and no choice was made by
them. Clothing: the validation photos of four kinds that Fashion-MNIST has, by their name. Each also as a plain resize would
bring it, and digits as MNIST was made (box of 20 px, centre of mass), without smoothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from common import ROOT, publish, table
from numpy.typing import NDArray

import sightline as sl

KINDS = {"t-shirt": "T-shirt/top", "dress": "Dress", "pants": "Trouser", "shoes": "Sneaker"}
Read = Callable[[sl.Image], sl.Image]


def accuracy(model: sl.Predictor, images: Sequence[sl.Image], labels: NDArray[np.int64], read: Read) -> str:
    """The share of pictures that get their label when brought to the network by `read`, and to its size."""
    height, width, _ = model.input_shape
    brought = (read(image) for image in images)
    inputs = np.stack([one if one.shape == (height, width) else sl.resize(one, width=width, height=height) for one in brought])
    return f"{float((model.probabilities(inputs).argmax(axis=1) == labels).mean()):.4f}"


def resized(image: sl.Image) -> sl.Image:
    """Gray, light on dark if need be, and 28 x 28, whatever that does to the proportions."""
    gray = sl.to_gray(sl.to_rgb(image)) if image.ndim == 3 else image
    return cv2.resize(sl.match_polarity(gray), (28, 28), interpolation=cv2.INTER_AREA)


def boxed(image: sl.Image) -> sl.Image:
    """The digit's box, its longer side 20 px, the centre of mass in the middle."""
    left, top, width, height = cv2.boundingRect(image)
    scale = 20 / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(image[top : top + height, left : left + width], size, interpolation=cv2.INTER_AREA)
    moments = cv2.moments(small)
    x = min(max(round(14 - moments["m10"] / moments["m00"]), 0), 28 - size[0])
    y = min(max(round(14 - moments["m01"] / moments["m00"]), 0), 28 - size[1])
    result = np.zeros((28, 28), np.uint8)
    result[y : y + size[1], x : x + size[0]] = small
    return result


def semeion(folder: Path) -> tuple[list[sl.Image], NDArray[np.int64]]:
    """Pictures uint8 16 x 16, 0 and 255, and labels."""
    rows = np.loadtxt(next((folder / "semeion").glob("*.data")))
    return [*(rows[:, :256].reshape(-1, 16, 16) * 255).astype(np.uint8)], rows[:, 256:].argmax(axis=1)


def garments(folder: Path, model: sl.Predictor) -> tuple[list[sl.Image], NDArray[np.int64]]:
    """Photos of the kinds that Fashion-MNIST has, and the labels they have there."""
    found = [(path, name) for kind, name in KINDS.items() for path in sorted((folder / "clothing/validation" / kind).iterdir())]
    return [sl.read(path) for path, _ in found], np.array([model.labels.index(name) for _, name in found])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    folder = parser.parse_args().data
    mnist, fashion = sl.load("mnist"), sl.load("fashion-mnist")
    digits, labels = semeion(folder)
    photos, kinds = garments(folder, fashion)
    own = sl.load_dataset("mnist").splits()["test"]
    height, width, _ = mnist.input_shape
    sized = [sl.resize(own.read(index), width=width, height=height) for index in range(len(own))]  # 28 x 28 stays as it is
    changed = sum(not np.array_equal(mnist.pipeline.run(own.read(index)), sized[index]) for index in range(len(own)))
    rows = [
        [
            f"Semeion, {len(digits):,} digits",
            *(accuracy(mnist, digits, labels, read) for read in (resized, boxed, mnist.pipeline.run)),
        ],
        [
            "Semeion, dark on light",
            *(accuracy(mnist, [255 - digit for digit in digits], labels, read) for read in (resized, lambda i: boxed(255 - i))),
            accuracy(mnist, [255 - digit for digit in digits], labels, mnist.pipeline.run),
        ],
        [
            f"clothing, {len(photos):,} photos of four kinds",
            accuracy(fashion, photos, kinds, resized),
            "",
            accuracy(fashion, photos, kinds, fashion.pipeline.run),
        ],
    ]
    text = table(["", "plain resize", "box and centre of mass", "the model's pipeline"], rows)
    text += f"\n\nOf MNIST's own 10,000 test pictures the pipeline changes {changed:,} beyond their size."
    publish("photos", "Other people's digits and garments", text, "python benchmarks/photos.py")


if __name__ == "__main__":
    main()
