"""One of two processes that train together, or one alone: `test_together.py` starts them. It prints weights and losses as JSON."""

from __future__ import annotations

import json
import sys

import jax
import numpy as np


def main() -> None:
    number, processes, address = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    if processes > 1:
        jax.distributed.initialize(address, processes, number)
    from sightline.training.backend import load_keras

    keras = load_keras()
    from sightline.training.checkpoint import arrays_of
    from sightline.training.config import Recipe
    from sightline.training.parts import taught, taught_crossentropy
    from sightline.training.share import Share
    from sightline.training.steps import CROSS_ENTROPY, make_steps

    if processes > 1:
        keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
    rng = np.random.default_rng(0)
    pictures, labels = rng.integers(0, 256, (75, 8, 8, 1), np.uint8), rng.integers(0, 3, 75)
    soft = np.concatenate([labels[:, None], rng.dirichlet(np.ones(3), 75)], axis=1).astype(np.float32)
    weights = np.where(labels == 1, 2, 0.5).astype(np.float32)
    share = Share(number, processes, 16, 75) if processes > 1 else None
    rows = share.rows(np.arange(75)) if share else np.arange(75)
    result = {}
    for case, loss, targets, weighted in (
        ("labels", CROSS_ENTROPY, labels, None),
        ("weights", CROSS_ENTROPY, labels, weights),
        ("soft", taught_crossentropy(0.8, 2.0, 0.1), soft, None),
    ):
        keras.utils.set_random_seed(0)
        inputs = keras.Input((8, 8, 1), dtype="uint8")
        scaled = keras.layers.Rescaling(1 / 255, dtype="float32")(inputs)
        kernels = keras.layers.Conv2D(4, 3)(scaled)
        normed = keras.layers.ReLU()(keras.layers.BatchNormalization()(kernels))
        outputs = keras.layers.Dense(3, activation="softmax")(keras.layers.Flatten()(normed))
        model = keras.Model(inputs, outputs)
        measures = [
            taught(keras.metrics.sparse_categorical_accuracy, "accuracy"),
            taught(keras.losses.sparse_categorical_crossentropy, CROSS_ENTROPY),
        ]
        optimizer = keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True)
        model.compile(optimizer, loss, metrics=measures if case == "soft" else ["accuracy"])
        model.optimizer.build(model.trainable_variables)
        recipe = Recipe(batch_size=16, steps_per_execution=2)
        steps = make_steps(model, recipe, share)
        told: list[list[float]] = []
        for _ in range(5):
            given = None if weighted is None else weighted[rows]
            steps.epoch(pictures[rows], targets[rows], given, lambda *what, told=told: told.append(list(what)))
        seen = steps.evaluate(pictures, labels) if case == "labels" else (0.0, 0.0)
        result[case] = {"told": told, "seen": seen, "weights": [array.tolist() for array in arrays_of(model.weights)]}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
