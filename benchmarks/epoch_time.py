"""Seconds an epoch of the plain Keras script, of the preset `plain`, and of `tuned`: on 28 x 28, on 22 x 22, not augmented.

    python benchmarks/epoch_time.py [--rounds 3]

A round is a process of each in turn with three epochs over the same 54,000 pictures of Fashion-MNIST; the first epoch, in which
TensorFlow compiles, is left out, and the mean of the others counts. The ratio is taken round by round, so that a busy minute of
the machine meets both.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys

from common import publish, run_json, spread, table

OURS = """
import json, sys
from sightline.training import make_config
from sightline.training.session import build, load_inputs, make_trainer
from sightline.events import EpochDone, ignore
recipe = {"augment": False} if "--no-augment" in sys.argv else {}
config = make_config("fashion-mnist", epochs=3, preset=sys.argv[1], recipe=recipe, size=28 if "28" in sys.argv else None)
inputs = load_inputs(config, ignore)
rows = []
listen = lambda event: rows.append(event.row["seconds"]) if isinstance(event, EpochDone) else None
make_trainer(config, inputs, build(config, inputs), listen).run(None)
print(json.dumps(rows))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    plain: list[float] = []
    ours: dict[str, list[float]] = {"plain": [], "tuned 28": [], "tuned": [], "tuned --no-augment": []}
    ratios: list[float] = []
    feed: list[float] = []
    for number in range(rounds):
        plain.append(statistics.fmean(run_json("benchmarks/plain_keras.py", "fashion-mnist", "--epochs", "3")["seconds"][1:]))
        for preset, seconds in ours.items():
            seconds.append(statistics.fmean(run_json("-c", OURS, *preset.split())[1:]))
        ratios.append(plain[-1] / ours["tuned"][-1])
        feed.append(ours["tuned"][-1] / ours["tuned --no-augment"][-1])
        print(json.dumps({"round": number, "script": plain[-1], **{k: v[-1] for k, v in ours.items()}}), file=sys.stderr)
    rows = [
        ["plain Keras script", spread(plain)],
        ["Sightline, preset plain", spread(ours["plain"])],
        ["Sightline, preset tuned, on pictures of 28 x 28 (--size 28)", spread(ours["tuned 28"])],
        ["Sightline, preset tuned, on the 22 x 22 that the network looks at", spread(ours["tuned"])],
        ["Sightline, preset tuned, without its augmentation (flip, shift, erase)", spread(ours["tuned --no-augment"])],
        ["**plain script ÷ tuned on 28 x 28**", spread([a / b for a, b in zip(plain, ours["tuned 28"], strict=True)])],
        ["**plain script ÷ tuned**", spread(ratios)],
        ["**with augmentation ÷ without**", spread(feed)],
    ]
    text = table([f"54,000 pictures, n = {rounds}", "seconds an epoch, median (range)"], rows)
    publish("epoch-time", "Time of an epoch", text, f"python benchmarks/epoch_time.py --rounds {rounds}")


if __name__ == "__main__":
    main()
