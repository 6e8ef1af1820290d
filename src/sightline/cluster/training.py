"""Training on a cluster, data-parallel: Ray Train keeps a group of workers, each with its share of every batch."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import ray
import ray.exceptions
import ray.train
from ray.train.v2.jax import JaxConfig, JaxTrainer
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from sightline.data.sources import CACHE_VARIABLE, DATA_VARIABLE
from sightline.errors import InputError, Interrupted, JobError, SightlineError
from sightline.events import Event, Listener, ignore
from sightline.training.backend import load_keras
from sightline.training.folder import RunFolder, open_run
from sightline.training.share import Share

if TYPE_CHECKING:
    import keras

    from sightline.training.checkpoint import State
    from sightline.training.config import TrainConfig
    from sightline.training.session import Inputs

__all__ = ["fit_together"]

LOSSES = 5  # groups that may be lost before the training is given up; each goes on from the last epoch
PATIENCE = 60.0  # seconds in which a group that is not to go on must have ended
LOOK = 0.2  # seconds between two looks at what the workers say


@ray.remote(num_cpus=0)
class Board:
    """What the workers tell the driver: events, and the error that ends it all; and whether it is over for them."""

    def __init__(self) -> None:
        self._said: list[Event | SightlineError] = []
        self._over = False

    def end(self) -> None:
        """Let no worker go on."""
        self._over = True

    def over(self) -> bool:
        """Whether workers are to stop."""
        return self._over

    def say(self, what: Event | SightlineError) -> None:
        """Note what happened."""
        self._said.append(what)

    def take(self) -> list[Event | SightlineError]:
        """What was said since the last time."""
        said, self._said = self._said, []
        return said


def fit_together(
    folder: RunFolder,
    config: TrainConfig,
    inputs: Inputs,
    network: keras.Model,
    state: State | None,
    on_event: Listener,
    stop: Callable[[], bool],
    *,
    workers: int | None = None,
) -> State:
    """Train as `train_weights` does, on `workers` processes of the cluster that this one is connected to.

    Without a number there is one for each machine, with one of its GPUs if it has any. The run's folder and the data must
    be found by the same paths on all machines. What a worker that dies takes along is done again by a new group from the last
    checkpoint; JobError after the fifth.
    """
    from sightline.training.checkpoint import load_state
    from sightline.training.session import make_trainer

    if load_keras().backend.backend() != "jax":
        raise InputError(
            "training on a cluster needs Keras on JAX", received="TensorFlow", fix="Set KERAS_BACKEND=jax before Keras is loaded."
        )
    scaling, platform = _scaling(workers)
    Share(0, scaling.num_workers, config.recipe.batch_size, len(inputs.train[1]))  # says what cannot be shared out
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    board = Board.options(scheduling_strategy=here).remote()  # type: ignore[attr-defined]
    trainer = JaxTrainer(
        _work,
        train_loop_config={"folder": str(folder.path.absolute()), "board": board},
        jax_config=JaxConfig(use_gpu=True),  # for processors too: it is what makes Ray bring the processes together
        scaling_config=scaling,
        run_config=ray.train.RunConfig(
            name=folder.name,
            storage_path=str(folder.path.absolute() / ".ray"),
            failure_config=ray.train.FailureConfig(max_failures=LOSSES, controller_failure_limit=LOSSES),
            worker_runtime_env={"env_vars": _variables(platform)},
        ),
    )
    try:
        _watch(trainer.fit, board, on_event, stop)
    finally:
        shutil.rmtree(folder.path / ".ray", ignore_errors=True)
    return make_trainer(config, inputs, network, ignore).run(load_state(folder.checkpoint))


def _scaling(workers: int | None) -> tuple[ray.train.ScalingConfig, str]:
    """How many workers with what, and JAX's name of what they compute on; InputError for more than the cluster has."""
    machines = [node["Resources"] for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
    with_gpu = [machine for machine in machines if machine.get("GPU")]
    able = with_gpu or machines
    most = len(with_gpu) or int(sum(machine["CPU"] for machine in machines))
    count = workers or len(able)
    if not 1 <= count <= most:
        what = "a machine with a GPU" if with_gpu else "a processor"
        raise InputError(
            "the cluster is too small for the processes", expected=f"{what} for each, {most} in all", received=f"{count} processes"
        )
    if with_gpu:  # Ray numbers the GPUs of a JAX worker from 0, so that two on a machine would have the same
        return ray.train.ScalingConfig(num_workers=count, use_gpu=True), "cuda"
    each = -(-count // len(machines))  # workers on the fullest machine
    cores = max(1, int(min(machine["CPU"] for machine in machines)) // each)
    return ray.train.ScalingConfig(num_workers=count, resources_per_worker={"CPU": cores}), "cpu"


def _variables(platform: str) -> dict[str, str]:
    """The environment of the workers, which is read before Keras and JAX are."""
    own = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": platform, "TF_CPP_MIN_LOG_LEVEL": "3"}
    if platform == "cpu":
        own["JAX_CPU_COLLECTIVES_IMPLEMENTATION"] = "gloo"
    caches = {name: os.environ[name] for name in (CACHE_VARIABLE, DATA_VARIABLE) if name in os.environ}
    return own | caches


def _watch(run: Callable[[], Any], board: Any, on_event: Listener, stop: Callable[[], bool]) -> None:
    """Let the group run in a thread, tell what it says, and end with it, with its error, or when `stop` says so."""
    ended: list[BaseException | None] = []

    def group() -> None:
        try:
            run()
            ended.append(None)
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=group, name="group", daemon=True)
    thread.start()
    try:
        _listen(board, ended, on_event, stop)
    except BaseException:
        ray.get(board.end.remote())  # a group of its own accord would go on, and write in the run's folder
        thread.join(PATIENCE)
        raise
    if ended[0] is not None:
        raise JobError(f"the workers could not end the training: {_last_line(ended[0])}") from ended[0]


def _listen(board: Any, ended: list[BaseException | None], on_event: Listener, stop: Callable[[], bool]) -> None:
    epoch = 0
    while True:
        over = bool(ended)  # before the last look, which then sees all
        for said in ray.get(board.take.remote()):
            if isinstance(said, SightlineError):
                raise said
            epoch = getattr(said, "epoch", epoch)
            on_event(said)
        if stop():
            raise Interrupted(f"stopped in epoch {max(epoch, 1)}; those before it are saved")
        if over:
            return
        time.sleep(LOOK)


def _last_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1].strip()[:300]


def _work(settings: dict[str, Any]) -> None:
    """One worker of the group: train its share from the run's last checkpoint to the end."""
    from sightline.jobs.trainings import found_in
    from sightline.training.config import TrainConfig
    from sightline.training.session import train_weights

    context = ray.train.get_context()
    board = settings["board"]
    say = partial(_say, board) if context.get_world_rank() == 0 else ignore
    if ray.get(board.over.remote()):
        return
    try:
        keras = load_keras()
        keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
        folder = open_run(settings["folder"])
        config, inputs, network, state = found_in(folder, TrainConfig.load(folder.config), ignore)
        share = Share(context.get_world_rank(), context.get_world_size(), config.recipe.batch_size, len(inputs.train[1]))
        train_weights(folder, config, inputs, network, state, say, lambda: bool(ray.get(board.over.remote())), share)
    except Interrupted:
        raise
    except SightlineError as error:  # no new group would fare better
        ray.get([board.say.remote(error), board.end.remote()])
        raise


def _say(board: Any, event: Event) -> None:
    board.say.remote(event)
