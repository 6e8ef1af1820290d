"""The baseline of every comparison: the three-layer CNN as a textbook writes it, in nothing but Keras.

    python benchmarks/plain_keras.py fashion-mnist --epochs 25 --seed 0

Adam at its default rate, batches of 32, float32, no augmentation, the test set after the last epoch. It shares no code with
Sightline but the reading of the files. Prints one JSON line: seconds of each epoch and the test accuracy,
with --curve after every epoch.
"""

from __future__ import annotations

import argparse
import json
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import layers

import sightline as sl


class Clock(keras.callbacks.Callback):  # type: ignore[misc]
    """The seconds of each epoch's training, without its validation."""

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self.started = time.perf_counter()
        self.seconds = [*getattr(self, "seconds", []), 0.0]

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self.seconds[-1] = time.perf_counter() - self.started


class Curve(keras.callbacks.Callback):  # type: ignore[misc]
    """The accuracy on some pictures after every epoch."""

    def __init__(self, pictures: np.ndarray, labels: np.ndarray) -> None:
        super().__init__()
        self.pictures, self.labels = pictures, labels
        self.accuracies: list[float] = []

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        found = self.model.predict(self.pictures, batch_size=500, verbose=0).argmax(axis=1)
        self.accuracies.append(float((found == self.labels).mean()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--curve", action="store_true", help="measure the test set after every epoch, outside of the time")
    options = parser.parse_args()
    dataset = sl.load_dataset(options.data, seed=options.seed)
    assert dataset.validation is not None
    assert dataset.test is not None
    splits = [dataset.train, dataset.validation, dataset.test]
    (x, y), validation, test = [(np.asarray(split.pictures)[..., None] / 255.0, split.labels) for split in splits]

    keras.utils.set_random_seed(options.seed)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    clock, curve = Clock(), Curve(*test)
    callbacks = [clock, curve] if options.curve else [clock]
    model.fit(x, y, batch_size=32, epochs=options.epochs, validation_data=validation, verbose=0, callbacks=callbacks)
    loss, accuracy = model.evaluate(*test, verbose=0)
    print(json.dumps({"seconds": clock.seconds, "accuracy": accuracy, "loss": loss, "curve": curve.accuracies}))


if __name__ == "__main__":
    main()
