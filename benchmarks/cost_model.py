"""What a picture costs on the way through `apply` and `predict`, and what a cluster adds: see docs/explanation/scaling.md.

    python benchmarks/cost_model.py ../shared/data/clothing [--rounds 5]

Each part of the work is timed by itself over 500 photos of 400 x 534, on one thread, files in the system's cache. What Ray adds is
the time of 20,000 tasks that do nothing, on one node; what the driver holds is counted by tracemalloc. The second table multiplies
this out for a billion pictures on 100 nodes of 16 cores, where nothing else waits.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
from cluster import HEAVY, LIGHT, MODEL, linked, nodes
from common import PACKAGES, command, publish, spread, table

from sightline import jobs
from sightline.batch.apply import _tasks
from sightline.batch.sources import find_pictures
from sightline.batch.work import Done, Task
from sightline.files import write_bytes
from sightline.image import decode, encode

MANY = 20_000
CORES, NODES, BILLION = 16, 100, 10**9


WAY = ("read the file", "decode it", "encode the result", "write it")
JOBS = {
    "apply, light": (*WAY, "light steps"),
    "apply, heavy": (*WAY, "heavy steps"),
    "predict": (*WAY[:2], "steps of `fashion-mnist`", "its network, with distances"),
}


def nothing(task: Task) -> list[Done]:
    return [Done(task)]


def timed(rounds: int, count: int, work: Callable[[], object]) -> list[float]:
    """Microseconds a picture, for each round."""
    found = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        found.append((time.perf_counter() - started) / count * 1e6)
    return found


def parts(photos: list[Path], rounds: int, out: Path) -> dict[str, list[float]]:
    """Microseconds a picture of every part."""
    predictor = jobs.load(MODEL, threads=1)
    files = [path.read_bytes() for path in photos]
    images = [decode(data, "photo", "unchanged") for data in files]
    small = [LIGHT.run(image) for image in images]
    inputs = np.stack([predictor.prepare(image) for image in images[:64]])
    count = len(photos)
    encoded = [encode(image, ".jpg") for image in small]

    def write() -> None:
        for number, data in enumerate(encoded):
            write_bytes(out / f"{number}.jpg", data, durable=False)

    def measure() -> None:
        for _ in range(count // 64):
            predictor.measure(inputs)

    return {
        "read the file": timed(rounds, count, lambda: [path.read_bytes() for path in photos]),
        "decode it": timed(rounds, count, lambda: [decode(data, "photo", "unchanged") for data in files]),
        "light steps": timed(rounds, count, lambda: [LIGHT.run(image) for image in images]),
        "heavy steps": timed(rounds, count, lambda: [HEAVY.run(image, item="photo") for image in images]),
        "encode the result": timed(rounds, count, lambda: [encode(image, ".jpg") for image in small]),
        "write it": timed(rounds, count, write),
        "steps of `fashion-mnist`": timed(rounds, count, lambda: [predictor.prepare(image) for image in images]),
        "its network, with distances": timed(rounds, count // 64 * 64, measure),
    }


def driver(folder: Path, rounds: int) -> tuple[list[float], float]:
    """What a driver does for a picture before any is worked on: microseconds, and the bytes it holds of it."""
    listed = timed(rounds, MANY, lambda: _tasks(find_pictures(str(folder)), Path("out"), None))
    tracemalloc.start()
    held = _tasks(find_pictures(str(folder)), Path("out"), None)
    size = tracemalloc.get_traced_memory()[0] / len(held)
    tracemalloc.stop()
    return listed, size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="a folder of photos")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    photos = sorted(options.photos.rglob("*.jpg"))[:500]
    with tempfile.TemporaryDirectory() as temporary:
        found = parts(photos, options.rounds, Path(temporary))
        folder = linked(photos, Path(temporary) / "many", MANY)
        listed, held = driver(folder, options.rounds)
        tasks = _tasks(find_pictures(str(folder)), Path("out"), None)
        begun = time.perf_counter()
        with nodes(1) as (_, engine):
            start = time.perf_counter() - begun
            added = timed(options.rounds, MANY, lambda: list(engine(nothing, tasks, None, nothing)))
    rows = [[name, spread(values, 0)] for name, values in found.items()]
    rows += [["list it, in the driver", spread(listed, 0)], ["hand it to Ray and take the answer", spread(added, 0)]]
    text = table([f"µs a picture, one thread, n = {options.rounds}", "median (range)"], rows)
    text += f"\n\nThe driver holds {held:,.0f} bytes of a picture. A cluster of one node and its first worker: {start:.1f} s.\n\n"
    middle = {name: statistics.median(values) for name, values in found.items()}
    waits = statistics.median(listed) + statistics.median(added)
    lines = []
    for name, steps in JOBS.items():
        cost = sum(middle[step] for step in steps)
        of_nodes, of_driver = (each * BILLION / 1e6 / 3600 for each in (cost / (CORES * NODES), waits))
        lines.append([name, f"{cost / 1000:.2f}", f"{of_nodes:.1f}", f"{of_driver:.0f}", f"{held * BILLION / 2**40:.2f}"])
    header = [
        f"a billion pictures, {NODES} nodes of {CORES} cores",
        "ms each",
        "hours of the nodes",
        "hours of one driver",
        "TiB in it",
    ]
    text += table(header, lines)
    publish("cost-model", "What a picture costs", text, command(), (*PACKAGES, "ray"))


if __name__ == "__main__":
    main()
