from __future__ import annotations

import numpy as np
import pytest

from sightline.errors import ParameterError
from sightline.models import MODELS, layer_table, total_flops

RNG = np.random.default_rng(0)


def test_cnn3_is_the_specified_network() -> None:
    network = MODELS.get("cnn3").build({})
    table = [(row.name, row.shape, row.parameters) for row in layer_table(network)]
    assert table == [
        ("picture", (28, 28, 1), 0),
        ("conv1", (26, 26, 64), 640),
        ("pool1", (13, 13, 64), 0),
        ("conv2", (11, 11, 64), 36_928),
        ("pool2", (5, 5, 64), 0),
        ("conv3", (3, 3, 32), 18_464),
        ("pool3", (1, 1, 32), 0),
        ("flatten", (32,), 0),
        ("dense", (32,), 1_056),
        ("probabilities", (10,), 330),
    ]
    assert network.count_params() == 57_418
    # by hand: 2 x (positions x kernel) of each convolution, 2 x in x out of each dense layer
    assert total_flops(network) == 2 * (26**2 * 9 * 64 + 11**2 * 9 * 64 * 64 + 3**2 * 9 * 64 * 32 + 32 * 32 + 32 * 10)


@pytest.mark.parametrize("shape", [(28, 28, 1), (40, 32, 3)])
def test_pooling_before_bias_and_relu_is_the_same_function(shape: tuple[int, int, int]) -> None:
    plain = MODELS.get("cnn3").build({"input_shape": shape, "classes": 7})
    first = MODELS.get("cnn3").build({"input_shape": shape, "classes": 7, "pool_first": True})
    weights = [RNG.normal(0, 0.2, w.shape).astype(np.float32) for w in plain.get_weights()]  # biases too
    plain.set_weights(weights)
    first.set_weights(weights)
    pictures = RNG.random((16, *shape), np.float32)
    expected = plain(pictures).numpy()
    assert np.ptp(expected) > 0.1
    assert np.allclose(first(pictures).numpy(), expected, atol=1e-6)
    assert first.count_params() == plain.count_params()


def test_parameters_change_the_network() -> None:
    network = MODELS.get("cnn3").build(
        {"input_shape": (8, 8, 3), "filters": [4, 5, 6], "padding": "same", "dense": 7, "classes": 3}
    )
    assert [w.shape for w in network.get_weights()][::2] == [(3, 3, 3, 4), (3, 3, 4, 5), (3, 3, 5, 6), (6, 7), (7, 3)]
    assert np.allclose(network(RNG.random((2, 8, 8, 3), np.float32)).numpy().sum(axis=1), 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"input_shape": (21, 28, 1)},
            "expected at least 22 x 22 px, received 21 x 28 px. Use larger pictures (--size, or the",
        ),
        ({"input_shape": (7, 7, 1), "padding": "same"}, "expected at least 8 x 8 px, received 7 x 7 px"),
        ({"filters": (0, 1, 1)}, "invalid filters.0 of cnn3"),
        ({"classes": 1}, "invalid classes of cnn3: expected 2 to 100000, received 1"),
        ({"padding": "full"}, "invalid padding of cnn3: expected valid | same, received 'full'"),
        ({"kernel": 3}, "cnn3 has no parameter 'kernel'"),
    ],
)
def test_wrong_arguments_are_clear_errors(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        MODELS.get("cnn3").build(arguments)
    assert message in str(caught.value)


def test_the_smallest_accepted_pictures_work() -> None:
    for side, padding in ((22, "valid"), (8, "same")):
        network = MODELS.get("cnn3").build({"input_shape": (side, side, 1), "padding": padding})
        assert network(np.zeros((1, side, side, 1), np.float32)).shape == (1, 10)


@pytest.mark.parametrize("name", MODELS.names())
def test_every_model_describes_itself(name: str) -> None:
    architecture = MODELS.get(name)
    assert architecture.summary.endswith(".")
    assert {"input_shape", "classes"} <= {parameter.name for parameter in architecture.parameters.describe()}
    assert all(parameter.text for parameter in architecture.parameters.describe())
