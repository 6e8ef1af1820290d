"""The wide residual network against the figures of its paper."""

from __future__ import annotations

import numpy as np
import pytest

from sightline.errors import ParameterError
from sightline.models import MODELS

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("depth", "width", "millions"), [(40, 1, 0.6), (16, 8, 11.0), (40, 4, 8.9), (28, 10, 36.5)])
def test_it_has_as_many_parameters_as_the_papers_networks(depth: int, width: int, millions: float) -> None:
    """Table 4 of arXiv:1605.07146, on CIFAR-10; 40-1 is 0.6 M there."""
    network = MODELS.get("wide").build({"input_shape": (32, 32, 3), "depth": depth, "width": width})
    assert round(sum(np.prod(variable.shape) for variable in network.trainable_variables) / 1e6, 1) == millions


def test_it_takes_gray_and_colour_of_other_sizes() -> None:
    for shape in ((28, 28, 1), (9, 17, 3)):
        network = MODELS.get("wide").build({"input_shape": shape, "classes": 7, "depth": 10, "width": 1})
        assert np.allclose(network(RNG.random((4, *shape), np.float32)).numpy().sum(axis=1), 1, atol=1e-5)


def test_depths_between_are_refused_and_pictures_too_small() -> None:
    with pytest.raises(ParameterError, match=r"expected 10, 16, 22, 28 ... \(6 n \+ 4\), received 17"):
        MODELS.get("wide").build({"depth": 17})
    with pytest.raises(ParameterError, match="at least 8 x 8 px, received 7 x 30 px"):
        MODELS.get("wide").build({"input_shape": (7, 30, 1)})
