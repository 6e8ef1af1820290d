"""What the operations of one training step of `tuned` take: TensorFlow's own profile of 100 steps, on one thread.

    python benchmarks/step_profile.py [--steps 100]

The step is that of `cnn3` on batches of 128 pictures of Fashion-MNIST, taken as a whole, so that nothing runs side by side and the
times add up.
"""

from __future__ import annotations

import argparse
import os
import re
import tempfile
from collections import Counter
from pathlib import Path

os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

from common import publish, table

from sightline.events import ignore
from sightline.training import make_config
from sightline.training.checkpoint import State
from sightline.training.session import build, load_inputs, make_trainer

KINDS = {
    "convolutions, gradients of kernels": r"Conv2DBackpropFilter",
    "convolutions, gradients of inputs": r"Conv2DBackpropInput",
    "convolutions, forward": r"/convolution:",
    "pooling, forward": r"MaxPool2d:",
    "pooling, gradients": r"MaxPoolGrad",
    "batch normalization, forward": r"FusedBatchNormV3:",
    "batch normalization, gradients": r"FusedBatchNormGrad",
    "bias and ReLU, forward and back": r"(?i)relu|bias_relu|BiasAdd",
    "optimizer: Muon and AdamW": r"(?i)muon|adam",
    "dense layers, loss and measures": r"(?i)dense|probabilities|softmax|entropy|accuracy",
}
BATCH = 128


def profiled(steps: int) -> Counter[str]:
    """Seconds of every operation of `steps` steps, by its full name."""
    import tensorflow as tf
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    config = make_config("fashion-mnist", recipe={"parts": 1, "steps_per_execution": steps})
    inputs = load_inputs(config, ignore)
    trainer = make_trainer(config, inputs, build(config, inputs), ignore)
    loop = trainer._phase(State())
    pictures, labels = trainer.feed.epoch(0)
    pictures, labels = pictures[: BATCH * steps], labels[: BATCH * steps]
    loop.epoch(pictures, labels, None, lambda *_: None)
    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        loop.epoch(pictures, labels, None, lambda *_: None)
        tf.profiler.experimental.stop()
        (file,) = Path(folder).rglob("*.xplane.pb")
        space = xplane_pb2.XSpace.FromString(file.read_bytes())
    seconds: Counter[str] = Counter()
    for plane in space.planes:
        names = {key: value.name for key, value in plane.event_metadata.items()}
        for line in plane.lines:
            for event in line.events:
                seconds[names[event.metadata_id]] += event.duration_ps / 1e12
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=100, choices=range(10, 401), metavar="10..400")
    steps = parser.parse_args().steps
    found: Counter[str] = Counter()
    for name, seconds in profiled(steps).items():
        if "while/body" in name and ":" in name:
            kind = next((kind for kind, pattern in KINDS.items() if re.search(pattern, name)), "the rest: slices, casts, sums")
            found[kind] += seconds
    whole = sum(found.values())
    rows = [[kind, f"{value / steps * 1e3:.2f}", f"{value / whole:.0%}"] for kind, value in found.most_common()]
    rows.append(["**all**", f"{whole / steps * 1e3:.2f}", ""])
    text = table([f"one step of 128 pictures, n = {steps}", "ms", "share"], rows)
    publish("step-profile", "Where a training step's time goes", text, f"python benchmarks/step_profile.py --steps {steps}")


if __name__ == "__main__":
    main()
