"""The baseline for folders of photos: the three-layer CNN on `image_dataset_from_directory`, in nothing but Keras and TensorFlow.

    python benchmarks/plain_folder.py ../shared/data/clothing --epochs 15 --seed 0

As TensorFlow's tutorial on image classification does it: pictures stretched to 96 x 96, decoded once and cached, Adam at its
default rate, batches of 32, float32, no augmentation. It shares no code with Sightline. Prints one JSON line: seconds of training
and the accuracy on the validation pictures after the last epoch.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf
from keras import layers

SIDE = 96


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="a folder with train/ and validation/")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    train, validation = (
        keras.utils.image_dataset_from_directory(
            options.data / split, image_size=(SIDE, SIDE), batch_size=None, shuffle=False, verbose=False
        )
        for split in ("train", "validation")
    )
    classes = len(train.class_names)
    count = int(train.cardinality())
    train = train.cache().shuffle(count, seed=options.seed).batch(32).prefetch(tf.data.AUTOTUNE)
    validation = validation.cache().batch(32).prefetch(tf.data.AUTOTUNE)

    model = keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(classes, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    started = time.perf_counter()
    history = model.fit(train, epochs=options.epochs, validation_data=validation, verbose=0).history
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "accuracy": history["val_accuracy"][-1], "loss": history["val_loss"][-1]}))


if __name__ == "__main__":
    main()
