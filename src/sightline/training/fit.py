"""Fitting a network, an epoch at a time, with our feed, checkpoints and stops."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sightline.errors import Interrupted, TrainingError
from sightline.events import EpochDone, Listener, StepDone
from sightline.training.checkpoint import State, arrays_of, assign
from sightline.training.config import TrainConfig
from sightline.training.feed import Feed, Inputs8
from sightline.training.standard import Standard
from sightline.training.steps import CROSS_ENTROPY, After, Steps, make_steps
from sightline.training.teaching import Teacher

if TYPE_CHECKING:
    import keras

__all__ = ["Trainer"]

LOWER = "Train anew with a lower learning rate (--lr); the last checkpoint is from before that epoch."


@dataclass
class Trainer:
    """One network in training. `network` is a plain `keras.Model` that takes floats, standardized by `standard`.

    `stop` is asked after every execution of steps; `save` is given the state after every epoch.
    """

    config: TrainConfig
    network: keras.Model
    feed: Feed
    standard: Standard
    validation: tuple[Inputs8, NDArray[np.int64]]
    class_weights: NDArray[np.float32] | None
    on_event: Listener
    stop: Callable[[], bool]
    save: Callable[[State], None]
    teacher: Teacher | None = None

    def __post_init__(self) -> None:
        self._fixed = {layer.name for layer in self.network.layers if not layer.trainable}  # by the architecture

    def run(self, state: State | None) -> State:
        """Train from `state` (None: from the start) to the last epoch; the network then holds the weights to keep.

        TrainingError when the loss is no number; Interrupted when `stop` said so. Either leaves the last saved state.
        """
        if state is None:
            state = State()
            steps = self._phase(state)
            self._store(steps.model, state)
        else:
            assign(self.network.variables, state.network)
            steps = self._phase(state)
        over = threading.Event()
        with ThreadPoolExecutor(1, "feed") as background:
            try:
                upcoming = None
                while state.epoch < self.config.epochs and not self._patience_is_over(state):
                    started = time.perf_counter()  # an epoch takes as long as its pictures keep it waiting, too
                    lesson = (upcoming or background.submit(self._lesson, state.epoch, over)).result()
                    more = state.epoch + 1 < self.config.epochs
                    upcoming = background.submit(self._lesson, state.epoch + 1, over) if more else None
                    self._epoch(steps, state, started, *lesson)
                    if state.epoch == self.config.recipe.freeze:
                        steps = self._phase(state)
            finally:
                over.set()
        self._keep(state)
        return state

    def _lesson(self, epoch: int, over: threading.Event) -> tuple[Inputs8, NDArray[np.int64], NDArray[Any]]:
        """An epoch's pictures, their labels, and what is to be learnt: the labels again, or rows of a teacher's `targets`.

        A teacher takes its time, and is interrupted when the training stops or is `over`.
        """
        pictures, labels = self.feed.epoch(epoch)
        if self.teacher is None:
            return pictures, labels, labels

        def look_up() -> None:
            if over.is_set() or self.stop():
                raise self._interrupted(epoch)

        targets = self.teacher.targets(pictures, labels, look_up)
        return self.teacher.finished(pictures, self.network.input_shape[1:]), labels, targets

    def _interrupted(self, epoch: int) -> Interrupted:
        return Interrupted(f"stopped in epoch {epoch + 1} of {self.config.epochs}; the first {epoch} are saved")

    def _phase(self, state: State) -> Steps:
        """The steps as they go on from `state`: where other layers begin to learn, optimizer and schedule begin anew."""
        import keras

        recipe = self.config.recipe
        frozen = state.epoch < recipe.freeze
        for layer in self.network.layers:
            kept = layer.name in self._fixed or (recipe.keep_norm and isinstance(layer, keras.layers.BatchNormalization))
            layer.trainable = not kept and (not frozen or isinstance(layer, keras.layers.Dense))
        epochs = self.config.epochs - recipe.freeze
        model = self._compile(min(recipe.freeze, self.config.epochs) if frozen else max(epochs, 1))
        if state.epoch not in {0, recipe.freeze}:
            assign(model.optimizer.variables, state.optimizer)
        return make_steps(model, recipe, self.feed.share)

    def _compile(self, epochs: int) -> keras.Model:
        """The network behind a conversion from uint8, a quarter of the memory to feed, compiled for `epochs` as the recipe says."""
        import keras

        from sightline.training.parts import slow_down, smoothed_crossentropy, taught, taught_crossentropy

        recipe = self.config.recipe
        inputs = keras.Input(self.network.input_shape[1:], dtype="uint8", name="pixels")
        mean, deviation = self.standard
        scaled = keras.layers.Rescaling(1 / 255 / deviation, -mean / deviation, dtype="float32", name="scale")(inputs)
        model = keras.Model(inputs, self.network(scaled))
        smoothing = recipe.label_smoothing
        # the log shows the plain cross-entropy, also where something else is minimised
        apart = smoothing > 0 or self.class_weights is not None
        loss = smoothed_crossentropy(smoothing) if smoothing else CROSS_ENTROPY
        metrics: list[Any] = ["accuracy", *([CROSS_ENTROPY] if apart else [])]
        if self.teacher is not None:
            measures = {
                "accuracy": keras.metrics.sparse_categorical_accuracy,
                CROSS_ENTROPY: keras.losses.sparse_categorical_crossentropy,
            }
            loss = taught_crossentropy(recipe.distill, recipe.distill_temperature, smoothing)
            metrics = [taught(measure, name) for name, measure in measures.items()]
        model.compile(
            optimizer=self._optimizer(epochs),
            loss=loss,
            metrics=metrics,
            steps_per_execution=recipe.steps_per_execution,
            jit_compile=keras.backend.backend() != "tensorflow",  # XLA makes convolutions on a CPU slower
        )
        model.optimizer.build(model.trainable_variables)
        if recipe.body_rate != 1:
            body = [layer for layer in self.network.layers if not isinstance(layer, keras.layers.Dense)]
            slow_down(model.optimizer, [weight for layer in body for weight in layer.weights], recipe.body_rate)
        return model

    def _optimizer(self, epochs: int) -> keras.optimizers.Optimizer:
        import keras

        from sightline.training.parts import KernelMuon, WarmupLinear

        recipe = self.config.recipe
        rate: Any = recipe.learning_rate
        if recipe.schedule == "linear":
            rate = WarmupLinear(recipe.learning_rate, self._steps * epochs, recipe.warmup)
        if recipe.optimizer == "adam":
            return keras.optimizers.Adam(rate)
        if recipe.optimizer == "adamw":
            optimizer = keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay)
        else:
            kernels = [weight for weight in self.network.trainable_weights if weight.name == "kernel"]
            optimizer = KernelMuon(rate, recipe.weight_decay, output=kernels[-1] if kernels else None)
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        return optimizer

    @property
    def _steps(self) -> int:
        return math.ceil(len(self.feed.labels) / self.config.recipe.batch_size)

    def _epoch(
        self, steps: Steps, state: State, started: float, pictures: Inputs8, labels: NDArray[np.int64], targets: NDArray[Any]
    ) -> None:
        import keras

        model, before = steps.model, state.seconds
        rate = float(keras.ops.convert_to_tensor(model.optimizer.learning_rate))
        weights = None if self.class_weights is None else self.class_weights[labels]
        count = len(self.feed.labels)  # of all processes, if there are several
        loss, accuracy = steps.epoch(pictures, targets, weights, self._after_steps(state, count, started))
        seconds = time.perf_counter() - started
        with self._averaged(state):
            val_loss, val_accuracy = steps.evaluate(*self.validation)
            kept = arrays_of(self.network.variables)
        row = {
            "epoch": state.epoch + 1,
            "loss": loss,
            "accuracy": accuracy,
            "val_loss": val_loss,
            "val_accuracy": val_accuracy,
            "lr": rate,
            "seconds": round(seconds, 3),
            "pictures_per_second": round(count / seconds, 1),
        }
        if not math.isfinite(row["val_loss"]) or not all(np.isfinite(array).all() for array in arrays_of(self.network.weights)):
            raise TrainingError(f"the weights are no longer numbers after epoch {state.epoch + 1}", fix=LOWER)
        best = all(row["val_loss"] < earlier["val_loss"] for earlier in state.history)
        if best and self.config.patience:
            state.best = kept
        state.history.append(row)
        state.epoch += 1
        state.seconds = before + time.perf_counter() - started
        self._store(model, state)
        self.on_event(EpochDone(row, self.config.epochs, best, seconds * (self.config.epochs - state.epoch)))

    def _store(self, model: keras.Model, state: State) -> None:
        state.network, state.optimizer = arrays_of(self.network.variables), arrays_of(model.optimizer.variables)
        self.save(state)

    def _after_steps(self, state: State, pictures: int, started: float) -> After:
        """What to do each time the steps come back to Python: look for trouble, average the weights, report."""
        epoch, last = state.epoch, 0
        begun: tuple[int, float] | None = None

        def after(step: int, loss: float, accuracy: float) -> None:
            nonlocal last, begun
            if not math.isfinite(loss):
                raise TrainingError(f"the loss is no longer a number in epoch {epoch + 1}, step {step}", fix=LOWER)
            if self.stop():
                raise self._interrupted(epoch)
            self._average(state, step - last, epoch * self._steps + step)
            last = step
            now = time.perf_counter()
            # the first steps are mostly compilation, and say little of those to come
            before, since = begun or (0, started)
            begun = begun or (step, now)
            done = min(step * self.config.recipe.batch_size, pictures)
            left = (now - since) / max(step - before, 1) * (self._steps * (self.config.epochs - epoch) - step)
            self.on_event(StepDone(epoch + 1, self.config.epochs, step, self._steps, loss, accuracy, done / (now - started), left))

        return after

    def _patience_is_over(self, state: State) -> bool:
        if not self.config.patience or not state.history:
            return False
        counted = max(state.extended_at, self.config.recipe.freeze)  # while little learns, little can be told
        losses = [row["val_loss"] for row in state.history[counted:]]
        return bool(losses) and len(losses) - 1 - int(np.argmin(losses)) >= self.config.patience

    def _keep(self, state: State) -> None:
        """Leave in the network the weights a user gets: the best epoch's with a patience, else the last (averaged) ones."""
        if state.best is not None:
            assign(self.network.variables, state.best)
        elif state.average:
            assign(self.network.weights, state.average)

    def _average(self, state: State, steps: int, done: int) -> None:
        """Move the average `steps` steps, of `done` in all, towards the weights as they are now.

        Not Keras's own average: it is written over the weights at the end of every `fit`, and ours is one epoch long.
        """
        if not self.config.recipe.average:
            return
        # a short memory at first, so that the random first weights are soon forgotten
        # (the `num_updates` rule of tf.train.ExponentialMovingAverage)
        momentum = min(self.config.recipe.average, (1 + done) / (10 + done))
        weights = arrays_of(self.network.weights)
        if not state.average:
            state.average = weights
            return
        share = np.float32(1 - momentum**steps)
        state.average = [kept + share * (new - kept) for kept, new in zip(state.average, weights, strict=True)]

    @contextmanager
    def _averaged(self, state: State) -> Iterator[None]:
        """Put the moving average in the network's place for the duration of the block, if the recipe keeps one."""
        if not state.average:
            yield
            return
        raw = arrays_of(self.network.weights)
        try:
            assign(self.network.weights, state.average)
            yield
        finally:
            assign(self.network.weights, raw)
