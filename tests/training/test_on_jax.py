"""Keras on JAX, and on backends that networks are not trained on: each in a process of its own, since a process has one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

import sightline as sl
from sightline.training.log import read_log

ROOT = Path(__file__).parents[2]
QUICK = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}  # what takes time on so little data is the compiler


def python(*arguments: str, backend: str = "jax", folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "KERAS_BACKEND": backend, **QUICK}
    return subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, env=environment)


def sightline(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return python("-m", "sightline", *arguments, folder=folder)


@pytest.mark.slow
def test_the_steps_on_jax_are_those_of_keras() -> None:
    ran = python("-m", "pytest", "tests/training/on_jax.py", "-p", "no:cacheprovider")
    assert ran.returncode == 0, ran.stdout
    assert re.search(r"^\d+ passed", ran.stdout, re.MULTILINE)


@pytest.mark.slow
def test_a_run_on_jax_leaves_what_every_run_leaves(tmp_path: Path) -> None:
    settings = ["--preset", "plain", "--lr", "0.005", "--batch-size", "64", "--set", "filters=16,16,16"]
    ran = sightline(tmp_path, "train", "digits", "--epochs", "2", "--name", "run", *settings)
    assert ran.returncode == 0, ran.stderr
    assert "WARNING" not in ran.stderr  # as TensorFlow begins, which exports the network
    run = tmp_path / "runs" / "run"
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert (run / "report.html").is_file()
    assert metrics["run"]["environment"]["backend"] == "jax"
    assert metrics["run"]["environment"]["jax"] == version("jax")
    losses = [row["loss"] for row in read_log(run / "log.csv")]
    assert losses[1] < losses[0]
    evaluation, _ = sl.evaluate(run)
    assert evaluation.accuracy == metrics["evaluation"]["accuracy"] > 0.3
    assert sl.load(run).predict(np.zeros((8, 8), np.uint8)).label in evaluation.classes


TRAINED = """
import copy, json
import keras, numpy as np
from sightline.errors import Interrupted
from sightline.events import ignore
from sightline.training.config import make_config
from sightline.training.session import build, load_inputs, make_trainer

recipe = {"precision": "float32", "optimizer": "adamw", "parts": 1, "normalize": False, "steps_per_execution": 5}
config = make_config("digits", epochs=2, recipe=recipe, arguments={"filters": (8, 8, 8)})
inputs = load_inputs(config, ignore)
saved = []

def trained(state=None, stop=lambda: False):
    network = build(config, inputs)
    drawn, random = network.get_weights()[0], np.random.default_rng(0)
    network.set_weights([random.normal(0, 0.15, array.shape).astype(np.float32) for array in network.get_weights()])
    trainer = make_trainer(config, inputs, network, ignore, stop, lambda state: saved.append(copy.deepcopy(state)))
    return drawn, trainer.run(state)

drawn, whole = trained()
said = {"drawn": drawn.ravel().tolist(), "rows": whole.history}
if keras.backend.backend() == "jax":
    saved.clear()
    try:
        trained(stop=lambda: len(saved) == 2)  # in the second epoch
    except Interrupted:
        said["stopped after"] = saved[-1].epoch
    _, resumed = trained(saved[-1])
    pairs = [zip(getattr(whole, name), getattr(resumed, name), strict=True) for name in ("network", "optimizer", "average")]
    said["same"] = all(np.array_equal(one, other) for pair in pairs for one, other in pair)
print(json.dumps(said))
"""


def test_from_the_same_weights_jax_comes_to_the_losses_of_tensorflow_and_resumed_to_its_own() -> None:
    """The weights that a seed draws are others: every backend has its own generator. Resumed ones are the same to the last bit."""
    found = {}
    for backend in ("jax", "tensorflow"):
        ran = python("-c", TRAINED, backend=backend)
        assert ran.returncode == 0, ran.stderr
        found[backend] = json.loads(ran.stdout.splitlines()[-1])
    ours, theirs = found.values()
    assert (ours["stopped after"], ours["same"]) == (1, True)
    assert not np.allclose(ours["drawn"], theirs["drawn"], atol=0.01)
    for name in ("loss", "val_loss"):
        for one, other in zip(ours["rows"], theirs["rows"], strict=True):
            assert one[name] == pytest.approx(other[name], rel=1e-3)


TRAIN = "import sys; sys.argv[1:] = ['train', 'digits']; from sightline.cli import main; main()"
WITHOUT = f"import sys; sys.modules['jax'] = None; {TRAIN}"


@pytest.mark.parametrize(
    ("backend", "code", "said"),
    [
        ("jax", WITHOUT, "Keras cannot load its backend 'jax': no module 'jax'"),
        ("nonsense", TRAIN, "Keras cannot load its backend 'nonsense'"),
        ("numpy", TRAIN, "networks are not trained with Keras on numpy: expected tensorflow or jax"),
    ],
)
def test_a_backend_that_is_not_there_or_does_not_train_is_refused_before_there_is_a_run(
    tmp_path: Path, backend: str, code: str, said: str
) -> None:
    ran = python("-c", code, backend=backend, folder=tmp_path)
    assert ran.returncode == 2
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (tmp_path / "runs").exists()
