from __future__ import annotations

import numpy as np
import pytest

from sightline.training.backend import load_keras

keras = load_keras()
from sightline.training.parts import KernelMuon, WarmupLinear, smoothed_crossentropy  # noqa: E402


def test_the_rate_climbs_to_its_peak_and_falls_to_zero() -> None:
    rate = WarmupLinear(2.0, 100, 0.1)
    values = [float(rate(step)) for step in range(100)]
    assert values[:10] == pytest.approx([0.2 * n for n in range(1, 11)])
    assert values[10:] == pytest.approx([2.0 * (100 - n) / 90 for n in range(10, 100)])
    assert float(WarmupLinear(1.0, 4, 0.0)(0)) == 1.0


def test_smoothed_crossentropy_is_that_of_keras_on_smoothed_targets() -> None:
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.ones(5), 30).astype(np.float32)
    labels = random.integers(0, 5, 30)
    expected = keras.losses.CategoricalCrossentropy(label_smoothing=0.2, reduction="none")(np.eye(5)[labels], probabilities)
    found = smoothed_crossentropy(0.2)(labels[:, None], probabilities)
    assert np.allclose(keras.ops.convert_to_numpy(found), keras.ops.convert_to_numpy(expected), atol=1e-5)


def test_a_muon_step_of_a_convolution_is_the_orthogonalised_matrix_of_its_gradient() -> None:
    """The oracle is the singular value decomposition: all singular values of the step are near one size."""
    random = np.random.default_rng(1)
    kernel = keras.Variable(np.zeros((3, 3, 8, 16), np.float32), name="kernel")
    output = keras.Variable(np.zeros((16, 4), np.float32), name="output")
    optimizer = KernelMuon(0.5, 0.0, output)
    optimizer.build([kernel, output])
    gradient = random.normal(size=(3, 3, 8, 16)).astype(np.float32) * np.geomspace(0.01, 1, 16, dtype=np.float32)
    optimizer.apply([keras.ops.convert_to_tensor(gradient), keras.ops.convert_to_tensor(np.ones((16, 4), np.float32))])
    step = -kernel.numpy().reshape(72, 16)
    left, _, right = np.linalg.svd(gradient.reshape(72, 16), full_matrices=False)
    sizes = np.linalg.svd(step, compute_uv=False)
    scale = 0.5 * 0.2 * np.sqrt(72)
    assert sizes.max() / scale < 1.3
    assert sizes.min() / scale > 0.5
    assert np.vdot(step, left @ right) / np.linalg.norm(step) / np.linalg.norm(left @ right) > 0.97
    # Adam's first step is the learning rate itself, whatever the gradient
    assert np.allclose(output.numpy(), -0.5, atol=1e-3)


@pytest.mark.parametrize("shape", [(576, 64), (9, 64), (32, 10), (64, 64)])
@pytest.mark.parametrize("rank", [None, 3])
def test_orthogonalising_by_the_gram_matrix_is_keras_own_iteration(shape: tuple[int, int], rank: int | None) -> None:
    random = np.random.default_rng(2)
    whole = random.normal(size=shape) * np.geomspace(1e-3, 1, shape[1])
    matrix = (whole if rank is None else random.normal(size=(shape[0], rank)) @ whole[:rank]).astype(np.float32)
    optimizer = KernelMuon(0.5, 0.0, keras.Variable(np.zeros((4, 4), np.float32), name="output"))
    given = keras.ops.convert_to_tensor(matrix)
    found = keras.ops.convert_to_numpy(optimizer.zeropower_via_newtonschulz5(given, 5))
    expected = keras.ops.convert_to_numpy(keras.optimizers.Muon.zeropower_via_newtonschulz5(optimizer, given, 5))
    assert np.abs(found - expected).max() < 2e-3
