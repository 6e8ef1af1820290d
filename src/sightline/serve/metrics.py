"""What is counted, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from starlette.types import Scope

from sightline.bundle import Failure, Prediction

__all__ = ["Metrics"]

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The counters of one service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter("sightline_requests", "Requests answered", ["route", "method", "status"], registry=self.registry)
        self._of: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._seconds = Histogram(
            "sightline_request_seconds", "Time to the answer", ["route"], buckets=SECONDS, registry=self.registry
        )
        self._pictures = Counter("sightline_pictures", "Pictures predicted", ["model", "result"], registry=self.registry)
        self._loaded = Gauge(
            "sightline_model_loaded_seconds", "When the model was loaded, since 1970", ["model"], registry=self.registry
        )

    def request(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request under its route; paths that are none count as one, so that nobody can make counters without end."""
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in {"GET", "POST", "HEAD"} else "other"
        key = (route, method, status)
        if key not in self._of:  # looking them up by their labels takes longer than counting
            self._of[key] = (self._requests.labels(*key), self._seconds.labels(route))
        requests, times = self._of[key]
        requests.inc()
        times.observe(seconds)

    def pictures(self, model: str, results: list[Prediction | Failure]) -> None:
        """Count pictures by what came of them."""
        failed = sum(isinstance(result, Failure) for result in results)
        known = sum(isinstance(result, Prediction) and result.known for result in results)
        for kind, count in (("known", known), ("unknown", len(results) - known - failed), ("failed", failed)):
            if count:
                self._pictures.labels(model, kind).inc(count)

    def loaded(self, model: str, when: float) -> None:
        """Note when a model was loaded."""
        self._loaded.labels(model).set(when)

    def text(self) -> bytes:
        """All counters as Prometheus reads them."""
        return generate_latest(self.registry)
