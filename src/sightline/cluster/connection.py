"""A Ray cluster to work on: one that runs already, or one of this machine that ends with the work."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING

import sightline
from sightline.batch import Engine
from sightline.cores import usable_cores
from sightline.errors import InputError, JobError, ParameterError

if TYPE_CHECKING:
    from sightline.jobs.trainings import Fit
    from sightline.jobs.tunings import Search

__all__ = ["connected", "load_ray", "side_by_side", "together"]

STORE = 256 * 2**20  # bytes of shared memory on a machine's own cluster: what travels are names and answers, not pictures
REACH = 5.0  # seconds in which a cluster must take a connection


def load_ray() -> ModuleType:
    """Import Ray, quietly; InputError where it is not installed."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # what it will be anyway; unset, Ray warns
    logging.getLogger("ray.widgets.util").setLevel(logging.CRITICAL)  # in a notebook: of packages that would draw more
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="IProgress not found")  # in a notebook; it is not shown its progress anyway
            import ray
            import ray.data
    except ModuleNotFoundError as error:
        raise InputError(
            f"a cluster needs more packages: no module {error.name!r}", fix="Install them with `pip install 'sightline[cluster]'`."
        ) from None
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # it tells of every job, and of every worker that died
    return ray  # type: ignore[no-any-return]


@contextmanager
def connected(address: str | None = None) -> Iterator[Engine]:
    """Connect to the cluster at `address`, `auto` or HOST:PORT, for the duration of the block, and give the engine that uses it.

    Without an address a cluster of this machine alone is started, and stopped at the end; where this process is connected
    already, that connection is used and stays. InputError where there is no cluster; JobError where it cannot do the work.
    """
    ray = load_ray()
    from sightline.cluster.engine import run_tasks

    if ray.is_initialized():
        _check_workers(ray)
        yield run_tasks
        return
    with _own_signals():
        _connect(ray, address)
    try:
        with _quiet():
            _check_workers(ray)
            yield run_tasks
    finally:
        ray.shutdown()


@contextmanager
def _own_signals() -> Iterator[None]:
    """Take SIGTERM back from Ray, whose handler ends the process where ours ends the job."""
    ours = signal.getsignal(signal.SIGTERM)
    yield
    if threading.current_thread() is threading.main_thread():  # only the main thread may set handlers
        signal.signal(signal.SIGTERM, ours)


def together(processes: int | None = None) -> Fit:
    """What `train` takes as `fit` to share every batch among `processes` of the cluster that this process is connected to.

    Without a number there is one for each machine, with one of its GPUs if it has any. Keras then runs on JAX; InputError
    where it runs on another backend already.
    """
    if processes is not None and processes < 1:
        raise ParameterError("invalid processes", expected="at least 1", received=str(processes))
    if "keras" not in sys.modules:
        os.environ.setdefault("KERAS_BACKEND", "jax")
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # this process is not to keep a GPU from its workers
    from sightline.cluster.training import fit_together

    return partial(fit_together, workers=processes)


def side_by_side() -> Search:
    """What `tune` takes as `search` to run the trials on the cluster that this process is connected to, side by side.

    InputError where Optuna or Ray Tune is not installed.
    """
    from sightline.jobs.tunings import load_optuna

    load_optuna()
    from sightline.cluster.tuning import search_side_by_side

    return search_side_by_side


def _connect(ray: ModuleType, address: str | None) -> None:
    quiet = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    if address is None:
        ray.init("local", num_cpus=usable_cores(), object_store_memory=STORE, include_dashboard=False, **quiet)
        return
    fix = "Start one with `ray start --head` on its first machine, or leave out --address for this machine alone."
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        if address != "auto":  # Ray itself would try for minutes
            if not host or not port.isdigit():
                raise InputError("invalid address of a cluster", expected="auto or HOST:PORT", received=repr(address))
            socket.create_connection((host, int(port)), timeout=REACH).close()
        ray.init(address, **quiet)
    except (ConnectionError, OSError, OverflowError, ValueError, RuntimeError) as error:
        what = "no Ray cluster runs here" if address == "auto" else f"no Ray cluster answers at {address}"
        raise InputError(f"{what}: {str(error).splitlines()[0][:200]}", fix=fix) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Let Ray print nothing in the block: of a worker that died it tells on standard output, where results go.

    It has no setting for that; where its insides have changed it is as loud as it was.
    """
    from ray._private import worker

    loud = getattr(worker, "print_to_stdstream", None)
    worker.print_to_stdstream = lambda *data, **how: None
    try:
        yield
    finally:
        worker.print_to_stdstream = loud


def _check_workers(ray: ModuleType) -> None:
    """JobError unless the workers have this version of Sightline."""

    def version() -> str:
        import sightline

        return sightline.__version__

    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    nodes = [node["NodeID"] for node in ray.nodes() if node["Alive"]]
    there = (NodeAffinitySchedulingStrategy(node, soft=True) for node in nodes)  # soft: a node may have died by now
    asked = [ray.remote(version).options(num_cpus=0, scheduling_strategy=strategy).remote() for strategy in there]
    for answer in asked:
        try:
            found = ray.get(answer)
        except ray.exceptions.RayError as error:
            found = f"none ({str(error).strip().splitlines()[-1][:200]})"
        if found != sightline.__version__:
            raise JobError(
                "every machine of the cluster needs this version of Sightline",
                expected=sightline.__version__,
                received=found,
                fix="Install it in the environment that Ray runs in.",
            )
