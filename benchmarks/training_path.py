"""What each part of the fast training path gives: an epoch of `tuned` as it is, and with one part at a time undone.

    python benchmarks/training_path.py [--rounds 2]

A round is a process of each with three epochs over the same 54,000 pictures of Fashion-MNIST; the first, in which TensorFlow
compiles, is left out. Beside it stand what an epoch takes apart from its steps, and the machine's arithmetic limit: a large matrix
product in float32 and bfloat16, and how long an epoch's arithmetic would take at that speed, three times the forward pass.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from typing import Any

from common import publish, run_json, spread, table

EPOCHS = """
import json, sys, time
from sightline.training import make_config
from sightline.training.session import build, load_inputs, make_trainer
from sightline.events import EpochDone, ignore
from sightline.models import total_flops
config = make_config("fashion-mnist", epochs=3, recipe=json.loads(sys.argv[1]))
inputs = load_inputs(config, ignore)
rows = []
listen = lambda event: rows.append(event.row["seconds"]) if isinstance(event, EpochDone) else None
network = build(config, inputs)
trainer = make_trainer(config, inputs, network, listen)
state = trainer.run(None)
started = time.perf_counter(); trainer.feed.epoch(3); feed = time.perf_counter() - started
print(json.dumps({"epochs": rows, "apart": (state.seconds - sum(rows)) / 3, "feed": feed,
                  "flops": total_flops(network), "pictures": len(inputs.train[1])}))
"""
PRODUCT = """
import json, time
import tensorflow as tf
found = {}
for name in ("float32", "bfloat16"):
    one, other = (tf.cast(tf.random.normal((4096, 4096)), name) for _ in range(2))
    product = tf.function(tf.matmul)
    product(one, other)
    seconds = []
    for _ in range(15):
        started = time.perf_counter(); product(one, other).numpy(); seconds.append(time.perf_counter() - started)
    found[name] = 2 * 4096**3 / sorted(seconds)[7]
print(json.dumps(found))
"""
PARTS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "tuned, as it is": ({}, {}),
    "a batch as a whole, each operation on two threads": ({"parts": 1}, {"TF_NUM_INTRAOP_THREADS": "2"}),
    "a batch as a whole, each operation on one thread": ({"parts": 1}, {}),
    "two parts side by side, each operation on two threads": ({}, {"TF_NUM_INTRAOP_THREADS": "2"}),
    "four parts in place of two": ({"parts": 4}, {}),
    "float32 in place of bfloat16": ({"precision": "float32"}, {}),
    "no batch normalization": ({"normalize": False}, {}),
    "pooling after bias and ReLU, without normalization": ({"pool_first": False, "normalize": False}, {}),
    "batches of 32 in place of 128": ({"batch_size": 32}, {}),
    "batches of 512": ({"batch_size": 512}, {}),
    "a return to Python after every step": ({"steps_per_execution": 1}, {}),
    "AdamW in place of Muon": ({"optimizer": "adamw"}, {}),
    "no moving average": ({"average": 0.0}, {}),
    "no augmentation": ({"augment": False}, {}),
    "without oneDNN, in float32": ({"precision": "float32"}, {"TF_ENABLE_ONEDNN_OPTS": "0"}),  # its bfloat16 takes minutes
    "one thread for everything": ({}, {"TF_NUM_INTEROP_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1"}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    rounds = parser.parse_args().rounds
    found: dict[str, list[Any]] = {name: [] for name in PARTS}
    limits: list[dict[str, float]] = []
    for number in range(rounds):
        limits.append(run_json("-c", PRODUCT))
        for name, (recipe, environment) in PARTS.items():
            found[name].append(run_json("-c", EPOCHS, json.dumps(recipe), **environment))
            print(json.dumps({"round": number, "part": name, **found[name][-1]}), file=sys.stderr)
    seconds = {name: [statistics.fmean(one["epochs"][1:]) for one in results] for name, results in found.items()}
    usual = seconds["tuned, as it is"]
    rows = [
        [name, spread(values), spread([value / one for value, one in zip(values, usual, strict=True)])]
        for name, values in seconds.items()
    ]
    text = table([f"54,000 pictures, n = {rounds}", "seconds an epoch, median (range)", "times tuned"], rows)
    whole = found["tuned, as it is"]
    arithmetic = 3 * whole[0]["flops"] * whole[0]["pictures"]
    apart = [
        ["validation after an epoch", f"{spread([one['apart'] for one in whole])} s"],
        [
            "drawing an epoch's pictures, alone; in training it is done beside the steps",
            f"{spread([one['feed'] for one in whole])} s",
        ],
        ["arithmetic of an epoch, forward and back", f"{arithmetic / 1e12:.2f} TFLOP"],
    ]
    for name in limits[0]:
        speed = [limit[name] / 1e9 for limit in limits]
        floor = arithmetic / statistics.median(speed) / 1e9
        apart.append([f"a 4096 x 4096 matrix product in {name}", f"{spread(speed, 0)} GFLOP/s: an epoch in {floor:.2f} s"])
    text += "\n\n" + table(["of an epoch of tuned", ""], apart)
    publish("training-path", "Where an epoch's time goes", text, f"python benchmarks/training_path.py --rounds {rounds}")


if __name__ == "__main__":
    main()
