"""A Ray cluster of two nodes with a processor each, on this machine."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from sightline.batch import Engine
from sightline.cluster import connected
from sightline.cluster.connection import load_ray


class Nodes:
    """The cluster's nodes: one with this process, and one that can be taken away."""

    def __init__(self) -> None:
        load_ray()
        from ray.cluster_utils import Cluster

        self.cluster: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        self.other: Any = self.cluster.add_node(num_cpus=1)
        self.cluster.wait_for_nodes()

    def kill(self) -> None:
        """End the second node's processes, as when its machine loses its power."""
        self.cluster.remove_node(self.other, allow_graceful=False)

    def restore(self) -> None:
        """Put another in its place."""
        self.other = self.cluster.add_node(num_cpus=1)
        self.cluster.wait_for_nodes()


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray's own
        found = Nodes()
    yield found
    found.cluster.shutdown()


@pytest.fixture(scope="module")
def engine(nodes: Nodes) -> Iterator[Engine]:
    with connected(nodes.cluster.address) as running:
        yield running
