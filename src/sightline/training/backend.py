"""Keras, loaded in one place: quietly, with the settings that training wants."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import ModuleType

from sightline.cores import usable_cores
from sightline.errors import InputError
from sightline.training.config import Recipe
from sightline.training.processor import has_bfloat16, processor_features

__all__ = ["BACKENDS", "check_backend", "device", "dtype_policy", "load_keras", "precision"]

BACKENDS = ("tensorflow", "jax")
"""Those of Keras's that networks are trained on."""


def load_keras() -> ModuleType:
    """Import Keras without what TensorFlow has to say about itself on standard error.

    Errors are exceptions and are not hushed. A backend chosen by KERAS_BACKEND stays; without one Keras takes TensorFlow.
    """
    if "keras" not in sys.modules:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        if "avx2" in processor_features():  # oneDNN is faster there too; TensorFlow takes it by itself only from AVX512_VNNI on
            os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
        try:
            with _hushed():
                import keras
                import tensorflow  # noqa: F401 - on any backend Keras asks it along, as when it sets a seed

                _share_cores()
                logging.getLogger("tensorflow").addFilter(_is_no_retracing)
        except (ModuleNotFoundError, ValueError) as error:  # no such package, no such backend
            wanted = os.environ.get("KERAS_BACKEND", "tensorflow")
            why = f"no module {error.name!r}" if isinstance(error, ModuleNotFoundError) else str(error)
            raise InputError(
                f"Keras cannot load its backend {wanted!r}: {why}", fix="Install it, or unset KERAS_BACKEND."
            ) from None
    import keras

    return keras  # type: ignore[no-any-return]


def _is_no_retracing(record: logging.LogRecord) -> bool:
    """Each training compiles functions of its own; TensorFlow takes the fifth for a mistake."""
    return "triggered tf.function retracing" not in record.getMessage()


def check_backend() -> None:
    """InputError where Keras runs on a backend that networks are not trained on."""
    found = load_keras().backend.backend()
    if found not in BACKENDS:
        raise InputError(
            f"networks are not trained with Keras on {found}", expected=" or ".join(BACKENDS), fix="Set or unset KERAS_BACKEND."
        )


def _share_cores() -> None:
    """On two cores let an operation of TensorFlow have one, so that each has a part of a batch to itself: see `side_by_side`.

    With more cores TensorFlow's operations share all of them. Settings of one's own, TF_NUM_INTRAOP_THREADS or a TensorFlow that
    has already begun, stay.
    """
    import keras

    if usable_cores() == 2 and keras.backend.backend() == "tensorflow" and "TF_NUM_INTRAOP_THREADS" not in os.environ:
        import tensorflow as tf

        with suppress(RuntimeError):  # TensorFlow has begun
            tf.config.threading.set_intra_op_parallelism_threads(1)


@contextmanager
def _hushed() -> Iterator[None]:
    """Send what C++ code writes to standard error nowhere: it logs before it reads its settings.

    It writes to descriptor 2 whatever `sys.stderr` is: in a notebook that is another one.
    """
    error = 2
    try:
        saved = os.dup(error)
    except OSError:  # closed: nothing is written there
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, error)
        yield
    finally:
        os.dup2(saved, error)
        os.close(saved)
        os.close(nowhere)


def device() -> str | None:
    """What JAX calls the accelerator it computes on, such as "NVIDIA H100 80GB HBM3"; None on the processor."""
    if load_keras().backend.backend() != "jax":
        return None
    import jax

    return None if jax.default_backend() == "cpu" else str(jax.devices()[0].device_kind)


def precision(recipe: Recipe) -> str:
    """The arithmetic that the recipe means on this machine: float32 or bfloat16."""
    if recipe.precision == "auto":
        return "bfloat16" if _has_bfloat16() else "float32"
    return recipe.precision


def _has_bfloat16() -> bool:
    """Whether bfloat16 is fast where networks are trained."""
    if load_keras().backend.backend() != "jax":
        return has_bfloat16()
    import jax

    if jax.default_backend() == "cpu":  # where JAX gains nothing by it
        return False
    capability = str(getattr(jax.devices()[0], "compute_capability", ""))
    return not capability.startswith(("5.", "6.", "7."))  # NVIDIA's GPUs have it from 8.0 on


@contextmanager
def dtype_policy(recipe: Recipe) -> Iterator[None]:
    """Build layers in the recipe's precision for the duration of the block; weights are float32 in either."""
    keras = load_keras()
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if precision(recipe) == "bfloat16" else "float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
