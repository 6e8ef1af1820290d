"""Keras classes of our own for training. Importing this module loads Keras."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

__all__ = ["KernelMuon", "WarmupLinear", "measured", "slow_down", "smoothed_crossentropy", "taught", "taught_crossentropy"]


class WarmupLinear(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """From near zero up to `peak` in the first `warmup` share of `total` steps, then straight down to zero at the last."""

    def __init__(self, peak: float, total: int, warmup: float) -> None:
        self.peak = peak
        self.total = total
        self.warmup = warmup

    def __call__(self, step: Any) -> Any:
        """The rate of a step, counted from 0: the first step already learns, the last is one step above zero."""
        done = ops.cast(step, "float32")
        climb = self.warmup * self.total
        falling = (self.total - done) / max(self.total - climb, 1.0)
        rising = (done + 1) / climb if climb > 0 else falling
        return self.peak * ops.clip(ops.minimum(rising, falling), 0.0, 1.0)

    def get_config(self) -> dict[str, float]:
        """The arguments, as Keras asks for them."""
        return {"peak": self.peak, "total": self.total, "warmup": self.warmup}


class KernelMuon(keras.optimizers.Muon):  # type: ignore[misc]
    """Muon for the kernels of convolutions as well; biases and the output layer are AdamW's.

    Muon orthogonalises the update of a matrix (Jordan et al. 2024). Keras applies it to dense kernels only; a convolution's
    kernel `(h, w, in, out)` is the matrix `(h w in, out)` that multiplies each patch of a picture. The update is scaled
    to the size of Adam's, so one learning rate and one weight decay serve both (Liu et al. 2025, arXiv:2502.16982).
    """

    def __init__(self, learning_rate: Any, weight_decay: float, output: keras.Variable | None) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, adam_weight_decay=weight_decay)
        self.output_path = "" if output is None else output.path

    def _should_use_adamw(self, variable: keras.Variable) -> bool:
        # a depthwise kernel is one column for each channel: there is nothing to orthogonalise
        return len(variable.shape) not in {2, 4} or variable.shape[-1] == 1 or variable.path == self.output_path

    def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
        """Keras's polynomial of a matrix `(m, n)`, found by way of its Gram matrix, which is as small as the smaller side.

        Every iteration is `X (a I + b X'X + c (X'X)^2)`: what comes of all of them is X times a product of polynomials of
        X'X, which needs X itself only twice. On the kernels of `cnn3` that is two fifths of the arithmetic.
        """
        x = x / (ops.norm(x) + 1e-7)  # no singular value is above 1
        flat = x.shape[0] < x.shape[1]
        gram = ops.matmul(x, ops.transpose(x)) if flat else ops.matmul(ops.transpose(x), x)
        whole = same = ops.eye(gram.shape[0], dtype=gram.dtype)
        for _ in range(steps):
            factor = self.muon_a * same + self.muon_b * gram + self.muon_c * ops.matmul(gram, gram)
            whole = ops.matmul(whole, factor)
            gram = ops.matmul(ops.matmul(factor, gram), factor)
        return ops.matmul(whole, x) if flat else ops.matmul(x, whole)

    def _muon_update_step(self, gradient: Any, variable: keras.Variable, lr: Any, m: Any) -> None:
        self.assign_add(m, ops.add(gradient, m * (self.momentum - 1)))
        ahead = ops.reshape(ops.add(gradient, self.momentum * m), (-1, variable.shape[-1]))
        update = self.lr_adjust(lr * self.zeropower_via_newtonschulz5(ahead, self.ns_steps))
        self.assign_sub(variable, ops.reshape(update, variable.shape))


def slow_down(optimizer: keras.optimizers.Optimizer, variables: Sequence[keras.Variable], share: float) -> None:
    """Let `variables` learn at `share` of the rate; Keras's optimizers know one rate for all. Weight decay keeps the whole one.

    Some of `variables` may be none of those that the optimizer, which has been built, trains.
    """
    place = optimizer._get_variable_index  # as every `update_step` finds its variable's moments, whatever the backend
    paths = {variable.path for variable in variables}
    slow = {number for number, variable in enumerate(optimizer._trainable_variables) if variable.path in paths}
    usual = optimizer.update_step

    def update_step(gradient: Any, variable: Any, learning_rate: Any) -> None:
        usual(gradient, variable, learning_rate * share if place(variable) in slow else learning_rate)

    optimizer.update_step = update_step


def smoothed_crossentropy(smoothing: float) -> Callable[[Any, Any], Any]:
    """Cross-entropy against targets of which `smoothing` is spread evenly over all classes (Szegedy et al. 2016).

    Takes integer labels `(N,)` and probabilities `(N, C)`, gives `(N,)`.
    """

    def loss(labels: Any, probabilities: Any) -> Any:
        logs = ops.log(ops.clip(probabilities, 1e-7, 1.0))
        hit = ops.squeeze(ops.take_along_axis(logs, ops.reshape(ops.cast(labels, "int32"), (-1, 1)), axis=-1), axis=-1)
        return -((1 - smoothing) * hit + smoothing * ops.mean(logs, axis=-1))

    return loss


def taught_crossentropy(share: float, temperature: float, smoothing: float) -> Callable[[Any, Any], Any]:
    """Cross-entropy with the label and, at `share`, with a teacher's answer (Hinton et al. 2015).

    Takes rows of a label and the teacher's distribution behind it, already softened by `temperature`, `(N, 1 + C)`, and
    probabilities `(N, C)`, which are softened as well; gives `(N,)`. The teacher's part counts `temperature` squared, so that its
    gradients stay of one size. Plain labels `(N,)`, as of validation pictures, are taken as they are.
    """
    told = smoothed_crossentropy(smoothing)

    def loss(targets: Any, probabilities: Any) -> Any:
        if not _is_taught(targets, probabilities):
            return keras.losses.sparse_categorical_crossentropy(targets, probabilities)
        logs = ops.log_softmax(ops.log(ops.clip(probabilities, 1e-7, 1.0)) / temperature)
        answered = -ops.sum(targets[:, 1:] * logs, axis=-1) * temperature**2
        return share * answered + (1 - share) * told(targets[:, 0], probabilities)

    return loss


def _is_taught(targets: Any, probabilities: Any) -> bool:
    """Whether a distribution stands behind each label; as many plain labels as a row has places are none."""
    return len(targets.shape) == 2 and targets.shape[1] == probabilities.shape[1] + 1


def _labels_of(targets: Any, probabilities: Any) -> Any:
    """The labels, also of rows that a teacher's answer stands behind."""
    return targets[:, 0] if _is_taught(targets, probabilities) else targets


def measured(targets: Any, probabilities: Any) -> tuple[Any, Any]:
    """Cross-entropy with the label and whether it was hit, `(N,)` each, of labels or rows as in `taught_crossentropy`."""
    labels = _labels_of(targets, probabilities)
    hits = keras.metrics.sparse_categorical_accuracy(labels, probabilities)
    return keras.losses.sparse_categorical_crossentropy(labels, probabilities), hits


def taught(measure: Callable[[Any, Any], Any], name: str) -> Callable[[Any, Any], Any]:
    """A metric of labels and probabilities, for such rows as well."""

    def of_labels(targets: Any, probabilities: Any) -> Any:
        return measure(_labels_of(targets, probabilities), probabilities)

    of_labels.__name__ = name
    return of_labels
