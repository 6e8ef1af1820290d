"""The same jobs on Ray's own test cluster, whose nodes have one processor each, beside this machine's engine with one worker.

    python benchmarks/cluster.py ../shared/data/clothing [--rounds 3]

Two thousand photos of 400 x 534 are made 224 x 224 by a light and by a heavy pipeline, and predicted by the shipped
`fashion-mnist`. Engines take turns in every round; the cluster's start is not counted, its workers have begun. Then a node is
killed in the middle of each job; and 2,000 and 20,000 pictures go through, with the memory of all processes of driver and cluster
(proportional set size, so that shared memory counts once) looked at twice a second (Linux).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from common import PACKAGES, command, publish, spread, table

from sightline import jobs
from sightline.batch import Engine, apply, find_pictures
from sightline.batch.workers import run_tasks
from sightline.cluster import connected
from sightline.cluster.connection import load_ray
from sightline.events import Event, Progress
from sightline.pipeline import Between, Pipeline, Step

LIGHT = Pipeline((Step("letterbox", {"width": 224, "height": 224}),))
HEAVY = Pipeline((Step("rotate", {"angle": Between(-20, 20)}), Step("bilateral", {"sigma_space": 4}), *LIGHT.steps))
MODEL = jobs.model_folder("fashion-mnist")


class Nodes:
    """A cluster of so many nodes with a processor each."""

    def __init__(self, count: int) -> None:
        load_ray()
        from ray.cluster_utils import Cluster

        self.cluster: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        self.others = [self.cluster.add_node(num_cpus=1) for _ in range(count - 1)]
        self.cluster.wait_for_nodes()

    def kill(self) -> None:
        self.cluster.remove_node(self.others.pop(), allow_graceful=False)


@contextmanager
def nodes(count: int) -> Iterator[tuple[Nodes, Engine]]:
    found = Nodes(count)
    try:
        with connected(found.cluster.address) as engine:
            list(engine(warm, range(8 * count), None, lambda number: number))
            yield found, engine
    finally:
        found.cluster.shutdown()


def warm(number: int) -> int:
    """Load in a worker what the jobs load, so that its start is not counted."""
    jobs.load(MODEL, threads=1)
    time.sleep(0.2)
    return number


def applying(pipeline: Pipeline, photos: Path) -> Callable[[Engine, int | None], float]:
    def run(engine: Engine, workers: int | None) -> float:
        with tempfile.TemporaryDirectory() as out:
            started = time.perf_counter()
            summary = apply(pipeline, str(photos), Path(out) / "out", workers=workers, engine=engine)
            seconds = time.perf_counter() - started
        assert summary.written == len(list(photos.iterdir()))
        return seconds

    return run


def predicting(photos: Path) -> Callable[[Engine, int | None], float]:
    pictures = [str(found.path) for found in find_pictures(str(photos))]

    def run(engine: Engine, workers: int | None) -> float:
        started = time.perf_counter()
        results = list(jobs.predict_many(MODEL, pictures, engine, workers=workers))
        assert len(results) == len(pictures)
        return time.perf_counter() - started

    return run


def killing(photos: Path) -> list[list[str]]:
    """What is left of each job when one of two nodes is killed in the middle."""
    names = sorted(path.name for path in photos.iterdir())
    rows = []
    with tempfile.TemporaryDirectory() as out, nodes(2) as (cluster, engine):
        done: list[int] = []

        def listen(event: Event) -> None:
            if isinstance(event, Progress):
                done.append(event.done)
                if event.done >= len(names) // 3 and cluster.others:
                    cluster.kill()

        summary = apply(HEAVY, str(photos), Path(out) / "out", workers=None, engine=engine, on_event=listen)
        there = sorted(path.name for path in (Path(out) / "out").iterdir())
        rows.append(["apply", str(len(names)), str(summary.written), str(len(set(names) - set(there))), str(len(summary.failed))])
        assert not cluster.others
    with nodes(2) as (cluster, engine):
        pictures = [str(photos / name) for name in names]
        sources = []
        for result in jobs.predict_many(MODEL, pictures, engine):
            sources.append(result.source)
            if len(sources) >= len(names) // 3 and cluster.others:
                cluster.kill()
        missing = len(set(pictures) - set(sources))
        rows.append(["predict", str(len(names)), str(len(sources)), str(missing), str(len(sources) - len(set(sources)))])
        assert not cluster.others
    return rows


def memory() -> float:
    """MiB of this process and of all of Ray's."""
    total = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # it has ended
                title = (entry / "cmdline").read_bytes()
                if entry.name == str(os.getpid()) or b"ray" in title:
                    lines = (entry / "smaps_rollup").read_text().splitlines()
                    total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def peak(job: Callable[[Engine, int | None], float]) -> float:
    most, over = [memory()], threading.Event()

    def look() -> None:
        while not over.wait(0.5):
            most.append(memory())

    with nodes(2) as (_, engine):
        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            job(engine, None)
        finally:
            over.set()
            watcher.join()
    return max(most)


def linked(photos: list[Path], folder: Path, count: int) -> Path:
    """So many of the photos, again and again, in one folder."""
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:06}.jpg").symlink_to(photos[number % len(photos)].resolve())
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="a folder of photos")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pictures", type=int, default=2000)
    options = parser.parse_args()
    every = sorted(options.photos.rglob("*.jpg"))[: options.pictures]
    with tempfile.TemporaryDirectory() as temporary:
        few = linked(every, Path(temporary) / "few", options.pictures)
        many = linked(every, Path(temporary) / "many", 10 * options.pictures)
        work = {"apply, light": applying(LIGHT, few), "apply, heavy": applying(HEAVY, few), "predict": predicting(few)}
        seconds: dict[tuple[str, str], list[float]] = {}
        for number in range(options.rounds):
            for name, job in work.items():
                seconds.setdefault((name, "local"), []).append(job(run_tasks, 1))
            for count in (1, 2):
                with nodes(count) as (_, engine):
                    for name, job in work.items():
                        seconds.setdefault((name, f"{count}"), []).append(job(engine, None))
            print({f"{name} {where}": round(values[number], 2) for (name, where), values in seconds.items()}, file=sys.stderr)
        rows = []
        for name in work:
            local, one, two = (seconds[name, where] for where in ("local", "1", "2"))
            ratios = [a / b for a, b in zip(one, local, strict=True)], [a / b for a, b in zip(one, two, strict=True)]
            rows.append([name, *map(spread, (local, one, two, *ratios))])
        lost = killing(few)
        makers: dict[str, Callable[[Path], Callable[[Engine, int | None], float]]] = {
            "apply": lambda folder: applying(LIGHT, folder),
            "predict": predicting,
        }
        peaks = [(name, peak(make(few)), peak(make(many))) for name, make in makers.items()]
    some = f"{options.pictures:,}"
    header = [
        f"{some} photos, n = {options.rounds}",
        "one worker here, s",
        "one node, s",
        "two nodes, s",
        "Ray ÷ local",
        "one node ÷ two",
    ]
    text = table(header, rows)
    text += "\n\n" + table(["a node killed after a third", "pictures", "results", "missing", "failed or twice"], lost)
    text += "\n\n" + table(
        ["peak memory of driver and two nodes", f"{some} pictures", f"{10 * options.pictures:,}", "more"],
        [[name, f"{one:,.0f} MiB", f"{ten:,.0f} MiB", f"{ten / one - 1:+.1%}"] for name, one, ten in peaks],
    )
    publish("cluster", "On a Ray cluster", text, command(), (*PACKAGES, "ray"))


if __name__ == "__main__":
    main()
